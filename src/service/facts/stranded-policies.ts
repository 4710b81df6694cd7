import { unsatisfiable } from '../../core/policy/check/check-satisfiable.ts'
import type { Policy } from '../../core/policy/model/policy.ts'
import { isPolicyOn } from '../../core/policy/model/policy-type.ts'
import { compareText } from '../../core/policy/model/requirement.ts'
import { mentionedPeople } from '../../core/policy/requirements/named-approvers.ts'
import { projectsConcerned } from '../access/check-permission.ts'
import { allPolicies } from '../context/compiled-policies.ts'
import { scopeOf } from '../people/ask-directory.ts'
import { directoryFacts } from '../people/ask-holders.ts'
import { mostLookedThrough } from '../values/strands.ts'
import type { World } from './worlds.ts'

/** A policy that nobody could satisfy, and what is missing, in words. */
interface StuckPolicy {
  readonly policy: Policy
  readonly missing: readonly string[]
}

/** Finds policies that nobody could satisfy in one world. Those that nobody could in `unless` are left out. */
export async function stuckPolicies(
  world: World,
  tenant: string,
  unless: World | undefined,
): Promise<{ readonly stuck: readonly StuckPolicy[]; readonly more: boolean }> {
  const all = (await policiesOn(world, tenant)).toSorted((a, b) => compareText(a.id, b.id))
  const old = unless ? await policiesOn(unless, tenant) : []
  const stuck: StuckPolicy[] = []
  for (const policy of all.slice(0, mostLookedThrough)) {
    const missing = await missingOf(world, tenant, policy)
    if (missing.length === 0) continue
    const before = old.find(({ id, source }) => id === policy.id && source === policy.source)
    const was = unless && before ? await missingOf(unless, tenant, before) : []
    if (was.length === 0) stuck.push({ policy, missing })
  }
  return { stuck, more: all.length > mostLookedThrough }
}

async function policiesOn({ context, setVersion }: World, tenant: string): Promise<readonly Policy[]> {
  return allPolicies(await context.policies(context.storage, tenant, setVersion)).filter(isPolicyOn)
}

/** Says what is missing for a policy in one of the projects that it names, or in the tenant if it names none. */
async function missingOf({ context }: World, tenant: string, policy: Policy): Promise<readonly string[]> {
  const people = mentionedPeople(policy)
  const missing: string[] = []
  for (const project of projectsConcerned([policy])) {
    const facts = await directoryFacts(context.directory, scopeOf(tenant, project), people)
    missing.push(...unsatisfiable(policy, facts, project))
  }
  return [...new Set(missing)]
}
