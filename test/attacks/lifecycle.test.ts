import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Move } from '../../src/core.ts'
import { defineResource, type ResourceType, type Storage } from '../../src/index.ts'
import { defineLifecycle, experimentLifecycle } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { editNow } from '../edit-now.ts'
import { abTest, abTests, hour, lifecycleWorld, testsBy } from '../lifecycle-world.ts'
import { pending, refusal, storages, world } from '../world.ts'

interface Campaign {
  readonly budget: number
  readonly note: string
}

/** Campaigns whose life cycle has these rows besides those that every campaign has. */
function campaigns(...moves: readonly Move<Campaign>[]) {
  return defineResource<Campaign>({
    type: 'campaign',
    schema: z.strictObject({ budget: z.number().max(1_000), note: z.string() }),
    lifecycle: defineLifecycle<Campaign>({
      name: 'campaign',
      initial: 'draft',
      moves: [{ from: 'draft', action: 'edit', edits: 'any' }, ...moves],
    }),
  })
}

const launch: Move<Campaign> = { from: 'draft', action: 'launch', pending: 'launch_pending', to: 'running' }
const campaign = { budget: 500, note: '' }

/** A draft of a campaign, about whose launch a lead is asked. */
async function drafted(storage: Storage, type: ResourceType<Campaign>) {
  const w = world(storage, undefined, [type])
  const ref = type.ref('spring')
  await w.as('ann').submit(ref, { value: campaign })
  await w.policy({ match: { action: type.actions.includes('launch') ? 'launch' : 'delete' } })
  return { w, ref, resource: async () => await w.as('ann').resources.get(ref) }
}

