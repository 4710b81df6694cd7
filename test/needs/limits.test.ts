import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { LimitOptions, Storage } from '../../src/index.ts'
import { createApprovals, defineResource, staticDirectory } from '../../src/index.ts'
import { limitsOf } from '../../src/service/values/limits.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { pending, refusal, storages, world } from '../world.ts'

const flags = defineResource({ type: 'flag', schema: z.number() })

async function office(storage: Storage, limits?: LimitOptions) {
  const approvals = createApprovals({
    storage,
    resources: [flags],
    directory: staticDirectory({ ann: ['dev'], ben: ['lead'], cat: [], dan: [], eve: [] }),
    admins: 'anyone',
    ...(limits ? { limits } : {}),
  })
  const as = (user: string, tenant = 'acme') => approvals.as({ tenant, user })
  const gate = () => as('ann').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
  await gate()
  const draft = (user: string, id: string, tenant?: string) => as(user, tenant).draft(flags.ref(id), { value: 1 })
  return { as, draft }
}

describe.each(storages)('what callers can make grow on $name', ({ open }) => {
  it('[FA-17] a request takes so many comments and no more, says so beforehand, and goes on otherwise', async () => {
    const { as } = await office(open(), { commentsPerRequest: 2 })
    const { id, digest: seen } = pending(await as('ann').submit(flags.ref('x'), { value: 1 }))
    await as('cat').requests.comment(id, 'one')
    expect((await as('cat').requests.get(id)).can.comment).toBe(true)
    await as('ben').requests.comment(id, 'two')
    await expect(as('ann').requests.comment(id, 'three')).rejects.toMatchObject({
      code: 'limit_reached',
      details: { what: 'comments', limit: 2 },
      message: expect.stringContaining('commentsPerRequest'),
    })
    const read = await as('cat').requests.get(id)
    expect(read).toMatchObject({ commentCount: 2, can: { comment: { code: 'limit_reached' } } })
    expect((await as('ben').requests.approve(id, { digest: seen })).request.status).toBe('applied')
    expect(await as('ann').audit.verify()).toMatchObject({ ok: true })
  })

  it('[FA-17] no more comments are taken than allowed, however many come at once', async () => {
    const { as } = await office(open(), { commentsPerRequest: 3 })
    const { id } = pending(await as('ann').submit(flags.ref('x'), { value: 1 }))
    const said = await Promise.allSettled(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => as('cat').requests.comment(id, text)),
    )
    expect(said.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect((await as('cat').requests.get(id)).commentCount).toBe(3)
  })

  it('[FA-17] a person has so many open drafts in a tenant and no more, until one is submitted or discarded', async () => {
    const { as, draft } = await office(open(), { openDraftsPerPerson: 2 })
    const first = await draft('ann', 'a')
    const second = await draft('ann', 'b')
    await expect(draft('ann', 'c')).rejects.toMatchObject({
      code: 'limit_reached',
      details: { what: 'open_drafts', limit: 2 },
      message: expect.stringContaining('openDraftsPerPerson'),
    })
    await draft('cat', 'c')
    await draft('ann', 'c', 'other')
    await as('ann').requests.cancel(first.id)
    await draft('ann', 'c')
    expect(await refusal(draft('ann', 'd'))).toBe('limit_reached')
    await as('ann').requests.submit(second.id)
    await draft('ann', 'd')
    expect(await refusal(draft('ann', 'e'))).toBe('limit_reached')
    await as('ann').requests.recall(second.id)
    expect((await as('ann').requests.get(second.id)).status).toBe('draft')
    expect((await as('ben').requests.inbox()).requests).toEqual([])
    expect(await as('ann').audit.verify()).toMatchObject({ ok: true })
  })

  it('[FA-17] no more drafts are begun than allowed, however many come at once', async () => {
    const { draft } = await office(open(), { openDraftsPerPerson: 3 })
    const begun = await Promise.allSettled(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => draft('ann', id)))
    expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  })

  it('[FA-17] a person gives so many delegations in a tenant and no more, until one ends or takes the place of another', async () => {
    const { as } = await office(open(), { delegationsPerPerson: 2 })
    const give = (to: string, user = 'ben') => as(user).delegations.save({ to, ends: Date.now() + 1e7 })
    await give('cat')
    await give('dan')
    await expect(give('eve')).rejects.toMatchObject({
      code: 'limit_reached',
      details: { what: 'delegations', limit: 2 },
      message: expect.stringContaining('delegationsPerPerson'),
    })
    await give('dan')
    await give('eve', 'ann')
    await as('ben').delegations.remove('cat')
    await give('eve')
    expect(await refusal(give('cat'))).toBe('limit_reached')
  })

  it('[FA-17] no more delegations are given than allowed, however many come at once', async () => {
    const { as } = await office(open(), { delegationsPerPerson: 2 })
    const give = (to: string) => as('ben').delegations.save({ to, ends: Date.now() + 1e7 })
    const given = await Promise.allSettled(['ann', 'cat', 'dan', 'eve'].map(give))
    expect(given.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  })

  it('[FA-17] however many delegations others give, whoever stands in for somebody who is asked is told', async () => {
    const storage = open()
    const { as } = await office(storage)
    await as('ben').delegations.save({ to: 'dan', ends: Date.now() + 1e8 })
    const [begins, ends] = [Date.now(), Date.now() + 1e7]
    const others = Array.from({ length: 1_001 }, (_, i) => ({ from: `m${i % 11}`, to: `u${i}`, begins, ends }))
    const values = others.map((other) => ({ tenant: 'acme', match: {}, ...other }))
    await storage.commit(values.map((value) => ({ type: 'insert', collection: 'delegations', value })))
    const { id } = pending(await as('ann').submit(flags.ref('x'), { value: 1 }))
    const { approval } = await as('cat').requests.get(id)
    expect(approval?.standIns).toEqual([{ user: 'dan', onBehalfOf: 'ben' }])
  })
})

