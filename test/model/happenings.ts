import fc from 'fast-check'
import { type Mood, moods } from './elsewhere.ts'
import type { Act, OfficeRules } from './vocabulary.ts'

/** What happens: somebody does something, or something changes around them. */
export type Happening =
  | ({ readonly type: 'act' } & Act)
  | { readonly type: 'pass'; readonly minutes: number }
  | { readonly type: 'tick' }
  /** Somebody switches the workflow off, and on again. */
  | { readonly type: 'switch' }
  /** The workflow is held for some time, while people go on. */
  | { readonly type: 'hold'; readonly acts: readonly Act[]; readonly minutes: number }
  | { readonly type: 'promote' | 'demote' | 'leave'; readonly user: string }
  | { readonly type: 'link'; readonly user: string; readonly as: string }
  | { readonly type: 'policy'; readonly quorum: number }
  /** Somebody writes the rollout while no policy is there. */
  | { readonly type: 'overtake'; readonly value: number }
  | Elsewise

/** What happens where the flag is kept elsewhere. */
type Elsewise =
  /** The system is in a mood for its next writes, one after the other. */
  | { readonly type: 'meet'; readonly moods: readonly Mood[] }
  /** Somebody writes there past the office. */
  | { readonly type: 'move'; readonly value: number }
  /** It cannot be read for a while; it can again; what it has delayed arrives. */
  | { readonly type: 'blind' | 'see' | 'arrive' }

const users = ['ann', 'amy', 'ben', 'cat', 'dan']

const oneOf = <const T extends readonly unknown[]>(...values: T): fc.Arbitrary<T[number]> => fc.constantFrom(...values)

const rules: fc.Arbitrary<OfficeRules> = fc.record({
  selfApproval: fc.boolean(),
  onReject: oneOf('close', 'block'),
  onEdit: oneOf('reset', 'keep', 'stand'),
  edit: oneOf('anyone', 'anyone', 'contributors', 'requester', 'nobody'),
  onStale: oneOf('fail', 'fail_when_applied', 'rebase'),
  apply: oneOf('on_approval', 'by_hand'),
  cancel: oneOf('before_reviews', 'any_time'),
  lock: oneOf('none', 'resource'),
  excludeContributors: oneOf('all', 'last_editor', 'none'),
})

const often = ['submit', 'edit', 'reject', 'request_changes', 'withdraw', 'rebase', 'resolve'] as const
const sometimes = ['apply', 'describe', 'draft', 'submitDraft', 'resubmit', 'reopen'] as const
const rarely = ['abandon', 'retry', 'recall', 'cancel', 'discard', 'comment'] as const
export const everyVerb = ['approve', ...often, ...sometimes, ...rarely] as const
const verbs = fc.oneof(
  { weight: 5, arbitrary: oneOf('approve') },
  { weight: 3, arbitrary: oneOf(...often) },
  { weight: 2, arbitrary: oneOf(...sometimes) },
  { weight: 1, arbitrary: oneOf(...rarely) },
)
const act = fc.record({
  type: fc.constant('act' as const),
  verb: verbs,
  by: oneOf(...users),
  request: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  value: fc.integer({ min: 1, max: 3 }),
  seesOld: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})
const whileHeld = [
  'withdraw',
  'withdraw',
  'approve',
  'reject',
  'request_changes',
  'edit',
  'apply',
  'retry',
  'rebase',
  'resubmit',
  'recall',
  'cancel',
  'comment',
] as const
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 16, arbitrary: act },
  { weight: 1, arbitrary: fc.record({ type: oneOf('pass'), minutes: oneOf(60, 12 * 60, 24 * 60) }) },
  { weight: 1, arbitrary: fc.record({ type: oneOf('tick', 'switch') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: oneOf('hold'),
      acts: fc.array(
        act.chain((one) => oneOf(...whileHeld).map((verb) => ({ ...one, verb, request: 0 }))),
        { maxLength: 3 },
      ),
      minutes: oneOf(60, 25 * 60),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: oneOf('promote', 'demote', 'leave'), user: oneOf('ann', 'ben', 'cat') }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: oneOf('link'), user: oneOf('ben', 'cat'), as: oneOf('ann', 'dan', 'ben') }),
  },
  { weight: 1, arbitrary: fc.record({ type: oneOf('policy'), quorum: oneOf(0, 1, 2, 3) }) },
  { weight: 2, arbitrary: fc.record({ type: oneOf('overtake'), value: fc.integer({ min: 1, max: 3 }) }) },
)

