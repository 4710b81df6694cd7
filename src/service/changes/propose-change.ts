import { type ChangeInput, needsDocument, nextValue } from '../../core/change/change-input.ts'
import { diff } from '../../core/change/diff.ts'
import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { withoutUndefined } from '../../core/json/without-undefined.ts'
import { contradictionIn } from '../../core/lifecycle/follow-state.ts'
import { pathTo } from '../../core/lifecycle/path-to.ts'
import { isOwnType } from '../../core/policy/model/policy-type.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import type { ResourceLifecycle, ResourceRef, ResourceType } from '../resource-types/resource-type.ts'
import { validated } from '../resource-types/validate-document.ts'
import {
  type ChangeOnPlace,
  type ResolvedChange,
  type WantedChange,
  wantedParts,
} from '../resource-types/wanted-change.ts'
import { liveState, resolveAction } from './lifecycle-action.ts'
import type { Carried, Start, WantedAction } from './perform-action.ts'

/** A change that somebody wants made to one resource. */
export interface Wish {
  readonly type: ResourceType
  readonly ref: ResourceRef
  readonly change: WantedChange<never>
  /** The revision that the actor saw, if they said so. */
  readonly base?: number
}

/** A wish of which it is known what it brings back, if it brings back something. */
export interface ResolvedWish extends Wish {
  readonly change: ResolvedChange<never>
  /** The revision whose document it brings back, if it brings back one. */
  readonly restores?: Restored
}

/** A revision that is gone back to. */
export interface Restored {
  readonly revision: number
  /** The live state of then; left out if its type had no life cycle yet. */
  readonly state?: string
}

/** A change worked out against the document that it starts from. */
export interface Proposal {
  readonly change: ProposedChange
  /** The document that it starts from; `undefined` if there is none. */
  readonly before: JsonValue | undefined
}

/** What a wish is worked out by, besides the live document. */
export interface WishFacts {
  readonly tenant: string
  readonly now: number
  /** The project that the host says; `undefined` if the host does not keep the resource. */
  readonly hostSays: string | undefined
}

/** Finds out where a wish starts from. */
export function startOfWish(
  { type, ref, base }: Pick<ResolvedWish, 'type' | 'ref' | 'base'>,
  live: ResourceRecord | undefined,
  { tenant, hostSays }: WishFacts,
): Result<Start> {
  const resource = { type: ref.type, id: ref.id }
  const exists = live !== undefined && live.document !== null
  const revision = live?.revision ?? 0
  const its = exists ? live.project : (hostSays ?? live?.project)
  const project = its ?? ref.project ?? ''
  if (ref.project !== undefined && ref.project !== project) {
    const removed = live && !exists && hostSays === undefined ? ({ removed: true } as const) : {}
    return refuse('wrong_project', { ...resource, project: ref.project, actual: project, ...removed })
  }
  if (base !== undefined && base !== revision) return refuse('stale', { ...resource, base, live: revision })
  return success({
    tenant,
    resource,
    project,
    base: revision,
    incarnation: exists ? live.incarnation : 0,
    before: exists ? live.document : undefined,
    ...liveState(type, live),
  })
}

/** Works out what a wish would make of the live document. */
export async function propose(
  { type, change, restores }: Pick<ResolvedWish, 'type' | 'restores'> & { readonly change: ChangeOnPlace<never> },
  start: Start,
  { now }: WishFacts,
): Promise<Result<Proposal>> {
  const { change: input, ...action } = wantedParts(change)
  const { before } = start
  const next = input === undefined ? success(before) : nextDocument(start.resource, before, input)
  return next.ok ? await proposeValue(type, start, { after: next.value, wanted: { ...action, now }, restores }) : next
}

/**
 * Works out what a document becomes. What is no JSON is refused with the name of the resource that it was meant for.
 */
export function nextDocument(
  { type, id }: ProposedChange['resource'],
  before: JsonValue | undefined,
  input: ChangeInput<never>,
): Result<JsonValue | undefined> {
  if (before === undefined && needsDocument(input)) return refuse('unknown_resource', { type, id })
  const next = isOwnType(type) ? nextValue(before, input, withoutUndefined) : nextValue(before, input)
  if (next.ok || next.refusal.code !== 'invalid_document') return next
  return refuse('invalid_document', { ...next.refusal.details, resource: `${type} ${JSON.stringify(id)}` })
}

