import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { createApprovals, databaseClock, type Storage, staticDirectory } from '../../src/index.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { mysqlStorage, mysqlTime } from '../../src/storage/mysql.ts'
import { postgresStorage, postgresTime } from '../../src/storage/postgres.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from '../storage/servers.ts'
import { flags, pending, refusal, rollout } from '../world.ts'

const [postgres, mysql] = [await postgresDatabase(), await mysqlDatabase()]
afterAll(async () => {
  await Promise.all([postgres?.drop(), mysql?.drop()])
})
afterEach(() => vi.restoreAllMocks())
if (!postgres) it.skip(`follows PostgreSQL (${leftOut('PostgreSQL')})`)
if (!mysql) it.skip(`follows MySQL (${leftOut('MySQL')})`)

const real = Date.now
const hour = 60 * 60 * 1000

/** An instance of the application on a machine whose clock is wrong by so much. */
interface Node {
  readonly skew: number
  readonly now: Clock
}

const databases = [
  ...(postgres
    ? [{ name: 'PostgreSQL', open: () => postgresStorage(postgres.pool), time: postgresTime(postgres.pool) }]
    : []),
  ...(mysql ? [{ name: 'MySQL', open: () => mysqlStorage(mysql.pool), time: mysqlTime(mysql.pool) }] : []),
]

/** Two nodes over one storage. Whatever one of them does, its own clock says what it says on its machine. */
function cluster(storage: Storage, nodes: readonly Node[]) {
  let skew = 0
  vi.spyOn(Date, 'now').mockImplementation(() => real() + skew)
  return nodes.map((node, index) => {
    let ids = 0
    const approvals = createApprovals({
      storage,
      resources: [flags],
      directory: staticDirectory({ ann: [], ben: ['lead'], cat: ['lead'] }),
      admins: 'anyone',
      now: node.now,
      newId: () => `request-${index}-${++ids}`,
    })
    return async <T>(work: (desk: typeof approvals) => Promise<T>): Promise<T> => {
      skew = node.skew
      try {
        return await work(approvals)
      } finally {
        skew = 0
      }
    }
  })
}

/** What each of two nodes, an hour late and an hour early, makes of what the other has begun: expiry, lock and schedule. */
async function decisions(storage: Storage, tenant: string, clockOf: (minutes: number) => Promise<readonly Clock[]>) {
  const skews = [hour, -hour]
  const nodes = async (minutes: number) =>
    cluster(
      storage,
      (await clockOf(minutes)).map((now, index) => ({ now, skew: skews[index] ?? 0 })),
    )
  const as = (user: string) => ({ tenant, user })
  const [first, second] = await nodes(0)
  if (!first || !second) throw new TypeError('There are two nodes.')
  await first(async (one) => {
    const ann = one.as(as('ann'))
    for (const id of ['a', 'b', 'c', 'd']) await ann.submit(flags.ref(id), { value: { enabled: true, rollout: 1 } })
    await ann.policies.save({
      id: 'p',
      match: {},
      require: { quorum: 1, from: { roles: ['lead'] } },
      rules: { expiresAfter: '30m', lock: 'resource' },
    })
  })
  const ask = (node: typeof first, id: string, soon = false) =>
    node(async (one) => {
      const [now] = await clockOf(0)
      const options = soon && now ? { applyAt: now() + 20 * 60_000 } : {}
      return pending(await one.as(as('ann')).submit(flags.ref(id), rollout(2), options))
    })
  const asked = [await ask(first, 'a'), await ask(second, 'b')]
  const scheduled = [await ask(first, 'c', true), await ask(second, 'd', true)]
  for (const [index, request] of scheduled.entries()) {
    await [second, first][index]?.((one) => one.as(as('ben')).requests.approve(request.id, { digest: request.digest }))
  }
  const look = async (minutes: number) => {
    const [one, two] = await nodes(minutes)
    const seen: string[] = []
    for (const node of [one, two]) {
      for (const request of [...asked, ...scheduled]) {
        seen.push((await node?.((here) => here.as(as('ann')).requests.get(request.id)))?.status ?? '')
      }
      seen.push(
        await refusal(node?.((here) => here.as(as('cat')).submit(flags.ref('a'), rollout(9))) ?? Promise.resolve()),
      )
    }
    return seen
  }
  const at0 = await look(0)
  const ticks: unknown[] = []
  for (const node of await nodes(0)) ticks.push(await node((one) => one.tick()))
  const [late] = await nodes(21)
  ticks.push(await late?.((one) => one.tick()))
  const [, early] = await nodes(31)
  const answer = await refusal(
    early?.((one) => one.as(as('ben')).requests.approve(asked[0]?.id ?? '', { digest: asked[0]?.digest ?? '' })) ??
      Promise.resolve(),
  )
  return { at0, ticks, answer }
}

