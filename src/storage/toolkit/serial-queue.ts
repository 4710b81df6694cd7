/**
 * Makes a queue: each piece of work begins when the one before it has ended, in the order in which they came.
 *
 * @example
 * ```ts
 * const inTurn = createTurns()
 * const version = await inTurn(async () => 1)
 * ```
 */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work, work)
    last = turn
    return turn
  }
}
