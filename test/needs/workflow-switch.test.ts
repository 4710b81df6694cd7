import { describe, expect, it } from 'vitest'
import { isApprovalError, policyResource, type Storage, workflowResource } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, refusal, rollout, start, storages, world } from '../world.ts'

const users = { ann: [], ben: ['lead'], yan: ['admin'], zoe: ['admin'], root: ['admin', 'security'] }
const lead = { quorum: 1, from: { roles: ['lead'] } }
const admin = { quorum: 1, from: { roles: ['admin'] } }
const flagPolicy = { id: 'flags', match: { resource: 'feature_flag' }, require: lead }
const gate = { id: 'two-eyes', match: { resource: 'countersign.policy' }, require: admin }
const off = { value: { on: false, waiting: 'return' } } as const
const web = workflowResource.ref('web')

/** A tenant whose flags are gated, and whose policies are, too. A change of one flag waits. */
async function gated(storage: Storage, policies: readonly object[] = [gate]) {
  const w = world(storage, users, [flags], { admins: { roles: ['admin'] } })
  const ref = await w.flag('checkout')
  await w.as('zoe').policies.save(flagPolicy)
  const waiting = pending(await w.as('ann').submit(ref, rollout(80)))
  for (const policy of policies) await w.as('zoe').policies.save(policy as typeof gate)
  return { w, ref, waiting }
}

async function detailsOf(call: Promise<unknown>) {
  return await call.then(
    () => 'done',
    (error) => (isApprovalError(error) ? { code: error.code, details: error.details } : error),
  )
}

