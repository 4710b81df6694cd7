import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type Condition,
  createApprovals,
  defineResource,
  type JsonValue,
  type PolicyInput,
  type Storage,
  staticDirectory,
} from '../../src/index.ts'
import { flags, pending, refusal, rollout, storages, world } from '../world.ts'

/** A type whose documents may be anything: what a policy sees is as odd as an attacker likes. */
const limits = defineResource({ type: 'limit', schema: z.record(z.string(), z.json()) })

async function limitsWith(storage: Storage, policy: Partial<PolicyInput>, document: Record<string, JsonValue>) {
  const approvals = createApprovals({
    admins: 'anyone',
    storage,
    resources: [limits, flags],
    directory: staticDirectory({ ann: ['lead'], ben: ['lead'], cat: ['finance'] }),
    predicates: {
      fails: () => {
        throw new RangeError('the calendar is not there')
      },
    },
  })
  const ann = approvals.as({ tenant: 'acme', user: 'ann' })
  await ann.submit(limits.ref('daily'), { value: document as never })
  await ann.policies.save({
    id: 'p',
    match: { resource: 'limit' },
    require: { quorum: 1, from: { roles: ['lead'] } },
    ...policy,
  })
  return ann
}

describe.each(storages)('comparing on $name', ({ open }) => {
  it.each<[JsonValue]>([
    ['1e3'],
    ['0x10'],
    [' 100 '],
    ['１００'],
    ['100abc'],
    ['99'],
    [[100]],
    [[1]],
    [{ valueOf: 1 }],
    [true],
    [null],
  ])('[K2] gates a value of the wrong type whatever the threshold: %j', async (amount) => {
    const tests: readonly Condition[] = [
      { type: 'before_after', field: '/amount', operator: '>', value: 100 },
      { type: 'before_after', field: '/amount', operator: '<', value: 0 },
      { type: 'change_amount', field: '/amount', operator: '>', value: 100 },
      { not: { type: 'before_after', field: '/amount', operator: '>', value: 100 } },
    ]
    for (const when of tests) {
      const ann = await limitsWith(open(), { when }, { amount: 50 })
      expect((await ann.submit(limits.ref('daily'), { value: { amount } as never })).status).toBe('pending')
    }
  })

  it('[K2] counts decimals as people write them', async () => {
    const when: Condition = { type: 'change_amount', field: '/amount', operator: '>', value: 0.2 }
    const ann = await limitsWith(open(), { when }, { amount: 0.1 })
    expect((await ann.submit(limits.ref('daily'), { value: { amount: 0.3 } as never })).status).toBe('applied')
    expect((await ann.submit(limits.ref('daily'), { value: { amount: 0.51 } as never })).status).toBe('pending')
  })

  it('[E4] gates where a test fails, and where a field is missing', async () => {
    const failing = await limitsWith(open(), { when: { not: { type: 'predicate', name: 'fails' } } }, { amount: 1 })
    expect((await failing.submit(limits.ref('daily'), { value: { amount: 2 } as never })).status).toBe('pending')
    const when: Condition = { type: 'before_after', field: '/amount', operator: '>', value: 100 }
    const missing = await limitsWith(open(), { when }, { amount: 1 })
    expect((await missing.submit(limits.ref('daily'), { value: {} as never })).status).toBe('pending')
  })

  it('[E4] refuses tests that nobody understands when they are saved', async () => {
    for (const when of [
      { type: 'weekday', value: 'friday' },
      { type: 'before_after', field: '/amount', operator: '=~', value: 'a' },
      { type: 'predicate', name: 'nobody_home' },
    ]) {
      expect(await refusal(limitsWith(open(), { when: when as never }, { amount: 1 }))).toBe('invalid_policy')
    }
  })

  it('[J7] asks the same owners on whichever way a field is reached', async () => {
    const document = { limits: { amount: 100, currency: 'EUR' }, other: { amount: 900 } }
    const require = { owners: [{ field: '/limits/amount', quorum: 1, from: { roles: ['finance'] } }] }
    const ways = [
      { patch: [{ op: 'replace', path: '/limits/amount', value: 900 }] },
      { patch: [{ op: 'replace', path: '/limits', value: { amount: 900, currency: 'EUR' } }] },
      { patch: [{ op: 'replace', path: '', value: { ...document, limits: { amount: 900, currency: 'EUR' } } }] },
      { patch: [{ op: 'move', from: '/other/amount', path: '/limits/amount' }] },
      { patch: [{ op: 'copy', from: '/other', path: '/limits' }] },
      {
        patch: [
          { op: 'remove', path: '/limits/amount' },
          { op: 'add', path: '/limits/amount', value: 900 },
        ],
      },
      { patch: [{ op: 'remove', path: '/limits' }] },
      { merge: { limits: { amount: 900 } } },
      { value: { ...document, limits: 900 } },
    ]
    for (const way of ways) {
      const ann = await limitsWith(open(), { require }, document)
      const { requirements } = pending(await ann.submit(limits.ref('daily'), way as never))
      expect([way, requirements]).toMatchObject([way, [{ require: { quorum: 1, from: { roles: ['finance'] } } }]])
    }
    const ann = await limitsWith(open(), { require }, document)
    expect((await ann.submit(limits.ref('daily'), { merge: { other: { amount: 1 } } } as never)).status).toBe('applied')
  })

  it('[J7] finds an item of a list wherever it has been moved to', async () => {
    const w = world(open())
    const rules = [
      { id: 'eu', rollout: 10 },
      { id: 'us', rollout: 90 },
    ]
    const ref = await w.flag('checkout', { enabled: true, rollout: 1, rules })
    await w.policy({ when: { type: 'any_change', field: '/rules/eu/rollout' } })
    const shifted = (eu: number) => ({
      merge: {
        rules: [
          { id: 'new', rollout: 5 },
          { id: 'us', rollout: 90 },
          { id: 'eu', rollout: eu },
        ],
      },
    })
    expect((await w.as('ann').submit(ref, shifted(10))).status).toBe('applied')
    expect((await w.as('ann').submit(ref, shifted(11))).status).toBe('pending')
  })

  it('[B3] keeps the policy of a type although another type has an id of that name', async () => {
    const w = world(open())
    await w.flag('experiment')
    await w.policy({ match: { resource: 'feature_flag', action: 'update' } })
    expect((await w.as('ann').submit(flags.ref('experiment'), rollout(80))).status).toBe('pending')
    const ann = await limitsWith(open(), { match: { resource: 'feature_flag' } }, { amount: 1 })
    expect((await ann.submit(limits.ref('daily'), { value: { amount: 2 } as never })).status).toBe('applied')
    expect(
      (await ann.submit(flags.ref('daily', { project: 'web' }), { value: { enabled: true, rollout: 1 } })).status,
    ).toBe('pending')
  })

  it('[E5] asks for all of what overlapping policies ask', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ id: 'wide', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } })
    await w.policy({
      id: 'narrow',
      match: { project: 'web', action: 'update' },
      require: { quorum: 1, from: { users: ['dan'] } },
    })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
    const statuses: string[] = []
    for (const user of ['dan', 'ben', 'cat'])
      statuses.push((await w.as(user).requests.approve(id, { digest })).request.status)
    expect(statuses).toEqual(['pending', 'pending', 'applied'])
  })

  it('[E14] never takes an author’s own change for approved, unless the policy says that authors may, and then only when they say so', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ match: { action: 'update' } })
    const strict = pending(await w.as('ben').submit(ref, rollout(80)))
    expect(await refusal(w.as('ben').requests.approve(strict.id, { digest: strict.digest }))).toBe('self_approval')
    await w.as('ben').requests.cancel(strict.id)

    await w.policy({ match: { action: 'update' }, rules: { selfApproval: true } })
    const lax = pending(await w.as('ben').submit(ref, rollout(80)))
    expect((await w.as('ben').resources.get(ref))?.document.rollout).toBe(40)
    expect((await w.as('ben').requests.approve(lax.id, { digest: lax.digest })).request.status).toBe('applied')
  })
})
