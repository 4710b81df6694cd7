import type { Duration } from './duration.ts'
import { choice, lengthOfTime, lengthOfTimeOrNever, type Rule, roleList } from './rule-kinds.ts'

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
   * Whether all comments have to be resolved before the change is applied. It can be approved before that, and waits
   * then. Stricter: they have to.
   *
   * @defaultValue 'any'
   */
  readonly comments: 'resolved' | 'any'
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
   * What happens to a change whose resource has moved on. `fail`: nobody submits, approves or applies it before it is
   * rebased, and it fails if its time comes. `fail_when_applied`: it can still be approved, and fails then. `rebase`:
   * it is merged onto the live revision when it is applied, if it does not collide with anything and its effect stays
   * the same, and is treated as by `fail` otherwise. Stricter: the first of these.
   *
   * @defaultValue 'fail'
   */
  readonly onStale: 'fail' | 'fail_when_applied' | 'rebase'
  /**
   * What becomes of a scheduled request whose time passes before it is approved and its comments are settled: it
   * expires; it stays open, and is applied by hand once it is approved; or it is applied late, as soon as it is
   * approved. Stricter: it expires.
   *
   * @defaultValue 'expire'
   */
  readonly whenMissed: 'expire' | 'hold' | 'apply'
  /**
   * Whether a request can be submitted with an open time, which whoever may apply it sets later on, within what was
   * approved. Stricter: it cannot.
   *
   * @defaultValue 'fixed'
   */
  readonly applyTime: 'fixed' | 'open'
  /**
   * For how long an approval counts after it was given, also when the change is applied. Stricter: shorter.
   *
   * @defaultValue 'never'
   */
  readonly approvalsExpireAfter: Duration | 'never'
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

/** Every rule of conduct. A new rule is one entry here, and its property above. */
export const rulesOfConduct: { readonly [R in keyof RulesOfConduct]: Rule<RulesOfConduct[R]> } = {
  selfApproval: choice([false, true], false),
  expiresAfter: lengthOfTime('14d'),
  remindEvery: lengthOfTimeOrNever(),
  apply: choice(['by_hand', 'on_approval'], 'on_approval'),
  comments: choice(['resolved', 'any'], 'any'),
  cancel: choice(['before_reviews', 'any_time'], 'before_reviews'),
  edit: choice(['nobody', 'requester', 'contributors', 'anyone'], 'anyone'),
  reasonRequired: choice([true, false], false),
  rejectReasonRequired: choice([true, false], true),
  excludeContributors: choice(['all', 'last_editor', 'none'], 'all'),
  eligibleAt: choice(['both', 'review'], 'both'),
  onReject: choice(['close', 'block'], 'close'),
  onEdit: choice(['reset', 'keep', 'stand'], 'reset'),
  onStale: choice(['fail', 'fail_when_applied', 'rebase'], 'fail'),
  whenMissed: choice(['expire', 'hold', 'apply'], 'expire'),
  applyTime: choice(['fixed', 'open'], 'fixed'),
  approvalsExpireAfter: lengthOfTimeOrNever(),
  lock: choice(['resource', 'none'], 'none'),
  policyDrift: choice(['strictest', 'pinned'], 'strictest'),
  bypass: roleList(),
  breakGlass: roleList(),
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