describe.each(storages)('the switch of the workflow, where policies are gated, on $name', ({ open }) => {
  it('[FA-04] is turned off with the approval that removing the policies takes, and does then what the verb does', async () => {
    const { w, ref, waiting } = await gated(open())
    const refused = { code: 'policy_gated', details: { policy: '', project: 'web', by: ['two-eyes'] } }
    expect(await detailsOf(w.as('zoe').workflow.disable({ project: 'web', waiting: 'hold' }))).toEqual(refused)
    expect(await refusal(w.as('zoe').workflow.disable())).toBe('policy_gated')
    expect(await w.as('ann').workflow.isEnabled({ project: 'web' })).toBe(true)

    await w.notices()
    const { id, digest } = pending(await w.as('zoe').submit(web, off, { reason: 'moving house' }))
    expect((await w.as('ann').submit(ref, rollout(70))).status).toBe('pending')
    expect(await refusal(w.as('zoe').requests.approve(id, { digest }))).toBe('self_approval')
    const { request } = await w.as('yan').requests.approve(id, { digest })
    expect(request.status).toBe('applied')
    expect(await w.as('ann').workflow.isEnabled({ project: 'web' })).toBe(false)
    expect((await w.as('ann').requests.get(waiting.id)).status).toBe('draft')
    expect((await w.as('ann').submit(ref, rollout(60))).status).toBe('applied')
    const log = await w.as('zoe').audit.events({ settings: true })
    const turned = { type: 'workflow_switched', project: 'web', on: false, waiting: 'return', by: 'zoe' }
    expect(log.at(-1)?.event).toMatchObject({ ...turned, reason: 'moving house', request: id })
    expect((await w.notices()).filter(({ type }) => type === 'workflow_off')).toHaveLength(1)

    await w.as('zoe').workflow.enable({ project: 'web' })
    expect((await w.as('ann').submit(ref, rollout(50))).status).toBe('pending')
    expect((await w.as('zoe').resources.get(web))?.document).toEqual({ on: true })
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[WO-18] asks nobody about what is submitted while it is off, whoever was asked about it before', async () => {
    for (const verb of ['returned', 'recalled', 'rejected', 'cancelled', 'stale'] as const) {
      const { w, ref, waiting } = await gated(open(), [])
      const { id, digest } = waiting
      const end = {
        returned: () => undefined,
        recalled: () => w.as('ann').requests.recall(id),
        rejected: () => w.as('ben').requests.reject(id, { digest, reason: 'no' }),
        cancelled: () => w.as('ann').requests.cancel(id),
        stale: () => undefined,
      }
      await end[verb]()
      await w.as('zoe').workflow.disable({ project: 'web', waiting: 'return' })
      if (verb === 'stale') {
        await w.as('ann').submit(ref, rollout(70))
        expect(await refusal(w.as('ann').requests.submit(id))).toBe('stale')
        continue
      }
      expect((await w.as('ann').requests.get(id)).can.submit).toBe(true)
      const { request } = await w.as('ann').requests.submit(id)
      expect([verb, request.status, request.requirements]).toEqual([verb, 'applied', []])
      expect((await w.as('ann').resources.get(ref))?.document?.rollout).toBe(80)
      expect((await w.as('zoe').audit.verify()).problems).toEqual([])
    }
  })

  it('[FA-04] takes every policy that it silences: a manager cannot silence what they could not remove', async () => {
    const w = await accessWorld(open())
    const org = {
      id: 'org',
      match: { resource: 'feature_flag' },
      require: { quorum: 1, from: { roles: ['requests.approve'] } },
    }
    await w.as('zoe').policies.save({ ...org, id: 'shops', match: { resource: 'feature_flag', project: 'shop' } })
    await w.as('mia').policies.save({ ...org, id: 'own', match: { resource: 'feature_flag', project: 'web' } })
    await w.as('mia').workflow.disable({ project: 'web', waiting: 'hold' })
    await w.as('mia').workflow.enable({ project: 'web' })
    await w.as('zoe').policies.save(org)
    for (const attempt of [
      () => w.as('mia').workflow.disable({ project: 'web', waiting: 'hold' }),
      () => w.as('mia').workflow.disable({ project: 'web' }),
      () => w.as('mia').submit(web, off),
      () => w.as('mia').submit(web, { merge: { on: false } }),
      () => w.as('mia').draft(web, off),
      () => w.as('mia').submit(web, { revertTo: 1 }),
    ]) {
      expect(await detailsOf(attempt())).toMatchObject({ code: 'not_permitted', details: { policies: ['org'] } })
    }
    const flag = flags.ref('a', { project: 'web' })
    expect((await w.as('mia').submit(flag, { value: { enabled: true, rollout: 1 } })).status).toBe('pending')
    await w.as('zoe').workflow.disable({ project: 'web' })
    expect((await w.as('mia').submit(flag, { value: { enabled: true, rollout: 1 } })).status).toBe('applied')
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})

describe('the switch of the workflow as a resource', () => {
  it('[FA-04] asks whom a policy names that speaks of it, also to be turned on', async () => {
    const { w } = await gated(memoryStorage(), [
      { id: 'off', match: { resource: 'countersign.workflow', action: 'turn_off', project: 'web' }, require: admin },
      {
        id: 'on',
        match: { resource: 'countersign.workflow' },
        when: { type: 'before_after', field: '/on', operator: '==', value: true },
        require: lead,
      },
    ])
    expect(await detailsOf(w.as('zoe').workflow.disable({ project: 'web' }))).toMatchObject({
      details: { by: ['off'] },
    })
    await w.as('zoe').workflow.disable({ project: 'shop' })
    expect(await detailsOf(w.as('zoe').workflow.enable({ project: 'shop' }))).toMatchObject({ details: { by: ['on'] } })
    const { id, digest } = pending(await w.as('zoe').submit(workflowResource.ref('shop'), { value: { on: true } }))
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
    expect(await w.as('ann').workflow.isEnabled({ project: 'shop' })).toBe(true)
  })

  it('[FA-04] is freed by nothing that it says itself: neither it nor policies pass while it is off', async () => {
    const { w } = await gated(memoryStorage())
    const turn = pending(await w.as('zoe').submit(workflowResource.ref(''), { value: { on: false, waiting: 'hold' } }))
    await w.as('yan').requests.approve(turn.id, { digest: turn.digest })
    expect(await w.as('ann').workflow.isEnabled()).toBe(false)
    expect(await refusal(w.as('zoe').workflow.disable({ project: 'web' }))).toBe('policy_gated')
    expect(await refusal(w.as('zoe').policies.remove('flags'))).toBe('policy_gated')
    expect((await w.as('zoe').submit(web, off)).status).toBe('pending')
    expect((await w.as('zoe').submit(policyResource.ref('flags'), { remove: true })).status).toBe('pending')
  })

  it('[FA-04] is judged by what it would silence when it is applied, and by who asked for it', async () => {
    const { w } = await gated(memoryStorage())
    const turn = pending(await w.as('zoe').submit(web, off))
    const security = { quorum: 1, from: { roles: ['security'] } }
    const stricter = pending(
      await w.as('zoe').submit(policyResource.ref('strict'), {
        value: { id: 'strict', match: { resource: 'countersign.policy' }, require: security },
      }),
    )
    await w.as('yan').requests.approve(stricter.id, { digest: stricter.digest })
    expect((await w.as('yan').requests.approve(turn.id, { digest: turn.digest })).request.status).toBe('pending')
    w.roles('zoe', [])
    const { request } = await w.as('root').requests.approve(turn.id, { digest: turn.digest })
    expect(request).toMatchObject({ status: 'approved', withheld: { code: 'not_permitted' } })
    await w.approvals.tick()
    expect(await w.as('ann').workflow.isEnabled({ project: 'web' })).toBe(true)
  })

  it('[FA-04] can be scheduled, bypassed where the gate lets that be, and reverted, which is a turn like any other', async () => {
    const { w, ref } = await gated(memoryStorage(), [{ ...gate, rules: { bypass: ['security'] } }])
    const turn = pending(await w.as('zoe').submit(web, off, { applyAt: start + 60_000 }))
    await w.as('yan').requests.approve(turn.id, { digest: turn.digest })
    w.pass(60_000)
    expect(await w.approvals.tick()).toMatchObject({ applied: 1, returned: 1, failed: [] })
    expect((await w.as('ann').submit(ref, rollout(60))).status).toBe('applied')
    await w.as('zoe').workflow.enable({ project: 'web' })
    expect((await w.as('zoe').submit(web, { revertTo: 1 })).status).toBe('pending')
    const other = pending(await w.as('zoe').submit(workflowResource.ref('shop'), off))
    await w.as('root').requests.bypass(other.id, { digest: other.digest, reason: 'now' })
    expect(await w.as('ann').workflow.isEnabled({ project: 'shop' })).toBe(false)
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[FA-04] takes nothing that is no switch, is never removed, and is turned by itself', async () => {
    const { w, ref } = await gated(memoryStorage(), [])
    for (const value of [{}, { on: 'no' }, { on: false, waiting: 'apply' }, { on: true, off: true }, [], 1]) {
      expect(await refusal(w.as('zoe').submit(web, { value: value as never }))).toBe('invalid_by_schema')
    }
    await w.as('zoe').workflow.disable({ project: 'web' })
    expect(await refusal(w.as('zoe').submit(web, { remove: true }))).toBe('invalid_input')
    const together = [
      { ref: web, change: { value: { on: true } } },
      { ref, change: rollout(1) },
    ]
    expect(await refusal(w.as('zoe').submitAll(together as never))).toBe('invalid_input')
    const both = [web, workflowResource.ref('shop')].map((one) => ({ ref: one, change: { value: { on: true } } }))
    expect(await refusal(w.as('zoe').submitAll(both as never))).toBe('invalid_input')
    expect(await refusal(w.as('ann').submit(web, { value: { on: true } }))).toBe('not_permitted')
    expect((await w.as('zoe').submit(web, (one) => ({ ...one, on: true }))).status).toBe('applied')
    await w.as('zoe').workflow.enable({ project: 'web' })
    expect(await w.as('ann').workflow.isEnabled({ project: 'web' })).toBe(true)
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[FA-04] is that of the tenant or of one project, whatever the project is called', async () => {
    const { w } = await gated(memoryStorage(), [])
    await w.as('zoe').workflow.disable({ project: '*' })
    await w.as('zoe').workflow.disable({ project: '**' })
    const on = (project?: string) => w.as('ann').workflow.isEnabled(project === undefined ? {} : { project })
    expect([await on(), await on('*'), await on('**'), await on('web')]).toEqual([true, false, false, true])
    await w.as('zoe').submit(workflowResource.ref('*'), { value: { on: true } })
    await w.as('zoe').submit(workflowResource.ref(''), off)
    expect([await on(), await on('*'), await on('**'), await on('web')]).toEqual([false, true, false, false])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})
