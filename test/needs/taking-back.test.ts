import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/storage/memory.ts'
import { day, flags, pending, refusal, rollout, storages, type World, world } from '../world.ts'

const users = {
  ann: ['developer'],
  ben: ['security'],
  cat: ['lead'],
  dora: [],
  dan: ['lead'],
  eve: ['security'],
  zoe: ['admin'],
}

/** One lead is asked, security holds a veto, and rejections stand in the way. */
async function asked(w: World, quorum = 1) {
  const ref = flags.ref('checkout')
  await w.policy({
    require: { quorum, from: { roles: ['lead'] } },
    veto: { roles: ['security'] },
    rules: { onReject: 'block', expiresAfter: '60d' },
  })
  const { id, digest: seen } = pending(await w.as('ann').submit(ref, { value: { enabled: true, rollout: 1 } }))
  const lets = (from: string, to = 'dora', more: object = {}) =>
    w.as(from).delegations.save({ to, ends: w.now() + 7 * day, ...more })
  const answers = async () =>
    (await w.as('ann').requests.get(id)).reviews.map(({ by, onBehalfOf = by, verdict }) => [by, onBehalfOf, verdict])
  return { id, digest: seen, lets, answers, ref }
}

describe.each(storages)('[FA-08] an answer that is taken back, on $name', ({ open }) => {
  it('[FA-08] given for somebody, is taken back by whoever answers for them then, and by nobody who did once', async () => {
    const w = world(open(), users)
    const { id, digest: seen, lets, answers } = await asked(w)
    await lets('ben')
    await w.as('dora').requests.reject(id, { digest: seen, reason: 'ben says no', onBehalfOf: 'ben' })
    expect((await w.as('cat').requests.approve(id, { digest: seen })).request.status).toBe('pending')
    await w.as('ben').delegations.remove('dora')
    for (const options of [{}, { onBehalfOf: 'ben' }]) {
      expect(await refusal(w.as('dora').requests.withdraw(id, options))).toBe('not_delegated')
    }
    expect((await w.as('dora').requests.get(id)).can.withdraw).toMatchObject({ code: 'not_delegated' })
    expect(await refusal(w.as('dora').requests.withdraw(id, { onBehalfOf: 'cat' }))).toBe('no_review')
    expect(await refusal(w.as('dan').requests.withdraw(id, { onBehalfOf: 'ben' }))).toBe('not_delegated')
    expect(await answers()).toEqual([
      ['dora', 'ben', 'reject'],
      ['cat', 'cat', 'approve'],
    ])
    await lets('ben', 'dan')
    expect((await w.as('dan').requests.withdraw(id, { onBehalfOf: 'ben' })).request.status).toBe('applied')
    const log = await w.as('ann').audit.events({ request: id })
    expect(log.at(-1)?.event).toMatchObject({ type: 'withdrawn', by: 'dan', onBehalfOf: 'ben', roles: ['security'] })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[FA-08] is the one that is meant, where somebody has given more than one', async () => {
    const w = world(open(), { ...users, dora: ['lead'] })
    const { id, digest: seen, lets, answers } = await asked(w, 3)
    await lets('ben')
    await lets('eve')
    await w.as('dora').requests.reject(id, { digest: seen, reason: 'no', onBehalfOf: 'ben' })
    await w.as('dora').requests.reject(id, { digest: seen, reason: 'no', onBehalfOf: 'eve' })
    await w.as('dora').requests.approve(id, { digest: seen })
    await expect(w.as('dora').requests.withdraw(id)).rejects.toMatchObject({
      code: 'invalid_input',
      details: { argument: 'options.onBehalfOf', problem: 'must say whose answer: "ben" or "eve" or "dora"' },
    })
    expect((await w.as('dora').requests.get(id)).can.withdraw).toBe(true)
    await w.as('dora').requests.withdraw(id, { onBehalfOf: 'eve' })
    expect((await answers()).map(([, whose]) => whose)).toEqual(['ben', 'dora'])
    await w.as('dora').requests.withdraw(id, { onBehalfOf: 'dora' })
    expect((await answers()).map(([, whose]) => whose)).toEqual(['ben'])
    await w.as('dora').requests.withdraw(id)
    expect(await answers()).toEqual([])
  })
})

