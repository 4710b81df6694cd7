import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ActingApprovals, createApprovals, type Directory, defineResource, type Storage } from '../../src/index.ts'
import { defineLifecycle } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { flags, refusal, rollout, start, storages, world } from '../world.ts'

type Filter = NonNullable<Parameters<ActingApprovals['resources']['list']>[0]>
type Listed = Awaited<ReturnType<ActingApprovals['resources']['list']>>['resources'][number]

const pages = defineResource({
  type: 'page',
  schema: z.object({ title: z.string() }),
  lifecycle: defineLifecycle({
    name: 'page',
    initial: 'draft',
    moves: [
      { from: ['draft', 'live'], action: 'edit', edits: 'any' },
      { from: 'draft', action: 'publish', to: 'live' },
    ],
  }),
})
/** A type whose name comes before another one's with a "-", which is less than what usually ends a name. */
const pageParts = defineResource({ type: 'page-part', schema: z.object({ title: z.string() }) })

/** What the test itself remembers of what it made. */
interface Made {
  readonly type: string
  readonly id: string
  readonly project: string
  readonly state?: string
  readonly at: number
}

/** Resources of three types in three places, some of them changed later, some deleted, and two made at one moment. */
async function office(storage: Storage) {
  const w = world(storage, undefined, [flags, pages, pageParts])
  const ann = w.as('ann')
  const made = new Map<string, Made>()
  const note = (type: string, id: string, more: Partial<Made>) => {
    const before = made.get(`${type}/${id}`) ?? { type, id, project: '' }
    made.set(`${type}/${id}`, { ...before, ...more, at: w.now() })
  }
  for (const [index, project] of ['', 'web', 'shop', 'web', 'shop', ''].entries()) {
    const named = project === '' ? {} : { project }
    await ann.submit(flags.ref(`f${index}`, named), { value: { enabled: true, rollout: index } })
    note('feature_flag', `f${index}`, { project })
    await ann.submit(pages.ref(`p${index}`, named), { value: { title: 'a' } })
    note('page', `p${index}`, { project, state: 'draft' })
    await ann.submit(pageParts.ref(`p${index}`, named), { value: { title: 'a' } })
    note('page-part', `p${index}`, { project })
    if (index % 2 === 0) w.pass(1_000)
  }
  for (const id of ['p1', 'p2']) {
    await ann.submit(pages.ref(id), { action: 'publish' })
    note('page', id, { state: 'live' })
    w.pass(1_000)
  }
  await ann.submit(flags.ref('f1'), rollout(77))
  note('feature_flag', 'f1', {})
  for (const id of ['f2', 'f4']) {
    await ann.submit(flags.ref(id), { remove: true })
    made.delete(`feature_flag/${id}`)
  }
  w.pass(1_000)
  await ann.submit(flags.ref('f4', { project: 'shop' }), { value: { enabled: false, rollout: 1 } })
  note('feature_flag', 'f4', { project: 'shop' })
  await w.policy()
  return { w, made: [...made.values()] }
}

function meets(one: Made, { type, project, state, from = 0, to = 2 ** 50 }: Filter): boolean {
  return (
    (type === undefined || one.type === type) &&
    (project === undefined || one.project === project) &&
    (state === undefined || one.state === state) &&
    one.at >= from &&
    one.at <= to
  )
}

/** The order of a list: the last updated first, then by name, the last one first. */
function byTime(a: Made, b: Made): number {
  const [one, other] = [`${a.type}\0${a.id}`, `${b.type}\0${b.id}`]
  return b.at - a.at || (one < other ? 1 : -1)
}

async function all(actor: ActingApprovals, filter: Filter, limit: number): Promise<readonly Listed[]> {
  const found: Listed[] = []
  let after: string | undefined
  do {
    const page = await actor.resources.list({ ...filter, limit, ...(after === undefined ? {} : { after }) })
    if (page.next !== undefined) expect(page.resources).toHaveLength(limit)
    found.push(...page.resources)
    after = page.next
  } while (after !== undefined)
  return found
}

const times = [{}, { from: start + 1_000, to: start + 3_000 }, { from: start + 3_000 }, { to: start + 999 }]
const filters: readonly Filter[] = times.flatMap((time) =>
  [undefined, '', 'web', 'shop', 'none'].flatMap((project) =>
    [
      {},
      { type: 'feature_flag' },
      { type: 'page' },
      { type: 'page-part' },
      { type: 'page', state: 'draft' },
      { type: 'page', state: 'live' },
    ].map((one) => ({ ...one, ...time, ...(project === undefined ? {} : { project }) })),
  ),
)

