import { type Result, refuse, success } from '../../errors/result.ts'
import type { Roles } from './role.ts'

/** What a user may do in one place, by the roles that the directory says the user holds there now. */
export interface Holdings {
  readonly user: string
  /** Where: the project, or empty for the whole tenant. */
  readonly project: string
  readonly roles: readonly string[]
  readonly permissions: ReadonlySet<string>
}

/**
 * Adds up what the roles of a user hold. A role that is not among the tenant's holds nothing.
 *
 * @example
 * ```ts
 * const held = rolesIn({ roles, grants }, { user: 'ann', project: 'shop' })
 * const { permissions } = holdingsOf(roles, { user: 'ann', project: 'shop', held })
 * ```
 */
export function holdingsOf(
  roles: Roles,
  { user, project, held }: { readonly user: string; readonly project: string; readonly held: readonly string[] },
): Holdings {
  const known = [...new Set(held)].filter((role) => roles.has(role))
  return {
    user,
    project,
    roles: known,
    permissions: new Set(known.flatMap((role) => roles.get(role)?.permissions ?? [])),
  }
}

/**
 * Tells whether a user has any access there at all.
 *
 * @example
 * ```ts
 * if (!hasAccess(holdings)) console.log('no role holds anything here')
 * ```
 */
export function hasAccess({ roles }: Holdings): boolean {
  return roles.length > 0
}

/**
 * Passes whoever holds every one of these permissions. Nobody is asked for nothing: an empty list is refused.
 *
 * @example
 * ```ts
 * const allowed = requirePermissions(holdings, ['requests.approve'])
 * ```
 *
 * @returns Nothing, or a refusal: `not_permitted`.
 */
export function requirePermissions(
  { user, project, permissions }: Holdings,
  needed: readonly string[],
): Result<undefined, 'not_permitted'> {
  const missing = needed.filter((permission) => !permissions.has(permission))
  if (needed.length > 0 && missing.length === 0) return success(undefined)
  return refuse('not_permitted', { actor: user, project, missing })
}
