import { duesOf } from '../../core/request/decide/due-verbs.ts'
import { hasCode } from '../../errors/approval-error.ts'
import type { Write } from '../../ports/storage.ts'
import type { Why } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import type { RequestRecord } from '../records/record-types.ts'
import { put, type Stored, type StoredRecordOf } from '../records/typed-storage.ts'

/** The collections whose records `tick` can put off. */
export type PutOffCollection = 'requests' | 'resources' | 'returns' | 'streams' | 'unsealed'

const second = 1_000
const longest = { failed: 60 * 60 * second, waiting: 5 * 60 * second } as const
/** The longest of all pauses, in milliseconds: one hour. */
export const longestPause = longest.failed

/**
 * How long something is left alone that could not be done so many times in a row, in milliseconds. What waits goes
 * behind everything else that is due the first time, and is never left alone for long: whatever it waits for can end
 * at any moment.
 */
export function pauseAfter(failures: number, why: Why): number {
  if (why === 'waiting' && failures === 1) return 0
  const doublings = Math.min(why === 'waiting' ? failures - 2 : failures, 30)
  return Math.min(second * 2 ** doublings, longest[why])
}

/** Why a record is put off at a moment, and for how long. */
interface PutOffReason {
  readonly why: Why
  readonly at: number
  /** Until when, if that is known. */
  readonly until?: number | undefined
  /** When what it waits for is over at the latest: it is not left alone for longer. */
  readonly notAfter?: number | undefined
}

/**
 * Puts a record off, until a moment if that is known. Since when it is due, and how often in a row it could not be
 * done, is kept with it.
 */
export function putOffWrite<C extends PutOffCollection>(
  collection: C,
  record: Stored<StoredRecordOf<C>>,
  { why, at, until: known, notAfter = Number.POSITIVE_INFINITY }: PutOffReason,
): Write {
  const { value } = record
  const dueAt = 'stateDueAt' in value ? value.stateDueAt : (value as { readonly dueAt?: number }).dueAt
  const { from, failures } = value.putOff ?? { from: dueAt ?? at, failures: 0 }
  const until = Math.min(known ?? at + pauseAfter(failures + 1, why), Math.max(at, notAfter))
  const later = 'requester' in value ? nextStep(value, { until, at }) : until
  const column = collection === 'resources' ? 'stateDueAt' : 'dueAt'
  return put(collection, { ...value, [column]: later, putOff: { from, failures: failures + 1 } }, record)
}

/** A request is not left alone for longer than until the next thing that time does to it. */
function nextStep(request: RequestRecord, { until, at }: { readonly until: number; readonly at: number }): number {
  return Math.min(until, ...duesOf(request).flatMap((due) => (due.at > at ? [due.at] : [])))
}

/** How many records are put off with one commit. */
const atOnce = 50

/** Makes writes that do not belong together. A record that somebody else has changed meanwhile is left as it is now. */
export async function commitEach({ storage }: Pick<Context, 'storage'>, writes: readonly Write[]): Promise<void> {
  for (let from = 0; from < writes.length; from += atOnce) {
    const some = writes.slice(from, from + atOnce)
    if (await isCommitted({ storage }, some)) continue
    if (some.length > 1) for (const write of some) await isCommitted({ storage }, [write])
  }
}

async function isCommitted({ storage }: Pick<Context, 'storage'>, writes: readonly Write[]): Promise<boolean> {
  try {
    await storage.commit(writes)
    return true
  } catch (error) {
    if (!hasCode(error, 'version_conflict')) throw error
    return false
  }
}
