import { type Duration, durationInWords, durationPattern, milliseconds } from '../../core/policy/model/duration.ts'
import { shown } from './shown.ts'

/** Options of `createApprovals`: for how long is kept what nobody decides on any more. */
export interface RetentionOptions {
  /**
   * For how long the answer to a command that carried an `idempotencyKey` is remembered. After that, the same key
   * counts as new. Answers that were given before keep the time that they were given with.
   *
   * @defaultValue '7d'
   */
  readonly answers?: Duration | undefined
  /**
   * For how long documents are kept that are history: the contents of a request since it ended, and the document of a
   * revision since the one after the next took over. At least a day. `tick` replaces them by their digests, on record;
   * events, reviews and digests stay.
   *
   * @defaultValue none: documents are kept for ever
   */
  readonly documents?: Duration | undefined
}

/** For how long things are kept, in milliseconds; for ever if `documents` is left out. */
export interface Retention {
  readonly answers: number
  readonly documents: number | undefined
}

const day = 24 * 60 * 60 * 1000
const least = { answers: 60_000, documents: day } as const

/**
 * Reads for how long the host wants things to be kept.
 *
 * @throws TypeError if one of the options is no length of time, is too short, or has a name that is not known.
 */
export function retentionOf(options: RetentionOptions | undefined): Retention {
  const usual: Retention = { answers: 7 * day, documents: undefined }
  if (options === undefined) return usual
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`createApprovals: retention must be an object, as in { answers: '7d' }, not ${shown(options)}`)
  }
  const given = Object.entries(options).flatMap(([name, value]) => {
    if (!isKept(name)) {
      throw new TypeError(`createApprovals: retention has no ${name}; known are ${Object.keys(least).join(', ')}`)
    }
    if (value === undefined) return []
    if (typeof value !== 'string' || !durationPattern.test(value)) {
      throw new TypeError(`createApprovals: retention.${name} must be ${durationInWords}, not ${shown(value)}`)
    }
    const time = milliseconds(value as Duration)
    if (time >= least[name]) return [[name, time]]
    throw new TypeError(`createApprovals: retention.${name} must be a day at least, not ${shown(value)}`)
  })
  return { ...usual, ...Object.fromEntries(given) }
}

function isKept(name: string): name is keyof typeof least {
  return Object.hasOwn(least, name)
}
