import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePolicies, evaluate, type PolicySubject } from '../../src/core.ts'
import type { PolicyInput } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { runs } from '../runs.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const hour = day / 24
const large = { type: 'change_amount', field: '/rollout', operator: '>', value: 20, within: '24h' } as const

async function steps(storage = memoryStorage(), when: object = {}, policy: Partial<PolicyInput> = {}) {
  const w = world(storage)
  await w.flag('checkout')
  w.pass(2 * day)
  await w.policy({ match: { resource: 'feature_flag' }, when: { ...large, ...when }, ...policy })
  const go = async (to: number) => (await w.as('ann').submit(ref, rollout(to))).status
  return { w, go }
}

describe.each(storages)('a threshold over time, on $name', ({ open }) => {
  it('[FA-13] [BY-32] many small steps are the large one that they add up to', async () => {
    const { w, go } = await steps(open())
    expect([await go(50), await go(60)]).toEqual(['applied', 'applied'])
    expect(await go(61)).toBe('pending')
    const { reasons } = await w.as('ann').preview(ref, rollout(61))
    expect(reasons[0]).toContain('because /rollout goes from 60 to 61, by more than 20 within 24h')
    expect((await w.as('ann').preview(ref, rollout(30))).status).toBe('pending')
    w.pass(day)
    expect((await w.as('ann').preview(ref, rollout(61))).status).toBe('applied')
    expect((await w.as('ann').preview(ref, rollout(39))).status).toBe('pending')
  })
})

