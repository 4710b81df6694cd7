import { type Holdings, holdingsOf } from '../../core/access/holdings.ts'
import { permissions } from '../../core/access/permissions.ts'
import { defineRoles, type RoleDefinition, type Roles } from '../../core/access/role.ts'
import type { Approvers } from '../../core/policy/model/requirement.ts'
import type { KnownUser } from '../../core/review/voter.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { checkOptionNames } from '../resource-types/handed-in.ts'
import { isReservedUser } from '../values/reserved.ts'
import { shown } from '../values/shown.ts'

/**
 * Who may change policies and switches: these users and whoever holds these roles, or everybody whom the directory
 * knows.
 */
export type Admins = 'anyone' | Approvers

/** What roles permit, for hosts that want Countersign to say who may do what. */
export interface AccessOptions {
  /**
   * The roles that every tenant has: your own, or `levelRoles` of `countersign/presets`. One of them should hold
   * `organization_roles.edit`, or nobody can give roles.
   */
  readonly roles: readonly RoleDefinition[]
  /**
   * Permissions of the application's own, besides those that the library asks for itself ({@link Permission}).
   *
   * @defaultValue none
   */
  readonly permissions?: readonly string[] | undefined
}

/** Who may do what, as the host has set it up. */
export type AccessControl =
  /** A few people may change the settings, and everybody whom the directory knows may propose. */
  | { readonly type: 'admins'; readonly admins: Admins }
  /** Roles say what their holders may do. */
  | {
      readonly type: 'roles'
      readonly roles: Roles
      /** Every permission that a role can hold. */
      readonly known: readonly string[]
      /** Whether who holds which role is kept here, and not told by the host's directory. */
      readonly stored: boolean
    }

/**
 * Reads what the host said of access.
 *
 * @throws TypeError if it did not say who may change the settings, or defined roles that cannot be.
 */
export function accessControlOf({
  admins,
  access,
  stored,
}: {
  readonly admins: Admins | undefined
  readonly access: AccessOptions | undefined
  readonly stored: boolean
}): AccessControl {
  if (access === undefined) {
    if (admins !== undefined && !isAdmins(admins)) {
      throw new TypeError(
        `createApprovals: admins must be "anyone", or name users or roles, as in { roles: ['admin'] }, not ${described(admins)}`,
      )
    }
    if (admins === undefined || stored) {
      throw new TypeError(
        "createApprovals: say who may change policies: directory with admins: { roles: ['admin'] }, or access: { roles } for roles that are kept here, as in access: levelAccess of countersign/presets",
      )
    }
    return { type: 'admins', admins }
  }
  if (admins !== undefined) throw new TypeError('createApprovals: with access, permissions say who the admins are')
  checkOptionNames('createApprovals: access', access, ['roles', 'permissions'])
  const { permissions: own = [] } = access
  if (!isListOfNames(own)) {
    throw new TypeError(
      `createApprovals: access.permissions must be a list of names, as in ['billing.edit'], not ${shown(own)}`,
    )
  }
  if (!Array.isArray(access.roles)) {
    throw new TypeError(
      `createApprovals: access.roles must be a list of roles, as levelRoles of countersign/presets is, not ${shown(access.roles)}`,
    )
  }
  const known = [...permissions, ...own]
  const roles = defineRoles(access.roles, known)
  if (!roles.ok) throw new TypeError(`createApprovals: access: ${roles.refusal.message}`)
  return { type: 'roles', roles: roles.value, known, stored }
}

/** Adds up what a user whom the directory knows may do in a project; an empty one is the whole tenant. */
export function holdingsFor(
  control: AccessControl,
  settings: Pick<PolicySetRecord, 'roles'> | undefined,
  { user: { id, roles: held }, project }: { readonly user: Pick<KnownUser, 'id' | 'roles'>; readonly project: string },
): Holdings {
  if (control.type === 'roles') return holdingsOf(rolesOf(control.roles, settings), { user: id, project, held })
  const all = isAdmin(control.admins, id, held) ? permissions : []
  return { user: id, project, roles: held, permissions: new Set(all) }
}

/** The roles of a tenant: those that every tenant has, and its own. */
export function rolesOf(roles: Roles, settings: Pick<PolicySetRecord, 'roles'> | undefined): Roles {
  const own = settings?.roles ?? []
  return own.length === 0 ? roles : new Map([...own.map((role) => [role.id, role] as const), ...roles])
}

function isAdmin(admins: Admins, user: string, roles: readonly string[]): boolean {
  if (admins === 'anyone') return true
  return (admins.users?.includes(user) ?? false) || (admins.roles?.some((role) => roles.includes(role)) ?? false)
}

function described(admins: unknown): string {
  const text = JSON.stringify(admins)
  return text === undefined || text.length > 100 ? shown(admins) : text
}

function isAdmins(admins: unknown): admins is Admins {
  if (admins === 'anyone') return true
  if (typeof admins !== 'object' || admins === null) return false
  const lists = Object.entries(admins).filter(([, list]) => list !== undefined)
  const known = lists.every(([name, list]) => (name === 'users' || name === 'roles') && isListOfNames(list))
  return known && lists.some(([, list]) => list.length > 0)
}

function isListOfNames(list: unknown): boolean {
  return Array.isArray(list) && list.every((name) => typeof name === 'string' && name !== '' && !isReservedUser(name))
}
