import type { JsonValue } from '../core/change/json.ts'
import { checkPolicy, type ResourceWords } from '../core/policy/check-policy.ts'
import { namedApprovers } from '../core/policy/named-approvers.ts'
import { parsePolicy } from '../core/policy/parse-policy.ts'
import type { Policy, PolicyInput } from '../core/policy/policy.ts'
import type { PolicyFinding, PolicyProblem } from '../core/policy/policy-problem.ts'
import type { Actor } from '../core/request/event.ts'
import { refuse, success } from '../errors.ts'
import type { Write } from '../ports/storage.ts'
import type { Context } from './context.ts'
import type { Command } from './execute.ts'
import { directoryFacts, rolesUnknown, scopeOf } from './people.ts'
import { keyOf, type PolicyRecord, type PolicySetRecord, page, put, read, type Stored, walk } from './records.ts'
import type { ResourceType } from './resource-type.ts'
import { aboutSettings, type SettingsEvent, settingsWrites } from './settings.ts'
import { maySet, projectsOf } from './settings-guard.ts'

/** So many documents of a resource type are looked at when a policy is checked. */
const examples = 100

/** Makes the command that saves a policy: a new one, or the next version of the one with its id. */
export function savePolicyCommand(context: Context, actor: Actor, input: PolicyInput): Command<Policy> {
  const parsed = parsePolicy(input)
  return {
    verb: 'save a policy',
    actor,
    about: aboutSettings,
    async attempt(at) {
      if (!parsed.ok) return parsed
      const { id } = parsed.value
      const { set, stored } = await readPolicy(context, actor.tenant, id)
      const overridden = await readOverridden(context, actor.tenant, parsed.value)
      const allowed = await maySetPolicies(context, actor, set, [parsed.value, stored?.value.policy, ...overridden])
      if (!allowed.ok) return allowed
      const findings = await findingsOf(context, actor.tenant, { policy: parsed.value, setVersion: set?.version ?? 0 })
      const errors = findings.filter(({ severity }) => severity === 'error')
      if (errors.length > 0) return refuse('invalid_policy', { policy: id, problems: errors.map(problemIn) })

      const policy: Policy = { ...parsed.value, version: (stored?.value.version ?? 0) + 1 }
      const event = { type: 'policy_saved', policy }
      return success({ writes: policyWrites(actor, set, { stored, event, policy, id, at }), answer: policy })
    },
  }
}

/** Makes the command that removes a policy. Requests that it gated keep what it asked. */
export function removePolicyCommand(context: Context, actor: Actor, id: string): Command<void> {
  return {
    verb: 'remove a policy',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set, stored } = await readPolicy(context, actor.tenant, id)
      const allowed = await maySetPolicies(context, actor, set, [stored?.value.policy])
      if (!allowed.ok) return allowed
      if (!stored?.value.policy) return refuse('unknown_policy', { policy: id })
      const event = { type: 'policy_removed', policy: id }
      return success({
        writes: policyWrites(actor, set, { stored, event, policy: null, id, at }),
        answer: undefined,
      })
    },
  }
}

/** Lists the policies in force, by id. */
export async function listPolicies({ storage }: Context, tenant: string): Promise<readonly Policy[]> {
  const policies: Policy[] = []
  for await (const { value } of walk(storage, {
    collection: 'policies',
    index: 'key',
    where: [tenant],
    order: 'ascending',
  })) {
    if (value.policy) policies.push(value.policy)
  }
  return policies
}

async function readPolicy({ storage }: Context, tenant: string, id: string) {
  return await read(storage, { set: keyOf('policySets', tenant), stored: keyOf('policies', tenant, id) })
}

/** Reads the policies that another one stands in for. */
async function readOverridden({ storage }: Context, tenant: string, { overrides = [] }: PolicyInput) {
  const { found } = await read(storage, { found: overrides.map((id) => keyOf('policies', tenant, id)) })
  return found.map((stored) => stored?.value.policy)
}

