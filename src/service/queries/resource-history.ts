import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { Revision } from '../../core/request/model/revision.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Context } from '../context/context.ts'
import { mayReadRequest, mayReadResource } from '../facts/may-read.ts'
import { syncForReader, syncIfPossible } from '../facts/sync-for-reader.ts'
import { type Reader, type ReadingRights, readingRights } from '../people/reading-rights.ts'
import { page, read, recordKey } from '../records/typed-storage.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import { freeze } from '../values/freeze.ts'
import { type ResourceStanding, standingOf } from './resource-standing.ts'

/** A resource as it is live. */
export interface LiveResource<T> {
  readonly type: string
  readonly id: string
  readonly project?: string
  /** Number of the live revision. */
  readonly revision: number
  readonly document: T
  /** Where it is in its life cycle; absent if its type has none. */
  readonly lifecycle?: ResourceStanding
}

/** A revision, as the history of a resource lists it. */
export interface ListedRevision<T> extends Omit<Revision, 'document'> {
  /** The document from then on; null if this revision removed it, or retention did: `notKept` says when. */
  readonly document: T | null
  /** Whether it is the live one. Exactly one is. */
  readonly live: boolean
}

/** Reads a live resource; `undefined` if there is none, or none that the reader may read. */
export async function readResource<T>(
  context: Context,
  reader: Reader,
  { type, id }: ResourceRef<T>,
): Promise<LiveResource<T> | undefined> {
  const { tenant } = reader
  const rights = readingRights(context, reader)
  if (!(await syncForReader(context, reader, { rights, resource: { type, id } }))) return undefined
  const { stored, lock, settings } = await read(context.storage, {
    stored: recordKey('resources', tenant, type, id),
    lock: recordKey('locks', tenant, type, id),
    settings: recordKey('policySets', tenant),
  })
  if (!stored || stored.value.document === null || !(await mayReadResource(rights, stored.value))) {
    await rights.known()
    return undefined
  }
  const { project: its, revision, document } = stored.value
  const lifecycle = await standingOf(context, { resource: stored.value, lock, settings: settings?.value })
  return freeze({
    type,
    id,
    ...(its === '' ? {} : { project: its }),
    revision,
    document: document as T,
    ...defined({ lifecycle }),
  })
}

interface HistoryAsked<T> {
  readonly ref: ResourceRef<T>
  readonly limit: number
  readonly before?: number | undefined
}

/**
 * Lists the revisions of a resource that the reader may read, the newest first, at most `limit`; those before the
 * revision `before` if it is given. Of a resource that has moved, both are asked: where it is, and where it was.
 */
export async function readHistory<T>(
  context: Context,
  reader: Reader,
  { ref: { type, id }, limit, before }: HistoryAsked<T>,
): Promise<readonly ListedRevision<T>[]> {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 200) {
    fail('invalid_input', { argument: 'limit', problem: 'must be a whole number from 1 to 200' })
  }
  const { tenant } = reader
  const rights = readingRights(context, reader)
  await syncIfPossible(context, reader, { type, id })
  const { live } = await read(context.storage, { live: recordKey('resources', tenant, type, id) })
  if (!live || !(await mayReadResource(rights, live.value))) {
    await rights.known()
    return []
  }
  const shown: Revision[] = []
  for (let to = before === undefined ? undefined : before - 1; shown.length < limit; ) {
    const { records } = await page(context.storage, {
      collection: 'revisions',
      index: 'key',
      where: [tenant, type, id],
      order: 'descending',
      limit,
      ...(to === undefined ? {} : { range: { to } }),
    })
    const revisions = records.map(({ value }) => value)
    const readable = await Promise.all(revisions.map((revision) => mayReadResource(rights, revision)))
    shown.push(...revisions.filter((_, index) => readable[index]))
    const last = revisions.at(-1)
    if (revisions.length < limit || last === undefined) break
    to = last.number - 1
  }
  const told = await withoutHiddenRequests(context, reader, { rights, revisions: shown.slice(0, limit) })
  return told.map((revision) =>
    freeze({
      ...revision,
      document: revision.document as (T & JsonValue) | null,
      live: revision.number === live.value.revision,
    }),
  )
}

/**
 * Leaves out which request brought a revision, and what was said of it, where the reader may not read that: it may have
 * been about other projects besides.
 */
async function withoutHiddenRequests<R extends { readonly request?: string; readonly message?: string }>(
  context: Context,
  reader: Reader,
  { rights, revisions }: { readonly rights: ReadingRights; readonly revisions: readonly R[] },
): Promise<readonly R[]> {
  if (await rights.everywhere()) return revisions
  const ids = [...new Set(revisions.flatMap(({ request }) => request ?? []))]
  const { requests } = await read(context.storage, {
    requests: ids.map((id) => recordKey('requests', reader.tenant, id)),
  })
  const readable = await Promise.all(
    requests.map((one) => one !== undefined && mayReadRequest(context, reader, { rights, request: one.value })),
  )
  return revisions.map((revision) => {
    const { request, message: _said, ...rest } = revision
    return request === undefined || readable[ids.indexOf(request)] ? revision : (rest as R)
  })
}
