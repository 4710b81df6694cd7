import { runInNewContext } from 'node:vm'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import type { RecordKey, Storage, Write } from '../../src/ports/storage.ts'
import { type PostgresPool, type PostgresPoolClient, postgresStorage } from '../../src/storage/postgres.ts'
import { schemaVersions } from '../../src/storage/sql/shared/schema.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'
import { proxyTo } from '../chaos/proxy.ts'
import { leftOut, postgresDatabase } from './servers.ts'

const insert = (id: string): Write => ({ type: 'insert', collection: 'requests', value: { tenant: 'acme', id } })
const replace = (id: string, expected = 1): Write => ({
  type: 'replace',
  collection: 'requests',
  value: { tenant: 'acme', id },
  expected,
})
const absent = (id: string): Write => ({ type: 'check', collection: 'requests', key: ['acme', id], expected: 'absent' })
const keyOf = (id: string): RecordKey => ({ collection: 'requests', key: ['acme', id] })
const versions = async (storage: Storage, ...ids: readonly string[]) =>
  (await storage.get(ids.map(keyOf))).map((record) => record?.version)

/** What a server says when it waits for a statement, and when somebody ended the connection: messages of the protocol's version 3. */
const readyForQuery = Buffer.from('Z\0\0\0\x05I')
const terminated = message('E', 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')
function message(type: string, body: string): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, Buffer.from(body)])
}

const lite = await PGlite.create()
afterAll(() => lite.close())

describe('[G10, I8, L3, L5] postgresStorage on PGlite keeps every promise of the port', () => {
  const fresh = async () => {
    await lite.exec('drop schema public cascade; create schema public')
    return postgresStorage(lite)
  }
  for (const { name, run } of storageConformance(fresh)) it(name, run)
})

describe('postgresStorage on PGlite', () => {
  it('says that the storage failed where a statement of the effect did, although the effect says nothing', async () => {
    const storage = postgresStorage(lite)
    const commit = storage.commit([insert('swallowed')], async (native) => {
      await (native as PGlite).query('select nothing').catch(() => {})
    })
    await expect(commit).rejects.toMatchObject({ code: 'storage_failed' })
    expect(await versions(storage, 'swallowed')).toEqual([undefined])
  })
})

const database = await postgresDatabase()
afterAll(() => database?.drop())

