import { AssertionError, deepStrictEqual } from 'node:assert/strict'
import { inspect } from 'node:util'
import type { JsonObject } from '../../core/json/json.ts'
import { type AnyApprovalError, hasCode, isApprovalError } from '../../errors/approval-error.ts'
import type { ErrorCode } from '../../errors/error-details.ts'
import type { CollectionName } from '../../ports/collections.ts'
import type { IndexQuery, KeyPart, Storage, StoredRecord, Write } from '../../ports/storage.ts'

/**
 * Tries one promise of the port on an empty storage; rejects if it is broken.
 *
 * The calls of `storage` may go to several in turn; those of `alone` go to one of them.
 */
export type StorageCheck = (storage: Storage, alone: Storage) => Promise<void>

/** A request with what its key and indexes need. */
export function requestRecord(id: string, more: JsonObject = {}): JsonObject {
  const place = { project: 'web' }
  return { tenant: 'acme', id, status: 'pending', createdAt: 1, ...place, ...more }
}

/** Inserts values into a collection. */
export function inserts(collection: CollectionName, ...values: readonly JsonObject[]): readonly Write[] {
  return values.map((value) => ({ type: 'insert', collection, value }))
}

/** Commits inserts, one commit for all. */
export async function fill(
  storage: Storage,
  collection: CollectionName,
  ...values: readonly JsonObject[]
): Promise<void> {
  await storage.commit(inserts(collection, ...values))
}

/** Reads one record. */
export async function readOne(
  storage: Storage,
  collection: CollectionName,
  ...key: readonly KeyPart[]
): Promise<StoredRecord | undefined> {
  return (await storage.get([{ collection, key }]))[0]
}

/** A query over requests, ascending, as long as a page may be. */
export function query(more: Partial<IndexQuery>): IndexQuery {
  return { collection: 'requests', index: 'key', where: [], order: 'ascending', limit: 1000, ...more }
}

/** Reads a whole index page by page and gives one property of each record. */
export async function listAll(storage: Storage, asked: IndexQuery, property = 'id'): Promise<readonly unknown[]> {
  const found: unknown[] = []
  let page = await storage.list(asked)
  for (let pages = 0; pages < 1000; pages++) {
    if (page.records.length > asked.limit) throw broken(`A page of ${asked.limit} has ${page.records.length} records.`)
    found.push(...page.records.map(({ value }) => value[property]))
    if (page.next === undefined) return found
    page = await storage.list({ ...asked, after: page.next })
  }
  throw broken('The pages do not come to an end.')
}

/** Expects a refusal with this code, and gives it. */
export async function refusal<C extends ErrorCode>(
  code: C,
  work: Promise<unknown>,
): Promise<AnyApprovalError & { code: C }> {
  const thrown = await work.then(
    () => {
      throw broken(`It was done; it should be refused with ${code}.`)
    },
    (error: unknown) => error,
  )
  if (hasCode(thrown, code)) return thrown as AnyApprovalError & { code: C }
  if (thrown instanceof AssertionError) throw thrown
  throw broken(`It should be refused with ${code}; it ${settledOf(thrown)}`, thrown)
}

/** Expects records to be there exactly as given, in versions as given; `undefined` for one that must not be there. */
export async function expectRecords(
  storage: Storage,
  collection: CollectionName,
  expected: ReadonlyMap<readonly KeyPart[], StoredRecord | undefined>,
): Promise<void> {
  const found = await storage.get([...expected.keys()].map((key) => ({ collection, key })))
  deepStrictEqual(found, [...expected.values()])
}

/** What became of several commits that were started together. */
export async function outcomes(commits: readonly Promise<void>[]): Promise<readonly ('done' | ErrorCode)[]> {
  const settled = await Promise.allSettled(commits)
  return settled.map((outcome) => {
    if (outcome.status === 'fulfilled') return 'done'
    if (hasCode(outcome.reason, 'version_conflict') || hasCode(outcome.reason, 'duplicate_key'))
      return outcome.reason.code
    if (outcome.reason instanceof AssertionError) throw outcome.reason
    const found = settledOf(outcome.reason)
    throw broken(`A commit that meets others is done, or refused as a conflict; one ${found}`, outcome.reason)
  })
}

/** Makes the error of a broken promise. The cause is what the storage threw. */
export function broken(message: string, cause?: unknown): AssertionError {
  const error = new AssertionError({ message })
  return cause === undefined ? error : Object.assign(error, { cause })
}

/** Says what a call threw, as the end of a sentence. */
export function settledOf(thrown: unknown): string {
  return isApprovalError(thrown) ? `was refused with ${thrown.code}: ${thrown.message}` : `threw ${inspect(thrown)}`
}
