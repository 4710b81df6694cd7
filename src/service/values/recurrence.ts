import { Cron } from 'croner'

/** When something begins again and again, by a clock on the wall that nobody ever puts forward or back. */
export interface Recurrence {
  /**
   * The first beginning after a moment. Both are the reading of the clock on the wall, in milliseconds since 1970 as if
   * it were one of UTC. Undefined if there is none before the year 10000.
   */
  readonly next: (after: number) => number | undefined
}

/** The rules that are taken, in words. */
export const ruleInWords =
  'five fields of cron: minute hour day month weekday, such as "0 18 * * FRI" or "0 0 24 12 *"; the minute is one number'

/** One number for the minute: whatever is frozen more often than once an hour is frozen all the time. */
const pattern = /^[0-5]?\d( [\dA-Z*,/#+L-]+){4}$/i

/**
 * Reads a rule of recurrence. Zones are no matter of the rule: it goes by the clock on the wall, so that no change of
 * daylight saving time can make it stand still.
 *
 * @returns the recurrence, or what is wrong with the rule.
 */
export function recurrence(rule: string): Recurrence | { readonly problem: string } {
  if (!pattern.test(rule)) return { problem: `${JSON.stringify(rule)} is not ${ruleInWords}` }
  try {
    const cron = new Cron(rule, { utcOffset: 0, paused: true, mode: '5-part' })
    return { next: (after) => laterThan(after, cron.nextRun(new Date(after))?.getTime()) }
  } catch (cause) {
    return { problem: `${JSON.stringify(rule)} is not ${ruleInWords} (${wordsOf(cause)})` }
  }
}

/** A beginning that is not later than what it was asked for after would be found for ever. */
function laterThan(after: number, found: number | undefined): number | undefined {
  if (found === undefined || found > after) return found
  throw new RangeError('the rule does not go forward')
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : String(cause)
}
