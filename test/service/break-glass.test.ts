import { describe, expect, it } from 'vitest'
import type { RulesOfConduct } from '../../src/index.ts'
import { editNow } from '../edit-now.ts'
import { day, pending, refusal, rollout, storages, type World, world } from '../world.ts'

const users = {
  ann: ['developer'],
  ben: ['lead'],
  cat: ['lead'],
  eve: [],
  root: ['admin', 'lead'],
  ruth: ['admin'],
  robert: ['admin'],
}

async function gated(
  w: World,
  id: string,
  { rules = {}, quorum = 1 }: { rules?: Partial<RulesOfConduct>; quorum?: number } = {},
) {
  const ref = await w.flag(id)
  await w.policy({
    match: { resource: 'feature_flag' },
    require: { quorum, from: { roles: ['lead'] } },
    rules: { breakGlass: ['admin'], settleWithin: '2d', ...rules },
  })
  return ref
}

const incident = 'INC-7'
const broken = (seen: string) => ({ digest: seen, incident, reason: 'checkout is down' })

describe.each(storages)('breaking the glass, on $name', ({ open }) => {
  it('[BY-10] [F3] applies in an emergency, tells everyone concerned, and is on record as what it is', async () => {
    const w = world(open(), users)
    const ref = await gated(w, 'checkout')
    const request = pending(await w.as('ann').submit(ref, rollout(0)))
    await editNow(w.as('cat'), request.id, ref, { merge: { description: 'off' } })
    const { digest } = await w.as('ruth').requests.get(request.id)
    const done = await w.as('ruth').requests.breakGlass(request.id, broken(digest))
    expect(done.request).toMatchObject({
      status: 'applied',
      reviews: [],
      followUp: { by: 'ruth', incident, policies: ['reviewed'], at: w.now(), dueAt: w.now() + 2 * day, reviews: [] },
    })
    expect(done.request).not.toHaveProperty('bypassedBy')
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ document: { rollout: 0 } })
    const notice = (await w.notices()).find(({ type }) => type === 'glass_broken')
    expect(notice?.to.toSorted()).toEqual(['ann', 'ben', 'cat', 'root'])
    expect(notice).toMatchObject({ by: 'ruth', reason: 'checkout is down' })
    const events = await w.as('ann').audit.events({ request: request.id })
    expect(events.at(-1)?.event).toMatchObject({
      type: 'glass_broken',
      by: 'ruth',
      incident,
      reason: 'checkout is down',
    })
    expect(await w.as('ann').requests.followUps()).toMatchObject([{ request: request.id, by: 'ruth', incident }])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[BY-10] [F4] is for those whom every policy lets, with a reason, an incident, and what they saw', async () => {
    const w = world(open(), users)
    const ref = await gated(w, 'checkout')
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(0)))
    const call = (user: string, options: object = {}) =>
      refusal(w.as(user).requests.breakGlass(id, { ...broken(digest), ...options }))
    expect(await call('ben')).toBe('break_glass_forbidden')
    expect(await call('ruth', { reason: ' ' })).toBe('reason_required')
    expect(await call('ruth', { incident: '' })).toBe('invalid_input')
    expect(await call('ruth', { digest: `sha256:${'0'.repeat(64)}` })).toBe('digest_mismatch')
    expect(await refusal(w.as('ruth').requests.bypass(id, { digest, reason: 'now' }))).toBe('bypass_forbidden')
    await w.policy({ id: 'second' })
    expect(await call('ruth')).toBe('break_glass_forbidden')
    const refused = await w.as('ann').audit.events({ refusals: 'ruth' })
    expect(refused.map(({ event }) => event['code'])).toContain('break_glass_forbidden')
    expect(await w.as('ann').requests.followUps()).toEqual([])
  })

  it('[BY-10] is not used again before it is reviewed: not by the same person, nor against the same policy', async () => {
    const w = world(open(), users)
    const other = await w.flag('other')
    const ref = await gated(w, 'checkout')
    await w.as('ann').policies.save({
      id: 'others',
      match: { resource: 'experiment' },
      require: { quorum: 1, from: { roles: ['lead'] } },
      rules: { breakGlass: ['admin'] },
    })
    const first = pending(await w.as('ann').submit(ref, rollout(0)))
    const again = pending(await w.as('ann').submit(other, rollout(1)))
    const elsewhere = pending(
      await w.as('ann').submit({ type: 'experiment', id: 'e' }, { value: { name: 'e', traffic: 1 } }),
    )
    await w.as('ruth').requests.breakGlass(first.id, broken(first.digest))

    const second = (user: string) => refusal(w.as(user).requests.breakGlass(again.id, broken(again.digest)))
    expect(await second('ruth')).toBe('follow_up_pending')
    expect(await second('robert')).toBe('follow_up_pending')
    expect((await w.as('robert').requests.get(again.id)).can.breakGlass).toMatchObject({ code: 'follow_up_pending' })
    const third = (user: string) => w.as(user).requests.breakGlass(elsewhere.id, broken(elsewhere.digest))
    expect(await refusal(third('ruth'))).toBe('follow_up_pending')
    w.person('root', 'ruth')
    expect(await refusal(third('root'))).toBe('follow_up_pending')
    expect((await third('robert')).request.status).toBe('applied')

    await w.as('ben').requests.followUp(first.id, { digest: first.digest, reason: 'it was needed' })
    expect(await w.as('ann').requests.followUps()).toMatchObject([{ request: elsewhere.id }])
    await w.as('cat').requests.approve(again.id, { digest: again.digest })
    expect(await second('ruth')).toBe('not_open')
    const next = pending(await w.as('ann').submit(ref, rollout(2)))
    expect((await w.as('ruth').requests.breakGlass(next.id, broken(next.digest))).request.status).toBe('applied')
  })

  it('[BY-10] is reviewed by as many as were asked for, out of those who could have approved, and not by who did it', async () => {
    const w = world(open(), { ...users, dan: ['lead'], amy: ['lead'] })
    w.person('amy', 'ann')
    const ref = await gated(w, 'checkout', { quorum: 2, rules: { selfApproval: false } })
    const request = pending(await w.as('ann').submit(ref, rollout(0)))
    await w.as('cat').requests.edit(request.id, ref, rollout(1))
    const { digest: seen, id } = await w.as('root').requests.get(request.id)
    await w.as('ben').requests.approve(id, { digest: seen })
    await w.as('root').requests.breakGlass(id, broken(seen))
    const settle = (user: string, options: object = {}) =>
      w.as(user).requests.followUp(id, { digest: seen, reason: 'it was needed', ...options })
    expect(await refusal(settle('root'))).toBe('own_follow_up')
    w.person('ruth', 'root')
    w.roles('ruth', ['lead'])
    expect(await refusal(settle('ruth'))).toBe('own_follow_up')
    expect(await refusal(settle('ann'))).toBe('self_approval')
    expect(await refusal(settle('amy'))).toBe('self_approval')
    expect(await refusal(settle('cat'))).toBe('contributor')
    expect(await refusal(settle('eve'))).toBe('not_an_approver')
    expect(await refusal(settle('ben', { reason: '' }))).toBe('reason_required')
    expect(await refusal(settle('ben', { digest: request.digest }))).toBe('digest_mismatch')

    expect((await settle('ben')).request.followUp).not.toHaveProperty('doneAt')
    expect(await refusal(settle('ben'))).toBe('already_reviewed')
    const settled = await settle('dan', { reason: 'a rollback would have done' })
    expect(settled.request.followUp).toMatchObject({
      doneAt: w.now(),
      reviews: [{ by: 'ben' }, { by: 'dan', reason: 'a rollback would have done' }],
    })
    expect(settled.request).toMatchObject({ status: 'applied', reviews: [{ by: 'ben' }] })
    expect(await refusal(settle('dan'))).toBe('no_follow_up')
    const told = (await w.notices()).filter(({ type }) => type === 'follow_up_done')
    expect(told).toMatchObject([{ to: ['ann', 'root'] }])
    expect(await w.as('ann').requests.followUps()).toEqual([])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[BY-10] is settled by people who had no part in it before', async () => {
    const w = world(open(), users)
    const { id, digest: seen } = pending(
      await w.as('ann').submit(await gated(w, 'checkout', { quorum: 2 }), rollout(0)),
    )
    await w.as('ruth').requests.breakGlass(id, broken(seen))
    for (const user of ['ben', 'cat']) await w.as(user).requests.followUp(id, { digest: seen, reason: 'it was needed' })
    expect(await w.as('ann').requests.followUps()).toEqual([])
  })

  it('[BY-10] reminds of a review that is overdue, until it is there', async () => {
    const w = world(open(), users)
    const ref = await gated(w, 'checkout')
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(0)))
    await w.as('ruth').requests.breakGlass(id, broken(digest))
    const told = async () => (await w.notices()).filter(({ type }) => type === 'follow_up_pending')
    w.pass(2 * day - 1)
    expect(await told()).toEqual([])
    w.pass(1)
    expect((await told()).map(({ to }) => to.toSorted())).toEqual([['ben', 'cat', 'root', 'ruth']])
    expect(await told()).toHaveLength(1)
    w.pass(9 * day)
    expect(await told()).toHaveLength(2)
    await w.as('ben').requests.followUp(id, { digest, reason: 'it was needed' })
    w.pass(9 * day)
    expect(await told()).toHaveLength(2)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[BY-10] lets one of two through who break the glass at once', async () => {
    const w = world(open(), users)
    const refs = [await w.flag('other'), await gated(w, 'checkout')]
    const requests = await Promise.all(refs.map(async (ref) => pending(await w.as('ann').submit(ref, rollout(0)))))
    const outcomes = await Promise.allSettled(
      requests.map(({ id, digest }, at) => w.as(at === 0 ? 'ruth' : 'robert').requests.breakGlass(id, broken(digest))),
    )
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'follow_up_pending' },
    })
    expect(await w.as('ann').requests.followUps()).toHaveLength(1)
  })
})
