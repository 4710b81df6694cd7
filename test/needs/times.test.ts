import { describe, expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const hour = day / 24

/** A flag that a lead has to approve changes of, and a change of Ann's that is scheduled for a day from now. */
async function scheduled(storage: Storage, rules: object = {}) {
  const w = world(storage)
  await w.flag('checkout')
  await w.policy({ rules: { lock: 'resource', ...rules } })
  const applyAt = w.now() + day
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50), { applyAt }))
  const get = () => w.as('ann').requests.get(id)
  const live = async () => (await w.approvals.reader('acme').resources.get(ref))?.document?.rollout
  const verified = async () => (await w.as('ann').audit.verify()).problems
  return { w, id, digest, applyAt, get, live, verified }
}

/** What policies say of a time that has passed, the state that it leads to once everything else is settled, and what is live. */
const missing = [
  ['expire', 'expired', 40],
  ['hold', 'approved', 40],
  ['apply', 'applied', 50],
] as const

describe.each(storages)('[TI-01] a time that has passed on $name', ({ open }) => {
  it('[TI-01] [PH-35] ends a request that nobody has approved, from that instant on, recorded or not', async () => {
    const { w, id, digest, applyAt, get, live, verified } = await scheduled(open())
    w.pass(day - 1)
    expect(await get()).toMatchObject({ status: 'pending', can: { cancel: true } })
    expect((await w.as('ben').requests.inbox()).requests).toHaveLength(1)
    w.pass(1)
    expect(await get()).toMatchObject({ status: 'expired', can: { submit: true, cancel: { code: 'expired' } } })
    expect((await w.as('ben').requests.inbox()).requests).toEqual([])
    expect(await w.as('ben').requests.count({ status: 'expired' })).toEqual({ count: 1 })
    expect((await w.as('ben').requests.list({ status: 'expired' })).requests.map((one) => one.id)).toEqual([id])
    await expect(w.as('ben').requests.approve(id, { digest })).rejects.toMatchObject({
      code: 'expired',
      details: { expiredAt: applyAt },
    })
    const other = pending(await w.as('dan').submit(ref, rollout(60)))
    await w.as('dan').requests.cancel(other.id)
    const timeline = (await w.as('ann').requests.timeline(id)).entries
    expect(timeline.at(-1)).toMatchObject({ type: 'ending', event: 'expired', missed: true })
    expect(await live()).toBe(40)
    expect(await verified()).toEqual([])
  })

  it('[TI-01] is told to those concerned, once, when the clock comes by', async () => {
    const { w } = await scheduled(open())
    w.pass(day)
    expect((await w.approvals.tick()).expired).toBe(1)
    const told = (await w.notices()).filter(({ type }) => type === 'expired').map(({ to }) => [...to].toSorted())
    expect(told).toEqual([['amy', 'ann', 'ben', 'cat']])
  })

  it('[TI-01] has to be given anew with what is submitted again, or taken off', async () => {
    const { w, id, get } = await scheduled(open())
    w.pass(day)
    await w.approvals.tick()
    const ann = w.as('ann')
    await expect(ann.requests.submit(id)).rejects.toMatchObject({
      code: 'invalid_input',
      details: { argument: 'applyAt' },
    })
    expect(await refusal(ann.requests.submit(id, { applyAt: w.now() }))).toBe('invalid_input')
    const later = w.now() + day
    expect((await ann.requests.submit(id, { applyAt: later })).request).toMatchObject({
      status: 'pending',
      applyAt: later,
    })
    expect((await ann.requests.submit(id, { applyAt: later })).request).toMatchObject({
      status: 'pending',
      applyAt: later,
    })
    expect((await ann.requests.submit(id, { applyAt: null })).request).toMatchObject({ status: 'pending' })
    expect(await get()).not.toHaveProperty('applyAt')
  })

  it('[TI-01] has to be given anew by whoever takes over what somebody has left behind', async () => {
    const { w, id } = await scheduled(open())
    w.leave('ann')
    w.pass(day)
    expect(await w.as('ben').requests.get(id)).toMatchObject({ status: 'expired', can: { takeOver: true } })
    expect(await refusal(w.as('ben').requests.takeOver(id))).toBe('invalid_input')
    const taken = await w.as('ben').requests.takeOver(id, { applyAt: w.now() + hour })
    expect(taken.request).toMatchObject({ status: 'pending', requester: 'ben', applyAt: w.now() + hour })
  })

  it('[TI-01] leaves a request open that policies hold: it is applied by hand once it is approved', async () => {
    const { w, id, digest, live, verified } = await scheduled(open(), { whenMissed: 'hold' })
    w.pass(day + hour)
    await w.approvals.tick()
    const { request } = await w.as('ben').requests.approve(id, { digest })
    expect(request).toMatchObject({ status: 'approved', scheduleDropped: true })
    await w.approvals.tick()
    expect(await live()).toBe(40)
    await w.as('ann').requests.apply(id)
    expect(await live()).toBe(50)
    expect(await verified()).toEqual([])
  })

  it('[TI-01] is made up for where policies say so, as soon as the request is approved', async () => {
    const { w, id, digest, live, verified } = await scheduled(open(), { whenMissed: 'apply' })
    w.pass(day + hour)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
    expect(await live()).toBe(50)
    expect(await verified()).toEqual([])
  })

  it.each([
    ['expire', 'expired', 40],
    ['hold', 'pending', 40],
    ['apply', 'pending', 50],
  ] as const)('[TI-01] that comes when an approval does not count any more: %s', async (whenMissed, status, ends) => {
    const { w, id, digest, get, live, verified } = await scheduled(open(), { whenMissed })
    await w.as('ben').requests.approve(id, { digest })
    w.roles('ben', [])
    w.pass(day)
    await w.approvals.tick()
    await w.approvals.tick()
    expect(await get()).toMatchObject({ status })
    if (status === 'pending') await w.as('cat').requests.approve(id, { digest })
    expect(await live()).toBe(ends)
    expect(await verified()).toEqual([])
  })

  it.each(missing)('[TI-01] that comes while a comment is open: %s', async (whenMissed, status, ends) => {
    const { w, id, digest, get, live, verified } = await scheduled(open(), { whenMissed, comments: 'resolved' })
    await w.as('cat').requests.comment(id, 'Why 50?')
    await w.as('ben').requests.approve(id, { digest })
    w.pass(day)
    const { failed } = await w.approvals.tick()
    expect(failed).toEqual([])
    const [comment] = (await get()).comments
    await w.as('ann').requests.resolveComment(id, comment?.id ?? '')
    w.pass(hour)
    await w.approvals.tick()
    expect(await get()).toMatchObject({ status })
    expect(await live()).toBe(ends)
    expect(await verified()).toEqual([])
  })

  it.each(missing)(
    '[TI-01] that nobody has come by for, since an approval had stopped counting: %s',
    async (whenMissed, status, ends) => {
      const { w, id, digest, get, live, verified } = await scheduled(open(), { whenMissed })
      await w.as('ben').requests.approve(id, { digest })
      w.roles('ben', [])
      w.pass(day + hour)
      const { can } = await w.as('cat').requests.get(id)
      expect(can.approve).toEqual(status === 'expired' ? expect.objectContaining({ code: 'expired' }) : true)
      expect((await w.as('cat').requests.inbox()).requests).toHaveLength(status === 'expired' ? 0 : 1)
      const approving = w.as('cat').requests.approve(id, { digest })
      if (status === 'expired') expect(await refusal(approving)).toBe('expired')
      else await approving
      await w.approvals.tick()
      expect(await get()).toMatchObject({ status })
      expect(await live()).toBe(ends)
      expect(await verified()).toEqual([])
    },
  )

  it.each(missing)(
    '[TI-01] that comes while a comment is open and nobody comes by is missed all the same: %s',
    async (whenMissed, status, ends) => {
      const { w, id, digest, get, live, verified } = await scheduled(open(), { whenMissed, comments: 'resolved' })
      await w.as('cat').requests.comment(id, 'Why 50?')
      await w.as('ben').requests.approve(id, { digest })
      w.pass(day)
      expect(await get()).toMatchObject({ status: status === 'expired' ? status : 'approved' })
      const counted = await w.as('ann').requests.count({ status: 'expired' })
      expect(counted).toEqual({ count: status === 'expired' ? 1 : 0 })
      const [comment] = (await get()).comments
      await w.as('ann').requests.resolveComment(id, comment?.id ?? '')
      w.pass(hour)
      await w.approvals.tick()
      expect(await get()).toMatchObject({ status, comments: [{ resolved: { by: 'ann' } }] })
      expect(await live()).toBe(ends)
      if (status === 'approved') await w.as('ann').requests.apply(id)
      if (status === 'approved') expect(await live()).toBe(50)
      expect(await verified()).toEqual([])
    },
  )

  it('[TI-01] is not missed for what is said of a request that was approved in time and waits for a freeze', async () => {
    const { w, id, digest, get, live, verified } = await scheduled(open(), { comments: 'resolved' })
    await w.as('ben').requests.approve(id, { digest })
    const windows = [{ from: w.now() + hour, until: w.now() + day + 3 * hour }]
    await w.as('ann').freezes.save({ id: 'sale', match: {}, windows, mode: 'queue', reason: 'the shop is full' })
    w.pass(day + hour)
    await w.approvals.tick()
    await w.as('eve').requests.comment(id, 'Is that still so?')
    expect(await get()).toMatchObject({ status: 'approved' })
    const [comment] = (await get()).comments
    await w.as('ann').requests.resolveComment(id, comment?.id ?? '')
    w.pass(3 * hour)
    await w.approvals.tick()
    expect(await get()).toMatchObject({ status: 'applied' })
    expect(await live()).toBe(50)
    expect(await verified()).toEqual([])
  })

  it('[TI-01] that was missed for a comment stays missed, whatever is said besides', async () => {
    const { w, id, digest, get, live, verified } = await scheduled(open(), { comments: 'resolved' })
    await w.as('cat').requests.comment(id, 'Why 50?')
    await w.as('ben').requests.approve(id, { digest })
    w.pass(day + hour)
    await w.as('eve').requests.comment(id, 'Yes, why?')
    for (const { id: comment } of (await get()).comments)
      await w
        .as('ann')
        .requests.resolveComment(id, comment)
        .catch(() => {})
    await w.approvals.tick()
    expect(await get()).toMatchObject({ status: 'expired' })
    expect(await live()).toBe(40)
    expect(await verified()).toEqual([])
  })
})

