import { defined } from '../../defined.ts'
import type { CompiledPolicy, Looks } from '../compile/compile-policy.ts'
import { pathsFor } from '../compile/field.ts'
import type { PolicySet } from '../compile/policy-set.ts'
import {
  candidatesFor,
  conclude,
  type PolicyCandidates,
  settledMatches,
  shadowCandidates,
  withShadow,
} from '../evaluate/evaluate.ts'
import { type Sight, touchedBy } from '../evaluate/judge-condition.ts'
import { factOf, isOnlySafe, judgeRequester, judgeScope, withoutSafe } from '../evaluate/judge-policy.ts'
import { pinRequirements } from '../evaluate/pin-requirement.ts'
import { isCertain, type Match } from '../evaluate/settle-matches.ts'
import { isTooLarge, looksOf } from '../evaluate/too-large.ts'
import { no, type Truth, unknown, yes } from '../evaluate/truth.ts'
import type { Evaluation, LifecycleStep, Policy, PolicySubject } from '../model/policy.ts'
import { isOwnType } from '../model/policy-type.ts'
import { compareText, type NamedPeople, type PinnedRequirement } from '../model/requirement.ts'
import { type Answer, answer, type ConditionExplanation, explainCondition, truthOf } from './explain-condition.ts'

/** An evaluation with the reason for every yes and no. */
export interface Explanation {
  readonly evaluation: Evaluation
  /**
   * The policies that came into question, in the order of their ids. The others of the set cannot match: they are
   * about something else, or about fields that are not touched. {@link explainPolicy} says which, for any of them.
   */
  readonly policies: readonly PolicyExplanation[]
  /**
   * What the policies in shadow that came into question would do if all of them were on, in the order of their ids:
   * they decide nothing. Left out: none came into question.
   */
  readonly shadow?: readonly PolicyExplanation[] | undefined
}

/** Why one policy asks for approval of a change, or does not. */
export interface PolicyExplanation {
  readonly policy: Policy
  readonly outcome: PolicyOutcome
  /** What it asks; nothing if it does not ask. */
  readonly asks: readonly PinnedRequirement[]
  /** What of the change is not what the policy is about, or may not be. Empty if the policy is about the change. */
  readonly scope: readonly ScopeExplanation[]
  /** Places that it does not look at, because such a change is safe. */
  readonly safe: readonly string[]
  /**
   * Lists that the change touches, and into which its safe places or its owners' fields lead, although their items
   * have no identity. Empty if the change is too large to look for them.
   */
  readonly unnamed: readonly string[]
  /** The step in the life cycle that the change takes: no safe place excuses it. */
  readonly step?: LifecycleStep | undefined
  /** What became of its condition, if it has one and came to it. */
  readonly condition: ConditionExplanation | undefined
  /** Ids of the policies that it gives way to. */
  readonly overriddenBy: readonly string[]
}

/** What became of a policy. */
export type PolicyOutcome =
  /** It asks for approval. */
  | 'asks'
  /** It asks for approval, because nobody can say whether it applies. */
  | 'asks_in_doubt'
  /** The change is of another type, action, project or facet. */
  | 'out_of_scope'
  /** Nothing but safe places is touched. */
  | 'only_safe_changes'
  | 'condition_not_met'
  /** It asks owners of fields, and none of theirs is touched. */
  | 'nobody_owns'
  /** Policies of the project ask instead. */
  | 'idle_fallback'
  | 'overridden'
  /** It is off. */
  | 'off'

/** A dimension of a policy's scope that does not hold, or of which nobody can say. */
export interface ScopeExplanation {
  /** `resource`, `action`, `project`, `requester`, or `facet` with its name. */
  readonly dimension: 'resource' | 'action' | 'project' | 'facet' | 'requester'
  readonly name: string
  readonly expected: readonly string[]
  /** Empty if the change has none, or it could not be computed. */
  readonly found: readonly string[]
  readonly holds: Answer
}

/**
 * Evaluates as `evaluate` does, and says why: complete enough to draw a screen from.
 *
 * @example
 * ```ts
 * const { policies, evaluation } = explain(inForce, change)
 * const asking = policies.filter(({ outcome }) => outcome === 'asks')
 * ```
 */