it('[FA-17] allows 1,000 comments, 200 drafts and 100 delegations where nothing is said', () => {
  expect(limitsOf(undefined)).toEqual({
    commentsPerRequest: 1_000,
    openDraftsPerPerson: 200,
    delegationsPerPerson: 100,
  })
  expect(limitsOf({ commentsPerRequest: undefined, openDraftsPerPerson: 5 })).toEqual({
    commentsPerRequest: 1_000,
    openDraftsPerPerson: 5,
    delegationsPerPerson: 100,
  })
})

it.each([
  [{ commentsPerRequest: 0 }, 'limits.commentsPerRequest must be a whole number from 1'],
  [{ openDraftsPerPerson: 1.5 }, 'limits.openDraftsPerPerson must be a whole number from 1 to 1000'],
  [{ openDraftsPerPerson: Number.POSITIVE_INFINITY }, 'limits.openDraftsPerPerson must be'],
  [{ delegationsPerPerson: 1_001 }, 'limits.delegationsPerPerson must be a whole number from 1 to 1000'],
  [{ drafts: 5 }, 'limits has no drafts; known are commentsPerRequest, openDraftsPerPerson, delegationsPerPerson'],
  [[], 'limits must be an object, as in { commentsPerRequest: 500 }, not a list'],
  [null, 'limits must be an object'],
])('[HO-07] limits %j are refused where they are given', async (limits, message) => {
  const made = createWith(limits)
  expect(made).toThrow(TypeError)
  expect(made).toThrow(message)
})

const createWith = (limits: unknown) => () =>
  createApprovals({
    storage: memoryStorage(),
    resources: [flags],
    directory: staticDirectory({}),
    admins: 'anyone',
    limits: limits as LimitOptions,
  })

it('[FA-17] changes that land together are looked through together, and gated if these are too many values', {
  timeout: 30_000,
}, async () => {
  const pages = defineResource({ type: 'page', schema: z.record(z.string(), z.number()) })
  const w = world(memoryStorage(), { ann: [], ben: ['lead'] }, [pages])
  const rare = (name: string) => ({ type: 'before_after', field: `/**/${name}`, operator: '<', value: 0 }) as const
  const when = { any: Array.from({ length: 24 }, (_, n) => rare(`v${n}`)) }
  await w.policy({ match: { resource: 'page' }, when })
  const value = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`v${n}`, n]))
  const change = (id: number) => ({ ref: pages.ref(`p${id}`), change: { value } })
  expect((await w.as('ann').submit(pages.ref('alone'), { value })).status).toBe('applied')
  const together = Array.from({ length: 8 }, (_, id) => change(id))
  expect((await w.as('ann').submitAll(together)).status).toBe('pending')
})
