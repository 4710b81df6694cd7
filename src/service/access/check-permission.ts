import { requirePermissions } from '../../core/access/holdings.ts'
import type { PolicyInput } from '../../core/policy/model/policy.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import { holdingsFor } from '../context/access-control.ts'
import type { Context } from '../context/context.ts'
import { knownUsers, scopeOf } from '../people/ask-directory.ts'
import { askHolders } from '../people/ask-holders.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey } from '../records/typed-storage.ts'

/** A change of the settings: what it needs, and where. */
export interface SettingsChange {
  readonly settings: PolicySetRecord | undefined
  readonly permission: string
  /** The projects that it concerns; an empty one is the whole tenant. */
  readonly projects: readonly string[]
}

/**
 * Lets a change of the settings pass whose actor holds the permission in the whole tenant, or in each of the projects
 * concerned.
 */
export async function maySet(
  context: Context,
  actor: Actor,
  { settings, permission, projects }: SettingsChange,
): Promise<Result<undefined>> {
  const everywhere = await permittedIn(context, actor, { settings, permission, project: '' })
  if (everywhere.ok || projects.includes('')) return everywhere
  for (const project of projects) {
    const there = await permittedIn(context, actor, { settings, permission, project })
    if (!there.ok) return there
  }
  return success(undefined)
}

/** The same for somebody who asks whether they are permitted, by the settings of now. */
export async function isPermitted(
  context: Context,
  actor: Actor,
  asked: Omit<SettingsChange, 'settings'>,
): Promise<Result<undefined>> {
  const { settings } = await read(context.storage, { settings: recordKey('policySets', actor.tenant) })
  return await maySet(context, actor, { settings: settings?.value, ...asked })
}

/**
 * The projects that saving or removing policies concerns: where the policy gates, gated, or stands in for another
 * one.
 */
export function projectsConcerned(
  policies: readonly (Pick<PolicyInput, 'match'> | null | undefined)[],
): readonly string[] {
  const named = policies.flatMap((policy) => (policy ? (policy.match.project ?? '') : []))
  return [...new Set(named)]
}

async function permittedIn(
  context: Context,
  { tenant, user: id }: Actor,
  { settings, permission, project }: Omit<SettingsChange, 'projects'> & { readonly project: string },
): Promise<Result<undefined>> {
  const users = await knownUsers(context.directory, scopeOf(tenant, project), [id])
  const user = users.get(id)
  if (!user) return refuse('unknown_actor', { actor: id })
  const held = requirePermissions(holdingsFor(context.access, settings, { user, project }), [permission])
  if (held.ok || context.access.type !== 'admins') return held
  return refuse('not_permitted', { ...held.refusal.details, admins: await adminsNamed(context, tenant) })
}

/** Names the admins whom the application has set, and says which of their roles nobody holds. */
async function adminsNamed({ access, directory }: Context, tenant: string): Promise<readonly string[]> {
  if (access.type !== 'admins' || access.admins === 'anyone') return []
  const { users = [], roles = [] } = access.admins
  const holders = await askHolders(directory, { tenant }, roles)
  const named = roles.map((role) => {
    return `role ${JSON.stringify(role)}${holders[role]?.length === 0 ? ', which nobody holds' : ''}`
  })
  return [...users.map((user) => `user ${JSON.stringify(user)}`), ...named]
}
