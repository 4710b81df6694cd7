import { admit } from '../core/change/admit.ts'
import { canonical } from '../core/change/canonical.ts'
import type { ChangedPlace } from '../core/change/changed-place.ts'
import { diff } from '../core/change/diff.ts'
import type { JsonObject, JsonValue } from '../core/change/json.ts'
import { carriedOut } from '../core/lifecycle/judge.ts'
import type { Details, ResolvedMove } from '../core/lifecycle/move.ts'
import { type PerformedMove, performMove, proposeMove } from '../core/lifecycle/perform-move.ts'
import { editAction, impossible, possibleActions } from '../core/lifecycle/possible-actions.ts'
import type { ClockMove, PinnedMove, ProposedChange } from '../core/request/content.ts'
import { type Refusal, type Result, refuse, success } from '../errors.ts'
import type { ResourceRecord } from './records.ts'
import { referencesOf } from './references.ts'
import type { ResourceLifecycle, ResourceType } from './resource-type.ts'
import { validated } from './validated.ts'

/** Where a change starts from. */
export interface Start extends Pick<ProposedChange, 'resource' | 'project' | 'base' | 'incarnation'> {
  readonly tenant: string
  /** The document; undefined where there is none. */
  readonly before: JsonValue | undefined
  /** The live state, where the resource has a life cycle. */
  readonly state?: string
  /** When the clock ends that state, where it does. */
  readonly stateDueAt?: number
}

/** An action that is asked for. Without a name it is found from the change. */
export interface WantedAction {
  readonly action?: string
  readonly details?: Details
  readonly at?: number
  /** The time of asking, where somebody asks now. */
  readonly now?: number
}

/** What a change leads to, by the action of the life cycle that carries it. */
export interface Carried {
  readonly after: JsonValue | undefined
  readonly move?: PinnedMove
}

/** Gives the live state of a resource, with the time at which the clock ends it; nothing where it does not exist. */
export function liveState(
  { lifecycle }: ResourceType,
  live: ResourceRecord | undefined,
): Pick<Start, 'state' | 'stateDueAt'> {
  if (!live || live.document === null) return {}
  const state = live.state ?? lifecycle?.initial
  return {
    ...(state === undefined ? {} : { state }),
    ...(live.stateDueAt === undefined ? {} : { stateDueAt: live.stateDueAt }),
  }
}

