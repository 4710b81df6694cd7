import { defined } from '../../core/defined.ts'
import { isOwnType } from '../../core/policy/model/policy-type.ts'
import { pendingFollowUp } from '../../core/request/model/request.ts'
import type { RequestStatus } from '../../core/request/model/status-table.ts'
import type { Position, Write } from '../../ports/storage.ts'
import { removedName } from '../audit/removed-documents.ts'
import type { Context } from '../context/context.ts'
import { requestStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { ContentRecord, RequestRecord } from '../records/record-types.ts'
import { page, put, recordKey, type Stored, unchanged } from '../records/typed-storage.ts'
import { type Candidate, passOver, type RevisionSweep, readableOf } from './sweep-revisions.ts'

/** How many seals one step looks at, and how many contents it removes at most. */
const mostSeals = 50
const mostContents = 50

const endings: readonly RequestStatus[] = ['applied', 'rejected', 'cancelled', 'expired', 'failed']

/** What of the requests is to be removed. */
export interface EndedContents {
  readonly writes: readonly Write[]
  readonly removed: readonly string[]
  /** The ids of the requests. */
  readonly ended: ReadonlySet<string>
  /** The revisions that they were made against, which may have been kept for them alone. */
  readonly bases: readonly Candidate[]
  /** The place of the first seal that is to be looked at next. */
  readonly next: number
  readonly more: boolean
}

/**
 * Finds the contents of requests that ended long enough ago, seal by seal. The last event of a request is in one of
 * the seals: whatever it was before, it is looked at again there. The first request that has ended and is too young
 * ends the step; those after it are younger.
 */
export async function endedContents({ storage }: Context, sweep: RevisionSweep, from: number): Promise<EndedContents> {
  const { tenant, until } = sweep
  const seals = await page(
    storage,
    {
      collection: 'seals',
      index: 'key',
      where: [tenant],
      range: { from },
      order: 'ascending',
      limit: mostSeals,
    },
    passOver,
  )
  const prefix = requestStream('')
  const ids = seals.records.map(({ value: { stream } }) =>
    stream.startsWith(prefix) ? stream.slice(prefix.length) : undefined,
  )
  const requests = await readableOf(
    storage,
    ids.flatMap((id) => (id === undefined ? [] : [recordKey('requests', tenant, id)])),
  )
  const byId = new Map(requests.flatMap((request) => (request ? [[request.value.id, request] as const] : [])))
  const found = { writes: [] as Write[], removed: [] as string[], bases: [] as Candidate[], ended: new Set<string>() }
  let next = from
  for (const [index, { value: seal }] of seals.records.entries()) {
    const request = byId.get(ids[index] ?? '')
    if (request && request.value.head.seq === seal.seq && isRetired(request.value)) {
      if (request.value.updatedAt > until) return { ...found, next, more: false }
      const isWhole = await takeContents(storage, sweep, { request, found })
      if (!isWhole) return { ...found, next, more: true }
    }
    next = seal.place + 1
  }
  const [last] = seals.next ?? []
  return { ...found, next: last === undefined ? next : Number(last) + 1, more: last !== undefined }
}

/**
 * Whether nobody decides on a request any more. One that owes a review, or whose write may still land, is kept; so are
 * changes of policies and switches.
 */
function isRetired(request: RequestRecord): boolean {
  const isOver = endings.includes(request.status) && !request.mayLand && pendingFollowUp(request) === undefined
  return isOver && !request.resources.some(({ type }) => isOwnType(type))
}

/** Removes the contents of a request, as many as there is room for. Tells whether that was all. */
async function takeContents(
  storage: Context['storage'],
  { tenant, at }: RevisionSweep,
  {
    request,
    found,
  }: {
    readonly request: Stored<RequestRecord>
    readonly found: {
      readonly writes: Write[]
      readonly removed: string[]
      readonly bases: Candidate[]
      readonly ended: Set<string>
    }
  },
): Promise<boolean> {
  const { id } = request.value
  const room = mostContents - found.removed.length
  if (room <= 0) return false
  const kept = await keptContents(storage, { tenant, id, most: room + 1 })
  if (kept.length > 0) found.writes.push(unchanged(recordKey('requests', tenant, id), request))
  for (const content of kept.slice(0, room)) {
    const { edition, changes } = content.value
    found.writes.push(put('contents', { tenant, request: id, edition, changes: [], notKept: at }, content))
    found.removed.push(removedName(requestStream(id), edition))
    for (const { resource, base, rebase } of changes) {
      for (const number of [base, ...(rebase ? [rebase.from] : [])]) found.bases.push({ ...resource, number })
    }
  }
  if (kept.length > room) return false
  found.ended.add(id)
  return true
}

/** Reads the first contents of a request that are kept. One that cannot be read stays. */
async function keptContents(
  storage: Context['storage'],
  { tenant, id, most }: { readonly tenant: string; readonly id: string; readonly most: number },
): Promise<readonly Stored<ContentRecord>[]> {
  const kept: Stored<ContentRecord>[] = []
  let after: Position | undefined
  do {
    const query = { ...inKeyOrder('contents', tenant, id), limit: most, ...defined({ after }) }
    const { records, next } = await page(storage, query, passOver)
    kept.push(...records.filter(({ value }) => value.notKept === undefined))
    after = next
  } while (after && kept.length < most)
  return kept.slice(0, most)
}
