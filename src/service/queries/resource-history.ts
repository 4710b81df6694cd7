import type { ChangedPlace } from '../../core/change/changed-place.ts'
import { describe } from '../../core/change/describe.ts'
import { diff } from '../../core/change/diff.ts'
import type { JsonValue } from '../../core/change/json.ts'
import { defined } from '../../core/defined.ts'
import type { Revision } from '../../core/request/model/revision.ts'
import { ApprovalError, fail } from '../../errors/approval-error.ts'
import { recordHostChanges } from '../commands/sync-host-documents.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
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
  /** The document from then on; null if this revision removed it. */
  readonly document: T | null
  /** Whether it is the live one. Exactly one is. */
  readonly live: boolean
}

/** Reads a live resource; `undefined` if there is none. */
export async function readResource<T>(
  context: Context,
  tenant: string,
  { type, id }: ResourceRef<T>,
): Promise<LiveResource<T> | undefined> {
  await recordHostChanges(context, tenant, [{ type, id }])
  const { stored, lock, settings } = await read(context.storage, {
    stored: recordKey('resources', tenant, type, id),
    lock: recordKey('locks', tenant, type, id),
    settings: recordKey('policySets', tenant),
  })
  if (!stored || stored.value.document === null) return undefined
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

/**
 * Lists the revisions of a resource, the newest first, at most `limit`; those before the revision `before` if it
 * is given.
 */
export async function readHistory<T>(
  { storage }: Context,
  tenant: string,
  {
    ref: { type, id },
    limit,
    before,
  }: { readonly ref: ResourceRef<T>; readonly limit: number; readonly before?: number | undefined },
): Promise<readonly ListedRevision<T>[]> {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 200) {
    fail('invalid_input', { argument: 'limit', problem: 'must be a whole number from 1 to 200' })
  }
  const { live } = await read(storage, { live: recordKey('resources', tenant, type, id) })
  const { records } = await page(storage, {
    collection: 'revisions',
    index: 'key',
    where: [tenant, type, id],
    order: 'descending',
    limit,
    ...(before === undefined ? {} : { range: { to: before - 1 } }),
  })
  return records.map(({ value }) =>
    freeze({
      ...value,
      document: value.document as (T & JsonValue) | null,
      live: value.number === live?.value.revision,
    }),
  )
}

/** The difference between two revisions of a resource. */
export interface Comparison {
  readonly places: readonly ChangedPlace[]
  /** The same for people, one line a place. */
  readonly lines: readonly string[]
}

/** Compares two revisions of a resource; 0 is the resource that does not exist yet. */
export async function compareRevisions(
  context: Context,
  tenant: string,
  { ref: { type, id }, from, to }: { readonly ref: ResourceRef; readonly from: number; readonly to: number },
): Promise<Comparison> {
  const numbers = [from, to].filter((number) => number !== 0)
  const { found } = await read(context.storage, {
    found: numbers.map((number) => recordKey('revisions', tenant, type, id, number)),
  })
  const documents = new Map(numbers.map((number, index) => [number, found[index]]))
  const documentOf = (number: number) => {
    if (number === 0) return undefined
    const revision = documents.get(number) ?? fail('unknown_revision', { type, id, revision: number })
    return revision.value.document ?? undefined
  }
  const { shape, labels } = resourceTypeOf(context, type)
  const places = diff(documentOf(from), documentOf(to), shape)
  if (!places.ok) throw new ApprovalError(places.refusal)
  return freeze({ places: places.value, lines: describe(places.value, labels) })
}