describe('a threshold over time', () => {
  it('[FA-13] [BY-32] is judged again when the change is applied', async () => {
    const { w } = await steps(undefined, {}, { rules: { onStale: 'rebase' } })
    const byHand = {
      id: 'other',
      match: { resource: 'feature_flag' },
      require: { quorum: 1, from: { users: ['eve'] } },
    }
    await w.policy({ ...byHand, when: { type: 'any_change', field: '/enabled' }, rules: { onStale: 'rebase' } })
    // There and back again: the change still fits what is live, and is farther now from what was.
    const both = (flag: { enabled: boolean; rollout: number }) => {
      flag.enabled = false
      flag.rollout = 55
    }
    const request = pending(await w.as('ann').submit(ref, both))
    expect(request.requirements.map(({ policy }) => policy)).toEqual(['other'])
    w.pass(hour)
    const { digest, id } = request
    await w.as('dan').submit(ref, rollout(30))
    await w.as('dan').submit(ref, rollout(40))
    expect((await w.as('eve').requests.approve(id, { digest })).request.status).toBe('pending')
    const { approval } = await w.as('ben').requests.get(id)
    expect(approval?.policies.map(({ policy, met }) => [policy, met])).toEqual([
      ['other', true],
      ['reviewed', false],
    ])
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
  })

  it('[FA-13] [BY-32] what was deleted and made anew counts with the values that it had', async () => {
    const { w, go } = await steps(undefined)
    await w.as('ann').submit(ref, { remove: true })
    const anew = (to: number) => w.as('ann').submit(ref, { value: { enabled: true, rollout: to } })
    expect((await anew(80)).status).toBe('pending')
    expect((await anew(55)).status).toBe('applied')
    expect([await go(60), await go(61)]).toEqual(['applied', 'pending'])
  })

  it('[FA-13] [BY-32] counts a new resource from its first value', async () => {
    const { w } = await steps()
    const young = flags.ref('young', { project: 'web' })
    await w.as('ann').submit(young, { value: { enabled: true, rollout: 10 } })
    expect((await w.as('ann').submit(young, rollout(30))).status).toBe('applied')
    expect((await w.as('ann').submit(young, rollout(31))).status).toBe('pending')
  })

  it('[FA-13] [BY-32] has a direction and a unit, as the step has', async () => {
    const { w, go } = await steps(undefined, { direction: 'increase', unit: 'percent', operator: '>=', value: 50 })
    expect([await go(50), await go(59), await go(60)]).toEqual(['applied', 'applied', 'pending'])
    expect((await w.as('ann').submit(ref, rollout(1))).status).toBe('applied')
  })

  it('[FA-13] [BY-32] finds items by their names, and what was taken out and put back', async () => {
    const { w } = await steps(undefined, { field: '/rules/*/rollout' })
    const set = async (...rules: { id: string; rollout: number }[]) => {
      return (
        await w.as('ann').submit(ref, (flag) => {
          flag.rules = rules
        })
      ).status
    }
    expect(await set({ id: 'eu', rollout: 10 }, { id: 'us', rollout: 90 })).toBe('applied')
    expect(await set({ id: 'us', rollout: 90 }, { id: 'eu', rollout: 20 })).toBe('applied')
    expect(await set({ id: 'us', rollout: 90 })).toBe('applied')
    expect(await set({ id: 'us', rollout: 90 }, { id: 'eu', rollout: 31 })).toBe('pending')
    expect(await set({ id: 'us', rollout: 90 }, { id: 'eu', rollout: 30 })).toBe('applied')
  })

  it('[FA-13] [BY-32] holds where more was live than anybody looks through', async () => {
    const { w, go } = await steps(undefined, { value: 90 })
    const touched = (to: number) =>
      w.as('ann').submit(ref, (flag) => {
        flag.description = `${to}`
      })
    for (let i = 0; i < 100; i++) await touched(i)
    expect(await go(41)).toBe('applied')
    expect(await go(42)).toBe('pending')
    const [reason] = (await w.as('ann').preview(ref, rollout(42))).reasons
    expect(reason).toContain('not all that was live within 24h is known')
    expect((await touched(100)).status).toBe('applied')
    w.pass(day)
    expect(await go(43)).toBe('applied')
  })

  it('[FA-13] [BY-32] reads what the window holds, and that only where a policy with one may match', async () => {
    const storage = memoryStorage()
    const read: number[] = []
    const counting = {
      ...storage,
      async list(query: Parameters<typeof storage.list>[0]) {
        const found = await storage.list(query)
        if (query.collection === 'revisions') read.push(found.records.length)
        return found
      },
    }
    const { w, go } = await steps(counting)
    const touched = (to: number) =>
      w.as('ann').submit(ref, (flag) => {
        flag.description = `${to}`
      })
    for (let i = 0; i < 60; i++) await touched(i)
    expect(read).toEqual([])
    w.pass(2 * day)
    expect(await go(41)).toBe('applied')
    expect(read).toEqual([25])
  })

  it('[FA-13] [BY-32] is part of a simulation', async () => {
    const { w, go } = await steps()
    expect([await go(50), await go(60)]).toEqual(['applied', 'applied'])
    const when = { ...large, value: 15 }
    const require = { quorum: 1, from: { roles: ['lead'] } }
    const { differences } = await w.as('ann').policies.simulate([{ id: 'x', match: {}, when, require }])
    expect(differences).toMatchObject([{ type: 'newly_gated', change: { number: 3 } }])
  })

  it('[FA-13] warns where there is none, and takes no other that adds up to less', async () => {
    const { w } = await steps()
    const input = { id: 'x', match: { resource: 'feature_flag' }, require: { quorum: 1, from: { roles: ['lead'] } } }
    const { within: _, ...alone } = large
    const ways = async (when: PolicyInput['when']) => {
      return (await w.as('ann').policies.check({ ...input, when })).flatMap(({ path, fix }) =>
        path === '/when' ? fix : [],
      )
    }
    expect(await ways(alone)).toContain('add a window that the steps are added up in, as in { "within": "24h" }')
    expect(await ways(large)).not.toContain('add a window that the steps are added up in, as in { "within": "24h" }')
    const save = (when: object) => w.as('ann').policies.save({ ...input, when: { ...large, ...when } })
    expect(await refusal(save({ operator: '<' }))).toBe('invalid_policy')
    expect(await refusal(save({ within: '1y' }))).toBe('invalid_policy')
  })

  it('[FA-13] [BY-32] holds for exactly the values that are so far from one that was live within it', () => {
    const value = fc.integer({ min: -5, max: 5 })
    const live = fc.array(
      fc.record({ value: fc.option(value, { nil: undefined }), hours: fc.integer({ min: 0, max: 48 }) }),
    )
    const policy = { id: 'p', version: 1, match: {}, require: { quorum: 1, from: { roles: ['lead'] } } }
    fc.assert(
      fc.property(live, value, value, fc.integer({ min: 0, max: 8 }), (before, from, to, limit) => {
        fc.pre(from !== to)
        const set = compilePolicies([{ ...policy, when: { ...large, value: limit } }])
        const earlier = before.map(({ value: rollout, hours }) => {
          return { document: rollout === undefined ? undefined : { rollout }, until: 72 * hour - hours * hour }
        })
        const subject: PolicySubject = {
          resource: { type: 'feature_flag', id: 'a' },
          project: undefined,
          actions: ['update'],
          places: [{ type: 'changed', path: '/rollout', before: from, after: to }],
          before: { rollout: from },
          after: { rollout: to },
          around: { asking: [], unknownRoles: [], persons: new Map(), at: 72 * hour, earlier },
        }
        const seen = [from, ...before.flatMap(({ value: one, hours }) => (hours < 24 && one !== undefined ? one : []))]
        const isFar = seen.some((one) => Math.abs(one - to) > limit)
        expect(evaluate(set, subject).requirements.length > 0).toBe(isFar)
        const { around: _, ...unread } = subject
        expect(evaluate(set, unread).requirements).toHaveLength(1)
      }),
      { numRuns: runs(200) },
    )
  })
})
