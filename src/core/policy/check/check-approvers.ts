import type { Placed } from '../model/condition-parts.ts'
import { approversIn, approversNamed, askedTrees } from '../model/fields-in.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { type Approvers, compareText, type NamedPeople, type Requirement } from '../model/requirement.ts'
import { completeRules } from '../model/rules-of-conduct.ts'
import { canBeMet, type PeopleAmong } from '../requirements/can-be-met.ts'
import type { DirectoryFacts, PolicyFacts } from './policy-facts.ts'

/** Finds approvers whom nobody knows, and requirements that the known ones cannot meet. */
export function checkApprovers(policy: PolicyInput, { directory }: PolicyFacts): readonly Finding[] {
  const unknown = directory ? findUnknown(policy, directory) : []
  if (unknown.length > 0) return unknown
  return [...askedTrees(policy).flatMap((tree) => checkTree(tree, policy, directory)), ...findUnnamed(policy)]
}

/** Finds approvers whom only a document, or the ownership of an agent, names: sometimes that is nobody. */
function findUnnamed(policy: PolicyInput): readonly Finding[] {
  return approversNamed(policy).flatMap(({ value, path }): readonly Finding[] => {
    const { field, owner, users, roles, otherwise } = value
    const answers = owner ? checkOwner(path) : []
    if ((field === undefined && !owner) || users || roles || otherwise || path === '/veto') return answers
    const when = owner ? 'a person asks for it' : `${field} names nobody who is known, or the resource is new`
    const problem = `nobody can approve a change where ${when}`
    const fix = 'say who can then: { "otherwise": { "roles": […] } }'
    return [...answers, { path, severity: 'warning', problem, fix }]
  })
}

/** Who owns an agent can let it ask for what they approve themselves. */
function checkOwner(path: string): readonly Finding[] {
  const problem = 'whoever owns an agent can let it ask for a change, and approve that alone'
  const fix = 'where two people have to agree, ask for another approval besides, in an all'
  return [{ path: `${path}/owner`, severity: 'hint', problem, fix }]
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
  return ({ except = {}, ...named }) => {
    if (named.field !== undefined || named.owner) return undefined
    const [among, excepted] = [personsAmong(named, directory), personsAmong(except, directory)]
    return among && new Set([...among].filter((person) => !excepted?.has(person)))
  }
}

function personsAmong({ users = [], roles = [] }: NamedPeople, directory: DirectoryFacts | undefined) {
  if (!directory) return roles.length > 0 ? undefined : new Set(users)
  const { holders, people = {}, elsewhere = [] } = directory
  const here = users.filter((user) => !elsewhere.includes(user))
  const among = [...here, ...roles.flatMap((role) => (Object.hasOwn(holders, role) ? (holders[role] ?? []) : []))]
  return new Set(among.map((user) => (Object.hasOwn(people, user) ? (people[user] ?? user) : user)))
}

function findUnknown(policy: PolicyInput, { unknownUsers, unknownRoles }: DirectoryFacts): readonly Finding[] {
  const asked = askedTrees(policy).flatMap(approversIn)
  const veto = policy.veto ? [{ value: policy.veto, path: '/veto' }] : []
  const escalated = policy.escalate ? [{ value: policy.escalate.to, path: '/escalate/to' }] : []
  const named: readonly Placed<Approvers>[] = [...asked, ...veto, ...escalated]
  const standIns = named.flatMap(({ value: { otherwise }, path }) =>
    otherwise ? [{ value: otherwise, path: `${path}/otherwise` }] : [],
  )
  const requester = policy.match.requester ? [{ value: policy.match.requester, path: '/match/requester' }] : []
  const answering: readonly Placed<Approvers>[] = [...named, ...standIns, ...requester]
  const excepted = answering.flatMap(({ value: { except }, path }) =>
    except ? [{ value: except, path: `${path}/except` }] : [],
  )
  const names = [...answering, ...excepted].flatMap(({ value: { users = [], roles = [] }, path }) => [
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
  return [...names, ...ruled].flatMap(({ kind, name, path, unknown }) => {
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
