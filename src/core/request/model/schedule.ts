import { defined } from '../../defined.ts'

/** A time that is left open when a request is submitted: whoever may apply it says when, within these bounds. */
export interface OpenTime {
  /** Not before, in milliseconds since 1970. Left out: as soon as it is approved. */
  readonly from?: number
  /** The first moment that is too late, in milliseconds since 1970. Left out: when the request expires. */
  readonly until?: number
}

/** When a request is to be applied. One value, to which reviewers agree as a whole. */
export interface Schedule {
  /** When it is to be applied once approved, in milliseconds since 1970. Left out: at once, or at an open time. */
  readonly applyAt?: number
  /** The bounds of a time that is left open. Left out: the time is `applyAt`. */
  readonly openTime?: OpenTime
  /** From when on it is not applied any more, whether or not it is approved, in milliseconds since 1970. */
  readonly applyBy?: number
  /**
   * When what was applied is reverted, in milliseconds since 1970. From then on it is not applied any more. Left out:
   * it stays.
   */
  readonly revertAt?: number
}

/** The schedule of whatever has one. */
export function scheduleOf({ applyAt, openTime, applyBy, revertAt }: Schedule): Schedule {
  return defined({ applyAt, openTime, applyBy, revertAt })
}

/** What reviewers agree to: a time that was set within an open one is no part of it. */
export function agreedSchedule({ applyAt, openTime, applyBy, revertAt }: Schedule): Schedule {
  const bounds = { applyBy, revertAt }
  return openTime ? defined({ openTime, ...bounds }) : defined({ applyAt, ...bounds })
}

/** Tells whether reviewers who agree to one schedule agree to the other. */
export function isSameSchedule(a: Schedule, b: Schedule): boolean {
  const [one, other] = [agreedSchedule(a), agreedSchedule(b)]
  return (
    one.applyAt === other.applyAt &&
    one.applyBy === other.applyBy &&
    one.revertAt === other.revertAt &&
    (one.openTime === undefined) === (other.openTime === undefined) &&
    one.openTime?.from === other.openTime?.from &&
    one.openTime?.until === other.openTime?.until
  )
}

/**
 * From when on a schedule lets nothing be applied any more, in milliseconds since 1970; `undefined` if it always does.
 */
export function latestOf({ openTime, applyBy, revertAt }: Schedule): number | undefined {
  const ends = [openTime?.until, applyBy, revertAt].filter((time) => time !== undefined)
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** The first moment at which a schedule lets something be applied; `undefined` if it always does. */
export function earliestOf({ applyAt, openTime }: Schedule): number | undefined {
  return applyAt ?? openTime?.from
}
