import { describe, expect, it } from 'vitest'
import { pending, refusal, rollout, storages, world } from '../world.ts'

describe.each(storages)('CleverTap approvals on $name', ({ open }) => {
  it('[CT-23] takes feedback of up to 1,024 characters as people count them, visible to the creator', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { feedbackLimit: 1_024 }, require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const family = '👨‍👩‍👧‍👦'
    const tooLong = { seen: request.digest, reason: family.repeat(1_025) }
    expect(await refusal(w.as('ben').approve(request.id, tooLong))).toBe('invalid_input')
    await w.as('ben').approve(request.id, { seen: request.digest, reason: family.repeat(1_024) })
    const { reviews } = await w.as('ann').requests.get(request.id)
    expect(reviews).toMatchObject([{ by: 'ben', reason: family.repeat(1_024) }])
    await w.as('cat').approve(request.id, { seen: request.digest })
  })
})
