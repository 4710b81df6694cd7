import { describe, expect, it } from 'vitest'
import { refuse } from '../../src/errors/result.ts'
import { ApprovalError, createApprovals, type PolicyInput, type Storage, staticDirectory } from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { experiments, flags, pending, refusal, rollout, start, storages } from '../world.ts'

const value = { enabled: true, rollout: 40 }
const checkout = flags.ref('checkout', { project: 'web' })
const byAdmins: PolicyInput = { id: 'admins', match: {}, require: { quorum: 1, from: { roles: ['admin'] } } }

/** A storage that can be made to fail, from the next commit but so many on. */
function brittle(inner: Storage) {
  let left = Number.POSITIVE_INFINITY
  const storage: Storage = {
    get: (keys) => inner.get(keys),
    list: (query) => inner.list(query),
    count: (query) => inner.count(query),
    async commit(writes, effect) {
      if (left-- <= 0)
        throw new ApprovalError(refuse('storage_failed', { operation: 'commit', problem: 'gone' }).refusal)
      await inner.commit(writes, effect)
    },
    close: () => inner.close(),
  }
  return {
    storage,
    fail: (after = Number.POSITIVE_INFINITY) => {
      left = after
    },
  }
}

describe.each(storages)('the workflow switch, on $name', ({ open }) => {
  async function waiting() {
    const w = await accessWorld(open())
    await w.as('zoe').access.grant({ user: 'zac', role: 'admin' })
    await w.as('ann').submit(checkout, { value })
    await w.as('zoe').policies.save(byAdmins)
    const request = pending(await w.as('ann').submit(checkout, rollout(80)))
    return { w, request }
  }

  it('[E10] holds what waits where that is wished, and goes on with it when approvals are on again', async () => {
    const { w, request } = await waiting()
    const { id, digest } = request
    await w.as('zoe').workflow.disable({ project: 'web', waiting: 'hold', reason: 'moving house' })
    for (const attempt of [
      w.as('zoe').requests.approve(id, { digest }),
      w.as('zoe').requests.reject(id, { digest, reason: 'no' }),
      w.as('ann').requests.edit(id, checkout, rollout(81)),
      w.as('ann').requests.rebase(id),
      w.as('zoe').requests.bypass(id, { digest, reason: 'now' }),
      w.as('ann').requests.apply(id),
    ]) {
      expect(['workflow_off', 'not_open']).toContain(await refusal(attempt))
    }
    expect((await w.approvals.tick()).failed).toEqual([])
    const held = await w.as('zoe').requests.get(id)
    expect(held.status).toBe('pending')
    expect(held.can.approve).toMatchObject({ code: 'workflow_off' })
    expect((await w.as('ann').resources.get(checkout))?.document.rollout).toBe(40)

    await w.as('zoe').workflow.enable({ project: 'web' })
    const { request: done } = await w.as('zoe').requests.approve(id, { digest })
    expect(done.status).toBe('applied')
    const log = await w.as('zoe').audit.events({ settings: true, limit: 500 })
    expect(log.slice(-2).map(({ event }) => event)).toMatchObject([
      { type: 'workflow_switched', project: 'web', on: false, waiting: 'hold', by: 'zoe', reason: 'moving house' },
      { type: 'workflow_switched', project: 'web', on: true, by: 'zoe' },
    ])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[CT-12] [E10] makes drafts of what waits, on record, and tells no creator: nothing is applied, nothing lost, nothing counts that was answered', async () => {
    const w = await accessWorld(open())
    await w.as('zoe').access.grant({ user: 'zac', role: 'admin' })
    const ids = ['half', 'done', 'late', 'back']
    for (const id of ids) await w.as('ann').submit(flags.ref(id, { project: 'web' }), { value })
    await w.as('zoe').access.grant({ user: 'ann', role: 'member', project: 'shop' })
    await w.as('ann').submit(flags.ref('shop', { project: 'shop' }), { value })
    await w.as('zoe').policies.save({ ...byAdmins, require: { quorum: 2, from: { roles: ['admin'] } } })
    const ask = async (id: string, options = {}) =>
      pending(await w.as('ann').submit(flags.ref(id), rollout(80), options))
    const half = await ask('half')
    await w.as('zoe').requests.approve(half.id, { digest: half.digest })
    const late = await ask('late', { applyAt: start + 60_000 })
    for (const admin of ['zoe', 'zac']) await w.as(admin).requests.approve(late.id, { digest: late.digest })
    const back = await ask('back')
    await w.as('zoe').requests.requestChanges(back.id, { digest: back.digest, reason: 'smaller' })
    const rejected = await ask('done')
    await w.as('zoe').requests.reject(rejected.id, { digest: rejected.digest, reason: 'no' })
    const elsewhere = await ask('shop')
    await w.notices()

    await w.as('zoe').workflow.disable({ project: 'web', reason: 'moving house' })
    for (const { id } of [half, late, back]) {
      expect(await w.as('ann').requests.get(id)).toMatchObject({ status: 'draft', reviews: [] })
      const log = await w.as('zoe').audit.events({ request: id })
      expect(log.at(-1)?.event).toMatchObject({ type: 'returned', by: 'zoe', reason: 'moving house' })
    }
    expect(await w.as('ann').requests.get(rejected.id)).toMatchObject({ status: 'rejected' })
    expect(await w.as('ann').requests.get(elsewhere.id)).toMatchObject({ status: 'pending' })
    for (const id of ids) expect((await w.as('ann').resources.get(flags.ref(id)))?.document.rollout).toBe(40)
    w.pass(60_000)
    expect(await w.approvals.tick()).toMatchObject({ applied: 0, returned: 0, failed: [] })
    const told = (await w.notices()).filter(({ at }) => at >= start).map(({ type, to }) => [type, to.toSorted()])
    expect(told.at(-1)).toEqual(['workflow_off', ['mia', 'zac', 'zoe']])

    await w.as('amy').submit(flags.ref('back'), rollout(41))
    await w.as('mia').workflow.enable({ project: 'web' })
    expect(await refusal(w.as('zac').requests.approve(half.id, { digest: half.digest }))).toBe('not_open')
    const { request } = await w.as('ann').requests.submit(half.id)
    expect(request).toMatchObject({ status: 'pending', round: 2, reviews: [] })
    expect((await w.as('zac').requests.approve(half.id, { digest: request.digest })).request.status).toBe('pending')
    expect((await w.as('zoe').requests.approve(half.id, { digest: request.digest })).request.status).toBe('applied')
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[CT-12] [E10] is as good as done with its commit: what is not returned yet can be neither answered nor applied, until tick makes a draft of it', async () => {
    const { storage, fail } = brittle(open())
    const w = await accessWorld(storage)
    for (const id of ['one', 'two']) await w.as('ann').submit(flags.ref(id, { project: 'web' }), { value })
    await w.as('zoe').access.grant({ user: 'zac', role: 'admin' })
    await w.as('zoe').policies.save({ ...byAdmins, rules: { apply: 'by_hand' } })
    const ask = async (id: string) => pending(await w.as('ann').submit(flags.ref(id), rollout(80)))
    const [one, two] = [await ask('one'), await ask('two')]
    await w.as('zoe').requests.approve(two.id, { digest: two.digest })

    fail(2)
    await w.as('zoe').workflow.disable({ project: 'web' })
    fail()
    const states = async () =>
      Promise.all([one, two].map(async ({ id }) => (await w.as('ann').requests.get(id)).status))
    expect(await states()).toEqual(['draft', 'draft'])

    await w.as('zoe').workflow.enable({ project: 'web' })
    const attempts = [
      w.as('zac').requests.requestChanges(two.id, { digest: two.digest, reason: 'no' }),
      w.as('ann').requests.apply(two.id),
      w.as('ann').requests.recall(two.id),
      w.as('ann').requests.rebase(two.id),
    ]
    expect(new Set(await Promise.all(attempts.map(refusal)))).toEqual(new Set(['switched_off']))
    const { can, status } = await w.as('ann').requests.get(two.id)
    expect({ status, apply: can.apply }).toMatchObject({ status: 'draft', apply: { code: 'switched_off' } })

    const ticks = await Promise.all([w.approvals.tick(), w.approvals.tick()])
    expect(ticks.map(({ failed }) => failed)).toEqual([[], []])
    expect(await states()).toEqual(['draft', 'draft'])
    expect(await w.approvals.tick()).toMatchObject({ returned: 0, failed: [] })
    expect(
      (await w.as('zoe').audit.events({ request: two.id })).filter(({ event }) => event['type'] === 'returned'),
    ).toHaveLength(1)
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[E10] writes directly while it is off, but for what is refused without a policy', async () => {
    const { w } = await waiting()
    await w.as('zoe').workflow.disable({ project: 'web' })
    const other = flags.ref('other', { project: 'web' })
    expect(await w.as('ann').submit(other, { value })).toMatchObject({ status: 'applied' })
    expect(await w.as('ann').preview(other, rollout(90))).toMatchObject({ status: 'applied' })
    const draft = await w.as('ann').draft(other, rollout(90))
    expect((await w.as('ann').requests.submit(draft.id)).request.status).toBe('applied')
    const gated = experiments.ref('price', { project: 'web' })
    expect(await refusal(w.as('ann').submit(gated, { value: { name: 'price', traffic: 1 } }))).toBe('no_policy')
    await w.as('zoe').workflow.enable({ project: 'web' })
    expect(await w.as('ann').submit(other, rollout(50))).toMatchObject({ status: 'pending' })
  })

  it('[AA-01] switches chosen projects, and leaves the others alone', async () => {
    const { w } = await waiting()
    await w.as('zoe').access.grant({ user: 'ann', role: 'member', project: 'shop' })
    await w.as('zoe').workflow.disable()
    await w.as('zoe').workflow.enable({ project: 'shop' })
    const create = (project: string) => w.as('ann').submit(flags.ref(`in ${project}`, { project }), { value })
    expect(await create('web')).toMatchObject({ status: 'applied' })
    expect(await create('shop')).toMatchObject({ status: 'pending' })
    const on = (project?: string) => w.as('ann').workflow.isEnabled(project === undefined ? {} : { project })
    expect([await on(), await on('web'), await on('shop')]).toEqual([false, false, true])
  })

  it('[AA-02] is for managers in their project and for admins, and says who else tried', async () => {
    const { w } = await waiting()
    for (const user of ['ann', 'vic']) {
      expect(await refusal(w.as(user).workflow.disable({ project: 'web' }))).toBe('not_permitted')
    }
    expect(await refusal(w.as('mia').workflow.disable({ project: 'web' }))).toBe('not_permitted')
    await w.as('zoe').policies.remove('admins')
    await w.as('mia').policies.save({ ...byAdmins, match: { project: 'web' } })
    await w.as('mia').workflow.disable({ project: 'web' })
    expect(await refusal(w.as('mia').workflow.disable())).toBe('not_permitted')
    expect(await refusal(w.as('mia').workflow.disable({ project: 'shop' }))).toBe('unknown_actor')
    expect(await w.as('zoe').audit.events({ refusals: 'ann' })).toHaveLength(1)
    expect(await refusal(w.as('zoe').workflow.disable({ projects: ['web'] } as { project?: string }))).toBe(
      'invalid_input',
    )
  })

  it('tells admins and approvers, and no creator', async () => {
    const { w } = await waiting()
    await w.notices()
    await w.as('zoe').workflow.disable({ project: 'web' })
    await w.as('zoe').workflow.enable({ project: 'web' })
    const told = (await w.notices()).slice(1)
    expect(told.map(({ type, to }) => [type, to.toSorted()])).toEqual([
      ['workflow_off', ['mia', 'zac', 'zoe']],
      ['workflow_on', ['mia', 'zac', 'zoe']],
    ])
  })

  it('[E10] lets nothing slip through while it is switched', async () => {
    const { w } = await waiting()
    const other = flags.ref('other', { project: 'web' })
    await w.as('zoe').workflow.disable({ project: 'web' })
    await w.as('ann').submit(other, { value })
    for (let round = 1; round <= 5; round++) {
      const [submitted] = await Promise.all([
        w.as('ann').submit(other, rollout(round)),
        w.as('zoe').workflow.enable({ project: 'web' }),
      ])
      const revisions = await w.as('ann').resources.history(other)
      const log = await w.as('zoe').audit.events({ settings: true, limit: 500 })
      expect(log.at(-1)?.event).toMatchObject({ on: true })
      if (submitted.status === 'applied') expect(revisions[0]?.document?.rollout).toBe(round)
      else {
        expect(revisions[0]?.document?.rollout).not.toBe(round)
        const { id, digest } = submitted.request
        const [approved] = await Promise.allSettled([
          w.as('zac').requests.approve(id, { digest }),
          w.as('zoe').workflow.disable({ project: 'web' }),
        ])
        const after = await w.as('ann').requests.get(id)
        expect(after.status).toBe(approved.status === 'fulfilled' ? 'applied' : 'draft')
      }
      await w.as('zoe').workflow.disable({ project: 'web' })
    }
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})

describe('a workflow that the application keeps off at first', () => {
  it('[CT-01] [CT-03] is a switch per account over all types, off by default', async () => {
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [flags, experiments],
      directory: staticDirectory({ zoe: ['admin'], ann: [] }),
      admins: { roles: ['admin'] },
      workflow: 'off',
      now: () => start,
    })
    const as = (user: string, tenant = 'acme') => approvals.as({ tenant, user })
    await as('zoe').policies.save(byAdmins)
    await as('zoe', 'other').policies.save(byAdmins)
    expect(await as('ann').submit(flags.ref('a'), { value })).toMatchObject({ status: 'applied' })
    expect(await as('ann').workflow.isEnabled()).toBe(false)
    expect(await refusal(as('ann').workflow.enable())).toBe('not_permitted')
    await as('zoe').workflow.enable()
    for (const wish of [
      as('ann').submit(flags.ref('b'), { value }),
      as('ann').submit(experiments.ref('b'), { value: { name: 'b', traffic: 1 } }),
    ]) {
      expect(await wish).toMatchObject({ status: 'pending' })
    }
    expect(await as('ann', 'other').submit(flags.ref('a'), { value })).toMatchObject({ status: 'applied' })
    expect(() =>
      createApprovals({ storage: memoryStorage(), resources: [], access: levelAccess, workflow: 'of' as 'off' }),
    ).toThrow(TypeError)
  })
})

