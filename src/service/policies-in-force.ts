import type { Vocabulary } from '../core/policy/compile-condition.ts'
import type { Policy } from '../core/policy/policy.ts'
import { compilePolicies, type PolicyChange, type PolicySet, withChanges } from '../core/policy/policy-set.ts'
import type { Storage } from '../ports/storage.ts'
import { walk } from './records.ts'

/** Gives the compiled policies of a tenant at one version of its set. */
export type PoliciesInForce = (storage: Storage, tenant: string, setVersion: number) => Promise<PolicySet>

const keptTenants = 1_000
/** How many policies of all tenants together. */
const keptPolicies = 100_000

/**
 * Keeps the compiled policies of the tenants used last, and reads only what has changed since.
 *
 * A cache, nothing more: every commit states the version of the set that it was decided by.
 */
export function policiesInForce(vocabulary: Vocabulary): PoliciesInForce {
  const kept = new Map<string, { readonly version: number; readonly set: PolicySet }>()

  return async (storage, tenant, setVersion) => {
    const known = kept.get(tenant)
    if (known?.version === setVersion) return known.set
    const set =
      known && known.version < setVersion
        ? await caughtUp(storage, tenant, known)
        : compilePolicies(await loaded(storage, tenant), vocabulary)
    kept.delete(tenant)
    kept.set(tenant, { version: setVersion, set })
    for (const oldest of kept.keys()) {
      const policies = [...kept.values()].reduce((sum, one) => sum + one.set.policies.size, 0)
      if (oldest === tenant || (kept.size <= keptTenants && policies <= keptPolicies)) break
      kept.delete(oldest)
    }
    return set
  }
}

async function loaded(storage: Storage, tenant: string): Promise<readonly Policy[]> {
  const policies: Policy[] = []
  for await (const { value } of walk(storage, inOrderOfChange(tenant, 1))) if (value.policy) policies.push(value.policy)
  return policies
}

async function caughtUp(
  storage: Storage,
  tenant: string,
  { version, set }: { readonly version: number; readonly set: PolicySet },
): Promise<PolicySet> {
  const changes: PolicyChange[] = []
  for await (const { value } of walk(storage, inOrderOfChange(tenant, version + 1))) changes.push(value)
  return withChanges(set, changes)
}

function inOrderOfChange(tenant: string, from: number) {
  return { collection: 'policies', index: 'bySet', where: [tenant], range: { from }, order: 'ascending' } as const
}
