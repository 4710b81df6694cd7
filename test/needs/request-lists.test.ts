import { describe, expect, it } from 'vitest'
import { type ActingApprovals, createApprovals, type Directory, type Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { day, experiments, flags, pending, refusal, rollout, start, storages, type World, world } from '../world.ts'

const people = { ann: [], eve: [], ben: ['lead'], cat: ['lead'], root: ['admin'] }
type Filter = NonNullable<Parameters<ActingApprovals['requests']['list']>[0]>
type Listed = Awaited<ReturnType<ActingApprovals['requests']['list']>>['requests'][number]

/** Requests of two people about two types in two projects, in many states, some over two resources. */
async function office(open: () => Storage) {
  const w = world(open(), people)
  for (const [project, id] of Object.entries({ web: 'a', shop: 'b' })) {
    await w.as('ann').submit(flags.ref(id, { project }), { value: { enabled: true, rollout: 1 } })
    w.pass(60_000)
  }
  await w.policy({ match: { resource: ['feature_flag', 'experiment'] }, rules: { cancel: 'any_time' } })
  let made = 0
  for (const user of ['ann', 'eve']) {
    const me = w.as(user)
    const wanted = [
      ...['a', 'b', 'a'].map((id) => () => me.submit(flags.ref(id), rollout(++made + 10))),
      () => me.submit(flags.ref(`new-${user}`, { project: 'web' }), { value: { enabled: false, rollout: 1 } }),
      () => me.submit(experiments.ref(`x-${user}`), { value: { name: user, traffic: 1 } }),
      () => me.submit(flags.ref('a'), { merge: { enabled: false } }),
      () =>
        me.submitAll([
          { ref: flags.ref('a'), change: rollout(++made + 30) },
          { ref: flags.ref(`also-${user}`, { project: 'web' }), change: { value: { enabled: true, rollout: 2 } } },
        ]),
      () => me.draft(flags.ref('b'), rollout(++made + 50)),
    ]
    for (const make of wanted) {
      await make()
      w.pass(1_000)
    }
  }
  const all = (await w.as('root').requests.list({ limit: 200, status: 'pending' })).requests
  await w.as('ben').requests.reject(all[1]?.id ?? '', { digest: all[1]?.digest ?? '', reason: 'no' })
  w.pass(1_000)
  await w.as('ben').requests.approve(all[8]?.id ?? '', { digest: all[8]?.digest ?? '' })
  w.pass(1_000)
  await w.as('eve').requests.cancel(all[2]?.id ?? '')
  w.pass(1_000)
  await w.as('ben').requests.comment(all[9]?.id ?? '', 'hm')
  w.pass(1_000)
  await w.as('ben').requests.comment(all[9]?.id ?? '', 'hm again')
  return w
}

/** All pages of a list, a few requests each. */
async function pages(w: World, filter: Filter, limit = 3): Promise<readonly Listed[]> {
  const found: Listed[] = []
  let after: string | undefined
  do {
    const page = await w.as('root').requests.list({ ...filter, limit, ...(after === undefined ? {} : { after }) })
    if (page.next !== undefined) expect(page.requests).toHaveLength(limit)
    found.push(...page.requests)
    after = page.next
  } while (after !== undefined)
  return found
}

/** What a filter asks for, judged one by one. */
function meets(one: Listed, filter: Filter): boolean {
  const { resource, type, project, requester, action, status, by = 'created', from = 0, to = 2 ** 50 } = filter
  const time = by === 'created' ? one.createdAt : one.updatedAt
  return (
    one.resources.some((its) => {
      return (!resource || (its.type === resource.type && its.id === resource.id)) && (!type || its.type === type)
    }) &&
    (project === undefined || one.project === project) &&
    (requester === undefined || one.requester === requester) &&
    (action === undefined || one.changes.some(({ actions }) => actions.includes(action))) &&
    (status === undefined || [status].flat().includes(one.status)) &&
    time >= from &&
    time <= to
  )
}

/** Every combination of one choice, or none, for each property. */
function combinations(choices: Readonly<Record<string, readonly unknown[]>>): readonly Filter[] {
  return Object.entries(choices).reduce<readonly Filter[]>(
    (all, [name, values]) =>
      all.flatMap((filter) => [filter, ...values.map((value) => ({ ...filter, [name]: value }) as Filter)]),
    [{}],
  )
}

const filters = combinations({
  by: ['updated'],
  resource: [{ type: 'feature_flag', id: 'a' }],
  type: ['feature_flag'],
  project: ['web'],
  requester: ['eve'],
  status: ['pending', ['expired', 'rejected', 'draft']],
})

/** Which of the combinations are tried where: one in so many, from this one on; the next ones once all have expired. */
const shares: Readonly<Record<string, readonly [number, number]>> = {
  SQLite: [8, 0],
  PostgreSQL: [16, 2],
  MySQL: [24, 4],
}

describe.each(storages)('[WO-02] lists and counts of requests, on $name', ({ name, open }) => {
  it('[WO-02] hold what meets every combination of criteria, in order and in full pages; a count agrees', async () => {
    const w = await office(open)
    const hand = (by: Filter['by']) => (one: Listed, other: Listed) => {
      const difference = by === 'updated' ? other.updatedAt - one.updatedAt : other.createdAt - one.createdAt
      return difference || (one.id < other.id ? 1 : -1)
    }
    for (const late of [0, 20 * day]) {
      w.pass(late)
      const all = (await w.as('root').requests.list({ limit: 200 })).requests
      expect(all).toHaveLength(16)
      const [step, first] = shares[name] ?? [4, 0]
      const some = filters.filter((_, at) => at % step === first + (late > 0 ? 1 : 0))
      const times = { from: start + 121_000, to: start + 131_000 }
      const timed: readonly Filter[] = [times, { ...times, by: 'updated', type: 'feature_flag' }]
      for (const filter of [...some, ...timed]) {
        const expected = all.filter((one) => meets(one, filter)).toSorted(hand(filter.by))
        const told = await pages(w, filter)
        expect([filter, told.map(({ id }) => id)]).toEqual([filter, expected.map(({ id }) => id)])
        expect([filter, await w.as('root').requests.count(filter)]).toEqual([filter, { count: expected.length }])
      }
      for (const action of ['create', 'disable', 'nothing']) {
        const expected = all.filter((one) => meets(one, { action, requester: 'ann' })).map(({ id }) => id)
        expect((await pages(w, { action, requester: 'ann' })).map(({ id }) => id)).toEqual(expected)
        expect(await w.as('root').requests.count({ action, requester: 'ann' })).toEqual({ count: expected.length })
      }
    }
    expect((await w.as('root').audit.verify()).problems).toEqual([])
  })

  it('[WO-02, AA-15] rows say what the request would do, who asked and when, whether it is stale, and what is missing', async () => {
    const w = world(open(), people)
    await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const { id, digest } = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(50)))
    const other = pending(await w.as('eve').submit(flags.ref('checkout'), { merge: { enabled: false } }))
    await w.as('ben').requests.approve(id, { digest })
    const row = async () => (await w.as('ann').requests.list({ requester: 'ann', status: 'pending' })).requests[0]
    const missing = async () =>
      (await row())?.approval?.policies.flatMap((policy) => policy.missing.map((one) => one.missing))
    const resource = { type: 'feature_flag', id: 'checkout' }
    expect(await row()).toMatchObject({
      ...{ id, requester: 'ann', createdAt: start },
      changes: [{ resource, actions: ['update'], lines: ['rollout: 40 → 50'] }],
      stale: false,
      approval: { met: false, blocking: [] },
    })
    expect(await missing()).toEqual([1])
    w.roles('ben', [])
    expect(await missing()).toEqual([2])
    w.roles('ben', ['lead'])
    for (const user of ['ben', 'cat']) await w.as(user).requests.approve(other.id, { digest: other.digest })
    expect(await row()).toMatchObject({ stale: true })
    const { stale, approval } = await w.as('ann').requests.get(id)
    expect(await row()).toMatchObject({ stale, approval: { met: approval?.met } })
    const inbox = (await w.as('cat').requests.inbox()).requests
    expect(inbox).toMatchObject([{ id, changes: [{ lines: ['rollout: 40 → 50'] }], stale: true }])
    expect(await w.as('cat').requests.count({ inbox: true })).toEqual({ count: 1 })
    expect(await w.as('ben').requests.count({ inbox: true })).toEqual({ count: 0 })
    const applied = (await w.as('ann').requests.list({ status: 'applied', limit: 1 })).requests
    expect('approval' in (applied[0] ?? {})).toBe(false)
  })
})

