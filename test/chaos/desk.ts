import { type ActorInput, createApprovals, type Notice, type Storage, staticDirectory } from '../../src/index.ts'
import { type CollectionName, collectionNames } from '../../src/ports/collections.ts'
import { flags, start } from '../world.ts'

/** People of these tests: two leads, one who may bypass, and two developers. */
const people = {
  ann: ['developer'],
  ben: ['lead'],
  cat: ['lead'],
  dan: ['security'],
  eve: ['developer'],
}

export const checkout = flags.ref('checkout')

/** What the desks of one office share: the time, and what was delivered to people. */
export interface Office {
  now: number
  readonly delivered: Notice[]
  /** Who has left since. */
  readonly gone: Set<string>
}

export function office(): Office {
  return { now: start, delivered: [], gone: new Set() }
}

/**
 * The library as one process of the host runs it. Desks over one storage know nothing of each other: no queue keeps them apart. Requests are called
 * `desk-1`, `desk-2` and so on, or, at a desk with a name, where at most one is made, by that name.
 */
export function desk(storage: Storage, shared: Office, name?: string) {
  let ids = 0
  const directory = staticDirectory(people)
  const approvals = createApprovals({
    admins: 'anyone',
    storage,
    resources: [flags],
    directory: {
      ...directory,
      async users(scope, ids) {
        const known = await directory.users(scope, ids)
        return known.map((user, at) => (shared.gone.has(ids[at] ?? '') ? undefined : user))
      },
    },
    notifiers: [
      {
        name: 'kept',
        async deliver(notice) {
          shared.delivered.push(notice)
        },
      },
    ],
    now: () => shared.now,
    newId: () => name ?? `desk-${++ids}`,
  })
  return {
    approvals,
    as: (user: keyof typeof people, actor: Partial<ActorInput> = {}) =>
      approvals.as({ tenant: 'acme', user, ...actor }),
  }
}

export type Desk = ReturnType<typeof desk>

/** What `tick` works off: what it looks like depends on when tick comes, and not only on what people did. */
export const upkeep: readonly CollectionName[] = ['outbox', 'unsealed', 'seals', 'checkpoints', 'returns']

/** What commands leave behind for good. */
export const lasting = collectionNames.filter((name) => !upkeep.includes(name))

/** Everything that a storage holds, of one tenant where it is named, as one text for each record. */
export async function everything(
  storage: Storage,
  from: readonly CollectionName[] = collectionNames,
  tenants: readonly string[] = [],
): Promise<readonly string[]> {
  const found: string[] = []
  for (const collection of from) {
    const query = { collection, index: 'key', where: tenants, order: 'ascending', limit: 1000 } as const
    const { records, next } = await storage.list(query)
    if (next) throw new RangeError(`There are more than 1,000 records of ${collection}.`)
    for (const { version, value } of records) found.push(`${collection} ${version} ${JSON.stringify(value)}`)
  }
  return found
}
