import type { PinnedRequirement, Requirement } from '../model/requirement.ts'

/**
 * Counts how many people it takes at least until everything is met. Zero only if nothing is asked.
 *
 * A person fills one place inside a policy and may fill places of several, so it is the most that one policy takes.
 *
 * @example
 * ```ts
 * const fewest = fewestApprovals(evaluate(inForce, change).requirements)
 * ```
 */
export function fewestApprovals(requirements: readonly Pick<PinnedRequirement, 'require'>[]): number {
  return Math.max(0, ...requirements.map(({ require }) => fewest(require)))
}

function fewest(requirement: Requirement): number {
  if ('quorum' in requirement) return requirement.quorum
  if ('all' in requirement) return sum(requirement.all.map(fewest))
  if ('stages' in requirement) return sum(requirement.stages.map(fewest))
  if ('any' in requirement) return Math.min(...requirement.any.map(fewest))
  const sizes = requirement.of.map(fewest).sort((a, b) => a - b)
  return sum(sizes.slice(0, requirement.atLeast))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
