import { type Refusal, refuse } from '../../errors/result.ts'
import type { Grant } from './grant.ts'
import { isHeldThere } from './grant.ts'
import type { Permission } from './permissions.ts'
import type { Roles } from './role.ts'

/** Whoever holds this in the whole tenant can give roles there, but no role that can do more than they can. */
const gives: Permission = 'organization_roles.edit'

/** Whoever holds these in the whole tenant can say who approves, and give that back to somebody who lost it. */
export const adminPermissions: readonly Permission[] = [gives, 'approval_settings.edit']

/** What tells who the admins of a tenant are. */
export interface AdminFacts {
  readonly roles: Roles
  /** At least every grant, in the whole tenant, of a role that holds one of these permissions. */
  readonly grants: readonly Grant[]
  /** Users who do not exist any more, and agents. */
  readonly gone?: ReadonlySet<string>
}

/** Lists who holds all of these permissions in the whole tenant, whatever their roles are called. */
export function adminsOf(
  { roles, grants, gone = new Set() }: AdminFacts,
  needs: readonly Permission[] = adminPermissions,
): readonly string[] {
  const held = new Map<string, Set<string>>()
  for (const { user, role: id, project } of grants) {
    const role = roles.get(id)
    if (project !== '' || !role || !isHeldThere(role, '') || gone.has(user)) continue
    held.set(user, new Set([...(held.get(user) ?? []), ...role.permissions]))
  }
  return [...held].filter(([, theirs]) => needs.every((one) => theirs.has(one))).map(([user]) => user)
}

/** Refuses a change after which a tenant that had an admin, or at least somebody who can give roles, has nobody. */
export function lastAdminRefusal(before: AdminFacts, after: AdminFacts): Refusal | undefined {
  for (const needs of [[gives], adminPermissions]) {
    const admins = adminsOf(before, needs)
    if (admins.length === 0 || adminsOf(after, needs).length > 0) continue
    return refuse('last_admin', { admins, permission: needs.at(-1) ?? gives }).refusal
  }
  return undefined
}
