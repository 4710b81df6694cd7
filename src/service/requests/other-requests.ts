import type { ProposedChange } from '../../core/request/model/content.ts'
import { effectDigest } from '../../core/request/model/effect.ts'
import type { Request } from '../../core/request/model/request.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import type { Context } from '../context/context.ts'
import { overBy } from '../facts/lock-holders.ts'
import { mayReadRequest } from '../facts/may-read.ts'
import type { Reader, ReadingRights } from '../people/reading-rights.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey } from '../records/typed-storage.ts'

/** Another open request about one of the same resources. */
export interface OtherRequest extends Pick<Request, 'status' | 'requester' | 'createdAt'> {
  readonly request: string
  /** Whether it does the same, to the same resources: it has the same effect. */
  readonly twin: boolean
}

/** How many are named. */
export const mostOthers = 20

/** Which other requests are looked for: those about the resources of these changes. */
interface Looked {
  readonly rights: ReadingRights
  readonly settings: PolicySetRecord | undefined
  readonly changes: readonly ProposedChange[]
  /** The request itself, if there is one. */
  readonly id?: string
  /** What `openOn` finds. */
  readonly looking: Promise<readonly string[]>
}

/** Finds other open requests about the same resources that somebody may read, the newest first. */
export async function otherRequests(
  context: Context,
  reader: Reader,
  { rights, settings, changes, id, looking }: Looked,
): Promise<readonly OtherRequest[]> {
  const { tenant } = reader
  const ids = new Set(await looking)
  ids.delete(id ?? '')
  if (ids.size === 0) return []
  const { found } = await read(context.storage, { found: [...ids].map((one) => recordKey('requests', tenant, one)) })
  const requests = found
    .flatMap((stored) => stored?.value ?? [])
    .filter((one) => isOpen(one.status) && overBy(context, one, settings) === undefined)
  const readable = await Promise.all(requests.map((request) => mayReadRequest(context, reader, { rights, request })))
  const effect = effectDigest({ changes })
  return requests
    .filter((_, index) => readable[index])
    .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
    .slice(0, mostOthers)
    .map((other) => {
      const { id: request, status, requester, createdAt } = other
      return { request, status, requester, createdAt, twin: other.effect === effect }
    })
}
