import { describe, expect, it, vi } from 'vitest'
import {
  createApprovals,
  isApprovalError,
  type JsonObject,
  type Notice,
  type Storage,
  staticDirectory,
  type TickReport,
} from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { flags, pending, rollout, start, storages } from '../world.ts'

const hour = 60 * 60 * 1000
const hangs = () => new Promise<never>(() => {})
const people = { ann: ['dev'], ben: ['lead'], cat: ['lead'] }

/** A host with many tenants, some of which misbehave, a clock, and two ways to reach people: mail, and a pager that never answers. */
function host(
  storage: Storage,
  { bad = 'bad', pager = true }: { readonly bad?: string; readonly pager?: boolean } = {},
) {
  const mails: Notice[] = []
  const state = { time: start, asked: 0, paged: 0, isBad: true }
  const directory = staticDirectory(people)
  const misbehaves = (tenant: string) => state.isBad && tenant.startsWith(bad) && state.time > start
  const ignored = () => {
    state.asked++
    return hangs()
  }
  const approvals = createApprovals({
    storage,
    resources: [flags],
    admins: 'anyone',
    directory: {
      ...directory,
      users: (scope, ids) => (misbehaves(scope.tenant) ? ignored() : directory.users(scope, ids)),
      holders: (scope, role) => (misbehaves(scope.tenant) ? ignored() : directory.holders(scope, role)),
    },
    notifiers: [
      {
        name: 'mail',
        deliver: async (notice) => {
          mails.push(notice)
        },
      },
      ...(pager
        ? [
            {
              name: 'pager',
              deliver: () => {
                state.paged++
                return hangs()
              },
            },
          ]
        : []),
    ],
    timeouts: { directory: 30, notifier: 30 },
    now: () => state.time,
  })
  return { approvals, mails, state, as: (tenant: string, user: string) => approvals.as({ tenant, user }) }
}

/** A request that waits, whose approvers are reminded after an hour. */
async function ask({ as }: ReturnType<typeof host>, tenant: string, id = 'flag') {
  const ref = flags.ref(id)
  await as(tenant, 'ann').submit(ref, { value: { enabled: true, rollout: 1 } })
  await as(tenant, 'ann').policies.save({
    id: 'p',
    match: { action: 'update' },
    require: { quorum: 1, from: { roles: ['lead'] } },
    rules: { remindEvery: '1h' },
  })
  return pending(await as(tenant, 'ann').submit(ref, rollout(2)))
}

/** Copies a request, with what it is listed under, to another tenant, many times. */
async function copies(storage: Storage, tenant: string, id: string) {
  const rows = async (collection: 'requests' | 'targets' | 'inbox') => {
    const query = { collection, index: 'key', where: [tenant], order: 'ascending', limit: 1000 } as const
    const { records } = await storage.list(query)
    return records.map(({ value }) => ({ collection, value }))
  }
  const template = [...(await rows('requests')), ...(await rows('targets')), ...(await rows('inbox'))]
  return async (other: string, count: number, late = 0) => {
    const writes = Array.from({ length: count }, (_, at) =>
      template.map(({ collection, value }) => {
        const name = `${id}-${at}`
        const named: JsonObject = collection === 'requests' ? { id: name } : { request: name }
        const due = collection === 'requests' ? { dueAt: Number(value['dueAt']) + late } : {}
        return { type: 'insert', collection, value: { ...value, ...named, ...due, tenant: other } } as const
      }),
    ).flat()
    for (let from = 0; from < writes.length; from += 600) await storage.commit(writes.slice(from, from + 600))
  }
}

const isDeep = process.env['COUNTERSIGN_DEEP'] === '1'
const quick = storages.filter(({ name }) => isDeep || name === 'memory' || name === 'SQLite')

