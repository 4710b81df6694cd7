import { diff } from '../../core/change/diff.ts'
import type { JsonValue } from '../../core/change/json.ts'
import { defined } from '../../core/defined.ts'
import { pathTo } from '../../core/lifecycle/path-to.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { ResourceType } from './resource-type.ts'

/** The action of what goes to another project, whatever its type. */
export const projectAction = 'change_project'

/** A change, and the document that it starts from. */
interface WholeChange {
  readonly change: ProposedChange
  readonly before: JsonValue | undefined
}

/** How a change of project looks from both projects. */
interface LeavingAndComing {
  readonly leaving: WholeChange
  /** The creation there and, in a life cycle, every action that leads to the state in which it comes. */
  readonly coming: readonly WholeChange[]
}

/**
 * Takes a change of project for what it does in both: the one sees the resource deleted, the other one created, by
 * each action that leads to its state. What a project asks of these, nobody gets around by what was made elsewhere.
 * `undefined` of any other change.
 */
export function leavingAndComing(
  type: ResourceType | undefined,
  { change, before }: WholeChange,
): LeavingAndComing | undefined {
  const { toProject, move, ...rest } = change
  if (toProject === undefined) return undefined
  const gone = { ...rest, ...carriedBy(type, { before, after: undefined }), after: null }
  const came = carriedBy(type, { before: undefined, after: before })
  const later =
    move?.next?.after === undefined ? [] : carriedBy(type, { before: undefined, after: move.next.after }).actions
  const actions = [...new Set([...came.actions, ...(move?.next ? [move.next.action] : []), ...later])]
  const there = { ...rest, ...came, actions, project: toProject }
  const clock = defined({ dueAt: move?.dueAt, next: move?.next })
  const created = { ...there, ...defined({ move: move && { action: 'create', to: move.to, ...clock } }) }
  const steps = waysTo(type, move?.to).map(({ action, from, to }) => {
    return { ...there, actions: [...there.actions, action], move: { action, from, to, ...clock } }
  })
  return {
    leaving: { before, change: gone },
    coming: [created, ...steps].map((change) => ({ before: undefined, change })),
  }
}

/** The actions and places of a whole document that goes or comes. */
function carriedBy(
  type: ResourceType | undefined,
  documents: Readonly<Record<'before' | 'after', JsonValue | undefined>>,
): Pick<ProposedChange, 'actions' | 'places'> {
  const { before, after = null } = documents
  const whole = before === undefined ? ({ type: 'added', after } as const) : ({ type: 'removed', before } as const)
  const places = [{ ...whole, path: '' }]
  const found = type && diff(before, documents.after, type.shape)
  const [own, its] = type && found?.ok ? [type.actionsOf(documents, found.value), found.value] : [[], places]
  const plain = before === undefined ? 'create' : 'delete'
  return { actions: [...new Set([projectAction, plain, ...own])], places: its }
}

/** The actions that lead to a state: the shortest way or, if people cannot bring it there, whatever they can ask for. */
function waysTo(type: ResourceType | undefined, state: string | undefined) {
  const { lifecycle } = type ?? {}
  if (!lifecycle || state === undefined) return []
  return pathTo(lifecycle, state) ?? lifecycle.moves.filter(({ by }) => by === undefined)
}

/** Which actions a change takes in which project. */
export function actionsByProject(
  type: ResourceType | undefined,
  change: ProposedChange,
): readonly Pick<ProposedChange, 'project' | 'actions'>[] {
  const ways = leavingAndComing(type, { change, before: change.after })
  if (!ways) return [change]
  const actions = [...new Set(ways.coming.flatMap((one) => one.change.actions))]
  return [ways.leaving.change, { project: change.toProject ?? '', actions }]
}
