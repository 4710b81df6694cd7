import { approversNamed } from '../model/fields-in.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Approvers } from '../model/requirement.ts'

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
 * Lists all users and roles that a policy knows: those whom it names, those whom it excepts from them, and those whose
 * changes it is about.
 */
export function mentionedPeople(policy: Pick<PolicyInput, 'match' | 'require' | 'veto' | 'escalate'>): {
  readonly users: readonly string[]
  readonly roles: readonly string[]
} {
  const asked = answering(policy).flatMap(({ except = {}, ...named }) => [named, except])
  const mentioned = [...asked, policy.match.requester ?? {}]
  return {
    users: [...new Set(mentioned.flatMap(({ users = [] }) => users))],
    roles: [...new Set(mentioned.flatMap(({ roles = [] }) => roles))],
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

function answering(policy: Pick<PolicyInput, 'require' | 'veto' | 'escalate'>): readonly Approvers[] {
  const approvers = approversNamed(policy).map(({ value }) => value)
  const standIns = approvers.flatMap(({ otherwise }) => otherwise ?? [])
  return [...approvers, ...standIns, ...(policy.escalate ? [policy.escalate.to] : [])]
}
