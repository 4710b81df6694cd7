import { type Refusal, refuse } from '../../errors.ts'
import type { Grant } from './grant.ts'
import { isHeldThere } from './grant.ts'
import type { Permission } from './levels.ts'
import type { Roles } from './role.ts'

/** Whoever holds this in the whole tenant can give every other permission back. */
const key: Permission = 'organization_roles.edit'

/** Lists who can give roles in the whole tenant, whatever their role is called. */
export function adminsOf({
  roles,
  grants,
  gone = new Set(),
}: {
  readonly roles: Roles
  readonly grants: readonly Grant[]
  /** Users who do not exist any more. */
  readonly gone?: ReadonlySet<string>
}): readonly string[] {
  const admins = grants.filter(({ user, role: id, project }) => {
    const role = roles.get(id)
    return project === '' && role?.permissions.includes(key) && isHeldThere(role, '') && !gone.has(user)
  })
  return [...new Set(admins.map(({ user }) => user))]
}

/** Refuses a change after which a tenant that had somebody who can give roles has nobody. */
export function lastAdminRefusal(before: readonly string[], after: readonly string[]): Refusal | undefined {
  if (before.length === 0 || after.length > 0) return undefined
  return refuse('last_admin', { admins: before, permission: key }).refusal
}
