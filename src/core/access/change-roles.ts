import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import { lastAdminRefusal } from './admins.ts'
import { type Grant, isHeldThere } from './grant.ts'
import { type Holdings, requirePermissions } from './holdings.ts'
import type { Permission } from './permissions.ts'
import { checkedRole, isApproving, type RoleDefinition, type Roles } from './role.ts'

/** Permission to define custom roles. */
const defines: Permission = 'roles.edit'

/** Permission without which a role has not the power that policies give it, as those to approve are. */
const bypasses: Permission = 'requests.bypass'

/** What is known when the roles of a tenant are changed. */
export interface RoleFacts {
  readonly roles: Roles
  /** Every grant of the role concerned, and every grant in the whole tenant. */
  readonly grants: readonly Grant[]
  /** What the actor holds in the whole tenant. */
  readonly holdings: Holdings
  /** Every permission that a role can hold: those of the matrix, and the host's own. */
  readonly known: readonly string[]
  /** Users who do not exist any more: they count as nobody. */
  readonly gone?: ReadonlySet<string>
  /** Lists the policies that give a role power which the actor has not, and which the actor may not change either. */
  readonly beyondPolicies: (role: string) => readonly string[]
}

/**
 * Saves a custom role, a new one or another text of the one with its id. Nobody puts in or takes out what they do not
 * hold.
 *
 * @example
 * ```ts
 * const role = { id: 'release_manager', permissions: ['requests.approve'], held: 'project' } as const
 * const saved = saveRole(role, roleFacts)
 * if (!saved.ok) console.log(saved.refusal.code)
 * ```
 *
 * @returns The roles of the tenant after it, or a refusal: `invalid_input`, `role_in_use`, `not_permitted`,
 * `beyond_own_permissions`, `last_admin`.
 */
export function saveRole(role: RoleDefinition, facts: RoleFacts): Result<Roles> {
  const checked = checkedRole(role, facts.known)
  if (!checked.ok) return checked
  const before = facts.roles.get(role.id)
  const stranded = facts.grants.find((grant) => grant.role === role.id && !isHeldThere(checked.value, grant.project))
  if (stranded) return refuse('role_in_use', { role: role.id, holders: [stranded.user] })
  const changed = difference(before?.permissions ?? [], checked.value.permissions)
  const lending = changed.some((permission) => permission === bypasses || isApproving(permission))
  const lends = before?.held !== checked.value.held || lending
  const policies = lends ? facts.beyondPolicies(role.id) : []
  return changedRoles(facts, role.id, { changed, policies, next: new Map(facts.roles).set(role.id, checked.value) })
}

/**
 * Removes a role that nobody holds any more.
 *
 * @example
 * ```ts
 * const removed = removeRole('release_manager', roleFacts)
 * ```
 *
 * @returns The roles of the tenant after it, or a refusal: `unknown_role`, `role_in_use`, `not_permitted`,
 * `beyond_own_permissions`, `last_admin`.
 */
export function removeRole(id: string, facts: RoleFacts): Result<Roles> {
  const role = facts.roles.get(id)
  if (!role) return refuse('unknown_role', { role: id, known: [...facts.roles.keys()] })
  const holders = [...new Set(facts.grants.filter((grant) => grant.role === id).map(({ user }) => user))]
  if (holders.length > 0) return refuse('role_in_use', { role: id, holders })
  const next = new Map(facts.roles)
  next.delete(id)
  return changedRoles(facts, id, { changed: role.permissions, policies: facts.beyondPolicies(id), next })
}

interface Change {
  /** The permissions that go into the role, or out of it. */
  readonly changed: readonly string[]
  /** The policies whose power it has, if the change says who can hold it. */
  readonly policies: readonly string[]
  readonly next: Roles
}

function changedRoles(
  { holdings, roles, grants, gone = new Set() }: RoleFacts,
  role: string,
  { changed, policies, next }: Change,
): Result<Roles> {
  const allowed = requirePermissions(holdings, [defines])
  if (!allowed.ok) return allowed
  const missing = changed.filter((permission) => !holdings.permissions.has(permission))
  if (missing.length > 0 || policies.length > 0)
    return refuse('beyond_own_permissions', { actor: holdings.user, role, missing, policies })
  const lockedOut: Refusal | undefined = lastAdminRefusal({ roles, grants, gone }, { roles: next, grants, gone })
  return lockedOut ? { ok: false, refusal: lockedOut } : success(next)
}

function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  return [...before.filter((item) => !after.includes(item)), ...after.filter((item) => !before.includes(item))]
}
