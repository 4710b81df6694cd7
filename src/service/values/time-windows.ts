import { type Duration, milliseconds } from '../../core/policy/model/duration.ts'
import { recurrence } from './recurrence.ts'
import { isTimeZone, offsetsAround, readingsOf } from './time-zone.ts'

/** A time between two moments, once. Both are in milliseconds since 1970. */
export interface SingleWindow {
  readonly from: number
  /** The first moment that does not belong to it any more. */
  readonly until: number
}

/** A time that comes again and again, by the clocks on the walls of a zone. */
export interface RecurringWindow {
  /**
   * When it begins: five fields of cron, `minute hour day month weekday`, of which the minute is one number.
   * `0 18 * * FRI` is each Friday at 18:00, `0 0 24 12 *` each 24 December.
   */
  readonly rule: string
  /** How long it lasts on the clock on the wall, as in policies: `62h`, `14d`. At most 92 days. */
  readonly duration: Duration
  /** The IANA name of the time zone, such as `Europe/Berlin`. */
  readonly zone: string
  /**
   * Only what begins at this moment or later, in milliseconds since 1970.
   *
   * @defaultValue none: it always has
   */
  readonly from?: number | undefined
  /**
   * Only what begins before this moment, in milliseconds since 1970.
   *
   * @defaultValue none: for ever
   */
  readonly until?: number | undefined
}

/** One time of a window: from a moment on, and before another one. In milliseconds since 1970. */
export interface Span {
  readonly from: number
  readonly until: number
}

/** A window that can be asked. */
export interface TimeWindow {
  /** The span that a moment lies in and that lasts longest; `undefined` if it lies in none. */
  readonly covering: (at: number) => Span | undefined
  /** The first span that begins after a moment; `undefined` if there is none within ten years. */
  readonly after: (at: number) => Span | undefined
}

/** How far ahead is looked for the next time of a window, in milliseconds: ten years, in which every leap day comes. */
export const farthest = 3_653 * 24 * 60 * 60_000

/** The longest that a recurring window lasts, in milliseconds. */
export const longestWindow = 92 * 24 * 60 * 60_000

/**
 * How many beginnings are looked at to answer one question. There are few: windows do not overlap themselves, and begin
 * at most once an hour.
 */
const mostSteps = 100

/**
 * Makes a window that can be asked.
 *
 * @throws RangeError if the platform does not know the zone, or the rule cannot be read. So does asking.
 */
export function timeWindow(given: SingleWindow | RecurringWindow): TimeWindow {
  if ('rule' in given) return recurring(given)
  const { from, until } = given
  return {
    covering: (at) => (from <= at && at < until ? { from, until } : undefined),
    after: (at) => (at < from && from <= at + farthest ? { from, until } : undefined),
  }
}

/**
 * Each beginning is found on the clock on the wall, and only then looked up in the zone. A window covers both readings
 * of a time that comes twice, or not at all: from the first reading of its beginning to the last one of its end.
 */
function recurring({ rule, duration, zone, from = 0, until = Number.POSITIVE_INFINITY }: RecurringWindow): TimeWindow {
  const found = recurrence(rule)
  if ('problem' in found) throw new RangeError(found.problem)
  if (!isTimeZone(zone)) throw new RangeError(`the platform knows no time zone ${JSON.stringify(zone)}`)
  const lasts = milliseconds(duration)
  const spanOf = (wall: number): Span => ({
    from: readingsOf(zone, wall).first,
    until: readingsOf(zone, wall + lasts).last,
  })
  /** Looks through the spans whose beginnings on the wall are later than one, and not later than another one. */
  const look = (after: number, last: number, take: (span: Span) => boolean) => {
    let wall = found.next(after)
    for (let step = 0; wall !== undefined && wall <= last; step++) {
      if (step === mostSteps) throw new RangeError('the window begins too often to be looked through')
      const span = spanOf(wall)
      if (span.from >= until) return
      if (span.from >= from && take(span)) return
      wall = found.next(wall)
    }
  }
  return {
    covering(at) {
      const { least, most } = offsetsAround(zone, at)
      let longest: Span | undefined
      look(at + least - lasts - 1, at + most, (span) => {
        const isLonger = span.from <= at && at < span.until && span.until > (longest?.until ?? 0)
        if (isLonger) longest = span
        return false
      })
      return longest
    },
    after(at) {
      const begins = Math.max(at, from - 1)
      let first: Span | undefined
      look(begins + offsetsAround(zone, begins).least - 1, begins + farthest, (span) => {
        if (span.from <= begins) return false
        first = span
        return true
      })
      return first
    },
  }
}

/**
 * When the windows that a moment lies in have all ended, one after another and without a break; `undefined` if that
 * does not come in the bounds of looking. The moment itself if it lies in none.
 */
export function endOf(windows: readonly TimeWindow[], at: number): number | undefined {
  let end = at
  for (let step = 0; step < mostSteps; step++) {
    const ends = windows.flatMap(({ covering }) => covering(end)?.until ?? [])
    if (ends.length === 0) return end
    end = Math.max(...ends)
  }
  return undefined
}

/** When the next of several windows begins after a moment; `undefined` if none does within ten years. */
export function nextStart(windows: readonly TimeWindow[], at: number): number | undefined {
  const starts = windows.flatMap(({ after }) => after(at)?.from ?? [])
  return starts.length === 0 ? undefined : Math.min(...starts)
}

/** The spans of windows that lie, with a part at least, between two moments: the first ones, in their order. */
export function spansBetween(windows: readonly TimeWindow[], { from, until }: Span, most: number): readonly Span[] {
  const spans = windows.flatMap((window) => {
    const first = window.covering(from)
    const found = first ? [first] : []
    let begun = from
    while (found.length < most) {
      const next = window.after(begun)
      if (!next || next.from >= until) break
      found.push(next)
      begun = next.from
    }
    return found
  })
  return spans.toSorted((a, b) => a.from - b.from || a.until - b.until).slice(0, most)
}
