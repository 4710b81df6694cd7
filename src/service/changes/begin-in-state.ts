import { diff } from '../../core/change/diff.ts'
import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { saying, sayingsOf } from '../../core/lifecycle/follow-state.ts'
import { pathTo } from '../../core/lifecycle/path-to.ts'
import { nearestName } from '../../core/nearest.ts'
import type { PathStep, PinnedMove } from '../../core/request/model/content.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { ResourceLifecycle, ResourceType } from '../resource-types/resource-type.ts'
import { accepted, type Carried, clockMove, perform, type Start, type WantedAction } from './perform-action.ts'

type CycledType = ResourceType & { readonly lifecycle: ResourceLifecycle }

/** A document that comes to be, and the state in which it is to begin. */
interface Beginning {
  readonly after: JsonValue | undefined
  readonly wanted: WantedAction
}

/**
 * Works out how a new resource begins: in the first state of its life cycle, or in another one, by the actions that
 * lead there or as an import.
 */
export async function begun(type: CycledType, start: Start, { after, wanted }: Beginning): Promise<Result<Carried>> {
  const { initial, states } = type.lifecycle
  const { state = initial, imported, at } = wanted
  if (after === undefined) return success({ after, move: { action: 'create', to: initial } })
  if (!states.includes(state)) {
    const nearest = nearestName(state, states)
    const fix = nearest === undefined ? `there are ${states.join(', ')}` : `did you mean ${JSON.stringify(nearest)}?`
    return wrongState(`is no state of ${type.type}: ${fix}`)
  }
  if (imported) return await importedIn(type, start, { after, wanted: { ...wanted, state } })
  if (at !== undefined && state === initial)
    return refuse('invalid_input', { argument: 'change.at', problem: `the clock does not end state "${state}"` })
  return await walkedTo(type, start, { document: after, state, wanted })
}

/** Creates a resource, and carries it along the shortest way to a state. */
async function walkedTo(
  type: CycledType,
  start: Start,
  { document, state, wanted }: { readonly document: JsonValue; readonly state: string; readonly wanted: WantedAction },
): Promise<Result<Carried>> {
  const { initial } = type.lifecycle
  const way = pathTo(type.lifecycle, state)
  if (!way) {
    const fix = 'who may change the settings can import it, with imported: true'
    return wrongState(`cannot be reached from "${initial}" by actions of people: ${fix}`)
  }
  const created = await bornIn(type, start, { document, state: initial })
  if (!created.ok) return created
  let [carried, before] = [success<Carried>({ after: created.value }) as Result<Carried>, created.value]
  const path: PathStep[] = []
  for (const row of way) {
    const { at, now } = row === way.at(-1) ? wanted : { ...wanted, at: undefined }
    const from = { ...start, before, state: row.from }
    carried = await perform(type, from, { row, document: before, wanted: defined({ at, now }) })
    if (!carried.ok) return carried
    const after = carried.value.after ?? before
    const places = diff(before, after, type.shape)
    if (!places.ok) return places
    const found = places.value.length === 0 ? [] : type.actionsOf({ before, after }, places.value)
    const actions = [...new Set([row.action, carried.value.move?.next?.action ?? [], found].flat())]
    path.push({ actions, places: places.value, ...(after === before ? {} : { after }) })
    before = after
  }
  const { dueAt, next } = (carried.ok && carried.value.move) || {}
  const steps = way.map(({ action, from, to }) => ({ action, from, to }))
  const move: PinnedMove = {
    action: 'create',
    to: state,
    ...(steps.length > 0 ? { path: steps } : {}),
    ...defined({ dueAt, next }),
  }
  return success({
    after: before,
    move,
    ...(path.length > 0 ? { path } : {}),
    ...(path.length > 0 && before !== document ? { given: document } : {}),
  })
}

/** Creates a resource in a state that it was in before it came here. */
async function importedIn(
  type: CycledType,
  start: Start,
  { after, wanted }: { readonly after: JsonValue; readonly wanted: WantedAction & { readonly state: string } },
): Promise<Result<Carried>> {
  const { state, at, now } = wanted
  const isTimed = type.lifecycle.moves.some((row) => row.from === state && row.by === 'clock')
  if (isTimed !== (at !== undefined)) {
    const problem = isTimed
      ? `must say when the clock ends state "${state}"`
      : `the clock does not end state "${state}"`
    return refuse('invalid_input', { argument: 'change.at', problem })
  }
  if (at !== undefined && now !== undefined && at <= now)
    return refuse('invalid_input', { argument: 'change.at', problem: 'must be in the future' })
  const created = await bornIn(type, start, { document: after, state })
  if (!created.ok) return created
  const document = created.value
  const next = isTimed ? await clockMove(type, start, { to: state, document }) : success(undefined)
  if (!next.ok) return next
  const move = { action: 'create', to: state, imported: true, ...defined({ dueAt: at, next: next.value }) } as const
  return success({ after: document, move })
}

/** The document as it is created in a state: what follows the state says so. */
async function bornIn(
  type: CycledType,
  start: Start,
  { document, state }: { readonly document: JsonValue; readonly state: string },
): Promise<Result<JsonValue>> {
  const { name, follows } = type.lifecycle
  const says = saying(document, sayingsOf(follows, state))
  if (says === document) return success(document)
  return await accepted(type, { ...start, place: { lifecycle: name, state, action: 'create' } }, says)
}

function wrongState(problem: string) {
  return refuse('invalid_input', { argument: 'change.state', problem })
}
