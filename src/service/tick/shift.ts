import { hasCode } from '../../errors.ts'
import { commitEach } from '../commands/put-off.ts'
import { countLane } from '../context/at-work.ts'
import type { Chore, Counted, Outcome, Why } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import { createNeeds, type Need } from '../values/needs.ts'

/** How many chores are under way at once, besides those that take long, and how many of these there are at most. */
const mostAbreast = 8
const mostSlow = 32
/** How many chores of one lane may take long before nothing of it is begun any more. */
const mostSlowOfLane = 2
/** How many chores of a lane are looked at for one that can be begun. */
const inView = 20
/** After so many milliseconds a chore takes long: somebody else has its place. */
const slowAfter = 200

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
  /** Waits for all that is under way, at most until it is over. */
  settle(): Promise<void>
  /** Ends it, and gives what is still under way. */
  end(): readonly { readonly tenant: string; readonly id: string }[]
}

/** Begins a call that is over after so many milliseconds. */
export function beginShift(context: Context, budget: number): Shift {
  const { atWork } = context
  const done: Record<Counted, number> = {
    expired: 0,
    applied: 0,
    returned: 0,
    reclaimed: 0,
    moved: 0,
    escalated: 0,
    reminded: 0,
    delivered: 0,
    sealed: 0,
  }
  const failed: { readonly tenant: string; readonly id: string; readonly error: unknown }[] = []
  const needs = createNeeds()
  const tried = new Set<string>()
  const own = new Map<string, Chore>()
  const timers = new Set<ReturnType<typeof setTimeout>>()
  const begun = performance.now()
  const waits = new Map<string, { readonly chore: Chore; readonly seen: number }>()
  const retried = new Set<string>()
  const doneOf = new Map<string, number>()
  let slow = 0
  let ended = false
  let wake = () => {}
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
    return timer
  }
  let isUp = false
  const endTime = () => {
    isUp = true
    tellOver()
  }
  if (budget !== Number.POSITIVE_INFINITY) after(budget, endTime)
  // Whichever comes first of a timer and the time that it stands for: they can differ, as they do where a test moves
  // the timers.
  const isOver = () => ended || isUp || performance.now() - begun >= budget
  const countDone = () => Object.values(done).reduce((sum, count) => sum + count, 0)

  const openOf = (chore: Chore): readonly Need[] | undefined => {
    const open = chore.needs.filter((need) => needs.isOpen(need))
    if (chore.needs.length === 0) return open
    return open.length === chore.needs.length || (chore.partly && open.length > 0) ? open : undefined
  }
  /** Why a chore cannot be done in this call any more. */
  const brokenOf = (chore: Chore) => {
    const broken = chore.needs.flatMap((need) => needs.brokenBy(need) ?? [])
    const all = chore.partly ? chore.needs.length : 1
    return chore.needs.length > 0 && broken.length >= all ? broken[0] : undefined
  }

  const take = (chore: Chore, { done: counts = {}, failed: failures = [], ...outcome }: Outcome, seen: number) => {
    const { name, tenant, id } = chore
    for (const need of outcome.worked ?? []) needs.worked(need)
    for (const { need, error } of outcome.broken ?? []) needs.broke(need, error)
    if (ended) return
    for (const [counted, count] of Object.entries(counts)) {
      done[counted as Counted] += count
      doneOf.set(tenant, (doneOf.get(tenant) ?? 0) + count)
    }
    for (const failure of failures) failed.push({ tenant, id, ...failure })
    if (outcome.why === 'waiting' && failures.length === 0) waits.set(name, { chore, seen })
    else waits.delete(name)
  }

  /**
   * Puts chores off. One that cannot be put off, since the clock or the storage fails, stays due, and the next call
   * finds it.
   */
  const putOff = async (chores: readonly Chore[], why: Why) => {
    try {
      const writes = chores.flatMap((chore) => chore.later(why))
      await commitEach(context, writes)
    } catch {}
  }

  const begin = (chore: Chore, open: readonly Need[], goOn: (rest: Chore) => void) => {
    const { name, lane, tenant, id } = chore
    const seen = doneOf.get(tenant) ?? 0
    let isSlow = false
    tried.add(name)
    own.set(name, chore)
    atWork.chores.set(name, { tenant, id })
    countLane(atWork, lane, { underWay: 1 })
    needs.begin(open)
    const timer = after(slowAfter, () => {
      isSlow = true
      slow++
      countLane(atWork, lane, { slow: 1 })
      needs.end(open)
      wake()
    })
    const finish = async () => {
      const outcome = await outcomeOf(chore, open)
      take(chore, outcome, seen)
      if (outcome.why) await putOff([chore], outcome.why)
      clearTimeout(timer)
      timers.delete(timer)
      if (isSlow) slow--
      else needs.end(open)
      countLane(atWork, lane, { underWay: -1, slow: isSlow ? -1 : 0 })
      atWork.chores.delete(name)
      own.delete(name)
      if (outcome.rest && !ended) goOn(outcome.rest)
      wake()
    }
    void finish()
  }

  const moved = () =>
    Promise.race([
      over,
      new Promise<void>((resolve) => {
        wake = resolve
      }),
    ])

  return {
    done,
    failed,
    waiting: () => waits.size,
    isOver,
    again() {
      const found = [...waits.values()].flatMap(({ chore, seen }) => {
        const { name, tenant } = chore
        return !retried.has(name) && (doneOf.get(tenant) ?? 0) > seen ? [chore] : []
      })
      for (const { name } of found) retried.add(name)
      return found
    },
    isNew: ({ name }) => !tried.has(name) && !atWork.chores.has(name),
    async work(chores, most) {
      const turns = lanesOf(chores)
      const cannot: Chore[] = []
      const goOn = (rest: Chore) => {
        const lane = turns.find(({ name }) => name === rest.lane)
        if (lane) lane.queue.push(rest)
        else turns.push({ name: rest.lane, queue: [rest] })
      }
      const before = { done: countDone(), failed: failed.length }
      const enough = () => {
        const count = countDone() - before.done + own.size - slow
        return count >= most || count + failed.length - before.failed >= 2 * most
      }
      const next = () => {
        for (const [at, lane] of turns.entries()) {
          const { underWay, slow: slowOnes } = atWork.lanes.get(lane.name) ?? { underWay: 0, slow: 0 }
          const [first] = lane.queue
          if (!first || slowOnes >= mostSlowOfLane || underWay - slowOnes >= first.abreast) continue
          while (lane.queue[0] && brokenOf(lane.queue[0])) cannot.push(...lane.queue.splice(0, 1))
          const found = lane.queue.slice(0, inView).find((chore) => openOf(chore))
          const open = found && openOf(found)
          if (!found || !open) continue
          lane.queue.splice(lane.queue.indexOf(found), 1)
          turns.splice(at, 1)
          turns.push(lane)
          return { chore: found, open }
        }
        return undefined
      }
      let begun = 0
      while (!isOver()) {
        let isStuck = enough()
        while (!isStuck && !isOver() && own.size - slow < mostAbreast && slow < mostSlow) {
          const found = next()
          if (found) begin(found.chore, found.open, goOn)
          if (found) begun++
          isStuck = !found || enough()
        }
        if (own.size === 0 || (isStuck && own.size <= slow)) break
        await moved()
      }
      for (const chore of cannot) {
        tried.add(chore.name)
        failed.push({ tenant: chore.tenant, id: chore.id, error: brokenOf(chore)?.error })
      }
      if (!isOver()) await this.until(putOff(cannot, 'failed'))
      return begun + cannot.length > 0
    },
    async until(answer) {
      answer.catch(() => {})
      return (await Promise.race([answer, over])) ?? undefined
    },
    async settle() {
      while (own.size > 0 && !isOver()) await moved()
    },
    end() {
      ended = true
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      atWork.troubled = new Set([
        ...failed.map(({ tenant }) => tenant),
        ...[...own.values()].map(({ tenant }) => tenant),
      ])
      return [...own.values()].map(({ tenant, id }) => ({ tenant, id }))
    },
  }
}

interface Lane {
  readonly name: string
  queue: Chore[]
}

function lanesOf(chores: readonly Chore[]): Lane[] {
  const lanes = new Map<string, Lane>()
  for (const chore of chores) {
    const lane = lanes.get(chore.lane)
    if (lane) lane.queue.push(chore)
    else lanes.set(chore.lane, { name: chore.lane, queue: [chore] })
  }
  return [...lanes.values()]
}

async function outcomeOf(chore: Chore, open: readonly Need[]): Promise<Outcome> {
  try {
    return await chore.run(open)
  } catch (error) {
    // Somebody else has it.
    if (hasCode(error, 'version_conflict')) return {}
    return { failed: [{ error }], why: 'failed' }
  }
}
