import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type ActingApprovals,
  type Approvals,
  type ApprovalsOptions,
  createApprovals,
  type Directory,
  defineResource,
  isApprovalError,
  staticDirectory,
} from '../../src/index.ts'
import type { HostOptions } from '../../src/service/approvals-options.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { pending, refusal } from '../world.ts'

const limits = defineResource({ type: 'limit', schema: z.strictObject({ amount: z.number() }) })
const honest = staticDirectory({ ann: ['dev'], ben: ['lead'], cat: ['lead'], dora: [] })
const hour = 60 * 60 * 1000
const start = Date.UTC(2026, 0, 5, 9)

/** What a function of the host answers, and how people would call it. */
type Named = readonly [name: string, answer: () => unknown]

/** What a function of the host can answer in the place of a number, a text or a list. */
const nothings: readonly Named[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['NaN', () => Number.NaN],
  ['Infinity', () => Number.POSITIVE_INFINITY],
  ['a fraction', () => 1.5],
  ['a negative number', () => -1],
  ['a time in microseconds', () => start * 1000],
  ['a text', () => `${start}`],
  ['a bigint', () => BigInt(start)],
  ['a promise', () => Promise.resolve(start)],
  ['a promise that fails', () => Promise.reject(new Error('no clock'))],
  ['a Date', () => new Date(start)],
  ['an object with valueOf', () => ({ valueOf: () => start })],
  [
    'an error that it throws',
    () => {
      throw new Error('the battery is flat')
    },
  ],
  [
    'undefined that it throws',
    () => {
      throw undefined
    },
  ],
]

interface Office {
  readonly approvals: Approvals
  readonly as: (user: string) => ActingApprovals
  readonly id: string
  readonly digest: string
  readonly clock: (next: () => unknown) => void
}

/** A tenant where a lead has to approve each change within an hour, with a request that waits and a delegation that ends in a minute. */
async function office(options: Partial<HostOptions> & { readonly directory?: Directory } = {}): Promise<Office> {
  let now: () => unknown = () => start
  const storage = memoryStorage()
  const approvals = createApprovals({
    storage,
    resources: [limits],
    directory: honest,
    admins: { roles: ['lead'] },
    now: () => now() as number,
    ...options,
  } as ApprovalsOptions)
  const as = (user: string): ActingApprovals => approvals.as({ tenant: 't', user })
  await as('ben').policies.save({
    id: 'reviewed',
    match: { resource: 'limit' },
    require: { quorum: 1, from: { roles: ['lead'] } },
    rules: { expiresAfter: '1h' },
  })
  await as('ben').delegations.save({ to: 'dora', ends: start + 60_000 })
  const { id, digest } = pending(await as('ann').submit(limits.ref('a'), { value: { amount: 1 } }))
  return {
    approvals,
    as,
    id,
    digest,
    clock: (next: () => unknown) => {
      now = next
    },
  }
}

describe('a clock that answers anything', () => {
  it.each(nothings)('[FA-15] opens no gate: %s is refused by every verb, and nothing is written', async (_, answer) => {
    const { as, approvals, id, digest: seen, clock } = await office()
    clock(answer)
    const calls = [
      () => as('dora').requests.approve(id, { digest: seen, onBehalfOf: 'ben' }),
      () => as('ben').requests.approve(id, { digest: seen }),
      () => as('ann').submit(limits.ref('b'), { value: { amount: 2 } }),
      () => as('ann').preview(limits.ref('b'), { value: { amount: 2 } }),
      () => as('ben').delegations.save({ to: 'dora', ends: start + hour }),
      () => as('ben').policies.remove('reviewed'),
      () => as('ben').workflow.disable(),
      () => as('ann').requests.cancel(id),
      () => as('ann').requests.get(id),
      () => approvals.tick(),
    ]
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        code: 'host_function_failed',
        details: { function: 'now', fix: expect.stringContaining('createApprovals({ now })') },
      })
    }
    clock(() => start)
    expect((await as('ann').requests.get(id)).status).toBe('pending')
    expect(await as('ann').resources.get(limits.ref('a'))).toBeUndefined()
    expect(await as('ann').audit.verify()).toMatchObject({ ok: true })
  })

  it('[FA-15] that goes back brings back no delegation that was ended, and no request that expired', async () => {
    const { as, approvals, id, digest: seen, clock } = await office()
    await as('ben').delegations.remove('dora')
    clock(() => start + 2 * hour)
    await approvals.tick()
    clock(() => start)
    expect(await refusal(as('dora').requests.approve(id, { digest: seen, onBehalfOf: 'ben' }))).toBe('not_open')
    expect(await refusal(as('ben').requests.approve(id, { digest: seen }))).toBe('not_open')
    expect(await as('ann').audit.verify()).toMatchObject({ ok: true })
  })
})

