import type { PolicyInput } from '../model/policy.ts'
import type { Approvers, Requirement } from '../model/requirement.ts'

/**
 * Lists all users and roles that a policy names, each once: those whom the directory has to know before the policy is
 * saved.
 *
 * @example
 * ```ts
 * const { users, roles } = namedApprovers(policy)
 * ```
 */
export function namedApprovers(policy: Pick<PolicyInput, 'require' | 'veto' | 'escalate'>): {
  readonly users: readonly string[]
  readonly roles: readonly string[]
} {
  const approvers = answering(policy)
  return {
    users: [...new Set(approvers.flatMap(({ users = [] }) => users))],
    roles: [...new Set(approvers.flatMap(({ roles = [] }) => roles))],
  }
}

/**
 * Lists everybody to whom a policy gives power, one entry for each: to approve, veto, step in, bypass it, or break
 * the glass.
 */
export function empowered(policy: Pick<PolicyInput, 'require' | 'veto' | 'escalate' | 'rules'>): readonly Approvers[] {
  const { bypass = [], breakGlass = [] } = policy.rules ?? {}
  return [...answering(policy), { roles: bypass }, { roles: breakGlass }]
}

function answering({ require, veto, escalate }: Pick<PolicyInput, 'require' | 'veto' | 'escalate'>) {
  const asked = 'owners' in require ? [...require.owners, ...(require.otherwise ? [require.otherwise] : [])] : [require]
  return [...asked.flatMap(approversOf), ...(veto ? [veto] : []), ...(escalate ? [escalate.to] : [])]
}

function approversOf(requirement: Requirement): readonly Approvers[] {
  if ('quorum' in requirement) return [requirement.from]
  if ('all' in requirement) return requirement.all.flatMap(approversOf)
  if ('any' in requirement) return requirement.any.flatMap(approversOf)
  if ('stages' in requirement) return requirement.stages.flatMap(approversOf)
  return requirement.of.flatMap(approversOf)
}
