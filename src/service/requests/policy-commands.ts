import type { ChangeInput } from '../../core/change/change-input.ts'
import { canonical } from '../../core/json/canonical.ts'
import { asJson } from '../../core/json/json.ts'
import { parseListedPolicy } from '../../core/policy/check/parse-policy.ts'
import type { Policy, PolicyInput } from '../../core/policy/model/policy.ts'
import type { PolicyFinding } from '../../core/policy/model/policy-finding.ts'
import { compareText } from '../../core/policy/model/requirement.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { mayReadMatch, mayReadResource } from '../facts/may-read.ts'
import { type Reader, readingRights } from '../people/reading-rights.ts'
import { findingsOf } from '../policies/policy-findings.ts'
import { mayChangePolicies } from '../policies/policy-writes.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { aboutSettings } from '../records/settings-writes.ts'
import { page, read, recordKey, type Stored, settingsState, unchanged, walk } from '../records/typed-storage.ts'
import { policyResource } from '../resource-types/policy-resource.ts'
import { freeze } from '../values/freeze.ts'
import { decideSubmission } from './decide-submission.ts'
import { directWrites } from './direct-writes.ts'

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
  const parsed = parseListedPolicy(input)
  return {
    verb: 'save a policy',
    actor,
    about: aboutSettings,
    async attempt(at) {
      if (!parsed.ok) return parsed
      const { value } = parsed
      const { set, stored } = await readPolicy(context, actor.tenant, value.id)
      const findings = () => findingsAbout(context, actor, { policy: value, set })
      const saved = stored?.value.policy
      if (saved && isSamePolicy(saved, value)) {
        const allowed = await mayChangePolicies(context, actor, {
          settings: set?.value,
          setVersion: settingsState(set),
          policies: [{ id: value.id, policy: value }],
        })
        const writes = [unchanged(recordKey('policySets', actor.tenant), set)]
        return allowed.ok ? success({ writes, answer: freeze({ ...saved, findings: await findings() }) }) : allowed
      }
      const writes = await writesOf(context, actor, { changes: [{ id: value.id, change: { value } }], at, set })
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
      const rights = readingRights(context, actor, { settings: set?.value })
      const policy = stored?.value.policy
      if (!policy || !(await mayReadMatch(rights, policy.match))) {
        const allowed = await mayChangePolicies(context, actor, {
          settings: set?.value,
          setVersion: settingsState(set),
          policies: [{ id, policy: null }],
        })
        if (!allowed.ok) return allowed
        const { coded } = context
        return coded?.set.policies.has(id)
          ? refuse('policy_in_code', { policy: id, version: coded.version })
          : refuse('unknown_policy', { policy: id })
      }
      const writes = await writesOf(context, actor, { changes: [{ id, change: { remove: true } }], at, set })
      return writes.ok ? success({ writes: writes.value, answer: undefined }) : writes
    },
  }
}

/** Lists the policies in force that somebody may read, by id: those in code, and those that are saved. */
export async function listPolicies(context: Context, reader: Reader): Promise<readonly Policy[]> {
  const rights = readingRights(context, reader)
  const policies = [...(await savedPolicies(context, reader))]
  for (const policy of context.coded?.policies ?? []) {
    if (await mayReadMatch(rights, policy.match)) policies.push(policy)
  }
  const isSaved = ({ source }: Policy) => (source === 'code' ? 0 : 1)
  return policies.sort((a, b) => compareText(a.id, b.id) || isSaved(a) - isSaved(b))
}

/** Lists those among them that are saved. */
export async function savedPolicies(context: Context, reader: Reader): Promise<readonly Policy[]> {
  const rights = readingRights(context, reader)
  await rights.known()
  const policies: Policy[] = []
  for await (const { value } of walk(context.storage, inKeyOrder('policies', reader.tenant))) {
    if (value.policy && (await mayReadMatch(rights, value.policy.match))) policies.push(value.policy)
  }
  return policies
}

