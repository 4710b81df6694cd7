/** How long the code of the host may take for one answer, in milliseconds. */
const patience = 10_000

/** Waits for code of the host, but not for ever: a command that hangs would keep everybody off what it is about. */
export async function inTime<T>(
  answer: T | Promise<T>,
  milliseconds = patience,
  late: (problem: string) => Error = (problem) => new RangeError(problem),
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late(`it did not answer within ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([answer, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
