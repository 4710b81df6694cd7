import { shown } from './shown.ts'

/** Options of `createApprovals`: how much one person, or one request, may add up to. */
export interface LimitOptions {
  /**
   * How many comments a request takes. Further ones are refused with `limit_reached`.
   *
   * @defaultValue 1_000
   */
  readonly commentsPerRequest?: number | undefined
  /**
   * How many drafts of one person in one tenant may be open, at most 1,000. Further ones are refused with
   * `limit_reached`; a request can be recalled all the same.
   *
   * @defaultValue 200
   */
  readonly openDraftsPerPerson?: number | undefined
  /**
   * How many delegations of one person in one tenant may be live or yet to begin, at most 1,000. Further ones are
   * refused with `limit_reached`.
   *
   * @defaultValue 100
   */
  readonly delegationsPerPerson?: number | undefined
}

/** The limits that hold. */
export type UseLimits = { readonly [K in keyof LimitOptions]-?: number }

const usual: UseLimits = { commentsPerRequest: 1_000, openDraftsPerPerson: 200, delegationsPerPerson: 100 }
const highest: UseLimits = { commentsPerRequest: 1_000_000, openDraftsPerPerson: 1_000, delegationsPerPerson: 1_000 }

/**
 * Reads the limits of the host.
 *
 * @throws TypeError if one of them is no number of things, or has a name that is not known.
 */
export function limitsOf(options: LimitOptions | undefined): UseLimits {
  if (options === undefined) return usual
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(
      `createApprovals: limits must be an object, as in { commentsPerRequest: 500 }, not ${shown(options)}`,
    )
  }
  const given = Object.entries(options).flatMap(([name, limit]) => {
    if (!isLimit(name)) {
      throw new TypeError(`createApprovals: limits has no ${name}; known are ${Object.keys(usual).join(', ')}`)
    }
    if (limit === undefined) return []
    if (Number.isSafeInteger(limit) && limit >= 1 && limit <= highest[name]) return [[name, limit]]
    throw new TypeError(`createApprovals: limits.${name} must be a whole number from 1 to ${highest[name]}`)
  })
  return { ...usual, ...Object.fromEntries(given) }
}

function isLimit(name: string): name is keyof UseLimits {
  return Object.hasOwn(usual, name)
}
