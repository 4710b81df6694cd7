import fc from 'fast-check'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { databaseClock, type Storage } from '../../src/index.ts'
import { postgresStorage, postgresTime } from '../../src/storage/postgres.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'
import { program } from '../chaos/processes.ts'
import { races } from '../chaos/race.ts'
import { raced } from '../chaos/racing.ts'
import { deep } from '../runs.ts'
import { bounced, noBouncer, serverConnections } from './pgbouncer.ts'
import { clearing } from './servers.ts'
import { story } from './story.ts'

const key = { collection: 'requests', key: ['acme', 'a'] } as const
const insert = { type: 'insert', collection: 'requests', value: { tenant: 'acme', id: 'a' } } as const

// Left out with a word where there is none; in CI, `bounced` throws instead.
const behind = await bounced()
if (!behind) it.skip(`PostgreSQL behind PgBouncer (${noBouncer})`)
else {
  const { address, direct } = behind
  const [pool, another] = [1, 2].map(() => new pg.Pool({ connectionString: address, max: 6 })) as [pg.Pool, pg.Pool]
  afterAll(async () => {
    await Promise.all([pool.end(), another.end()])
    await behind.stop()
  }, 60_000)

  /** Runs a statement on every connection that PgBouncer has to the server. */
  const everywhere = async (statement: string) => {
    const clients = await Promise.all(Array.from({ length: serverConnections }, () => pool.connect()))
    for (const client of clients) await client.query('begin')
    const answers = await Promise.all(clients.map((client) => client.query(statement)))
    for (const client of clients) await client.query('commit')
    for (const client of clients) client.release()
    return answers.flatMap(({ rows }) => rows)
  }

  it('[P7] behind PgBouncer, several instances make their tables at the same time', async () => {
    await Promise.all([pool, another].map((each) => postgresStorage(each).migrate()))
    const { rows } = await direct.query("select count(*)::int from pg_tables where tablename = 'countersign_requests'")
    expect(rows).toEqual([{ count: 1 }])
  })

  describe('[G10, I8, L3, L5] storages behind PgBouncer keep every promise of the port between them', () => {
    const fresh = async () => {
      await direct.query(clearing)
      return [postgresStorage(pool), postgresStorage(another)]
    }
    for (const { name, run } of storageConformance(fresh)) it(name, run)
  })

  it('[A4, G1, G2, G3] reviewers, editors and appliers of several processes are told what happened behind PgBouncer', async () => {
    await direct.query(clearing)
    const racer = await program('racer')
    const seed = Date.now()
    const sample = fc.sample(races, { numRuns: deep ? 2_000 : 5, seed })
    const tally = await raced(racer, address, sample).finally(racer.remove)
    expect(tally, `seed ${seed}, ${tally.example}`).toMatchObject({ illegal: 0, appliedTwice: 0, broken: 0 })
    expect(tally.operations).toBeGreaterThan(20)
  })

  describe('a storage behind PgBouncer', () => {
    it('leaves no prepared statement on a server, where another client would meet it, and one in front of it does', async () => {
      const counting = 'select count(*)::int from pg_prepared_statements'
      const look = async (storage: Storage) => {
        for (let times = 0; times < 3; times++) await storage.get([key])
      }
      await direct.query(clearing)
      await look(postgresStorage(pool))
      const client = await another.connect()
      await look(postgresStorage(client))
      client.release()
      expect(await everywhere(counting)).toEqual(Array(serverConnections).fill({ count: 0 }))
      const own = await direct.connect()
      await look(postgresStorage(own))
      expect((await own.query(counting)).rows).not.toEqual([{ count: 0 }])
      own.release()
    })

    it('works inside a transaction of the host, again and again', async () => {
      await direct.query(clearing)
      const storage = postgresStorage(pool)
      const ends = [
        [pool, 'rollback'],
        [another, 'rollback'],
        [pool, 'commit'],
      ] as const
      for (const [lender, end] of ends) {
        const client = await lender.connect()
        await client.query('begin')
        await storage.within(client).commit([insert])
        expect(await storage.within(client).get([key])).toMatchObject([{ version: 1 }])
        await client.query(end)
        client.release()
        expect(await storage.get([key])).toMatchObject(end === 'commit' ? [{ version: 1 }] : [undefined])
      }
    })

    it('has an effect write in the same transaction, or not at all', async () => {
      await direct.query(`${clearing} create table if not exists flags (id text primary key)`)
      const storage = postgresStorage(pool)
      const write = async (native: unknown) =>
        void (await (native as pg.PoolClient).query("insert into flags values ('a')"))
      const thrown = new RangeError('not now')
      const refused = storage.commit([insert], async (native) => {
        await write(native)
        throw thrown
      })
      await expect(refused).rejects.toBe(thrown)
      expect((await direct.query('select * from flags')).rows).toEqual([])
      await storage.commit([insert], write)
      expect((await direct.query('select * from flags')).rows).toEqual([{ id: 'a' }])
    })

    it('has tables and partitions in a schema of its own, whatever search path another client has left behind', async () => {
      const storage = postgresStorage(address, { schema: 'own', partitions: 2 })
      await storage.migrate()
      await everywhere('set search_path = nowhere')
      await story(storage)
      await expect(postgresStorage(pool).get([key])).rejects.toMatchObject({ code: 'storage_failed' })
      await everywhere('reset search_path')
      await storage.close()
      await direct.query('drop schema own cascade')
    })

    it('reads the time of the database', async () => {
      const time = postgresTime(pool)
      const now = await databaseClock(time)
      expect(Math.abs(now() - (await time()))).toBeLessThan(60_000)
    })
  })
}
