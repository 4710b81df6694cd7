import type { ChangedPlace } from '../../change/changed-place.ts'
import type { Resolution } from '../../change/conflict.ts'
import { defined } from '../../defined.ts'
import { type Digest, digest } from '../../json/digest.ts'
import type { JsonObject, JsonValue } from '../../json/json.ts'
import { asJson } from '../../json/json.ts'
import { boundReason, type StatedReason } from '../../log/erasable-texts.ts'
import type { PinnedRequirement } from '../../policy/model/requirement.ts'
import type { RulesOfConduct } from '../../policy/model/rules-of-conduct.ts'
import { agreedSchedule, type Schedule } from './schedule.ts'

/** What one change would make of one resource, and from which state on. */
export interface ProposedChange {
  readonly resource: { readonly type: string; readonly id: string }
  /** The project that the resource is in; empty if in none. */
  readonly project: string
  /** The project that it goes to, empty for none: its document and its state stay. Left out: it stays where it is. */
  readonly toProject?: string
  /** The revision that the change was made against; 0 if the resource never existed. */
  readonly base: number
  /**
   * The revision that created the resource: a resource deleted and created again under its id is another one. 0 if
   * it does not exist.
   */
  readonly incarnation: number
  readonly actions: readonly string[]
  readonly places: readonly ChangedPlace[]
  /** The next document; null removes the resource. At the places of open conflicts, it holds the live values. */
  readonly after: JsonValue
  /** The action of the life cycle that does it; absent if the type of the resource has none. */
  readonly move?: PinnedMove
  /** Of a resource that begins in another state than the first one: what each action of `move.path` does. */
  readonly path?: readonly PathStep[]
  /** The document as it was given, if the actions of `path` made another one of it. */
  readonly given?: JsonValue
  /** How the change was moved onto `base`, if that left conflicts. */
  readonly rebase?: OpenRebase
}

/** What an action does on the way to the state in which a resource begins. */
export interface PathStep {
  readonly actions: readonly string[]
  /** Every place of the document that it changes. */
  readonly places: readonly ChangedPlace[]
  /** The document after it; left out if it leaves the document as it is. */
  readonly after?: JsonValue
}

/** An action of a life cycle, with what reviewers agree to beyond the document. */
export interface PinnedMove {
  /** The action; `create` makes the resource. */
  readonly action: string
  /** The live state that it starts from; absent if it makes the resource. */
  readonly from?: string
  /** The live state from then on. */
  readonly to: string
  /** What is shown while it waits for approval; absent if the life cycle itself asks nobody. */
  readonly pending?: string
  /** Whether it was found from the changes of the document that it carries. Left out: it was asked for by name. */
  readonly edits?: true
  /** What was said with it. */
  readonly details?: JsonObject
  /**
   * Of a resource that begins in another state than the first one: the actions that lead there, whose permissions and
   * policies it takes.
   */
  readonly path?: readonly { readonly action: string; readonly from: string; readonly to: string }[]
  /** Whether it begins in that state without them, by somebody who may change the settings. */
  readonly imported?: true
  /** The revision whose document it brings back, and the state that this was in. The state `to` is as it is live. */
  readonly reverts?: Reverted
  /** When the clock ends the state `to`, in milliseconds since 1970, if it does. */
  readonly dueAt?: number
  /** What the clock does then. */
  readonly next?: ClockMove
}

/** The revision that a change goes back to, and the live state of then. */
export interface Reverted {
  readonly revision: number
  readonly state: string
}

/** What the clock is going to do with a resource. */
export interface ClockMove {
  readonly action: string
  readonly to: string
  /** Every place of the document that the clock will change, if nothing else changes the document before. */
  readonly places: readonly ChangedPlace[]
  /** That document; left out if the clock leaves it as it is. */
  readonly after?: JsonValue
}

/** A rebase that met conflicts: its two other sides, and the answers given so far. */
export interface OpenRebase {
  /** The revision that the draft was made against before. */
  readonly from: number
  /** What the draft made of that revision; null removes the resource. */
  readonly draft: JsonValue
  readonly resolutions: readonly Resolution[]
  /** How many conflicts are not answered. */
  readonly open: number
}

/** What a request wants, and when. */
export interface Content extends Schedule {
  readonly changes: readonly ProposedChange[]
}

/** Everything that a reviewer agrees to. */
export interface Reviewed extends Content, StatedReason {
  readonly tenant: string
  readonly request: string
  readonly round: number
  readonly requester: string
  /** The request whose change it takes back. Left out: none. */
  readonly revertOf?: string
  /** Whether nobody had to approve that change. */
  readonly unasked?: true
  readonly expiresAt: number
  readonly requirements: readonly PinnedRequirement[]
  readonly rules: RulesOfConduct
}

/**
 * Computes the digest that reviews are bound to. Another content, target, base, schedule, requirement, deadline,
 * reason, request, round or tenant has another one.
 */
export function requestDigest(reviewed: Reviewed): Digest {
  const { tenant, request, round, requester, revertOf, unasked, expiresAt, requirements, rules, changes } = reviewed
  const schedule = { applyAt: null, ...agreedSchedule(reviewed) }
  const reason = boundReason(reviewed)
  const bound = { tenant, request, round, requester, reason, ...schedule, expiresAt, requirements, rules, changes }
  return digest('request', asJson({ ...bound, ...defined({ revertOf, unasked }) }))
}

/** Computes the digest of one document; null if there is none. */
export function documentDigest(document: JsonValue): Digest {
  return digest('document', document)
}

/**
 * Tells whether a change changes nothing: neither a place of the document nor the project nor, by an action asked for
 * by name, anything else.
 */
export function isEmpty({ places, toProject, move }: ProposedChange): boolean {
  return places.length === 0 && toProject === undefined && (move === undefined || move.edits === true)
}

/** Counts the conflicts that nobody has answered. */
export function openConflicts({ changes }: Pick<Content, 'changes'>): number {
  return changes.reduce((sum, { rebase }) => sum + (rebase?.open ?? 0), 0)
}
