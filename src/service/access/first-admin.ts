import { isHeldThere } from '../../core/access/grant.ts'
import { refuse, success } from '../../errors/result.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { aboutSettings, settingsWrites } from '../records/settings-writes.ts'
import { bootDoor, ownUser } from '../values/reserved.ts'
import { grantWrites, keptRoles, readGrants } from './grants.ts'

/** Makes the command that gives a tenant its first admin. Does nothing in a tenant that ever had one, and says so. */
export function appointFirstAdminCommand(context: Context, tenant: string, user: string): Command<boolean> {
  const actor = { tenant, user: ownUser, via: bootDoor }
  return {
    verb: 'appoint the first admin',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const kept = keptRoles(context)
      if (!kept.ok) return kept
      const { settings, stored } = await readGrants(context, actor, { roles: kept.value, users: [user] })
      if (settings?.value.firstAdmin !== undefined) return success({ writes: [], answer: false })
      const role = [...kept.value.values()].find(
        (one) => one.permissions.includes('organization_roles.edit') && isHeldThere(one, ''),
      )
      if (!role) {
        const problem = 'none of the roles holds organization_roles.edit in the whole tenant: nobody could be an admin'
        return refuse('invalid_input', { argument: 'access.roles', problem })
      }
      const change = { give: [{ user, role: role.id, project: '' }], take: [] }
      const event = { type: 'first_admin_appointed', ...change }
      return success({
        writes: [
          ...settingsWrites(actor, settings, { at, event, next: { firstAdmin: user } }),
          ...grantWrites(tenant, { ...change, stored }),
        ],
        answer: true,
      })
    },
  }
}
