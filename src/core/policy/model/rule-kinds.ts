import { type Duration, durationInWords, durationPattern, milliseconds } from './duration.ts'
import { compareText } from './requirement.ts'

/**
 * One rule of conduct: what a policy may say, what holds if it says nothing, and which of two values is the
 * stricter one.
 */
export interface Rule<T> {
  readonly default: T
  /** What may be written, in words. */
  readonly expects: string
  readonly accepts: (value: unknown) => boolean
  /** Some that are accepted, all of them if they are few. */
  readonly examples: readonly T[]
  /** Commutative, associative and idempotent. */
  readonly stricter: (a: T, b: T) => T
}

/** A rule with a few values, given with the strictest first. */
export function choice<const T extends string | boolean>(strictestFirst: readonly T[], byDefault: NoInfer<T>): Rule<T> {
  return {
    default: byDefault,
    expects: strictestFirst.map((value) => JSON.stringify(value)).join(' or '),
    accepts: (value) => strictestFirst.some((known) => known === value),
    examples: strictestFirst,
    stricter: (a, b) => (strictestFirst.indexOf(a) <= strictestFirst.indexOf(b) ? a : b),
  }
}

/** Roles that may do something: stricter are those that both name. */
export function roleList(): Rule<readonly string[]> {
  return {
    default: [],
    expects: 'a list of at most 100 different roles',
    accepts: isListOfRoles,
    examples: [[], ['admin'], ['admin', 'lead'], ['lead', 'security']],
    stricter: (a, b) => a.filter((role) => b.includes(role)).toSorted(compareText),
  }
}

/** A length of time: stricter is the shorter one. */
export function lengthOfTime(byDefault: Duration): Rule<Duration> {
  return {
    default: byDefault,
    expects: durationInWords,
    accepts: isDuration,
    examples: ['30m', '36h', '14d', '2w', '90d'],
    stricter: shorter,
  }
}

/** A length of time, or never: stricter is the shorter one. */
export function lengthOfTimeOrNever(): Rule<Duration | 'never'> {
  return {
    default: 'never',
    expects: `${durationInWords}, or "never"`,
    accepts: (value) => value === 'never' || isDuration(value),
    examples: ['never', '30m', '1d', '2w'],
    stricter: (a, b) => (a === 'never' ? b : b === 'never' ? a : shorter(a, b)),
  }
}

function isDuration(value: unknown): boolean {
  return typeof value === 'string' && durationPattern.test(value)
}

function isListOfRoles(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > 100) return false
  return value.every((role) => typeof role === 'string' && role !== '') && new Set(value).size === value.length
}

function shorter(a: Duration, b: Duration): Duration {
  const difference = milliseconds(a) - milliseconds(b)
  return difference < 0 || (difference === 0 && a <= b) ? a : b
}
