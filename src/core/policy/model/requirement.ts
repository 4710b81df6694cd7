import type { Duration } from './duration.ts'

/** Users and roles that are named. */
export interface NamedPeople {
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

/**
 * The people who can fill a need: anyone who is named, in the policy or by the document, or holds one of the roles, and
 * is not excepted.
 */
export interface Approvers extends NamedPeople {
  /**
   * A place of the document that names users, by a text or a list of texts, as `/owner` or `/owners/*`. The live
   * document counts; if the change touches the place, those named before and those named after both have to approve.
   * Who asks for the change, or edited it, is not among them unless the rules let them approve.
   *
   * @defaultValue none: the document names nobody
   */
  readonly field?: string | undefined
  /**
   * The owner of the agent that asks for the change: in this place, and in no other, they may approve it.
   *
   * @defaultValue none
   */
  readonly owner?: true | undefined
  /**
   * Who approves where the document, or the ownership of an agent, names nobody whom the directory knows.
   *
   * @defaultValue none: then nobody can
   */
  readonly otherwise?: NamedPeople | undefined
  /**
   * Who is not among them, although they are named or hold a role: these users, with all accounts of the persons behind
   * them, and whoever holds one of these roles.
   *
   * @defaultValue none: nobody
   */
  readonly except?: NamedPeople | undefined
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
  /**
   * Where it comes from: a policy that the application gives in code, or a freeze that asks, whose id stands for that
   * of a policy. Left out: a policy that the tenant saved.
   */
  readonly source?: 'code' | 'freeze'
  /**
   * That the freeze which asked is over, so that it counts as met. It is never stored, and stands only where nothing
   * else is asked: an empty list of requirements is never met.
   */
  readonly over?: true
  /** That it is asked while the approval workflow is off as well. Left out: it is not. */
  readonly whileOff?: 'asks'
}

/**
 * Tells whether something is asked that the switch of the approval workflow does not concern: by a policy that says so,
 * or by freezes alone.
 */
export function asksWhileOff(requirements: readonly PinnedRequirement[]): boolean {
  const byPolicies = askedByPolicies(requirements)
  return byPolicies.some(({ whileOff }) => whileOff === 'asks') || (byPolicies.length === 0 && requirements.length > 0)
}

/** What policies ask, without what freezes ask besides: the latter counts only while they are in force. */
export function askedByPolicies(requirements: readonly PinnedRequirement[]): readonly PinnedRequirement[] {
  return requirements.some(isOfFreeze) ? requirements.filter((one) => !isOfFreeze(one)) : requirements
}

/** What is asked once the freezes that asked are over: what policies ask or, if they ask nothing, what is over. */
export function askedAfterFreezes(requirements: readonly PinnedRequirement[]): readonly PinnedRequirement[] {
  const byPolicies = askedByPolicies(requirements)
  return byPolicies.length > 0 ? byPolicies : requirements.map((one) => ({ ...one, over: true }))
}

/** Names the freezes that ask for something, each with its version. */
export function askingFreezesIn(requirements: readonly PinnedRequirement[]): readonly FreezeVersion[] {
  const asking = requirements.filter((one) => isOfFreeze(one) && !one.over)
  return asking.map(({ policy: freeze, version }) => ({ freeze, version }))
}

/** A freeze as it was saved at a time. */
export interface FreezeVersion {
  readonly freeze: string
  readonly version: number
}

function isOfFreeze({ source }: PinnedRequirement): boolean {
  return source === 'freeze'
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
    const { policy, version, require, veto, escalate, source = '', whileOff = '' } = requirement
    const asked = [require, veto ?? null, escalate ?? null].map(ordered)
    const key = JSON.stringify([policy, ...asked, source, whileOff])
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
  readonly to: NamedPeople
}

/** Puts something in the place of each need of a tree. */
export function mapNeeds(requirement: Requirement, change: (need: Need) => Requirement): Requirement {
  const each = (parts: readonly Requirement[]) => parts.map((part) => mapNeeds(part, change))
  if ('quorum' in requirement) return change(requirement)
  if ('all' in requirement) return { all: each(requirement.all) }
  if ('any' in requirement) return { any: each(requirement.any) }
  if ('stages' in requirement) return { stages: each(requirement.stages) }
  return { ...requirement, of: each(requirement.of) }
}
