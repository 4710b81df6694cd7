import type { ChangeInput } from '../../core/change/change-input.ts'
import { defined } from '../../core/defined.ts'
import { type Digest, digest } from '../../core/json/digest.ts'
import { asJson } from '../../core/json/json.ts'
import { parseListedPolicy } from '../../core/policy/check/parse-policy.ts'
import type { Policy, PolicyInput } from '../../core/policy/model/policy.ts'
import type { PolicyFinding } from '../../core/policy/model/policy-finding.ts'
import { compareText } from '../../core/policy/model/requirement.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { ApprovalError, fail } from '../../errors/approval-error.ts'
import { type Refusal, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { strandedBy } from '../facts/strands.ts'
import { findingsOf } from '../policies/policy-findings.ts'
import { mayChangePolicies } from '../policies/policy-writes.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { aboutSettings, settingsWrites } from '../records/settings-writes.ts'
import { put, read, recordKey, type Stored, settingsState, unchanged } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { shown } from '../values/shown.ts'
import { noStrands, type Stranding } from '../values/strands.ts'
import { considerSubmission } from './decide-submission.ts'
import { hiddenPolicies, isSamePolicy, liveDocuments, policyWish, savedPolicies, writesOf } from './policy-commands.ts'

/** What it changes to put a set of policies in the place of all that are saved, each list in the order of the ids. */
export interface PolicyReplacement {
  readonly added: readonly PolicyInput[]
  /** As they are saved, and as they are to be. */
  readonly changed: readonly { readonly before: Policy; readonly after: PolicyInput }[]
  readonly removed: readonly Policy[]
  /** What is wrong with those that are added or changed, or only odd, beside the set: as `check` says. */
  readonly findings: readonly PolicyFinding[]
  /** Why the actor cannot do it, if so. */
  readonly refusal?: Refusal
  /** What to say that was seen, when it is carried out. Another one for every other difference. */
  readonly digest: Digest
}

/** The settings as they were read. */
interface SettingsRead {
  readonly set: Stored<PolicySetRecord> | undefined
}

/** So many policies can change at once. */
const mostChanges = 100

/** Reads a set of policies from outside: each of them once. Those in code that `list` gave hold anyway. */
export function parsePolicies({ coded }: Context, policies: readonly PolicyInput[]): readonly PolicyInput[] {
  if (!Array.isArray(policies)) {
    fail('invalid_input', { argument: 'policies', problem: `must be a list, not ${shown(policies)}` })
  }
  const parsed = Array.from(policies).flatMap((input: Partial<Policy>) => {
    if (input?.source === 'code' && coded?.set.policies.has(String(input.id))) return []
    const policy = parseListedPolicy(input)
    if (!policy.ok) throw new ApprovalError(policy.refusal)
    return policy.value
  })
  const ids = parsed.map(({ id }) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) < index)
  if (twice !== undefined) {
    fail('invalid_input', { argument: 'policies', problem: `must hold ${JSON.stringify(twice)} once` })
  }
  return parsed
}

/**
 * Says what it would change to replace all policies of a tenant that the actor may read. Writes nothing.
 */
export async function previewReplacement(
  context: Context,
  actor: Actor,
  policies: readonly PolicyInput[],
): Promise<PolicyReplacement & Stranding> {
  const { set, replacement } = await readReplacement(context, actor, policies)
  const wishes = changesIn(replacement).map(policyWish)
  if (wishes.length === 0) return freeze({ ...replacement, strands: noStrands })
  const at = context.now()
  const intention = { verb: 'submit', directly: true, wishes, at } as const
  const considered = tooMany(replacement) ?? (await considerSubmission(context, actor, intention))
  const refusal = considered.ok ? undefined : considered.refusal
  const isRefused = refusal !== undefined && refusal.code !== 'policy_gated'
  const writes = isRefused ? [] : foreseenWrites(actor, { set, replacement, at })
  return freeze({
    ...replacement,
    findings: await findingsIn(context, actor, { set, replacement }),
    strands: isRefused ? noStrands : await strandedBy(context, actor, { writes }),
    ...defined({ refusal }),
  })
}

