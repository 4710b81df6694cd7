import { describe, expect, it } from 'vitest'
import { createApprovals, type PolicyInput, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { experiments, flags, pending, refusal, rollout, start, storages } from '../world.ts'

const value = { enabled: true, rollout: 40 }
const checkout = flags.ref('checkout', { project: 'web' })
const byAdmins: PolicyInput = { id: 'admins', match: {}, require: { quorum: 1, from: { roles: ['admin'] } } }

describe.each(storages)('the workflow switch, on $name', ({ open }) => {
  async function waiting() {
    const w = await accessWorld(open())
    await w.as('zoe').access.grant({ user: 'zac', role: 'admin' })
    await w.as('ann').submit(checkout, { value })
    await w.as('zoe').policies.save(byAdmins)
    const request = pending(await w.as('ann').submit(checkout, rollout(80)))
    return { w, request }
  }

  it('[E10] neither applies nor loses what waits when approvals are switched off, and goes on when they are on again', async () => {
    const { w, request } = await waiting()
    const { id, digest } = request
    await w.as('zoe').workflow.turnOff({ project: 'web', reason: 'moving house' })
    for (const attempt of [
      w.as('zoe').approve(id, { seen: digest }),
      w.as('zoe').reject(id, { seen: digest, reason: 'no' }),
      w.as('ann').edit(id, checkout, rollout(81)),
      w.as('ann').rebase(id),
      w.as('zoe').bypass(id, { reason: 'now' }),
      w.as('ann').apply(id),
    ]) {
      expect(['workflow_off', 'not_open']).toContain(await refusal(attempt))
    }
    expect((await w.approvals.tick()).failed).toEqual([])
    const held = await w.as('zoe').requests.get(id)
    expect(held.status).toBe('pending')
    expect(held.can.approve).toMatchObject({ code: 'workflow_off' })
    expect((await w.as('ann').resources.get(checkout))?.document.rollout).toBe(40)

    await w.as('zoe').workflow.turnOn({ project: 'web' })
    const { request: done } = await w.as('zoe').approve(id, { seen: digest })
    expect(done.status).toBe('applied')
    const log = await w.as('zoe').audit.events({ settings: true, limit: 500 })
    expect(log.slice(-2).map(({ event }) => event)).toMatchObject([
      { type: 'workflow_switched', project: 'web', on: false, by: 'zoe', reason: 'moving house' },
      { type: 'workflow_switched', project: 'web', on: true, by: 'zoe' },
    ])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[E10] writes directly while it is off, but for what is refused without a policy', async () => {
    const { w } = await waiting()
    await w.as('zoe').workflow.turnOff({ project: 'web' })
    const other = flags.ref('other', { project: 'web' })
    expect(await w.as('ann').submit(other, { value })).toMatchObject({ status: 'applied' })
    expect(await w.as('ann').preview(other, rollout(90))).toMatchObject({ status: 'applied' })
    const draft = await w.as('ann').draft(other, rollout(90))
    expect((await w.as('ann').submitDraft(draft.id)).request.status).toBe('applied')
    const gated = experiments.ref('price', { project: 'web' })
    expect(await refusal(w.as('ann').submit(gated, { value: { name: 'price', traffic: 1 } }))).toBe('no_policy')
    await w.as('zoe').workflow.turnOn({ project: 'web' })
    expect(await w.as('ann').submit(other, rollout(50))).toMatchObject({ status: 'pending' })
  })

  it('[AA-01] switches chosen projects, and leaves the others alone', async () => {
    const { w } = await waiting()
    await w.as('zoe').access.grant({ user: 'ann', role: 'member', project: 'shop' })
    await w.as('zoe').workflow.turnOff()
    await w.as('zoe').workflow.turnOn({ project: 'shop' })
    const create = (project: string) => w.as('ann').submit(flags.ref(`in ${project}`, { project }), { value })
    expect(await create('web')).toMatchObject({ status: 'applied' })
    expect(await create('shop')).toMatchObject({ status: 'pending' })
    const on = (project?: string) => w.as('ann').workflow.isOn(project === undefined ? {} : { project })
    expect([await on(), await on('web'), await on('shop')]).toEqual([false, false, true])
  })

  it('[AA-02] is for managers in their project and for admins, and says who else tried', async () => {
    const { w } = await waiting()
    for (const user of ['ann', 'vic']) {
      expect(await refusal(w.as(user).workflow.turnOff({ project: 'web' }))).toBe('not_permitted')
    }
    await w.as('mia').workflow.turnOff({ project: 'web' })
    expect(await refusal(w.as('mia').workflow.turnOff())).toBe('not_permitted')
    expect(await refusal(w.as('mia').workflow.turnOff({ project: 'shop' }))).toBe('unknown_actor')
    expect(await w.as('zoe').audit.events({ refusals: 'ann' })).toHaveLength(1)
    expect(await refusal(w.as('zoe').workflow.turnOff({ projects: ['web'] } as { project?: string }))).toBe(
      'invalid_input',
    )
  })

  it('tells admins and approvers, and no creator', async () => {
    const { w } = await waiting()
    await w.notices()
    await w.as('zoe').workflow.turnOff({ project: 'web' })
    await w.as('zoe').workflow.turnOn({ project: 'web' })
    const told = (await w.notices()).slice(1)
    expect(told.map(({ type, to }) => [type, to.toSorted()])).toEqual([
      ['workflow_off', ['mia', 'zac', 'zoe']],
      ['workflow_on', ['mia', 'zac', 'zoe']],
    ])
  })

  it('[E10] lets nothing slip through while it is switched', async () => {
    const { w } = await waiting()
    const other = flags.ref('other', { project: 'web' })
    await w.as('zoe').workflow.turnOff({ project: 'web' })
    await w.as('ann').submit(other, { value })
    for (let round = 1; round <= 5; round++) {
      const [submitted] = await Promise.all([
        w.as('ann').submit(other, rollout(round)),
        w.as('zoe').workflow.turnOn({ project: 'web' }),
      ])
      const revisions = await w.as('ann').resources.history(other)
      const log = await w.as('zoe').audit.events({ settings: true, limit: 500 })
      expect(log.at(-1)?.event).toMatchObject({ on: true })
      if (submitted.status === 'applied') expect(revisions[0]?.document?.rollout).toBe(round)
      else {
        expect(revisions[0]?.document?.rollout).not.toBe(round)
        const { id, digest } = submitted.request
        const [approved] = await Promise.allSettled([
          w.as('zac').approve(id, { seen: digest }),
          w.as('zoe').workflow.turnOff({ project: 'web' }),
        ])
        const after = await w.as('ann').requests.get(id)
        expect(after.status).toBe(approved.status === 'fulfilled' ? 'applied' : 'pending')
        if (after.status === 'pending') await w.as('ann').cancel(id)
      }
      await w.as('zoe').workflow.turnOff({ project: 'web' })
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
    expect(await as('ann').workflow.isOn()).toBe(false)
    expect(await refusal(as('ann').workflow.turnOn())).toBe('not_permitted')
    await as('zoe').workflow.turnOn()
    for (const wish of [
      as('ann').submit(flags.ref('b'), { value }),
      as('ann').submit(experiments.ref('b'), { value: { name: 'b', traffic: 1 } }),
    ]) {
      expect(await wish).toMatchObject({ status: 'pending' })
    }
    expect(await as('ann', 'other').submit(flags.ref('a'), { value })).toMatchObject({ status: 'applied' })
    expect(() =>
      createApprovals({ storage: memoryStorage(), resources: [], access: {}, workflow: 'of' as 'off' }),
    ).toThrow(TypeError)
  })
})
