import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/storage/memory.ts'
import { day, pending, refusal, rollout, world } from '../world.ts'

const users = { ann: ['developer'], ben: ['lead'], mia: ['manager'], root: ['admin'], ruth: ['security'] }

describe('a request that nobody can approve any more', () => {
  it('[BY-08] says so, and who can help', async () => {
    const w = world(memoryStorage(), users)
    const ref = await w.flag('checkout')
    await w.policy({
      escalate: { after: '2d', to: { roles: ['manager'] } },
      rules: { bypass: ['admin'], breakGlass: ['security'] },
    })
    const { id, digest: seen } = pending(await w.as('ann').submit(ref, rollout(80)))
    expect(await w.as('ann').requests.get(id)).not.toHaveProperty('remedies')
    const at = w.now() + 2 * day
    w.roles('ben', [])
    const stuck = await w.as('ann').requests.get(id)
    expect(stuck.approval).toMatchObject({ met: false, satisfiable: false })
    expect(stuck.remedies).toEqual([
      { type: 'escalation', at },
      { type: 'people', method: 'bypass', users: ['root'] },
      { type: 'people', method: 'breakGlass', users: ['ruth'] },
      { type: 'people', method: 'cancel', users: ['ann'] },
    ])
    expect(stuck.can).toMatchObject({ edit: true, recall: true, cancel: true })
    expect((await w.as('root').requests.get(id)).can.bypass).toBe(true)

    w.pass(2 * day)
    await w.approvals.tick()
    expect(await w.as('ann').requests.get(id)).not.toHaveProperty('remedies')
    expect((await w.as('mia').requests.approve(id, { digest: seen })).request.status).toBe('applied')
  })

  it('[BY-08] is asked anew of the people of today when its requester takes it back', async () => {
    const w = world(memoryStorage(), users)
    const ref = await w.flag('checkout')
    await w.policy()
    const { id } = pending(await w.as('ann').submit(ref, rollout(80)))
    w.roles('ben', [])
    await w.policy({ require: { quorum: 1, from: { roles: ['manager'] } } })
    const stuck = await w.as('mia').requests.get(id)
    expect(stuck.remedies).toContainEqual({ type: 'people', method: 'recall', users: ['ann'] })
    expect((await w.as('mia').requests.approve(id, { digest: stuck.digest })).request.status).toBe('pending')
    await w.as('mia').requests.withdraw(id)
    await w.as('ann').requests.recall(id)
    const { request } = await w.as('ann').requests.submit(id)
    expect((await w.as('mia').requests.approve(id, { digest: request.digest })).request.status).toBe('applied')
  })

  it('[BY-08] does not come from a policy that nobody could meet when it was saved', async () => {
    const w = world(memoryStorage(), users)
    expect(await refusal(w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } }))).toBe('invalid_policy')
    expect(await refusal(w.policy({ require: { quorum: 1, from: { roles: ['nobody'] } } }))).toBe('invalid_policy')
  })
})