describe('a source of ids that answers anything', () => {
  it.each<Named>([
    ...nothings.filter(([name]) => name !== 'a text'),
    ['an empty text', () => ''],
    ['a text of 65 characters', () => 'x'.repeat(65)],
    ['a path', () => 'request/1'],
    ['an invisible character', () => 'a\u200bb'],
  ])('[FA-15] makes no request: %s is refused', async (_, newId) => {
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [limits],
      directory: honest,
      admins: 'anyone',
      newId: newId as () => string,
    })
    const ann = approvals.as({ tenant: 't', user: 'ann' })
    await expect(ann.submit(limits.ref('b'), { value: { amount: 2 } })).rejects.toMatchObject({
      code: 'host_function_failed',
      details: { function: 'newId', fix: expect.stringContaining('crypto.randomUUID()') },
    })
    expect((await ann.requests.list()).requests).toEqual([])
  })

  it('[FA-15] that repeats itself takes nothing from the request that has the id, and is named', async () => {
    const { as, id, digest: seen } = await office({ newId: () => 'one' })
    await expect(as('ann').submit(limits.ref('b'), { value: { amount: 2 } })).rejects.toMatchObject({
      code: 'host_function_failed',
      message: expect.stringContaining('newId answered "one", which is the id of another request'),
    })
    expect((await as('ben').requests.approve(id, { digest: seen })).request.status).toBe('applied')
    expect(await as('ann').audit.verify()).toMatchObject({ ok: true })
  })

  it('[FA-15] that repeats itself once is asked again', async () => {
    const ids = ['one', 'one', 'two']
    const { as, id } = await office({ newId: () => ids.shift() ?? 'none' })
    const second = pending(await as('ann').submit(limits.ref('b'), { value: { amount: 2 } }))
    expect([id, second.id]).toEqual(['one', 'two'])
  })
})

/** Answers of `users` for one user that are none. */
const users: readonly (readonly [string, (ids: readonly string[]) => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['null in the place of a user', (ids) => ids.map(() => null)],
  ['a text for a user', (ids) => ids.map(() => 'lead')],
  ['too few', (ids) => ids.slice(1).map(() => ({ roles: ['lead'] }))],
  ['too many', (ids) => [...ids, 'x'].map(() => ({ roles: ['lead'] }))],
  ['an object like a list', (ids) => ({ length: ids.length, 0: { roles: ['lead'] } })],
  ['promises of users', (ids) => ids.map(async () => ({ roles: ['lead'] }))],
  ['roles that are a text', (ids) => ids.map(() => ({ roles: 'lead' }))],
  ['roles that are a set', (ids) => ids.map(() => ({ roles: new Set(['lead']) }))],
  ['roles that are objects', (ids) => ids.map(() => ({ roles: [{ name: 'lead' }] }))],
  ['no roles', (ids) => ids.map(() => ({}))],
  ['a person that is a number', (ids) => ids.map(() => ({ roles: ['lead'], person: 5 }))],
  ['a person that is null', (ids) => ids.map(() => ({ roles: ['lead'], person: null }))],
  ['a person that is empty', (ids) => ids.map(() => ({ roles: ['lead'], person: '' }))],
  ['a person with a blank at the end', (ids) => ids.map((id) => ({ roles: ['lead'], person: `${id} ` }))],
  ['an owner that is a list', (ids) => ids.map(() => ({ roles: ['lead'], owner: ['ann'] }))],
  [
    'a getter that throws',
    (ids) =>
      ids.map(() => ({
        get roles() {
          throw new Error('lazy')
        },
      })),
  ],
  [
    'a revoked proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable([], {})
      revoke()
      return proxy
    },
  ],
]

