import { defined } from '../../defined.ts'
import {
  type Approvers,
  mapNeeds,
  type NamedPeople,
  type Need,
  type PinnedRequirement,
  type Requirement,
} from './requirement.ts'

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
    return happened && escalate
      ? { ...requirement, require: mapNeeds(require, (need) => withThem(need, escalate.to)) }
      : requirement
  })
}

function withThem(need: Need, others: NamedPeople): Requirement {
  // The owner of an agent counts in a place of their own: it stays theirs, beside one for the others.
  if (need.from.owner) return { any: [need, { ...need, from: others }] }
  return { ...need, from: both(need.from, others) }
}

/** Whoever is excepted stays so. */
function both(a: Approvers, b: NamedPeople): Approvers {
  const users = [...new Set([...(a.users ?? []), ...(b.users ?? [])])]
  const roles = [...new Set([...(a.roles ?? []), ...(b.roles ?? [])])]
  return {
    ...(users.length > 0 ? { users } : {}),
    ...(roles.length > 0 ? { roles } : {}),
    ...defined({ except: a.except, field: a.field }),
  }
}
