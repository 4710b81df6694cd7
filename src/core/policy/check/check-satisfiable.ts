import { widened } from '../model/escalation.ts'
import { approversIn, askedTrees } from '../model/fields-in.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Requirement } from '../model/requirement.ts'
import { canBeMet, type PeopleAmong } from '../requirements/can-be-met.ts'
import { describeRequirement } from '../requirements/describe-requirement.ts'
import { missingPeople } from '../requirements/missing-people.ts'
import { peopleKnown } from './check-approvers.ts'
import type { DirectoryFacts } from './policy-facts.ts'

/**
 * Says in words what keeps a policy from being satisfied by the people whom the directory knows in a project (an empty
 * one is none), even once it has escalated. Empty if they could satisfy it.
 */
export function unsatisfiable(
  policy: Pick<PolicyInput, 'require' | 'escalate'>,
  directory: DirectoryFacts,
  project: string,
): readonly string[] {
  const people = peopleThere(directory)
  const trees = askedTrees(policy).map(({ value }) => escalatedTo(value, policy.escalate))
  const unmet = trees.filter((tree) => !canBeMet(tree, people))
  return [...new Set(unmet.flatMap((tree) => lacking(tree, directory, project)))]
}

function escalatedTo(require: Requirement, escalate: PolicyInput['escalate']): Requirement {
  const pinned = { policy: '', version: 0, require, ...(escalate ? { escalate } : {}) }
  return widened([pinned], [pinned])[0]?.require ?? require
}

/** Those among approvers whom the directory knows. Whom a document or an agent names is not known before a change. */
function peopleThere(directory: DirectoryFacts): PeopleAmong {
  const people = peopleKnown(directory)
  return ({ users = [], ...approvers }) =>
    people({ ...approvers, users: users.filter((user) => !directory.unknownUsers.includes(user)) })
}

function lacking(tree: Requirement, { holders, unknownUsers }: DirectoryFacts, project: string): readonly string[] {
  const there = {
    isHeld: (role: string) => Object.hasOwn(holders, role) && (holders[role] ?? []).length > 0,
    isKnown: (user: string) => !unknownUsers.includes(user),
  }
  const named = approversIn({ value: tree, path: '' })
  const missing = named.flatMap(({ value }) => missingPeople(value, there, [project]))
  return missing.length > 0 ? missing : [`the people who could approve are too few for ${describeRequirement(tree)}`]
}
