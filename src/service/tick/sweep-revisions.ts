import { isOwnType } from '../../core/policy/model/policy-type.ts'
import type { RequestStatus } from '../../core/request/model/status-table.ts'
import { hasCode } from '../../errors/approval-error.ts'
import type { CollectionName } from '../../ports/collections.ts'
import type { Position, Storage, Write } from '../../ports/storage.ts'
import { removedName } from '../audit/removed-documents.ts'
import type { Context } from '../context/context.ts'
import { resourceStream } from '../records/event-stream.ts'
import {
  type OnUnreadable,
  page,
  put,
  read,
  recordKey,
  type Stored,
  type StoredRecordOf,
  type TypedKey,
} from '../records/typed-storage.ts'

/** A step of retention: what is older than `until` is removed. */
export interface RevisionSweep {
  readonly tenant: string
  readonly until: number
  readonly at: number
}

/** A revision whose document might be removed. */
export interface Candidate {
  readonly type: string
  readonly id: string
  readonly number: number
}

/** How many revisions one step looks at. */
const mostRevisions = 20
/** How many requests about one resource are looked at; if there are more, its documents are kept. */
const mostRequests = 200

/** How many revisions are kept at any rate: the live one, and the one that a revert of it would bring back. */
const alwaysKept = 2

/**
 * Finds the revisions that were replaced long enough ago, in the order of time: a revision that is so old leaves
 * behind the one before the one that it replaced.
 */
export async function replacedRevisions(
  { storage }: Context,
  { tenant, until }: RevisionSweep,
  after: Position | undefined,
): Promise<{
  readonly candidates: readonly Candidate[]
  readonly last: Position | undefined
  readonly more: boolean
}> {
  const { records, next } = await page(
    storage,
    {
      collection: 'revisions',
      index: 'byTime',
      where: [tenant],
      range: { to: until },
      order: 'ascending',
      limit: mostRevisions,
      ...(after === undefined ? {} : { after }),
    },
    passOver,
  )
  const candidates = records.map(({ value: { type, id, number } }) => ({ type, id, number: number - alwaysKept }))
  const end = records.at(-1)?.value
  return { candidates, last: next ?? (end ? [end.at, end.type, end.id, end.number] : after), more: next !== undefined }
}

/**
 * Removes the documents of those candidates that nobody needs: not live, nor the one before, nor what an open request
 * was made against. What is kept for a request is a candidate again when its contents are removed.
 */
export async function removals(
  context: Context,
  { tenant, until, at }: RevisionSweep,
  { candidates, ended }: { readonly candidates: readonly Candidate[]; readonly ended: ReadonlySet<string> },
): Promise<{ readonly writes: readonly Write[]; readonly removed: readonly string[] }> {
  const asked = distinct(candidates.filter(({ type, number }) => number >= 1 && !isOwnType(type)))
  const numbered = (more: number) =>
    asked.map(({ type, id, number }) => recordKey('revisions', tenant, type, id, number + more))
  const [revisions, later] = await Promise.all([
    readableOf(context.storage, numbered(0)),
    readableOf(context.storage, numbered(alwaysKept)),
  ])
  const writes: Write[] = []
  const removed: string[] = []
  const needed = new Map<string, Promise<ReadonlySet<number> | undefined>>()
  for (const [index, { type, id, number }] of asked.entries()) {
    const [revision, successor] = [revisions[index], later[index]]
    if (!revision || !successor || successor.value.at > until) continue
    if (revision.value.notKept !== undefined || revision.value.document === null) continue
    const stream = resourceStream({ type, id })
    const held = needed.get(stream) ?? heldBy(context, { tenant, type, id, ended })
    needed.set(stream, held)
    const numbers = await held
    if (!numbers || numbers.has(number)) continue
    writes.push(put('revisions', { ...revision.value, document: null, notKept: at }, revision))
    removed.push(removedName(stream, number))
  }
  return { writes, removed }
}

const open: readonly RequestStatus[] = ['draft', 'pending', 'changes_requested', 'approved', 'applying', 'failed']

/** Reads which revisions the requests about a resource go on from; `undefined` if there are too many to look at. */
async function heldBy(
  { storage }: Context,
  { tenant, type, id, ended }: Omit<Candidate, 'number'> & { tenant: string; ended: ReadonlySet<string> },
): Promise<ReadonlySet<number> | undefined> {
  let isReadable = true
  const pages = await Promise.all(
    open.map((status) =>
      page(
        storage,
        {
          collection: 'targets',
          index: 'byStatus',
          where: [tenant, type, id, status],
          order: 'ascending',
          limit: mostRequests,
        },
        () => {
          isReadable = false
        },
      ),
    ),
  )
  if (!isReadable || pages.some(({ next }) => next !== undefined)) return undefined
  const about = pages.flatMap(({ records }) => records.map(({ value }) => value.request))
  const holding = about.filter((request) => !ended.has(request))
  const requests = await readableOf(
    storage,
    holding.map((request) => recordKey('requests', tenant, request)),
  )
  const contents = await readableOf(
    storage,
    requests.flatMap((request) =>
      request ? [recordKey('contents', tenant, request.value.id, request.value.edition)] : [],
    ),
  )
  // Nobody knows what is needed for something that cannot be read.
  if (requests.includes(undefined) || contents.includes(undefined)) return undefined
  const changes = contents.flatMap((content) => content?.value.changes ?? [])
  const own = changes.filter(({ resource }) => resource.type === type && resource.id === id)
  return new Set(own.flatMap(({ base, rebase }) => [base, ...(rebase ? [rebase.from] : [])]))
}

function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...new Map(candidates.map((one) => [removedName(resourceStream(one), one.number), one])).values()]
}

/** What cannot be read is named by a verification of the log, and stays as it is. */
export const passOver: OnUnreadable = () => {}

/** Reads records; `undefined` also for those that cannot be read. */
export async function readableOf<N extends CollectionName>(
  storage: Storage,
  keys: readonly TypedKey<N>[],
): Promise<readonly (Stored<StoredRecordOf<N>> | undefined)[]> {
  if (keys.length === 0) return []
  try {
    return (await read(storage, { keys })).keys as readonly (Stored<StoredRecordOf<N>> | undefined)[]
  } catch (error) {
    if (!hasCode(error, 'unreadable_record')) throw error
    if (keys.length === 1) return [undefined]
    return (await Promise.all(keys.map((key) => readableOf(storage, [key])))).flat()
  }
}