/** Whoever changes policies has to hold the permission wherever one of them gates or gated. */
async function maySetPolicies(
  context: Context,
  actor: Actor,
  set: Stored<PolicySetRecord> | undefined,
  policies: readonly (PolicyInput | null | undefined)[],
) {
  const projects = projectsOf(policies)
  return await maySet(context, actor, {
    settings: set?.value,
    permission: 'approval_settings.edit',
    projects: projects.length === 0 ? [''] : projects,
  })
}

function policyWrites(
  actor: Actor,
  set: Stored<PolicySetRecord> | undefined,
  {
    stored,
    event,
    policy,
    id,
    at,
  }: {
    readonly stored: Stored<PolicyRecord> | undefined
    readonly event: SettingsEvent
    readonly policy: Policy | null
    readonly id: string
    readonly at: number
  },
): readonly Write[] {
  const setVersion = (set?.version ?? 0) + 1
  const version = policy?.version ?? stored?.value.version ?? 0
  return [
    ...settingsWrites(actor, set, { at, event }),
    put('policies', { tenant: actor.tenant, id, version, setVersion, policy }, stored),
  ]
}

/** Says what is wrong, or only odd, about a policy, beside those in force. */
export async function checkedPolicy(
  context: Context,
  tenant: string,
  input: PolicyInput,
): Promise<readonly PolicyFinding[]> {
  const parsed = parsePolicy(input)
  if (!parsed.ok) {
    const { policy, problems } = parsed.refusal.details
    return problems.map((problem) => ({ ...problem, policy, severity: 'error' }))
  }
  const { set } = await readPolicy(context, tenant, parsed.value.id)
  const documents = await liveDocuments(context, tenant, parsed.value)
  return await findingsOf(context, tenant, { policy: parsed.value, setVersion: set?.version ?? 0, documents })
}

/** Reads some live documents of each resource type that a policy matches. */
async function liveDocuments({ storage, resources }: Context, tenant: string, { match }: PolicyInput) {
  const types = match.resource === undefined ? [...resources.keys()] : [match.resource].flat()
  const pages = types.map((type) =>
    page(storage, {
      collection: 'resources',
      index: 'key',
      where: [tenant, type],
      order: 'ascending',
      limit: examples,
    }),
  )
  const found = await Promise.all(pages)
  return new Map(
    types.map((type, at) => [type, (found[at]?.records ?? []).flatMap(({ value }) => value.document ?? [])]),
  )
}

async function findingsOf(
  { storage, directory, resources, vocabulary, policies }: Context,
  tenant: string,
  {
    policy,
    setVersion,
    documents,
  }: {
    readonly policy: PolicyInput
    readonly setVersion: number
    readonly documents?: ReadonlyMap<string, readonly JsonValue[]>
  },
): Promise<readonly PolicyFinding[]> {
  const { users, roles } = namedApprovers(policy)
  const scope = scopeOf(tenant, onlyProject(policy))
  const bypassing = policy.rules?.bypass ?? []
  const [set, known, unknownBypass] = await Promise.all([
    policies(storage, tenant, setVersion),
    directoryFacts(directory, scope, { users, roles }),
    rolesUnknown(directory, scope, bypassing),
  ])
  const others = [...set.policies.values()].map((compiled) => compiled.policy).filter(({ id }) => id !== policy.id)
  return checkPolicy(policy, {
    others,
    predicates: Object.keys(vocabulary.predicates ?? {}),
    resources: Object.fromEntries([...resources].map(([type, words]) => [type, wordsOf(words, documents?.get(type))])),
    directory: { ...known, unknownRoles: [...known.unknownRoles, ...unknownBypass] },
  })
}

/** The project whose people a policy asks; empty where they may be those of any project. */
function onlyProject({ match: { project } }: PolicyInput): string {
  const projects = [project ?? []].flat()
  return projects.length === 1 ? (projects[0] ?? '') : ''
}

function wordsOf(
  { actions, facets, groups, shape }: ResourceType,
  documents: readonly JsonValue[] | undefined,
): ResourceWords {
  return { actions, groups, facets, shape, ...(documents ? { documents } : {}) }
}

function problemIn({ path, problem, fix }: PolicyFinding): PolicyProblem {
  return { path, problem, fix }
}
