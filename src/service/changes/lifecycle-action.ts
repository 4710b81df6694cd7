import type { ChangedPlace } from '../../core/change/changed-place.ts'
import { diff } from '../../core/change/diff.ts'
import { defined } from '../../core/defined.ts'
import { canonical } from '../../core/json/canonical.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { asJson } from '../../core/json/json.ts'
import type { ResolvedMove } from '../../core/lifecycle/move.ts'
import { editAction, impossible, possibleActions } from '../../core/lifecycle/possible-actions.ts'
import { projectAction } from '../../core/policy/model/built-in-actions.ts'
import type { PinnedMove, ProposedChange } from '../../core/request/model/content.ts'
import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import { stateEndOf } from '../records/typed-storage.ts'
import type { ResourceLifecycle, ResourceType } from '../resource-types/resource-type.ts'
import { begun } from './begin-in-state.ts'
import { type Carried, perform, type Start, type WantedAction } from './perform-action.ts'

/** Gives the live state of a resource, with the time at which the clock ends it; nothing if it does not exist. */
export function liveState(
  { lifecycle }: ResourceType,
  live: Pick<ResourceRecord, 'document' | 'state' | 'stateDueAt' | 'putOff'> | undefined,
): Pick<Start, 'state' | 'stateDueAt'> {
  if (!live || live.document === null) return {}
  const state = live.state ?? lifecycle?.initial
  const stateDueAt = stateEndOf(live)
  return {
    ...defined({ state, stateDueAt }),
  }
}

/**
 * Works out which action of the life cycle carries a change, and what that makes of the resource. Refused if there
 * is none.
 */
export async function resolveAction(
  type: ResourceType,
  start: Start,
  { after, wanted }: { readonly after: JsonValue | undefined; readonly wanted: WantedAction },
): Promise<Result<Carried>> {
  const { lifecycle } = type
  const { before, state, resource } = start
  const { action } = wanted
  if (!lifecycle) {
    if (action !== undefined) return wrongChange(`${type.type} has no life cycle, and so no action ${quote(action)}`)
    if (wanted.state !== undefined) return wrongChange(`${type.type} has no life cycle, and so no state to begin in`)
    if (state === undefined) return success({ after })
    return refuse('invalid_transition', { lifecycle: type.type, state, action: 'update', possible: [] })
  }
  if (before === undefined) {
    if (action !== undefined) return refuse('unknown_resource', resource)
    return await begun({ ...type, lifecycle }, start, { after, wanted })
  }
  const live = state ?? lifecycle.initial
  if (wanted.state !== undefined) {
    const problem = `says where a new resource begins, and ${resource.type} ${quote(resource.id)} is in state ${quote(live)}: ask for one of its actions`
    return refuse('invalid_input', { argument: 'change.state', problem })
  }
  if (after === undefined) {
    const possible = possibleActions(lifecycle, { live })
    const ways =
      possible.length === 0
        ? `and nothing can be asked of it in state ${quote(live)}`
        : `ask for one of its actions (${possible.join(', ')})`
    return wrongChange(`cannot remove what has a life cycle: ${ways}`)
  }
  const places = diff(before, after, type.shape)
  if (!places.ok) return places
  const row = rowFor(lifecycle, { live, action, places: places.value })
  return row.ok
    ? await perform({ ...type, lifecycle }, { ...start, state: live }, { row: row.value, document: after, wanted })
    : row
}

/** Says again what was asked for when a change was worked out. What was found from the change is found anew. */
export function restated({ lifecycle }: ResourceType, { move }: ProposedChange): WantedAction {
  if (move === undefined || move.edits) return {}
  const { action, from, to, details, imported, dueAt } = move
  if (from === undefined) {
    return to === lifecycle?.initial && !imported ? {} : { state: to, ...defined({ imported, at: dueAt }) }
  }
  const timed = lifecycle?.moves.some((row) => row.from === from && row.action === action && row.timed)
  return { action, ...defined({ details }), ...(timed && dueAt !== undefined ? { at: dueAt } : {}) }
}

