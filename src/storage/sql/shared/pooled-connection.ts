import { inTime } from '../../../ports/in-time.ts'

/** How a storage treats the connections of its pool. */
export interface PoolOptions {
  /**
   * How long a statement, or a whole transaction, may keep a connection of the pool, in milliseconds. After that the
   * call is refused with `storage_failed`, and the connection is closed, as it may be half open. The making of tables
   * may take as long as it takes.
   *
   * @defaultValue 30_000
   */
  readonly timeout?: number | undefined
}

/** How connections of a pool are taken and given back. */
export interface Lender<C> {
  take(): Promise<C>
  /** Takes a connection back; one that is broken is closed. */
  giveBack(connection: C, broken: boolean): void
}

const usual = 30_000
/** The longest time that a timer can wait. */
const longest = 2 ** 31 - 1

/**
 * Reads how long a connection may be kept.
 *
 * @throws TypeError if that is no time.
 */
export function timeoutOf(method: string, { timeout = usual }: PoolOptions = {}): number {
  if (Number.isSafeInteger(timeout) && timeout > 0 && timeout <= longest) return timeout
  throw new TypeError(`${method}: timeout must be a number of milliseconds, from 1 to ${longest}`)
}

/**
 * Works with a connection, and gives it back. One that takes longer than it may, or that the work has come to
 * distrust, is given back as broken. An infinite timeout waits for ever.
 */
export async function lent<C, T>(
  lender: Lender<C>,
  timeout: number,
  work: (connection: C, distrust: () => void) => Promise<T>,
): Promise<T> {
  const giveBack = (connection: C, broken: boolean) => {
    try {
      lender.giveBack(connection, broken)
    } catch {
      // What a pool says to that is no news of the work, which is done or refused by then.
    }
  }
  const taking = lender.take()
  const connection = await inTime(taking, timeout, (problem) => {
    taking.then(
      (late) => giveBack(late, false),
      () => {},
    )
    return tooLate(problem)
  })
  let isOut = true
  const back = (broken: boolean) => {
    if (isOut) giveBack(connection, broken)
    isOut = false
  }
  try {
    return await inTime(
      work(connection, () => back(true)),
      timeout,
      (problem) => {
        back(true)
        return tooLate(problem)
      },
    )
  } finally {
    back(false)
  }
}

function tooLate(problem: string): Error {
  return new RangeError(`the database: ${problem}`)
}
