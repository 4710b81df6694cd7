import { defined } from '../../core/defined.ts'
import { asJson } from '../../core/json/json.ts'
import { emptyStream } from '../../core/log/event-chain.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { ApprovalError, fail } from '../../errors/approval-error.ts'
import { refuse } from '../../errors/result.ts'
import { collections } from '../../ports/collections.ts'
import type {
  IndexQuery,
  KeyPart,
  Page,
  RecordKey,
  Storage,
  StoredRecord,
  UnreadableRecord,
  Write,
} from '../../ports/storage.ts'
import { problemOf } from '../values/shape.ts'
import { recordShapes } from './record-shapes.ts'
import type { PolicySetRecord, RecordTypes, ResourceRecord } from './record-types.ts'

/** When the clock ends the state of a resource; `undefined` if it does not. */
export function stateEndOf({ putOff, stateDueAt }: Pick<ResourceRecord, 'putOff' | 'stateDueAt'>): number | undefined {
  return putOff?.from ?? stateDueAt
}

type Name = keyof RecordTypes

/** What is kept in a collection. */
export type StoredRecordOf<N extends Name> = RecordTypes[N]

/** A record as it was read, with the version to expect when writing it. */
export interface Stored<T> {
  readonly version: number
  readonly value: T
}

/** A key that knows what is kept under it. */
export interface TypedKey<N extends Name = Name> extends RecordKey {
  readonly collection: N
}

/** Makes the key of a record. */
export function recordKey<N extends Name>(collection: N, ...key: readonly KeyPart[]): TypedKey<N> {
  return { collection, key }
}

type Found<K> =
  K extends TypedKey<infer N>
    ? Stored<RecordTypes[N]> | undefined
    : K extends readonly TypedKey<infer N>[]
      ? readonly (Stored<RecordTypes[N]> | undefined)[]
      : never

/**
 * Reads records of several collections in one round trip, by names that the caller gives them: a key gives a record,
 * a list of keys a list.
 *
 * @throws ApprovalError `unreadable_record` for a record that is not what is kept in its collection.
 */
export async function read<const K extends Readonly<Record<string, TypedKey | readonly TypedKey[]>>>(
  storage: Storage,
  keys: K,
): Promise<{ readonly [P in keyof K]: Found<K[P]> }> {
  const parts = Object.values(keys).map((part) => ('collection' in part ? [part] : part))
  const asked = parts.flat()
  const records = asked.length === 0 ? [] : await storage.get(asked)
  for (const [at, key] of asked.entries()) {
    const problem = strangenessOf(key.collection, records[at])
    if (problem !== undefined) refuseRecord({ ...key, problem })
  }
  let next = 0
  const found = Object.entries(keys).map(([name, part], index) => {
    const from = next
    next += parts[index]?.length ?? 0
    return [name, 'collection' in part ? records[from] : records.slice(from, next)]
  })
  return Object.fromEntries(found)
}

/** What is told of records that cannot be read, instead of a refusal. */
export type OnUnreadable = (record: UnreadableRecord) => void

/**
 * Reads a page of an index.
 *
 * @throws ApprovalError `unreadable_record` for a record that cannot be read, unless somebody is there to be told of
 * it: then the others are read.
 */
export async function page<N extends Name>(
  storage: Storage,
  query: IndexQuery & { readonly collection: N },
  onUnreadable: OnUnreadable = refuseRecord,
): Promise<Omit<Page, 'records' | 'unreadable'> & { readonly records: readonly Stored<RecordTypes[N]>[] }> {
  const { collection } = query
  const { records, unreadable = [], next } = await storage.list(query)
  for (const one of unreadable) onUnreadable(one)
  const readable = records.filter((record) => {
    const problem = strangenessOf(collection, record)
    if (problem !== undefined) onUnreadable({ collection, key: keyIn(collection, record), problem })
    return problem === undefined
  })
  return { records: readable as unknown as readonly Stored<RecordTypes[N]>[], ...defined({ next }) }
}

/** Reads an index from end to end, page by page. */
export async function* walk<N extends Name>(
  storage: Storage,
  query: Omit<IndexQuery, 'limit' | 'after'> & { readonly collection: N },
  onUnreadable?: OnUnreadable,
): AsyncGenerator<Stored<RecordTypes[N]>> {
  let after: Page['next']
  do {
    const { records, next } = await page(storage, { ...query, limit: 500, ...defined({ after }) }, onUnreadable)
    yield* records
    after = next
  } while (after)
}

function strangenessOf(collection: Name, record: StoredRecord | undefined): string | undefined {
  return record && problemOf(recordShapes[collection], record.value)
}

function keyIn(collection: Name, { value }: StoredRecord): readonly KeyPart[] {
  return collections[collection].key.map(({ name }) => value[name] as KeyPart)
}

/** Refuses a record that cannot be read. */
export function refuseRecord(record: UnreadableRecord): never {
  throw unreadableError(record)
}

/** The refusal of a record that cannot be read. */
export function unreadableError({ collection, key, problem }: UnreadableRecord): ApprovalError<'unreadable_record'> {
  return new ApprovalError(refuse('unreadable_record', { collection, key: JSON.stringify(key), problem }).refusal)
}

/** Writes a record in the place of the one that was read, or as a new one if none was. */
export function put<N extends Name>(
  collection: N,
  value: RecordTypes[N],
  before: { readonly version: number } | undefined,
): Write {
  const json = asJson(value)
  return before
    ? { type: 'replace', collection, value: json, expected: before.version }
    : { type: 'insert', collection, value: json }
}

/** States that a record is still as it was read. */
export function unchanged(key: TypedKey, before: { readonly version: number } | undefined): Write {
  return { type: 'check', ...key, expected: before?.version ?? 'absent' }
}

/**
 * Names the state that the settings of a tenant are in, by its number and the hash of the event that made it. A
 * number can come again after a rollback or a restore; the hash comes again only with the same history.
 */
export function settingsState(settings: Stored<PolicySetRecord> | undefined): PolicySetState {
  return stateIn(settings?.value)
}

/** The same of the settings themselves. */
export function stateIn(settings: PolicySetRecord | undefined): PolicySetState {
  const { head = emptyStream, inCode } = settings ?? {}
  return inCode ? { ...head, inCode: inCode.digest } : head
}

/**
 * Leaves out the checks of records that the same commit writes, as the write states what the check does, and those
 * that are stated twice.
 *
 * @throws ApprovalError `version_conflict` if a record was read twice and had moved in between.
 */
export function withoutImplied(writes: readonly Write[]): readonly Write[] {
  const checked = new Set(writes.flatMap(({ type, collection }) => (type === 'check' ? collection : [])))
  const written = new Set(
    writes.filter(({ type, collection }) => type !== 'check' && checked.has(collection)).map(nameOf),
  )
  const stated = new Map<string, number | 'absent'>()
  return writes.filter((write) => {
    if (write.type !== 'check') return true
    const name = nameOf(write)
    const before = stated.get(name)
    if (before !== undefined && before !== write.expected) {
      fail('version_conflict', { collection: write.collection, key: JSON.stringify(write.key) })
    }
    stated.set(name, write.expected)
    return before === undefined && !written.has(name)
  })
}

function nameOf(write: Write): string {
  const { collection } = write
  const key = 'value' in write ? collections[collection].key.map(({ name }) => write.value[name]) : write.key
  return JSON.stringify([collection, ...key])
}