describe('a directory that answers anything', () => {
  it.each(users)('[FA-15] counts nobody: %s of users() is refused, and names the question', async (_, answer) => {
    let lying = false
    const directory = {
      ...honest,
      users: async (scope: { readonly tenant: string }, ids: readonly string[]) =>
        lying ? (answer(ids) as never) : honest.users(scope, ids),
    }
    const { as, id, digest: seen } = await office({ directory })
    lying = true
    await expect(as('ben').requests.approve(id, { digest: seen })).rejects.toMatchObject({
      code: 'directory_failed',
      details: { question: expect.stringContaining('"ben"') },
    })
    lying = false
    expect((await as('ann').requests.get(id)).status).toBe('pending')
  })

  it('[FA-15] in another order than asked is refused, where its rows say whose they are', async () => {
    let lying = false
    const directory = {
      ...honest,
      users: async (scope: { readonly tenant: string }, ids: readonly string[]) => {
        const rows = (await honest.users(scope, ids)).map((user, index) => user && { id: ids[index], ...user })
        return lying ? rows.toReversed() : rows
      },
    }
    const { as, id, digest: seen } = await office({ directory })
    lying = true
    await expect(as('ben').requests.approve(id, { digest: seen })).rejects.toMatchObject({
      code: 'directory_failed',
      message: expect.stringContaining('it must keep the order asked'),
    })
  })

  it('[FA-15] is read once: what its answer says at the second look, or becomes later, is nobody’s role', async () => {
    const directory = {
      ...honest,
      users: async (scope: { readonly tenant: string }, ids: readonly string[]) => {
        const found = await honest.users(scope, ids)
        return found.map((user, index) => {
          if (!user || ids[index] !== 'dora') return user
          let looks = 0
          const late: string[] = []
          return {
            get roles() {
              if (looks++ > 0) return ['lead']
              queueMicrotask(() => late.push('lead'))
              return late
            },
          }
        })
      },
    }
    const { as, id, digest: seen } = await office({ directory })
    expect(await refusal(as('dora').requests.approve(id, { digest: seen }))).toBe('not_an_approver')
  })

  it.each([
    ['holders', { holders: async () => 'ben' }],
    ['holders', { holders: async () => [{ id: 'ben' }] }],
    ['holders', { holders: async () => null }],
    [
      'holders',
      {
        holders: () => {
          throw undefined
        },
      },
    ],
    ['roles', { roles: async () => ['yes'] }],
    ['roles', { roles: async () => [Promise.resolve(false)] }],
    ['roles', { roles: async () => true }],
  ] satisfies readonly (readonly [string, object])[])(
    '[FA-15] saves no policy on what is no answer of %s()',
    async (_, wrong) => {
      const directory = { ...honest, ...(wrong as unknown as Partial<typeof honest>) }
      const approvals = createApprovals({ storage: memoryStorage(), resources: [limits], directory, admins: 'anyone' })
      const saving = approvals.as({ tenant: 't', user: 'ann' }).policies.save({
        id: 'reviewed',
        match: { resource: 'limit' },
        require: { quorum: 1, from: { roles: ['lead'] } },
      })
      await expect(saving).rejects.toMatchObject({ code: 'directory_failed' })
    },
  )
})