/** Says what is wrong, or only odd, about a policy, beside those in force. */
export async function checkedPolicy(
  context: Context,
  reader: Reader,
  input: PolicyInput,
): Promise<readonly PolicyFinding[]> {
  const { tenant } = reader
  await readingRights(context, reader).known()
  const parsed = parseListedPolicy(input)
  if (!parsed.ok) {
    const { policy, problems } = parsed.refusal.details
    return problems.map((problem) => ({ ...problem, policy, severity: 'error' }))
  }
  const { set } = await readPolicy(context, tenant, parsed.value.id)
  return await findingsAbout(context, reader, { policy: parsed.value, set })
}

/** Finds what is wrong, or only odd, about a policy, beside those in force and in front of what is live. */
async function findingsAbout(
  context: Context,
  reader: Reader,
  { policy, set }: { readonly policy: PolicyInput; readonly set: Stored<PolicySetRecord> | undefined },
): Promise<readonly PolicyFinding[]> {
  const documents = await liveDocuments(context, reader, policy)
  const hidden = await hiddenPolicies(context, reader, settingsState(set))
  const state = { tenant: reader.tenant, settings: set?.value, setVersion: settingsState(set), documents, hidden }
  return await findingsOf(context, state, [{ id: policy.id, policy }])
}

/** Names the policies in force that somebody may not read. */
export async function hiddenPolicies(
  context: Context,
  reader: Reader,
  setVersion: PolicySetState,
): Promise<ReadonlySet<string>> {
  const rights = readingRights(context, reader)
  const hidden = new Set<string>()
  const { saved } = await context.policies(context.storage, reader.tenant, setVersion)
  for (const [id, { policy }] of saved.policies) {
    if (!(await mayReadMatch(rights, policy.match))) hidden.add(id)
  }
  return hidden
}

/** So many documents of a resource type are looked at when a policy is checked. */
const examples = 100

/** Reads some live documents that somebody may read, of each resource type that a policy matches. */
export async function liveDocuments(context: Context, reader: Reader, { match }: Pick<PolicyInput, 'match'>) {
  const { storage, resources } = context
  const rights = readingRights(context, reader)
  const types = match.resource === undefined ? [...resources.keys()] : [match.resource].flat()
  const pages = types.map(async (type) => {
    const { records } = await page(storage, { ...inKeyOrder('resources', reader.tenant, type), limit: examples })
    const readable = await Promise.all(records.map(({ value }) => mayReadResource(rights, value)))
    return records.flatMap(({ value }, index) => (readable[index] ? (value.document ?? []) : []))
  })
  const found = await Promise.all(pages)
  return new Map(types.map((type, at) => [type, found[at] ?? []]))
}

/** What a policy is to become. */
export interface PolicyWish {
  readonly id: string
  readonly change: ChangeInput<PolicyInput>
}

/** Makes a wish for a change of a policy. */
export function policyWish({ id, change }: PolicyWish) {
  return { type: policyResource, ref: policyResource.ref(id), change: change as ChangeInput<never> }
}

interface Wanted {
  readonly changes: readonly PolicyWish[]
  readonly at: number
  /** The settings as they were read before: if they have moved since, the command is run again. */
  readonly set: Stored<PolicySetRecord> | undefined
}

/** Submits changes of policies that are to be made at once or not at all. */
export async function writesOf(
  context: Context,
  actor: Actor,
  { changes, at, set }: Wanted,
): Promise<Result<readonly Write[]>> {
  const wishes = changes.map(policyWish)
  const considered = await decideSubmission(context, actor, { verb: 'submit', directly: true, wishes, at })
  const key = recordKey('policySets', actor.tenant)
  const asRead = unchanged(key, set)
  if (considered.ok) return success([asRead, ...(await directWrites(context, actor, considered.value, { at }))])
  const { now } = await read(context.storage, { now: key })
  return settingsState(now).hash === settingsState(set).hash ? considered : success([asRead])
}

async function readPolicy({ storage }: Context, tenant: string, id: string) {
  return await read(storage, { set: recordKey('policySets', tenant), stored: recordKey('policies', tenant, id) })
}

/** Tells whether a policy as it was saved says the same as another. */
export function isSamePolicy({ version: _version, ...saved }: Policy, input: PolicyInput): boolean {
  return canonical(asJson(saved)) === canonical(asJson(input))
}