export function explain(set: PolicySet, subject: PolicySubject, among = 1): Explanation {
  const { told, standing } = explainAmong(candidatesFor(set, subject, among), subject, among)
  const explanation = { evaluation: conclude(standing), policies: told }
  const withShadows = shadowCandidates(set, subject, among)
  if (withShadows === undefined) return explanation
  const shadows = explainAmong(withShadows, subject, among)
  return {
    ...explanation,
    evaluation: withShadow(explanation.evaluation, shadows.standing),
    shadow: shadows.told.filter(({ policy }) => policy.mode === 'shadow'),
  }
}

/** Explains each of the policies that may match, and says which of them stand. */
function explainAmong(
  { sight, found }: PolicyCandidates,
  subject: PolicySubject,
  among: number,
): { readonly told: readonly PolicyExplanation[]; readonly standing: readonly Match[] } {
  if (found.length === 0) return nothingTold
  const tellsLists = canTellLists(sight, looksOf(found), among)
  const matches: Match[] = []
  const policies: PolicyExplanation[] = []
  for (const compiled of found) {
    const explanation = explainOne(compiled, sight, tellsLists)
    policies.push(explanation)
    const { asks: pinned, outcome } = explanation
    if (pinned.length > 0) matches.push({ compiled, truth: outcome === 'asks' ? yes : unknown, pinned })
  }
  if (policies.length > 1) policies.sort((a, b) => compareText(a.policy.id, b.policy.id))
  const standing = settledMatches(matches, subject)
  const told = standing.length === matches.length ? policies : policies.map((one) => withFate(one, standing, subject))
  return { told, standing }
}

/**
 * Explains one policy of the set, also one that has nothing to do with the change; `undefined` if there is none of
 * this id.
 *
 * @example
 * ```ts
 * const explanation = explainPolicy(inForce, 'big-rollouts', change)
 * ```
 */
export function explainPolicy(set: PolicySet, id: string, subject: PolicySubject): PolicyExplanation | undefined {
  const compiled = set.policies.get(id)
  if (compiled === undefined) return undefined
  const { policies, shadow = [] } = explain(set, subject)
  const inQuestion = [...policies, ...shadow].find(({ policy }) => policy.id === id)
  if (inQuestion) return inQuestion
  const { sight } = candidatesFor(set, subject)
  const { looks } = compiled
  const alone = { ...sight, tooLarge: isTooLarge(sight.places, looks) }
  const explanation = explainOne(compiled, alone, canTellLists(sight, looks, 1))
  return compiled.policy.mode === 'off' ? { ...explanation, outcome: 'off', asks: none } : explanation
}

const nothingTold = { told: [], standing: [] }
const none: readonly never[] = []

/**
 * Tells whether there are looks enough to find the lists without identity into which safe places and owners' fields
 * lead.
 */
function canTellLists({ tooLarge, places }: Sight, { searches, checks, explained }: Looks, among: number): boolean {
  return !tooLarge && !isTooLarge(places, { searches: searches + explained, checks }, among)
}

function explainOne(compiled: CompiledPolicy, sight: Sight, tellsLists: boolean): PolicyExplanation {
  const inScope = judgeScope(compiled, sight.subject)
  const seen = withoutSafe(compiled, sight)
  const condition = inScope !== no && compiled.when ? explainCondition(compiled.when, seen) : undefined
  const needed = condition ? truthOf(condition.holds) : yes
  const truth = needed < inScope ? needed : inScope
  const onlySafe = isOnlySafe(seen, sight)
  const asks = onlySafe || truth === no ? none : pinRequirements(compiled, sight)
  return {
    policy: compiled.policy,
    outcome: outcomeOf({ inScope, onlySafe, truth, asked: asks.length > 0 }),
    asks,
    scope: inScope === yes ? none : scopeOf(compiled, sight.subject),
    safe: seen === sight ? none : placesLeftOut(sight, seen),
    unnamed: tellsLists ? unnamedFor(compiled, sight) : none,
    ...defined({ step: sight.subject.step }),
    condition,
    overriddenBy: none,
  }
}

