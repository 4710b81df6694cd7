import type { PendingFollowUp } from '../../core/request/model/follow-up.ts'
import type { Context } from '../context/context.ts'
import { listFollowUps } from '../facts/follow-ups.ts'
import { mayReadRequest } from '../facts/may-read.ts'
import { type Reader, readingRights } from '../people/reading-rights.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'

/** Lists the follow-up reviews that are still to be done of requests that somebody may read, the oldest first. */
export async function readableFollowUps(context: Context, reader: Reader): Promise<readonly PendingFollowUp[]> {
  const rights = readingRights(context, reader)
  await rights.known()
  const owed = await listFollowUps(context, reader.tenant)
  const { found } = await read(context.storage, {
    found: owed.map(({ request }) => recordKey('requests', reader.tenant, request)),
  })
  const readable = await Promise.all(
    found.map(async (stored) => {
      return stored !== undefined && (await mayReadRequest(context, reader, { rights, request: stored.value }))
    }),
  )
  return freeze(owed.filter((_, index) => readable[index]))
}
