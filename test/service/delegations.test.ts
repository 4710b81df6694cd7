import { describe, expect, it } from 'vitest'
import { createApprovals } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { day, flags, pending, refusal, rollout, start, storages, type World, world } from '../world.ts'

const users = { ann: ['developer'], ben: ['lead'], cat: [], dan: [], eve: ['lead'], fay: ['lead'] }
const week = 7 * day

async function gated(w: World, quorum = 1) {
  const ref = await w.flag('checkout')
  await w.policy({ require: { quorum, from: { roles: ['lead'] } } })
  return ref
}

describe.each(storages)('delegations, on $name', ({ open }) => {
  it('[BY-14] [C2] lets a delegate answer for somebody, on record as who answered for whom', async () => {
    const w = world(open(), users)
    const request = pending(await w.as('ann').submit(await gated(w), rollout(80)))
    const behalf = { digest: request.digest, onBehalfOf: 'ben' }
    expect(await refusal(w.as('cat').requests.approve(request.id, behalf))).toBe('not_delegated')
    await w.as('ben').delegations.save({ to: 'cat', ends: w.now() + week, reason: 'on holiday' })
    expect(await w.notices()).toContainEqual(
      expect.objectContaining({ type: 'delegated', to: ['cat'], by: 'ben', reason: 'on holiday' }),
    )
    expect(await refusal(w.as('cat').requests.approve(request.id, { digest: request.digest }))).toBe('not_an_approver')
    const { approval } = await w.as('cat').requests.get(request.id)
    expect(approval?.standIns).toEqual([{ user: 'cat', onBehalfOf: 'ben' }])

    const done = await w.as('cat').requests.approve(request.id, behalf)
    expect(done.request.status).toBe('applied')
    expect(done.request.reviews).toMatchObject([{ by: 'cat', onBehalfOf: 'ben', roles: ['lead'] }])
    const events = await w.as('ann').audit.events({ request: request.id })
    expect(events.at(-1)?.event).toMatchObject({ type: 'approved', by: 'cat', onBehalfOf: 'ben' })
    const given = await w.as('ann').audit.events({ delegations: 'ben' })
    expect(given.map(({ event }) => event)).toMatchObject([{ type: 'delegated', by: 'ben', to: 'cat' }])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[BY-14] [C11] counts a delegate and who delegated once, and lets the latter overrule', async () => {
    const w = world(open(), { ...users, cat: ['lead'] })
    const request = pending(await w.as('ann').submit(await gated(w, 2), rollout(80)))
    const { id, digest: seen } = request
    await w.as('ben').delegations.save({ to: 'cat', ends: w.now() + week })
    await w.as('cat').requests.approve(id, { digest: seen, onBehalfOf: 'ben' })
    expect((await w.as('ben').requests.approve(id, { digest: seen })).request).toMatchObject({
      status: 'pending',
      reviews: [{ by: 'ben' }],
    })
    expect(await refusal(w.as('cat').requests.reject(id, { digest: seen, onBehalfOf: 'ben', reason: 'no' }))).toBe(
      'already_reviewed',
    )
    await w.as('ben').requests.withdraw(id)
    await w.as('cat').requests.approve(id, { digest: seen, onBehalfOf: 'ben' })
    expect((await w.as('cat').requests.approve(id, { digest: seen })).request).toMatchObject({
      status: 'pending',
      reviews: [{ by: 'cat' }],
    })
    await w.as('cat').requests.approve(id, { digest: seen, onBehalfOf: 'ben' })
    expect((await w.as('ben').requests.withdraw(id)).request.reviews).toEqual([])

    await w.as('cat').requests.approve(id, { digest: seen, onBehalfOf: 'ben' })
    await w.as('eve').delegations.save({ to: 'cat', ends: w.now() + week })
    expect((await w.as('cat').requests.approve(id, { digest: seen, onBehalfOf: 'eve' })).request.status).toBe('pending')
    expect((await w.as('fay').requests.approve(id, { digest: seen })).request.status).toBe('applied')
  })

  it("[BY-14] [C11] takes back nobody else's objection with an answer for somebody", async () => {
    const w = world(open(), { ...users, cat: ['lead'] })
    const ref = await w.flag('checkout')
    await w.policy({ rules: { onReject: 'block' } })
    const { id, digest: seen } = pending(await w.as('ann').submit(ref, rollout(80)))
    for (const lead of ['ben', 'eve']) await w.as(lead).delegations.save({ to: 'cat', ends: w.now() + week })
    await w.as('cat').requests.reject(id, { digest: seen, onBehalfOf: 'eve', reason: 'no' })
    const { request } = await w.as('cat').requests.approve(id, { digest: seen, onBehalfOf: 'ben' })
    expect(request).toMatchObject({
      status: 'pending',
      reviews: [
        { onBehalfOf: 'eve', verdict: 'reject' },
        { onBehalfOf: 'ben', verdict: 'approve' },
      ],
    })
    expect((await w.as('eve').requests.withdraw(id)).request.status).toBe('applied')
  })

  it('[BY-14] [C11] counts one person once who answers as themselves and, under another account, for somebody', async () => {
    const w = world(open(), { ...users, caty: ['lead'] })
    w.person('caty', 'cat')
    const { id, digest: seen } = pending(await w.as('ann').submit(await gated(w, 2), rollout(80)))
    await w.as('ben').delegations.save({ to: 'cat', ends: w.now() + week })
    await w.as('cat').requests.approve(id, { digest: seen, onBehalfOf: 'ben' })
    expect((await w.as('caty').requests.approve(id, { digest: seen })).request.status).toBe('pending')
    expect((await w.as('fay').requests.approve(id, { digest: seen })).request.status).toBe('applied')
  })

  it('[BY-14] [C11] never lets the requester or a contributor answer through anybody, nor anybody through them', async () => {
    const w = world(open(), { ...users, ann: ['lead'], amy: [] })
    const ref = await gated(w, 2)
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('eve').requests.edit(request.id, ref, rollout(70))
    w.person('amy', 'ann')
    const { digest: seen } = await w.as('ann').requests.get(request.id)
    const ends = w.now() + week
    for (const to of ['dan', 'fay']) await w.as('ann').delegations.save({ to, ends })
    for (const to of ['ann', 'amy', 'eve']) await w.as('ben').delegations.save({ to, ends })
    await w.as('eve').delegations.save({ to: 'dan', ends })
    const approve = (user: string, onBehalfOf: string) =>
      refusal(w.as(user).requests.approve(request.id, { digest: seen, onBehalfOf }))
    expect(await approve('dan', 'ann')).toBe('self_approval')
    expect(await approve('fay', 'ann')).toBe('self_approval')
    expect(await approve('ann', 'ben')).toBe('self_approval')
    expect(await approve('amy', 'ben')).toBe('self_approval')
    expect(await approve('eve', 'ben')).toBe('contributor')
    expect(await approve('dan', 'eve')).toBe('contributor')
    const { approval } = await w.as('ann').requests.get(request.id)
    expect(approval?.standIns).toEqual([])
  })

  it('[BY-14] [C11] is over at its end, begins at its beginning, and covers what it is about alone', async () => {
    const w = world(open(), users)
    const ref = await gated(w)
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const approve = () => w.as('cat').requests.approve(request.id, { digest: request.digest, onBehalfOf: 'ben' })
    const give = (match: object, more: object = {}) =>
      w.as('ben').delegations.save({ to: 'cat', ends: w.now() + day, match, ...more })
    for (const match of [
      { project: 'shop' },
      { resource: ['experiment'] },
      { project: 'web', resource: 'experiment' },
    ]) {
      await give(match)
      expect(await refusal(approve())).toBe('not_delegated')
    }
    await give({ project: 'web' }, { begins: w.now() + 1 })
    expect(await refusal(approve())).toBe('not_delegated')
    await give({ project: ['web', 'shop'], resource: 'feature_flag' })
    w.pass(day)
    expect(await refusal(approve())).toBe('not_delegated')
    expect(await w.as('ben').delegations.list()).toEqual([])
    await give({})
    expect(await w.as('ann').delegations.list()).toMatchObject([{ from: 'ben', to: 'cat', match: {} }])
    await w.as('ben').delegations.remove('cat')
    expect(await refusal(w.as('ben').delegations.remove('cat'))).toBe('unknown_delegation')
    expect(await refusal(approve())).toBe('not_delegated')
    await give({})
    w.pass(day - 1)
    expect((await approve()).request.status).toBe('applied')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[BY-14] [C11] closes no circle, hands nothing on, and ends within a year', async () => {
    const w = world(open(), users)
    const request = pending(await w.as('ann').submit(await gated(w), rollout(80)))
    const give = (from: string, to: string, ends = w.now() + week, more: object = {}) =>
      w.as(from).delegations.save({ to, ends, ...more })
    await give('ben', 'cat')
    await give('cat', 'dan')
    expect(await refusal(give('dan', 'ben'))).toBe('not_delegable')
    expect(await refusal(give('cat', 'ben'))).toBe('not_delegable')
    expect(await refusal(give('ben', 'ben'))).toBe('not_delegable')
    await give('dan', 'ben', w.now() + 2 * week, { begins: w.now() + week })
    const behalf = { digest: request.digest, onBehalfOf: 'ben' }
    expect(await refusal(w.as('dan').requests.approve(request.id, behalf))).toBe('not_delegated')
    expect(await refusal(w.as('dan').requests.approve(request.id, { ...behalf, onBehalfOf: 'cat' }))).toBe(
      'not_an_approver',
    )
    expect(await refusal(give('ben', 'zoe'))).toBe('unknown_actor')
    expect(await refusal(give('zoe', 'ben'))).toBe('unknown_actor')
    for (const ends of [w.now(), w.now() + 367 * day])
      expect(await refusal(give('ben', 'dan', ends))).toBe('invalid_input')
    for (const odd of [{ match: { project: [] } }, { match: { action: 'update' } }, { from: 'eve' }]) {
      expect(await refusal(give('ben', 'dan', w.now() + day, odd))).toBe('invalid_input')
    }
  })

  it('[BY-14] judges whoever delegated again when the change is applied', async () => {
    const w = world(open(), users)
    const ref = await w.flag('checkout')
    await w.policy({ rules: { apply: 'by_hand' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').delegations.save({ to: 'cat', ends: w.now() + day })
    await w.as('cat').requests.approve(request.id, { digest: request.digest, onBehalfOf: 'ben' })
    w.pass(day)
    w.roles('ben', [])
    expect(await refusal(w.as('ann').requests.apply(request.id))).toBe('approval_missing')
    w.roles('ben', ['lead'])
    expect((await w.as('ann').requests.apply(request.id)).request.status).toBe('applied')
  })

  it('[D2] counts who was an approver when they answered alone, where a policy says so', async () => {
    const w = world(open(), users)
    const ref = await w.flag('checkout')
    const approved = async (eligibleAt: 'both' | 'review') => {
      await w.policy({ rules: { apply: 'by_hand', eligibleAt } })
      w.roles('ben', ['lead'])
      const request = pending(await w.as('ann').submit(ref, rollout(eligibleAt === 'both' ? 80 : 90)))
      await w.as('ben').requests.approve(request.id, { digest: request.digest })
      w.roles('ben', [])
      return request.id
    }
    expect(await refusal(w.as('ann').requests.apply(await approved('both')))).toBe('approval_missing')
    const id = await approved('review')
    const { approval } = await w.as('ann').requests.get(id)
    expect(approval).toMatchObject({ met: true })
    expect((await w.as('ann').requests.apply(id)).request).toMatchObject({
      status: 'applied',
      reviews: [{ by: 'ben', person: 'ben', roles: ['lead'] }],
    })
  })
})

it('[BY-14] [BY-18] keeps agents out of delegations, on both sides', async () => {
  const known = new Map<string, { roles: readonly string[]; owner?: string }>([
    ['ann', { roles: [] }],
    ['ben', { roles: ['lead'] }],
    ['cat', { roles: [] }],
    ['bot', { roles: ['lead'], owner: 'dan' }],
    ['dan', { roles: [] }],
  ])
  const approvals = createApprovals({
    admins: 'anyone',
    storage: memoryStorage(),
    resources: [flags],
    directory: {
      users: async (_scope, ids) => ids.map((id) => known.get(id)),
      holders: async (_scope, role) => [...known].filter(([, { roles }]) => roles.includes(role)).map(([id]) => id),
      roles: async (_scope, names) => names.map(() => true),
    },
    now: () => start,
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  expect(await refusal(as('ben').delegations.save({ to: 'bot', ends: start + day }))).toBe('not_delegable')
  expect(await refusal(as('bot').delegations.save({ to: 'ben', ends: start + day }))).toBe('not_delegable')

  const ref = flags.ref('checkout')
  await as('ann').submit(ref, { value: { enabled: true, rollout: 40 } })
  await as('ann').policies.save({ id: 'all', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
  const { id, digest } = pending(await as('ann').submit(ref, rollout(80)))
  await as('ben').delegations.save({ to: 'cat', ends: start + day })
  known.set('cat', { roles: [], owner: 'dan' })
  expect(await refusal(as('cat').requests.approve(id, { digest, onBehalfOf: 'ben' }))).toBe('not_delegated')
})
