import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statuses } from '../../src/core/request/status.ts'
import { createApprovals, hasCode, isApprovalError } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { runs } from '../runs.ts'
import { flags, start } from '../world.ts'
import { type Act, deadlineAfter, hour, type OfficeRules, officeModel } from './office-model.ts'

/** What happens: somebody does something, or something changes around them. */
type Happening =
  | ({ readonly type: 'act' } & Act)
  | { readonly type: 'pass'; readonly hours: number }
  | { readonly type: 'tick' }
  /** Somebody switches the workflow off, and on again. */
  | { readonly type: 'switch' }
  | { readonly type: 'promote' | 'demote' | 'leave'; readonly user: string }
  | { readonly type: 'link'; readonly user: string; readonly as: string }
  | { readonly type: 'policy'; readonly quorum: number }
  /** Somebody writes the rollout while no policy is there. */
  | { readonly type: 'overtake'; readonly value: number }

const users = ['ann', 'amy', 'ben', 'cat', 'dan']

const oneOf = <const T extends readonly unknown[]>(...values: T): fc.Arbitrary<T[number]> => fc.constantFrom(...values)

const rules: fc.Arbitrary<OfficeRules> = fc.record({
  selfApproval: fc.boolean(),
  onReject: oneOf('close', 'block'),
  onEdit: oneOf('reset', 'keep'),
  onStale: oneOf('fail', 'rebase'),
  apply: oneOf('on_approval', 'by_hand'),
  cancel: oneOf('before_reviews', 'any_time'),
  lock: oneOf('none', 'resource'),
  excludeContributors: oneOf('all', 'last_editor', 'none'),
})

const often = ['submit', 'edit', 'reject', 'request_changes', 'withdraw', 'rebase', 'resolve'] as const
const sometimes = ['apply', 'describe', 'draft', 'submitDraft', 'resubmit', 'reopen'] as const
const rarely = ['retry', 'recall', 'cancel', 'discard', 'comment'] as const
const everyVerb = ['approve', ...often, ...sometimes, ...rarely] as const
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
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 16, arbitrary: act },
  { weight: 1, arbitrary: fc.record({ type: oneOf('pass'), hours: oneOf(1, 12, 24) }) },
  { weight: 1, arbitrary: fc.record({ type: oneOf('tick', 'switch') }) },
  { weight: 1, arbitrary: fc.record({ type: oneOf('promote', 'demote', 'leave'), user: oneOf('ann', 'ben', 'cat') }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: oneOf('link'), user: oneOf('ben', 'cat'), as: oneOf('ann', 'dan', 'ben') }),
  },
  { weight: 1, arbitrary: fc.record({ type: oneOf('policy'), quorum: oneOf(0, 1, 2, 3) }) },
  { weight: 2, arbitrary: fc.record({ type: oneOf('overtake'), value: fc.integer({ min: 1, max: 3 }) }) },
)

const doing = (verb: string, by: string, value = 2): Happening => ({
  type: 'act',
  verb,
  by,
  request: 0,
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
      [doing('submitDraft', 'ann'), { type: 'overtake', value }, doing('approve', by), doing('retry', 'dan')],
    ),
  )

/** Something to act on is there from the beginning: of acts on nothing, the office could only say no. */
const happenings: fc.Arbitrary<Happening[]> = fc
  .tuple(
    oneOf(1, 2),
    oneOf('submit', 'submit', 'draft'),
    oneOf(2, 3),
    fc.array(fc.oneof({ weight: 6, arbitrary: happening.map((one) => [one]) }, { weight: 1, arbitrary: story }), {
      minLength: 1,
      maxLength: 16,
      size: 'max',
    }),
  )
  .map(([quorum, verb, value, others]) => [{ type: 'policy', quorum }, doing(verb, 'ann', value), ...others.flat()])

