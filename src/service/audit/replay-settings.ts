import type { Grant } from '../../core/access/grant.ts'
import type { ResourceAccess } from '../../core/access/resource-access.ts'
import type { RoleDefinition } from '../../core/access/role.ts'
import { canonical } from '../../core/json/canonical.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { Policy } from '../../core/policy/model/policy.ts'
import { policyType, workflowType } from '../../core/policy/model/policy-type.ts'
import type { Storage } from '../../ports/storage.ts'
import { belongsTo } from '../access/accounts.ts'
import type { Account } from '../access/persons.ts'
import { codedDigest } from '../context/coded-policies.ts'
import { turned } from '../context/workflow-switch.ts'
import { type Freeze, withFreeze, withoutFreeze } from '../records/freeze-records.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { PolicyRecord, PolicySetRecord, RecordedPolicies } from '../records/record-types.ts'
import { read, recordKey, walk } from '../records/typed-storage.ts'
import type { WorkflowSwitch } from '../records/workflow-records.ts'
import { projectOfSwitch, type Turn, type WorkflowDocument } from '../resource-types/workflow-resource.ts'
import { accountProblem, departureProblem, grantProblem, nameOf } from './people-problems.ts'
import type { Replay } from './replay.ts'

/** What happened to the settings, as far as records were made of it. */
type Happened =
  | { readonly type: 'policy_saved'; readonly policy: Policy }
  | { readonly type: 'policy_removed'; readonly policy: string }
  | {
      readonly type: 'policies_changed'
      readonly changes: readonly { readonly id: string; readonly policy: Policy | null }[]
    }
  | {
      readonly type: 'roles_changed' | 'first_admin_appointed'
      readonly give: readonly Grant[]
      readonly take: readonly Grant[]
    }
  | { readonly type: 'role_saved'; readonly role: RoleDefinition }
  | { readonly type: 'role_removed'; readonly role: string }
  | { readonly type: 'default_access_set'; readonly access: ResourceAccess['type'] }
  | { readonly type: 'freeze_saved'; readonly freeze: Freeze }
  | { readonly type: 'freeze_removed'; readonly freeze: string }
  | ({
      readonly type: 'coded_policies_recorded'
      readonly policies: readonly Policy[]
    } & RecordedPolicies)
  | ({ readonly type: 'account_set' } & Account)
  | { readonly type: 'user_departed'; readonly user: string; readonly at: number; readonly take?: readonly Grant[] }
  | { readonly type: 'user_returned'; readonly user: string }
  | ({ readonly type: 'workflow_switched'; readonly at: number } & Turn)

/** What was said of the settings last, if anything was. */
interface Told {
  readonly firstAdmin?: string | undefined
  readonly defaultAccess?: ResourceAccess['type']
  readonly workflow?: readonly WorkflowSwitch[]
  readonly freezes?: readonly Freeze[]
  readonly inCode?: RecordedPolicies
}

/** Follows the settings of a tenant: its policies, roles and grants have to be what the events made of them. */
export function replaySettings(storage: Storage, tenant: string): Replay {
  const policies = new Map<string, SavedPolicy>()
  const put = (id: string, policy: Policy | null, setVersion: number) => {
    const version = policy?.version ?? policies.get(id)?.version ?? 0
    policies.set(id, { policy, version, setVersion })
  }
  const roles = new Map<string, RoleDefinition>()
  const grants = new Map<string, Grant>()
  const accounts = new Map<string, string>()
  const departed = new Map<string, number>()
  let told: Told = {}
  return {
    async take({ event, seq: setVersion }) {
      const happened = event as unknown as Happened
      switch (happened.type) {
        case 'policy_saved':
        case 'policy_removed':
        case 'policies_changed':
          for (const { id, policy } of policiesChanged(happened)) put(id, policy, setVersion)
          break
        case 'role_saved':
          roles.set(happened.role.id, happened.role)
          break
        case 'coded_policies_recorded':
        case 'default_access_set':
        case 'workflow_switched':
        case 'freeze_saved':
        case 'freeze_removed':
          told = { ...told, ...toldBy(happened, told, setVersion) }
          break
        case 'account_set':
          accounts.set(happened.user, canonical(belongsTo(happened)))
          break
        case 'role_removed':
          roles.delete(happened.role)
          break
        case 'user_departed':
        case 'user_returned':
          followDeparture(happened, { departed, grants })
          break
        case 'roles_changed':
        case 'first_admin_appointed':
          if (happened.type === 'first_admin_appointed') told = { ...told, firstAdmin: happened.give[0]?.user }
          moveGrants(grants, happened)
      }
      return undefined
    },
    async end() {
      return (
        (await policyProblem(storage, tenant, policies)) ??
        (await resourceProblem(storage, tenant)) ??
        (await switchProblem(storage, tenant, told.workflow ?? [])) ??
        (await grantProblem(storage, tenant, grants)) ??
        (await accountProblem(storage, tenant, accounts)) ??
        (await departureProblem(storage, tenant, departed)) ??
        (await settingProblem(storage, tenant, { roles: [...roles.values()], told }))
      )
    },
  }
}

/** Lists the policies that an event changed; null for one that it removed. */
function policiesChanged(
  happened: Extract<Happened, { readonly type: 'policy_saved' | 'policy_removed' | 'policies_changed' }>,
): readonly { readonly id: string; readonly policy: Policy | null }[] {
  switch (happened.type) {
    case 'policy_saved':
      return [{ id: happened.policy.id, policy: happened.policy }]
    case 'policy_removed':
      return [{ id: happened.policy, policy: null }]
    case 'policies_changed':
      return happened.changes
  }
}

