import { rolesWith } from '../../core/access/role.ts'
import type { Approvers } from '../../core/policy/model/requirement.ts'
import type { Directory } from '../../ports/directory.ts'
import { rolesOf } from '../context/access-control.ts'
import type { Context } from '../context/context.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { knownUsers, mostTold, type Scopes, scopeOf } from './ask-directory.ts'
import { askHolders } from './ask-holders.ts'

/** Finds whoever may change the settings of a tenant, as far as they are named: nobody, if that is anyone. */
export async function settingsAdmins(context: Context, tenant: string): Promise<readonly string[]> {
  const { set } = await read(context.storage, { set: recordKey('policySets', tenant) })
  return await peopleNamed(context.directory, scopeOf(tenant, ''), [adminApprovers(context, set?.value)])
}

/** Who may change settings, by user and role. */
export function adminApprovers({ access }: Context, settings: PolicySetRecord | undefined): Approvers {
  if (access.type === 'admins') return access.admins === 'anyone' ? {} : access.admins
  return { roles: rolesWith(rolesOf(access.roles, settings), 'approval_settings.edit') }
}

/**
 * Asks the directory for those whom it knows among some users and the holders of some roles, as many as a notice goes
 * to.
 */
export async function peopleNamed(
  directory: Directory,
  scope: Scopes,
  named: readonly Approvers[],
): Promise<readonly string[]> {
  const roles = new Set(named.flatMap(({ roles = [] }) => roles))
  const holders = Object.values(await askHolders(directory, scope, [...roles])).flat()
  const ids = new Set([...named.flatMap(({ users = [] }) => users), ...holders])
  return [...(await knownUsers(directory, scope, [...ids].slice(0, mostTold))).keys()]
}
