import { admit } from '../../core/change/admit.ts'
import { diff } from '../../core/change/diff.ts'
import { defined } from '../../core/defined.ts'
import type { JsonObject, JsonValue } from '../../core/json/json.ts'
import { carriedOut, type Place } from '../../core/lifecycle/judge.ts'
import type { Details, ResolvedMove } from '../../core/lifecycle/move.ts'
import { type PerformedMove, performMove, proposeMove } from '../../core/lifecycle/perform-move.ts'
import type { ClockMove, PinnedMove, ProposedChange } from '../../core/request/model/content.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import { referencesOf } from '../resource-types/ask-references.ts'
import type { ResourceLifecycle, ResourceType } from '../resource-types/resource-type.ts'
import { validated } from '../resource-types/validate-document.ts'

/** Where a change starts from. */
export interface Start extends Pick<ProposedChange, 'resource' | 'project' | 'base' | 'incarnation'> {
  readonly tenant: string
  /** The document; `undefined` if there is none. */
  readonly before: JsonValue | undefined
  /** The live state, if the resource has a life cycle. */
  readonly state?: string
  /** When the clock ends that state, if it does. */
  readonly stateDueAt?: number
}

/** An action that is asked for. Without a name it is found from the change. */
export interface WantedAction {
  readonly action?: string
  readonly details?: Details
  readonly at?: number
  /** The live state in which a new resource begins; left out: the first one. */
  readonly state?: string
  /** Whether it begins there without the actions that lead there. */
  readonly imported?: true
  /** The time of asking, if somebody asks now. */
  readonly now?: number
}

/** What a change leads to, by the action of the life cycle that carries it. */
export interface Carried extends Pick<ProposedChange, 'path' | 'given'> {
  readonly after: JsonValue | undefined
  readonly move?: PinnedMove
}

/** A move of a resource, and the document that it starts from. */
interface Performing {
  readonly row: ResolvedMove<JsonValue>
  readonly document: JsonValue
  readonly wanted: WantedAction
}

/**
 * Carries a resource along a row of its life cycle: what its effect makes of the document, and what the clock will do
 * after that.
 */
export async function perform(
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
    ...defined({ details, at, dueAt: start.stateDueAt }),
  }
  const proposed =
    now === undefined
      ? performMove(lifecycle, { live: start.state }, wanted)
      : performedOf(proposeMove(lifecycle, { live: start.state }, wanted, now))
  if (!proposed.ok) return proposed
  const { state, dueAt } = proposed.value
  const performed = proposed.value.document
  const after = performed === document ? success(document) : await accepted(type, { ...start, place }, performed)
  if (!after.ok) return after
  const next =
    dueAt === undefined ? success(undefined) : await clockMove(type, start, { to: state.live, document: after.value })
  if (!next.ok) return next
  const given = details === undefined || Object.keys(details).length === 0 ? undefined : details
  const move: PinnedMove = {
    action: row.action,
    from: start.state,
    to: state.live,
    ...defined({ pending: row.pending }),
    ...(row.edits ? { edits: true } : {}),
    ...(given ? { details: given as JsonObject } : {}),
    ...defined({ dueAt, next: next.value }),
  }
  return success({ after: after.value, move })
}

/**
 * Works out what the clock will do to a document in a state that it ends: those who approve the one approve the
 * other.
 */
export async function clockMove(
  type: ResourceType,
  start: Start,
  { to, document }: { readonly to: string; readonly document: JsonValue },
): Promise<Result<ClockMove | undefined>> {
  const row = type.lifecycle?.moves.find((move) => move.from === to && move.by === 'clock')
  if (!row) return success(undefined)
  const place = { lifecycle: type.lifecycle?.name ?? '', state: to, action: row.action }
  const carried = carriedOut(row, { document, details: {}, references: [] }, place)
  if (!carried.ok) return carried
  const after =
    carried.value === document ? success(document) : await accepted(type, { ...start, place }, carried.value)
  if (!after.ok) return after
  const places = diff(start.before, after.value, type.shape)
  if (!places.ok) return places
  const changes = after.value !== document ? { places: places.value, after: after.value } : { places: [] }
  return success({ action: row.action, to: row.to, ...changes })
}

/** What the schema makes of a document that an effect has made. What is no JSON is the mistake of the effect. */
export async function accepted(
  type: ResourceType,
  { resource, place }: { readonly resource: Start['resource']; readonly place: Place & { readonly action: string } },
  document: unknown,
): Promise<Result<JsonValue>> {
  const plain = admit(document)
  if (plain.ok) return await validated(type, resource.id, plain.value)
  const { path, problem } = plain.refusal.details
  const at = path === '' ? 'its root' : path
  return refuse('transition_rejected', { ...place, problem: `its effect made what is no JSON at ${at}: ${problem}` })
}

function performedOf(proposed: ReturnType<typeof proposeMove<JsonValue>>): Result<PerformedMove<JsonValue>> {
  return proposed.ok ? success(proposed.value.performed) : proposed
}