describe.each(quick)('tick over many tenants, on $name', ({ open }) => {
  it('[ST-01, ST-02] does everything of 199 tenants in ten calls, while one has 5,000 requests that cannot be done in front, and a notifier hangs', {
    timeout: 400_000,
  }, async () => {
    const kept = open()
    let listed = 0
    const storage: Storage = {
      ...kept,
      async list(query) {
        const page = await kept.list(query)
        if (query.collection === 'requests') listed += page.records.length
        return page
      },
    }
    const h = host(storage)
    const { id } = await ask(h, 'template')
    await h.approvals.tick()
    const copy = await copies(storage, 'template', id)
    await copy('bad', 5_000)
    const good = Array.from({ length: 199 }, (_, at) => `good-${at}`)
    for (const tenant of good) await copy(tenant, 10, 1)
    h.mails.length = 0
    h.state.time += hour + 1
    const reports: TickReport[] = []
    listed = 0
    for (let call = 0; call < 10; call++) {
      if (call === 1) expect(listed).toBeLessThan(3_000)
      reports.push(await h.approvals.tick({ limit: 500 }))
      h.state.time += 1_000
    }
    const told = new Map(good.map((tenant) => [tenant, 0]))
    for (const { tenant, type } of h.mails) {
      expect(type).toBe('reminded')
      if (told.has(tenant)) told.set(tenant, (told.get(tenant) ?? 0) + 1)
    }
    expect(new Set(told.values())).toEqual(new Set([10]))
    for (const report of reports) expect(report.reminded + report.delivered).toBeLessThanOrEqual(500)
    expect(h.state.paged).toBeLessThanOrEqual(20)
    expect(h.state.asked).toBeLessThanOrEqual(20)
    expect(reports.some(({ failed }) => failed.some(({ tenant }) => tenant === 'bad'))).toBe(true)
  })
})

describe.each(quick)('what tick cannot do, on $name', ({ open }) => {
  it('[ST-01] is put off longer from time to time, wherever tick runs next, and changes nothing of what people do with it', async () => {
    const storage = open()
    const h = host(storage, { pager: false })
    const request = await ask(h, 'bad')
    await h.approvals.tick()
    h.state.time += hour
    const at = h.state.time
    const tries: number[] = []
    for (let second = 0; second <= 32; second++) {
      h.state.time = at + second * 1_000
      const before = h.state.asked
      const { failed, next } = await h.approvals.tick()
      if (h.state.asked === before) continue
      tries.push(second)
      expect(failed).toMatchObject([{ tenant: 'bad', id: request.id, error: { code: 'directory_failed' } }])
      expect(next).toBeGreaterThan(h.state.time)
    }
    expect(tries).toEqual([0, 2, 6, 14, 30])
    const other = host(storage, { pager: false })
    other.state.time = h.state.time
    await other.approvals.tick()
    expect(other.state.asked).toBe(0)
    h.state.isBad = false
    expect((await h.as('bad', 'ann').audit.verify()).problems).toEqual([])
    expect(await h.as('bad', 'ann').requests.get(request.id)).toMatchObject({
      status: 'pending',
      digest: request.digest,
    })
    expect(JSON.stringify(await h.as('bad', 'ann').requests.list({}))).not.toContain('putOff')
    const { request: after } = await h.as('bad', 'ben').requests.approve(request.id, { digest: request.digest })
    expect(after.status).toBe('applied')
    expect((await h.as('bad', 'ann').audit.verify()).problems).toEqual([])
    expect((await h.approvals.tick()).failed).toEqual([])
  })

  it('[ST-01] is held: a tenant with many held requests in front keeps nobody else, and they go on as soon as the workflow is on again', async () => {
    const storage = open()
    const h = host(storage, { bad: 'nobody', pager: false })
    const { id } = await ask(h, 'noisy')
    const quiet = await ask(h, 'quiet')
    await (await copies(storage, 'noisy', id))('noisy', 150)
    await h.as('noisy', 'ann').workflow.disable({ waiting: 'hold' })
    await h.approvals.tick()
    h.state.time += hour + 5
    const first = await h.approvals.tick({ limit: 1 })
    const second = await h.approvals.tick({ limit: 1 })
    expect(first.reminded + second.reminded).toBe(1)
    expect(first.failed.concat(second.failed)).toEqual([])
    expect((await h.as('quiet', 'ann').audit.events({ request: quiet.id })).at(-1)?.event['type']).toBe('reminded')
    let waiting = first.waiting + second.waiting
    for (let call = 0; call < 4; call++) waiting += (await h.approvals.tick()).waiting
    expect(waiting).toBeGreaterThanOrEqual(151)
    expect((await h.approvals.tick()).waiting).toBe(0)
    await h.as('noisy', 'ann').workflow.enable({})
    expect((await h.approvals.tick()).reminded).toBe(0)
    h.state.time += hour
    let reminded = 0
    for (let call = 0; call < 4; call++) reminded += (await h.approvals.tick()).reminded
    const [quietAgain, held] = [1, 151]
    expect(reminded).toBe(quietAgain + held)
  })
})

