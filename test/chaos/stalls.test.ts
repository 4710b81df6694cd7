import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { deep } from '../runs.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from '../storage/servers.ts'
import { flags, pending, refusal, rollout, world } from '../world.ts'
import { proxyTo, type Way } from './proxy.ts'

/** At how many of the messages of a command its connection stalls, each way. */
const places = deep ? 1000 : 8
/** Milliseconds: long beside a command, even where many are on, and short beside the patience of the library. */
const timeout = 1000
const patience = 15_000

const [postgres, mysql] = await Promise.all([postgresDatabase(), mysqlDatabase()])
afterAll(async () => {
  await Promise.all([postgres?.drop(), mysql?.drop()])
})
if (!postgres) it.skip(`connections to PostgreSQL that stall (${leftOut('PostgreSQL')})`)
if (!mysql) it.skip(`connections to MySQL that stall (${leftOut('MySQL')})`)

interface Server {
  readonly address: string
  /** The storage over the connections of the tests. */
  readonly calm: Storage
  /** A storage over one connection, which a stall would make useless. */
  open(address: string): { readonly storage: Storage; end(): Promise<unknown> }
  /** A storage over connections that it opens itself. */
  own(address: string): Storage
}

const servers: Readonly<Record<string, Server>> = {
  ...(postgres && {
    PostgreSQL: {
      address: postgres.address,
      calm: postgresStorage(postgres.pool),
      open(address: string) {
        const pool = new pg.Pool({ connectionString: address, max: 1, connectionTimeoutMillis: timeout })
        return { storage: postgresStorage(pool, { timeout }), end: () => pool.end() }
      },
      own: (address: string) => postgresStorage(address, { timeout }),
    },
  }),
  ...(mysql && {
    MySQL: {
      address: mysql.address,
      calm: mysqlStorage(mysql.pool),
      open(address: string) {
        const pool = createPool({ uri: address, connectionLimit: 1, connectTimeout: timeout })
        return { storage: mysqlStorage(pool, { timeout }), end: () => pool.end() }
      },
      own: (address: string) => mysqlStorage(address, { timeout }),
    },
  }),
}

let tenants = 0

/** A request that waits for one lead, in a tenant of its own, and a storage that reaches it through a proxy. */
async function waiting({ address, calm, open }: Server) {
  const tenant = `stalled-${++tenants}`
  const known = world(calm)
  const ann = known.as('ann', { tenant })
  await ann.submit(flags.ref('checkout'), { value: { enabled: true, rollout: 40 } })
  await ann.policies.save({ id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
  const { id, digest } = pending(await ann.submit(flags.ref('checkout'), rollout(80)))
  const proxy = await proxyTo(address)
  const { storage, end } = open(proxy.address)
  const look = () => storage.get([{ collection: 'requests', key: [tenant, id] }])
  await look()
  const ben = world(storage).as('ben', { tenant })
  return {
    proxy,
    look,
    approve: () => ben.requests.approve(id, { digest, idempotencyKey: 'once' }),
    /** What is there in the end: one review, and one revision of it. */
    async expectOnce() {
      const request = await ann.requests.get(id)
      expect(request.status).toBe('applied')
      expect(request.reviews.map(({ by }) => by)).toEqual(['ben'])
      const revisions = await ann.resources.history(flags.ref('checkout'))
      expect(revisions.filter((revision) => revision.request === id)).toHaveLength(1)
      expect((await ann.audit.verify()).problems).toEqual([])
    },
    async close() {
      await proxy.close()
      await end()
    },
  }
}

describe.each(Object.entries(servers))('a connection to %s', (_, server) => {
  it('[P4, G8] that stalls at any message fails its command in time, is not used again, and the command is done once', {
    timeout: 120_000 + places * 10_000,
  }, async () => {
    const undisturbed = await waiting(server)
    undisturbed.proxy.heal()
    await undisturbed.approve()
    const { messages } = undisturbed.proxy
    await undisturbed.close()
    let stalls = 0
    const stalled = async (at: number, way: Way): Promise<void> => {
      const { proxy, look, approve, expectOnce, close } = await waiting(server)
      const told = `message ${at} of ${messages}, ${way}`
      proxy.stallAt(at, way)
      const begun = performance.now()
      const outcome = await approve().then(
        () => 'done',
        (error) => error.code,
      )
      // Messages can come through in one piece, so that there are fewer of them than last time; and a busy machine can be late by itself.
      if (proxy.stalled) {
        expect([outcome, await refusal(look())], told).toEqual(['storage_failed', 'storage_failed'])
        stalls++
      }
      expect(performance.now() - begun, told).toBeLessThan(patience)
      proxy.heal()
      const { request } = await vi.waitFor(approve, { timeout: patience })
      expect(request.status, told).toBe('applied')
      await expectOnce()
      await close()
    }
    const count = Math.min(messages, places)
    const chosen = Array.from({ length: count }, (_, at) => 1 + Math.round((at * (messages - 1)) / (count - 1)))
    await Promise.all((['to the server', 'back'] as const).flatMap((way) => chosen.map((at) => stalled(at, way))))
    expect(stalls).toBeGreaterThan(count / 2)
  })

  it('[P4] that is slow is waited for, as long as it answers in time, and no longer', async () => {
    const { proxy, approve, expectOnce, close } = await waiting(server)
    proxy.delay(timeout * 3)
    expect(await refusal(approve())).toBe('storage_failed')
    proxy.heal()
    proxy.delay(2)
    expect((await vi.waitFor(approve, { timeout: patience })).request.status).toBe('applied')
    await expectOnce()
    await close()
  })
})

describe.each(Object.entries(servers))(
  'connections to %s that the storage opens itself',
  (_, { address, calm, own }) => {
    it('[P4] fail in time while nothing comes through, and are opened anew when it does', async () => {
      await calm.get([{ collection: 'requests', key: ['acme', 'none'] }])
      const proxy = await proxyTo(address)
      const storage = own(proxy.address)
      const look = () => storage.get([{ collection: 'requests', key: ['acme', 'none'] }])
      await Promise.all(Array.from({ length: 10 }, look))
      proxy.stallAt(1, 'to the server')
      const begun = performance.now()
      for (let round = 0; round < 2; round++) {
        const refusals = await Promise.all(Array.from({ length: 12 }, () => refusal(look())))
        expect(new Set(refusals)).toEqual(new Set(['storage_failed']))
      }
      expect(performance.now() - begun).toBeLessThan(patience)
      proxy.heal()
      await vi.waitFor(look, { timeout: patience })
      expect(await Promise.all(Array.from({ length: 12 }, look))).toEqual(Array(12).fill([undefined]))
      await proxy.close()
      await storage.close()
    })
  },
)

describe('the time that a connection may be kept', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5'])('is not %s', (timeout) => {
    for (const open of [postgresStorage, mysqlStorage])
      expect(() => open({} as never, { timeout: timeout as number })).toThrow(TypeError)
  })
})
