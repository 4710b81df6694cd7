import { defined } from '../defined.ts'
import type { Approvers, Need, PinnedRequirement, Requirement } from '../policy/model/requirement.ts'
import { type ApprovalLimits, type AskedNeed, countsFor } from './approval-limits.ts'
import { holdsVeto, isAmong, type KnownUser, type Voter } from './voter.ts'

/** Lists the needs of requirements: the leaves of their trees. */
export function needsOf(requirements: readonly PinnedRequirement[]): readonly Need[] {
  return requirements.flatMap(({ require }) => leaves(require))
}

function leaves(requirement: Requirement): readonly Need[] {
  if ('quorum' in requirement) return [requirement]
  if ('all' in requirement) return requirement.all.flatMap(leaves)
  if ('any' in requirement) return requirement.any.flatMap(leaves)
  if ('stages' in requirement) return requirement.stages.flatMap(leaves)
  return requirement.of.flatMap(leaves)
}

/** Lists everybody whom requirements are put to: those who are asked to approve, and those who can veto. */
export function peopleAsked(requirements: readonly PinnedRequirement[]): readonly Approvers[] {
  return [...needsOf(requirements).map(({ from }) => from), ...vetoesOf(requirements)]
}

/** Lists who can veto. */
export function vetoesOf(requirements: readonly PinnedRequirement[]): readonly Approvers[] {
  return requirements.flatMap(({ veto }) => veto ?? [])
}

/** Lists the places of requirements that put them to a user: where they are asked to approve, or can veto. */
export function askedAs(user: KnownUser, requirements: readonly PinnedRequirement[]): readonly Approvers[] {
  const needs = needsOf(requirements).flatMap(({ from }) => (isAmong(user, from) ? from : []))
  return [...needs, ...vetoesOf(requirements).filter((veto) => holdsVeto(user, veto))]
}

/** Lists the users whom requirements except: the directory has to say who is behind them. */
export function usersExcepted(requirements: readonly PinnedRequirement[]): readonly string[] {
  return [...new Set(peopleAsked(requirements).flatMap(({ except }) => except?.users ?? []))]
}

/** Tells whether an approval counts for everything that its owner is asked about. */
export function countsForAll(
  limits: ApprovalLimits | undefined,
  owner: KnownUser | Voter,
  requirements: readonly PinnedRequirement[],
): boolean {
  if (limits === undefined) return true
  return requirements.every((one) => {
    const asked = needsOf([one]).filter(({ from }) => isAmong(owner, from))
    return asked.every((need) => countsFor(limits, one, need))
  })
}

/** Lists the needs that ask somebody, and as whom. */
export function needsAsking(user: KnownUser, requirements: readonly PinnedRequirement[]): readonly AskedNeed[] {
  return requirements.flatMap((requirement) => {
    const { policy, version, source } = requirement
    const asking = needsOf([requirement]).filter(({ from }) => isAmong(user, from))
    return asking.map(({ about, from: { users, roles } }) => ({
      ...{ policy, version },
      ...defined({ source, about, users: users?.filter((id) => id === user.id) }),
      ...defined({ roles: roles?.filter((role) => user.roles.includes(role)) }),
    }))
  })
}
