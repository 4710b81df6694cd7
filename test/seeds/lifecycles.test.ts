import { describe, expect, it } from 'vitest'
import { experimentLifecycle } from '../../src/lifecycles.ts'
import { editNow } from '../edit-now.ts'
import { abTest, abTests, gatedActions, hour, inTime, lifecycleWorld, strictTests } from '../lifecycle-world.ts'
import { refusal, storages } from '../world.ts'

describe.each(storages)('the life cycle of experiments on $name', ({ open }) => {
  const rows = [
    ['CT-13', 'draft', 'start', 'approval_pending', 'running'],
    ['CT-14', 'draft', 'schedule', 'scheduling_pending', 'scheduled'],
    ['CT-15', 'running', 'pause', 'pause_pending', 'paused'],
    ['CT-16', 'running', 'finish', 'finish_pending', 'finished'],
    ['CT-18', 'paused', 'resume', 'resume_pending', 'running'],
    ['CT-19', 'paused', 'finish', 'finish_pending', 'finished'],
    ['CT-20', 'finished', 'delete', 'delete_pending', 'deleted'],
  ] as const

  it.each(rows)(
    '[CT-13, CT-14, CT-15, CT-16, CT-18, CT-19, CT-20] %s: %s: %s shows %s, and leads to %s when approved',
    async (_row, from, action, shown, to) => {
      const w = lifecycleWorld(open())
      const ref = await w.test('checkout', from)
      await w.gate()
      const request = await w.ask(ref, inTime(w, { action }))
      expect(request.changes[0]).toMatchObject({ move: { action, from, to, pending: shown } })
      expect(await w.standing(ref)).toMatchObject({ state: from, shown, waiting: { action, request: request.id } })
      const { request: done } = await w.as('ben').requests.approve(request.id, { digest: request.digest })
      expect(done.status).toBe('applied')
      const { waiting, ...standing } = await w.standing(ref)
      expect(standing).toMatchObject({ state: to, shown: to })
      expect(waiting).toBeUndefined()
      const [revision] = await w.as('ann').resources.history(ref)
      expect(revision).toMatchObject({ request: request.id, move: { action, from, to }, document: abTest })
      expect(await w.as('ann').audit.verify()).toMatchObject({ ok: true })
    },
  )

  it.each(rows)(
    '[CT-13, CT-14, CT-15, CT-16, CT-18, CT-19, CT-20] [CT-09] %s: %s: %s is back in the same state when nothing comes of it',
    async (_row, from, action) => {
      const w = lifecycleWorld(open())
      const ref = await w.test('checkout', from)
      await w.gate()
      const before = await w.as('ann').resources.get(ref)
      const endings = [
        (id: string, digest: string) => w.as('ben').requests.reject(id, { digest, reason: 'not now' }),
        (id: string) => w.as('ann').requests.cancel(id),
        (id: string) => w.as('ann').requests.recall(id),
      ]
      for (const end of endings) {
        const { id, digest } = await w.ask(ref, inTime(w, { action }))
        await end(id, digest)
        expect(await w.as('ann').resources.get(ref)).toEqual(before)
      }
      await w.ask(ref, inTime(w, { action }))
      w.pass(15 * 24 * hour)
      expect(await w.approvals.tick()).toMatchObject({ expired: 1, moved: 0 })
      expect(await w.as('ann').resources.get(ref)).toEqual(before)
    },
  )

  const staging = ['running', 'paused']
  it.each(staging)('[CT-10] [CT-17] edits of a %s experiment are staged and published', async (state) => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', state)
    await w.gate()
    const rename = (name: string) => (test: { name: string }) => {
      test.name = name
    }
    const dropped = await w.ask(ref, rename('dropped'))
    expect(dropped.changes[0]).toMatchObject({
      actions: ['publish', 'update'],
      lines: ['name: "checkout" → "dropped"'],
    })
    expect(await w.standing(ref)).toMatchObject({ state, shown: 'approval_pending' })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ document: abTest })
    await w.as('ben').requests.reject(dropped.id, { digest: dropped.digest, reason: 'no' })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ document: abTest, revision: dropped.changes[0]?.base })

    const kept = await w.ask(ref, { action: 'publish', change: rename('kept') })
    await w.as('ben').requests.approve(kept.id, { digest: kept.digest })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ document: { name: 'kept' }, lifecycle: { state } })
  })

  it('[CT-08] [CT-25] does what its live state says while anything waits, and lets nobody edit it', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'running')
    await w.gate()
    const stop = await w.ask(ref, { action: 'pause' })
    for (const action of ['finish', 'publish', 'pause', 'resume']) {
      expect(await refusal(w.as('cat').submit(ref, { action }))).toMatch(/^(locked|invalid_transition)$/)
    }
    expect(await refusal(w.as('cat').submit(ref, { merge: { name: 'other' } }))).toBe('locked')
    const { can, state } = await w.standing(ref)
    expect(state).toBe('running')
    expect(new Set(Object.values(can).map((answer) => answer !== true && answer.code))).toEqual(
      new Set(['locked', 'invalid_transition']),
    )
    await w.as('ben').requests.reject(stop.id, { digest: stop.digest, reason: 'keep it on' })
    expect(await w.standing(ref)).toMatchObject({ can: { pause: true, publish: true } })
    await w.ask(ref, { merge: { name: 'other' } })
  })

  it('[CT-02] start, schedule, pause, resume, finish, edit and delete of an experiment all wait for approval', async () => {
    const w = lifecycleWorld(open())
    const states = { start: 'draft', schedule: 'draft', pause: 'running', resume: 'paused', finish: 'running' }
    const refs = new Map<string, Awaited<ReturnType<typeof w.test>>>()
    for (const [action, state] of Object.entries({ ...states, publish: 'running', delete: 'finished' })) {
      refs.set(action, await w.test(action, state))
    }
    await w.gate()
    for (const [action, ref] of refs) {
      const edit = action === 'publish' ? { change: { merge: { name: 'other' } } } : {}
      const request = await w.ask(ref, { ...inTime(w, { action }), ...edit })
      expect(request).toMatchObject({ status: 'pending', resources: [{ waiting: action }] })
    }
  })

  it('[CT-11] rolls the winner out to everybody before the test closes', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'running')
    await w.gate(gatedActions, { excludeContributors: 'none' })
    const asked = await w.ask(ref, { action: 'finish' })
    const nobody = { action: 'finish', details: { winner: 'long' } }
    expect(await refusal(editNow(w.as('ben'), asked.id, ref, nobody))).toBe('transition_rejected')
    expect(await refusal(w.as('ann').submit(abTests.ref('checkout'), nobody))).toBe('transition_rejected')

    const winner = { action: 'finish', details: { winner: 'short' } }
    const { request } = await editNow(w.as('ben'), asked.id, ref, winner)
    expect(request.digest).not.toBe(asked.digest)
    expect(await refusal(w.as('cat').requests.approve(asked.id, { digest: asked.digest }))).toBe('digest_mismatch')
    const { changes } = await w.as('ben').requests.get(asked.id)
    expect(changes[0]?.lines).toEqual([
      'finish: state running → finished',
      'finish: winner "short"',
      'variants › control › weight: 50 → 0',
      'variants › short › weight: 50 → 100',
    ])
    expect((await w.as('ben').requests.approve(asked.id, { digest: request.digest })).request.status).toBe('applied')
    expect(await w.as('ann').resources.get(ref)).toMatchObject({
      document: {
        variants: [
          { key: 'control', weight: 0 },
          { key: 'short', weight: 100 },
        ],
      },
      lifecycle: { state: 'finished' },
    })
  })

  it('[CT-21] refuses every other pair of state and action, by the strict table', async () => {
    const w = lifecycleWorld(open())
    const { states, moves } = experimentLifecycle({ strict: true })
    const actions = [...new Set(moves.map(({ action }) => action)), 'unknown', 'create', 'update', 'approved', 'due']
    let refused = 0
    for (const state of states) {
      const ref = await w.test(`in-${state}`, state, strictTests)
      for (const action of actions) {
        if (moves.some((move) => move.from === state && move.action === action && move.by === undefined)) continue
        const call = w.as('ann').submit(ref, inTime(w, { action }))
        await expect(call).rejects.toMatchObject({
          code: 'invalid_transition',
          details: { state, action },
          message: expect.stringContaining(state),
        })
        refused++
      }
      expect(await w.standing(ref)).toMatchObject({ state })
    }
    expect(refused).toBe(states.length * actions.length - moves.length + 1)
  })

  it('[CT-22] starts a scheduled, approved experiment at its time, once, also when nothing ran at that moment', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'draft')
    await w.gate()
    const at = w.now() + hour
    const request = await w.ask(ref, { action: 'schedule', at })
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await w.standing(ref)).toMatchObject({ state: 'scheduled', dueAt: at })
    w.pass(hour - 1)
    expect(await w.approvals.tick()).toMatchObject({ moved: 0 })
    w.pass(3 * 24 * hour)
    const ticks = await Promise.all([w.approvals.tick(), w.approvals.tick()])
    expect(ticks.map(({ failed }) => failed)).toEqual([[], []])
    expect(await w.approvals.tick()).toMatchObject({ moved: 0, failed: [] })
    const { dueAt, ...standing } = await w.standing(ref)
    expect(standing).toMatchObject({ state: 'running' })
    expect(dueAt).toBeUndefined()
    const history = await w.as('ann').resources.history(ref)
    expect(history.map(({ move, author }) => [move?.action, author])).toEqual([
      ['start', 'countersign'],
      ['schedule', 'ann'],
      ['create', 'ann'],
    ])
    expect(await w.as('ann').audit.verify()).toMatchObject({ ok: true })
  })

  it('[CT-14] does not run at the scheduled time where the schedule was rejected', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'draft')
    await w.gate()
    const request = await w.ask(ref, { action: 'schedule', at: w.now() + hour })
    await w.as('ben').requests.reject(request.id, { digest: request.digest, reason: 'too early' })
    w.pass(2 * hour)
    expect(await w.approvals.tick()).toMatchObject({ moved: 0, failed: [] })
    expect(await w.standing(ref)).toMatchObject({ state: 'draft' })
  })
})
