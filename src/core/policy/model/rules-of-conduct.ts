import { type Duration, durationInWords, durationPattern, milliseconds } from './duration.ts'
import { compareText } from './requirement.ts'

/** How people deal with a request. If several policies match, each rule takes its stricter value. */
export interface RulesOfConduct {
  /**
   * Whether the requester may approve, if they are an approver too. Stricter: false.
   *
   * @defaultValue false
   */
  readonly selfApproval: boolean
  /**
   * How long a request may stay open. Stricter: shorter.
   *
   * @defaultValue '14d'
   */
  readonly expiresAfter: Duration
  /**
   * Whether the last approval applies the change, or somebody has to ask for it. Stricter: by hand.
   *
   * @defaultValue 'on_approval'
   */
  readonly apply: 'on_approval' | 'by_hand'
  /**
   * How often approvers who have not answered are reminded of a request that waits for them. Stricter: more often.
   *
   * @defaultValue 'never'
   */
  readonly remindEvery: Duration | 'never'
  /**
   * Until when the requester may cancel. Stricter: before the first review.
   *
   * @defaultValue 'before_reviews'
   */
  readonly cancel: 'before_reviews' | 'any_time'
  /**
   * Who may edit a request that waits, or answer its conflicts, among those who may edit its resources. A draft is
   * edited, and a request rebased, by all of them. Stricter: fewer people.
   *
   * @defaultValue 'anyone'
   */
  readonly edit: 'nobody' | 'requester' | 'contributors' | 'anyone'
  /**
   * Whether a request must say why. Stricter: true.
   *
   * @defaultValue false
   */
  readonly reasonRequired: boolean
  /**
   * Whether a rejection must say why. Stricter: true.
   *
   * @defaultValue true
   */
  readonly rejectReasonRequired: boolean
  /**
   * Which contributors cannot approve the content. `selfApproval` decides for the requester. Stricter: more of them.
   *
   * @defaultValue 'all'
   */
  readonly excludeContributors: 'all' | 'last_editor' | 'none'
  /**
   * When an approver has to be eligible: when they review and again when the change is applied, or when they review
   * alone. Who is excluded stays excluded either way. Stricter: both.
   *
   * @defaultValue 'both'
   */
  readonly eligibleAt: 'both' | 'review'
  /**
   * Whether a rejection ends the request, or blocks it until it is withdrawn. Stricter: ends it.
   *
   * @defaultValue 'close'
   */
  readonly onReject: 'close' | 'block'
  /**
   * What becomes of approvals when a request that waits gets new content: all are dismissed; those stay whose part of
   * the change is equal; or all stay, for content that their givers have not seen, but for those of whoever edited it.
   * Stricter: more are dismissed.
   *
   * @defaultValue 'reset'
   */
  readonly onEdit: 'reset' | 'keep' | 'stand'
  /**
   * What happens to an approved change whose resource has moved on: it fails, or it is merged onto the live revision if
   * it does not collide with anything and its effect stays the same. Stricter: fails.
   *
   * @defaultValue 'fail'
   */
  readonly onStale: 'fail' | 'rebase'
  /**
   * Whether an open request keeps everybody else off its resources. Stricter: the resource is locked.
   *
   * @defaultValue 'none'
   */
  readonly lock: 'resource' | 'none'
  /**
   * Whether an open request has to meet what the policies ask now as well, or only what they asked at submission.
   * Stricter: both.
   *
   * @defaultValue 'strictest'
   */
  readonly policyDrift: 'strictest' | 'pinned'
  /**
   * The roles whose holders may apply without approval, with a reason and on record. Stricter: those that all
   * policies name.
   *
   * @defaultValue []
   */
  readonly bypass: readonly string[]
  /**
   * The roles whose holders may break glass in an emergency. A follow-up review is required then. Stricter: those that
   * all policies name.
   *
   * @defaultValue []
   */
  readonly breakGlass: readonly string[]
  /**
   * Within which time a follow-up review has to be done, and how often people are reminded of it from then on.
   * Stricter: shorter.
   *
   * @defaultValue '3d'
   */
  readonly settleWithin: Duration
  /**
   * How many characters, as people count them, somebody may say at once. Stricter: fewer.
   *
   * @defaultValue 10_000
   */
  readonly feedbackLimit: number
}

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

