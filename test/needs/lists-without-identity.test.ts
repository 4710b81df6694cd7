import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  atomic,
  byPlace,
  type Condition,
  defineResource,
  keyedBy,
  list,
  type PolicyInput,
  type Shape,
  set,
} from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { editNow } from '../edit-now.ts'
import { world } from '../world.ts'

/** Open, so that any field may be there: what a schema cannot have is another matter. */
const rule = z.looseObject({ id: z.string(), rollout: z.number() })
const schema = z.looseObject({ rules: z.array(rule), note: z.string().optional() })
const typed = (shape: Shape) => defineResource({ type: 'flag', schema, shape })
const flag = typed({ '/rules': keyedBy('id') })
const us = (rollout: number) => ({ id: 'us', rollout })
const eu = (rollout: number) => ({ id: 'eu', rollout })
const lead = { quorum: 1, from: { roles: ['lead'] } }

/** A flag whose list came in before its shape was declared, and is broken where that says so. */
async function flagWith(rules: readonly object[], shape: Shape) {
  const storage = memoryStorage()
  const ref = flag.ref('x')
  await world(storage, undefined, [typed({})])
    .as('ann')
    .submit(ref, { value: { rules } } as never)
  const w = world(storage, undefined, [typed(shape)])
  const asks = async (next: readonly object[], policy: Partial<PolicyInput>, more: object = {}) => {
    await w.policy({ match: { resource: 'flag' }, ...policy })
    const wanted = { value: { rules: next, ...more } } as never
    return await w.as('ann').preview(ref, wanted)
  }
  const gates = async (next: readonly object[], when: Condition) => (await asks(next, { when })).status === 'pending'
  return { w, ref, asks, gates }
}

const guises: Readonly<Record<string, readonly [before: readonly object[], shape: Shape]>> = {
  'is not declared': [[us(1), eu(10)], {}],
  'is atomic()': [[us(1), eu(10)], { '/rules': atomic() }],
  'is a list()': [[us(1), eu(10)], { '/rules': list() }],
  'had a key twice before': [[us(1), us(2), eu(10)], { '/rules': keyedBy('id') }],
  'had an item without its key before': [[us(1), eu(10), { id: 'no', rollout: 1 }], { '/rules': keyedBy('key') }],
  'had a value twice before, as a set': [[us(1), us(1), eu(10)], { '/rules': set() }],
}
const fields = [
  '/rules/eu/rollout',
  '/rules/0/rollout',
  '/rules/7',
  '/rules/*/rollout',
  '/rules/e*/rollout',
  '/rules/e*/x',
  '/**/rollout',
  '/*/eu/**',
]

const tests: readonly ((field: string) => Condition)[] = [
  (field) => ({ type: 'any_change', field }),
  (field) => ({ type: 'before_after', field, operator: '==', value: 7 }),
  (field) => ({ type: 'change_amount', field, operator: '>', value: 1_000 }),
  (field) => ({ type: 'crosses', field, value: 1_000 }),
]

/** Each field with one kind of condition, and each kind of condition with one field. */
const everyCondition = [
  ...fields.map((field) => tests[0]?.(field)),
  ...tests.map((test) => test('/rules/eu/rollout')),
].flatMap((condition) => condition ?? [])

