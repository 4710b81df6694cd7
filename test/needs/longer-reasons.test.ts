import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../src/index.ts'
import { flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')

/** A request of Ann's that says why, and waits for two leads. */
async function waiting(open: (typeof storages)[number]['open'], rules: PolicyInput['rules'] = {}) {
  const w = world(open(), { ann: [], ben: ['lead'], cat: ['lead'], dora: [] })
  await w.flag('checkout')
  await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } }, rules: { apply: 'by_hand', ...rules } })
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50), { reason: 'for the sale' }))
  const get = () => w.as('ann').requests.get(id)
  const add = (text: string, user = 'ann') => w.as(user).requests.describe(id, text)
  return { w, id, digest, get, add }
}

describe.each(storages)('[WO-05] adding to the reason of a request, on $name', ({ open }) => {
  it('[WO-05] leaves what was reviewed as it is, and approvals say how much they saw', async () => {
    const { w, id, digest, get, add } = await waiting(open)
    const at = w.now()
    await w.as('ben').requests.approve(id, { digest })
    w.pass(1_000)
    await add('Support asks for it, too.')
    await add('Ticket 812.')
    await w.as('cat').requests.approve(id, { digest })
    const read = await get()
    expect(read).toMatchObject({ status: 'approved', digest, reason: 'for the sale' })
    expect(read.additions).toEqual([
      { by: 'ann', at: at + 1_000, text: 'Support asks for it, too.' },
      { by: 'ann', at: at + 1_000, text: 'Ticket 812.' },
    ])
    expect(read.reviews.map(({ by, additions = 0 }) => [by, additions])).toEqual([
      ['ben', 0],
      ['cat', 2],
    ])
    await add('It is agreed now.')
    expect((await w.as('ann').requests.apply(id)).request.status).toBe('applied')
    const log = await w.as('ann').audit.events({ request: id })
    const told = log.filter(({ event }) => event['type'] === 'described').map(({ event }) => event['reason'])
    expect(told).toEqual(['Support asks for it, too.', 'Ticket 812.', 'It is agreed now.'])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-05] is for the requester alone, while the request is open, up to ten times', async () => {
    const { w, id, get, add } = await waiting(open)
    expect(await refusal(add('me too', 'ben'))).toBe('not_the_requester')
    expect(await refusal(add(' '))).toBe('reason_required')
    expect(await refusal(add('x'.repeat(10_001)))).toBe('invalid_input')
    for (let at = 1; at <= 10; at++) await add(`addition ${at}`)
    await expect(add('one more')).rejects.toMatchObject({
      code: 'limit_reached',
      details: { what: 'additions', limit: 10 },
    })
    expect((await get()).can.describe).toMatchObject({ code: 'limit_reached' })
    await w.as('ann').requests.cancel(id)
    expect(await refusal(add('too late'))).toBe('not_open')
    expect((await get()).additions).toHaveLength(10)
  })

  it('[WO-05] stays through other content and a recall, and goes with the reason that it was added to', async () => {
    const { w, id, get, add } = await waiting(open)
    await add('Ticket 812.')
    await w.as('ann').requests.edit(id, ref, (flag) => {
      flag.rollout = 55
    })
    await w.as('ann').requests.recall(id)
    await w.as('ann').requests.submit(id)
    expect((await get()).additions).toMatchObject([{ text: 'Ticket 812.' }])
    await w.as('ann').requests.recall(id)
    await w.as('ann').requests.submit(id, { reason: 'for the sale, and ticket 812' })
    expect(await get()).not.toHaveProperty('additions')
    await add('And 813.')
    expect((await get()).additions).toHaveLength(1)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-05] tells those whose reviews stand, and nobody else', async () => {
    const { w, id, digest, add } = await waiting(open)
    await add('Nobody has said anything yet.')
    await w.as('ben').requests.approve(id, { digest })
    await add('Ticket 812.')
    const told = (await w.notices()).filter(({ type }) => type === 'described')
    expect(told.map(({ to, reason }) => [to, reason])).toEqual([[['ben'], 'Ticket 812.']])
  })

  it('[WO-05] can be erased', async () => {
    const { w, id, get, add } = await waiting(open)
    await add('Carla Secret says so')
    await w.as('ann').audit.erase({ request: id }, {})
    expect(await get()).toMatchObject({ reason: '[erased]', additions: [{ by: 'ann', text: '[erased]' }] })
    await w.as('ann').requests.recall(id)
    await w.as('ann').requests.submit(id)
    expect((await get()).additions).toHaveLength(1)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})
