import { type Grant, rolesIn } from '../../core/access/grant.ts'
import { isApproving, type Roles, rolesWith } from '../../core/access/role.ts'
import { defined } from '../../core/defined.ts'
import type { Directory, DirectoryUser } from '../../ports/directory.ts'
import type { Storage } from '../../ports/storage.ts'
import { type AccessControl, rolesOf } from '../context/access-control.ts'
import type { GrantRecord } from '../records/access-records.ts'
import { page, read, recordKey } from '../records/typed-storage.ts'

/** How many holders of one role are listed: as many as one request asks at most. */
const mostHolders = 1_000

/**
 * Makes the directory of the grants that are kept here. A user who holds no role in a project is nobody there.
 *
 * Every change of a grant moves the settings of the tenant, whose version every commit states: what was read here is
 * still so when it counts.
 */
export function storedDirectory(storage: Storage, access: AccessControl): Directory {
  const { roles: base, known } = access.type === 'roles' ? access : nothingKnown
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
      const asked = isApproving(role) ? [role, ...rolesWith(await rolesFor(tenant), role)] : [role]
      const places = project === undefined ? [[]] : [[''], [project]]
      const lists = asked.flatMap((id) => places.map((place) => holdersAt(storage, [tenant, id, ...place])))
      return [...new Set((await Promise.all(lists)).flat())]
    },

    async roles({ tenant }, names) {
      const roles = await rolesFor(tenant)
      return names.map((name) => (isApproving(name) && known.includes(name)) || roles.has(name))
    },
  }
}

const nothingKnown: { readonly roles: Roles; readonly known: readonly string[] } = { roles: new Map(), known: [] }

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
    roles: withApproving(roles, rolesIn({ roles, grants }, { user: record.user, project: id })),
  }))
  return {
    roles: withApproving(roles, held),
    ...defined({ person, owner }),
    ...(inProjects.length === 0 ? {} : { inProjects }),
  }
}

/** Whoever holds a permission to approve holds the role of its name, which policies ask. */
function withApproving(roles: Roles, held: readonly string[]): readonly string[] {
  const granted = held.flatMap((role) => roles.get(role)?.permissions.filter(isApproving) ?? [])
  return granted.length > 0 ? [...new Set([...held, ...granted])] : held
}

async function holdersAt(storage: Storage, where: readonly string[]): Promise<readonly string[]> {
  const query = { collection: 'holders', index: 'key', where, order: 'ascending', limit: mostHolders } as const
  const { records } = await page(storage, query)
  return records.map(({ value }) => value.user)
}
