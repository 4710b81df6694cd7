import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statuses } from '../../src/core/request/model/status-table.ts'
import { runs } from '../runs.ts'
import { type Asked, elsewhere, type Mood, moods } from './elsewhere.ts'
import { doing, everyVerb, type Happening, type Life, life } from './happenings.ts'
import { office } from './office.ts'
import { officeModel } from './office-model.ts'
import { type Act, deadlineAfter, hour, minute, type OfficeRules } from './vocabulary.ts'

/** The verbs that were accepted, the states that they led to, and the moods that a system elsewhere was met in. */
const reached = new Set<string>()

async function play([rules, keeps, happenings]: Life): Promise<void> {
  const system =
    keeps === 'outside'
      ? elsewhere({ rollout: 1, description: 'a' }, () => {
          imagined.model.now += minute
        })
      : undefined
  const imagined = officeModel(rules, system)
  const real = office(rules, imagined, keeps)
  await real.begin()
  for (const [at, one] of happenings.entries()) await happen({ imagined, real, system }, one, at)
  await compare({ imagined, real, system })
}

interface Both {
  readonly imagined: ReturnType<typeof officeModel>
  readonly real: ReturnType<typeof office>
  /** The system that the model has of its own, where the flag is kept elsewhere. */
  readonly system: ReturnType<typeof elsewhere> | undefined
}

async function happen({ imagined, real, system }: Both, one: Happening, at: number): Promise<void> {
  const { model } = imagined
  const systems = system && real.system ? [system, real.system] : []
  switch (one.type) {
    case 'act': {
      if (imagined.queues(one)) break
      const told = `${at}: ${JSON.stringify(one)}`
      const old = one.seesOld && (model.requests[one.request]?.edition ?? 0) > 0
      const outcome = await real.act(one)
      expect(`${told} ${outcome}`).toBe(`${told} ${imagined.act({ ...one, seesOld: old })}`)
      reached.add(outcome)
      if (outcome !== 'refused') reached.add(one.verb)
      break
    }
    case 'pass':
      for (const clock of [model, real.clock]) clock.now += one.minutes * minute
      break
    case 'tick':
      await real.tick()
      imagined.tick()
      break
    case 'switch':
      await real.as('dan').workflow.disable()
      await real.as('dan').workflow.enable()
      imagined.switchOff()
      break
    case 'hold':
      if (!imagined.hold()) break
      await real.as('dan').workflow.disable({ waiting: 'hold' })
      for (const act of one.acts) await happen({ imagined, real, system }, { type: 'act', ...act }, at)
      await happen({ imagined, real, system }, { type: 'pass', minutes: one.minutes }, at)
      await happen({ imagined, real, system }, { type: 'tick' }, at)
      await real.as('dan').workflow.enable()
      imagined.goOn()
      await happen({ imagined, real, system }, { type: 'tick' }, at)
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
      break
    }
    case 'meet':
      for (const { state } of systems) state.moods.push(...one.moods)
      break
    case 'move':
      for (const { move } of systems) move(one.value)
      break
    case 'blind':
    case 'see':
      for (const { state } of systems) state.isBlind = one.type === 'blind'
      break
    case 'arrive':
      for (const { arrive } of systems) arrive()
  }
}

async function compare(both: Both): Promise<void> {
  const { imagined, real, system } = both
  const { model, away } = imagined
  if (system && real.system) {
    // Once the system is well again, nothing stays on its way.
    for (const { state } of [system, real.system]) state.moods = []
    const well = [{ type: 'arrive' }, { type: 'see' }, { type: 'pass', minutes: 60 }] as const
    for (const one of well) await happen(both, one, 0)
  }
  await real.tick()
  imagined.tick()
  away?.look()
  const { rollout, description, revision } = model.live
  const live = await real.as('dan').resources.get(real.ref)
  expect(live).toMatchObject({ revision, document: { rollout, description } })
  for (const [at, id] of real.ids.entries()) {
    const request = await real.as('dan').requests.get(id)
    const { status, answers, contributors, mayLand } = model.requests[at] ?? {}
    expect({
      status: request.status,
      mayLand: request.mayLand ?? false,
      answers: request.reviews.map(({ by, verdict }) => ({ by, verdict })),
      contributors: request.contributors,
    }).toEqual({ status, mayLand, answers: answers?.map(({ by, verdict }) => ({ by, verdict })), contributors })
    expect(request.status).not.toBe('applying')
    reached.add(request.status)
  }
  expect((await real.as('dan').audit.verify()).problems).toEqual([])
  if (system && real.system) await compareElsewhere({ ...both, system }, real.system)
}

/** Compares what was asked of two systems, and looks at what must hold of it whatever the model says. */
async function compareElsewhere(
  { imagined, real, system }: Both & { readonly system: NonNullable<Both['system']> },
  { log }: NonNullable<Both['system']>,
): Promise<void> {
  const history = await real.as('dan').resources.history(real.ref, { limit: 100 })
  const found = history
    .filter(({ via }) => via === 'host')
    .map(({ number, request }) => ({ number, request: real.ids.indexOf(request ?? '') }))
  const right = imagined.away?.found.map(({ number, request }) => {
    return { number, request: request ? imagined.model.requests.indexOf(request) : -1 }
  })
  expect(found.reverse()).toEqual(right)
  expect(toldApart(log.asked)).toEqual(toldApart(system.log.asked))
  expect(toldApart(log.landed)).toEqual(toldApart(system.log.landed))
  const fences = log.asked.map(({ fence }) => fence)
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b))
  for (const mood of log.met) reached.add(mood)
}

