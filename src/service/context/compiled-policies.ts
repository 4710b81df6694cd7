import type { StreamHead } from '../../core/log/event-chain.ts'
import type { Vocabulary } from '../../core/policy/compile/compile-condition.ts'
import { compilePolicies, type PolicySet, withChanges } from '../../core/policy/compile/policy-set.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Storage } from '../../ports/storage.ts'
import { settingsStream } from '../records/event-stream.ts'
import type { PolicyRecord } from '../records/record-types.ts'
import { read, recordKey, settingsState, walk } from '../records/typed-storage.ts'

/**
 * Gives the compiled policies of a tenant in one state of its settings.
 *
 * @throws ApprovalError `version_conflict` if the settings are in another state by now. A command is decided again, a
 * read is read again.
 */
export type PoliciesInForce = (storage: Storage, tenant: string, state: StreamHead) => Promise<PolicySet>

/** Compiled policies, and the state of the settings that they are those of. */
interface Kept {
  readonly state: StreamHead
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
export function compiledPolicies(vocabulary: Vocabulary): PoliciesInForce {
  const kept = new Map<string, Kept>()

  return async (storage, tenant, state) => {
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
}

async function loaded(storage: Storage, tenant: string, state: StreamHead) {
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
  { known, state }: { readonly known: Kept; readonly state: StreamHead },
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
  }: { readonly state: StreamHead; readonly records: readonly PolicyRecord[]; readonly known?: StreamHead },
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
