/** How a storage treats the connections of its pool. */
export interface PoolOptions {
  /**
   * How long a statement, or a whole transaction, may keep a connection of the pool, in milliseconds: 30,000 where left out. Then the call is refused
   * with `storage_failed`, and the connection is closed, as it may be half open. The making of tables may take as long as it takes.
   */
  readonly timeout?: number
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
 * @throws TypeError where that is no time.
 */
export function timeoutOf(method: string, { timeout = usual }: PoolOptions = {}): number {
  if (Number.isSafeInteger(timeout) && timeout > 0 && timeout <= longest) return timeout
  throw new TypeError(`${method}: timeout must be a number of milliseconds, from 1 to ${longest}`)
}

/**
 * Works with a connection, and gives it back. One that takes longer than it may, or that the work has come to distrust, is given back as broken. An infinite
 * timeout waits for ever.
 */
export async function lent<C, T>(
  { take, giveBack }: Lender<C>,
  timeout: number,
  work: (connection: C, distrust: () => void) => Promise<T>,
): Promise<T> {
  const taking = take()
  const nobodyWaits = () =>
    taking.then(
      (late) => giveBack(late, false),
      () => {},
    )
  const connection = await inTime(taking, timeout, nobodyWaits)
  let isOut = true
  const back = (broken: boolean) => {
    if (isOut) giveBack(connection, broken)
    isOut = false
  }
  try {
    return await inTime(
      work(connection, () => back(true)),
      timeout,
      () => back(true),
    )
  } finally {
    back(false)
  }
}

async function inTime<T>(work: Promise<T>, timeout: number, giveUp: () => unknown): Promise<T> {
  if (timeout === Number.POSITIVE_INFINITY) return await work
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new RangeError(`the database did not answer within ${timeout} ms`))
      giveUp()
    }, timeout)
  })
  try {
    return await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
