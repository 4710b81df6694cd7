import { hasCode } from '../../errors/approval-error.ts'
import { countLane } from '../context/at-work.ts'
import type { Chore, ChoreOutcome } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import type { HostNeed, Needs } from '../values/needs.ts'
import type { TimeBudget } from './time-budget.ts'

/** After so many milliseconds a chore takes long: somebody else has its place. */
const slowAfter = 200
/** How many chores are under way at once, besides those that take long, and how many of these there are at most. */
const mostAbreast = 8
const mostSlow = 32

/** The chores that one call of `tick` has begun and that are not done. */
export interface UnderWay {
  /**
   * Begins a chore with its open needs. `finish` is given what became of it, and gives what to do once the chore is not
   * under way any more.
   */
  begin(chore: Chore, open: readonly HostNeed[], finish: (outcome: ChoreOutcome) => Promise<() => void>): void
  /** How many there are. */
  size(): number
  /** How many of them take long. */
  slow(): number
  /** How many of those that took long are done by now. */
  doneLate(): number
  hasRoom(): boolean
  /** Comes back as soon as one of them is done, or takes long, or the time is over. */
  change(): Promise<void>
}

/** Begins with nothing under way. */
export function createUnderWay(
  { atWork }: Pick<Context, 'atWork'>,
  { time, needs }: { readonly time: TimeBudget; readonly needs: Needs },
): UnderWay {
  const own = new Set<string>()
  let slow = 0
  let doneLate = 0
  let wake = () => {}
  return {
    begin(chore, open, finish) {
      const { name, lane, tenant, id } = chore
      let isSlow = false
      own.add(name)
      atWork.chores.set(name, { tenant, id })
      countLane(atWork, lane, { underWay: 1 })
      needs.begin(open)
      const timer = time.after(slowAfter, () => {
        isSlow = true
        slow++
        countLane(atWork, lane, { slow: 1 })
        needs.end(open)
        wake()
      })
      const run = async () => {
        const outcome = await outcomeOf(chore, open)
        const then = await finish(outcome)
        timer.cancel()
        if (isSlow) slow--
        else needs.end(open)
        if (isSlow) doneLate++
        countLane(atWork, lane, { underWay: -1, slow: isSlow ? -1 : 0 })
        atWork.chores.delete(name)
        own.delete(name)
        then()
        wake()
      }
      void run()
    },
    size: () => own.size,
    slow: () => slow,
    doneLate: () => doneLate,
    hasRoom: () => own.size - slow < mostAbreast && slow < mostSlow,
    async change() {
      const changed = new Promise<void>((resolve) => {
        wake = resolve
      })
      await time.until(changed)
    },
  }
}

async function outcomeOf(chore: Chore, open: readonly HostNeed[]): Promise<ChoreOutcome> {
  try {
    return await chore.run(open)
  } catch (error) {
    // Somebody else has it.
    if (hasCode(error, 'version_conflict')) return {}
    return { failed: [{ error }], why: 'failed' }
  }
}
