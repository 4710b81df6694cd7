import type { MethodPermissions } from '../../core/request/decide/permitted-methods.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { ResourceName } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type RequestMethod, requestMethods } from '../../core/request/model/status-table.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import type { Permissions } from './request-summary.ts'

/**
 * Says of every method what `say` says of its verb, also of those that are edits by another name; and of an edit, why
 * no resource of the request takes one. What is gone can still be taken out.
 */
export function withEdits(
  { request, changes }: { readonly request: Request; readonly changes: readonly ProposedChange[] },
  say: (method: RequestMethod, idle?: Refusal) => true | Refusal,
): Permissions {
  const fixed = changes.map((change) => uneditable(request, change))
  const [first] = changes
  const sole = first && changes.length === 1 ? onlyMember(request, first.resource) : undefined
  const less = say('edit', sole)
  const can = Object.fromEntries(requestMethods.map((method) => [method, say(method)])) as MethodPermissions
  return {
    ...can,
    edit: say('edit', fixed.includes(undefined) ? undefined : fixed[0]),
    add: can.edit,
    takeOut: less !== true && less.code === 'cannot_land' ? true : less,
  }
}

/** Why a resource cannot be taken out of a request that is about nothing else. */
export function onlyMember({ id }: Request, { type, id: name }: ResourceName): Refusal {
  const problem = `names ${type} ${JSON.stringify(name)}, and request ${JSON.stringify(id)} is about nothing else: cancel it`
  return refuse('invalid_input', { argument: 'ref', problem }).refusal
}

/** Why what a request does to one resource cannot be edited, however; `undefined` if it can. */
export function uneditable({ id }: Request, { rebase, toProject }: ProposedChange): Refusal | undefined {
  if (rebase) return refuse('conflicts_open', { request: id, conflicts: rebase.open }).refusal
  return toProject === undefined ? undefined : moveStays()
}

/** Why a change of project cannot be edited. */
export function moveStays(): Refusal {
  const problem = `cannot be edited: a change of project stays as it is asked for. Cancel the request, and ask anew`
  return refuse('invalid_input', { argument: 'change', problem }).refusal
}