describe.each(storages)('[TI-04] [BY-09] an end that reviewers agree to on $name', ({ open }) => {
  it('[TI-04] [BY-09] is the moment from which nothing is applied any more, approved or not, recorded or not', async () => {
    const { w, live, verified } = await scheduled(open(), { apply: 'by_hand' })
    const ann = w.as('ann')
    const search = flags.ref('search', { project: 'web' })
    const applyBy = w.now() + 2 * day
    const { id, digest } = pending(await ann.submit(search, { value: { enabled: true, rollout: 1 } }, { applyBy }))
    await w.as('ben').requests.approve(id, { digest })
    w.pass(2 * day - 1)
    expect(await ann.requests.get(id)).toMatchObject({ status: 'approved', applyBy, can: { apply: true } })
    w.pass(1)
    expect(await ann.requests.get(id)).toMatchObject({ status: 'expired' })
    await expect(ann.requests.apply(id)).rejects.toMatchObject({ code: 'expired', details: { expiredAt: applyBy } })
    expect((await w.approvals.tick()).expired).toBe(2)
    expect((await w.approvals.reader('acme').resources.get(search))?.document).toBeUndefined()
    expect(await refusal(ann.requests.submit(id))).toBe('invalid_input')
    expect((await ann.requests.submit(id, { applyBy: null })).request).toMatchObject({ status: 'pending' })
    expect(await ann.requests.get(id)).not.toHaveProperty('applyBy')
    expect(await live()).toBe(40)
    expect(await verified()).toEqual([])
  })

  it('[TI-04] [BY-09] is part of the digest, lies after the time to apply, and in the future', async () => {
    const { w, id, digest, applyAt } = await scheduled(open())
    const ann = w.as('ann')
    const sooner = (await ann.requests.schedule(id, applyAt, { applyBy: applyAt + hour })).request
    expect(sooner).toMatchObject({ applyAt, applyBy: applyAt + hour })
    expect(sooner.digest).not.toBe(digest)
    for (const applyBy of [applyAt, w.now(), Number.NaN]) {
      await expect(ann.requests.schedule(id, applyAt, { applyBy })).rejects.toMatchObject({
        code: 'invalid_input',
        details: { argument: 'applyBy' },
      })
    }
  })

  it('[TI-04] [BY-09] keeps off what nobody has to approve, too, from that moment on', async () => {
    const w = world(open())
    await w.flag('checkout')
    for (const applyBy of [w.now(), w.now() - hour]) {
      const refused = { code: 'invalid_input', details: { argument: 'applyBy' } }
      await expect(w.as('ann').submit(ref, rollout(50), { applyBy })).rejects.toMatchObject(refused)
      await expect(w.as('ann').preview(ref, rollout(50), { applyBy })).rejects.toMatchObject(refused)
    }
    expect(await w.as('ann').submit(ref, rollout(60), { applyBy: w.now() + 1 })).toMatchObject({ status: 'applied' })
    expect((await w.as('ann').resources.get(ref))?.document.rollout).toBe(60)
  })

  it('[TI-04] [BY-09] lets an approval count for so long: others are asked when it lapses, and it can be given anew', async () => {
    const { w, id, live, verified } = await scheduled(open(), { approvalsExpireAfter: '1d', apply: 'by_hand' })
    const ann = w.as('ann')
    await ann.requests.cancel(id)
    const next = pending(await ann.submit(ref, rollout(60)))
    await w.as('ben').requests.approve(next.id, { digest: next.digest })
    w.pass(day - 1)
    expect((await ann.requests.get(next.id)).approval).toMatchObject({ met: true })
    w.pass(1)
    expect((await ann.requests.get(next.id)).approval).toMatchObject({
      met: false,
      policies: [{ missing: [{ missing: 1 }] }],
    })
    expect(await refusal(ann.requests.apply(next.id))).toBe('approval_missing')
    const { entries } = await ann.requests.timeline(next.id)
    expect(entries.find(({ type }) => type === 'review')).toMatchObject({
      standing: { counts: false, because: 'lapsed' },
    })
    expect((await w.approvals.tick()).lapsed).toBe(1)
    expect((await w.approvals.tick()).lapsed).toBe(0)
    expect(await ann.requests.get(next.id)).toMatchObject({ status: 'pending', reviews: [{ by: 'ben' }] })
    const told = (await w.notices())
      .filter(({ type }) => type === 'approvals_lapsed')
      .map(({ to }) => [...to].toSorted())
    expect(told).toEqual([['amy', 'ann', 'ben', 'cat']])
    expect((await w.as('ben').requests.inbox()).requests.map((one) => one.id)).toEqual([next.id])
    expect((await w.as('ben').requests.approve(next.id, { digest: next.digest })).request.status).toBe('approved')
    await ann.requests.apply(next.id)
    expect(await live()).toBe(60)
    expect(await verified()).toEqual([])
  })

  it('[TI-04] [BY-09] keeps what was scheduled from being applied by an approval that is too old', async () => {
    const { w, id, digest, get, live } = await scheduled(open(), { approvalsExpireAfter: '20h', whenMissed: 'hold' })
    await w.as('ben').requests.approve(id, { digest })
    w.pass(day)
    await w.approvals.tick()
    expect(await get()).toMatchObject({ status: 'pending' })
    expect(await live()).toBe(40)
  })
})