/** Writes with their keys by number: which are the same matters, not how they are made. */
function toldApart(writes: readonly Asked[]) {
  const keys = writes.map(({ key }) => key)
  return writes.map(({ key, fence, expected, document }) => ({
    key: keys.indexOf(key),
    fence,
    from: [expected.rollout, expected.description],
    to: [document.rollout, document.description],
  }))
}

const plain: OfficeRules = {
  selfApproval: false,
  onReject: 'close',
  onEdit: 'reset',
  edit: 'anyone',
  onStale: 'fail',
  apply: 'on_approval',
  cancel: 'before_reviews',
  lock: 'none',
  excludeContributors: 'all',
}

/** Where model and library once were of two minds. */
const examples: Life[] = [
  [
    { ...plain, lock: 'resource' },
    'inside',
    [
      doing('submit', 'ann', 2),
      { type: 'pass', minutes: 24 * 60 },
      doing('comment', 'ann'),
      { type: 'overtake', value: 2 },
    ],
  ],
  [plain, 'inside', [doing('draft', 'ann', 3), { type: 'overtake', value: 2 }, doing('resolve', 'ann', 1)]],
  [
    { ...plain, onReject: 'block' },
    'inside',
    [
      doing('submit', 'ann'),
      doing('reject', 'ben'),
      { type: 'leave', user: 'ben' },
      doing('approve', 'cat'),
      { type: 'link', user: 'cat', as: 'ben' },
      doing('approve', 'cat'),
    ],
  ],
  [
    { ...plain, onReject: 'block' },
    'inside',
    [
      { type: 'policy', quorum: 2 },
      doing('submit', 'ann'),
      doing('approve', 'ben'),
      { type: 'link', user: 'ben', as: 'dan' },
      doing('reject', 'dan'),
      doing('reject', 'dan'),
    ],
  ],
  [
    plain,
    'inside',
    [
      doing('submit', 'ann', 2),
      doing('request_changes', 'cat'),
      { type: 'demote', user: 'cat' },
      {
        type: 'hold',
        acts: [{ verb: 'withdraw', by: 'cat', request: 0, value: 1, seesOld: false }],
        minutes: 60,
      },
    ],
  ],
  [
    plain,
    'outside',
    [
      { type: 'policy', quorum: 1 },
      doing('submit', 'ann', 2),
      { ...doing('submit', 'amy', 3) },
      { type: 'meet', moods: ['refuses', 'refuses'] },
      doing('approve', 'cat'),
      { type: 'act', verb: 'approve', by: 'cat', request: 1, value: 1, seesOld: false },
      { type: 'pass', minutes: 1 },
      { type: 'tick' },
      { type: 'meet', moods: ['refuses'] },
      doing('approve', 'ben'),
      { type: 'pass', minutes: 1 },
      { type: 'tick' },
    ],
  ],
]

const heldByHand: OfficeRules = { ...plain, apply: 'by_hand' }
const elsewhereIn = (mood: Mood): Life => [
  plain,
  'outside',
  [
    { type: 'policy', quorum: 1 },
    doing('submit', 'ann', 2),
    { type: 'meet', moods: [mood] },
    doing('approve', 'cat'),
    { type: 'pass', minutes: 1 },
    { type: 'tick' },
  ],
]

/** What chance meets too seldom to be sure of it in each run. */
const rare: Life[] = [
  ...moods.map(elsewhereIn),
  [heldByHand, 'inside', [doing('submit', 'ann', 2), doing('approve', 'cat'), doing('apply', 'ann')]],
  [plain, 'inside', [doing('submit', 'ann', 2), doing('recall', 'ann'), doing('submitDraft', 'ann')]],
  [plain, 'inside', [doing('submit', 'ann', 2), doing('comment', 'ben'), doing('cancel', 'ann')]],
  [plain, 'inside', [doing('draft', 'ann', 2), doing('edit', 'ann', 3), doing('discard', 'ann')]],
  [
    plain,
    'inside',
    [doing('submit', 'ann', 2), { type: 'overtake', value: 3 }, doing('rebase', 'ann'), doing('resolve', 'ann')],
  ],
  [
    plain,
    'outside',
    [
      doing('submit', 'ann', 2),
      { type: 'meet', moods: ['delays'] },
      doing('approve', 'cat'),
      doing('abandon', 'dan'),
      doing('retry', 'ben'),
    ],
  ],
  [plain, 'inside', [doing('submit', 'ann', 2), { type: 'pass', minutes: 24 * 60 }, { type: 'tick' }]],
]

describe('an office, against a simple model of it', () => {
  it('refuses and does what the model says, whatever people do in whatever order', { timeout: 3_600_000 }, async () => {
    expect(deadlineAfter).toBe(24 * hour)
    await fc.assert(fc.asyncProperty(life, play), {
      numRuns: runs(1_200),
      examples: [...examples, ...rare].map((one) => [one]),
    })
    expect([...everyVerb, ...statuses, ...moods].filter((name) => !reached.has(name))).toEqual([])
  })
})
