import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createApprovals, defineResource, type ResourceType, staticDirectory } from '../../src/index.ts'
import { defineLifecycle } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { editNow } from '../edit-now.ts'
import { pending, refusal, world } from '../world.ts'

const users = { ann: [], ben: ['lead'] }
/** Entered in euros, kept in cents. */
const euros = z.number().transform((amount) => Math.round(amount * 100))

interface Product {
  readonly name: string
  readonly price: number
}

const productsOf = (schema: ResourceType<Product>['schema']) => defineResource({ type: 'product', schema })
const honest = productsOf(z.object({ name: z.string(), price: z.number() }))
const moving = productsOf(z.object({ name: z.string(), price: euros }))

/** The type as it is declared first, and as it is declared after a deployment over the same storage. */
async function deployed(after: ResourceType<Product>) {
  const storage = memoryStorage()
  const before = world(storage, users, [honest])
  const mug = honest.ref('mug')
  await before.as('ann').submit(mug, { value: { name: 'Mug', price: 400 } })
  await before.as('ann').submit(mug, { value: { name: 'Mug', price: 500 } })
  return { before, mug, now: world(storage, users, [after]) }
}

const failure = async (call: Promise<unknown>) =>
  await call.then(
    () => undefined,
    (thrown) => thrown,
  )