describe.each(storages)('[WO-16] lists and counts of resources, on $name', ({ open }) => {
  it('[WO-16] hold what meets every combination of type, project, state and time, in full pages', async () => {
    const { w, made } = await office(open())
    const root = w.as('ann')
    for (const [at, filter] of filters.entries()) {
      const expected = made.filter((one) => meets(one, filter)).toSorted(byTime)
      const found = await all(root, filter, 2 + (at % 3))
      const told = found.map(({ type, id, project = '', state, updatedAt }) => {
        return { type, id, project, ...(state === undefined ? {} : { state }), at: updatedAt }
      })
      expect([filter, told]).toEqual([filter, expected])
      expect([filter, await root.resources.count(filter)]).toEqual([filter, { count: expected.length }])
    }
    const [flag] = (await root.resources.list({ type: 'feature_flag', project: 'web', limit: 1 })).resources
    expect(flag).toEqual({
      ...{ type: 'feature_flag', id: 'f1', project: 'web', revision: 2, updatedAt: start + 5_000 },
      document: { enabled: true, rollout: 77 },
    })
    expect((await root.audit.verify()).problems).toEqual([])
  })
})

/** A directory in which roles are held in projects alone; root holds theirs everywhere. */
function inProjects(reads: Readonly<Record<string, readonly string[]>>): Directory {
  return {
    async users({ project }, ids) {
      return ids.map((id) => {
        if (id === 'root') return { roles: ['staff', 'admin'] }
        const its = reads[id]
        if (!its) return undefined
        if (project !== undefined) return { roles: its.includes(project) ? ['staff'] : [] }
        return { roles: [], inProjects: its.map((one) => ({ project: one, roles: ['staff'] })) }
      })
    },
    holders: async () => ['root'],
    roles: async (_scope, names) => names.map(() => true),
  }
}

