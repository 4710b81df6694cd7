import { defined } from '../../core/defined.ts'
import type { Policy, PolicyInput } from '../../core/policy/model/policy.ts'
import { isPolicyOn } from '../../core/policy/model/policy-type.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Refusal, Result } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { maySet, projectsConcerned } from '../access/check-permission.ts'
import type { Context } from '../context/context.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { type SettingsEvent, settingsWrites } from '../records/settings-writes.ts'
import { put, read, recordKey, type Stored } from '../records/typed-storage.ts'
import { isPolicyChange, type NextPolicy, policiesIn } from '../resource-types/policy-resource.ts'
import { type PolicyState, policyRefusal } from './policy-findings.ts'

/**
 * Whoever changes policies has to hold the permission wherever one of them gates or gated, and wherever one gates
 * that it stands in for.
 */
export async function mayChangePolicies(
  context: Context,
  actor: Actor,
  { settings, setVersion, policies }: Omit<PolicyState, 'tenant'> & { readonly policies: readonly NextPolicy[] },
): Promise<Result<undefined>> {
  const inForce = (await context.policies(context.storage, actor.tenant, setVersion)).saved.policies
  const concerned = policies.flatMap(({ id, policy }) => {
    const overrides = policy && isPolicyOn(policy) ? (policy.overrides ?? []) : []
    return [policy, ...[id, ...overrides].map((one) => inForce.get(one)?.policy)]
  })
  const projects = projectsConcerned(concerned)
  return await maySet(context, actor, {
    settings,
    permission: 'approval_settings.edit',
    projects: projects.length === 0 ? [''] : projects,
  })
}

/**
 * Why changes of policies cannot land, if they cannot: their requester may not change them any more, or there is
 * something wrong with them by now.
 */
export async function unfitPolicies(
  context: Context,
  { state, requester }: { readonly state: PolicyState; readonly requester: Actor },
  changes: readonly ProposedChange[],
): Promise<Refusal | undefined> {
  if (!changes.some(isPolicyChange)) return undefined
  const allowed = await mayChangePolicies(context, requester, { ...state, policies: policiesIn(changes) })
  return allowed.ok ? await policyRefusal(context, state, changes) : allowed.refusal
}

/** Where changes land: what was read of the settings, and who asked for them when. */
export interface PolicyLanding {
  readonly policySet: Stored<PolicySetRecord> | undefined
  readonly actor: Actor
  readonly at: number
  /** The request that they were approved in, if they were. */
  readonly request?: string
}

/**
 * Writes the policies that changes put in force, with the event of the settings that says so: nothing else ever does.
 */
export async function policyWrites(
  { storage }: Context,
  changes: readonly ProposedChange[],
  { policySet, actor, at, request }: PolicyLanding,
): Promise<readonly Write[]> {
  const { tenant } = actor
  const landing = changes.filter(isPolicyChange)
  if (landing.length === 0) return []
  const { stored } = await read(storage, {
    stored: landing.map(({ resource: { id } }) => recordKey('policies', tenant, id)),
  })
  const setVersion = (policySet?.version ?? 0) + 1
  const records = landing.map(({ resource: { id }, after }, index) => {
    const last = stored[index]?.value.version ?? 0
    const policy = after === null ? null : nextVersion(after, last)
    return { tenant, id, version: policy?.version ?? last, setVersion, policy }
  })
  const event = { ...eventOf(records), ...defined({ request }) }
  return [
    ...settingsWrites(actor, policySet, { at, event }),
    ...records.map((record, index) => put('policies', record, stored[index])),
  ]
}

function nextVersion(document: ProposedChange['after'], last: number): Policy {
  return { ...(document as unknown as PolicyInput), version: last + 1 }
}

function eventOf(records: readonly { readonly id: string; readonly policy: Policy | null }[]): SettingsEvent {
  const [first, second] = records
  if (!first || second) return { type: 'policies_changed', changes: records.map(({ id, policy }) => ({ id, policy })) }
  const { id, policy } = first
  return policy ? { type: 'policy_saved', policy } : { type: 'policy_removed', policy: id }
}
