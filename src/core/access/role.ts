import { type Result, refuse, success } from '../../errors/result.ts'
import { identifierProblem } from '../identifier.ts'

/** A role of one tenant: what those who hold it may do. */
export interface RoleDefinition {
  readonly id: string
  readonly permissions: readonly string[]
  /** Where it can be held: in the whole tenant, in single projects, or both. */
  readonly held: 'tenant' | 'project' | 'both'
}

/** The roles of one tenant, by id. An id means nothing in another tenant. */
export type Roles = ReadonlyMap<string, RoleDefinition>

/**
 * Collects the roles of a tenant. Refused are ids that are none, two roles of one id, and permissions that are not
 * among `known`.
 *
 * @example
 * ```ts
 * const roles = defineRoles([{ id: 'lead', permissions: ['requests.approve'], held: 'both' }], permissions)
 * ```
 *
 * @returns The roles by their ids, or a refusal: `invalid_input`.
 */
export function defineRoles(
  roles: readonly RoleDefinition[],
  known: readonly string[],
): Result<Roles, 'invalid_input'> {
  const defined = new Map<string, RoleDefinition>()
  for (const role of roles) {
    const checked = checkedRole(role, known)
    if (!checked.ok) return checked
    if (defined.has(role.id))
      return refuse('invalid_input', { argument: `roles.${role.id}`, problem: 'is there twice' })
    defined.set(role.id, checked.value)
  }
  return success(defined)
}

/** Reads a role from outside. */
export function checkedRole(role: RoleDefinition, known: readonly string[]): Result<RoleDefinition, 'invalid_input'> {
  const { id, permissions, held } = role ?? {}
  const wrong = (argument: string, problem: string) =>
    refuse('invalid_input', { argument: `role.${argument}`, problem })
  const problem = identifierProblem(id)
  if (problem) return wrong('id', problem)
  if (known.includes(id)) return wrong('id', 'is the name of a permission')
  if (held !== 'tenant' && held !== 'project' && held !== 'both') {
    return wrong('held', 'must be "tenant", "project" or "both"')
  }
  if (!Array.isArray(permissions)) return wrong('permissions', 'must be a list')
  const unknown = permissions.find((permission) => !known.includes(permission))
  if (unknown !== undefined) {
    return wrong('permissions', `there is no permission ${JSON.stringify(unknown)}; there are ${known.join(', ')}`)
  }
  return success({ id, permissions: [...new Set(permissions)], held })
}

/**
 * Tells whether a permission is one to approve: all requests, or those about one feature, as `pages.approve`. Policies
 * name it as they name a role: everybody whose roles hold it is asked.
 */
export function isApproving(permission: string): boolean {
  return permission.endsWith('.approve')
}

/**
 * Lists the roles that hold a permission: those whom a policy can ask when it wants "everybody who may approve".
 *
 * @example
 * ```ts
 * const reviewers = rolesWith(roles, 'requests.approve')
 * ```
 */
export function rolesWith(roles: Roles, permission: string): readonly string[] {
  return [...roles.values()].filter(({ permissions }) => permissions.includes(permission)).map(({ id }) => id)
}
