import { canonical } from '../../core/change/canonical.ts'
import type { ChangeInput } from '../../core/change/change-input.ts'
import { asJson } from '../../core/change/json.ts'
import { parsePolicy } from '../../core/policy/check/parse-policy.ts'
import type { Policy, PolicyInput } from '../../core/policy/model/policy.ts'
import type { PolicyFinding } from '../../core/policy/model/policy-finding.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { findingsOf } from '../policies/policy-findings.ts'
import { mayChangePolicies } from '../policies/policy-writes.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { aboutSettings } from '../records/settings-writes.ts'
import { page, read, recordKey, type Stored, settingsState, unchanged, walk } from '../records/typed-storage.ts'
import { policyResource } from '../resource-types/policy-resource.ts'
import { freeze } from '../values/freeze.ts'
import { decideSubmission } from './decide-submission.ts'
import { directWrites } from './submit-command.ts'

/** A policy as it was saved. */
export interface SavedPolicy extends Policy {
  /** What is odd about it, as `policies.check` says: warnings and hints. */
  readonly findings: readonly PolicyFinding[]
}

/**
 * Makes the command that saves a policy when nobody has to approve it: a new one, or the next version of the one
 * with its id.
 */
export function savePolicyCommand(context: Context, actor: Actor, input: PolicyInput): Command<SavedPolicy> {
  const parsed = parsePolicy(input)
  return {
    verb: 'save a policy',
    actor,
    about: aboutSettings,
    async attempt(at) {
      if (!parsed.ok) return parsed
      const { value } = parsed
      const { set, stored } = await readPolicy(context, actor.tenant, value.id)
      const findings = () => findingsAbout(context, actor.tenant, { policy: value, set })
      const saved = stored?.value.policy
      if (saved && isSame(saved, value)) {
        const allowed = await mayChangePolicies(context, actor, {
          settings: set?.value,
          setVersion: settingsState(set),
          policies: [{ id: value.id, policy: value }],
        })
        const writes = [unchanged(recordKey('policySets', actor.tenant), set)]
        return allowed.ok ? success({ writes, answer: freeze({ ...saved, findings: await findings() }) }) : allowed
      }
      const writes = await writesOf(context, actor, { id: value.id, change: { value }, at, set })
      if (!writes.ok) return writes
      const answer = { ...value, version: (stored?.value.version ?? 0) + 1, findings: await findings() }
      return success({ writes: writes.value, answer: freeze(answer) })
    },
  }
}

/**
 * Makes the command that removes a policy when nobody has to approve it. Requests that it gated keep what it
 * asked.
 */
export function removePolicyCommand(context: Context, actor: Actor, id: string): Command<void> {
  return {
    verb: 'remove a policy',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set, stored } = await readPolicy(context, actor.tenant, id)
      if (!stored?.value.policy) {
        const allowed = await mayChangePolicies(context, actor, {
          settings: set?.value,
          setVersion: settingsState(set),
          policies: [{ id, policy: null }],
        })
        return allowed.ok ? refuse('unknown_policy', { policy: id }) : allowed
      }
      const writes = await writesOf(context, actor, { id, change: { remove: true }, at, set })
      return writes.ok ? success({ writes: writes.value, answer: undefined }) : writes
    },
  }
}

/** Lists the policies in force, by id. */
export async function listPolicies({ storage }: Context, tenant: string): Promise<readonly Policy[]> {
  const policies: Policy[] = []
  for await (const { value } of walk(storage, inKeyOrder('policies', tenant))) {
    if (value.policy) policies.push(value.policy)
  }
  return policies
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
  return await findingsAbout(context, tenant, { policy: parsed.value, set })
}

/** Finds what is wrong, or only odd, about a policy, beside those in force and in front of what is live. */
async function findingsAbout(
  context: Context,
  tenant: string,
  { policy, set }: { readonly policy: PolicyInput; readonly set: Stored<PolicySetRecord> | undefined },
): Promise<readonly PolicyFinding[]> {
  const documents = await liveDocuments(context, tenant, policy)
  const state = { tenant, settings: set?.value, setVersion: settingsState(set), documents }
  return await findingsOf(context, state, [{ id: policy.id, policy }])
}

/** So many documents of a resource type are looked at when a policy is checked. */
const examples = 100

/** Reads some live documents of each resource type that a policy matches. */
async function liveDocuments({ storage, resources }: Context, tenant: string, { match }: PolicyInput) {
  const types = match.resource === undefined ? [...resources.keys()] : [match.resource].flat()
  const pages = types.map((type) => page(storage, { ...inKeyOrder('resources', tenant, type), limit: examples }))
  const found = await Promise.all(pages)
  return new Map(
    types.map((type, at) => [type, (found[at]?.records ?? []).flatMap(({ value }) => value.document ?? [])]),
  )
}

interface Wanted {
  readonly id: string
  readonly change: ChangeInput<PolicyInput>
  readonly at: number
  /** The settings as they were read before: if they have moved since, the command is run again. */
  readonly set: Stored<PolicySetRecord> | undefined
}

/** Submits a change of a policy that is to be made at once or not at all. */
async function writesOf(
  context: Context,
  actor: Actor,
  { id, change, at, set }: Wanted,
): Promise<Result<readonly Write[]>> {
  const wish = { type: policyResource, ref: policyResource.ref(id), change: change as ChangeInput<never> }
  const considered = await decideSubmission(context, actor, { verb: 'submit', directly: true, wishes: [wish], at })
  const asRead = unchanged(recordKey('policySets', actor.tenant), set)
  if (considered.ok) return success([asRead, ...(await directWrites(context, actor, considered.value, { at }))])
  const { set: now } = await readPolicy(context, actor.tenant, id)
  return settingsState(now).hash === settingsState(set).hash ? considered : success([asRead])
}

async function readPolicy({ storage }: Context, tenant: string, id: string) {
  return await read(storage, { set: recordKey('policySets', tenant), stored: recordKey('policies', tenant, id) })
}

function isSame({ version: _version, ...saved }: Policy, input: PolicyInput): boolean {
  return canonical(asJson(saved)) === canonical(asJson(input))
}
