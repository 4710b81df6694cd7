/** Waits for the answer of somebody else's code as long as it may take. */
export type Wait = <T>(answer: T | Promise<T>, milliseconds: number, late?: (problem: string) => Error) => Promise<T>

/**
 * Waits like `inTime`, and keeps no process alive: for what is begun by somebody who does not wait for its end, as
 * `tick` does once its time is up.
 */
export const inTimeAside: Wait = (answer, milliseconds, late) => inTime(answer, milliseconds, late, true)

/**
 * Waits for the answer of somebody else's code, but not for ever: a command that hangs would keep everybody off what
 * it is about. What comes later is dropped. An infinite time is no limit.
 */
export function inTime<T>(
  answer: T | Promise<T>,
  milliseconds: number,
  late: (problem: string) => Error = (problem) => new RangeError(problem),
  isAside = false,
): Promise<T> {
  if (milliseconds === Number.POSITIVE_INFINITY) return Promise.resolve(answer)
  return new Promise((resolve, reject) => {
    const onLate = () => {
      try {
        reject(late(`it did not answer within ${milliseconds} ms`))
      } catch (thrown) {
        reject(thrown)
      }
    }
    const timer = setTimeout(onLate, milliseconds)
    if (isAside && typeof timer === 'object') timer.unref()
    Promise.resolve(answer).then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (thrown) => {
        clearTimeout(timer)
        reject(thrown)
      },
    )
  })
}