/** Whoever leaves is known as gone or, if roles are kept here, has none any more. */
function followDeparture(
  happened: Extract<Happened, { readonly type: 'user_departed' | 'user_returned' }>,
  { departed, grants }: { readonly departed: Map<string, number>; readonly grants: Map<string, Grant> },
): void {
  if (happened.type === 'user_returned') departed.delete(happened.user)
  else if (happened.take === undefined) departed.set(happened.user, happened.at)
  else moveGrants(grants, { give: [], take: happened.take })
}

function moveGrants(
  grants: Map<string, Grant>,
  { give, take }: { readonly give: readonly Grant[]; readonly take: readonly Grant[] },
): void {
  for (const grant of take) grants.delete(nameOf(grant))
  for (const grant of give) grants.set(nameOf(grant), grant)
}

/** An event that says how a setting is from then on. */
type Telling = Extract<
  Happened,
  {
    readonly type:
      | 'coded_policies_recorded'
      | 'default_access_set'
      | 'workflow_switched'
      | 'freeze_saved'
      | 'freeze_removed'
  }
>

function toldBy(happened: Telling, { workflow, freezes }: Told, state: number): Told {
  switch (happened.type) {
    case 'coded_policies_recorded': {
      const { version, policies } = happened
      return { inCode: { version, digest: codedDigest(version, policies) } }
    }
    case 'default_access_set':
      return { defaultAccess: happened.access }
    case 'workflow_switched':
      return { workflow: turned(workflow, happened, { state, at: happened.at }) }
    case 'freeze_saved':
      return { freezes: withFreeze(freezes, happened.freeze) }
    case 'freeze_removed':
      return { freezes: withoutFreeze(freezes, happened.freeze) }
  }
}

/** What is kept of a policy beside its id. */
type SavedPolicy = Pick<PolicyRecord, 'policy' | 'version' | 'setVersion'>

async function policyProblem(
  storage: Storage,
  tenant: string,
  policies: Map<string, SavedPolicy>,
): Promise<string | undefined> {
  for await (const { value } of walk(storage, inKeyOrder('policies', tenant))) {
    const { id, policy, version, setVersion } = value
    if (!isSame({ policy, version, setVersion }, policies.get(id) ?? null))
      return `policy ${JSON.stringify(id)} is not what was saved`
    policies.delete(id)
  }
  const [missing] = policies.keys()
  return missing === undefined ? undefined : `policy ${JSON.stringify(missing)} is missing`
}

/** Each policy is a resource, too: what is live there has to be what is in force. */
async function resourceProblem(storage: Storage, tenant: string): Promise<string | undefined> {
  const documents = new Map<string, JsonValue>()
  const live = { ...inKeyOrder('resources', tenant), where: [tenant, policyType] }
  for await (const { value } of walk(storage, live)) documents.set(value.id, value.document)
  for await (const { value } of walk(storage, inKeyOrder('policies', tenant))) {
    const { version: _version, ...inForce } = value.policy ?? { version: 0 }
    const document = documents.get(value.id)
    if (document === undefined || !isSame(document, value.policy && inForce))
      return `policy ${JSON.stringify(value.id)} is not the one that its revisions made`
    documents.delete(value.id)
  }
  const [extra] = documents.keys()
  return extra === undefined ? undefined : `policy ${JSON.stringify(extra)} has revisions, and was never saved`
}

/** So is each switch: what is live there has to be how it was turned last. */
async function switchProblem(
  storage: Storage,
  tenant: string,
  switches: readonly WorkflowSwitch[],
): Promise<string | undefined> {
  const told = new Map(switches.map((one) => [one.project, one]))
  const live = { ...inKeyOrder('resources', tenant), where: [tenant, workflowType] }
  for await (const { value } of walk(storage, live)) {
    const { on, waiting = null } = told.get(projectOfSwitch(value.id)) ?? {}
    const { on: isOn, waiting: kept = null } = (value.document ?? {}) as Partial<WorkflowDocument>
    if (isOn !== on || kept !== waiting) return `the switch ${JSON.stringify(value.id)} is not what its revisions made`
    told.delete(projectOfSwitch(value.id))
  }
  const [extra] = told.keys()
  return extra === undefined ? undefined : `the switch of project ${JSON.stringify(extra)} has no revisions`
}

async function settingProblem(
  storage: Storage,
  tenant: string,
  { roles, told }: { readonly roles: readonly RoleDefinition[]; readonly told: Told },
): Promise<string | undefined> {
  const { stored } = await read(storage, { stored: recordKey('policySets', tenant) })
  const settings: Partial<PolicySetRecord> = stored?.value ?? {}
  if (!isSame(byId(settings.roles ?? []), byId(roles))) return 'the roles are not what was saved'
  if (!isSame(settings.workflow ?? [], told.workflow ?? [])) return 'the workflow is not switched as was said'
  if (!isSame(settings.freezes ?? [], told.freezes ?? [])) return 'the freezes are not what was saved'
  if (!isSame(settings.inCode ?? {}, told.inCode ?? {})) return 'the policies in code are not those on record'
  const { firstAdmin, defaultAccess } = settings
  const same = firstAdmin === told.firstAdmin && defaultAccess === told.defaultAccess
  return same ? undefined : 'the first admin, or who edits new resources, is not what was said'
}

function byId(roles: readonly RoleDefinition[]): readonly RoleDefinition[] {
  return roles.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function isSame(a: unknown, b: unknown): boolean {
  return canonical(a as JsonValue) === canonical(b as JsonValue)
}
