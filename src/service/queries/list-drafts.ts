import type { Request } from '../../core/request/model/request.ts'
import { isOpen, type RequestStatus, statuses } from '../../core/request/model/status-table.ts'
import type { Review } from '../../core/review/under-review.ts'
import type { Context } from '../context/context.ts'
import { syncIfPossible } from '../facts/sync-for-reader.ts'
import type { Reader } from '../people/reading-rights.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import { freeze } from '../values/freeze.ts'
import { listRequests } from './list-requests.ts'

/** What somebody would make of a resource: a draft, or a request that waits for its reviewers. */
export interface ListedDraft extends Pick<Request, 'status' | 'createdAt' | 'updatedAt' | 'contributors'> {
  readonly request: string
  /** Who began it. */
  readonly author: string
  /** The revision that it was made against. */
  readonly base: number
  /** Whether another revision is live by now. */
  readonly stale: boolean
  /** What its reviewers answered in this round. */
  readonly reviews: readonly Pick<Review, 'by' | 'verdict' | 'at'>[]
}

/** How many are listed. */
const most = 200

/** Lists the drafts and open requests about a resource that the reader may read, the newest first. */
export async function listDrafts(
  context: Context,
  reader: Reader,
  { type, id }: ResourceRef,
): Promise<readonly ListedDraft[]> {
  await syncIfPossible(context, reader, { type, id })
  const { live } = await read(context.storage, { live: recordKey('resources', reader.tenant, type, id) })
  const { requests } = await listRequests(context, reader, { resource: { type, id }, status: waiting, limit: most })
  return freeze(
    requests.map((request) => {
      const { status, requester, createdAt, updatedAt, contributors, resources, reviews } = request
      const base = resources.find((one) => one.type === type && one.id === id)?.base ?? 0
      return {
        ...{ request: request.id, author: requester, status, createdAt, updatedAt, contributors, base },
        stale: (live?.value.revision ?? 0) !== base,
        reviews: reviews.map(({ by, verdict, at }) => ({ by, verdict, at })),
      }
    }),
  )
}

const waiting: readonly RequestStatus[] = ['draft', ...statuses.filter(isOpen)]
