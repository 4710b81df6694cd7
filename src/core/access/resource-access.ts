import { type Result, refuse, success } from '../../errors/result.ts'
import { identifierProblem } from '../identifier.ts'
import { type Holdings, requirePermissions } from './holdings.ts'
import type { Permission } from './permissions.ts'

/** Who may edit a resource, among those whose roles allow editing. */
export type ResourceAccess =
  | { readonly type: 'everyone' }
  | { readonly type: 'editors'; readonly editors: readonly string[] }

/** The door through which the management API comes. */
export const managementApi = 'management_api'

/** Permission to edit restricted resources without being one of their editors. */
const overrule: Permission = 'restricted_resources.edit'

/** Permission to set who edits new resources. */
const setsDefault: Permission = 'default_access.edit'

/** Why an edit is allowed: what the log says of it. */
export type EditGround = 'everyone' | 'editor' | 'permission' | 'management_api'

/** An edit that somebody wants to make. */
export interface EditQuestion {
  readonly resource: { readonly type: string; readonly id: string }
  readonly access: ResourceAccess
  /** What the roles of the actor hold where the resource is. */
  readonly holdings: Holdings
  /** The permissions that the edit needs. */
  readonly needs: readonly string[]
  /** The door that the actor came through. */
  readonly via: string
}

/**
 * Decides whether somebody may edit a resource: the role has to allow it, and then the list of editors.
 *
 * @example
 * ```ts
 * const allowed = mayEdit(question)
 * if (!allowed.ok) console.log(allowed.refusal.message)
 * ```
 *
 * @returns Why the edit is allowed, or a refusal: `not_permitted`, `not_an_editor`.
 */
export function mayEdit(question: EditQuestion): Result<EditGround, 'not_permitted' | 'not_an_editor'> {
  const { resource, access, holdings, needs, via } = question
  const permitted = requirePermissions(holdings, needs)
  if (!permitted.ok) return permitted
  if (access.type === 'everyone') return success('everyone')
  if (access.editors.includes(holdings.user)) return success('editor')
  if (holdings.permissions.has(overrule)) return success('permission')
  if (via === managementApi) return success('management_api')
  return refuse('not_an_editor', { ...resource, actor: holdings.user, editors: access.editors })
}

/**
 * Says who can edit a new resource: whom the default names now, or everyone if the management API makes it.
 *
 * @example
 * ```ts
 * const access = accessOfNew('editors', { user: 'ann', via: 'app' }) // ann edits it
 * ```
 */
export function accessOfNew(
  standard: ResourceAccess['type'],
  { user, via }: { readonly user: string; readonly via: string },
): ResourceAccess {
  return standard === 'everyone' || via === managementApi ? { type: 'everyone' } : { type: 'editors', editors: [user] }
}

/**
 * Decides whether somebody may set the default for new resources. `holdings` are those in the whole tenant.
 *
 * @example
 * ```ts
 * const allowed = maySetDefaultAccess(holdings)
 * ```
 *
 * @returns Nothing, or a refusal: `not_permitted`.
 */
export function maySetDefaultAccess(holdings: Holdings): Result<undefined, 'not_permitted'> {
  return requirePermissions(holdings, [setsDefault])
}

/** A change of who may edit a resource. */
export type AccessChange =
  | { readonly type: 'open' }
  | { readonly type: 'restrict'; readonly editors: readonly string[] }
  | { readonly type: 'add_editors'; readonly editors: readonly string[] }
  | { readonly type: 'remove_editors'; readonly editors: readonly string[] }

const kinds = '{ type: "open" }, or { type: "restrict" | "add_editors" | "remove_editors", editors }'

/** The access to a resource after a change. */
export interface ChangedAccess {
  readonly access: ResourceAccess
  /** Who has become an editor by it. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly ground: EditGround
}

/**
 * Changes the access to a resource. Whoever may edit it may do so; nobody lets themselves in.
 *
 * @example
 * ```ts
 * const changed = changeAccess(question, { type: 'add_editors', editors: ['ben'] })
 * if (changed.ok) console.log(changed.value.access, changed.value.added)
 * ```
 *
 * @returns The access after the change, or a refusal: `not_permitted`, `not_an_editor`, `invalid_input`.
 */
export function changeAccess(
  question: EditQuestion,
  change: AccessChange,
): Result<ChangedAccess, 'not_permitted' | 'not_an_editor' | 'invalid_input'> {
  const allowed = mayEdit(question)
  if (!allowed.ok) return allowed
  const before = question.access.type === 'editors' ? question.access.editors : []
  const next = accessAfter(question.access, change)
  if (!next.ok) return next
  const after = next.value.type === 'editors' ? next.value.editors : []
  return success({
    access: next.value,
    added: after.filter((editor) => !before.includes(editor)),
    removed: before.filter((editor) => !after.includes(editor)),
    ground: allowed.value,
  })
}

/**
 * Lists who is to be told of having become an editor: not whoever did it, and nobody who wants no such notice.
 *
 * @example
 * ```ts
 * const told = editorsToTell({ added: ['ann', 'ben'] }, { by: 'ann', unwanted: new Set() }) // ben
 * ```
 */
export function editorsToTell(
  { added }: Pick<ChangedAccess, 'added'>,
  { by, unwanted }: { readonly by: string; readonly unwanted: ReadonlySet<string> },
): readonly string[] {
  return added.filter((editor) => editor !== by && !unwanted.has(editor))
}

function accessAfter(access: ResourceAccess, change: AccessChange): Result<ResourceAccess, 'invalid_input'> {
  if (change.type === 'open') return success({ type: 'everyone' })
  if (!['restrict', 'add_editors', 'remove_editors'].includes(change.type) || !Array.isArray(change.editors)) {
    return refuse('invalid_input', { argument: 'change', problem: `must be ${kinds}` })
  }
  for (const [index, editor] of change.editors.entries()) {
    const problem = identifierProblem(editor)
    if (problem) return refuse('invalid_input', { argument: `editors.${index}`, problem })
  }
  if (change.type === 'restrict') return restrictedTo(change.editors)
  if (access.type === 'everyone') {
    return refuse('invalid_input', { argument: 'access', problem: 'everyone edits the resource: restrict it first' })
  }
  if (change.type === 'add_editors') return restrictedTo([...access.editors, ...change.editors])
  const stranger = change.editors.find((editor) => !access.editors.includes(editor))
  if (stranger !== undefined) {
    return refuse('invalid_input', { argument: 'editors', problem: `${JSON.stringify(stranger)} is not an editor` })
  }
  return restrictedTo(access.editors.filter((editor) => !change.editors.includes(editor)))
}

function restrictedTo(editors: readonly string[]): Result<ResourceAccess, 'invalid_input'> {
  if (editors.length > 0) return success({ type: 'editors', editors: [...new Set(editors)] })
  return refuse('invalid_input', {
    argument: 'editors',
    problem: 'must name somebody: or open the resource to everyone',
  })
}
