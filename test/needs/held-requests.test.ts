import { describe, expect, it } from 'vitest'
import type { ActingApprovals, PolicyInput, Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const hour = day / 24
const users = { ann: [], ben: ['lead'], cat: ['lead'], dan: ['lead'], eve: ['security'], zoe: ['admin'] }
const lead = { quorum: 1, from: { roles: ['lead'] } }

async function held(storage: Storage, policy: Partial<PolicyInput> = {}, options: { applyAt?: number } = {}) {
  const w = world(storage, users, [flags], { admins: { roles: ['admin'] } })
  const ref = await w.flag('checkout')
  await w.as('zoe').policies.save({ id: 'p', match: { resource: 'feature_flag' }, require: lead, ...policy })
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80), options))
  const hold = () => w.as('zoe').workflow.disable({ project: 'web', waiting: 'hold' })
  const goOn = () => w.as('zoe').workflow.enable({ project: 'web' })
  const answer = (user: string, verb: 'approve' | 'reject' | 'requestChanges') =>
    w.as(user).requests[verb](id, { digest, reason: 'because' })
  const status = async () => (await w.as('ann').requests.get(id)).status
  const live = async () => (await w.as('ann').resources.get(ref))?.document.rollout
  return { w, ref, id, digest, hold, goOn, answer, status, live }
}

const rules = { onReject: 'block', cancel: 'any_time', bypass: ['security'], breakGlass: ['security'] } as const