describe('[WO-02] lists of requests', () => {
  it('[WO-02] refuse what no request can be, with its place and what may have been meant', async () => {
    const w = await office(memoryStorage)
    const { list, count } = w.as('ann').requests
    const refused: readonly (readonly [object, string])[] = [
      [{ status: 'pendig' }, 'filter.status.*did you mean "pending"'],
      [{ status: [] }, 'filter.status'],
      [{ type: 'feature_flg' }, 'filter.type.*did you mean "feature_flag"'],
      [{ type: 'experiment', resource: { type: 'feature_flag', id: 'a' } }, 'filter.type.*"feature_flag"'],
      [{ from: 2, to: 1 }, 'filter.to.*before filter.from'],
      [{ from: 0.5 }, 'filter.from'],
      [{ by: 'time' }, 'filter.by.*"created" or "updated"'],
      [{ requester: '' }, 'filter.requester'],
      [{ action: 7 }, 'filter.action'],
      [{ statuses: 'pending' }, 'filter.*known are'],
    ]
    for (const [filter, message] of refused) {
      for (const call of [() => list(filter), () => count(filter)]) {
        const told = expect.stringMatching(new RegExp(message, 's'))
        await expect(call()).rejects.toMatchObject({ code: 'invalid_input', message: told })
      }
    }
    expect(await refusal(count({ inbox: false } as never))).toBe('invalid_input')
    expect(await refusal(count({ inbox: true, type: 'experiment' } as never))).toBe('invalid_input')
    expect(await refusal(count({ limit: 1 } as never))).toBe('invalid_input')
    const { next } = await list({ limit: 1 })
    expect(await refusal(list({ limit: 1, by: 'updated', after: next }))).toBe('invalid_input')
  })

  it('[WO-02] tell nobody of what they may not read, not even by a cursor; a count neither', async () => {
    const projects = Array.from({ length: 18 }, (_, at) => `p${at}`)
    const reads = projects.slice(0, 17).map((project) => ({ project, roles: ['staff'] }))
    const directory: Directory = {
      async users({ project }, ids) {
        return ids.map((id) => {
          if (id === 'root') return { roles: ['staff', 'admin'] }
          const roles = reads.some((one) => one.project === project) ? ['staff'] : []
          return project === undefined ? { roles: [], inProjects: reads } : { roles }
        })
      },
      holders: async () => ['root'],
      roles: async (_scope, names) => names.map(() => true),
    }
    const storage = memoryStorage()
    const options = {
      storage,
      resources: [flags],
      directory,
      admins: { roles: ['admin'] },
      readers: { roles: ['staff'] },
    }
    let [time, ids] = [start, 0]
    const approvals = createApprovals({ ...options, now: () => time, newId: () => `id-${++ids}` })
    const root = approvals.as({ tenant: 'acme', user: 'root' })
    await root.policies.save({
      id: 'all',
      match: { resource: 'feature_flag' },
      require: { quorum: 1, from: { users: ['zoe', 'root'] } },
    })
    const made = async (project: string) => {
      const value = { enabled: true, rollout: 1 }
      return pending(await root.submit(flags.ref(`f${ids}`, { project }), { value })).id
    }
    const old = await made('p0')
    time += 3 * 60_000 + 123
    const hidden = await made('p17')
    const { records } = await storage.list({
      collection: 'requests',
      index: 'key',
      where: ['acme'],
      order: 'descending',
      limit: 1,
    })
    const copies = Array.from({ length: 6_000 }, (_, at) => {
      const value = { ...records[0]?.value, id: `hidden-${at}`, createdAt: time + at, updatedAt: time + at }
      return { type: 'insert', collection: 'requests', value } as const
    })
    await storage.commit(copies as never)
    time += 10 * 60_000
    const eve = approvals.as({ tenant: 'acme', user: 'eve' })
    const first = await eve.requests.list({ status: 'pending', limit: 200 })
    expect(first.requests).toEqual([])
    const told = decodeURIComponent(atob(first.next ?? ''))
    expect(told).not.toMatch(/hidden|id-/)
    expect(JSON.parse(told).position).toEqual([Math.ceil(JSON.parse(told).position[0] / 60_000) * 60_000, ''])
    const found: string[] = []
    for (let after = first.next; after !== undefined; ) {
      const page: Awaited<ReturnType<typeof eve.requests.list>> = await eve.requests.list({
        status: 'pending',
        limit: 200,
        after,
      })
      found.push(...page.requests.map(({ id }) => id))
      after = page.next
    }
    expect(found).toEqual([old])
    expect(hidden).toBe('id-2')
    expect(await eve.requests.count({ status: 'pending', requester: 'root', project: 'p0' })).toEqual({
      count: 1,
      more: true,
    })
    expect(await eve.requests.count({ status: 'pending', project: 'p17' })).toEqual({ count: 0 })
    expect(await eve.requests.count({ status: 'pending' })).toEqual({ count: 0, more: true })
    expect(await root.requests.count({ status: 'pending' })).toEqual({ count: 6_002 })
  })

  it('[WO-02] by last update never show a request twice, whatever is updated between two pages', async () => {
    const w = await office(memoryStorage)
    const seen: string[] = []
    let after: string | undefined
    do {
      const filter = { by: 'updated', limit: 2, ...(after === undefined ? {} : { after }) } as const
      const page = await w.as('root').requests.list(filter)
      seen.push(...page.requests.map(({ id }) => id))
      after = page.next
      w.pass(10)
      await w.as('ben').requests.comment(seen.at(-1) ?? '', 'moves to the front')
    } while (after !== undefined)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toHaveLength(16)
  })
})
