import type { Approvers, PinnedRequirement, Requirement } from './requirement.ts'

/** A requirement that was escalated: of this policy, in this version. */
export type Escalated = Pick<PinnedRequirement, 'policy' | 'version'>

/**
 * Lets those whom a policy escalates to fill its places too, if that has happened. Everything else is asked as
 * before.
 */
export function widened(
  requirements: readonly PinnedRequirement[],
  escalated: readonly Escalated[] = [],
): readonly PinnedRequirement[] {
  if (escalated.length === 0) return requirements
  return requirements.map((requirement) => {
    const { policy, version, require, escalate } = requirement
    const happened = escalated.some((one) => one.policy === policy && one.version === version)
    return happened && escalate ? { ...requirement, require: withThem(require, escalate.to) } : requirement
  })
}

function withThem(requirement: Requirement, others: Approvers): Requirement {
  const each = (parts: readonly Requirement[]) => parts.map((part) => withThem(part, others))
  if ('quorum' in requirement) return { ...requirement, from: both(requirement.from, others) }
  if ('all' in requirement) return { all: each(requirement.all) }
  if ('any' in requirement) return { any: each(requirement.any) }
  if ('stages' in requirement) return { stages: each(requirement.stages) }
  return { ...requirement, of: each(requirement.of) }
}

function both(a: Approvers, b: Approvers): Approvers {
  const users = [...new Set([...(a.users ?? []), ...(b.users ?? [])])]
  const roles = [...new Set([...(a.roles ?? []), ...(b.roles ?? [])])]
  return { ...(users.length > 0 ? { users } : {}), ...(roles.length > 0 ? { roles } : {}) }
}
