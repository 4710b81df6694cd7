import { askedTrees } from '../model/fields-in.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { gatesPolicies } from '../model/policy-type.ts'
import { completeRules, joinRules } from '../model/rules-of-conduct.ts'
import { canBeMet, type PeopleAmong } from '../requirements/can-be-met.ts'
import { peopleKnown } from './check-approvers.ts'
import type { DirectoryFacts } from './policy-facts.ts'

/** Who could change policies. */
export interface PolicyPeople {
  /** What the directory says, for the whole tenant, of those whom the policies about policies name. */
  readonly directory: DirectoryFacts
  /** The users who may ask for a change of a policy; left out if that is anybody. */
  readonly changers?: readonly string[]
}

/**
 * Finds out whether nobody could change policies any more once these are in force: whether no user who may ask for
 * that could get what every policy about policies asks. One of them that forbids selfApproval forbids it for all, as
 * it does in a review.
 */
export function checkLockOut(
  policies: readonly PolicyInput[],
  { directory, changers }: PolicyPeople,
): Finding | undefined {
  const gates = policies.filter(gatesPolicies)
  if (gates.length === 0) return undefined
  const people = peopleThere(directory)
  const requesters = changers === undefined ? [undefined] : [...(people({ users: changers }) ?? [])]
  const { selfApproval } = gates.map(({ rules }) => completeRules(rules)).reduce(joinRules)
  const canChange = (gate: PolicyInput, requester: string | undefined) => {
    const others = selfApproval ? people : without(people, requester)
    return askedTrees(gate).every(({ value }) => canBeMet(value, others))
  }
  if (requesters.some((one) => gates.every((gate) => canChange(gate, one)))) return undefined
  const stuck = gates.filter((gate) => !requesters.some((one) => canChange(gate, one)))
  const names = (stuck.length > 0 ? stuck : gates).map(({ id }) => JSON.stringify(id)).join(' and ')
  return {
    path: '/require',
    severity: 'error',
    problem: `nobody could change policies any more: none of those who may ask for that could get the approvals of ${names}`,
    fix: 'name more approvers there, let somebody else change policies too, or allow selfApproval',
  }
}

/** Those among approvers whom the directory knows. A policy names nobody itself, and people ask for its change. */
function peopleThere(directory: DirectoryFacts): PeopleAmong {
  const people = peopleKnown(directory)
  return ({ users = [], roles = [], field, owner, otherwise = {}, ...approvers }) => {
    const others = field === undefined && !owner ? {} : otherwise
    const named = [...users, ...(others.users ?? [])].filter((user) => !directory.unknownUsers.includes(user))
    return people({ ...approvers, users: named, roles: [...roles, ...(others.roles ?? [])] })
  }
}

function without(people: PeopleAmong, requester: string | undefined): PeopleAmong {
  return (approvers) => {
    const among = people(approvers)
    return among && new Set([...among].filter((person) => person !== requester))
  }
}
