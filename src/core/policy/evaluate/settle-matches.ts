import type { CompiledPolicy } from '../compile/compile-policy.ts'
import { isAskedByAll } from '../model/circumstances.ts'
import type { PolicySubject } from '../model/policy.ts'
import type { PinnedRequirement } from '../model/requirement.ts'
import { type Truth, yes } from './truth.ts'

/** A policy that asks for approval of a change. */
export interface Match {
  readonly compiled: CompiledPolicy
  /** Yes, or unknown: the gate is closed because nobody can say. */
  readonly truth: Truth
  /** What it asks; never empty. */
  readonly pinned: readonly PinnedRequirement[]
}

/**
 * Leaves out the fallbacks that have nothing to serve: for every action, a policy of the project certainly asks for
 * approval itself. As overrides do, it says who is asked, never whether somebody is.
 */
export function withoutIdleFallbacks(matches: readonly Match[], subject: PolicySubject): readonly Match[] {
  if (!matches.some(({ compiled }) => compiled.policy.fallback)) return matches
  const open = new Set(subject.actions)
  for (const match of matches) {
    const { compiled } = match
    if (compiled.policy.fallback || !compiled.projects || !isCertain(match, subject)) continue
    for (const action of compiled.actions ?? subject.actions) open.delete(action)
  }
  return matches.filter(
    ({ compiled: { policy, actions } }) =>
      !policy.fallback ||
      subject.actions.length === 0 ||
      [...open].some((action) => !actions || actions.includes(action)),
  )
}

/**
 * Tells whether a policy certainly asks, and of everybody behind the change: what one of them asks for does not take
 * the place of what is asked of the others.
 */
export function isCertain({ truth, compiled: { requester } }: Match, { around }: PolicySubject): boolean {
  return truth === yes && (requester === undefined || (around !== undefined && isAskedByAll(requester, around)))
}

/**
 * Leaves out the policies that are overridden.
 *
 * A policy overrides only if it certainly asks for approval itself, of everybody behind the change, and is not
 * overridden: overrides say who is asked, never whether somebody is. Those that override each other in a circle all
 * stand.
 */
export function withoutOverridden(matches: readonly Match[], subject: PolicySubject): readonly Match[] {
  if (!matches.some(({ compiled }) => compiled.policy.overrides)) return matches
  const byId = new Map(matches.map((match) => [match.compiled.policy.id, match]))
  const targets = (match: Match) => {
    const { overrides = [] } = match.compiled.policy
    return isCertain(match, subject) ? overrides.flatMap((id) => byId.get(id) ?? []) : []
  }

  const claims = new Map(matches.map((match) => [match, 0]))
  const count = (match: Match, by: number) => {
    const left = (claims.get(match) ?? 0) + by
    claims.set(match, left)
    return left
  }
  for (const match of matches) for (const target of targets(match)) count(target, 1)

  const overridden = new Set<Match>()
  const standing = matches.filter((match) => claims.get(match) === 0)
  for (const match of standing) {
    for (const target of targets(match)) {
      if (overridden.has(target)) continue
      overridden.add(target)
      for (const freed of targets(target)) if (count(freed, -1) === 0 && !overridden.has(freed)) standing.push(freed)
    }
  }
  return matches.filter((match) => !overridden.has(match))
}