describe.each(databases)('a clock that follows $name', ({ name, open, time }) => {
  it('[H3] has nodes that are wrong by an hour decide the same about expiry, schedules and locks', async () => {
    // A later look reads the time of the database, and as many minutes more.
    const clockOf = async (minutes: number) =>
      await Promise.all([0, 1].map(() => databaseClock(async () => (await time()) + minutes * 60_000)))
    const { at0, ticks, answer } = await decisions(open(), `followed-${name}`, clockOf)
    const each = ['pending', 'pending', 'approved', 'approved', 'locked']
    expect(at0).toEqual([...each, ...each])
    expect(ticks).toMatchObject([
      { applied: 0, expired: 0 },
      { applied: 0, expired: 0 },
      { applied: 2, expired: 0 },
    ])
    expect(answer).toBe('expired')
  })

  it('[H3] which they would not if they went by their own', async () => {
    const own: Clock = () => Date.now()
    const [early, late] = cluster(open(), [
      { skew: hour, now: own },
      { skew: -hour, now: own },
    ])
    const ann = { tenant: `alone-${name}`, user: 'ann' }
    const request = await late?.(async (one) => {
      const require = { quorum: 1, from: { roles: ['lead'] } }
      await one.as(ann).policies.save({ id: 'p', match: {}, require, rules: { expiresAfter: '30m' } })
      return pending(await one.as(ann).submit(flags.ref('a'), { value: { enabled: true, rollout: 1 } }))
    })
    expect((await late?.((one) => one.as(ann).requests.get(request?.id ?? '')))?.status).toBe('pending')
    expect((await early?.((one) => one.as(ann).requests.get(request?.id ?? '')))?.status).toBe('expired')
  })

  it('says what the database says, to a few milliseconds, however wrong the own clock is', async () => {
    vi.spyOn(Date, 'now').mockReturnValue(0)
    const now = await databaseClock(time)
    const before = await time()
    const said = now()
    expect(said).toBeGreaterThan(before - 1_000)
    expect(said).toBeLessThan((await time()) + 1_000)
  })
})

describe('a clock that follows a database', () => {
  it('takes the answer that came quickest, and halves the way there and back', async () => {
    let at = 1_000
    vi.spyOn(performance, 'now').mockImplementation(() => at)
    const ways = [50, 400, 10, 80, 90]
    const now = await databaseClock(async () => {
      const way = ways.shift() ?? 0
      at += way
      const time = 5_000_000 + at
      at += way
      return time + (way === 10 ? 0 : 7_000)
    })
    expect(now()).toBe(5_000_000 + at)
  })

  it('never goes back, asks again after a while, and goes on where nobody answers', async () => {
    let at = 0
    let ahead = 1_000_000
    let asked = 0
    vi.spyOn(performance, 'now').mockImplementation(() => at)
    const now = await databaseClock(
      async () => {
        asked++
        if (ahead === 0) throw new RangeError('down')
        return at + ahead
      },
      { every: 10_000 },
    )
    const settle = () => new Promise((done) => setImmediate(done))
    expect([now(), asked]).toEqual([1_000_000, 5])
    at = 9_999
    expect([now(), asked]).toEqual([1_009_999, 5])
    ahead = 500_000
    at = 10_000
    expect(now()).toBe(1_010_000)
    await settle()
    expect([now(), asked]).toEqual([1_010_000, 10])
    at = 20_000
    ahead = 2_000_000
    now()
    await settle()
    expect(now()).toBe(2_020_000)
    at = 30_000
    ahead = 0
    now()
    await settle()
    expect([now(), asked]).toEqual([2_030_000, 16])
  })

  it('is refused where the time cannot be read, or is none', async () => {
    expect(await refusal(databaseClock(async () => Number.NaN))).toBe('storage_failed')
    expect(await refusal(databaseClock(() => Promise.reject(new RangeError('down'))))).toBe('storage_failed')
  })
})