/** Every rule of conduct. A new rule is one entry here, and its property above. */
export const rulesOfConduct: { readonly [R in keyof RulesOfConduct]: Rule<RulesOfConduct[R]> } = {
  selfApproval: oneOf([false, true], false),
  expiresAfter: lengthOfTime('14d'),
  remindEvery: {
    default: 'never',
    expects: `${durationInWords}, or "never"`,
    accepts: (value) => value === 'never' || isDuration(value),
    examples: ['never', '30m', '1d', '2w'],
    stricter: (a, b) => (a === 'never' ? b : b === 'never' ? a : shorter(a, b)),
  },
  apply: oneOf(['by_hand', 'on_approval'], 'on_approval'),
  cancel: oneOf(['before_reviews', 'any_time'], 'before_reviews'),
  edit: oneOf(['nobody', 'requester', 'contributors', 'anyone'], 'anyone'),
  reasonRequired: oneOf([true, false], false),
  rejectReasonRequired: oneOf([true, false], true),
  excludeContributors: oneOf(['all', 'last_editor', 'none'], 'all'),
  eligibleAt: oneOf(['both', 'review'], 'both'),
  onReject: oneOf(['close', 'block'], 'close'),
  onEdit: oneOf(['reset', 'keep', 'stand'], 'reset'),
  onStale: oneOf(['fail', 'rebase'], 'fail'),
  lock: oneOf(['resource', 'none'], 'none'),
  policyDrift: oneOf(['strictest', 'pinned'], 'strictest'),
  bypass: roles(),
  breakGlass: roles(),
  settleWithin: lengthOfTime('3d'),
  feedbackLimit: {
    default: 10_000,
    expects: 'a whole number from 1 to 10000',
    accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= 10_000,
    examples: [1, 500, 10_000],
    stricter: Math.min,
  },
}

/** The names of the rules of conduct. */
export const ruleNames = Object.keys(rulesOfConduct) as readonly (keyof RulesOfConduct)[]

/** The rules of a policy that says nothing. */
export const defaultRules: RulesOfConduct = eachRule((name) => rulesOfConduct[name].default)

/** Fills in the default of each rule that a policy leaves out, and gives each the form that joining leaves as it is. */
export function completeRules(
  rules?: { readonly [K in keyof RulesOfConduct]?: RulesOfConduct[K] | undefined },
): RulesOfConduct {
  if (rules === undefined) return defaultRules
  const said = Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined))
  const filled: RulesOfConduct = { ...defaultRules, ...said }
  return eachRule((name) => stricter(name, filled, filled))
}

/**
 * Joins the rules of two policies: the stricter value of each. Commutative, associative and idempotent.
 *
 * @example
 * ```ts
 * const rules = joinRules(defaultRules, { ...defaultRules, expiresAfter: '7d' })
 * ```
 */
export function joinRules(a: RulesOfConduct, b: RulesOfConduct): RulesOfConduct {
  return a === b ? a : eachRule((name) => stricter(name, a, b))
}

function stricter<R extends keyof RulesOfConduct>(name: R, a: RulesOfConduct, b: RulesOfConduct): RulesOfConduct[R] {
  return rulesOfConduct[name].stricter(a[name], b[name])
}

function eachRule(valueFor: (name: keyof RulesOfConduct) => unknown): RulesOfConduct {
  return Object.fromEntries(ruleNames.map((name) => [name, valueFor(name)])) as unknown as RulesOfConduct
}

/** A rule with a few values, given with the strictest first. */
function oneOf<const T extends string | boolean>(strictestFirst: readonly T[], byDefault: NoInfer<T>): Rule<T> {
  return {
    default: byDefault,
    expects: strictestFirst.map((value) => JSON.stringify(value)).join(' or '),
    accepts: (value) => strictestFirst.some((known) => known === value),
    examples: strictestFirst,
    stricter: (a, b) => (strictestFirst.indexOf(a) <= strictestFirst.indexOf(b) ? a : b),
  }
}

/** Roles that may do something: stricter are those that both name. */
function roles(): Rule<readonly string[]> {
  return {
    default: [],
    expects: 'a list of at most 100 different roles',
    accepts: isListOfRoles,
    examples: [[], ['admin'], ['admin', 'lead'], ['lead', 'security']],
    stricter: (a, b) => a.filter((role) => b.includes(role)).toSorted(compareText),
  }
}

/** A length of time: stricter is the shorter one. */
function lengthOfTime(byDefault: Duration): Rule<Duration> {
  return {
    default: byDefault,
    expects: durationInWords,
    accepts: isDuration,
    examples: ['30m', '36h', '14d', '2w', '90d'],
    stricter: shorter,
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