describe('a list whose items have no identity', () => {
  for (const [guise, [before, shape]] of Object.entries(guises)) {
    const next = guise.includes('without its key') ? [] : [us(1), eu(100)]

    it(`[FA-02] that ${guise}: no condition on an item can be said not to hold, nor its opposite`, async () => {
      const { gates } = await flagWith(before, shape)
      for (const when of everyCondition) {
        expect([when, await gates(next, when)]).toEqual([when, true])
        expect([when, await gates(next, { not: when })]).toEqual([when, true])
      }
    })

    it(`[FA-02] that ${guise}: nothing in it is safe, and its owners are asked with the others`, async () => {
      const { asks } = await flagWith(before, shape)
      for (const field of fields) {
        expect((await asks(next, { safe: [{ field }] })).status).toBe('pending')
        const owner = { field, quorum: 1, from: { users: ['ben'] } }
        const { requirements } = await asks(next, { require: { owners: [owner], otherwise: lead } })
        const { field: about, ...need } = owner
        expect(requirements.map(({ require }) => require)).toEqual([{ ...need, about }, lead])
      }
    })

    it(`[FA-02] that ${guise}: is known as a whole`, async () => {
      const { asks, gates } = await flagWith(before, shape)
      for (const field of ['/rules', '/rules/**']) {
        expect((await asks(next, { safe: [{ field }] })).status).toBe('applied')
        expect(await gates(next, { not: { type: 'any_change', field } })).toBe(false)
        const owners = [{ field, quorum: 1, from: { users: ['ben'] } }]
        const { requirements } = await asks(next, { require: { owners, otherwise: lead } })
        expect(requirements).toHaveLength(1)
      }
    })

    it(`[FA-02] that ${guise}: has nothing to say where the change does not touch it`, async () => {
      const { asks } = await flagWith(before, shape)
      for (const when of everyCondition) {
        const { status } = await asks(before, { when }, { note: 'x' })
        expect([when, status]).toEqual([when, 'applied'])
      }
    })

    it(`[FA-02] that ${guise}: is said to be the reason, and no value to go to itself`, async () => {
      const { asks } = await flagWith(before, shape)
      const same = guise.includes('without its key') ? [] : [us(1), eu(10), { id: 'no', rollout: 1 }]
      for (const test of tests) {
        const { reasons } = await asks(same, { when: test('/rules/eu/rollout') })
        expect(reasons).toEqual([expect.stringContaining('the items of /rules have no identity')])
        expect(reasons.join()).not.toContain('goes from')
      }
      const { reasons } = await asks(same, { safe: [{ field: '/rules/*/rollout' }] })
      expect(reasons).toEqual([expect.stringContaining('because the items of /rules have no identity')])
    })

    it(`[FA-02] that ${guise}: is pointed out when a policy that leads into it is checked`, async () => {
      const { w } = await flagWith(before, shape)
      const warned = async (field: string, rest: Partial<PolicyInput> = { when: { type: 'any_change', field } }) => {
        const found = await w.as('ann').policies.check({ id: 'q', match: { resource: 'flag' }, require: lead, ...rest })
        return found.filter(({ severity, problem }) => severity === 'warning' && problem.includes('/rules have no id'))
      }
      for (const field of ['/rules/eu/rollout', '/rules/0/rollout', '/rules/*', '/**/rollout']) {
        expect([field, (await warned(field)).length]).toEqual([field, 1])
        expect(await warned('', { safe: [{ field }] })).toHaveLength(1)
        expect(await warned('', { require: { owners: [{ field, ...lead }] } })).toHaveLength(1)
      }
      for (const field of ['/rules', '/rules/**', '/note']) expect(await warned(field)).toEqual([])
    })
  }

  it('[FA-02] lies inside a named item, or holds named ones: what is around it stays known', async () => {
    const nested = z.looseObject({ id: z.string(), name: z.string(), steps: z.array(rule) })
    const type = defineResource({
      type: 'nested',
      schema: z.looseObject({ rules: z.array(nested) }),
      shape: { '/rules': keyedBy('id'), '/rules/*/steps/*/parts': keyedBy('id') },
    })
    const w = world(memoryStorage(), undefined, [type])
    const europe = { id: 'eu', name: 'Europe', steps: [us(1)] }
    const value = { rules: [europe] }
    await w.as('ann').submit(type.ref('x'), { value })
    const asked = async (field: string, next: object) => {
      await w.policy({ match: { resource: 'nested' }, when: { type: 'any_change', field } })
      const wanted = { value: { rules: [{ ...europe, ...next }] } }
      return (await w.as('ann').preview(type.ref('x'), wanted)).status === 'pending'
    }
    for (const field of ['/rules/eu/steps/us/rollout', '/rules/*/steps/0', '/rules/e*/steps/*/parts/a']) {
      expect(await asked(field, { steps: [us(2)] })).toBe(true)
      expect(await asked(field, { name: 'EU' })).toBe(false)
    }
    expect(await asked('/rules/us/steps/us/rollout', { steps: [us(2)] })).toBe(false)
  })

  it('[FA-02] is looked for among all policies, however many there are', async () => {
    const { w, ref } = await flagWith([us(1), eu(10)], { '/rules': list() })
    for (const id of ['eu', 'us', 'fr']) {
      const when: Condition = { type: 'any_change', field: `/rules/${id}/rollout` }
      await w.policy({ id, match: { resource: 'flag' }, when })
    }
    const { requirements } = await w.as('ann').preview(ref, { value: { rules: [us(1), eu(11)] } })
    expect(requirements.map(({ policy }) => policy)).toEqual(['eu', 'fr', 'us'])
  })

  it('[FA-02] that is new or gone as a whole moves no amount, and asks where an item of it could be meant', async () => {
    const { w } = await flagWith([], {})
    const made = async (when: Condition) => {
      await w.policy({ match: { resource: 'flag' }, when })
      return (await w.as('ann').preview(flag.ref('new'), { value: { rules: [eu(100)] } })).status
    }
    expect(await made({ type: 'any_change', field: '/rules/eu/rollout' })).toBe('pending')
    expect(await made({ type: 'change_amount', field: '/rules/eu/rollout', operator: '>', value: 1 })).toBe('applied')
  })

  it('[FA-02] keeps no approval of a part that one of its items may be', async () => {
    const { w, ref } = await flagWith([us(1), eu(10)], { '/rules': list() })
    const owners = [
      { field: '/rules/eu/**', quorum: 1, from: { users: ['ben'] } },
      { field: '/rules/*', quorum: 1, from: { users: ['cat'] } },
    ]
    await w.policy({ match: { resource: 'flag' }, require: { owners }, rules: { onEdit: 'keep' } })
    const outcome = await w.as('ann').submit(ref, { value: { rules: [us(1), eu(11)] } })
    if (outcome.status !== 'pending') throw new TypeError(outcome.status)
    await w.as('ben').requests.approve(outcome.request.id, { digest: outcome.request.digest })
    await editNow(w.as('ann'), outcome.request.id, ref, { value: { rules: [us(1), eu(99)] } })
    expect((await w.as('ann').requests.get(outcome.request.id)).approval?.policies[0]?.met).toBe(false)
  })
})