describe('tests of the host that answer anything', () => {
  const answers: readonly Named[] = [
    ...nothings.filter(([name]) => !name.startsWith('a bigint')),
    ['a promise of false', async () => false],
    ['a text', () => 'false'],
    ['0', () => 0],
  ]

  it.each(answers)('[FA-15] close the gate: %s of a predicate is a yes', async (_, answer) => {
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [limits],
      directory: honest,
      admins: 'anyone',
      predicates: { risky: answer as () => boolean },
    })
    const ann = approvals.as({ tenant: 't', user: 'ann' })
    await ann.policies.save({
      id: 'risky-ones',
      match: { resource: 'limit' },
      when: { type: 'predicate', name: 'risky' },
      require: { quorum: 1, from: { roles: ['lead'] } },
    })
    expect((await ann.submit(limits.ref('a'), { value: { amount: 1 } })).status).toBe('pending')
  })

  it.each(answers)(
    '[FA-15] close the gate: %s of a facet could be anything, and of a detector is a yes',
    async (_, answer) => {
      const type = defineResource({
        type: 'limit',
        schema: z.strictObject({ amount: z.number() }),
        facets: { owner: answer as () => string },
        actions: { raise: answer as () => boolean },
      })
      const approvals = createApprovals({
        storage: memoryStorage(),
        resources: [type],
        directory: honest,
        admins: 'anyone',
      })
      const ann = approvals.as({ tenant: 't', user: 'ann' })
      const require = { quorum: 1, from: { roles: ['lead'] } }
      await ann.policies.save({ id: 'raises', match: { resource: 'limit', action: 'raise' }, require })
      expect((await ann.submit(type.ref('a'), { value: { amount: 1 } })).status).toBe('pending')
      await ann.policies.remove('raises')
      await ann.policies.save({ id: 'owned', match: { resource: 'limit', facets: { owner: 'web' } }, require })
      const facet = await ann.submit(type.ref('b'), { value: { amount: 1 } })
      expect(facet.status).toBe(typeof answerOf(answer) === 'string' ? 'applied' : 'pending')
    },
  )

  it('[FA-15] change nothing of what they look at', async () => {
    const spoil = (thing: unknown): undefined => {
      if (typeof thing !== 'object' || thing === null) return undefined
      for (const member of Object.values(thing)) spoil(member)
      for (const key of Object.keys(thing)) Reflect.set(thing, key, 1_000_000)
      if (Array.isArray(thing)) Reflect.set(thing, 'length', 0)
      return undefined
    }
    const type = defineResource({
      type: 'limit',
      schema: z.strictObject({ amount: z.number() }),
      facets: { owner: (document) => spoil(document) ?? 'web' },
      actions: { raise: (change) => spoil(change) ?? false },
    })
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [type],
      directory: honest,
      admins: 'anyone',
      predicates: { risky: (subject, argument) => spoil([subject, argument]) ?? true },
    })
    const as = (user: string) => approvals.as({ tenant: 't', user })
    await as('ann').policies.save({
      id: 'risky-ones',
      match: { resource: 'limit' },
      when: { type: 'predicate', name: 'risky', with: { most: 5 } },
      require: { quorum: 1, from: { roles: ['lead'] } },
    })
    const { id, digest: seen, changes } = pending(await as('ann').submit(type.ref('a'), { value: { amount: 1 } }))
    expect(changes[0]?.after).toEqual({ amount: 1 })
    await as('ben').requests.approve(id, { digest: seen })
    expect(await as('ann').resources.get(type.ref('a'))).toMatchObject({ document: { amount: 1 } })
  })
})

function answerOf(answer: () => unknown): unknown {
  try {
    const found = answer()
    if (found instanceof Promise) found.catch(() => {})
    return found
  } catch (thrown) {
    return isApprovalError(thrown)
  }
}