describe.each(storages)('life cycles under attack on $name', ({ open }) => {
  it('smuggles no content beside an action, and no action beside content', async () => {
    const { w, ref, resource } = await drafted(open(), campaigns(launch))
    const change = { merge: { budget: 1_000 } }
    expect(await refusal(w.as('ann').submit(ref, { action: 'launch', change }))).toBe('invalid_input')
    expect(await refusal(w.as('ann').submit(ref, { action: 'edit', merge: { budget: 1 } } as never))).toBe(
      'invalid_input',
    )
    expect(await refusal(w.as('ann').submit(ref, { action: 'launch', at: w.now() + hour }))).toBe('invalid_input')
    expect(await refusal(w.as('ann').submit(ref, { action: 'launch', details: { budget: 1 } }))).toBe('invalid_input')
    expect(await refusal(w.as('ann').submit(ref, { value: campaign, action: 'launch' } as never))).toBe('invalid_input')
    expect(await refusal(w.as('ann').submit(ref, { remove: true }))).toBe('invalid_input')

    const request = pending(await w.as('ann').submit(ref, { action: 'launch' }))
    expect(await refusal(editNow(w.as('cat'), request.id, ref, change))).toBe('invalid_input')
    expect(await refusal(editNow(w.as('cat'), request.id, ref, { action: 'edit', change }))).toBe('invalid_input')
    expect(await refusal(editNow(w.as('cat'), request.id, ref, { action: 'launch', change }))).toBe('invalid_input')
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await resource()).toMatchObject({ document: campaign, lifecycle: { state: 'running' } })
  })

  it('turns no request about content into an action, and drops none of its content on the way', async () => {
    const { w, ref } = await drafted(open(), campaigns(launch))
    const draft = await w.as('ann').draft(ref, { merge: { budget: 1_000 } })
    expect(await refusal(editNow(w.as('ann'), draft.id, ref, { action: 'launch' }))).toBe('invalid_input')
    expect((await w.as('ann').requests.get(draft.id)).changes[0]).toMatchObject({ actions: ['edit', 'update'] })
  })

  it('applies no action that was approved as another one', async () => {
    const stop: Move<Campaign> = { from: 'draft', action: 'drop', pending: 'drop_pending', to: 'dropped' }
    const { w, ref, resource } = await drafted(open(), campaigns(launch, stop))
    await w.policy({ match: { action: ['launch', 'drop'] } })
    const first = pending(await w.as('ann').submit(ref, { action: 'launch' }))
    await w.as('ann').requests.cancel(first.id)
    const second = pending(await w.as('ann').submit(ref, { action: 'drop' }))
    expect(second.digest).not.toBe(first.digest)
    expect(await refusal(w.as('ben').requests.approve(second.id, { digest: first.digest }))).toBe('digest_mismatch')
    expect(await refusal(editNow(w.as('ann'), second.id, ref, { action: 'launch' }))).toBe('invalid_input')
    await w.as('ben').requests.approve(second.id, { digest: second.digest })
    expect(await resource()).toMatchObject({ lifecycle: { state: 'dropped' } })
    const { request: again } = await w.as('ann').requests.submit(first.id)
    expect(await refusal(w.as('ben').requests.approve(first.id, { digest: again.digest }))).toBe('stale')
    expect(await resource()).toMatchObject({ lifecycle: { state: 'dropped' } })
  })

  it('holds policies about what the clock will do against the action that winds it', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'draft')
    await w.gate(['start'])
    const request = await w.ask(ref, { action: 'schedule', at: w.now() + hour })
    expect(request.changes[0]?.actions).toEqual(['schedule', 'start'])
    expect(request.changes[0]?.lines).toEqual([
      'schedule: state draft → scheduled',
      'start at 2026-01-05T10:00:00.000Z: state scheduled → running',
    ])
    w.pass(2 * hour)
    await w.approvals.tick()
    expect(await w.standing(ref)).toMatchObject({ state: 'draft' })
  })

  it('holds conditions on the document against what the clock will make of it', async () => {
    const wound = campaigns(
      { from: 'draft', action: 'plan', to: 'planned' },
      {
        from: 'planned',
        action: 'boost',
        by: 'clock',
        to: 'running',
        effect: ({ document }) => ({ ...document, budget: 900 }),
      },
    )
    const { w, ref } = await drafted(open(), wound)
    await w.policy({ when: { type: 'before_after', field: '/budget', operator: '>', value: 800 } })
    const plan = { action: 'plan', at: w.now() + hour }
    const request = pending(await w.as('ann').submit(ref, plan))
    expect(request.changes[0]).toMatchObject({
      actions: ['plan', 'boost', 'update'],
      places: [],
      lines: [expect.any(String), expect.any(String), 'boost: budget: 500 → 900'],
    })
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    w.pass(hour)
    expect(await w.approvals.tick()).toMatchObject({ moved: 1, failed: [] })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ document: { budget: 900 } })
  })

  it('holds a policy about updates against an action whose effect is one', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'running')
    await w.gate(['update'])
    const request = await w.ask(ref, { action: 'finish', details: { winner: 'short' } })
    expect(request.changes[0]?.actions).toEqual(['finish', 'update'])
    await w.as('ann').requests.cancel(request.id)
    expect(await w.as('ann').submit(ref, { action: 'finish' })).toMatchObject({ status: 'applied' })
  })

  it('refuses what a guard or an effect that throws says nothing about, and asks both again at the end', async () => {
    let mood: 'kind' | 'throws' | 'no' = 'throws'
    const moody: Move<Campaign> = {
      ...launch,
      guard: () => {
        if (mood === 'throws') throw new RangeError('the calendar is away')
        return mood === 'no' ? 'it is Friday' : undefined
      },
      effect: ({ document }) => ({ ...document, note: 'launched' }),
    }
    const { w, ref, resource } = await drafted(open(), campaigns(moody))
    await expect(w.as('ann').submit(ref, { action: 'launch' })).rejects.toMatchObject({
      code: 'transition_rejected',
      message: expect.stringContaining('the calendar is away'),
    })
    mood = 'kind'
    const request = pending(await w.as('ann').submit(ref, { action: 'launch' }))
    mood = 'no'
    const { request: failed } = await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(failed).toMatchObject({ status: 'failed', failure: { code: 'transition_rejected' } })
    expect(await resource()).toMatchObject({ document: campaign, lifecycle: { state: 'draft', shown: 'draft' } })
    mood = 'kind'
    expect((await w.as('ben').requests.apply(request.id)).request.status).toBe('applied')
    expect(await resource()).toMatchObject({ document: { note: 'launched' }, lifecycle: { state: 'running' } })
  })

  it('puts nothing to reviewers that cannot land', async () => {
    let refuses = false
    const type = campaigns({ ...launch, guard: () => (refuses ? 'it is Friday' : undefined) })
    const { w, ref, resource } = await drafted(open(), type)
    const draft = await w.as('ann').draft(ref, { action: 'launch' })
    refuses = true
    expect(await refusal(w.as('ann').requests.submit(draft.id))).toBe('transition_rejected')
    expect(await resource()).toMatchObject({
      lifecycle: { shown: 'draft', can: { launch: { code: 'transition_rejected' } } },
    })
    expect((await w.as('ann').requests.get(draft.id)).can.submit).toMatchObject({ code: 'transition_rejected' })
    refuses = false
    expect((await w.as('ann').requests.submit(draft.id)).request.status).toBe('pending')
  })

  it('accepts no document from an effect that the schema does not accept', async () => {
    const greedy = { ...launch, effect: ({ document }: { document: Campaign }) => ({ ...document, budget: 5_000 }) }
    const { w, ref, resource } = await drafted(open(), campaigns(greedy))
    expect(await refusal(w.as('ann').submit(ref, { action: 'launch' }))).toBe('invalid_by_schema')
    expect(await resource()).toMatchObject({ document: campaign, lifecycle: { state: 'draft' } })
  })

  it('applies no other document than the one that was reviewed, where a deploy changes the effect', async () => {
    const storage = open()
    const noting = (note: string) => campaigns({ ...launch, effect: ({ document }) => ({ ...document, note }) })
    const { w, ref } = await drafted(storage, noting('before'))
    const request = pending(await w.as('ann').submit(ref, { action: 'launch' }))
    const deployed = world(storage, undefined, [noting('after')])
    const { request: failed } = await deployed.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(failed).toMatchObject({ status: 'failed', failure: { code: 'transition_rejected' } })
    expect(await deployed.as('ann').resources.get(ref)).toMatchObject({
      document: campaign,
      lifecycle: { state: 'draft' },
    })
    const { request: moved } = await deployed.as('ann').requests.rebase(request.id)
    await deployed.as('ben').requests.approve(request.id, { digest: moved.digest })
    expect(await deployed.as('ann').resources.get(ref)).toMatchObject({ document: { note: 'after' } })
  })

  it('gates and says so where a deploy takes away the action, the state or the life cycle', async () => {
    const storage = open()
    const archive: Move<Campaign> = { from: 'running', action: 'archive', to: 'archived' }
    const { w, ref } = await drafted(storage, campaigns(launch, archive))
    const request = pending(await w.as('ann').submit(ref, { action: 'launch' }))
    const without = world(storage, undefined, [campaigns()])
    expect(await without.as('ann').resources.get(ref)).toMatchObject({ lifecycle: { state: 'draft', shown: 'draft' } })
    expect(await refusal(without.as('ann').submit(ref, { merge: { note: 'x' } }))).toBe('locked')
    const { request: failed } = await without.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(failed).toMatchObject({
      status: 'failed',
      failure: { code: 'invalid_transition', details: { action: 'launch' } },
    })

    expect((await w.as('ben').requests.apply(request.id)).request.status).toBe('applied')
    await expect(without.as('ann').submit(ref, { merge: { note: 'x' } })).rejects.toMatchObject({
      code: 'invalid_transition',
      details: { state: 'running', possible: [] },
    })
    const { schema } = campaigns()
    const bare = world(storage, undefined, [defineResource({ type: 'campaign', schema })])
    expect(await refusal(bare.as('ann').submit(ref, { merge: { note: 'x' } }))).toBe('invalid_transition')
    expect(await refusal(bare.as('ann').submit(ref, { action: 'archive' }))).toBe('invalid_input')
    await w.as('ann').submit(ref, { action: 'archive' })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ lifecycle: { state: 'archived' } })
  })

  it('asks a life cycle that came with a deploy about content that was submitted before', async () => {
    const storage = open()
    const { schema } = campaigns()
    const bare = world(storage, undefined, [defineResource({ type: 'campaign', schema })])
    const ref = campaigns().ref('spring')
    await bare.as('ann').submit(ref, { value: campaign })
    await bare.policy()
    const request = pending(await bare.as('ann').submit(ref, { merge: { budget: 600 } }))
    const deployed = world(storage, undefined, [campaigns(launch)])
    const { request: failed } = await deployed.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(failed).toMatchObject({ status: 'failed', failure: { code: 'transition_rejected' } })
    const { request: moved } = await deployed.as('ann').requests.rebase(request.id)
    await deployed.as('ben').requests.approve(request.id, { digest: moved.digest })
    expect(await deployed.as('ann').resources.get(ref)).toMatchObject({
      document: { budget: 600 },
      lifecycle: { state: 'draft' },
    })
  })

  it('starts at its time what nobody stopped in time, and nothing that was stopped', async () => {
    const stoppable = testsBy(
      defineLifecycle({
        name: 'stoppable',
        initial: 'draft',
        moves: [
          { from: 'draft', action: 'schedule', to: 'scheduled' },
          { from: 'scheduled', action: 'start', by: 'clock', to: 'running' },
          { from: 'scheduled', action: 'unschedule', to: 'draft' },
        ],
      }),
    )
    const w = world(open(), undefined, [stoppable])
    const at = w.now() + hour
    const refs = ['rejected', 'approved', 'late'].map((id) => stoppable.ref(id))
    for (const ref of refs) {
      await w.as('ann').submit(ref, { value: abTest })
      await w.as('ann').submit(ref, { action: 'schedule', at })
    }
    await w.policy({ match: { action: 'unschedule' } })
    const [rejected, approved, late] = await Promise.all(
      refs.map(async (ref) => pending(await w.as('ann').submit(ref, { action: 'unschedule' }))),
    )
    await w.as('ben').requests.reject(rejected?.id ?? '', { digest: rejected?.digest ?? '', reason: 'let it run' })
    await w.as('ben').requests.approve(approved?.id ?? '', { digest: approved?.digest ?? '' })
    w.pass(hour)
    expect(await w.approvals.tick()).toMatchObject({ moved: 2, failed: [] })
    const states = await Promise.all(refs.map((ref) => w.as('ann').resources.get(ref)))
    expect(states.map((resource) => resource?.lifecycle?.state)).toEqual(['running', 'draft', 'running'])
    const approval = w.as('ben').requests.approve(late?.id ?? '', { digest: late?.digest ?? '' })
    expect(await refusal(approval)).toBe('stale')
    expect(await w.as('ann').audit.verify()).toMatchObject({ ok: true })
  })

  it('judges again what the clock does, and does not stand still for what it cannot do', async () => {
    let open_ = false
    const guarded: Move<Campaign> = {
      from: 'planned',
      action: 'begin',
      by: 'clock',
      to: 'running',
      guard: () => (open_ ? undefined : 'the shop is shut'),
    }
    const type = campaigns({ from: 'draft', action: 'plan', to: 'planned' }, guarded)
    const { w, ref, resource } = await drafted(open(), type)
    const dueAt = w.now() + hour
    await w.as('ann').submit(ref, { action: 'plan', at: dueAt })
    w.pass(hour + 5)
    const { moved, failed } = await w.approvals.tick()
    expect({ moved, failed }).toMatchObject({
      moved: 0,
      failed: [{ id: 'spring', error: { code: 'transition_rejected' } }],
    })
    expect(await resource()).toMatchObject({ lifecycle: { state: 'planned', dueAt } })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
    open_ = true
    expect(await w.approvals.tick()).toMatchObject({ moved: 1, failed: [] })
    expect(await resource()).toMatchObject({ lifecycle: { state: 'running' } })
  })

  it('lets one of two actions wait, and lets several changes land together or not at all', async () => {
    const w = lifecycleWorld(open())
    const refs = await Promise.all(['a', 'b'].map(async (id) => await w.test(id, 'running')))
    await w.gate()
    const races = await Promise.allSettled(
      ['pause', 'finish', 'pause', 'finish'].map(async (action) => await w.ask(abTests.ref('a'), { action })),
    )
    expect(races.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const both = refs.map((ref) => ({ ref, change: { action: 'finish', details: { winner: 'short' } } }))
    expect(await refusal(w.as('ann').submitAll(both))).toBe('locked')
    expect(await w.standing(abTests.ref('b'))).toMatchObject({ state: 'running', shown: 'running' })

    const [waiting] = races.flatMap((race) => (race.status === 'fulfilled' ? [race.value] : []))
    await w.as('ann').requests.cancel(waiting?.id ?? '')
    const request = pending(await w.as('ann').submitAll(both))
    for (const ref of refs) expect(await w.standing(ref)).toMatchObject({ shown: 'finish_pending' })
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    for (const ref of refs) expect(await w.standing(ref)).toMatchObject({ state: 'finished', shown: 'finished' })
  })

  it('reverts the document, and never the state', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'draft')
    await w.as('ann').submit(ref, { merge: { name: 'renamed' } })
    await w.as('ann').submit(ref, { action: 'start' })
    await w.gate()
    const request = pending(await w.as('ann').submit(ref, { revertTo: 1 }))
    expect(request.changes[0]).toMatchObject({ move: { action: 'publish', from: 'running', to: 'running' } })
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ document: abTest, lifecycle: { state: 'running' } })
  })

  it('[C7] holds actions to the same people as everything else', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'draft')
    await w.gate()
    const request = pending(await w.as('amy').submit(ref, { action: 'start' }))
    const seen = { digest: request.digest }
    expect(await refusal(w.as('amy').requests.approve(request.id, seen))).toBe('self_approval')
    expect(await refusal(w.as('dan').requests.approve(request.id, seen))).toBe('not_an_approver')
    expect(await refusal(w.as('nobody').submit(ref, { action: 'start' }))).toMatch(/^(unknown_actor|locked)$/)
    expect(await w.standing(ref)).toMatchObject({ state: 'draft' })
  })

  it('[D1] [D2] [D4] counts no answer to an action from somebody who lost the role, or is gone, and keeps what they said', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'running')
    await w.policy({
      match: { action: 'pause' },
      rules: { apply: 'by_hand' },
      require: { quorum: 2, from: { roles: ['lead'] } },
    })
    const { id, digest } = await w.ask(ref, { action: 'pause' })
    for (const lead of ['ben', 'cat']) await w.as(lead).requests.approve(id, { digest })
    w.roles('ben', [])
    await expect(w.as('ann').requests.apply(id)).rejects.toMatchObject({
      code: 'approval_missing',
      details: { policies: ['reviewed'] },
    })
    expect(await refusal(w.as('ben').requests.reject(id, { digest, reason: 'no' }))).toBe('not_an_approver')
    const { reviews, approval } = await w.as('ann').requests.get(id)
    expect({ by: reviews.map(({ by }) => by), met: approval?.met }).toEqual({ by: ['ben', 'cat'], met: false })
    expect(await w.standing(ref)).toMatchObject({ state: 'running', shown: 'pause_pending' })
    w.roles('ben', ['lead'])
    await w.as('ann').requests.apply(id)
    expect(await w.standing(ref)).toMatchObject({ state: 'paused' })
  })

  it('[D2] counts who was an approver when they answered alone, where the policy says so of the action', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'running')
    await w.policy({ match: { action: 'pause' }, rules: { apply: 'by_hand', eligibleAt: 'review' } })
    const { id, digest } = await w.ask(ref, { action: 'pause' })
    await w.as('ben').requests.approve(id, { digest })
    w.roles('ben', [])
    expect((await w.as('ann').requests.apply(id)).request).toMatchObject({
      status: 'applied',
      reviews: [{ by: 'ben', roles: ['lead'] }],
    })
    expect(await w.standing(ref)).toMatchObject({ state: 'paused' })
  })

  it('[D3] [D4] lets nobody go on with an action whom the directory does not know any more, and loses nothing of it', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'running')
    await w.gate(['finish'], { onReject: 'block' })
    const { id, digest } = await w.ask(ref, { action: 'finish' })
    await w.as('ben').requests.reject(id, { digest, reason: 'not yet' })
    for (const user of ['ann', 'ben']) w.leave(user)
    const ann = w.as('ann')
    const winner = { action: 'finish', details: { winner: 'short' } }
    const attempts = [
      editNow(ann, id, ref, winner),
      ann.requests.cancel(id),
      ann.requests.recall(id),
      ann.requests.schedule(id, w.now() + hour),
      ann.submit(ref, { action: 'pause' }),
      w.as('ben').requests.withdraw(id),
    ]
    expect(new Set(await Promise.all(attempts.map(refusal)))).toEqual(new Set(['unknown_actor']))
    const kept = await w.as('cat').requests.get(id)
    expect(kept).toMatchObject({ status: 'pending', requester: 'ann', reviews: [{ by: 'ben', verdict: 'reject' }] })
    expect(await w.standing(ref)).toMatchObject({ state: 'running', shown: 'finish_pending' })
    expect(await w.as('cat').audit.verify()).toMatchObject({ ok: true })
  })

  it('[E9] [E8] asks whoever was asked about an action, also after the policy about it was loosened or removed', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'running')
    await w.policy({ match: { action: 'pause' }, require: { quorum: 2, from: { roles: ['lead'] } } })
    const { id, digest } = await w.ask(ref, { action: 'pause' })
    await w.as('ben').requests.approve(id, { digest })
    await w.policy({ match: { action: 'pause' }, require: { quorum: 1, from: { roles: ['developer'] } } })
    expect((await w.as('ben').requests.get(id)).approval?.met).toBe(false)
    await w.as('ann').policies.remove('reviewed')
    expect(await refusal(w.as('ann').requests.apply(id))).toBe('not_open')
    expect(await w.standing(ref)).toMatchObject({ state: 'running' })
    const policy = { type: 'policy', id: 'reviewed' } as const
    const both = [
      { ref, change: { action: 'pause' } },
      { ref: policy, change: { remove: true } },
    ] as never
    expect(await refusal(w.as('ann').submitAll(both))).toBe('unknown_resource_type')
    await w.as('cat').requests.approve(id, { digest })
    expect(await w.standing(ref)).toMatchObject({ state: 'paused' })
  })

  it('[L1] [L2] [L4] [L6] [L7] knows an action by its very name alone, and takes nothing else for it', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'running')
    const spellings = [
      'Pause',
      'PAUSE',
      ' pause',
      'pause ',
      'pau\u017fe',
      'pause\u200b',
      'ｐａｕｓｅ',
      'p\u0430use',
      '',
      'pause\u0000',
      'pause\n',
    ]
    for (const action of spellings) {
      expect(await refusal(w.as('ann').submit(ref, { action })), JSON.stringify(action)).toMatch(
        /^(invalid_transition|invalid_input)$/,
      )
    }
    const others: readonly unknown[] = [1, ['pause'], { toString: () => 'pause' }, null]
    for (const action of others) {
      expect(await refusal(w.as('ann').submit(ref, { action } as never)), String(action)).toBe('invalid_input')
    }
    await expect(w.policy({ match: { action: 'Pause' } })).rejects.toMatchObject({ code: 'invalid_policy' })
    expect(await w.standing(ref)).toMatchObject({ state: 'running' })
  })

  it('[L3] [L5] keeps resources apart whose ids a database could take for one, each in its own state', async () => {
    const w = lifecycleWorld(open())
    const long = 'x'.repeat(254)
    const ids = ['a', 'A', '\u00e1', 'a\u0301', 'ab', long, `${long}y`]
    const known = []
    for (const id of ids) {
      try {
        known.push(await w.test(id, 'running'))
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_input' })
      }
    }
    expect(known.map(({ id }) => id)).toEqual(expect.arrayContaining(['a', 'A', 'ab', long]))
    const [first, ...rest] = known
    if (!first) throw new TypeError('There is no first one.')
    await w.as('ann').submit(first, { action: 'pause' })
    expect(await w.standing(first)).toMatchObject({ state: 'paused' })
    for (const ref of rest) expect(await w.standing(ref)).toMatchObject({ state: 'running' })
  })

  it('[L8] takes names that objects already have for names', async () => {
    const odd = testsBy(
      defineLifecycle({
        name: 'odd',
        initial: 'constructor',
        moves: [{ from: 'constructor', action: 'toString', pending: 'valueOf', to: 'hasOwnProperty' }],
      }),
    )
    const w = world(open(), undefined, [odd])
    const ref = odd.ref('__proto__')
    await w.as('ann').submit(ref, { value: abTest })
    await w.policy({ match: { action: 'toString' } })
    expect(await refusal(w.as('ann').submit(ref, { action: 'hasOwnProperty' }))).toBe('invalid_transition')
    const details = JSON.parse('{"__proto__": 1}')
    expect(await refusal(w.as('ann').submit(ref, { action: 'toString', details }))).toMatch(/^invalid_/)
    const request = pending(await w.as('ann').submit(ref, { action: 'toString' }))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    const { lifecycle } = (await w.as('ann').resources.get(ref)) ?? {}
    expect(lifecycle).toMatchObject({ state: 'hasOwnProperty', shown: 'hasOwnProperty' })
  })

  it('finds a live state that was changed behind its back', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'draft')
    const [stored] = await w.storage.get([{ collection: 'resources', key: ['acme', 'ab_test', ref.id] }])
    if (!stored) throw new TypeError('There is no such resource.')
    const { version, value } = stored
    const running = { ...value, state: 'running' }
    await w.storage.commit([{ type: 'replace', collection: 'resources', value: running, expected: version }])
    expect(await w.as('ann').audit.verify()).toMatchObject({
      ok: false,
      problems: [{ problem: 'the live state is not the one that its last revision leads to' }],
    })
  })
})