describe('what becomes of what waits', () => {
  async function tenant() {
    const { storage, fail } = brittle(memoryStorage())
    const w = await accessWorld(storage)
    for (const project of ['web', 'shop', 'mail']) {
      await w.as('zoe').access.grant({ user: 'ann', role: 'member', project })
      await w.as('ann').submit(flags.ref(project, { project }), { value })
    }
    await w.as('zoe').access.grant({ user: 'zac', role: 'admin' })
    await w.as('zoe').policies.save(byAdmins)
    const ids = new Map<string, { id: string; digest: string }>()
    const ask = async (...projects: string[]) => {
      for (const project of projects)
        ids.set(project, pending(await w.as('ann').submit(flags.ref(project), rollout(80))))
    }
    const of = (project: string) => ids.get(project) ?? { id: '', digest: '' }
    const status = async (project: string) => (await w.as('ann').requests.get(of(project).id)).status
    return { w, fail, ask, of, status }
  }

  it('follows the switch of the tenant but in projects that have their own', async () => {
    const { w, ask, status } = await tenant()
    await w.as('zoe').workflow.enable({ project: 'shop' })
    await w.as('zoe').workflow.disable({ project: 'mail', waiting: 'hold' })
    await ask('web', 'shop')
    await w.as('zoe').workflow.disable()
    expect([await status('web'), await status('shop')]).toEqual(['draft', 'pending'])
  })

  it('stays returned in a project that gets a switch of its own before tick comes to it', async () => {
    const { w, fail, ask, of, status } = await tenant()
    await ask('web', 'mail')
    fail(1)
    await w.as('zoe').workflow.disable()
    fail()
    await w.as('zoe').workflow.enable({ project: 'web' })
    expect(await status('web')).toBe('draft')
    expect(await refusal(w.as('zac').requests.approve(of('web').id, { digest: of('web').digest }))).toBe('switched_off')
    expect(await w.approvals.tick()).toMatchObject({ returned: 2, failed: [] })
    expect([await status('web'), await status('mail')]).toEqual(['draft', 'draft'])
    const { request } = await w.as('ann').requests.submit(of('web').id)
    expect((await w.as('zac').requests.approve(request.id, { digest: request.digest })).request.status).toBe('applied')
  })

  it('can be returned after it was held, and refuses any third way', async () => {
    const { w, ask, status } = await tenant()
    await ask('web')
    await w.as('zoe').workflow.disable({ waiting: 'hold' })
    expect(await status('web')).toBe('pending')
    await w.as('zoe').workflow.disable()
    expect(await status('web')).toBe('draft')
    expect(await refusal(w.as('zoe').workflow.disable({ waiting: 'apply' as 'hold' }))).toBe('invalid_input')
    expect(await refusal(w.as('zoe').workflow.enable({ waiting: 'hold' } as object))).toBe('invalid_input')
  })
})