function placesLeftOut({ places }: Sight, seen: Sight): readonly string[] {
  const left = new Set(seen.places)
  return places.filter((place) => !left.has(place)).map(({ path }) => path)
}

/** Lists without identity that the change touches, and into which the safe places and the owners of a policy lead. */
function unnamedFor({ safe, owned }: CompiledPolicy, sight: Sight): readonly string[] {
  const fields = [...safe.map(({ field }) => field), ...owned]
  if (fields.length === 0) return none
  const paths = fields.flatMap((field) => (field && pathsFor(field, sight.subject.resource.type)) ?? [])
  const touched = paths.flatMap((path) => touchedBy(path, sight).values)
  return [...new Set(touched.flatMap(({ path, unnamed }) => (unnamed ? path : [])))]
}

interface Judged {
  readonly inScope: Truth
  readonly onlySafe: boolean
  readonly truth: Truth
  readonly asked: boolean
}

function outcomeOf({ inScope, onlySafe, truth, asked }: Judged): PolicyOutcome {
  if (inScope === no) return 'out_of_scope'
  if (onlySafe) return 'only_safe_changes'
  if (truth === no) return 'condition_not_met'
  if (!asked) return 'nobody_owns'
  return truth === yes ? 'asks' : 'asks_in_doubt'
}

/** Says of a policy that would ask what it gave way to. */
function withFate(
  explanation: PolicyExplanation,
  standing: readonly Match[],
  subject: PolicySubject,
): PolicyExplanation {
  const { policy, asks } = explanation
  if (asks.length === 0 || standing.some(({ compiled }) => compiled.policy === policy)) return explanation
  const overriddenBy = standing
    .filter((match) => isCertain(match, subject) && match.compiled.policy.overrides?.includes(policy.id))
    .map(({ compiled }) => compiled.policy.id)
  const outcome = overriddenBy.length > 0 ? 'overridden' : 'idle_fallback'
  return { ...explanation, outcome, asks: none, overriddenBy: overriddenBy.sort(compareText) }
}

/** What a policy is about that names no type. */
const anyOfTheHost = 'any type of the application'

function scopeOf(compiled: CompiledPolicy, subject: PolicySubject): readonly ScopeExplanation[] {
  const { resources, actions, projects, facets, requester } = compiled
  const { resource, project } = subject
  const all: ScopeExplanation[] = [
    dimension('resource', resources ?? (isOwnType(resource.type) ? [anyOfTheHost] : undefined), [resource.type], 'no'),
    dimension('project', projects, project === undefined ? [] : [project], 'no'),
    dimension('action', actions, subject.actions, subject.actions.length === 0 ? 'unknown' : 'no'),
    ...facets.map(({ name, values }) => {
      const fact = factOf(subject, name)
      const found = fact === undefined ? [] : typeof fact === 'string' ? [fact] : fact
      const inDoubt = fact === undefined || values === undefined
      return { ...dimension('facet', values ?? [], found, inDoubt ? 'unknown' : 'no'), name }
    }),
  ]
  return [...all, ...(requester ? [requesterOf(requester, subject)] : [])].filter(({ holds }) => holds !== 'yes')
}

function requesterOf(requester: NamedPeople, subject: PolicySubject): ScopeExplanation {
  const { users = [], roles = [] } = requester
  const found = (subject.around?.asking ?? []).flatMap((one) => one?.id ?? [])
  const expected = [...roles.map((role) => `role ${role}`), ...users]
  const holds = answer(judgeRequester(requester, subject))
  return { dimension: 'requester', name: 'requester', expected, found, holds }
}

function dimension(
  kind: ScopeExplanation['dimension'],
  expected: readonly string[] | undefined,
  found: readonly string[],
  otherwise: Answer,
): ScopeExplanation {
  const holds = expected === undefined || found.some((one) => expected.includes(one)) ? 'yes' : otherwise
  return { dimension: kind, name: kind, expected: expected ?? [], found, holds }
}