describe('a schema that does not read its own output as the same value', () => {
  it.each([
    ['makes cents of euros', z.object({ name: z.string(), price: euros }), '/price'],
    ['counts up', z.object({ name: z.string(), price: z.number().transform((price) => price + 1) }), '/price'],
    ['adds a mark', z.object({ name: z.string().transform((name) => `${name}!`), price: z.number() }), '/name'],
    ['draws lots', z.object({ name: z.string(), price: z.unknown().transform(() => Math.random()) }), '/price'],
    ['makes text of a number', z.object({ name: z.string(), price: z.number().transform(String) }), '/price'],
    [
      'moves a field',
      z.looseObject({ name: z.string() }).transform(({ price, ...rest }) => ({ ...rest, was: price })),
      '/was',
    ],
  ])('[HO-02] is refused with its type and place: one that %s', async (_what, schema, path) => {
    const products = productsOf(schema as never)
    const w = world(memoryStorage(), users, [products])
    const error = await failure(w.as('ann').submit(products.ref('mug'), { value: { name: 'Mug', price: 5 } }))
    expect(error).toMatchObject({ code: 'schema_failed', details: { type: 'product', id: 'mug', path } })
    expect(await w.as('ann').resources.get(products.ref('mug'))).toBe(undefined)
  })

  it('[HO-02] changes nothing that nobody touched, by whatever verb it comes to a document', async () => {
    const { now, mug } = await deployed(moving)
    const ann = now.as('ann')
    const cup = (product: { name: string }) => {
      product.name = 'Cup'
    }
    for (const call of [
      () => ann.submit(mug, cup),
      () => ann.submit(mug, { merge: { name: 'Cup' } }),
      () => ann.submit(mug, { patch: [{ op: 'replace', path: '/name', value: 'Cup' }] }),
      () => ann.submit(mug, { value: { name: 'Cup', price: 500 } }),
      () => ann.submitAll([{ ref: mug, change: cup }]),
      () => ann.preview(mug, cup),
      () => ann.draft(mug, cup),
      () => ann.submit(mug, { revertTo: 1 }),
      () => ann.preview(mug, { revertTo: 1 }),
    ]) {
      expect(await failure(call())).toMatchObject({ code: 'schema_failed', details: { path: '/price' } })
    }
    expect((await ann.resources.get(mug))?.document).toEqual({ name: 'Mug', price: 500 })
    expect((await ann.submit(mug, { remove: true })).status).toBe('applied')
  })

  it('[HO-02] is not what applies, edits, merges or resolves what was asked before it came', async () => {
    const { before, now, mug } = await deployed(moving)
    await before.policy()
    const ask = async (change: Partial<Product>) => pending(await before.as('ann').submit(mug, { merge: change }))
    const [one, two] = [await ask({ name: 'Cup' }), await ask({ name: 'Jar', price: 700 })]
    expect(await refusal(editNow(now.as('ann'), one.id, mug, { merge: { name: 'Bowl' } }))).toBe('schema_failed')
    const { request } = await now.as('ben').requests.approve(one.id, { digest: one.digest })
    expect(request).toMatchObject({ status: 'failed', failure: { code: 'schema_failed', details: { path: '/price' } } })
    const other = await ask({ price: 600 })
    await before.as('ben').requests.approve(other.id, { digest: other.digest })
    const { request: open } = await before.as('ann').requests.rebase(two.id)
    expect(open.conflicts).toBe(1)
    const conflict = (await before.as('ann').requests.get(two.id)).changes[0]?.conflicts[0]?.digest ?? ''
    expect(await refusal(now.as('ann').requests.resolve(two.id, [{ conflict, take: 'draft' }] as never))).toBe(
      'schema_failed',
    )
    expect((await now.as('ann').resources.get(mug))?.document).toEqual({ name: 'Mug', price: 600 })
  })

  it('[HO-02] is taken for as long as it reads the document at hand as it is', async () => {
    const trims = productsOf(
      z.object({ name: z.string().trim().default('?'), price: z.coerce.number() }) as unknown as typeof honest.schema,
    )
    const { now, mug } = await deployed(trims)
    const made = await now.as('ann').submit(trims.ref('jar'), { value: { name: ' Jar ', price: '7' as never } })
    expect(made.status).toBe('applied')
    expect((await now.as('ann').resources.get(trims.ref('jar')))?.document).toEqual({ name: 'Jar', price: 7 })
    const { changes } = await now.as('ann').preview(mug, { merge: { price: 1 } })
    expect(changes[0]?.places.map(({ path }) => path)).toEqual(['/price'])
  })

  it('[HO-02] is asked once where it leaves the document as it is, and twice where it does not', async () => {
    let asked = 0
    const counting = productsOf(
      z.object({ name: z.string().trim(), price: z.number() }).transform((product) => {
        asked++
        return product
      }),
    )
    const w = world(memoryStorage(), users, [counting])
    await w.as('ann').submit(counting.ref('mug'), { value: { name: 'Mug', price: 1 } })
    expect(asked).toBe(1)
    await w.as('ann').submit(counting.ref('mug'), { value: { name: ' Cup', price: 1 } })
    expect(asked).toBe(3)
  })

  it('[HO-02] is found where an effect of a life cycle passes through it', async () => {
    const lifecycle = defineLifecycle<Product>({
      name: 'product',
      initial: 'draft',
      moves: [
        { from: 'draft', action: 'edit', edits: 'any' },
        { from: 'draft', action: 'launch', effect: ({ document }) => ({ ...document, price: document.price + 0.5 }) },
        { from: 'draft', action: 'spoil', effect: ({ document }) => ({ ...document, price: new Date(0) as never }) },
      ],
    })
    const products = defineResource({
      type: 'product',
      schema: z.object({
        name: z.string(),
        price: z.number().transform((price) => (Number.isInteger(price) ? price : price * 3)),
      }),
      lifecycle,
    })
    const w = world(memoryStorage(), users, [products])
    const mug = products.ref('mug')
    await w.as('ann').submit(mug, { value: { name: 'Mug', price: 5 } })
    const error = await failure(w.as('ann').submit(mug, { action: 'launch' }))
    expect(error).toMatchObject({ code: 'schema_failed', details: { type: 'product', id: 'mug', path: '/price' } })
    const spoilt = await failure(w.as('ann').submit(mug, { action: 'spoil' }))
    expect([spoilt.code, spoilt.message]).toEqual(['transition_rejected', expect.stringContaining('no JSON at /price')])
  })

  it('[HO-02] is refused, or every later edit leaves alone what it does not touch', async () => {
    const parts = {
      same: z.number(),
      times: z.number().transform((n) => n * 100),
      round: z.number().transform(Math.round),
      up: z.number().transform((n) => n + 1),
      upTo: z.number().transform((n) => Math.min(n + 1, 3)),
      limit: z.number().transform((n) => Math.max(0, Math.min(n, 2))),
      sign: z.number().transform((n) => -n),
      fill: z
        .number()
        .optional()
        .transform((n) => n ?? 4),
      text: z.coerce.number(),
    }
    const part = fc.constantFrom(...(Object.keys(parts) as (keyof typeof parts)[]))
    const input = fc.constantFrom(-1, 0, 0.4, 1, 2, 3, 7)
    await fc.assert(
      fc.asyncProperty(part, part, fc.array(input, { minLength: 2, maxLength: 6 }), async (a, b, values) => {
        const type = defineResource({ type: 'pair', schema: z.object({ a: parts[a], b: parts[b] }) })
        const w = world(memoryStorage(), users, [type as ResourceType])
        const ann = w.as('ann')
        const ref = type.ref('one')
        const live = async () => (await ann.resources.get(ref))?.document as Record<string, number> | undefined
        for (const [index, value] of values.entries()) {
          const before = await live()
          const key = index % 2 === 0 ? 'a' : 'b'
          const change = before ? { merge: { [key]: value } } : { value: { a: value, b: value } }
          const error = await failure(ann.submit(ref, change as never))
          if (error) expect(['schema_failed', 'nothing_changed']).toContain(error.code)
          const after = await live()
          const other = key === 'a' ? 'b' : 'a'
          if (before) expect(after?.[other]).toBe(before[other])
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe('whose fault it is', () => {
  const plan = z.object({ cents: z.number(), at: z.string().optional() })
  const value = { cents: 1 }

  it('[HO-03] is the caller: what they gave is refused with its place and the resource that it was meant for', async () => {
    const plans = defineResource({ type: 'plan', schema: plan })
    const w = world(memoryStorage(), users, [plans])
    const pro = plans.ref('pro')
    await w.as('ann').submit(pro, { value })
    const dated = { cents: 2, at: new Date(0) as never }
    for (const call of [
      () => w.as('ann').submit(pro, { value: dated }),
      () => w.as('ann').submit(pro, { merge: { at: new Date(0) } }),
      () => w.as('ann').submit(pro, (plan) => ({ ...plan, at: new Date(0) as never })),
      () => w.as('ann').preview(pro, { value: dated }),
      () => w.as('ann').draft(pro, { value: dated }),
    ]) {
      const { code, details } = await failure(call())
      expect([code, details.path, details.resource]).toEqual(['invalid_document', '/at', 'plan "pro"'])
    }
    const wrong = await failure(w.as('ann').submit(pro, { value: { cents: 'many' as never } }))
    expect(wrong).toMatchObject({
      code: 'invalid_by_schema',
      details: { resource: 'plan "pro"', issues: [{ path: '/cents' }] },
    })
  })

  it.each([
    ['a date', z.object({ cents: z.number().transform((n) => new Date(n)) }), '/cents'],
    ['a map', z.object({ cents: z.number().transform((n) => new Map([[n, n]])) }), '/cents'],
    ['a bigint', z.object({ cents: z.number().transform((n) => BigInt(n)) }), '/cents'],
    ['no number', z.object({ cents: z.number().transform(() => Number.NaN) }), '/cents'],
    ['nothing', z.object({ cents: z.number() }).transform(() => undefined), ''],
    ['null', z.object({ cents: z.number() }).transform(() => null), ''],
  ])('[HO-03] is the schema: it made %s of a document, and says at which place', async (_what, schema, path) => {
    const plans = defineResource({ type: 'plan', schema: schema as never })
    const w = world(memoryStorage(), users, [plans])
    const error = await failure(w.as('ann').submit(plans.ref('pro'), { value: value as never }))
    expect(error).toMatchObject({ code: 'schema_failed', details: { type: 'plan', id: 'pro', path } })
  })

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('cannot read properties of undefined')
      },
    ],
    ['answers nothing', () => undefined],
    ['answers a text', () => 'fine'],
    ['answers no list of issues', () => ({ issues: 'no' })],
    ['answers issues with a place that is none', () => ({ issues: [{ message: 'no', path: [null] }] })],
    ['answers late and then fails', async () => Promise.reject(new RangeError('no network'))],
  ])('[HO-03] is the schema where it %s', async (_what, validate) => {
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as never
    const plans = defineResource({ type: 'plan', schema })
    const w = world(memoryStorage(), users, [plans])
    expect(await refusal(w.as('ann').submit(plans.ref('pro'), { value: value as never }))).toBe('schema_failed')
  })

  it('[HO-03] is nobody: members that are undefined in what a schema made are not there', async () => {
    const note = z
      .string()
      .nullish()
      .transform((text) => text ?? undefined)
    const plans = defineResource({ type: 'plan', schema: z.object({ cents: z.number(), note }) })
    const w = world(memoryStorage(), users, [plans])
    await w.as('ann').submit(plans.ref('pro'), { value: { cents: 1, note: null } as never })
    expect((await w.as('ann').resources.get(plans.ref('pro')))?.document).toEqual({ cents: 1 })
  })

  it.each([
    ['a text for a number', { cents: 'many' }, '/cents'],
    ['NULL for what has to be there', { cents: null }, '/cents'],
    ['binary data that the schema keeps', { cents: 1, more: { blob: Buffer.from('x') } }, '/more/blob'],
    ['a moment that is none and that the schema keeps', { cents: 1, more: { at: new Date(Number.NaN) } }, '/more/at'],
    ['a bigint that is no number', { cents: 1, more: { id: 2n ** 64n } }, '/more/id'],
    ['a circle', circle(), '/more'],
    ['a list', [{ cents: 1 }], ''],
  ])('[HO-03] is the host: its read gave %s', async (_what, row, path) => {
    const schema = z.object({ cents: z.number(), more: z.any().optional() })
    const read = () => row
    for (const kept of [{ read, write: () => {} }, { external: { read, write: () => {} } }]) {
      const plans = defineResource({ type: 'plan', schema, ...kept })
      const approvals = createApprovals({
        storage: memoryStorage(),
        resources: [plans],
        directory: staticDirectory(users),
        admins: 'anyone',
      })
      const ann = approvals.as({ tenant: 'acme', user: 'ann' })
      for (const call of [
        () => ann.resources.get(plans.ref('pro')),
        () => ann.submit(plans.ref('pro'), { value: { cents: 2 } }),
        () => ann.preview(plans.ref('pro'), { value: { cents: 2 } }),
      ]) {
        const error = await failure(call())
        expect(error).toMatchObject({ code: 'host_failed', details: { type: 'plan', id: 'pro', operation: 'read' } })
        expect(error.details.path.startsWith(path)).toBe(true)
      }
      expect(await ann.resources.history(plans.ref('pro'))).toEqual([])
    }
  })

  it('[HO-03] is the schema where it does not read what it made of the row of a host', async () => {
    const schema = z.object({ cents: z.number().transform((n) => n * 100) })
    const plans = defineResource({ type: 'plan', schema, read: () => ({ cents: 1 }), write: () => {} })
    const w = world(memoryStorage(), users, [plans])
    expect(await refusal(w.as('ann').resources.get(plans.ref('pro')))).toBe('schema_failed')
  })
})

function circle(): unknown {
  const more: Record<string, unknown> = {}
  more['self'] = more
  return { cents: 1, more }
}