describe.each(storages)('a request that is held, on $name', ({ open }) => {
  it('[FA-07] is brought no nearer by withdrawing what kept it off, and goes on with that when the workflow is on again', async () => {
    const { w, id, hold, goOn, answer, status, live } = await held(open(), { rules })
    await answer('cat', 'reject')
    await answer('ben', 'approve')
    await hold()
    const { request } = await w.as('cat').requests.withdraw(id)
    expect(request).toMatchObject({ status: 'pending', reviews: [{ by: 'ben', verdict: 'approve' }] })
    expect(await refusal(answer('dan', 'approve'))).toBe('workflow_off')
    expect(await w.approvals.tick()).toMatchObject({ applied: 0, failed: [] })
    expect([await status(), await live()]).toEqual(['pending', 40])
    await goOn()
    expect(await w.approvals.tick()).toMatchObject({ applied: 1, failed: [] })
    expect([await status(), await live()]).toEqual(['applied', 80])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[FA-07] does not grow older: deadlines, reminders and escalations come as much later as it was held', async () => {
    const escalate = { after: '20h', to: { roles: ['security'] } } as const
    const policy = { escalate, rules: { expiresAfter: '24h', remindEvery: '8h' } } as const
    const { w, id, hold, goOn, answer, status } = await held(open(), policy)
    w.pass(4 * hour)
    await hold()
    w.pass(30 * day)
    expect(await w.approvals.tick()).toMatchObject({ expired: 0, reminded: 0, escalated: 0, failed: [] })
    expect(await status()).toBe('pending')
    const [listed] = (await w.as('ann').requests.list({ status: 'pending' })).requests
    expect(listed).toMatchObject({ id, heldFor: 30 * day })
    await goOn()
    w.pass(4 * hour - 1)
    expect(await w.approvals.tick()).toMatchObject({ reminded: 0 })
    w.pass(1)
    expect(await w.approvals.tick()).toMatchObject({ reminded: 1, escalated: 0 })
    w.pass(8 * hour)
    expect(await w.approvals.tick()).toMatchObject({ reminded: 1, escalated: 0 })
    w.pass(4 * hour)
    expect(await w.approvals.tick()).toMatchObject({ escalated: 1, expired: 0 })
    w.pass(4 * hour - 1)
    expect(await status()).toBe('pending')
    expect((await w.as('ben').requests.inbox()).requests).toMatchObject([{ id, status: 'pending' }])
    w.pass(1)
    expect(await status()).toBe('expired')
    expect(await refusal(answer('ben', 'approve'))).toBe('expired')
    expect(await w.approvals.tick()).toMatchObject({ expired: 1, failed: [] })
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})

describe('while the workflow is held', () => {
  const ways: Readonly<
    Record<
      string,
      (ann: ActingApprovals, other: (user: string) => ActingApprovals, id: string, digest: string) => Promise<unknown>
    >
  > = {
    approve: (_, other, id, seen) => other('cat').requests.approve(id, { digest: seen }),
    reject: (_, other, id, seen) => other('cat').requests.reject(id, { digest: seen, reason: 'no' }),
    requestChanges: (_, other, id, seen) => other('cat').requests.requestChanges(id, { digest: seen, reason: 'no' }),
    bypass: (_, other, id, seen) => other('eve').requests.bypass(id, { digest: seen, reason: 'now' }),
    breakGlass: (_, other, id, seen) =>
      other('eve').requests.breakGlass(id, { digest: seen, reason: 'now', incident: 'INC-1' }),
    edit: (ann, _, id) => ann.requests.edit(id, flags.ref('checkout'), rollout(70)),
    rebase: (ann, _, id) => ann.requests.rebase(id),
    resolve: (ann, _, id) => ann.requests.resolve(id, [{ conflict: `sha256:${'0'.repeat(64)}`, take: 'draft' }]),
    schedule: (ann, _, id) => ann.requests.schedule(id, Date.UTC(2030, 0, 1)),
    unschedule: (ann, _, id) => ann.requests.schedule(id, null),
  }

  it.each(Object.keys(ways))('[FA-07] nobody can %s, and can says so', async (verb) => {
    const { w, id, digest, hold, live } = await held(memoryStorage(), { rules, require: { ...lead, quorum: 2 } })
    await w.as('ben').requests.approve(id, { digest })
    await hold()
    expect(await refusal(ways[verb]?.(w.as('ann'), w.as, id, digest) ?? Promise.resolve())).toBe('workflow_off')
    const { can } = await w.as('eve').requests.get(id)
    expect(can[verb === 'unschedule' ? 'schedule' : (verb as 'approve')]).toMatchObject({ code: 'workflow_off' })
    expect(await live()).toBe(40)
  })

  it('[FA-07] what is approved is applied neither by hand nor by time, and what failed is not tried again', async () => {
    const { w, id, hold, goOn, answer, live, status } = await held(memoryStorage(), { rules: { apply: 'by_hand' } })
    await answer('ben', 'approve')
    await hold()
    expect(await refusal(w.as('ann').requests.apply(id))).toBe('workflow_off')
    await goOn()
    await w.as('zoe').workflow.disable()
    await w.as('zoe').workflow.enable()
    const other = await held(memoryStorage(), { rules: { apply: 'by_hand', onStale: 'fail_when_applied' } })
    await other.answer('ben', 'approve')
    await other.w.as('zoe').policies.remove('p')
    await other.w.as('ann').submit(other.ref, rollout(50))
    await other.w.as('ann').requests.apply(other.id)
    expect(await other.status()).toBe('failed')
    await other.hold()
    expect(await refusal(other.w.as('ann').requests.apply(other.id))).toBe('workflow_off')
    expect(await refusal(other.w.as('ann').requests.rebase(other.id))).toBe('workflow_off')
    expect([await live(), await status(), await other.live()]).toEqual([40, 'approved', 50])
  })

  it('[FA-07] comments, recalls and cancellations work, and an approval that is taken back is missing afterwards', async () => {
    const first = await held(memoryStorage(), { rules: { ...rules, apply: 'by_hand' } })
    await first.answer('ben', 'approve')
    await first.hold()
    expect((await first.w.as('eve').requests.comment(first.id, 'later')).request.status).toBe('approved')
    expect((await first.w.as('ben').requests.withdraw(first.id)).request.status).toBe('pending')
    expect((await first.w.as('ann').requests.recall(first.id)).request.status).toBe('draft')
    const second = await held(memoryStorage())
    await second.hold()
    expect((await second.w.as('ann').requests.cancel(second.id)).request.status).toBe('cancelled')
  })

  it('[FA-07] a moment that was agreed on passes for good: the change waits for somebody to apply it, and people are told', async () => {
    const at = Date.UTC(2026, 0, 6, 9)
    const { w, id, hold, goOn, answer, status, live } = await held(memoryStorage(), {}, { applyAt: at })
    const { digest } = (await answer('ben', 'approve')).request
    await hold()
    w.pass(2 * day)
    await goOn()
    expect((await w.approvals.tick()).failed).toEqual([])
    expect([await status(), await live()]).toEqual(['approved', 40])
    expect(await w.as('ann').requests.get(id)).toMatchObject({ digest, applyAt: at, scheduleDropped: true })
    expect((await w.notices()).map(({ type }) => type)).toContain('schedule_dropped')
    expect((await w.as('ann').requests.apply(id)).request.status).toBe('applied')
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[FA-07] a moment that is still to come is kept, and so is one of a request that is approved only afterwards', async () => {
    const at = Date.UTC(2026, 0, 8, 9)
    const { w, hold, goOn, answer, status } = await held(memoryStorage(), {}, { applyAt: at })
    await hold()
    w.pass(2 * day)
    await goOn()
    await answer('ben', 'approve')
    expect(await status()).toBe('approved')
    w.pass(day - 1)
    expect(await w.approvals.tick()).toMatchObject({ applied: 0 })
    w.pass(1)
    expect(await w.approvals.tick()).toMatchObject({ applied: 1 })
    const late = await held(memoryStorage(), {}, { applyAt: Date.UTC(2026, 0, 6, 9) })
    await late.hold()
    late.w.pass(2 * day)
    await late.goOn()
    expect((await late.answer('ben', 'approve')).request.status).toBe('approved')
    await late.w.approvals.tick()
    expect(await late.live()).toBe(40)
  })

  it('[FA-07] an edit afterwards keeps the time that was held', async () => {
    const { w, ref, id, hold, goOn, status } = await held(memoryStorage(), { rules: { expiresAfter: '24h' } })
    w.pass(12 * hour)
    await hold()
    w.pass(10 * day)
    await goOn()
    await w.as('ann').requests.edit(id, ref, rollout(70))
    w.pass(12 * hour - 1)
    expect(await status()).toBe('pending')
    w.pass(1)
    expect(await status()).toBe('expired')
  })

  it('[FA-07] a project that gets a switch of its own meanwhile goes on from there', async () => {
    const { w, id, goOn, answer, status } = await held(memoryStorage(), { rules: { expiresAfter: '24h' } })
    await w.as('zoe').workflow.disable({ waiting: 'hold' })
    w.pass(10 * day)
    await goOn()
    w.pass(10 * hour)
    expect(await status()).toBe('pending')
    expect((await answer('ben', 'approve')).request).toMatchObject({ status: 'applied', heldFor: 10 * day })
    expect((await w.as('ann').requests.get(id)).status).toBe('applied')
    for (let turn = 0; turn < 60; turn++) {
      await w.as('zoe').workflow[turn % 2 === 0 ? 'disable' : 'enable']()
      w.pass(hour)
    }
    const [set] = await w.storage.get([{ collection: 'policySets', key: ['acme'] }])
    const switches = set?.value['workflow'] as { readonly holds: readonly unknown[] }[]
    expect(Math.max(...switches.map(({ holds }) => holds.length))).toBe(20)
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})
