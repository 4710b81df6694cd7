import { type Holdings, holdingsOf } from '../../core/access/holdings.ts'
import { type Permission, permissions } from '../../core/access/permissions.ts'
import { defineRoles, type RoleDefinition, type Roles } from '../../core/access/role.ts'
import type { NamedPeople } from '../../core/policy/model/requirement.ts'
import type { KnownUser } from '../../core/review/voter.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { checkOptionNames } from '../resource-types/handed-in.ts'
import { isReservedUser } from '../values/reserved.ts'
import { shown } from '../values/shown.ts'

/**
 * Who may change policies and switches: these users and whoever holds these roles, or everybody whom the directory
 * knows.
 */
export type Admins = 'anyone' | NamedPeople

/** Who may read: these users and whoever holds these roles, or everybody whom the directory knows. */
export type Readers = Admins

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

/** What the host said of who may do what. */
export interface AccessGiven {
  readonly admins: Admins | undefined
  readonly readers: Readers | undefined
  readonly logReaders: Readers | undefined
  readonly access: AccessOptions | undefined
  /** Whether who holds which role is kept here. */
  readonly stored: boolean
  /** Whether the application gives policies in code. */
  readonly hasPolicies: boolean
}

/** Who may do what, as the host has set it up. */
export type AccessControl =
  /** A few people may change the settings, and everybody whom the directory knows may propose. */
  | {
      readonly type: 'admins'
      /** Nobody, if neither users nor roles are named. */
      readonly admins: Admins
      /** Who may read resources and requests, besides the admins. */
      readonly readers: Readers
      /** Who may read the log, besides the admins. */
      readonly logReaders: Readers
    }
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
 * @throws TypeError if there are neither policies nor anybody who may save some, or it defined roles that cannot be.
 */
export function accessControlOf({ access, ...named }: AccessGiven): AccessControl {
  const { admins, readers, logReaders, stored } = named
  if (access === undefined) return namedControl(named)
  if (admins !== undefined) throw new TypeError('createApprovals: with access, permissions say who the admins are')
  if (readers !== undefined || logReaders !== undefined) {
    throw new TypeError(
      'createApprovals: with access, roles say who may read: give them "resources.read" and "log.read" instead',
    )
  }
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

/** Nobody is named. */
const nobody: NamedPeople = {}

/** Reads who was named, if no roles say who may do what. */
function namedControl({ stored, hasPolicies, ...given }: Omit<AccessGiven, 'access'>): AccessControl {
  for (const [option, named] of Object.entries(given)) {
    if (named === undefined || isNamed(named)) continue
    throw new TypeError(
      `createApprovals: ${option} must be "anyone", or name users or roles, as in { roles: ['admin'] }, not ${described(named)}`,
    )
  }
  const { admins = nobody, readers, logReaders } = given
  if (stored) {
    throw new TypeError(
      'createApprovals: say who people are: directory, as in staticDirectory({ ann: ["lead"] }), or access: { roles } for roles that are kept here, as in access: levelAccess of countersign/presets',
    )
  }
  if (admins === nobody && !hasPolicies) {
    throw new TypeError(
      "createApprovals: nothing would ever need approval: give policies with policiesVersion, or say who may save policies in a tenant, as in admins: { roles: ['admin'] }",
    )
  }
  const log = logReaders ?? (readers === undefined ? 'anyone' : admins)
  return { type: 'admins', admins, readers: readers ?? 'anyone', logReaders: log }
}

/** Adds up what a user whom the directory knows may do in a project; an empty one is the whole tenant. */
export function holdingsFor(
  control: AccessControl,
  settings: Pick<PolicySetRecord, 'roles'> | undefined,
  { user: { id, roles: held }, project }: { readonly user: Pick<KnownUser, 'id' | 'roles'>; readonly project: string },
): Holdings {
  if (control.type === 'roles') return holdingsOf(rolesOf(control.roles, settings), { user: id, project, held })
  if (isAmong(control.admins, id, held)) return { user: id, project, roles: held, permissions: new Set(permissions) }
  const reads: readonly Permission[] = isAmong(control.readers, id, held) ? ['resources.read'] : []
  const readsLog: readonly Permission[] = isAmong(control.logReaders, id, held) ? ['log.read'] : []
  return { user: id, project, roles: held, permissions: new Set([...reads, ...readsLog]) }
}

/** The roles of a tenant: those that every tenant has, and its own. */
export function rolesOf(roles: Roles, settings: Pick<PolicySetRecord, 'roles'> | undefined): Roles {
  const own = settings?.roles ?? []
  return own.length === 0 ? roles : new Map([...own.map((role) => [role.id, role] as const), ...roles])
}

function isAmong(named: Admins | Readers, user: string, roles: readonly string[]): boolean {
  if (named === 'anyone') return true
  return (named.users?.includes(user) ?? false) || (named.roles?.some((role) => roles.includes(role)) ?? false)
}

function described(named: unknown): string {
  const text = JSON.stringify(named)
  return text === undefined || text.length > 100 ? shown(named) : text
}

function isNamed(named: unknown): named is Admins | Readers {
  if (named === 'anyone') return true
  if (typeof named !== 'object' || named === null) return false
  const lists = Object.entries(named).filter(([, list]) => list !== undefined)
  const known = lists.every(([name, list]) => (name === 'users' || name === 'roles') && isListOfNames(list))
  return known && lists.some(([, list]) => list.length > 0)
}

function isListOfNames(list: unknown): boolean {
  return Array.isArray(list) && list.every((name) => typeof name === 'string' && name !== '' && !isReservedUser(name))
}
