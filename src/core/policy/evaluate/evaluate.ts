import type { CompiledPolicy } from '../compile/compile-policy.ts'
import type { PolicySet } from '../compile/policy-set.ts'
import { plainShape, seenPlaces } from '../compile/seen-places.ts'
import type { Evaluation, PolicySubject } from '../model/policy.ts'
import { compareText, requirementsJoin } from '../model/requirement.ts'
import { defaultRules, joinRules } from '../model/rules-of-conduct.ts'
import { findCandidates } from './find-candidates.ts'
import type { Sight } from './judge-condition.ts'
import { judgePolicy } from './judge-policy.ts'
import { pinRequirements } from './pin-requirement.ts'
import { type Match, withoutIdleFallbacks, withoutOverridden } from './settle-matches.ts'
import { isTooLarge, looksOf } from './too-large.ts'
import { no, type Truth } from './truth.ts'

/**
 * Evaluates the policies in force on one change: all that match hold, and each rule of conduct takes its strictest
 * value.
 *
 * `among` says how many changes are evaluated with this one: a change is looked through only as far as all of them
 * can be.
 *
 * If nothing matches there is no requirement; what that means is for the caller to say. What nobody can judge
 * counts as matched. The requirements come in the order of the policies' ids.
 *
 * @example
 * ```ts
 * const { requirements, rules } = evaluate(inForce, change)
 * ```
 */
export function evaluate(set: PolicySet, subject: PolicySubject, among = 1): Evaluation {
  const { sight, found } = candidatesFor(set, subject, among)
  if (found.length === 0) return nothingAsked
  const matches: Match[] = []
  for (const compiled of found) {
    const match = matchOf(compiled, judgePolicy(compiled, sight), sight)
    if (match) matches.push(match)
  }
  return matches.length === 0 ? nothingAsked : conclude(settledMatches(matches, subject))
}

/** What is asked if nothing matches. */
export const nothingAsked: Evaluation = { requirements: [], rules: defaultRules }

/** Finds the policies that may match a change, and prepares what they see of it. */
export function candidatesFor(
  { shapes, index }: PolicySet,
  subject: PolicySubject,
  among = 1,
): { readonly sight: Sight; readonly found: readonly CompiledPolicy[] } {
  const { before, after, resource } = subject
  const documents = { before, after, shape: shapes.get(resource.type) ?? plainShape, lists: new Map() }
  const places = seenPlaces(subject.places, documents)
  const found = findCandidates(index, { subject, places })
  return {
    found,
    sight: { subject, ...documents, places, tooLarge: isTooLarge(places, looksOf(found), among), touched: undefined },
  }
}

/** Makes a match out of a policy that was judged, if it asks for something. */
export function matchOf(compiled: CompiledPolicy, truth: Truth, sight: Sight): Match | undefined {
  if (truth === no) return undefined
  const pinned = pinRequirements(compiled, sight)
  return pinned.length > 0 ? { compiled, truth, pinned } : undefined
}

/** Leaves out the matches that others stand in for. */
export function settledMatches(matches: readonly Match[], subject: PolicySubject): readonly Match[] {
  return withoutOverridden(withoutIdleFallbacks(matches, subject))
}

/** Joins what the matches ask. */
export function conclude(matches: readonly Match[]): Evaluation {
  const [only] = matches
  if (only === undefined) return nothingAsked
  if (matches.length === 1) return { requirements: only.pinned, rules: only.compiled.rules }
  return {
    requirements: matches.flatMap(({ pinned }) => pinned).sort((a, b) => compareText(a.policy, b.policy)),
    rules: matches.map(({ compiled }) => compiled.rules).reduce(joinRules),
  }
}

/** Joins what is asked of changes that land together: all of it holds. */
export function joinEvaluations(a: Evaluation, b: Evaluation): Evaluation {
  if (a.requirements.length === 0) return b
  if (b.requirements.length === 0) return a
  return { requirements: requirementsJoin(a.requirements, b.requirements), rules: joinRules(a.rules, b.rules) }
}
