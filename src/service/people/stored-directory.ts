import { type Grant, rolesIn } from '../../core/access/grant.ts'
import { type Roles, rolesWith } from '../../core/access/role.ts'
import { defined } from '../../core/defined.ts'
import type { Directory, DirectoryUser } from '../../ports/directory.ts'
import type { Storage } from '../../ports/storage.ts'
import { rolesOf } from '../context/access-control.ts'
import type { GrantRecord } from '../records/record-types.ts'
import { page, read, recordKey } from '../records/typed-storage.ts'

/**
 * The role of everybody whose roles hold the permission of this name: what a policy asks that wants everybody who may
 * approve.
 */
export const approverRole = 'requests.approve'

/** How many holders of one role are listed: as many as one request asks at most. */
const mostHolders = 1_000

/**
 * Makes the directory of the grants that are kept here. A user who holds no role in a project is nobody there.
 *
 * Every change of a grant moves the settings of the tenant, whose version every commit states: what was read here is
 * still so when it counts.
 */
export function storedDirectory(storage: Storage, base: Roles): Directory {
  const rolesFor = async (tenant: string) => {
    const { settings } = await read(storage, { settings: recordKey('policySets', tenant) })
    return rolesOf(base, settings?.value)
  }
  return {
    async users({ tenant, project = '' }, ids) {
      const { settings, found, wishes } = await read(storage, {
        settings: recordKey('policySets', tenant),
        found: ids.map((id) => recordKey('grants', tenant, id)),
        wishes: ids.map((id) => recordKey('preferences', tenant, id)),
      })
      const roles = rolesOf(base, settings?.value)
      return found.map((stored, index) => {
        const user = stored && userIn(roles, stored.value, project)
        const { unwanted = [] } = wishes[index]?.value ?? {}
        return user && unwanted.length > 0 ? { ...user, unwanted } : user
      })
    },

    async holders({ tenant, project }, role) {
      const asked = role === approverRole ? rolesWith(await rolesFor(tenant), role) : [role]
      const places = project === undefined ? [[]] : [[''], [project]]
      const lists = asked.flatMap((id) => places.map((place) => holdersAt(storage, [tenant, id, ...place])))
      return [...new Set((await Promise.all(lists)).flat())]
    },

    async roles({ tenant }, names) {
      const roles = await rolesFor(tenant)
      return names.map((name) => name === approverRole || roles.has(name))
    },
  }
}

/** The grants of a user, as they are kept. */
export function grantsOf({ user, grants }: Pick<GrantRecord, 'user' | 'grants'>): readonly Grant[] {
  return grants.map((grant) => ({ user, ...grant }))
}

function userIn(roles: Roles, record: GrantRecord, project: string): DirectoryUser | undefined {
  const grants = grantsOf(record)
  const held = rolesIn({ roles, grants }, { user: record.user, project })
  if (held.length === 0 && (project !== '' || grants.length === 0)) return undefined
  const { person, owner } = record
  const projects = project === '' ? [...new Set(grants.map((grant) => grant.project))].filter((id) => id !== '') : []
  const inProjects = projects.map((id) => ({
    project: id,
    roles: withApprover(roles, rolesIn({ roles, grants }, { user: record.user, project: id })),
  }))
  return {
    roles: withApprover(roles, held),
    ...defined({ person, owner }),
    ...(inProjects.length === 0 ? {} : { inProjects }),
  }
}

function withApprover(roles: Roles, held: readonly string[]): readonly string[] {
  const approves = held.some((role) => roles.get(role)?.permissions.includes(approverRole))
  return approves ? [...held, approverRole] : held
}

async function holdersAt(storage: Storage, where: readonly string[]): Promise<readonly string[]> {
  const query = { collection: 'holders', index: 'key', where, order: 'ascending', limit: mostHolders } as const
  const { records } = await page(storage, query)
  return records.map(({ value }) => value.user)
}
