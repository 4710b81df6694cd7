/** The time that one call of `tick` has, and the timers that it sets. */
export interface TimeBudget {
  /** Tells whether nothing may be begun any more. */
  isOver(): boolean
  /** Waits for somebody else, at most until it is over. */
  until<T>(answer: Promise<T>): Promise<T | undefined>
  /** Calls a function after so many milliseconds, unless that is taken back. */
  after(milliseconds: number, then: () => void): { cancel(): void }
  /** Ends it: no timer is left. */
  end(): void
}

/** Begins a time that is over after so many milliseconds. */
export function beginTime(budget: number): TimeBudget {
  const begun = performance.now()
  const timers = new Set<ReturnType<typeof setTimeout>>()
  let ended = false
  let isUp = false
  let tellOver = () => {}
  const over = new Promise<void>((resolve) => {
    tellOver = resolve
  })
  const after = (milliseconds: number, then: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      then()
    }, milliseconds)
    timers.add(timer)
    const cancel = () => {
      clearTimeout(timer)
      timers.delete(timer)
    }
    return { cancel }
  }
  const endTime = () => {
    isUp = true
    tellOver()
  }
  if (budget !== Number.POSITIVE_INFINITY) after(budget, endTime)
  return {
    // Whichever comes first of a timer and the time that it stands for: they can differ, as they do where a test moves
    // the timers.
    isOver: () => ended || isUp || performance.now() - begun >= budget,
    async until(answer) {
      answer.catch(() => {})
      return (await Promise.race([answer, over])) ?? undefined
    },
    after,
    end() {
      ended = true
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}
