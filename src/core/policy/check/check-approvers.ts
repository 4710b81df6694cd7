import type { Placed } from '../model/condition-parts.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { type Approvers, compareText, type Requirement } from '../model/requirement.ts'
import { completeRules } from '../model/rules-of-conduct.ts'
import { canBeMet, type PeopleAmong } from '../requirements/can-be-met.ts'
import type { DirectoryFacts, PolicyFacts } from './policy-facts.ts'

/** Finds approvers whom nobody knows, and requirements that the known ones cannot meet. */
export function checkApprovers(policy: PolicyInput, { directory }: PolicyFacts): readonly Finding[] {
  const unknown = directory ? findUnknown(policy, directory) : []
  return unknown.length > 0 ? unknown : askedTrees(policy).flatMap((tree) => checkTree(tree, policy, directory))
}

/** Lists everything that a policy asks for, each tree with its place. */
export function askedTrees({ require }: PolicyInput): readonly Placed<Requirement>[] {
  if (!('owners' in require)) return [{ value: require, path: '/require' }]
  const owners = require.owners.map(({ field: _, ...need }, index) => ({
    value: need,
    path: `/require/owners/${index}`,
  }))
  return [...owners, ...(require.otherwise ? [{ value: require.otherwise, path: '/require/otherwise' }] : [])]
}

function checkTree(
  { value, path }: Placed<Requirement>,
  policy: PolicyInput,
  directory?: DirectoryFacts,
): readonly Finding[] {
  const people = peopleKnown(directory)
  if (!canBeMet(value, people)) {
    const problem = directory
      ? 'the people who could approve are too few'
      : 'it asks for more different people than it names'
    return [{ path, severity: 'error', problem, fix: 'name more people or roles, or ask for fewer approvals' }]
  }
  const stuck = completeRules(policy.rules).selfApproval ? [] : requestersStuck(value, people)
  if (stuck.length === 0) return []
  const problem = `nobody else can approve what ${stuck.join(' or ')} asks for`
  return [{ path, severity: 'warning', problem, fix: 'name one more approver, or allow selfApproval' }]
}

/** The approvers whose own requests could not be approved without them. */
function requestersStuck(requirement: Requirement, people: PeopleAmong): readonly string[] {
  const everybody = new Set(
    approversIn({ value: requirement, path: '' }).flatMap(({ value }) => [...(people(value) ?? [])]),
  )
  if (everybody.size > most) return []
  return [...everybody].sort(compareText).filter((requester) => {
    const others: PeopleAmong = (approvers) => {
      const among = people(approvers)
      return among && new Set([...among].filter((person) => person !== requester))
    }
    return !canBeMet(requirement, others)
  })
}

const most = 50

/** Says who is among approvers, as far as the directory was asked. */
export function peopleKnown(directory: DirectoryFacts | undefined): PeopleAmong {
  return ({ users = [], roles = [] }) => {
    if (!directory) return roles.length > 0 ? undefined : new Set(users)
    const { holders, people = {} } = directory
    const among = [...users, ...roles.flatMap((role) => (Object.hasOwn(holders, role) ? (holders[role] ?? []) : []))]
    return new Set(among.map((user) => (Object.hasOwn(people, user) ? (people[user] ?? user) : user)))
  }
}

function findUnknown(policy: PolicyInput, { unknownUsers, unknownRoles }: DirectoryFacts): readonly Finding[] {
  const asked = askedTrees(policy).flatMap(approversIn)
  const veto = policy.veto ? [{ value: policy.veto, path: '/veto' }] : []
  const escalated = policy.escalate ? [{ value: policy.escalate.to, path: '/escalate/to' }] : []
  const named = [...asked, ...veto, ...escalated].flatMap(({ value: { users = [], roles = [] }, path }) => [
    ...users.map((name, index) => ({ kind: 'user', name, path: `${path}/users/${index}`, unknown: unknownUsers })),
    ...roles.map((name, index) => ({ kind: 'role', name, path: `${path}/roles/${index}`, unknown: unknownRoles })),
  ])
  const ruled = (['bypass', 'breakGlass'] as const).flatMap((rule) =>
    (policy.rules?.[rule] ?? []).map((name, index) => ({
      kind: 'role',
      name,
      path: `/rules/${rule}/${index}`,
      unknown: unknownRoles,
    })),
  )
  return [...named, ...ruled].flatMap(({ kind, name, path, unknown }) => {
    if (!unknown.includes(name)) return []
    const problem = `the directory knows no ${kind} ${JSON.stringify(name)}`
    return {
      path,
      severity: 'error' as const,
      problem,
      fix: `correct the name, or add the ${kind} to the directory first`,
    }
  })
}

function approversIn({ value, path }: Placed<Requirement>): readonly Placed<Approvers>[] {
  if ('quorum' in value) return [{ value: value.from, path: `${path}/from` }]
  const [name, parts] =
    'all' in value
      ? (['all', value.all] as const)
      : 'any' in value
        ? (['any', value.any] as const)
        : 'stages' in value
          ? (['stages', value.stages] as const)
          : (['of', value.of] as const)
  return parts.flatMap((part, index) => approversIn({ value: part, path: `${path}/${name}/${index}` }))
}