export const doing = (verb: string, by: string, value = 2, request = 0): Happening => ({
  type: 'act',
  verb,
  by,
  request,
  value,
  seesOld: false,
})

/** What leads somewhere only in its order, and is hardly ever met by chance. */
const story: fc.Arbitrary<readonly Happening[]> = fc
  .tuple(oneOf('ben', 'cat', 'dan'), fc.integer({ min: 1, max: 3 }))
  .chain(([by, value]) =>
    oneOf(
      [{ type: 'overtake', value }, doing('rebase', 'ann'), doing('resolve', 'ann')],
      [doing('request_changes', by), doing('resubmit', 'ann')],
      [doing('reject', by), doing('reopen', 'ann')],
      [doing('approve', by), doing('withdraw', by)],
      [
        doing('reject', by),
        doing('approve', by === 'ben' ? 'cat' : 'ben'),
        { type: 'hold', minutes: 60, acts: [{ verb: 'withdraw', by, request: 0, value, seesOld: false }] },
      ],
      [doing('submitDraft', 'ann'), { type: 'overtake', value }, doing('approve', by), doing('retry', 'dan')],
    ),
  )

const mood = oneOf(...moods)
const elsewise: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: oneOf('meet'), moods: fc.array(mood, { minLength: 1, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ type: oneOf('move'), value: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ type: oneOf('pass'), minutes: oneOf(1, 1, 60) }) },
  { weight: 4, arbitrary: fc.record({ type: oneOf('tick', 'tick', 'blind', 'see', 'arrive') }) },
  { weight: 2, arbitrary: act.map((one) => ({ ...one, verb: 'abandon' })) },
)

const meet = (...moods: readonly Mood[]): Happening => ({ type: 'meet', moods })

/** What leads somewhere only in its order, where the flag is kept elsewhere. */
const storyOfElsewhere: fc.Arbitrary<readonly Happening[]> = fc
  .tuple(oneOf('ben', 'cat', 'dan'), fc.integer({ min: 1, max: 3 }), mood, oneOf(1, 60))
  .chain(([by, value, next, minutes]) => {
    const approved = doing('approve', by)
    const later: readonly Happening[] = [{ type: 'pass', minutes }, { type: 'tick' }]
    const givenUp = [meet('delays'), approved, doing('abandon', 'dan')]
    return oneOf<(readonly Happening[])[]>(
      [meet(next), approved, ...later],
      [meet(...Array(8).fill('refuses')), approved, ...Array(8).fill(later).flat()],
      [meet('delays', 'delays'), approved, ...later, { type: 'arrive' }],
      [meet('refuses'), approved, { type: 'move', value }, { type: 'tick' }],
      [meet(next), approved, doing('abandon', 'dan'), { type: 'see' }],
      [...givenUp, doing('retry', 'ben'), { type: 'arrive' }],
      [...givenUp, doing('describe', 'ben'), doing('retry', 'ben'), { type: 'arrive' }],
      [...givenUp, doing('reopen', 'ann'), approved, { type: 'arrive' }],
      [doing('submit', 'amy', value), meet('refuses', next), approved, doing('approve', by, 1, 1), ...later],
    )
  })

/** Something to act on is there from the beginning: of acts on nothing, the office could only say no. */
const lives = (happening: fc.Arbitrary<readonly Happening[]>): fc.Arbitrary<readonly Happening[]> =>
  fc
    .tuple(
      oneOf(1, 2),
      oneOf('submit', 'submit', 'draft'),
      oneOf(2, 3),
      fc.array(happening, { minLength: 1, maxLength: 16, size: 'max' }),
    )
    .map(([quorum, verb, value, others]) => [{ type: 'policy', quorum }, doing(verb, 'ann', value), ...others.flat()])

const inside = { weight: 6, arbitrary: happening.map((one) => [one]) }
const outside = { weight: 3, arbitrary: elsewise.map((one) => [one]) }

/** An office, where its flag is kept, and what happens there. */
export type Life = readonly [OfficeRules, 'inside' | 'outside', readonly Happening[]]

export const life: fc.Arbitrary<Life> = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(rules, oneOf('inside'), lives(fc.oneof(inside, { weight: 1, arbitrary: story }))) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      rules,
      oneOf('outside'),
      lives(fc.oneof(inside, outside, { weight: 1, arbitrary: story }, { weight: 2, arbitrary: storyOfElsewhere })),
    ),
  },
)
