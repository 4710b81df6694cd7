import type { Duration } from './duration.ts'

/** The people who can fill a need: anyone who is named, or holds one of the roles. */
export interface Approvers {
  /**
   * Ids of users.
   *
   * @defaultValue none: nobody by name
   */
  readonly users?: readonly string[] | undefined
  /**
   * Names of roles.
   *
   * @defaultValue none: nobody by role
   */
  readonly roles?: readonly string[] | undefined
}

/** Approvals by so many different people out of these approvers. */
export interface Need {
  readonly quorum: number
  readonly from: Approvers
  /** The field that this need is about, if it comes from path ownership. */
  readonly about?: string | undefined
}

/** What a policy asks for: a tree whose leaves are needs. One person fills one leaf of a policy's tree. */
export type Requirement =
  | Need
  | { readonly all: readonly Requirement[] }
  | { readonly any: readonly Requirement[] }
  | { readonly atLeast: number; readonly of: readonly Requirement[] }
  /**
   * In order: a stage opens when the one before it is met, and an approval counts for the stages open when it was
   * given.
   */
  | { readonly stages: readonly Requirement[] }

/** What one policy asked of a change, copied into the request when it was submitted. */
export interface PinnedRequirement {
  readonly policy: string
  readonly version: number
  readonly require: Requirement
  /** Whose rejection cannot be outvoted. */
  readonly veto?: Approvers
  /** Who may approve as well once the request has waited for so long. */
  readonly escalate?: Escalation
}

/**
 * Joins what was asked when a request was submitted with what the policies ask now: all of both, each demand once.
 *
 * This is the effective requirement under the drift rule `strictest`: a looser policy changes nothing for open
 * requests, a stricter one raises the bar, a policy that is gone still counts. Commutative, associative and
 * idempotent.
 *
 * @example
 * ```ts
 * const { requirements } = evaluate(inForce, change)
 * const effective = requirementsJoin(request.requirements, requirements)
 * ```
 */
export function requirementsJoin(
  pinned: readonly PinnedRequirement[],
  current: readonly PinnedRequirement[],
): readonly PinnedRequirement[] {
  if (pinned === current) return pinned
  const joined = new Map<string, PinnedRequirement>()
  for (const requirement of [...pinned, ...current]) {
    const { policy, version, require, veto, escalate } = requirement
    const key = JSON.stringify([policy, ordered(require), ordered(veto ?? null), ordered(escalate ?? null)])
    const known = joined.get(key)
    if (known === undefined || version < known.version) joined.set(key, requirement)
  }
  return [...joined.entries()]
    .sort(([a, x], [b, y]) => compareText(x.policy, y.policy) || x.version - y.version || compareText(a, b))
    .map(([, requirement]) => requirement)
}

/** Orders texts by their code units, the same everywhere. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The same data with the properties of each object in one order. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, inner]) => [key, ordered(inner)])
}

/** Who may approve as well once a request has waited for so long. */
export interface Escalation {
  readonly after: Duration
  readonly to: Approvers
}
