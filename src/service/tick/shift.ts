import { commitEach } from '../commands/put-off.ts'
import type { Chore, ChoreOutcome, Counted, Why } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import { createNeeds } from '../values/needs.ts'
import { createTally, type ShiftTally } from './shift-tally.ts'
import { beginTime, type TimeBudget } from './time-budget.ts'
import { createTenantTurns, type Turns } from './turns.ts'
import { createUnderWay, type UnderWay } from './under-way.ts'

/** One call of `tick`, at work. */
export interface Shift {
  readonly done: Record<Counted, number>
  readonly failed: { readonly tenant: string; readonly id: string; readonly error: unknown }[]
  /** How many things wait for somebody else. */
  waiting(): number
  /** Tells whether nothing may be begun any more. */
  isOver(): boolean
  /**
   * Gives the chores, once each, that waited for somebody else while something of their tenant was under way and has
   * been done since.
   */
  again(): readonly Chore[]
  /** Tells whether a chore is new to this call, and not under way in another one of this process. */
  isNew(chore: Chore): boolean
  /**
   * Does chores, whose lanes take turns, until there are none, enough are done, or it is over. Does not wait for
   * those that take long. Tells whether it could do anything.
   */
  work(chores: readonly Chore[], most: number): Promise<boolean>
  /** Waits for somebody else, at most until it is over. */
  until<T>(answer: Promise<T>): Promise<T | undefined>
  /** How many things are done by now that took long. */
  doneLate(): number
  /**
   * Waits for what is under way, and tells whether some of it that takes long is done since: more may be due by that.
   * Not once it is over.
   */
  goesOn(since: number): Promise<boolean>
  /** Ends it, and gives what is still under way in this process, whichever call began it. */
  end(): readonly { readonly tenant: string; readonly id: string }[]
}

/** Begins a call that is over after so many milliseconds. */
export function beginShift(context: Context, budget: number): Shift {
  const { atWork } = context
  const time = beginTime(budget)
  const tally = createTally()
  const needs = createNeeds()
  const underWay = createUnderWay(context, { time, needs })
  const tried = new Set<string>()
  let ended = false
  for (const { chore, outcome } of atWork.late.splice(0)) tally.take(chore, outcome, 0)

  const begin = (chore: Chore, open: Chore['needs'], goOn: (rest: Chore) => void) => {
    const seen = tally.countFor(chore.tenant)
    tried.add(chore.name)
    underWay.begin(chore, open, async (outcome: ChoreOutcome) => {
      for (const need of outcome.worked ?? []) needs.worked(need)
      for (const { need, error } of outcome.broken ?? []) needs.broke(need, error)
      if (ended) atWork.late.push({ chore, outcome })
      else tally.take(chore, outcome, seen)
      if (outcome.why) await putOff(context, [chore], outcome.why)
      return () => {
        if (outcome.rest && !ended) goOn(outcome.rest)
      }
    })
  }

  return {
    done: tally.done,
    failed: tally.failed,
    waiting: tally.waiting,
    isOver: time.isOver,
    again: tally.again,
    isNew: ({ name }) => !tried.has(name) && !atWork.chores.has(name),
    async work(chores, most) {
      const turns = createTenantTurns(atWork, needs, chores)
      const begun = await takeTurns(turns, { time, underWay, begin, isEnough: enoughAfter(tally, most) })
      const cannot = turns.broken.map(({ chore }) => chore)
      for (const { chore, error } of turns.broken) {
        tried.add(chore.name)
        tally.failed.push({ tenant: chore.tenant, id: chore.id, error })
      }
      if (!time.isOver()) await time.until(putOff(context, cannot, 'failed'))
      return begun + cannot.length > 0
    },
    until: time.until,
    doneLate: underWay.doneLate,
    async goesOn(since) {
      while (underWay.size() > 0 && underWay.doneLate() === since && !time.isOver()) await underWay.change()
      return underWay.doneLate() !== since && !time.isOver()
    },
    end() {
      ended = true
      time.end()
      const left = [...atWork.chores.values()].map(({ tenant, id }) => ({ tenant, id }))
      atWork.troubled = new Set([...tally.failed, ...left].map(({ tenant }) => tenant))
      return left
    },
  }
}

interface Workplace {
  readonly time: TimeBudget
  readonly underWay: UnderWay
  begin(chore: Chore, open: Chore['needs'], goOn: (rest: Chore) => void): void
  readonly isEnough: ReturnType<typeof enoughAfter>
}

/** Begins chores until there are none, enough are done, or it is over. Gives how many were begun. */
async function takeTurns(turns: Turns, { time, underWay, begin, isEnough }: Workplace): Promise<number> {
  const quick = () => underWay.size() - underWay.slow()
  let begun = 0
  while (!time.isOver()) {
    let isStuck = isEnough(quick())
    while (!isStuck && !time.isOver() && underWay.hasRoom()) {
      const found = turns.next()
      if (found) begin(found.chore, found.open, turns.add)
      if (found) begun++
      isStuck = !found || isEnough(quick())
    }
    if (underWay.size() === 0 || (isStuck && quick() <= 0)) break
    await underWay.change()
  }
  return begun
}

/** Tells, from now on, whether so many things are done, counting those that are under way, or twice as many failed. */
function enoughAfter({ count, failed }: ShiftTally, most: number): (underWay: number) => boolean {
  const before = { done: count(), failed: failed.length }
  return (underWay) => {
    const done = count() - before.done + underWay
    return done >= most || done + failed.length - before.failed >= 2 * most
  }
}

/**
 * Puts chores off. One that cannot be put off, since the clock or the storage fails, stays due, and the next call
 * finds it.
 */
async function putOff(context: Context, chores: readonly Chore[], why: Why): Promise<void> {
  try {
    const writes = chores.flatMap((chore) => chore.later(why))
    await commitEach(context, writes)
  } catch {}
}