/** What it would write of policies to replace them, whoever has to approve that. */
function foreseenWrites(
  actor: Actor,
  { set, replacement, at }: SettingsRead & { readonly replacement: PolicyReplacement; readonly at: number },
): readonly Write[] {
  const { tenant } = actor
  const { added, changed, removed } = replacement
  const setVersion = (set?.version ?? 0) + 1
  const next = [
    ...added.map((policy): Policy => ({ ...policy, version: 1 })),
    ...changed.map(({ before, after }): Policy => ({ ...after, version: before.version + 1 })),
  ]
  const records = [
    ...next.map((policy) => ({ tenant, id: policy.id, version: policy.version, setVersion, policy })),
    ...removed.map(({ id, version }) => ({ tenant, id, version, setVersion, policy: null })),
  ]
  return [
    ...settingsWrites(actor, set, { at, event: { type: 'policies_changed', changes: [] } }),
    ...records.map((record) => put('policies', record, undefined)),
  ]
}

/**
 * Makes the command that replaces all policies of a tenant that the actor may read, if nobody has to approve any of it:
 * all of it, or nothing.
 * `seen` is the digest of the preview.
 */
export function replacePoliciesCommand(
  context: Context,
  actor: Actor,
  { policies, seen }: { readonly policies: readonly PolicyInput[]; readonly seen: string },
): Command<PolicyReplacement> {
  return {
    verb: 'replace the policies',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set, replacement } = await readReplacement(context, actor, policies)
      if (seen !== replacement.digest) return refuse('preview_outdated', { seen })
      const full = tooMany(replacement)
      if (full) return full
      const changes = changesIn(replacement)
      if (changes.length === 0) {
        const state = { settings: set?.value, setVersion: settingsState(set) }
        const next = policies.map((policy) => ({ id: policy.id, policy }))
        const allowed = await mayChangePolicies(context, actor, { ...state, policies: next })
        const writes = [unchanged(recordKey('policySets', actor.tenant), set)]
        return allowed.ok ? success({ writes, answer: freeze(replacement) }) : allowed
      }
      const writes = await writesOf(context, actor, { changes, at, set })
      if (!writes.ok) return writes
      const findings = await findingsIn(context, actor, { set, replacement })
      return success({ writes: writes.value, answer: freeze({ ...replacement, findings }) })
    },
  }
}

async function readReplacement(context: Context, actor: Actor, policies: readonly PolicyInput[]) {
  const { set } = await read(context.storage, { set: recordKey('policySets', actor.tenant) })
  const saved = new Map((await savedPolicies(context, actor)).map((policy) => [policy.id, policy]))
  const wanted = [...policies].sort((a, b) => compareText(a.id, b.id))
  const kept = new Set(wanted.map(({ id }) => id))
  const difference = {
    added: wanted.filter(({ id }) => !saved.has(id)),
    changed: wanted.flatMap((after) => {
      const before = saved.get(after.id)
      return before && !isSamePolicy(before, after) ? { before, after } : []
    }),
    removed: [...saved.values()].filter(({ id }) => !kept.has(id)).sort((a, b) => compareText(a.id, b.id)),
  }
  const replacement: PolicyReplacement = {
    ...difference,
    findings: [],
    digest: digest('policies', asJson(difference)),
  }
  return { set, replacement }
}

function changesIn({ added, changed, removed }: PolicyReplacement) {
  const put = [...added, ...changed.map(({ after }) => after)].map((value) => ({ id: value.id, change: { value } }))
  const gone = removed.map(({ id }) => ({ id, change: { remove: true } as ChangeInput<PolicyInput> }))
  return [...put, ...gone].sort((a, b) => compareText(a.id, b.id))
}

function tooMany(replacement: PolicyReplacement) {
  const { length } = changesIn(replacement)
  if (length <= mostChanges) return undefined
  const problem = `would change ${length} policies: change at most ${mostChanges} at once`
  return refuse('invalid_input', { argument: 'policies', problem })
}

async function findingsIn(
  context: Context,
  actor: Actor,
  { set, replacement }: SettingsRead & { readonly replacement: PolicyReplacement },
): Promise<readonly PolicyFinding[]> {
  const { added, changed, removed } = replacement
  const next = [...added, ...changed.map(({ after }) => after)]
  const named = next.map(({ match }) => match.resource)
  const types = named.includes(undefined) ? undefined : [...new Set(named.flatMap((one) => one ?? []))]
  const documents = await liveDocuments(context, actor, { match: { resource: types } })
  const hidden = await hiddenPolicies(context, actor, settingsState(set))
  const state = { tenant: actor.tenant, settings: set?.value, setVersion: settingsState(set), documents, hidden }
  return await findingsOf(context, state, [
    ...next.map((policy) => ({ id: policy.id, policy })),
    ...removed.map(({ id }) => ({ id, policy: null })),
  ])
}