describe('[WO-16] lists of resources', () => {
  const projects = Array.from({ length: 20 }, (_, at) => `p${at}`)
  const readers: Readonly<Record<string, readonly string[]>> = {
    few: ['p1', 'p4'],
    many: projects.slice(0, 18),
    none: [],
  }

  async function town(storage: Storage) {
    let ids = 0
    let time = start
    const approvals = createApprovals({
      ...{ storage, resources: [flags], directory: inProjects(readers) },
      ...{ admins: { roles: ['admin'] }, readers: { roles: ['staff'] } },
      now: () => time,
      newId: () => `id-${++ids}`,
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    for (const project of [...projects, ...projects]) {
      const named = flags.ref(`f${ids++}`, { project })
      await as('root').submit(named, { value: { enabled: true, rollout: 1 } })
      time += 1_000
    }
    await as('root').submit(flags.ref('loose'), { value: { enabled: true, rollout: 1 } })
    return { approvals, as }
  }

  for (const { name, open } of storages) {
    it(`[WO-16] show everybody what they may read and nothing else, in full pages (${name})`, async () => {
      const { as, approvals } = await town(open())
      for (const [user, its] of Object.entries(readers)) {
        const found = await all(as(user), {}, 3)
        expect(found.map(({ project }) => project)).toEqual([...its, ...its].toReversed())
        expect(await as(user).resources.count()).toEqual({ count: 2 * its.length })
        for (const project of ['p1', 'p19', '']) {
          const there = its.includes(project) ? 2 : 0
          expect(await as(user).resources.count({ project }), `${user} ${project}`).toEqual({ count: there })
          expect((await as(user).resources.list({ project })).resources).toHaveLength(there)
        }
      }
      expect(await as('root').resources.count()).toEqual({ count: 41 })
      expect(await approvals.reader('acme').resources.count()).toEqual({ count: 41 })
      expect((await approvals.reader('rival').resources.list()).resources).toEqual([])
      expect(await refusal(as('stranger').resources.list())).toBe('unknown_actor')
      expect(await refusal(as('stranger').resources.count({ project: 'p1' }))).toBe('unknown_actor')
    })
  }

  it('[WO-16] look at no more of the index than a page holds, whatever else is there', async () => {
    const storage = memoryStorage()
    const asked: { readonly index: string; readonly limit: number }[] = []
    const { as } = await town({
      ...storage,
      async list(query) {
        if (query.collection === 'resources') asked.push(query)
        return await storage.list(query)
      },
    })
    for (const [filter, index] of [
      [{}, 'byUpdate'],
      [{ project: 'p3' }, 'byProject'],
      [{ type: 'feature_flag' }, 'byType'],
      [{ type: 'feature_flag', project: 'p3' }, 'byTypeProject'],
    ] as const) {
      asked.length = 0
      await as('root').resources.list({ ...filter, limit: 1 })
      expect(asked).toMatchObject([{ index, limit: 2 }])
    }
    asked.length = 0
    await as('few').resources.list({ limit: 1 })
    expect(asked).toMatchObject([
      { index: 'byProject', limit: 2 },
      { index: 'byProject', limit: 2 },
    ])
  })

  it('[WO-16] tell whoever may not read there nothing but a time by a cursor, and look at so many at most', async () => {
    const storage = memoryStorage()
    const { as } = await town(storage)
    const { records } = await storage.list({
      ...{ collection: 'resources', index: 'byProject', where: ['acme', 'p19'], order: 'descending', limit: 1 },
    })
    const value = records[0]?.value
    const copies = Array.from({ length: 6_000 }, (_, at) => {
      const hidden = { ...value, id: `hidden-${at}`, updatedAt: start + 10 ** 6 + at }
      return { type: 'insert', collection: 'resources', value: hidden } as const
    })
    await storage.commit(copies as never)
    const first = await as('many').resources.list({ limit: 200 })
    expect(first.resources).toEqual([])
    const told = decodeURIComponent(atob(first.next ?? ''))
    expect(told).not.toContain('hidden')
    expect(JSON.parse(told).position[0] % 1_000).toBe(0)
    expect(await as('many').resources.count()).toMatchObject({ more: true })
    const found = await all(as('few'), {}, 200)
    expect(found).toHaveLength(4)
    const others: string[] = []
    for (let after = first.next; after !== undefined; ) {
      const page: Awaited<ReturnType<ActingApprovals['resources']['list']>> = await as('many').resources.list({
        ...{ limit: 200, after },
      })
      others.push(...page.resources.map(({ id }) => id))
      after = page.next
    }
    expect(others).toHaveLength(36)
  })

  it('[WO-16] refuse what no resource can be, with its place and what may have been meant', async () => {
    const { w } = await office(memoryStorage())
    const { list, count } = w.as('ann').resources
    const refused: readonly (readonly [object, string])[] = [
      [{ type: 'pag' }, 'filter.type.*did you mean "page"'],
      [{ type: 'countersign.policy' }, 'filter.type.*policies.list'],
      [{ type: 'page', state: 'drat' }, 'filter.state.*did you mean "draft"'],
      [{ state: 'draft' }, 'filter.state.*filter.type'],
      [{ type: 'feature_flag', state: 'draft' }, 'filter.state.*no life cycle'],
      [{ from: 2, to: 1 }, 'filter.to.*no resource is in between'],
      [{ from: 0.5 }, 'filter.from'],
      [{ project: 7 }, 'filter.project'],
      [{ states: 'draft' }, 'filter.*known are'],
    ]
    for (const [filter, message] of refused) {
      for (const call of [() => list(filter), () => count(filter)]) {
        const told = expect.stringMatching(new RegExp(message, 's'))
        await expect(call()).rejects.toMatchObject({ code: 'invalid_input', message: told })
      }
    }
    expect(await refusal(list({ limit: 201 }))).toBe('invalid_input')
    expect(await refusal(count({ limit: 1 } as never))).toBe('invalid_input')
    const { next } = await list({ limit: 1 })
    expect(await refusal(list({ limit: 1, type: 'page', after: next }))).toBe('invalid_input')
    const { next: ofRequests } = await w.as('ann').requests.list({ limit: 1 })
    if (ofRequests !== undefined) expect(await refusal(list({ after: ofRequests }))).toBe('invalid_input')
  })

  it('[WO-16] a list that was tampered with is found by the verification', async () => {
    const storage = memoryStorage()
    const { as, approvals } = await town(storage)
    const [one] = (await as('root').resources.list({ limit: 1 })).resources
    const key = ['acme', 'feature_flag', one?.id ?? '']
    const [stored] = await storage.get([{ collection: 'resources', key }])
    if (!stored) throw new TypeError('The resource is not there.')
    const { updatedAt: _, ...value } = stored.value
    await storage.commit([{ type: 'replace', collection: 'resources', value, expected: stored.version }])
    expect((await approvals.reader('acme').audit.verify()).problems.map(({ problem }) => problem)).toEqual([
      'the resource is listed under another time than that of its last revision',
    ])
  })
})