/** The live state that a move starts from. A move that stays in it keeps the time at which the clock ends it. */
export function stateBefore(move: PinnedMove | undefined): Pick<Start, 'state' | 'stateDueAt'> {
  if (move?.from === undefined) return {}
  const stays = move.to === move.from && move.dueAt !== undefined
  return { state: move.from, ...(stays ? { stateDueAt: move.dueAt } : {}) }
}

/** A move without what it says of the revision that it goes back to. */
function withoutRevert({ reverts: _, ...move }: PinnedMove): PinnedMove {
  return move
}

/** The document that was asked for, before actions on the way to where a new resource begins made another one of it. */
export function givenIn({ given, after }: Pick<ProposedChange, 'given' | 'after'>): JsonValue | undefined {
  return given ?? after ?? undefined
}

/**
 * Says why a change would not do any more what was reviewed: its guard, its references, its effect or the life cycle
 * itself.
 */
export async function judgedAgain(
  type: ResourceType,
  change: ProposedChange,
  { tenant, live }: { readonly tenant: string; readonly live: ResourceRecord | undefined },
): Promise<Refusal | undefined> {
  if (!type.lifecycle && !change.move && live?.state === undefined) return undefined
  if (change.toProject !== undefined) return movedSince(type, change, live)
  const before = live?.document ?? undefined
  const wanted = restated(type, change)
  const after = wanted.action === undefined ? givenIn(change) : before
  const start = { ...change, tenant, before, ...liveState(type, live) }
  const again = await resolveAction(type, start, { after, wanted })
  if (!again.ok) return again.refusal
  const { move, path } = { ...change, move: change.move && withoutRevert(change.move) }
  const { given: _, ...carried } = again.value
  if (isSame(carried, { after: change.after ?? undefined, ...defined({ move, path }) })) return undefined
  const { action = 'update', from: state = '' } = move ?? {}
  const problem = 'it would not lead to what was reviewed any more; rebase the request, or ask anew'
  return refuse('transition_rejected', { lifecycle: type.lifecycle?.name ?? type.type, state, action, problem }).refusal
}

/** Why a resource does not go to another project as it was reviewed: in the state that it had then. */
function movedSince(
  type: ResourceType,
  { move, toProject = '' }: ProposedChange,
  live: ResourceRecord | undefined,
): Refusal | undefined {
  const { state = '', stateDueAt } = liveState(type, live)
  if (type.lifecycle && move?.to === state && move.dueAt === stateDueAt) return undefined
  const problem = `it would come to ${quote(toProject)} in another state than was reviewed; rebase the request, or ask anew`
  return refuse('transition_rejected', {
    lifecycle: type.lifecycle?.name ?? type.type,
    state,
    action: projectAction,
    problem,
  }).refusal
}

/** Finds the row by which an action happens, or which carries a change, and refuses changes that it does not carry. */
function rowFor(
  lifecycle: ResourceLifecycle,
  {
    live,
    action,
    places,
  }: { readonly live: string; readonly action: string | undefined; readonly places: readonly ChangedPlace[] },
): Result<ResolvedMove<JsonValue>> {
  const found = editAction(lifecycle, { live }, lifecycle.isCritical(places) ? 'critical' : 'other')
  if (action === undefined && !found.ok) return found
  const name = action ?? (found.ok ? found.value : '')
  const row = lifecycle.moves.find((move) => move.from === live && move.action === name && move.by === undefined)
  if (!row) return impossible(lifecycle, { live }, name)
  if (places.length === 0 || (row.edits && found.ok && found.value === name)) return success(row)
  if (!row.edits) return wrongChange(`${quote(name)} carries no changes of the document: make them by themselves`)
  return wrongChange(`${quote(name)} does not carry these changes${found.ok ? `: ${quote(found.value)} does` : ''}`)
}

function wrongChange(problem: string) {
  return refuse('invalid_input', { argument: 'change', problem })
}

function isSame(a: Carried, b: Carried): boolean {
  const text = ({ after, ...how }: Carried) => canonical(asJson({ after: after ?? null, ...defined(how) }))
  return text(a) === text(b)
}

const quote = (text: string) => JSON.stringify(text)
