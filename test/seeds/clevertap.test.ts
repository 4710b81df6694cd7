import { describe, expect, it } from 'vitest'
import type { Audiences } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { hour, lifecycleWorld } from '../lifecycle-world.ts'
import { pending, refusal, rollout, storages, world } from '../world.ts'

describe.each(storages)('CleverTap approvals on $name', ({ open }) => {
  it('[CT-23] takes feedback of up to 1,024 characters as people count them, visible to the creator', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { feedbackLimit: 1_024 }, require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const family = '👨‍👩‍👧‍👦'
    const tooLong = { digest: request.digest, reason: family.repeat(1_025) }
    expect(await refusal(w.as('ben').requests.approve(request.id, tooLong))).toBe('invalid_input')
    await w.as('ben').requests.approve(request.id, { digest: request.digest, reason: family.repeat(1_024) })
    const { reviews } = await w.as('ann').requests.get(request.id)
    expect(reviews).toMatchObject([{ by: 'ben', reason: family.repeat(1_024) }])
    await w.as('cat').requests.approve(request.id, { digest: request.digest })
  })

  /** Ann creates, Ben and Cat approve, Zoe and Zac are admins. */
  const staff = { ann: [], ben: ['lead'], cat: ['lead'], zoe: ['admin'], zac: ['admin'] }
  const audiences: Partial<Audiences> = {
    submitted: ['approvers', 'admins'],
    approved: ['requester', 'admins'],
    applied: ['requester', 'admins'],
    rejected: ['requester', 'admins'],
  }

  it('[CT-07] [CT-24] tells admins and approvers of what is submitted, creator and admins of the answer', async () => {
    const w = lifecycleWorld(open(), staff, { admins: { roles: ['admin'] }, notices: audiences })
    const ref = await w.test('checkout', 'running')
    const gate = { match: { action: ['pause', 'finish'] }, require: { quorum: 1, from: { roles: ['lead'] } } }
    await w.as('zoe').policies.save({ id: 'reviewed', ...gate })
    const pause = await w.ask(ref, { action: 'pause' })
    expect(await w.standing(ref)).toMatchObject({ state: 'running', shown: 'pause_pending' })
    await w.as('ben').requests.reject(pause.id, { digest: pause.digest, reason: 'not now' })
    const finish = await w.ask(ref, { action: 'finish' })
    await w.as('cat').requests.approve(finish.id, { digest: finish.digest })
    await w.as('zoe').workflow.disable()
    await w.as('zoe').workflow.enable()
    const told = (await w.notices()).map(({ type, to }) => [type, to.toSorted()])
    const approving = ['ben', 'cat', 'zac', 'zoe']
    expect(told).toEqual([
      ['submitted', approving],
      ['rejected', ['ann', 'zac', 'zoe']],
      ['submitted', approving],
      ['applied', ['ann', 'zac', 'zoe']],
      ['workflow_off', approving],
      ['workflow_on', approving],
    ])
  })

  it('[CT-12] shows the live state again where the workflow is switched off, and tells creators only where that is wished', async () => {
    const wishes: readonly Partial<Audiences>[] = [{}, { returned: ['requester'] }]
    for (const notices of wishes) {
      const w = lifecycleWorld(open(), staff, { admins: { roles: ['admin'] }, notices })
      const ref = await w.test('checkout', 'running')
      await w.as('zoe').policies.save({
        id: 'reviewed',
        match: { action: 'pause' },
        require: { quorum: 1, from: { roles: ['lead'] } },
      })
      const before = await w.as('ann').resources.get(ref)
      const pause = await w.ask(ref, { action: 'pause' })
      expect(await w.standing(ref)).toMatchObject({ shown: 'pause_pending' })
      await w.as('zoe').workflow.disable()
      expect(await w.as('ann').resources.get(ref)).toEqual(before)
      expect(await w.as('ann').requests.get(pause.id)).toMatchObject({ status: 'draft' })
      const told = (await w.notices()).filter(({ to }) => to.includes('ann'))
      expect(told.map(({ type }) => type)).toEqual(notices.returned ? ['returned'] : [])
      await w.as('ben').submit(ref, { action: 'pause' })
      expect(await w.standing(ref)).toMatchObject({ state: 'paused', shown: 'paused' })
    }
  })

  it('[E10] shows the live state of what is held, applies nothing of it, and shows that it waits when the workflow is on again', async () => {
    const w = lifecycleWorld(open(), staff, { admins: { roles: ['admin'] } })
    const ref = await w.test('checkout', 'draft')
    await w.as('zoe').policies.save({
      id: 'reviewed',
      match: { action: 'schedule' },
      require: { quorum: 1, from: { roles: ['lead'] } },
    })
    const at = w.now() + hour
    const asked = await w.ask(ref, { action: 'schedule', at })
    await w.as('zoe').workflow.disable({ waiting: 'hold' })
    expect(await w.standing(ref)).toMatchObject({ state: 'draft', shown: 'draft' })
    expect(await refusal(w.as('ben').requests.approve(asked.id, { digest: asked.digest }))).toBe('workflow_off')
    expect(await refusal(w.as('cat').submit(ref, { action: 'start' }))).toBe('locked')
    await w.as('zoe').workflow.enable()
    expect(await w.standing(ref)).toMatchObject({ state: 'draft', shown: 'scheduling_pending' })
    await w.as('ben').requests.approve(asked.id, { digest: asked.digest })
    await w.as('zoe').workflow.disable()
    w.pass(hour)
    expect(await w.approvals.tick()).toMatchObject({ moved: 1, failed: [] })
    expect(await w.standing(ref)).toMatchObject({ state: 'running' })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})

describe('whom notices go to', () => {
  it('is refused where there is no such notice, or nobody of that name to it', () => {
    const wrong: readonly object[] = [
      { submited: ['approvers'] },
      { submitted: ['approver'] },
      { submitted: 'approvers' },
      { workflow_off: ['requester'] },
      { glass_broken: [] },
    ]
    for (const notices of wrong) {
      expect(() => world(memoryStorage(), undefined, undefined, { notices }), JSON.stringify(notices)).toThrow(
        TypeError,
      )
    }
  })

  it('can be nobody, everybody, and those who edited', async () => {
    const w = world(memoryStorage(), undefined, undefined, {
      admins: { users: ['eve'] },
      notices: { submitted: [], cancelled: ['contributors', 'approvers'], recalled: ['approvers', 'admins'] },
    })
    const ref = await w.flag('checkout')
    await w.as('eve').policies.save({ id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const { id } = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('dan').requests.edit(id, ref, rollout(81))
    await w.as('ann').requests.recall(id)
    await w.as('ann').requests.submit(id)
    await w.as('ann').requests.cancel(id)
    expect((await w.notices()).map(({ type, to }) => [type, to.toSorted()])).toEqual([
      ['recalled', ['amy', 'ben', 'cat', 'eve']],
      ['cancelled', ['amy', 'ben', 'cat', 'dan']],
    ])
  })
})