describe('a list that is only appended to', () => {
  const shape = { '/rules': byPlace() }

  it('[FA-02] pairs its items by place, and says so wherever they are told', async () => {
    const { gates, asks, w } = await flagWith([us(1), eu(10)], shape)
    const amount = (field: string): Condition => ({ type: 'change_amount', field, operator: '>', value: 20 })
    expect(await gates([us(1), eu(100)], amount('/rules/1/rollout'))).toBe(true)
    expect(await gates([us(1), eu(100)], amount('/rules/*/rollout'))).toBe(true)
    expect(await gates([us(1), eu(100)], amount('/rules/0/rollout'))).toBe(false)
    expect(await gates([us(1), eu(11)], amount('/rules/*/rollout'))).toBe(false)
    const { changes, reasons } = await asks([us(1), eu(11), eu(12)], {
      when: { type: 'any_change', field: '/rules/*' },
    })
    expect(reasons.join()).toContain('because /rules/item 2/rollout goes from 10 to 11 and /rules/item 3 is added')
    expect(changes[0]?.lines).toEqual([
      'rules › item 2 › rollout: 10 → 11',
      'rules › item 3: added {"id":"eu","rollout":12}',
    ])
    const check = { id: 'q', match: { resource: 'flag' }, require: lead }
    const found = await w.as('ann').policies.check({ ...check, when: amount('/rules/*/rollout') })
    expect(found).toContainEqual(
      expect.objectContaining({ severity: 'warning', path: '/when/field', problem: expect.stringContaining('place') }),
    )
  })

  it('[FA-02] merges as a whole', async () => {
    const { w, ref } = await flagWith([us(1), eu(10)], shape)
    await w.policy({ match: { resource: 'flag' } })
    const first = await w.as('ann').submit(ref, { value: { rules: [us(2), eu(10)] } })
    const second = await w.as('dan').submit(ref, { value: { rules: [us(1), eu(11)] } })
    if (first.status !== 'pending' || second.status !== 'pending') throw new TypeError('nobody was asked')
    await w.as('ben').requests.approve(first.request.id, { digest: first.request.digest })
    await w.as('dan').requests.rebase(second.request.id)
    const request = await w.as('dan').requests.get(second.request.id)
    expect(request.changes[0]?.conflicts.map(({ path }) => path)).toEqual(['/rules'])
  })
})