if (!database) it.skip(`postgresStorage on a server (${leftOut('PostgreSQL')})`)
else {
  const { pool, openPool, clear } = database
  const fresh = async () => {
    await clear()
    return postgresStorage(pool)
  }
  await postgresStorage(pool).get([keyOf('a')])

  describe('[G10, I8, L3, L5] postgresStorage on a server keeps every promise of the port', () => {
    for (const { name, run } of storageConformance(fresh)) it(name, run)
  })

  describe('postgresStorage on a server', () => {
    it('reads in one round trip, and commits in one', async () => {
      await clear()
      const trips: string[] = []
      const storage = postgresStorage(counted(pool, trips))
      await storage.commit([insert('a'), insert('b')])
      trips.length = 0
      await storage.get([keyOf('a'), { collection: 'policySets', key: ['acme'] }, keyOf('b')])
      expect(trips.length).toBe(1)
      await storage.commit([
        replace('a'),
        { type: 'check', collection: 'requests', key: ['acme', 'b'], expected: 1 },
        { type: 'insert', collection: 'events', value: { tenant: 'acme', stream: 's', seq: 1, prev: '' } },
        { type: 'insert', collection: 'outbox', value: { tenant: 'acme', id: 'n', dueAt: 1 } },
      ])
      expect(trips.length).toBe(2)
    })

    it('[I10] binds nothing but text, numbers and null', async () => {
      const given = new Set<string>()
      const storage = postgresStorage(counted(pool, [], given))
      for (const { run } of storageConformance(() => clear().then(() => storage)).slice(0, 20)) await run()
      expect(given).toEqual(new Set(['string', 'number', 'null']))
    })

    it('marks an absence that was checked, once, and shows the mark to nobody', async () => {
      const storage = await fresh()
      await storage.commit([absent('a'), insert('b')])
      await storage.commit([absent('a')])
      const rows = await pool.query(`select id, version::int from countersign_requests order by id`)
      expect(rows.rows).toEqual([
        { id: 'a', version: 0 },
        { id: 'b', version: 1 },
      ])
      expect(await versions(storage, 'a', 'b')).toEqual([undefined, 1])
      const page = await storage.list({
        collection: 'requests',
        index: 'key',
        where: ['acme'],
        order: 'ascending',
        limit: 9,
      })
      expect(page.records.map(({ value }) => value['id'])).toEqual(['b'])
      await expect(storage.commit([{ ...replace('a'), expected: 0 } as Write])).rejects.toMatchObject({
        code: 'version_conflict',
      })
      await storage.commit([insert('a')])
      expect(await versions(storage, 'a')).toEqual([1])
    })

    it('[G16] makes the host’s write and its own in one transaction, or neither', async () => {
      const storage = await fresh()
      await pool.query('create table if not exists flags (id text primary key)')
      await pool.query('delete from flags')
      const write = async (native: unknown) =>
        void (await (native as pg.PoolClient).query("insert into flags values ('a')"))
      const thrown = { not: 'now' }
      const refused = storage.commit([insert('a')], async (native) => {
        await write(native)
        throw thrown
      })
      await expect(refused).rejects.toBe(thrown)
      expect((await pool.query('select * from flags')).rows).toEqual([])
      expect(await versions(storage, 'a')).toEqual([undefined])
      await storage.commit([insert('a')], write)
      expect((await pool.query('select * from flags')).rows).toEqual([{ id: 'a' }])
      await expect(storage.commit([insert('b')], write)).rejects.toMatchObject({
        code: '23505',
        constraint: 'flags_pkey',
      })
      expect(await versions(storage, 'a', 'b')).toEqual([1, undefined])
    })

    it('says that the storage failed where a statement of the effect did, although the effect says nothing', async () => {
      const storage = await fresh()
      const commit = storage.commit([insert('a')], async (native) => {
        await (native as pg.PoolClient).query('select nothing').catch(() => {})
      })
      await expect(commit).rejects.toMatchObject({ code: 'storage_failed' })
      expect(await versions(storage, 'a')).toEqual([undefined])
    })

    it('[G9] calls a deadlock a conflict, so that the caller decides anew', async () => {
      const storage = await fresh()
      await storage.commit([insert('a'), insert('b')])
      const other = await pool.connect()
      await other.query(
        "begin; set local deadlock_timeout = '5s'; select 1 from countersign_requests where id = 'b' for update",
      )
      const outcome = storage.commit([replace('a'), replace('b')]).then(
        () => 'done',
        (error) => error,
      )
      await waitingFor(pool, 1)
      await other.query("select 1 from countersign_requests where id = 'a' for update").catch(() => {})
      await other.query('rollback')
      other.release()
      expect(await outcome).toMatchObject({ code: 'version_conflict', cause: { code: '40P01' } })
      await storage.commit([replace('a'), replace('b')])
    })

    it.each(['repeatable read', 'serializable'])(
      '[G5, G10] lets no two commits pass each other where the host prefers %s',
      async (level) => {
        const strict = openPool()
        strict.on('connect', (client) => void client.query(`set default_transaction_isolation = '${level}'`))
        for (const { run } of races(() => clear().then(() => postgresStorage(strict)))) await run()
        await strict.end()
      },
    )

    it('[G15] takes no second connection while a transaction waits for its effect', async () => {
      await clear()
      const single = new pg.Pool({ ...pool.options, max: 1 })
      const storage = postgresStorage(single)
      await storage.commit([insert('a')], async (native) => {
        await (native as pg.PoolClient).query('select 1')
      })
      expect(await versions(storage, 'a')).toEqual([1])
      await single.end()
    })

    it('takes a connection of a pool whose promises are not the ones of this realm', async () => {
      await fresh()
      const Elsewhere: PromiseConstructor = runInNewContext('Promise')
      const connect = () => new Elsewhere((resolve) => resolve(pool.connect()))
      const storage = postgresStorage({ ...counted(pool, []), connect }, { timeout: 1000 })
      expect(await versions(storage, 'nobody')).toEqual([undefined])
    })

    it('[P4] says that the storage failed when its connection is ended, and goes on with another', async () => {
      const storage = await fresh()
      const commit = storage.commit([insert('a')], async (native) => {
        const { rows } = await (native as pg.PoolClient).query('select pg_backend_pid() as pid')
        await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
        await (native as pg.PoolClient).query('select 1').catch(() => {})
      })
      await expect(commit).rejects.toMatchObject({ code: 'storage_failed' })
      expect(await versions(storage, 'a')).toEqual([undefined])
      await storage.commit([insert('a')])
      expect(await versions(storage, 'a')).toEqual([1])
    })

    it('[P4] outlives a connection that is ended in the same breath in which it is opened', async () => {
      await fresh()
      const proxy = await proxyTo(database.address)
      proxy.haveLastWord(readyForQuery, terminated)
      const storage = postgresStorage(proxy.address)
      await storage.commit([insert('a')])
      expect(await versions(storage, 'a')).toEqual([1])
      await storage.close()
      await proxy.close()
    })

    it('[P7] makes its tables once, although several instances begin at the same time', async () => {
      await pool.query('drop table if exists countersign_migrations')
      const { rows } = await pool.query('select tablename from pg_tables where schemaname = current_schema()')
      for (const { tablename } of rows) await pool.query(`drop table ${tablename}`)
      const pools = Array.from({ length: 5 }, openPool)
      await Promise.all(pools.map((each, at) => postgresStorage(each).commit([insert(`r${at}`)])))
      await Promise.all(pools.map((each) => each.end()))
      expect((await pool.query('select version::int from countersign_migrations order by 1')).rows).toEqual(
        schemaVersions.map((version) => ({ version })),
      )
      expect((await pool.query('select count(*)::int from countersign_requests')).rows).toEqual([{ count: 5 }])
    })

    it('[P9] has its keys and unique indexes in the database, whoever writes', async () => {
      await clear()
      const event = (seq: number, prev: string) =>
        pool.query(
          `insert into countersign_events (tenant, stream, seq, prev, version, value) values ('acme', 's', $1, $2, 1, '{}')`,
          [seq, prev],
        )
      await event(1, '')
      await expect(event(1, 'h')).rejects.toMatchObject({ code: '23505' })
      await expect(event(2, '')).rejects.toMatchObject({ code: '23505', constraint: 'countersign_events_by_prev' })
    })

    it('opens a pool of its own for a connection string, and ends it', async () => {
      const url = new URL(process.env['POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test')
      url.searchParams.set('options', String(pool.options.options))
      const storage = postgresStorage(url.href)
      expect(await versions(storage, 'nobody')).toEqual([undefined])
      await storage.close()
      await expect(versions(storage, 'nobody')).rejects.toMatchObject({ code: 'storage_failed' })
    })
  })
}

/** The checks of what must never happen when commits meet, as opposed to what should not have to be tried again. */
function races(fresh: () => Promise<Storage>) {
  return storageConformance(fresh).filter(({ name }) =>
    /exactly one|at most one|loses no update|at one moment/.test(name),
  )
}

/** Waits until so many statements about the tables of this file wait for a lock. */
async function waitingFor(pool: pg.Pool, count: number): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      `select count(distinct pid)::int from pg_stat_activity join pg_locks using (pid) join pg_class on pg_class.oid = relation
        where wait_event_type = 'Lock' and query like '%countersign_requests%' and relnamespace = current_schema()::regnamespace`,
    )
    if (Number(rows[0]?.count) >= count) return
  }
}

/** Notes every statement that is sent, and the types of what is bound. */
function counted(pool: pg.Pool, trips: string[], types = new Set<string>()): PostgresPool {
  const noting =
    <Q, R>(send: (query: Q) => R) =>
    (query: Q): R => {
      const { text, values = [] } =
        typeof query === 'string' ? { text: query } : (query as { text: string; values?: unknown[] })
      trips.push(text)
      for (const value of values) types.add(value === null ? 'null' : typeof value)
      return send(query)
    }
  return {
    query: noting((query) => pool.query(query)),
    end: () => pool.end(),
    async connect(): Promise<PostgresPoolClient> {
      const client = await pool.connect()
      return {
        query: noting((query) => client.query(query as string)),
        release: (broken) => client.release(broken),
        on: (event, listener) => client.on(event, listener),
        off: (event, listener) => client.off(event, listener),
      }
    },
  }
}