describe('[FA-08] taking an answer back asks what giving it asked', () => {
  const held = async (more: Record<string, readonly string[]> = {}) => {
    const w = world(memoryStorage(), { ...users, ...more })
    return { w, ...(await asked(w)) }
  }

  it('[FA-08] ends with the time of a delegation, and covers what that is about alone', async () => {
    const { w, id, digest: seen, lets } = await held()
    await lets('ben')
    await w.as('dora').requests.reject(id, { digest: seen, reason: 'no', onBehalfOf: 'ben' })
    await lets('ben', 'dora', { match: { project: 'shop' } })
    expect(await refusal(w.as('dora').requests.withdraw(id))).toBe('not_delegated')
    await lets('ben', 'dora', { begins: w.now() + day })
    expect(await refusal(w.as('dora').requests.withdraw(id))).toBe('not_delegated')
    await lets('ben')
    w.pass(7 * day)
    expect(await refusal(w.as('dora').requests.withdraw(id))).toBe('not_delegated')
  })

  it('[FA-08] is refused to a delegate of somebody who may not object any more, or who is gone, and of the requester', async () => {
    const { w, id, digest: seen, lets } = await held()
    await lets('ben')
    await w.as('dora').requests.reject(id, { digest: seen, reason: 'no', onBehalfOf: 'ben' })
    w.roles('ben', ['developer'])
    expect(await refusal(w.as('dora').requests.withdraw(id))).toBe('not_an_approver')
    w.roles('ben', ['security'])
    for (const user of ['dora', 'ben']) {
      w.person(user, 'ann')
      expect(await refusal(w.as('dora').requests.withdraw(id))).toBe('self_approval')
      w.person(user, user)
    }
    w.leave('ben')
    expect(await refusal(w.as('dora').requests.withdraw(id))).toBe('not_delegated')
    w.leave('dora')
    expect(await refusal(w.as('dora').requests.withdraw(id))).toBe('unknown_actor')
  })

  it('[FA-08] leaves to its owner what was given in their name, whatever became of whoever gave it', async () => {
    const { w, id, digest: seen, lets } = await held()
    await lets('ben')
    await w.as('dora').requests.reject(id, { digest: seen, reason: 'no', onBehalfOf: 'ben' })
    await w.as('ben').delegations.remove('dora')
    w.leave('dora')
    expect((await w.as('ben').requests.withdraw(id)).request.reviews).toEqual([])
  })

  it('[FA-08] lifts no rejection of somebody who may not reject any more, who says so to nobody but has a way out', async () => {
    const { w, id, digest: seen, ref } = await held()
    await w.as('ben').requests.reject(id, { digest: seen, reason: 'no' })
    w.roles('ben', [])
    expect(await refusal(w.as('ben').requests.withdraw(id))).toBe('not_an_approver')
    expect(await refusal(w.as('ben').requests.approve(id, { digest: seen }))).toBe('not_an_approver')
    expect((await w.as('cat').requests.approve(id, { digest: seen })).request.status).toBe('pending')
    const stuck = await w.as('ann').requests.get(id)
    expect(stuck.approval).toMatchObject({ met: false, satisfiable: false, blocking: [{ by: 'ben' }] })
    expect(stuck.remedies).toContainEqual({ type: 'people', method: 'edit', users: ['ann'] })
    const { request } = await w.as('ann').requests.edit(id, ref, rollout(2))
    expect((await w.as('cat').requests.approve(id, { digest: request.digest })).request.status).toBe('applied')
  })

  it("[FA-08] lets everybody take back a yes of their own, which brings nothing nearer, and nobody another's", async () => {
    const { w, id, digest: seen, lets } = await held({ fay: ['lead'] })
    await w.policy({ require: { quorum: 3, from: { roles: ['lead'] } }, rules: { onReject: 'block' } })
    await lets('cat')
    await w.as('dora').requests.approve(id, { digest: seen, onBehalfOf: 'cat' })
    await w.as('dan').requests.approve(id, { digest: seen })
    w.roles('dan', [])
    expect((await w.as('dan').requests.withdraw(id)).request.reviews).toMatchObject([{ by: 'dora' }])
    await w.as('cat').delegations.remove('dora')
    expect(await refusal(w.as('dora').requests.withdraw(id))).toBe('not_delegated')
    expect((await w.as('cat').requests.withdraw(id)).request.reviews).toEqual([])
  })

  it('[FA-08] is asked also where another answer would take its place', async () => {
    const { w, id, digest: seen, lets, answers } = await held({ dora: ['lead'], fay: ['lead'] })
    await w.policy({ require: { quorum: 3, from: { roles: ['lead'] } }, rules: { onReject: 'block' } })
    await lets('cat')
    await lets('dan', 'cat')
    await lets('ben', 'dora')
    await w.as('dora').requests.approve(id, { digest: seen, onBehalfOf: 'cat' })
    await w.as('cat').requests.approve(id, { digest: seen, onBehalfOf: 'dan' })
    await w.as('cat').delegations.remove('dora')
    await w.as('dora').requests.approve(id, { digest: seen })
    expect(await answers()).toEqual([
      ['dora', 'cat', 'approve'],
      ['cat', 'dan', 'approve'],
      ['dora', 'dora', 'approve'],
    ])
    await w.as('dora').requests.reject(id, { digest: seen, reason: 'no', onBehalfOf: 'ben' })
    expect(await answers()).toEqual([
      ['dora', 'cat', 'approve'],
      ['cat', 'dan', 'approve'],
      ['dora', 'ben', 'reject'],
    ])
    await w.as('ben').delegations.remove('dora')
    expect(await refusal(w.as('dora').requests.approve(id, { digest: seen, onBehalfOf: 'ben' }))).toBe('not_delegated')
    w.leave('cat')
    expect(await refusal(w.as('cat').delegations.remove('dora'))).toBe('unknown_actor')
  })
})
