import type { PolicyInput } from '../model/policy.ts'
import type { PolicyFinding } from '../model/policy-finding.ts'
import { checkApprovers } from './check-approvers.ts'
import { checkConditions } from './check-conditions.ts'
import { checkConduct } from './check-conduct.ts'
import { checkPlaces } from './check-fields.ts'
import { checkLists } from './check-lists.ts'
import { checkWords } from './check-names.ts'
import { checkOthers } from './check-other-policies.ts'
import { checkSchemas } from './check-schema.ts'
import { checkWaysRound } from './check-ways-round.ts'
import type { PolicyFacts } from './policy-facts.ts'

/**
 * Finds what is wrong, or only odd, about a policy: an error has to be mended before it can be saved.
 *
 * Errors are names that nobody knows, conditions that never or always hold, quorums that nobody can reach, overrides
 * that lead in a circle.
 *
 * @example
 * ```ts
 * const findings = checkPolicy(policy, { projects: ['shop'], others: policies })
 * const errors = findings.filter(({ severity }) => severity === 'error')
 * ```
 */
export function checkPolicy(policy: PolicyInput, facts: PolicyFacts = {}): readonly PolicyFinding[] {
  const checks = [
    checkConditions,
    checkApprovers,
    checkConduct,
    checkWords,
    checkSchemas,
    checkPlaces,
    checkLists,
    checkOthers,
    checkWaysRound,
  ]
  const findings = checks.flatMap((check) => check(policy, facts))
  const wrong = new Set(findings.flatMap(({ severity, path }) => (severity === 'error' ? [path] : [])))
  // Of what has to be mended anyway, no hint says more.
  const told = findings.filter(({ severity, path }) => severity !== 'hint' || !wrong.has(path))
  return told.map((finding) => ({ policy: policy.id, ...finding }))
}

/**
 * Checks each of the policies in force beside the others.
 *
 * @example
 * ```ts
 * for (const { policy, problem, fix } of lintPolicies(policies)) console.log(policy, problem, fix)
 * ```
 */
export function lintPolicies(
  policies: readonly PolicyInput[],
  facts: Omit<PolicyFacts, 'others'> = {},
): readonly PolicyFinding[] {
  return policies.flatMap((policy) => checkPolicy(policy, { ...facts, others: policies }))
}
