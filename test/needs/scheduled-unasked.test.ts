import { describe, expect, it } from 'vitest'
import { accessWorld } from '../access-world.ts'
import { day, flags, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const lead = { quorum: 1, from: { roles: ['lead'] } } as const

/** A change of Ann's that nobody has to approve, for a day from now. */
async function scheduled(open: (typeof storages)[number]['open']) {
  const w = world(open(), { ann: [], ben: ['lead'], eve: [] })
  await w.flag('checkout')
  const applyAt = w.now() + day
  const outcome = await w.as('ann').submit(ref, rollout(50), { applyAt })
  if (outcome.status !== 'approved') throw new TypeError(`The change is ${outcome.status}.`)
  const { id } = outcome.request
  const get = () => w.as('ann').requests.get(id)
  const live = async () => (await w.approvals.reader('acme').resources.get(ref))?.document?.rollout
  return { w, id, applyAt, get, live }
}

describe.each(storages)('[TI-05] a change that nobody has to approve, scheduled on $name', ({ open }) => {
  it('[TI-05] waits as approved, in the lists, and is applied at its time, once', async () => {
    const { w, id, applyAt, get, live } = await scheduled(open)
    expect(await w.as('ann').preview(ref, rollout(51), { applyAt })).toMatchObject({
      status: 'approved',
      satisfiable: true,
    })
    const read = await get()
    expect(read).toMatchObject({ status: 'approved', applyAt, can: { apply: { code: 'not_due' }, cancel: true } })
    expect(read).not.toHaveProperty('approval')
    expect(read).not.toHaveProperty('remedies')
    const { requests } = await w.as('eve').requests.list({ status: 'approved' })
    expect(requests.map((one) => one.id)).toEqual([id])
    expect((await w.approvals.tick()).applied).toBe(0)
    w.pass(day)
    expect((await w.approvals.tick()).applied).toBe(1)
    expect(await get()).toMatchObject({ status: 'applied' })
    expect(await live()).toBe(50)
    expect((await w.approvals.tick()).applied).toBe(0)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[TI-05] can be cancelled, moved and applied at once, and keeps nobody off meanwhile', async () => {
    const { w, id, applyAt, get, live } = await scheduled(open)
    await w.as('ann').requests.schedule(id, applyAt + day)
    w.pass(day)
    await w.approvals.tick()
    expect(await get()).toMatchObject({ status: 'approved', applyAt: applyAt + day })
    await w.as('ann').requests.schedule(id, null)
    expect(await live()).toBe(50)
    const other = await w.as('ann').submit(ref, rollout(60), { applyAt: w.now() + day })
    if (other.status !== 'approved') throw new TypeError('Nobody has to approve.')
    await w.as('ann').requests.cancel(other.request.id)
    expect((await w.as('eve').submit(ref, rollout(70))).status).toBe('applied')
    w.pass(2 * day)
    await w.approvals.tick()
    expect(await live()).toBe(70)
  })

  it('[TI-05] waits for somebody who may make it, if whoever asked for it may not any more', async () => {
    const { w, id, live } = await scheduled(open)
    w.leave('ann')
    w.pass(day)
    await w.approvals.tick()
    expect(await w.as('ben').requests.get(id)).toMatchObject({ status: 'approved', scheduleDropped: true })
    expect(await live()).not.toBe(50)
    await w.approvals.tick()
    await w.as('ben').requests.apply(id)
    expect(await live()).toBe(50)
    expect((await w.as('ben').audit.verify()).problems).toEqual([])

    const other = await scheduled(open)
    await other.w.policy({ match: {}, require: lead })
    other.w.leave('ann')
    other.w.pass(day)
    await other.w.approvals.tick()
    const asked2 = await other.w.as('ben').requests.get(other.id)
    expect(asked2).toMatchObject({ status: 'pending', can: { approve: true } })
    await other.w.as('ben').requests.approve(other.id, { digest: asked2.digest })
    expect(await other.live()).toBe(40)
    await other.w.as('ben').requests.apply(other.id)
    expect(await other.live()).toBe(50)

    const kept = await accessWorld(open())
    const there = flags.ref('there', { project: 'web' })
    await kept.as('amy').submit(there, { value: { enabled: true, rollout: 1 } })
    const asked = async (to: number) => {
      const outcome = await kept.as('ann').submit(there, rollout(to), { applyAt: kept.now() + day })
      if (outcome.status !== 'approved') throw new TypeError(`The change is ${outcome.status}.`)
      return outcome.request.id
    }
    const restricted = await asked(2)
    await kept.as('amy').access.editors.save(there, { type: 'restrict', editors: ['amy'] })
    kept.pass(day)
    await kept.approvals.tick()
    expect((await kept.as('amy').requests.get(restricted)).scheduleDropped).toBe(true)
    await kept.as('amy').access.editors.save(there, { type: 'open' })
    const demoted = await asked(3)
    await kept.as('zoe').access.revoke({ user: 'ann', role: 'member', project: 'web' })
    await kept.as('zoe').access.grant({ user: 'ann', role: 'viewer', project: 'web' })
    kept.pass(day)
    await kept.approvals.tick()
    expect((await kept.as('amy').requests.get(demoted)).scheduleDropped).toBe(true)
    expect((await kept.as('amy').resources.get(there))?.document.rollout).toBe(1)
  })

  it('[TI-05] is put to those who have to approve by then, who are told with the requester', async () => {
    const { w, id, get, live } = await scheduled(open)
    await w.policy({ require: lead, rules: { reasonRequired: true } })
    w.pass(day)
    expect(await refusal(w.as('ann').requests.apply(id))).toBe('approval_missing')
    await w.approvals.tick()
    const read = await get()
    expect(read).toMatchObject({ status: 'pending', requirements: [{ policy: 'reviewed' }] })
    expect(read).not.toHaveProperty('applyAt')
    expect(await live()).toBe(40)
    const told = (await w.notices()).filter(({ type }) => type === 'submitted').map(({ to }) => [...to].toSorted())
    expect(told.at(-1)).toEqual(['ann', 'ben'])
    expect((await w.as('ben').requests.inbox()).requests.map((one) => one.id)).toEqual([id])
    const { request } = await w.as('ben').requests.approve(id, { digest: read.digest })
    expect(request.status).toBe('applied')
    expect(await live()).toBe(50)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[TI-05] is put to its reviewers as soon as it is edited into something that has any', async () => {
    const { w, id } = await scheduled(open)
    await w.policy({ require: lead, when: { type: 'before_after', field: '/rollout', operator: '>', value: 60 } })
    const { request } = await w
      .as('ann')
      .requests.edit(id, ref, { patch: [{ op: 'replace', path: '/rollout', value: 61 }] })
    expect(request.status).toBe('pending')
  })
})