/** A change of Ann's whose time is left open, and that a lead has approved. */
async function leftOpen(storage: Storage, applyAt: 'open' | { from?: number; until?: number } = 'open') {
  const w = world(storage)
  await w.flag('checkout')
  await w.policy({ rules: { applyTime: 'open' } })
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50), { applyAt }))
  await w.as('ben').requests.approve(id, { digest })
  const get = () => w.as('ann').requests.get(id)
  const live = async () => (await w.approvals.reader('acme').resources.get(ref))?.document?.rollout
  const verified = async () => (await w.as('ann').audit.verify()).problems
  return { w, id, digest, get, live, verified }
}

describe.each(storages)('[TI-06] a time that is left open on $name', ({ open }) => {
  it('[TI-06] is set by whoever may apply the change, which changes no digest, and is an event', async () => {
    const { w, id, digest, get, live, verified } = await leftOpen(open())
    expect(await get()).toMatchObject({ status: 'approved', openTime: {}, digest, can: { setTime: true, apply: true } })
    await w.approvals.tick()
    expect(await live()).toBe(40)
    const applyAt = w.now() + day
    const { request } = await w.as('eve').requests.setTime(id, applyAt)
    expect(request).toMatchObject({ status: 'approved', applyAt, digest, reviews: [{ by: 'ben' }] })
    expect(await refusal(w.as('ann').requests.apply(id))).toBe('not_due')
    expect((await w.as('ann').requests.timeline(id)).entries.at(-1)).toMatchObject({
      ...{ type: 'schedule', event: 'time_set', by: 'eve', applyAt },
    })
    w.pass(day - 1)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    w.pass(1)
    await w.approvals.tick()
    expect(await live()).toBe(50)
    expect(await verified()).toEqual([])
  })

  it('[TI-06] is kept within its bounds, also where the change is applied by hand', async () => {
    const from = day + Date.UTC(2026, 0, 5, 9)
    const until = from + day
    const { w, id, digest, get, live } = await leftOpen(open(), { from, until })
    const eve = w.as('eve')
    for (const time of [w.now(), from - 1, until, until + day]) {
      await expect(eve.requests.setTime(id, time)).rejects.toMatchObject({
        code: 'invalid_input',
        details: { argument: 'applyAt' },
      })
    }
    await expect(eve.requests.apply(id)).rejects.toMatchObject({ code: 'not_due', details: { dueAt: from } })
    expect((await eve.requests.setTime(id, until - 1)).request.digest).toBe(digest)
    expect((await eve.requests.setTime(id, null)).request).not.toHaveProperty('applyAt')
    w.pass(day)
    expect(await get()).toMatchObject({ can: { apply: true } })
    w.pass(day)
    expect(await get()).toMatchObject({ status: 'expired' })
    expect(await refusal(eve.requests.setTime(id, until + 1))).toBe('expired')
    await w.approvals.tick()
    expect(await live()).toBe(40)
  })

  it('[TI-06] can be set again where it is missed, and is forgotten by an edit', async () => {
    const w = world(open())
    await w.flag('checkout')
    await w.policy({ rules: { applyTime: 'open' } })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50), { applyAt: 'open' }))
    await w.as('eve').requests.setTime(id, w.now() + hour)
    w.pass(hour)
    expect((await w.as('ben').requests.approve(id, { digest })).request).toMatchObject({
      ...{ status: 'approved', scheduleDropped: true },
    })
    const again = (await w.as('eve').requests.setTime(id, w.now() + hour)).request
    expect(again).not.toHaveProperty('scheduleDropped')
    const edited = (await w.as('ann').requests.edit(id, ref, rollout(51))).request
    expect(edited).toMatchObject({ status: 'pending', openTime: {} })
    expect(edited).not.toHaveProperty('applyAt')
    await w.as('ben').requests.approve(id, { digest: edited.digest })
    await w.as('eve').requests.setTime(id, w.now() + hour)
    w.pass(hour)
    await w.approvals.tick()
    expect((await w.as('ann').requests.get(id)).status).toBe('applied')
  })

  it('[TI-06] is a rule of policies, and any other change of time is a new digest', async () => {
    const { w, id, digest } = await scheduled(open())
    const ann = w.as('ann')
    expect(
      await refusal(
        ann.submit(
          flags.ref('search', { project: 'web' }),
          { value: { enabled: true, rollout: 1 } },
          { applyAt: 'open' },
        ),
      ),
    ).toBe('invalid_input')
    expect(await refusal(ann.requests.schedule(id, 'open'))).toBe('invalid_input')
    expect(await refusal(ann.requests.setTime(id, w.now() + hour))).toBe('time_not_open')
    await w.policy({ rules: { applyTime: 'open' } })
    const opened = (await ann.requests.schedule(id, 'open')).request
    expect(opened.digest).not.toBe(digest)
    const bounded = (await ann.requests.schedule(id, { until: w.now() + day })).request
    expect(bounded).toMatchObject({ openTime: { until: w.now() + day } })
    expect(bounded.digest).not.toBe(opened.digest)
    for (const applyAt of [
      { from: w.now() + day, until: w.now() + day },
      { until: w.now() },
      { to: 1 },
      'soon',
      null,
    ]) {
      expect(await refusal(ann.submit(ref, rollout(70), { applyAt: applyAt as never }))).toBe('invalid_input')
    }
  })

  it('[TI-01] [TI-04] that has passed is named anew by whoever submits what nobody has to approve, as get says', async () => {
    const w = world(open())
    await w.flag('checkout')
    const ann = w.as('ann')
    for (const [index, times] of [{ applyAt: w.now() + hour }, { applyBy: w.now() + hour }].entries()) {
      const { id } = await ann.draft(ref, rollout(50 + index), times)
      w.pass(hour)
      expect((await ann.requests.get(id)).can.submit).toBe(true)
      const { request } = await ann.requests.submit(id, { applyAt: null, applyBy: null })
      expect(request.status).toBe('applied')
      w.pass(-hour)
    }
  })

  it('[TI-04] [TI-06] that has passed keeps nobody from going on with a draft: it is named anew when that is submitted', async () => {
    const w = world(open())
    await w.flag('checkout')
    await w.policy({ rules: { applyTime: 'open' } })
    const ann = w.as('ann')
    const until = w.now() + hour
    for (const times of [{ applyAt: until }, { applyBy: until }, { applyAt: { until } }]) {
      const { id } = await ann.draft(ref, rollout(50), times)
      w.pass(hour)
      expect((await ann.requests.get(id)).can).toMatchObject({ edit: true, submit: true })
      expect((await ann.requests.edit(id, ref, rollout(51))).request.status).toBe('draft')
      expect(await refusal(ann.requests.submit(id))).toBe('invalid_input')
      expect(await refusal(ann.requests.schedule(id, null, { applyBy: until - 1 }))).toBe('invalid_input')
      const { request } = await ann.requests.submit(id, { applyAt: null, applyBy: null })
      expect(request.status).toBe('pending')
      w.pass(-hour)
    }
  })
})