describe('notifiers and signers that answer anything', () => {
  it.each([
    ['nothing', () => undefined],
    ['a text', () => 'delivered'],
    ['a promise that fails with nothing', () => Promise.reject(undefined)],
    ['a promise that fails with what cannot be read', () => Promise.reject(Object.create(null))],
    [
      'an error that it throws',
      () => {
        throw new Error('no route')
      },
    ],
    [
      'nothing that it throws',
      () => {
        throw undefined
      },
    ],
  ])('[FA-15] %s of a notifier keeps the notice from nobody else, and unchanged', async (_, answer) => {
    const told: unknown[] = []
    const spoiled: unknown[] = []
    const spoiler = {
      name: 'a-spoiler',
      deliver: (notice: { to: readonly string[] }) => {
        spoiled.push(Reflect.set(notice, 'to', ['dora']))
        return answer() as Promise<void>
      },
    }
    const keeper = { name: 'b-keeper', deliver: async (notice: { to: readonly string[] }) => void told.push(notice.to) }
    const storage = sqliteStorage(new Database(':memory:'))
    const { approvals } = await office({ notifiers: [spoiler, keeper], storage })
    const { failed } = await approvals.tick()
    expect(new Set(spoiled)).toEqual(new Set([false]))
    expect(told).toContainEqual(['ben', 'cat', 'dora'])
    for (const { error } of failed) expect(error).toBeDefined()
  })

  it.each([
    ['nothing', () => undefined],
    ['a text', () => 'signature'],
    ['no bytes', () => new Uint8Array()],
    ['an ArrayBuffer', () => new ArrayBuffer(64)],
    ['a list of numbers', () => [1, 2, 3]],
    ['more bytes than any signature has', () => new Uint8Array(100_000)],
    ['a promise that fails', () => Promise.reject(new Error('no key'))],
    [
      'an error that it throws',
      () => {
        throw new Error('no key')
      },
    ],
  ])('[FA-15] %s of a signer makes no checkpoint, and tick says which key', async (_, answer) => {
    const { approvals, as } = await office({ signer: { keyId: 'k1', sign: answer as () => Uint8Array } })
    const { failed, sealed } = await approvals.tick()
    expect(sealed).toBe(0)
    expect(failed).toMatchObject([{ id: 'checkpoint', error: { code: 'host_function_failed' } }])
    expect(String(failed[0]?.error)).toContain('signer "k1"')
    expect(await as('ann').audit.checkpoint()).toBeUndefined()
  })
})

describe('a write of the host', () => {
  it.each(['the same', 'another'])(
    '[HO-09] that begins a command about %s row is told at once why it cannot',
    async (which) => {
      const rows = new Map<string, { amount: number }>([['a', { amount: 1 }]])
      const later: Promise<unknown>[] = []
      let begins = true
      const prices = defineResource({
        type: 'price',
        schema: z.strictObject({ amount: z.number() }),
        read: async ({ id }) => rows.get(id),
        async write({ id }, price) {
          if (price) rows.set(id, price)
          if (!begins) return
          begins = false
          later.push(new Promise((resolve) => setImmediate(resolve)).then(() => submit('c', 3)))
          await submit(which === 'the same' ? id : 'b', 2)
        },
      })
      const approvals = createApprovals({
        storage: memoryStorage(),
        resources: [prices],
        admins: 'anyone',
        directory: honest,
      })
      const submit = (id: string, amount: number) =>
        approvals.as({ tenant: 't', user: 'ann' }).submit(prices.ref(id), { value: { amount } })
      await expect(submit('a', 9)).rejects.toMatchObject({
        code: 'host_failed',
        details: { problem: expect.stringContaining('began another command (submit) while a command was waiting') },
      })
      expect((await submit('a', 4)).status).toBe('applied')
      expect(await Promise.all(later)).toMatchObject([{ status: 'applied' }])
    },
  )
})
