import { defined } from '../../core/defined.ts'
import type { Position } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { type OnUnreadable, page, type Stored, type StoredRecordOf } from '../records/typed-storage.ts'

/** The collections in which something comes due. */
export const dueCollections = [
  'requests',
  'returns',
  'resources',
  'outbox',
  'streams',
  'idempotencyKeys',
  'unsealed',
] as const

export type DueCollection = (typeof dueCollections)[number]

/**
 * How many tenants with much to do are read past at most, how many pages are read at most, and how many records a
 * page has at most.
 */
const mostTenants = 100
const mostPages = 12
const largestPage = 1_000

/**
 * Reads when the first record of a collection comes due that is not among those to ignore; `undefined` if none does.
 */
export async function firstDue(
  { storage }: Pick<Context, 'storage'>,
  collection: DueCollection,
  { ignored, isIgnored }: { readonly ignored: number; readonly isIgnored: (record: Stored<DueRecord>) => boolean },
): Promise<number | undefined> {
  let limit = Math.min(ignored + 1, largestPage)
  let after: Position | undefined
  for (let pages = 0; pages < mostPages; pages++) {
    const query = {
      collection,
      index: 'byDue',
      where: [],
      order: 'ascending',
      limit,
      ...defined({ after }),
    } as const
    const { records, next } = await page(storage, query, passOver)
    const found = records.find((record) => !isIgnored(record))
    if (found || !next) return found && dueAtOf(found)
    after = next
    limit = largestPage
  }
  return undefined
}

const passOver: OnUnreadable = () => {}

/** A record of one of the collections. */
export type DueRecord = StoredRecordOf<DueCollection>

/** When a record comes due, as its index says. */
export function dueAtOf({ value }: Stored<DueRecord>): number | undefined {
  return 'stateDueAt' in value ? value.stateDueAt : (value as { readonly dueAt?: number }).dueAt
}

/** How many records are wanted, and who is told of those that cannot be read. */
export interface DueQuery {
  readonly wanted: number
  readonly onUnreadable: OnUnreadable
}

/**
 * Reads what is due by now, so that about so many things can be done for as many tenants as there are: once a tenant
 * has its share of them, the next page leaves that tenant out. Gives the records tenant by tenant, whoever waits
 * longest first.
 *
 * What it costs grows with what is to be done, never with what one tenant has in front of everybody else's, nor with
 * what is not due.
 */
export async function dueRecords<C extends DueCollection>(
  { storage, now }: Pick<Context, 'storage' | 'now'>,
  collection: C,
  { wanted, onUnreadable }: DueQuery,
): Promise<ReadonlyMap<string, readonly Stored<StoredRecordOf<C>>[]>> {
  const share = Math.max(1, Math.ceil(wanted / mostTenants))
  const found = new Map<string, Stored<StoredRecordOf<C>>[]>()
  const unreadable = new Map<string, number>()
  const except: string[] = []
  let after: Position | undefined
  for (let pages = 0; pages < mostPages; pages++) {
    const query = {
      collection,
      index: 'byDue',
      where: [],
      range: { to: now() },
      order: 'ascending',
      limit: Math.min(wanted, largestPage),
      ...(except.length > 0 ? { except } : {}),
      ...defined({ after }),
    } as const
    const { records, next } = await page(storage, query, (record) => {
      const tenant = String(record.key[0])
      unreadable.set(tenant, (unreadable.get(tenant) ?? 0) + 1)
      onUnreadable(record)
    })
    for (const record of records) {
      const { tenant } = record.value
      const own = found.get(tenant)
      if (own) own.push(record)
      else found.set(tenant, [record])
    }
    if (!next) break
    let served = 0
    for (const tenant of new Set([...found.keys(), ...unreadable.keys()])) {
      const own = found.get(tenant)?.length ?? 0
      const read = own + (unreadable.get(tenant) ?? 0)
      served += Math.min(own, share)
      if (read >= share && except.length < mostTenants && !except.includes(tenant)) except.push(tenant)
    }
    if (served >= wanted) break
    after = next
  }
  return found
}
