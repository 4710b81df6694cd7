import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { Operator } from '../../src/core/policy/model/condition.ts'
import type { ChangeInput, Condition } from '../../src/index.ts'
import { type flagSchema, flags, pending, rollout, storages, type World, world } from '../world.ts'

type Flag = z.output<typeof flagSchema>

/** Tells whether a change of a flag waits for approval, and discards the request where it does. */
async function waits(w: World, change: ChangeInput<Flag>): Promise<boolean> {
  const outcome = await w.as('ann').submit(flags.ref('checkout'), change)
  if (outcome.status !== 'pending') return false
  await w.as('ann').requests.cancel(outcome.request.id)
  return true
}

/** A live flag at 40 % with two rules, and a policy that asks a lead about updates for which the condition holds. */
async function when(w: World, condition: Condition): Promise<void> {
  const rules = [
    { id: 'eu', rollout: 10 },
    { id: 'us', rollout: 90 },
  ]
  await w.flag('checkout', { enabled: true, rollout: 40, rules })
  await w.policy({ match: { resource: 'feature_flag', action: 'update' }, when: condition })
}

const operators: readonly (readonly [Operator, below: boolean, at: boolean, above: boolean])[] = [
  ['>', false, false, true],
  ['>=', false, true, true],
  ['<', true, false, false],
  ['<=', true, true, false],
  ['==', false, true, false],
  ['!=', true, false, true],
]

