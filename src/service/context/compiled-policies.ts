import type { Vocabulary } from '../../core/policy/compile/compile-condition.ts'
import type { CompiledPolicy } from '../../core/policy/compile/compile-policy.ts'
import { compilePolicies, type PolicySet, withChanges } from '../../core/policy/compile/policy-set.ts'
import type { Policy } from '../../core/policy/model/policy.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Storage } from '../../ports/storage.ts'
import { settingsStream } from '../records/event-stream.ts'
import type { PolicyRecord } from '../records/record-types.ts'
import { read, recordKey, settingsState, walk } from '../records/typed-storage.ts'
import type { CodedPolicies } from './coded-policies.ts'

/** The policies that hold in a tenant. Those of one set stand in for, and give way to, those of the same set alone. */
export interface TenantPolicies {
  /** Those that the tenant has saved. */
  readonly saved: PolicySet
  /** Those that the application gives in code. */
  readonly inCode: PolicySet
  /** Those among them that ask while the workflow is off, too. */
  readonly whileOff: PolicySet
}

/** The sets that ask: whatever each of them asks holds. */
export function askingSets({ saved, inCode, whileOff }: TenantPolicies, off: boolean): readonly PolicySet[] {
  const sets = off ? [whileOff] : [inCode, saved]
  return sets.filter(({ policies }) => policies.size > 0)
}

/** All policies that hold in a tenant. */
export function allPolicies({ inCode, saved }: TenantPolicies): readonly Policy[] {
  return [inCode, saved].flatMap(({ policies }) => [...policies.values()].map(({ policy }) => policy))
}

/** Finds the policies of an id: one in code, one that is saved, or both. */
export function policiesOf({ inCode, saved }: TenantPolicies, id: string): readonly CompiledPolicy[] {
  return [inCode, saved].flatMap(({ policies }) => policies.get(id) ?? [])
}

/**
 * Gives the compiled policies of a tenant in one state of its settings, and those in code.
 *
 * @throws ApprovalError `version_conflict` if the settings are in another state by now. A command is decided again, a
 * read is read again.
 */
export type PoliciesInForce = (storage: Storage, tenant: string, state: PolicySetState) => Promise<TenantPolicies>

/** Compiled policies, and the state of the settings that they are those of. */
interface Kept {
  readonly state: PolicySetState
  readonly set: PolicySet
}

const keptTenants = 1_000
/** How many policies of all tenants together. */
const keptPolicies = 100_000

/**
 * Keeps the compiled policies of the tenants used last, and reads only what has changed since.
 *
 * What is kept is known by the hash of the settings' last event, never by its number: after a rollback or a restore
 * the same number belongs to another state. It is kept only if everything that was read belongs to the state that was
 * asked for.
 */
export function compiledPolicies(vocabulary: Vocabulary, coded: CodedPolicies | undefined): PoliciesInForce {
  const kept = new Map<string, Kept>()
  const none = compilePolicies([], vocabulary)
  const given = { inCode: coded?.set ?? none, whileOff: coded?.whileOff ?? none }

  const savedIn = async (storage: Storage, tenant: string, state: PolicySetState): Promise<PolicySet> => {
    const known = kept.get(tenant)
    if (known?.state.hash === state.hash) return known.set
    const earlier = known && known.state.seq < state.seq ? known : undefined
    const set =
      (earlier && (await caughtUp(storage, tenant, { known: earlier, state }))) ??
      compilePolicies(await loaded(storage, tenant, state), vocabulary)
    kept.delete(tenant)
    kept.set(tenant, { state, set })
    for (const oldest of kept.keys()) {
      const policies = [...kept.values()].reduce((sum, one) => sum + one.set.policies.size, 0)
      if (oldest === tenant || (kept.size <= keptTenants && policies <= keptPolicies)) break
      kept.delete(oldest)
    }
    return set
  }
  return async (storage, tenant, state) => ({ ...given, saved: await savedIn(storage, tenant, state) })
}

async function loaded(storage: Storage, tenant: string, state: PolicySetState) {
  const records = await changedSince(storage, tenant, 0)
  await confirm(storage, tenant, { state, records })
  return records.flatMap(({ policy }) => policy ?? [])
}

/**
 * Gives the set with everything that has changed since; `undefined` if the settings did not come to this state from the
 * known one.
 */
async function caughtUp(
  storage: Storage,
  tenant: string,
  { known, state }: { readonly known: Kept; readonly state: PolicySetState },
): Promise<PolicySet | undefined> {
  const records = await changedSince(storage, tenant, known.state.seq)
  const follows = await confirm(storage, tenant, { state, records, known: known.state })
  return follows ? withChanges(known.set, records) : undefined
}

/**
 * Makes sure that policies that were read belong to a state of the settings.
 *
 * @returns whether the settings have come to this state from the one that is known: its event is in their log, which
 * links each event to all that were before it.
 */
async function confirm(
  storage: Storage,
  tenant: string,
  {
    state,
    records,
    known,
  }: { readonly state: PolicySetState; readonly records: readonly PolicyRecord[]; readonly known?: PolicySetState },
): Promise<boolean> {
  const key = recordKey('policySets', tenant)
  const { settings, events } = await read(storage, {
    settings: key,
    events: known && known.seq > 0 ? [recordKey('events', tenant, settingsStream, known.seq)] : [],
  })
  const isLater = records.some(({ setVersion }) => setVersion > state.seq)
  if (isLater || settingsState(settings).hash !== state.hash) {
    fail('version_conflict', { collection: 'policySets', key: JSON.stringify(key.key) })
  }
  return known?.seq === 0 || events[0]?.value.hash === known?.hash
}

async function changedSince(storage: Storage, tenant: string, seq: number): Promise<readonly PolicyRecord[]> {
  const query = { collection: 'policies', index: 'bySet', where: [tenant], range: { from: seq + 1 } } as const
  const records: PolicyRecord[] = []
  for await (const { value } of walk(storage, { ...query, order: 'ascending' })) records.push(value)
  return records
}