/** The real thing, driven as the model is. */
function office(officeRules: OfficeRules, { model, person }: ReturnType<typeof officeModel>) {
  const ids: string[] = []
  const digests = new Map<string, string[]>()
  const approvals = createApprovals({
    admins: 'anyone',
    storage: memoryStorage(),
    resources: [flags],
    directory: {
      users: async (_scope, asked) =>
        asked.map((id) =>
          model.roles.has(id) ? { person: person(id), roles: model.roles.get(id) ? ['lead'] : [] } : undefined,
        ),
      holders: async () => [...model.roles].filter(([, lead]) => lead).map(([id]) => id),
      roles: async (_scope, names) => names.map(() => true),
    },
    now: () => start + model.now,
    newId: () => `r${ids.length + 1}`,
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const ref = flags.ref('checkout')

  async function doing({ verb, by, request, value, seesOld }: Act): Promise<string> {
    const id = ids[request] ?? 'r0'
    const known = digests.get(id) ?? []
    const options = { seen: (seesOld ? known.at(-2) : known.at(-1)) ?? 'sha256:', reason: 'because' }
    const actor = as(by)
    const done = { edit: () => actor.edit(id, ref, { merge: { rollout: value } }) }
    switch (verb) {
      case 'submit': {
        const outcome = await actor.submit(ref, { merge: { rollout: value } })
        if (outcome.status === 'pending') begun(outcome.request)
        return outcome.status
      }
      case 'draft': {
        const request = await actor.draft(ref, { merge: { rollout: value } })
        begun(request)
        return request.status
      }
      case 'describe': {
        const live = await actor.resources.get(ref)
        return (await actor.submit(ref, { merge: { description: `${live?.document.description}!` } })).status
      }
      case 'resolve': {
        const read = await actor.requests.get(id)
        const found = read.changes.flatMap(({ conflicts }) => conflicts)
        const choices = found.map(({ digest }) => ({ conflict: digest, take: 'draft' as const }))
        return after(
          id,
          await actor.resolve(id, choices.length > 0 ? choices : [{ conflict: noConflict, take: 'draft' }]),
        )
      }
      case 'edit':
        return after(id, await done.edit())
      case 'approve':
        return after(id, await actor.approve(id, options))
      case 'reject':
        return after(id, await actor.reject(id, options))
      case 'request_changes':
        return after(id, await actor.requestChanges(id, options))
      case 'comment':
        return after(id, await actor.comment(id, 'hm'))
      default:
        return after(id, await actor[verb as 'withdraw'](id))
    }
  }

  function begun({ id, digest }: { readonly id: string; readonly digest: string }): void {
    ids.unshift(id)
    digests.set(id, [digest])
  }

  function after(
    id: string,
    { request }: { readonly request: { readonly status: string; readonly digest: string } },
  ): string {
    const known = digests.get(id) ?? []
    if (known.at(-1) !== request.digest) digests.set(id, [...known, request.digest])
    return request.status
  }

  return {
    approvals,
    as,
    ref,
    ids,
    async act(wanted: Act): Promise<string> {
      try {
        return await doing(wanted)
      } catch (error) {
        if (isApprovalError(error) && !broken.includes(error.code)) return 'refused'
        throw error
      }
    },
    /** Asks for so many leads from now on; tells whether the policy was taken: one that nobody can meet is not. */
    async policy(quorum: number): Promise<boolean> {
      if (quorum === 0) {
        await as('dan').policies.remove('reviewed')
        return true
      }
      const saved = as('dan').policies.save({
        id: 'reviewed',
        match: {},
        when: { type: 'any_change', field: '/rollout' },
        require: { quorum, from: { roles: ['lead'] } },
        rules: { ...officeRules, expiresAfter: '1d' },
      })
      return await saved.then(
        () => true,
        (error: unknown) => {
          if (hasCode(error, 'invalid_policy')) return false
          throw error
        },
      )
    },
  }
}

const noConflict = `sha256:${'0'.repeat(64)}` as const

/** Refusals that nobody is to blame for, and that must not happen while one thing happens after the other. */
const broken = [
  'contention',
  'storage_failed',
  'directory_failed',
  'version_conflict',
  'duplicate_key',
  'content_tampered',
]

/** The verbs that were accepted, and the states that they led to. */
const reached = new Set<string>()

async function play(officeRules: OfficeRules, happenings: readonly Happening[]): Promise<void> {
  const imagined = officeModel(officeRules)
  const { model } = imagined
  const real = office(officeRules, imagined)
  await real.as('ann').submit(real.ref, { value: { enabled: true, rollout: 1, description: 'a' } })
  await real.policy(1)
  for (const [at, one] of happenings.entries()) {
    switch (one.type) {
      case 'act': {
        const told = `${at}: ${JSON.stringify(one)}`
        const old = one.seesOld && (model.requests[one.request]?.edition ?? 0) > 0
        const outcome = await real.act(one)
        expect(`${told} ${outcome}`).toBe(`${told} ${imagined.act({ ...one, seesOld: old })}`)
        reached.add(outcome)
        if (outcome !== 'refused') reached.add(one.verb)
        break
      }
      case 'pass':
        model.now += one.hours * hour
        break
      case 'tick':
        await real.approvals.tick()
        imagined.tick()
        break
      case 'switch':
        await real.as('dan').workflow.turnOff()
        await real.as('dan').workflow.turnOn()
        imagined.switchOff()
        break
      case 'promote':
      case 'demote':
        model.roles.set(one.user, one.type === 'promote')
        break
      case 'leave':
        model.roles.delete(one.user)
        break
      case 'link':
        model.persons.set(one.user, one.as)
        break
      case 'policy':
        if (one.quorum === 0 && model.asked === 0) break
        if (await real.policy(one.quorum)) model.asked = one.quorum
        break
      case 'overtake': {
        const { asked } = model
        if (asked > 0) await real.policy(0)
        model.asked = 0
        const write: Act = { verb: 'submit', by: 'dan', request: 0, value: one.value, seesOld: false }
        expect(await real.act(write)).toBe(imagined.act(write))
        if (asked > 0 && (await real.policy(asked))) model.asked = asked
      }
    }
  }
  await compare(real, imagined)
}

async function compare(
  real: ReturnType<typeof office>,
  { model, tick }: ReturnType<typeof officeModel>,
): Promise<void> {
  await real.approvals.tick()
  tick()
  const { rollout, description, revision } = model.live
  const live = await real.as('dan').resources.get(real.ref)
  expect(live).toMatchObject({ revision, document: { rollout, description } })
  for (const [at, id] of real.ids.entries()) {
    const request = await real.as('dan').requests.get(id)
    const { status, answers, contributors } = model.requests[at] ?? {}
    expect({
      status: request.status,
      answers: request.reviews.map(({ by, verdict }) => ({ by, verdict })),
      contributors: request.contributors,
    }).toEqual({ status, answers, contributors })
  }
  expect((await real.as('dan').audit.verify()).problems).toEqual([])
}

/** Where model and library once were of two minds. */
const examples: [OfficeRules, Happening[]][] = [
  [
    {
      selfApproval: false,
      onReject: 'close',
      onEdit: 'reset',
      onStale: 'fail',
      apply: 'on_approval',
      cancel: 'before_reviews',
      lock: 'none',
      excludeContributors: 'all',
    },
    [
      { type: 'act', verb: 'draft', by: 'ann', request: 0, value: 3, seesOld: false },
      { type: 'overtake', value: 2 },
      { type: 'act', verb: 'resolve', by: 'ann', request: 0, value: 1, seesOld: false },
    ],
  ],
  [
    {
      selfApproval: false,
      onReject: 'block',
      onEdit: 'reset',
      onStale: 'fail',
      apply: 'on_approval',
      cancel: 'before_reviews',
      lock: 'none',
      excludeContributors: 'all',
    },
    [
      doing('submit', 'ann'),
      doing('reject', 'ben'),
      { type: 'leave', user: 'ben' },
      doing('approve', 'cat'),
      { type: 'link', user: 'cat', as: 'ben' },
      doing('approve', 'cat'),
    ],
  ],
]

describe('an office, against a simple model of it', () => {
  it('refuses and does what the model says, whatever people do in whatever order', { timeout: 3_600_000 }, async () => {
    expect(deadlineAfter).toBe(24 * hour)
    await fc.assert(fc.asyncProperty(rules, happenings, play), {
      numRuns: runs(2_000),
      examples,
    })
    // Nothing of the office is kept outside of the database.
    const elsewhere = ['expired', 'applying']
    expect([...everyVerb, ...statuses].filter((name) => !elsewhere.includes(name) && !reached.has(name))).toEqual([])
  })
})
