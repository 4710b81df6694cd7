import { checkKeys } from '../arguments/check-arguments.ts'
import { unreadableTo } from '../audit/unreadable.ts'
import type { Context } from '../context/context.ts'
import type { OnUnreadable } from '../records/typed-storage.ts'
import { choresOf, nameOfChore } from './due-chores.ts'
import { type DueCollection, dueCollections, firstDue } from './due-records.ts'
import { beginShift, type Shift } from './shift.ts'
import { countOf } from './shift-tally.ts'
import { nextRound, startSweeps } from './start-sweeps.ts'

/** Options of `tick`: how much one call does. */
export interface TickOptions {
  /**
   * How many things the call does at most, 1 to 100,000. Checkpoints of the log have a limit of their own, as high as
   * this one.
   *
   * @defaultValue 500
   */
  readonly limit?: number | undefined
  /**
   * For how many milliseconds the call starts new work, 1 to 2,147,483,647. It comes back after that, whatever is still
   * under way.
   *
   * @defaultValue 30_000
   */
  readonly budget?: number | undefined
}

/** What a `tick` did. */
export interface TickReport {
  /** How many requests were recorded as expired. */
  readonly expired: number
  /** How many requests whose time had come were applied, or are on their way to their external system. */
  readonly applied: number
  /**
   * How many requests whose time had come were not applied, and say why: they have failed, or wait for approvals or for
   * somebody to apply them. It is done with them: nothing is put off.
   */
  readonly unapplied: number
  /** How many requests were made drafts again, since the workflow was switched off. */
  readonly returned: number
  /** How many writes to external systems were sent again, because nobody confirmed them in time. */
  readonly reclaimed: number
  /** How many resources the clock moved on in their life cycle. */
  readonly moved: number
  /** How many requests were escalated, since nobody answered enough. */
  readonly escalated: number
  /** Of how many requests approvals were recorded as lapsed, since they were given too long ago. */
  readonly lapsed: number
  /** How many requests people were reminded of. */
  readonly reminded: number
  /** Of how many requests people were warned that the deadline is near. */
  readonly warned: number
  /** Of how many requests people were told that they have gone stale, since a resource has moved on. */
  readonly stale: number
  /** How many notices were delivered by all notifiers. */
  readonly delivered: number
  /** How many checkpoints were made of what happened. */
  readonly sealed: number
  /** How many documents were replaced by their digests, as `retention.documents` asks. */
  readonly removed: number
  /** How many answers to commands that carried an idempotency key were forgotten. */
  readonly forgotten: number
  /**
   * What could not be done this time, or after the call before had come back. It is put off, longer each time, an hour
   * at most, and delays nothing else. Things that need code of the host that has already failed in the same call are
   * not tried, and are listed with the same error.
   */
  readonly failed: readonly TickFailure[]
  /**
   * How many things wait for somebody else: held requests, resources that are locked. They are put off for five
   * minutes at most.
   */
  readonly waiting: number
  /**
   * What was still under way when the call came back. It has not failed: it goes on, no other call starts it again
   * meanwhile, and the next one tells what became of it.
   */
  readonly running: readonly TickRunning[]
  /**
   * When the next thing comes due, in milliseconds since 1970: the present if there is more to do; `undefined` if
   * nothing will.
   */
  readonly next: number | undefined
}

/** Something due that is still under way. */
export interface TickRunning {
  readonly tenant: string
  /** The request, the resource, the notice, or `checkpoint`. */
  readonly id: string
}

/** Something due that could not be done. */
export interface TickFailure {
  readonly tenant: string
  /** The request, the resource, the notice, or `checkpoint`. */
  readonly id: string
  readonly error: unknown
}

const most = { limit: 100_000, budget: 2 ** 31 - 1 } as const
/** How often what has come due by what was done is looked for, within one call. */
const mostRounds = 20
/** Which part of its time a call has for everything but the checkpoints of what it did. */
const mainPart = 0.8

/**
 * Does what is due across all tenants: records expiries, applies what was scheduled, escalates, reminds, ends states
 * whose time has come, delivers notices, seals the log. Tenants take turns, and what cannot be done is put off.
 */
