import type { RoleDefinition, Roles } from './role.ts'

/** One role of one user, in the whole tenant or in one project. */
export interface Grant {
  readonly user: string
  readonly role: string
  /** Empty for the whole tenant. */
  readonly project: string
}

/** Tells whether a role can be held there: in the project or, if that is empty, in the whole tenant. */
export function isHeldThere({ held }: RoleDefinition, project: string): boolean {
  return held === 'both' || held === (project === '' ? 'tenant' : 'project')
}

/**
 * Lists the roles that a user holds in a project: those granted there, and those granted in the whole tenant. In the
 * whole tenant (an empty project), those granted there alone. A grant of a role that is unknown, or cannot be held
 * where it was granted, is none.
 *
 * @example
 * ```ts
 * const held = rolesIn({ roles, grants }, { user: 'ann', project: 'shop' })
 * ```
 */
export function rolesIn(
  { roles, grants }: { readonly roles: Roles; readonly grants: readonly Grant[] },
  { user, project }: { readonly user: string; readonly project: string },
): readonly string[] {
  const held = grants.filter((grant) => grant.user === user && reaches(roles, grant, project))
  return [...new Set(held.map(({ role }) => role))]
}

/**
 * Lists the users who hold a role in a project, as `rolesIn` has it.
 *
 * @example
 * ```ts
 * const managers = holdersOf({ roles, grants }, { role: 'manager', project: 'shop' })
 * ```
 */
export function holdersOf(
  { roles, grants }: { readonly roles: Roles; readonly grants: readonly Grant[] },
  { role, project }: { readonly role: string; readonly project: string },
): readonly string[] {
  const given = grants.filter((grant) => grant.role === role && reaches(roles, grant, project))
  return [...new Set(given.map(({ user }) => user))]
}

function reaches(roles: Roles, grant: Grant, project: string): boolean {
  const role = roles.get(grant.role)
  return role !== undefined && isHeldThere(role, grant.project) && (grant.project === '' || grant.project === project)
}
