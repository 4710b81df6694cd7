import { permissions } from '../core/access/permissions.ts'
import type { RoleDefinition } from '../core/access/role.ts'

/** The levels of access, from the lowest up. The first three are held in projects, the last in the whole tenant. */
export const levels = ['viewer', 'member', 'manager', 'admin'] as const

/** One of the {@link levels}. */
export type Level = (typeof levels)[number]

/**
 * The permission matrix of a product with flags and experiments: permission → the lowest level that holds it. Whoever
 * holds a level holds those below.
 */
export const levelMatrix = {
  'flags.read': 'viewer',
  'flags.create': 'member',
  'flags.edit': 'member',
  'flags.delete': 'member',
  'experiments.read': 'viewer',
  'experiments.create': 'member',
  'experiments.edit': 'member',
  'experiments.delete': 'member',
  'environments.read': 'viewer',
  'environments.create': 'member',
  'environments.edit': 'member',
  'environments.delete': 'member',
  'exclusion_groups.read': 'viewer',
  'exclusion_groups.create': 'member',
  'exclusion_groups.edit': 'member',
  'exclusion_groups.delete': 'member',
  'targeted_environments.read': 'viewer',
  'targeted_environments.write': 'member',
  'activation.read': 'viewer',
  'activation.write': 'member',
  'variants.read': 'viewer',
  'variants.write': 'member',
  'allocation.read': 'viewer',
  'allocation.write': 'member',
  'analysis.read': 'viewer',
  'analysis.write': 'member',
  'metrics.read': 'viewer',
  'metrics.write': 'member',
  'api_key.view': 'viewer',
  /** Resources, requests about them, and what was said there. */
  'resources.read': 'viewer',
  /** The log and its export. */
  'log.read': 'manager',
  'project_users.add': 'manager',
  'project_roles.edit': 'manager',
  'organization_users.add': 'admin',
  'organization_roles.edit': 'admin',
  /** Approval settings: policies and switches. */
  'approval_settings.edit': 'manager',
  /** What is asked of those who answer requests where no list of approvers is given. */
  'requests.approve': 'admin',
  /** The verb of its own that applies without the approval; a policy has to allow it, too. */
  'requests.bypass': 'admin',
  /** Definitions of custom roles. */
  'roles.edit': 'admin',
  /** Who edits new resources. */
  'default_access.edit': 'admin',
  /** Free texts, which an erasure takes out of the log. */
  'texts.erase': 'admin',
  /** Resources that are restricted to editors, without being one. */
  'restricted_resources.edit': 'admin',
} as const satisfies Readonly<Record<string, Level>>

/** A permission of the matrix. */
export type LevelPermission = keyof typeof levelMatrix

const all = Object.keys(levelMatrix) as readonly LevelPermission[]
const ofTheLibrary: readonly string[] = permissions

/** The permissions of the matrix that are the product's own, and not among those of the library. */
export const levelPermissions: readonly LevelPermission[] = all.filter((one) => !ofTheLibrary.includes(one))

/** The levels as roles. */
export const levelRoles: readonly RoleDefinition[] = levels.map((level, rank) => ({
  id: level,
  permissions: all.filter((permission) => levels.indexOf(levelMatrix[permission]) <= rank),
  held: level === 'admin' ? 'tenant' : 'project',
}))

/** The levels and the permissions of the matrix, as `createApprovals({ access: levelAccess })` takes them. */
export const levelAccess = { roles: levelRoles, permissions: levelPermissions } as const