describe('a type with a life cycle', () => {
  it('is not declared where nobody could say what refers to its resources', () => {
    const unreferenced = campaigns.bind(undefined, { from: 'draft', action: 'drop', to: 'dropped', unreferenced: true })
    expect(unreferenced).toThrow(/pass references/)
  })

  it('is not declared with an action that its life cycle has already', () => {
    const declare = () =>
      defineResource({
        type: 'ab_test',
        schema: abTests.schema,
        lifecycle: experimentLifecycle(),
        actions: { finish: () => true },
      })
    expect(declare).toThrow(/is one of its life cycle/)
  })

  it('keeps the type of its documents, with a ready life cycle too', async () => {
    const w = lifecycleWorld(memoryStorage())
    const ref = await w.test('checkout', 'draft')
    await w.as('ann').submit(ref, (test) => {
      test.variants[0] = { key: 'control', weight: 10 }
    })
    expect((await w.as('ann').resources.get(ref))?.document.variants[0]?.weight).toBe(10)
  })

  it('has no effect on top of the changes that an action carries', () => {
    const both: Move<Campaign> = { from: 'draft', action: 'save', edits: 'any', effect: ({ document }) => document }
    expect(() => defineLifecycle({ name: 'both', initial: 'draft', moves: [both] })).toThrow(/no effect/)
  })
})