export async function tick(context: Context, options: TickOptions = {}): Promise<TickReport> {
  const { limit, budget } = checked(options)
  const shift = beginShift(context, budget)
  const onUnreadable = toldOnce(unreadableTo(shift.failed))
  const begun = performance.now()
  try {
    const isLate = () => shift.isOver() || performance.now() - begun > budget * mainPart
    await shift.until(startSweeps(context))
    let [since, dues, sealed]: [number, Dues?, Dues?] = [0]
    do {
      since = shift.doneLate()
      const most = Math.max(limit - doneBy(shift), 0)
      dues = await workOn(context, shift, { of: usual, most, isLate, onUnreadable })
      sealed =
        dues && (await workOn(context, shift, { of: ['unsealed'], most: limit, isLate: shift.isOver, onUnreadable }))
    } while (dues && sealed && (await shift.goesOn(since)))
    const next = dues && sealed ? earliest([...dues, ...sealed, nextRound(context)]) : context.now()
    const running = shift.end()
    const { done, failed } = shift
    return {
      ...done,
      failed,
      waiting: shift.waiting(),
      running,
      next: running.length > 0 ? soon(context, next, doneBy(shift)) : next,
    }
  } finally {
    shift.end()
  }
}

const usual: readonly DueCollection[] = dueCollections.filter((collection) => collection !== 'unsealed')

/** When the next things are due, by collection. */
type Dues = readonly (number | undefined)[]

interface Part {
  readonly of: readonly DueCollection[]
  readonly most: number
  readonly isLate: () => boolean
  readonly onUnreadable: OnUnreadable
}

/**
 * Does what is due in some collections, and what comes due by that. Gives when the next things are due in them;
 * undefined if it is over before that is known.
 */
async function workOn(
  context: Context,
  shift: Shift,
  { of, most, isLate, onUnreadable }: Part,
): Promise<Dues | undefined> {
  let left = most
  for (let round = 1; ; round++) {
    const dues = await shift.until(Promise.all(of.map((collection) => dueIn(context, collection))))
    if (!dues) return undefined
    const now = context.now()
    const due = of.filter((_, at) => (dues[at] ?? Number.POSITIVE_INFINITY) <= now)
    if (left <= 0 || round > mostRounds || isLate()) return dues
    const found = await shift.until(choresOf(context, due, { most: left, onUnreadable }))
    if (!found) return undefined
    const chores = [...found.filter(shift.isNew), ...shift.again()]
    if (chores.length === 0) return dues
    const before = doneBy(shift)
    if (!(await shift.work(chores, left))) return dues
    left -= doneBy(shift) - before
  }
}

/** Says of each record once that it cannot be read, however often it is come upon. */
function toldOnce(tell: OnUnreadable): OnUnreadable {
  const told = new Set<string>()
  return (record) => {
    const name = JSON.stringify([record.collection, record.key])
    if (!told.has(name)) tell(record)
    told.add(name)
  }
}

async function dueIn(context: Context, collection: DueCollection): Promise<number | undefined> {
  const { chores } = context.atWork
  return await firstDue(context, collection, {
    ignored: chores.size,
    isIgnored: (record) => chores.has(nameOfChore(collection, record)),
  })
}

/** How many things were done, or failed: what fails counts as well, so that one call comes to its end. */
function doneBy({ done, failed }: Shift): number {
  return countOf(done) + failed.length
}

function earliest(dues: readonly (number | undefined)[]): number | undefined {
  const times = dues.filter((due) => due !== undefined)
  return times.length > 0 ? Math.min(...times) : undefined
}

/**
 * What is under way is looked after again in a second, if nothing else is due before. What is due already and could not
 * be begun waits for it.
 */
function soon({ now }: Context, next: number | undefined, done: number): number {
  const [at, due = Number.POSITIVE_INFINITY] = [now(), next]
  return due <= at && done === 0 ? at + 1_000 : Math.min(due, at + 1_000)
}

function checked(options: TickOptions): { readonly limit: number; readonly budget: number } {
  checkKeys('options', options, ['limit', 'budget'])
  const { limit = 500, budget = 30_000 } = options
  for (const [name, value] of [
    ['limit', limit],
    ['budget', budget],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1 || value > most[name]) {
      throw new TypeError(`tick: ${name} must be a whole number from 1 to ${most[name]}`)
    }
  }
  return { limit, budget }
}
