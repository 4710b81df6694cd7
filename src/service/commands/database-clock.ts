import { fail } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import type { Clock } from '../../ports/clock.ts'
import { inTime } from '../../ports/in-time.ts'
import { checkFunction } from '../resource-types/handed-in.ts'
import { checkedTimeout } from '../values/timeouts.ts'

/** Options of `databaseClock`: how closely it follows the database. */
export interface DatabaseClockOptions {
  /**
   * After how many milliseconds the time of the database is asked for again.
   *
   * @defaultValue 60_000
   */
  readonly every?: number | undefined
  /**
   * How long one answer of the database may take, in milliseconds.
   *
   * @defaultValue 10_000
   */
  readonly timeout?: number | undefined
}

/** How often the time is asked for in a row. The quickest answer is the one that says most. */
const samples = 5

/**
 * Makes a clock that follows the one of the database, so that all instances of an application go by the same time,
 * whatever their own clocks say.
 *
 * It asks the database before it is given, and again in the background as it is used. In between it goes on with a
 * timer that no setting of the system clock moves. It never goes back. While the database does not answer, it goes on
 * as it was.
 *
 * @example
 * ```ts
 * const now = await databaseClock(postgresTime(pool))
 * ```
 *
 * @throws ApprovalError `storage_failed` if the time cannot be read at first.
 * @throws TypeError if the function is none, or an option is no number of milliseconds.
 */
export async function databaseClock(
  readTime: () => Promise<number>,
  { every = 60_000, timeout = 10_000 }: DatabaseClockOptions = {},
): Promise<Clock> {
  checkFunction('databaseClock: readTime', readTime, 'databaseClock(postgresTime(pool))')
  if (readTime === undefined) throw new TypeError('databaseClock takes a function that reads the time of the database')
  checkedTimeout('databaseClock: every', every)
  checkedTimeout('databaseClock: timeout', timeout)
  const timely = () => inTime(readTime(), timeout)
  let offset = await measuredOffset(timely)
  let measuredAt = performance.now()
  let measuring = false
  let latest = 0
  const measureAgain = async () => {
    measuring = true
    try {
      offset = await measuredOffset(timely)
    } catch {
      // Whoever uses the database hears of it from the database.
    }
    measuredAt = performance.now()
    measuring = false
  }
  return () => {
    if (!measuring && performance.now() - measuredAt >= every) void measureAgain()
    latest = Math.max(latest, Math.floor(performance.now() + offset))
    return latest
  }
}

/**
 * By how much the clock of the database is ahead of the timer of this process. Halfway between question and answer
 * was when it was read.
 */
async function measuredOffset(readTime: () => Promise<number>): Promise<number> {
  let best = { took: Number.POSITIVE_INFINITY, offset: 0 }
  for (let sample = 0; sample < samples; sample++) {
    const asked = performance.now()
    const time = await timeOf(readTime)
    const took = performance.now() - asked
    if (took < best.took) best = { took, offset: time - (asked + took / 2) }
  }
  return best.offset
}

async function timeOf(readTime: () => Promise<number>): Promise<number> {
  const operation = 'read the time'
  let time: unknown
  try {
    time = await readTime()
  } catch (cause) {
    return fail('storage_failed', { operation, problem: messageOf(cause) }, { cause })
  }
  if (Number.isSafeInteger(time) && Number(time) >= 0) return Number(time)
  return fail('storage_failed', { operation, problem: 'the answer is not a whole number of milliseconds since 1970' })
}
