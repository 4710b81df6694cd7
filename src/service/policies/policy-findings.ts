import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { checkLockOut, type PolicyPeople } from '../../core/policy/check/check-lock-out.ts'
import { checkPolicy } from '../../core/policy/check/check-policy.ts'
import type { DirectoryFacts, ResourceWords } from '../../core/policy/check/policy-facts.ts'
import type { PolicyInput } from '../../core/policy/model/policy.ts'
import type { Finding, PolicyFinding, PolicyProblem } from '../../core/policy/model/policy-finding.ts'
import { gatesPolicies } from '../../core/policy/model/policy-type.ts'
import { mentionedPeople } from '../../core/policy/requirements/named-approvers.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import { projectsConcerned } from '../access/check-permission.ts'
import { holdingsFor } from '../context/access-control.ts'
import type { Context } from '../context/context.ts'
import { knownUsers, rolesUnknown, scopeOf } from '../people/ask-directory.ts'
import { directoryFacts } from '../people/ask-holders.ts'
import { adminApprovers } from '../people/settings-admins.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { jsonSchemaOf } from '../resource-types/json-schema.ts'
import { type NextPolicy, policiesIn } from '../resource-types/policy-resource.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'

/** The state of the policies that others are judged beside. */
export interface PolicyState {
  readonly tenant: string
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: PolicySetState
  /** Some live documents by their type, if the fields of policies are to be looked for in them. */
  readonly documents?: ReadonlyMap<string, readonly JsonValue[]>
  /** The ids of policies that whoever asks may not read: nothing is said of them. */
  readonly hidden?: ReadonlySet<string>
}

/**
 * Why policies cannot be changed so: what is wrong with one of them beside those that would be in force with it.
 * Undefined if nothing is.
 */
export async function policyRefusal(
  context: Context,
  state: PolicyState,
  changes: readonly ProposedChange[],
): Promise<Refusal | undefined> {
  const next = policiesIn(changes)
  if (next.length === 0) return undefined
  const findings = await findingsOf(context, state, next)
  const [first] = findings.filter(({ severity }) => severity === 'error')
  if (!first) return undefined
  const { policy } = first
  const problems = findings.filter((one) => one.severity === 'error' && one.policy === policy).map(problemIn)
  return refuse('invalid_policy', { policy, problems }).refusal
}

/** Finds what is wrong, or only odd, about policies, beside those that would be in force with them. */
export async function findingsOf(
  context: Context,
  state: PolicyState,
  next: readonly NextPolicy[],
): Promise<readonly PolicyFinding[]> {
  const { storage, policies } = context
  const { saved: inForce, inCode } = await policies(storage, state.tenant, state.setVersion)
  const before = new Map<string, PolicyInput>([...inForce.policies].map(([id, { policy }]) => [id, policy]))
  const after = new Map(before)
  for (const { id, policy } of next) {
    if (policy) after.set(id, policy)
    else after.delete(id)
  }
  const coded = [...inCode.policies.values()].map(({ policy }) => policy)
  const all = [...coded, ...after.values()]
  const found = await Promise.all(next.map((one) => findingsOfOne(context, state, { ...one, all })))
  const [gate] = next.filter(({ id, policy }) => [before.get(id), policy].some((one) => one && gatesPolicies(one)))
  const lockOut = gate && (await newLockOut(context, state, { before: [...coded, ...before.values()], after: all }))
  return [...found.flat(), ...(lockOut ? [{ policy: gate.id, ...lockOut }] : [])]
}

/**
 * Finds out whether a change locks everybody out of the policies. If they are locked out already, it may be a step
 * of the way back.
 */
async function newLockOut(
  context: Context,
  state: PolicyState,
  { before, after }: { readonly before: readonly PolicyInput[]; readonly after: readonly PolicyInput[] },
): Promise<Finding | undefined> {
  const people = await policyPeople(context, state, [...before, ...after].filter(gatesPolicies))
  return checkLockOut(before, people) ? undefined : checkLockOut(after, people)
}

async function findingsOfOne(
  { directory, resources, vocabulary, coded }: Context,
  { tenant, documents, hidden }: PolicyState,
  { id, policy, all }: NextPolicy & { readonly all: readonly PolicyInput[] },
): Promise<readonly PolicyFinding[]> {
  if (!policy) return []
  if (policy.id !== id) {
    const problem = `is ${JSON.stringify(policy.id)}, and the policy is ${JSON.stringify(id)}`
    return [
      { policy: id, path: '/id', severity: 'error', problem, fix: 'keep the id, or submit a policy of that name' },
    ]
  }
  const known = await namedBy({ directory }, { tenant, policy })
  const taken = checkCoded(policy, coded)
  const around = {
    others: all.filter((other) => other.id !== id && !hidden?.has(other.id)),
    predicates: Object.keys(vocabulary.predicates ?? {}),
    resources: resourceWords({ resources }, documents),
  }
  const findings = findingsIn(known, (there) => checkPolicy(policy, { ...around, directory: there }))
  return [...taken.map((finding) => ({ policy: id, ...finding })), ...findings]
}

/** What the directory says about those whom a policy names, in one of the projects that the policy names. */
interface KnownIn {
  readonly project: string
  readonly directory: DirectoryFacts
}

