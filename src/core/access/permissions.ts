/** What the library itself asks its users to be permitted. Applications have permissions of their own besides. */
export const permissions = [
  /** What is there: resources with their history, requests about them, comments. */
  'resources.read',
  /** The log and its export. */
  'log.read',
  /** Who may do what in a project: bring users in, and change what those there hold. */
  'project_users.add',
  'project_roles.edit',
  /** The same in the whole tenant. */
  'organization_users.add',
  'organization_roles.edit',
  /** Approval settings: policies and switches. */
  'approval_settings.edit',
  /** What is asked of those who answer requests if no list of approvers is given. */
  'requests.approve',
  /** The verb of its own that applies without the approval; a policy has to allow it, too. */
  'requests.bypass',
  /** Definitions of custom roles. */
  'roles.edit',
  /** Who edits new resources. */
  'default_access.edit',
  /** Free texts, which an erasure takes out of the log. */
  'texts.erase',
  /** Resources that are restricted to editors, without being one. */
  'restricted_resources.edit',
] as const

/** One of the {@link permissions}. */
export type Permission = (typeof permissions)[number]