describe.each(storages)('PostHog policies on $name', ({ open }) => {
  it('[PH-08] keeps policies per project, and serves projects without one of their own from the organization', async () => {
    const w = world(open())
    const web = flags.ref('checkout', { project: 'web' })
    const app = flags.ref('search', { project: 'app' })
    for (const ref of [web, app]) await w.as('ann').submit(ref, { value: { enabled: true, rollout: 40 } })
    await w.policy({ id: 'organization', match: { action: 'update' }, fallback: true })
    await w.policy({
      id: 'web',
      match: { action: 'update', project: 'web' },
      require: { quorum: 1, from: { users: ['cat'] } },
    })

    const own = pending(await w.as('ann').submit(web, rollout(80)))
    expect(own.requirements.map(({ policy }) => policy)).toEqual(['web'])
    const served = pending(await w.as('ann').submit(app, rollout(80)))
    expect(served.requirements.map(({ policy }) => policy)).toEqual(['organization'])

    await w.as('ann').policies.remove('web')
    await w.as('ann').requests.cancel(own.id)
    const again = pending(await w.as('ann').submit(web, rollout(80)))
    expect(again.requirements.map(({ policy }) => policy)).toEqual(['organization'])
  })

  it('[PH-10] gates every matching action where a policy has no conditions', async () => {
    const w = world(open())
    await w.flag('checkout')
    await w.policy({ match: { resource: 'feature_flag', action: ['update', 'enable', 'disable'] } })
    expect(await waits(w, rollout(41))).toBe(true)
    expect(await waits(w, { merge: { description: 'new' } })).toBe(true)
    expect(await waits(w, { merge: { enabled: false } })).toBe(true)
  })

  it('[PH-11] gates any modification of the field with any_change, and none of another field', async () => {
    const w = world(open())
    await when(w, { type: 'any_change', field: '/rollout' })
    expect(await waits(w, { merge: { description: 'new' } })).toBe(false)
    expect(await waits(w, rollout(41))).toBe(true)
    expect(await waits(w, rollout(0))).toBe(true)
  })

  it('[PH-12] gates a new value that meets a threshold with before_after', async () => {
    const w = world(open())
    await when(w, { type: 'before_after', field: '/rollout', operator: '>', value: 50 })
    expect(await waits(w, rollout(51))).toBe(true)
    expect(await waits(w, rollout(50))).toBe(false)
    expect(await waits(w, { merge: { description: 'new' } })).toBe(false)
  })

  it('[PH-13] gates a change whose size exceeds a threshold with change_amount', async () => {
    const w = world(open())
    await when(w, { type: 'change_amount', field: '/rollout', operator: '>', value: 10 })
    expect(await waits(w, rollout(51))).toBe(true)
    expect(await waits(w, rollout(29))).toBe(true)
    expect(await waits(w, rollout(50))).toBe(false)
    expect(await waits(w, rollout(40))).toBe(false)
  })

  it.each(operators)(
    '[PH-14] compares a new value with %s at, below and above its boundary',
    async (operator, below, at, above) => {
      const answers: boolean[] = []
      for (const value of [49, 50, 51]) {
        const w = world(open())
        await when(w, { type: 'before_after', field: '/rollout', operator, value: 50 })
        answers.push(await waits(w, rollout(value)))
      }
      expect(answers).toEqual([below, at, above])
    },
  )

  it.each(operators)(
    '[PH-14] compares an amount with %s at, below and above its boundary',
    async (operator, below, at, above) => {
      for (const way of [1, -1]) {
        const answers: boolean[] = []
        for (const amount of [19, 20, 21]) {
          const w = world(open())
          await when(w, { type: 'change_amount', field: '/rollout', operator, value: 20 })
          answers.push(await waits(w, rollout(40 + way * amount)))
        }
        expect(answers).toEqual([below, at, above])
      }
    },
  )

  it('[PH-15] compares amounts of what is on both sides only, while any_change and before_after see what is new', async () => {
    const field = '/rules/*/rollout'
    const addRule = (flag: Flag) => {
      flag.rules?.unshift({ id: 'new', rollout: 100 })
    }
    const gated = async (condition: Condition) => {
      const w = world(open())
      await when(w, condition)
      return await waits(w, addRule)
    }
    expect(await gated({ type: 'change_amount', field, operator: '>', value: 0 })).toBe(false)
    expect(await gated({ type: 'change_amount', field, operator: '>', value: 10 })).toBe(false)
    expect(await gated({ type: 'any_change', field })).toBe(true)
    expect(await gated({ type: 'before_after', field, operator: '>', value: 95 })).toBe(true)
    expect(await gated({ type: 'before_after', field, operator: '<', value: 95 })).toBe(false)
  })

  const approverSets = [
    [{ users: ['dan'] }, ['dan']],
    [{ roles: ['lead'] }, ['ben', 'cat', 'amy']],
    [{ users: ['dan'], roles: ['lead'] }, ['ben', 'cat', 'dan', 'amy']],
  ] as const
  it.each(approverSets)(
    '[PH-16] lets anyone approve who is among the users or holds one of the roles: %j',
    async (from, approvers) => {
      const able: string[] = []
      for (const user of ['ben', 'cat', 'dan', 'eve', 'amy']) {
        const w = world(open())
        const ref = await w.flag('checkout')
        await w.policy({ match: { action: 'update' }, require: { quorum: 1, from } })
        const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
        const answer = w.as(user).requests.approve(id, { digest })
        if (
          await answer.then(
            ({ request }) => request.status === 'applied',
            () => false,
          )
        )
          able.push(user)
      }
      expect(able.toSorted()).toEqual(approvers.toSorted())
    },
  )

  it('[PH-28] reviews all changes of production flags', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({
      id: 'production',
      match: { resource: 'feature_flag', action: ['enable', 'disable', 'update'], project: 'web' },
    })

    const off = pending(await w.as('ann').submit(ref, { merge: { enabled: false } }))
    expect((await w.as('ben').requests.approve(off.id, { digest: off.digest })).request.status).toBe('applied')
    const on = pending(await w.as('ann').submit(ref, { merge: { enabled: true } }))
    expect((await w.as('ben').requests.approve(on.id, { digest: on.digest })).request.status).toBe('applied')
    const update = pending(await w.as('ann').submit(ref, { merge: { description: 'new' } }))
    expect((await w.as('ben').requests.approve(update.id, { digest: update.digest })).request.status).toBe('applied')

    const elsewhere = await w
      .as('ann')
      .submit(flags.ref('other', { project: 'app' }), { value: { enabled: true, rollout: 1 } })
    expect(elsewhere.status).toBe('applied')
    expect((await w.as('ann').submit(flags.ref('other'), rollout(100))).status).toBe('applied')
  })

  it('[PH-29] lets 40 → 60 pass directly, and reviews 40 → 61', async () => {
    const w = world(open())
    await when(w, { type: 'change_amount', field: '/rollout', operator: '>', value: 20 })
    const over = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(61)))
    expect(over.requirements).toMatchObject([{ policy: 'reviewed', require: { quorum: 1, from: { roles: ['lead'] } } }])
    await w.as('ann').requests.cancel(over.id)
    expect((await w.as('ann').submit(flags.ref('checkout'), rollout(60))).status).toBe('applied')
    expect(await w.as('ann').resources.get(flags.ref('checkout'))).toMatchObject({ document: { rollout: 60 } })
  })

  it('[AA-01] switches approvals on for chosen projects, and leaves the others alone', async () => {
    const w = world(open())
    const web = await w.flag('checkout')
    const app = flags.ref('search', { project: 'app' })
    await w.as('ann').submit(app, { value: { enabled: true, rollout: 40 } })
    await w.policy({ match: { project: ['web', 'shop'] } })
    expect((await w.as('ann').submit(web, rollout(80))).status).toBe('pending')
    expect((await w.as('ann').submit(app, rollout(80))).status).toBe('applied')
  })
})