/**
 * Asks the directory about those whom a policy names: in each of the projects that the policy names, since approvers
 * answer in the project of a change, or in the tenant if it names none. A name is unknown if it is so in all of them.
 */
export async function namedBy(
  { directory }: Pick<Context, 'directory'>,
  { tenant, policy }: { readonly tenant: string; readonly policy: PolicyInput },
): Promise<readonly KnownIn[]> {
  const { users, roles } = mentionedPeople(policy)
  const bypassing = policy.rules?.bypass ?? []
  const each = await Promise.all(
    projectsConcerned([policy]).map(async (project) => {
      const scope = scopeOf(tenant, project)
      const [facts, unknownBypass] = await Promise.all([
        directoryFacts(directory, scope, { users, roles }),
        rolesUnknown(directory, scope, bypassing),
      ])
      return { project, facts, unknownRoles: [...facts.unknownRoles, ...unknownBypass] }
    }),
  )
  const inAll = (of: (one: (typeof each)[number]) => readonly string[]) =>
    [...new Set(each.flatMap(of))].filter((name) => each.every((one) => of(one).includes(name)))
  const unknownUsers = inAll(({ facts }) => facts.unknownUsers)
  const unknownRoles = inAll((one) => one.unknownRoles)
  return each.map(({ project, facts }) => {
    const elsewhere = facts.unknownUsers.filter((user) => !unknownUsers.includes(user))
    return { project, directory: { ...facts, unknownUsers, unknownRoles, elsewhere } }
  })
}

/**
 * Gives what is found in any of the projects of a policy. Of what is not found in all of them it says where it is: that
 * refuses no policy, since it can be satisfied elsewhere.
 */
export function findingsIn<F extends Finding>(
  known: readonly KnownIn[],
  check: (directory: DirectoryFacts) => readonly F[],
): readonly F[] {
  const found = known.map(({ project, directory }) => ({ project, findings: check(directory) }))
  const all = new Map(found.flatMap(({ findings }) => findings.map((one) => [JSON.stringify(one), one] as const)))
  return [...all].map(([key, finding]) => {
    const there = found.filter(({ findings }) => findings.some((one) => JSON.stringify(one) === key))
    if (there.length === found.length) return finding
    const places = there.map(({ project }) => JSON.stringify(project)).join(' and ')
    const severity = finding.severity === 'error' ? 'warning' : finding.severity
    return { ...finding, severity, problem: `${finding.problem} in project ${places}` }
  })
}

/** Finds where a policy that is saved would take the place of one in code. */
function checkCoded({ id, overrides = [] }: PolicyInput, coded: Context['coded']): readonly Finding[] {
  const isCoded = (one: string) => coded?.set.policies.has(one) === true
  const own: Finding = {
    path: '/id',
    severity: 'error',
    problem: `${JSON.stringify(id)} is the id of a policy that the application gives in code`,
    fix: 'save it under another id: what the policy in code asks holds besides',
  }
  return [
    ...(isCoded(id) ? [own] : []),
    ...overrides.flatMap((one, index): readonly Finding[] => {
      const problem = `${JSON.stringify(one)} is given in code: nothing overrides it in a tenant`
      const fix = 'take it out of overrides'
      return isCoded(one) ? [{ path: `/overrides/${index}`, severity: 'error', problem, fix }] : []
    }),
  ]
}

/**
 * Asks the directory who could approve changes of policies, and who may ask for them: in the whole tenant, as
 * policies belong to no project.
 */
async function policyPeople(
  context: Context,
  { tenant, settings }: PolicyState,
  gates: readonly PolicyInput[],
): Promise<PolicyPeople> {
  const { directory, access } = context
  const scope = scopeOf(tenant, '')
  const admins = adminApprovers(context, settings)
  const named = [...gates.map(mentionedPeople), admins]
  const facts = await directoryFacts(directory, scope, {
    users: [...new Set(named.flatMap(({ users = [] }) => users))],
    roles: [...new Set(named.flatMap(({ roles = [] }) => roles))],
  })
  const { holders, people = {} } = facts
  const known = await knownUsers(directory, scope, Object.keys(people))
  const holds = (user: string, role: string) => !known.has(user) || known.get(user)?.roles.includes(role) === true
  const held = Object.entries(holders).map(([role, users]) => [role, users.filter((user) => holds(user, role))])
  const there = { ...facts, holders: Object.fromEntries(held) }
  if (access.type === 'admins' && access.admins === 'anyone') return { directory: there }
  const changers = [...known.values()].filter((user) =>
    holdingsFor(access, settings, { user, project: '' }).permissions.has('approval_settings.edit'),
  )
  return { directory: there, changers: changers.map(({ id }) => id) }
}

/** What policies can say of each resource type. */
export function resourceWords(
  { resources }: Pick<Context, 'resources'>,
  documents?: PolicyState['documents'],
): Readonly<Record<string, ResourceWords>> {
  return Object.fromEntries([...resources].map(([type, words]) => [type, wordsOf(words, documents?.get(type))]))
}

function wordsOf(
  { schema: validator, actions, facets, groups, shape }: ResourceType,
  documents: readonly JsonValue[] | undefined,
): ResourceWords {
  const schema = jsonSchemaOf(validator)
  return { actions, groups, facets, shape, ...defined({ schema, documents }) }
}

function problemIn({ path, problem, fix }: PolicyFinding): PolicyProblem {
  return { path, problem, fix }
}