/** What a change leads to before its action does something of its own, and that action. */
interface Leading {
  /** The document; undefined removes the resource. */
  readonly after: JsonValue | undefined
  readonly wanted: WantedAction
  /** The revision that the document stood at: what follows the state in it then follows the state of now. */
  readonly restores?: Restored | undefined
}

/** Works out the change from where it starts to a document. */
export async function proposeValue(
  type: ResourceType,
  start: Start,
  { after, wanted, restores }: Leading,
): Promise<Result<Proposal>> {
  const valid = after === undefined ? success(undefined) : await validated(type, start.resource.id, after)
  if (!valid.ok) return valid
  if (valid.value === null)
    return refuse('invalid_document', { path: '', problem: 'null is no document: remove it with { remove: true }' })
  const proposal = await proposeValid(type, start, { after: valid.value, wanted })
  if (!proposal.ok || !type.lifecycle) return proposal
  if (restores) return reverting(type.lifecycle, proposal.value, restores)
  const refusal = contradicting(type.lifecycle, start, { asked: valid.value, proposal: proposal.value })
  return refusal ? { ok: false, refusal } : proposal
}

/**
 * Says of a revert in which state the revision was: the state stays as it is live, since an action alone changes it.
 * Refused if nothing but the state would have to change.
 */
function reverting(
  lifecycle: ResourceLifecycle,
  { change, before }: Proposal,
  { revision, state = lifecycle.initial }: Restored,
): Result<Proposal> {
  const { move, places } = change
  if (!move?.edits) return success({ change, before })
  if (places.length > 0 || state === move.to) {
    return success({ before, change: { ...change, move: { ...move, reverts: { revision, state } } } })
  }
  const way = pathTo(lifecycle, state, move.to)?.map(({ action }) => JSON.stringify(action))
  const fix = way ? `ask for ${way.join(', then ')}` : 'no action of people leads there'
  const problem = `revision ${revision} differs from what is live in its state alone: it was "${state}", and is "${move.to}" now. A revert leaves the state as it is; ${fix}`
  return refuse('invalid_input', { argument: 'change.revertTo', problem })
}

/** Why a change cannot set what follows the state: an action does. */
function contradicting(
  lifecycle: ResourceLifecycle,
  { resource, before, state }: Start,
  { asked, proposal: { change } }: { readonly asked: JsonValue | undefined; readonly proposal: Proposal },
): Refusal | undefined {
  const found = contradictionIn(lifecycle.follows, { before, asked, after: change.after })
  if (!found) return undefined
  const live = change.move?.to ?? state ?? lifecycle.initial
  const possible = lifecycle.actions.filter((action) => {
    return lifecycle.moves.some((row) => row.from === live && row.action === action && row.to !== live)
  })
  return refuse('follows_state', {
    ...resource,
    property: found.property,
    says: JSON.stringify(found.says),
    state: live,
    possible,
  }).refusal
}

/** The same for a document that is not validated, or is already. */
export async function proposeValid(type: ResourceType, start: Start, leading: Leading): Promise<Result<Proposal>> {
  const carried = await resolveAction(type, start, leading)
  if (!carried.ok) return carried
  const { resource, project, base, incarnation, before } = start
  const { after, move, path, given } = carried.value
  const places = diff(before, after, type.shape)
  if (!places.ok) return places
  const actions =
    move === undefined ? type.actionsOf({ before, after }, places.value) : actionsOf(type, start, carried.value)
  const change = { resource, project, base, incarnation, actions, places: places.value, after: after ?? null }
  return success({ before, change: { ...change, ...defined({ move, path, given }) } })
}

/**
 * Every action that a move is: its own, what the clock does after it, and whatever is found in what both do to the
 * document.
 */
function actionsOf(type: ResourceType, { before }: Start, { after, move }: Carried): readonly string[] {
  const found = [after, move?.next?.after ?? after].flatMap((document) => {
    const places = diff(before, document, type.shape)
    return places.ok && places.value.length > 0 ? type.actionsOf({ before, after: document }, places.value) : []
  })
  const way = (move?.path ?? []).map(({ action }) => action)
  return [...new Set([move?.action ?? [], way, move?.next?.action ?? [], found].flat())]
}