describe('one call of tick', () => {
  const schedules = async (h: ReturnType<typeof host>, tenants: readonly string[], each: number) => {
    for (const tenant of tenants) {
      await ask(h, tenant, 'first')
      for (let at = 0; at < each; at++) {
        const ref = flags.ref(`s${at}`)
        const change = { value: { enabled: true, rollout: 1 } }
        await h.as(tenant, 'ann').submit(ref, change)
        const request = pending(await h.as(tenant, 'ann').submit(ref, rollout(3), { applyAt: start + hour / 2 }))
        await h.as(tenant, 'ben').requests.approve(request.id, { digest: request.digest })
      }
    }
    await h.approvals.tick()
    h.state.time += hour / 2
  }

  it.each(['throws', 'answers a text'])(
    '[ST-01] is found again by the next call, where the clock %s meanwhile',
    async (how) => {
      const storage = memoryStorage()
      const h = host(storage, { pager: false })
      const requests = [await ask(h, 'good', 'a'), await ask(h, 'good', 'b')]
      await h.approvals.tick()
      h.state.time += hour
      const clock = { isBroken: false }
      const delivered: string[] = []
      const approvals = createApprovals({
        storage,
        resources: [flags],
        admins: 'anyone',
        directory: staticDirectory(people),
        notifiers: [
          {
            name: 'mail',
            deliver: async ({ request }) => {
              clock.isBroken = requests.some(({ id }) => id === request) && delivered.length === 0
              if (clock.isBroken) throw new TypeError('the clock breaks')
              delivered.push(request ?? '')
            },
          },
        ],
        now: () => {
          if (clock.isBroken && how === 'throws') throw new TypeError('no time')
          return clock.isBroken ? ('noon' as never) : h.state.time
        },
      })
      const first = await approvals.tick({ budget: 3_000 }).catch((error) => error)
      if (isApprovalError(first)) expect(first.code).toBe('host_function_failed')
      else expect(first).toMatchObject({ running: [] })
      clock.isBroken = false
      delivered.push('mended')
      h.state.time += hour
      for (let call = 0; call < 3; call++) {
        const { running } = await approvals.tick()
        expect(running).toEqual([])
        h.state.time += hour
      }
      expect(new Set(delivered.slice(1))).toEqual(new Set(requests.map(({ id }) => id)))
    },
  )

  it('[ST-02] begins nothing after its budget, comes back whatever hangs, and does not call that failed', async () => {
    const storage = memoryStorage()
    const h = host(storage, { pager: false })
    await schedules(h, ['bad', 'good'], 2)
    const patient = createApprovals({
      storage,
      resources: [flags],
      admins: 'anyone',
      directory: {
        ...staticDirectory(people),
        users: (scope, ids) => (scope.tenant === 'bad' ? hangs() : staticDirectory(people).users(scope, ids)),
      },
      now: () => h.state.time,
    })
    const begun = performance.now()
    const report = await patient.tick({ budget: 600 })
    expect(performance.now() - begun).toBeLessThan(600 + 250)
    expect(report).toMatchObject({ applied: 2, failed: [], running: [{ tenant: 'bad' }, { tenant: 'bad' }] })
    expect(report.next).toBeDefined()
    const again = await patient.tick({ budget: 300 })
    expect([again.applied, again.failed]).toEqual([0, []])
  })

  it.each([
    ['delivered', () => {}, { delivered: 1, failed: [] }],
    ['failed', () => Promise.reject(new TypeError('no pager')), { delivered: 0, failed: [{ tenant: 'bad' }] }],
  ] as const)('[ST-02] says next time of what was under way that it has %s, once', async (_name, ends, told) => {
    let [ring, answer] = [() => {}, () => {}]
    const rung = new Promise<void>((resolve) => {
      ring = resolve
    })
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const storage = memoryStorage()
    const h = host(storage, { pager: false })
    const deliver = async () => {
      ring()
      await answered
      await ends()
    }
    const approvals = createApprovals({
      ...{ storage, resources: [flags], admins: 'anyone', directory: staticDirectory(people) },
      ...{ notifiers: [{ name: 'pager', deliver }], now: () => h.state.time },
    })
    await ask({ ...h, as: (tenant, user) => approvals.as({ tenant, user }) }, 'bad')
    const first = await approvals.tick({ budget: 100 })
    await rung
    expect(first).toMatchObject({ delivered: 0, failed: [], running: [{ tenant: 'bad' }] })
    // Whatever else is due there waits for it, and no loop has to spin meanwhile.
    const meanwhile = await approvals.tick({ budget: 100 })
    expect(meanwhile).toMatchObject({ delivered: 0, failed: [], running: [{ tenant: 'bad' }] })
    expect(meanwhile.next).toBe(h.state.time + 1_000)
    answer()
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
    expect(await approvals.tick()).toMatchObject({ ...told, running: [] })
    expect(await approvals.tick()).toMatchObject({ delivered: 0, failed: [] })
  })

  it('[ST-02] comes back when its timer says so, also where a test moves the timers', async () => {
    const storage = memoryStorage()
    await schedules(host(storage, { pager: false }), ['bad'], 2)
    const patient = createApprovals({
      storage,
      resources: [flags],
      admins: 'anyone',
      directory: { ...staticDirectory(people), users: hangs },
      timeouts: { directory: 3_600_000 },
      now: () => start + hour,
    })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const begun = performance.now()
      const ticking = patient.tick({ budget: 30_000 })
      for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
      vi.advanceTimersByTime(30_000)
      expect((await ticking).running).toHaveLength(1)
      expect(performance.now() - begun).toBeLessThan(20_000)
    } finally {
      vi.useRealTimers()
    }
  })

  it('[ST-02] does at most as much as it is told, for one tenant after the other', async () => {
    const h = host(memoryStorage(), { bad: 'nobody', pager: false })
    const tenants = ['a', 'b', 'c']
    await schedules(h, tenants, 3)
    const applied = async () =>
      await Promise.all(
        tenants.map(async (tenant) => (await h.as(tenant, 'ann').requests.list({ status: 'applied' })).requests.length),
      )
    h.mails.length = 0
    expect(await h.approvals.tick({ limit: 3 })).toMatchObject({ applied: 3, delivered: 0, sealed: 3, failed: [] })
    expect(await applied()).toEqual([1, 1, 1])
    const { applied: more, delivered } = await h.approvals.tick({ limit: 5 })
    expect(more + delivered).toBe(5)
    await h.approvals.tick()
    expect(await applied()).toEqual([3, 3, 3])
    expect(h.mails).toHaveLength(9)
    for (const mistake of [{ limit: 0 }, { limit: 1.5 }, { limit: Number.NaN }, { budget: 0 }, { budget: '5' }])
      await expect(h.approvals.tick(mistake as never)).rejects.toThrow(TypeError)
    await expect(h.approvals.tick({ limits: 5 } as never)).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('[ST-02] costs one look at each kind of thing where nothing is due, however much is there that is not, and says when it is', async () => {
    const storage = memoryStorage()
    let [calls, records] = [0, 0]
    const counted: Storage = {
      ...storage,
      async list(query) {
        const page = await storage.list(query)
        calls++
        records += page.records.length
        return page
      },
      get: async () => {
        throw new RangeError('nothing is to be read')
      },
      commit: async () => {
        throw new RangeError('nothing is to be written')
      },
    }
    const h = host(storage, { bad: 'nobody', pager: false })
    const idle = () => host(counted, { pager: false }).approvals.tick()
    expect((await idle()).next).toBeUndefined()
    expect(calls).toBe(7)
    const { id } = await ask(h, 'acme')
    await h.approvals.tick()
    const copy = await copies(storage, 'acme', id)
    for (const tenant of ['b', 'c', 'd']) await copy(tenant, 100)
    ;[calls, records] = [0, 0]
    expect((await idle()).next).toBe(start + hour)
    expect([calls, records <= 7]).toEqual([7, true])
  })

  it('[ST-02] asks nobody twice who cannot be reached, and lets others deliver meanwhile', async () => {
    const storage = memoryStorage()
    const [chats, state] = [[] as string[], { asked: 0 }]
    const approvals = createApprovals({
      storage,
      resources: [flags],
      admins: 'anyone',
      directory: staticDirectory(people),
      notifiers: [
        {
          name: 'mail',
          deliver: async () => {
            state.asked++
            throw Object.assign(new RangeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })
          },
        },
        { name: 'chat', deliver: async ({ tenant }) => void chats.push(tenant) },
      ],
      now: () => start,
    })
    const h = { ...host(storage), approvals, as: (tenant: string, user: string) => approvals.as({ tenant, user }) }
    for (const tenant of ['a', 'b', 'c']) await ask(h, tenant)
    const { failed, delivered } = await approvals.tick()
    expect([state.asked, delivered, chats.toSorted()]).toEqual([1, 0, ['a', 'b', 'c']])
    expect(new Set(failed.map(({ tenant }) => tenant))).toEqual(new Set(['a', 'b', 'c']))
    expect((await approvals.tick()).failed).toEqual([])
    expect(chats).toHaveLength(3)
  })

  it('[ST-02] reaches others by a notifier that hangs for one tenant alone', async () => {
    const storage = memoryStorage()
    const got: string[] = []
    const approvals = createApprovals({
      storage,
      resources: [flags],
      admins: 'anyone',
      directory: staticDirectory(people),
      notifiers: [
        { name: 'hook', deliver: async ({ tenant }) => (tenant === 'bad' ? hangs() : void got.push(tenant)) },
      ],
      timeouts: { notifier: 50 },
      now: () => start,
    })
    const h = { ...host(storage), approvals, as: (tenant: string, user: string) => approvals.as({ tenant, user }) }
    for (const tenant of ['bad', 'b', 'c', 'd']) await ask(h, tenant)
    await approvals.tick()
    await approvals.tick()
    expect(got.toSorted()).toEqual(['b', 'c', 'd'])
  })
})

describe('a storage that takes long', () => {
  it('[ST-02] has what comes due by what it did be done in the same call', async () => {
    const memory = memoryStorage()
    let wait = 0
    const slow: Storage = {
      ...memory,
      async commit(writes, effect) {
        await new Promise((done) => setTimeout(done, wait))
        return await memory.commit(writes, effect)
      },
    }
    const { approvals, mails, state } = host(slow, { pager: false })
    const ann = approvals.as({ tenant: 'acme', user: 'ann' })
    const ref = flags.ref('checkout')
    await ann.submit(ref, { value: { enabled: true, rollout: 40, tags: [] } })
    const lead = { quorum: 1, from: { roles: ['lead'] } }
    await ann.policies.save({ id: 'all', match: { action: 'update' }, require: lead })
    pending(await ann.submit(ref, rollout(80)))
    await approvals.tick()
    const before = mails.length
    state.time += 13 * 24 * hour
    // Longer than what a call waits for before it goes on with others.
    wait = 300
    const report = await approvals.tick()
    expect(mails.slice(before).map(({ type }) => type)).toEqual(['deadline_near'])
    expect(report).toMatchObject({ warned: 1, delivered: 1, failed: [], running: [] })
  })
})
