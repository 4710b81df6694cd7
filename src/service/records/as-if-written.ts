import { defined } from '../../core/defined.ts'
import { type Collection, type CollectionName, collections, type Index } from '../../ports/collections.ts'
import { compareKeys } from '../../ports/compare.ts'
import type {
  IndexQuery,
  KeyPart,
  Page,
  Position,
  RecordKey,
  Storage,
  StoredRecord,
  Write,
} from '../../ports/storage.ts'

/** What a record would be: `undefined` if it would be removed. */
type Would = ReadonlyMap<string, StoredRecord | undefined>

/**
 * Gives a storage in which some writes seem to have been made: what is decided on it is what would be decided after
 * them. It is for reading records by key and by index: nothing can be committed to it.
 */
export function asIfWritten(storage: Storage, writes: readonly Write[]): Storage {
  const would = new Map<CollectionName, Map<string, StoredRecord | undefined>>()
  for (const write of writes) {
    if (write.type === 'check') continue
    const { collection } = write
    const records = would.get(collection) ?? new Map<string, StoredRecord | undefined>()
    would.set(collection, records)
    if (write.type === 'remove') records.set(JSON.stringify(write.key), undefined)
    else records.set(nameOf(collection, write), { version: versionAfter(write), value: write.value })
  }
  return {
    async get(keys) {
      const found = await storage.get(keys)
      return keys.map((key, at) => {
        const records = would.get(key.collection)
        const name = JSON.stringify(key.key)
        return records?.has(name) ? records.get(name) : found[at]
      })
    },
    async list(query) {
      const records = would.get(query.collection)
      return records ? await pageAmong(storage, query, records) : await storage.list(query)
    },
    count: storage.count,
    async commit() {
      throw new TypeError('Nothing is written to a storage that only seems to have been written to.')
    },
    async close() {},
  }
}

function versionAfter(write: Exclude<Write, { type: 'remove' | 'check' }>): number {
  return write.type === 'insert' ? 1 : write.expected + 1
}

function nameOf(collection: CollectionName, { value }: Pick<StoredRecord, 'value'>): string {
  return JSON.stringify(keyOf(collection, { value }))
}

function keyOf(collection: CollectionName, { value }: Pick<StoredRecord, 'value'>): RecordKey['key'] {
  return collections[collection].key.map(({ name }) => value[name] as KeyPart)
}

/** A page of what is there and what would be. The storage is asked for enough to fill it whatever would be removed. */
async function pageAmong(storage: Storage, query: IndexQuery, would: Would): Promise<Page> {
  const { collection, limit } = query
  const page = await storage.list({ ...query, limit: Math.min(limit + would.size, 1_000) })
  const direction = query.order === 'ascending' ? 1 : -1
  const isBefore = (a: Position, b: Position) => compareKeys(a, b) * direction < 0
  const kept = page.records.filter((record) => !would.has(nameOf(collection, record)))
  const added = [...would.values()].flatMap((record) => {
    const position = record && positionIn(query, record)
    if (!position || (query.after && !isBefore(query.after, position))) return []
    return page.next && isBefore(page.next, position) ? [] : [record]
  })
  const placed = [...kept, ...added]
    .map((record) => ({ record, position: positionIn(query, record) ?? [] }))
    .sort((a, b) => compareKeys(a.position, b.position) * direction)
  const shown = placed.slice(0, limit)
  const next = placed.length > limit ? shown.at(-1)?.position : page.next
  return { records: shown.map(({ record }) => record), ...defined({ unreadable: page.unreadable, next }) }
}

/** Where a record stands in the order of a query; `undefined` if the query does not ask for it. */
function positionIn(query: IndexQuery, { value }: StoredRecord): Position | undefined {
  const { collection, index, where, range, only = {} } = query
  const { key, indexes }: Collection = collections[collection]
  const { columns: declared, unique }: Index = indexes[index] ?? { columns: key, unique: true }
  const rest = unique ? [] : key.filter(({ name }) => !declared.some((column) => column.name === name))
  const parts = [...declared, ...rest].map(({ name }) => value[name] as KeyPart | undefined)
  if (!parts.every((part) => part !== undefined && part !== null)) return undefined
  const position = parts.slice(where.length)
  const [first] = position
  const isAsked = where.every((part, at) => parts[at] === part)
  const isKept = Object.entries(only).every(([name, part]) => value[name] === part)
  const isFrom = first === undefined || range?.from === undefined || compareKeys([first], [range.from]) >= 0
  const isTo = first === undefined || range?.to === undefined || compareKeys([first], [range.to]) <= 0
  return isAsked && isKept && isFrom && isTo ? position : undefined
}
