/** A length of time as people write it in a policy: `90m`, `36h`, `14d`, `2w`. */
export type Duration = `${number}${'m' | 'h' | 'd' | 'w'}`

const MINUTE = 60_000
const units = { m: MINUTE, h: 60 * MINUTE, d: 24 * 60 * MINUTE, w: 7 * 24 * 60 * MINUTE } as const

/** Matches what {@link milliseconds} accepts: a positive whole number and a unit. */
export const durationPattern = /^[1-9]\d{0,5}[mhdw]$/

/** What {@link durationPattern} matches, for people. */
export const durationInWords = 'a whole number and a unit out of m, h, d and w, such as "36h" or "14d"'

/**
 * Converts a duration to milliseconds.
 *
 * @example
 * ```ts
 * milliseconds('36h') // 129600000
 * ```
 */
export function milliseconds(duration: Duration): number {
  return Number(duration.slice(0, -1)) * units[duration.slice(-1) as keyof typeof units]
}
