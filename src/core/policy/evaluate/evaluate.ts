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
  const asked = settledAmong(candidatesFor(set, subject, among), subject)
  const withShadows = shadowCandidates(set, subject, among)
  const evaluation = asked.length === 0 ? nothingAsked : conclude(asked)
  return withShadows ? withShadow(evaluation, settledAmong(withShadows, subject)) : evaluation
}

/** The policies that may match a change, and what they see of it. */
export interface PolicyCandidates {
  readonly sight: Sight
  readonly found: readonly CompiledPolicy[]
}

function settledAmong({ sight, found }: PolicyCandidates, subject: PolicySubject): readonly Match[] {
  const matches: Match[] = []
  for (const compiled of found) {
    const match = matchOf(compiled, judgePolicy(compiled, sight), sight)
    if (match) matches.push(match)
  }
  return settledMatches(matches, subject)
}

/** Tells whether a policy is in shadow. */
export function isShadow({ policy }: CompiledPolicy): boolean {
  return policy.mode === 'shadow'
}

/** Says as well what the policies in shadow would have asked, out of what would have been asked with them. */
export function withShadow(evaluation: Evaluation, standing: readonly Match[]): Evaluation {
  const { requirements: shadow } = conclude(standing.filter(({ compiled }) => isShadow(compiled)))
  return shadow.length > 0 ? { ...evaluation, shadow } : evaluation
}

/** What is asked if nothing matches. */
export const nothingAsked: Evaluation = { requirements: [], rules: defaultRules }

/** Finds the policies that are on and may match a change, and prepares what they see of it. */
export function candidatesFor(set: PolicySet, subject: PolicySubject, among = 1): PolicyCandidates {
  const { places } = seenOf(set, subject)
  const found = findCandidates(set.index, { subject, places })
  return { found, sight: sightOf(set, subject, { by: found, among }) }
}

/** Prepares what policies see of a change, if these are to look through it. */
export function sightOf(
  set: PolicySet,
  subject: PolicySubject,
  { by, among }: { readonly by: readonly CompiledPolicy[]; readonly among: number },
): Sight {
  const { places, documents } = seenOf(set, subject)
  const tooLarge = subject.inDoubt === true || isTooLarge(places, looksOf(by), among)
  return { subject, ...documents, places, tooLarge, touched: undefined }
}

/**
 * Finds the policies that may match a change if those in shadow are on as well; `undefined` if none of those may. What
 * it takes to look for these is counted by itself: it leaves nothing less to those that are on.
 */
export function shadowCandidates(set: PolicySet, subject: PolicySubject, among = 1): PolicyCandidates | undefined {
  if (set.shadows === undefined) return undefined
  const { places, documents } = seenOf(set, subject)
  const shadows = findCandidates(set.shadows, { subject, places })
  if (shadows.length === 0) return undefined
  const found = [...findCandidates(set.index, { subject, places }), ...shadows]
  const tooLarge = subject.inDoubt === true || isTooLarge(places, looksOf(found), among)
  return { found, sight: { subject, ...documents, places, tooLarge, touched: undefined } }
}

function seenOf({ shapes }: PolicySet, subject: PolicySubject) {
  const { before, after, resource } = subject
  const documents = { before, after, shape: shapes.get(resource.type) ?? plainShape, lists: new Map() }
  return { documents, places: seenPlaces(subject.places, documents) }
}

/** Makes a match out of a policy that was judged, if it asks for something. */
export function matchOf(compiled: CompiledPolicy, truth: Truth, sight: Sight): Match | undefined {
  if (truth === no) return undefined
  const pinned = pinRequirements(compiled, sight)
  return pinned.length > 0 ? { compiled, truth, pinned } : undefined
}

/** Leaves out the matches that others stand in for. */
export function settledMatches(matches: readonly Match[], subject: PolicySubject): readonly Match[] {
  return withoutOverridden(withoutIdleFallbacks(matches, subject), subject)
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
  const joined = joinAsked(a, b)
  if (!a.shadow && !b.shadow) return joined
  return { ...joined, shadow: requirementsJoin(a.shadow ?? [], b.shadow ?? []) }
}

function joinAsked(a: Evaluation, b: Evaluation): Evaluation {
  if (a.requirements.length === 0) return b
  if (b.requirements.length === 0) return a
  return { requirements: requirementsJoin(a.requirements, b.requirements), rules: joinRules(a.rules, b.rules) }
}
