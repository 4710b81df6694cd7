import type { ChangedPlace } from '../../core/change/changed-place.ts'
import { diff } from '../../core/change/diff.ts'
import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { pathTo } from '../../core/lifecycle/path-to.ts'
import { projectAction } from '../../core/policy/model/built-in-actions.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { ResourceType } from './resource-type.ts'

/** A change, and the document that it starts from. */
interface WholeChange {
  readonly change: ProposedChange
  readonly before: JsonValue | undefined
}

/** How one project sees a change of project. */
export interface SeenFromProject extends WholeChange {
  /** Whether nobody can say what was changed, or will be, so that every condition counts as met. */
  readonly inDoubt?: true
}

/** How a change of project looks from both projects. */
interface LeavingAndComing {
  readonly leaving: SeenFromProject
  /** The creation there and, in a life cycle, every action that leads to the state in which it comes. */
  readonly coming: readonly [SeenFromProject, ...SeenFromProject[]]
}

/**
 * Takes a change of project for what it makes possible. Where the resource was, that is everything: it can be changed
 * elsewhere, and come back. Where it comes, it is created, by each action that leads to its state: what these did to
 * the document is not known. `undefined` of any other change.
 */
export function leavingAndComing(
  type: ResourceType | undefined,
  { change, before }: WholeChange,
): LeavingAndComing | undefined {
  const { toProject, move, ...rest } = change
  if (toProject === undefined) return undefined
  const whole = { ...rest, project: toProject, places: placesOf(type, { before: undefined, after: before }) }
  const clock = defined({ dueAt: move?.dueAt, next: move?.next })
  const creates = { action: 'create', to: move?.to ?? '', ...clock }
  const created = { ...whole, actions: comingActions(type, change, before), ...(move ? { move: creates } : {}) }
  const steps = rowsTo(type, move?.to).map(({ action, from, to }): SeenFromProject => {
    return { before: undefined, change: { ...whole, actions: [action], move: { action, from, to } }, inDoubt: true }
  })
  const places = placesOf(type, { before, after: undefined })
  return {
    leaving: { before, change: { ...rest, actions: anyAction(type), places, after: null }, inDoubt: true },
    coming: [{ before: undefined, change: created }, ...steps],
  }
}

/** Whatever can happen to a resource of a type that is there; of a type that nobody declares any more, anything. */
function anyAction(type: ResourceType | undefined): readonly string[] {
  return type ? [...new Set([projectAction, 'update', 'delete', ...type.actions])] : []
}

/** What a resource does that comes: what creates it, and what the clock does after that. */
function comingActions(
  type: ResourceType | undefined,
  { move }: ProposedChange,
  after: JsonValue | undefined,
): readonly string[] {
  const documents = [after, move?.next?.after ?? after]
  const found = documents.flatMap((document) => {
    const places = placesOf(type, { before: undefined, after: document })
    return type ? type.actionsOf({ before: undefined, after: document }, places) : []
  })
  return [...new Set([projectAction, 'create', ...(move?.next ? [move.next.action] : []), ...found])]
}

/** The places of a whole document that goes or comes. */
function placesOf(type: ResourceType | undefined, { before, after }: Documents): readonly ChangedPlace[] {
  const found = type && diff(before, after, type.shape)
  if (found?.ok) return found.value
  return before === undefined
    ? [{ type: 'added', path: '', after: after ?? null }]
    : [{ type: 'removed', path: '', before }]
}

type Documents = Readonly<Record<'before' | 'after', JsonValue | undefined>>

/** The rows that lead to a state: the shortest way of people or, if they cannot bring it there, all rows. */
function rowsTo(type: ResourceType | undefined, state: string | undefined) {
  const { lifecycle } = type ?? {}
  if (!lifecycle || state === undefined) return []
  return pathTo(lifecycle, state) ?? lifecycle.moves
}

/**
 * Which actions a change needs the permission for, and in which project. What goes to another one is deleted here, and
 * created there by each action that leads to its state.
 */
export function actionsByProject(
  type: ResourceType | undefined,
  change: ProposedChange,
): readonly Pick<ProposedChange, 'project' | 'actions'>[] {
  const ways = leavingAndComing(type, { change, before: change.after })
  if (!ways) return [change]
  const actions = [...new Set(ways.coming.flatMap((one) => one.change.actions))]
  return [
    { project: change.project, actions: [projectAction, 'delete'] },
    { project: change.toProject ?? '', actions },
  ]
}
