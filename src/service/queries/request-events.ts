import { restored } from '../../core/log/erasable-texts.ts'
import type { RequestEvent } from '../../core/request/model/event.ts'
import type { Context } from '../context/context.ts'
import { requestStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { RequestRecord } from '../records/record-types.ts'
import { page } from '../records/typed-storage.ts'
import type { NumberedEvent } from './timeline-entries.ts'

interface EventsAsked {
  readonly after: number
  readonly limit: number
}

/** Reads events of a request, with the texts that are not erased. Later ones than the request itself shows are left. */
export async function eventsOf(
  { storage }: Context,
  { tenant, id, head }: RequestRecord,
  { after, limit }: EventsAsked,
): Promise<readonly NumberedEvent[]> {
  if (after >= head.seq) return []
  const range = { from: after + 1, to: head.seq }
  const { records } = await page(storage, { ...inKeyOrder('events', tenant, requestStream(id)), range, limit })
  return records.map(({ value }) => ({ seq: value.seq, event: restored(value) as unknown as RequestEvent }))
}
