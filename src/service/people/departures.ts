import type { Directory } from '../../ports/directory.ts'
import type { Wait } from '../../ports/in-time.ts'
import type { Storage, Write } from '../../ports/storage.ts'
import type { AccessControl } from '../context/access-control.ts'
import type { Context, DirectoryOver } from '../context/context.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { page, read, recordKey, unchanged } from '../records/typed-storage.ts'
import { checkedDirectory } from './checked-directory.ts'
import { storedDirectory } from './stored-directory.ts'

/** How many users are looked up among those who have left, in one go. */
const batch = 1_000

/** Where it is said who people are: by the host, or by what is kept here. */
interface DirectorySource {
  readonly directory: Directory | undefined
  readonly access: AccessControl
  /** How long an answer may take, in milliseconds. */
  readonly milliseconds: number
  readonly wait?: Wait
}

/** Makes the directory of an installation, over whatever storage it reads what is kept here from. */
export function directoryOver({ directory, access, milliseconds, wait }: DirectorySource): DirectoryOver {
  if (!directory) return (storage) => checkedDirectory(storedDirectory(storage, access), milliseconds, wait)
  const checked = checkedDirectory(directory, milliseconds, wait)
  return (storage, known) => (known && !known.settings?.departed ? checked : withoutDeparted(checked, storage))
}

/** What a command works with that has read the settings: nobody looks again whether somebody has left at all. */
export function knowingSettings(context: Context, settings: PolicySetRecord | undefined): Context {
  return { ...context, directory: context.directoryOver(context.storage, { settings }) }
}

/**
 * The directory of the host without those of whom the host has said that they have left: whatever a stale answer says
 * of them, they are as unknown as somebody whom it does not know.
 */
function withoutDeparted(directory: Directory, storage: Storage): Directory {
  return {
    roles: directory.roles,
    async users(scope, ids) {
      const [users, departed] = await Promise.all([
        directory.users(scope, ids),
        departedAmong(storage, scope.tenant, ids),
      ])
      return users.map((user, index) => (departed.has(ids[index] ?? '') ? undefined : user))
    },
    async holders(scope, role) {
      const first = { ...inKeyOrder('departures', scope.tenant), limit: 1 }
      const [holders, { records }] = await Promise.all([directory.holders(scope, role), page(storage, first)])
      if (records.length === 0) return holders
      const departed = await departedAmong(storage, scope.tenant, holders)
      return holders.filter((user) => !departed.has(user))
    },
  }
}

/**
 * Gives those among users who have not left: of whom the host has not said so or, if roles are kept here, who hold one.
 * It asks no directory of the host.
 */
export async function withoutLeavers(
  { access, directory, storage }: Pick<Context, 'access' | 'directory' | 'storage'>,
  tenant: string,
  users: readonly string[],
): Promise<readonly string[]> {
  if (access.type === 'roles' && access.stored) {
    const known = await directory.users({ tenant }, users)
    return users.filter((_, index) => known[index] !== undefined)
  }
  const departed = await departedAmong(storage, tenant, users)
  return users.filter((user) => !departed.has(user))
}

/**
 * Reads what says that users are there, before the directory is asked about them, and states that it is still so: a
 * departure that is recorded meanwhile refuses what is written for them.
 */
export async function stayingAsRead(
  { access, storage }: Pick<Context, 'access' | 'storage'>,
  tenant: string,
  users: readonly string[],
): Promise<readonly Write[]> {
  const isKeptHere = access.type === 'roles' && access.stored
  const keys = users.map((user) => recordKey(isKeptHere ? 'grants' : 'departures', tenant, user))
  const { found } = await read(storage, { found: keys })
  return keys.map((key, index) => unchanged(key, found[index]))
}

async function departedAmong(storage: Storage, tenant: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const departed = new Set<string>()
  for (let from = 0; from < ids.length; from += batch) {
    const { found } = await read(storage, {
      found: ids.slice(from, from + batch).map((id) => recordKey('departures', tenant, id)),
    })
    for (const one of found) if (one) departed.add(one.value.user)
  }
  return departed
}