/** Works out which action of the life cycle carries a change, and what that makes of the resource. Refused where there is none. */
export async function carry(
  type: ResourceType,
  start: Start,
  { after, wanted }: { readonly after: JsonValue | undefined; readonly wanted: WantedAction },
): Promise<Result<Carried>> {
  const { lifecycle } = type
  const { before, state, resource } = start
  const { action } = wanted
  if (!lifecycle) {
    if (action !== undefined) return wrongChange(`${type.type} has no life cycle, and so no action ${quote(action)}`)
    if (state === undefined) return success({ after })
    return refuse('not_from_this_state', { lifecycle: type.type, state, action: 'update', possible: [] })
  }
  if (before === undefined) {
    if (action !== undefined) return refuse('unknown_resource', resource)
    return success({ after, move: { action: 'create', to: lifecycle.initial } })
  }
  const live = state ?? lifecycle.initial
  if (after === undefined) {
    const possible = possibleActions(lifecycle, { live })
    return wrongChange(`cannot remove what has a life cycle: it ends by an action (${possible.join(', ')})`)
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
  if (move === undefined || move.edits || move.from === undefined) return {}
  const { action, from, details, dueAt } = move
  const timed = lifecycle?.moves.some((row) => row.from === from && row.action === action && row.timed)
  return { action, ...(details ? { details } : {}), ...(timed && dueAt !== undefined ? { at: dueAt } : {}) }
}

/** Says why a change would not do any more what was reviewed: its guard, its references, its effect or the life cycle itself. */
export async function judgedAgain(
  type: ResourceType,
  change: ProposedChange,
  { tenant, live }: { readonly tenant: string; readonly live: ResourceRecord | undefined },
): Promise<Refusal | undefined> {
  if (!type.lifecycle && !change.move && live?.state === undefined) return undefined
  const before = live?.document ?? undefined
  const wanted = restated(type, change)
  const after = wanted.action === undefined ? (change.after ?? undefined) : before
  const start = { ...change, tenant, before, ...liveState(type, live) }
  const again = await carry(type, start, { after, wanted })
  if (!again.ok) return again.refusal
  const { move } = change
  if (isSame(again.value, { after: change.after ?? undefined, ...(move ? { move } : {}) })) return undefined
  const { action = 'update', from: state = '' } = move ?? {}
  const problem = 'it would not lead to what was reviewed any more; rebase the request, or ask anew'
  return refuse('move_refused', { lifecycle: type.lifecycle?.name ?? type.type, state, action, problem }).refusal
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

interface Performing {
  readonly row: ResolvedMove<JsonValue>
  readonly document: JsonValue
  readonly wanted: WantedAction
}

async function perform(
  type: ResourceType & { readonly lifecycle: ResourceLifecycle },
  start: Start & { readonly state: string },
  { row, document, wanted: { details, at, now } }: Performing,
): Promise<Result<Carried>> {
  const { lifecycle } = type
  const place = { lifecycle: lifecycle.name, state: start.state, action: row.action }
  const references = await referencesOf(type, row, { ...start, place })
  if (!references.ok) return references
  const wanted = {
    action: row.action,
    document,
    references: references.value,
    ...(details ? { details } : {}),
    ...(at === undefined ? {} : { at }),
    ...(start.stateDueAt === undefined ? {} : { dueAt: start.stateDueAt }),
  }
  const proposed =
    now === undefined
      ? performMove(lifecycle, { live: start.state }, wanted)
      : performedOf(proposeMove(lifecycle, { live: start.state }, wanted, now))
  if (!proposed.ok) return proposed
  const { state, dueAt } = proposed.value
  const after = row.effect ? await accepted(type, start, proposed.value.document) : success(document)
  if (!after.ok) return after
  const next =
    dueAt === undefined ? success(undefined) : await clockMove(type, start, { to: state.live, document: after.value })
  if (!next.ok) return next
  const given = details === undefined || Object.keys(details).length === 0 ? undefined : details
  const move: PinnedMove = {
    action: row.action,
    from: start.state,
    to: state.live,
    ...(row.pending === undefined ? {} : { pending: row.pending }),
    ...(row.edits ? { edits: true } : {}),
    ...(given ? { details: given as JsonObject } : {}),
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(next.value ? { next: next.value } : {}),
  }
  return success({ after: after.value, move })
}

/** Works out what the clock will do to a document in a state that it ends: those who approve the one approve the other. */
async function clockMove(
  type: ResourceType,
  start: Start,
  { to, document }: { readonly to: string; readonly document: JsonValue },
): Promise<Result<ClockMove | undefined>> {
  const row = type.lifecycle?.moves.find((move) => move.from === to && move.by === 'clock')
  if (!row) return success(undefined)
  const place = { lifecycle: type.lifecycle?.name ?? '', state: to, action: row.action }
  const carried = carriedOut(row, { document, details: {}, references: [] }, place)
  if (!carried.ok) return carried
  const after = row.effect ? await accepted(type, start, carried.value) : success(document)
  if (!after.ok) return after
  const places = diff(start.before, after.value, type.shape)
  if (!places.ok) return places
  const changes = row.effect ? { places: places.value, after: after.value } : { places: [] }
  return success({ action: row.action, to: row.to, ...changes })
}

/** What the schema makes of a document that an effect has made. */
export async function accepted(
  type: ResourceType,
  { resource }: Pick<Start, 'resource'>,
  document: unknown,
): Promise<Result<JsonValue>> {
  const plain = admit(document)
  return plain.ok ? await validated(type, resource.id, plain.value) : plain
}

function performedOf(proposed: ReturnType<typeof proposeMove<JsonValue>>): Result<PerformedMove<JsonValue>> {
  return proposed.ok ? success(proposed.value.performed) : proposed
}

function wrongChange(problem: string) {
  return refuse('invalid_input', { argument: 'change', problem })
}

function isSame(a: Carried, b: Carried): boolean {
  const text = ({ after, move }: Carried) =>
    canonical({ after: after ?? null, move: move ?? null } as unknown as JsonValue)
  return text(a) === text(b)
}

const quote = (text: string) => JSON.stringify(text)
