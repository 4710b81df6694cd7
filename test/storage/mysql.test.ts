import type mysql from 'mysql2/promise'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { RecordKey, Storage, Write } from '../../src/ports/storage.ts'
import { type MysqlPool, type MysqlPoolConnection, mysqlSchema, mysqlStorage } from '../../src/storage/mysql.ts'
import { bound, pageArguments } from '../../src/storage/sql/shared/arguments.ts'
import { mysqlDialect } from '../../src/storage/sql/shared/dialect.ts'
import { schemaVersions } from '../../src/storage/sql/shared/schema.ts'
import { createStatements } from '../../src/storage/sql/shared/statements.ts'
import { planOf } from '../../src/storage/toolkit/index-plan.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'
import { leftOut, mysqlDatabase } from './servers.ts'

const insert = (id: string): Write => ({ type: 'insert', collection: 'requests', value: { tenant: 'acme', id } })
const replace = (id: string): Write => ({
  type: 'replace',
  collection: 'requests',
  value: { tenant: 'acme', id },
  expected: 1,
})
const absent = (id: string): Write => ({ type: 'check', collection: 'requests', key: ['acme', id], expected: 'absent' })
const keyOf = (id: string): RecordKey => ({ collection: 'requests', key: ['acme', id] })
const versions = async (storage: Storage, ...ids: readonly string[]) =>
  (await storage.get(ids.map(keyOf))).map((record) => record?.version)

/** Milliseconds: InnoDB makes `innodb_trx` anew only when nobody has read it for 100 ms, so who asks more often never sees a change. */
const trxRefreshes = 150

const database = await mysqlDatabase()
afterAll(() => database?.drop())

if (!database) it.skip(`mysqlStorage (${leftOut('MySQL')})`)
else {
  const { pool, openPool, clear } = database
  const all = async (text: string) => (await pool.query<mysql.RowDataPacket[]>(text))[0].map((row) => ({ ...row }))
  const fresh = async () => {
    await clear()
    return mysqlStorage(pool)
  }
  await versions(mysqlStorage(pool), 'a')

  describe('[G10, I8, L3, L5, L7] mysqlStorage keeps every promise of the port', () => {
    for (const { name, run } of storageConformance(fresh)) it(name, run)
  })

  describe('mysqlStorage', () => {
    it('reads what waits for somebody along its index, and never sorts it', async () => {
      const storage = await fresh()
      const row = (index: number) => ({
        tenant: 'acme',
        approver: `role:${index % 2}`,
        request: `request-${index}`,
        project: `project-${index % 49}`,
        createdAt: index,
      })
      const rows = Array.from({ length: 2_000 }, (_, index) => row(index))
      await storage.commit(rows.map((value): Write => ({ type: 'insert', collection: 'inbox', value })))
      await pool.query('analyze table countersign_inbox')
      const pages = createStatements(mysqlDialect)
      for (const [index, key] of [
        ['byAge', 'countersign_inbox_by_age'],
        ['byProject', 'countersign_inbox_by_project'],
      ] as const) {
        const where = ['acme', 'role:1', ...(index === 'byProject' ? ['project-1'] : [])]
        for (const after of [{}, { after: [500, 'request-500'] }]) {
          const query = { collection: 'inbox', index, where, order: 'ascending', limit: 10, ...after } as const
          const plan = planOf(query)
          const { text, parameters } = pages.page(plan, query)
          const given = bound(parameters, [pageArguments(plan, query)]) as string[]
          const [steps] = await pool.execute<mysql.RowDataPacket[]>(`explain ${text}`, given)
          expect(steps, text).toMatchObject([{ table: 'countersign_inbox', key }])
          expect(steps[0]?.['Extra'], text).not.toContain('filesort')
        }
      }
    })

    it('[I10] binds nothing but text, numbers and null', async () => {
      const types = new Set<string>()
      const storage = mysqlStorage(noting(pool, types))
      for (const { run } of storageConformance(() => clear().then(() => storage)).slice(0, 20)) await run()
      expect(types).toEqual(new Set(['string', 'number', 'null']))
    })

    it('marks an absence that was checked, once, and shows the mark to nobody', async () => {
      const storage = await fresh()
      await storage.commit([absent('a'), insert('b')])
      await storage.commit([absent('a')])
      expect(await all('select cast(id as char) as id, version from countersign_requests order by id')).toEqual([
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
      await storage.commit([insert('a')])
      expect(await versions(storage, 'a')).toEqual([1])
    })

    it('[G16] makes the host’s write and its own in one transaction, or neither', async () => {
      const storage = await fresh()
      await pool.query('create table if not exists flags (id varchar(9) primary key)')
      const write = async (native: unknown) =>
        void (await (native as mysql.PoolConnection).query("insert into flags values ('a')"))
      const thrown = { not: 'now' }
      const refused = storage.commit([insert('a')], async (native) => {
        await write(native)
        throw thrown
      })
      await expect(refused).rejects.toBe(thrown)
      expect(await all('select * from flags')).toEqual([])
      expect(await versions(storage, 'a')).toEqual([undefined])
      await storage.commit([insert('a')], write)
      expect(await all('select * from flags')).toEqual([{ id: 'a' }])
      await expect(storage.commit([insert('b')], write)).rejects.toMatchObject({ errno: 1062 })
      expect(await versions(storage, 'a', 'b')).toEqual([1, undefined])
    })

    it('[G9] calls a deadlock a conflict, so that the caller decides anew', async () => {
      const storage = await fresh()
      await storage.commit([insert('a'), insert('b')])
      const other = await pool.getConnection()
      await other.query('start transaction')
      await other.query("select 1 from countersign_requests where tenant = 'acme' and id = 'b' for update")
      for (const heavy of ['x', 'y', 'z'])
        await other.query(
          `insert into countersign_streams (tenant, stream, version, value) values ('acme', '${heavy}', 1, '{}')`,
        )
      const outcome = storage.commit([replace('a'), replace('b')]).then(
        () => 'done',
        (error) => error,
      )
      await vi.waitFor(
        async () =>
          expect(
            await all(`select 1 from information_schema.innodb_trx join information_schema.processlist on id = trx_mysql_thread_id
              where trx_state = 'LOCK WAIT' and db = database()`),
          ).toHaveLength(1),
        { timeout: 10_000, interval: trxRefreshes },
      )
      await other.query("select 1 from countersign_requests where tenant = 'acme' and id = 'a' for update")
      await other.query('rollback')
      other.release()
      expect(await outcome).toMatchObject({ code: 'version_conflict', cause: { errno: 1213 } })
      await storage.commit([replace('a'), replace('b')])
    })

    it.each(['READ COMMITTED', 'SERIALIZABLE'])(
      '[G5, G10] lets no two commits pass each other where the host prefers %s',
      async (level) => {
        const other = openPool()
        other.on('connection', (connection) => connection.query(`set session transaction isolation level ${level}`))
        for (const { run } of races(() => clear().then(() => mysqlStorage(other)))) await run()
        await other.end()
      },
    )

    it('[P4] says that the storage failed when its connection is ended, and goes on with another', async () => {
      const storage = await fresh()
      const commit = storage.commit([insert('a')], async (native) => {
        const connection = native as mysql.PoolConnection
        await pool.query(`kill ${connection.threadId}`)
        await connection.query('select 1').catch(() => {})
      })
      await expect(commit).rejects.toMatchObject({ code: 'storage_failed' })
      expect(await versions(storage, 'a')).toEqual([undefined])
      await storage.commit([insert('a')])
      expect(await versions(storage, 'a')).toEqual([1])
    })

    it('[P7] makes its tables once, although several instances begin at the same time, and takes up what was left half done', async () => {
      for (const row of await all('show tables')) await pool.query(`drop table ${Object.values(row)[0]}`)
      const statements = mysqlSchema().split(';\n')
      for (const statement of statements.slice(0, statements.length / 2)) await pool.query(statement)
      const pools = Array.from({ length: 5 }, openPool)
      await Promise.all(pools.map((each, at) => mysqlStorage(each).commit([insert(`r${at}`)])))
      await Promise.all(pools.map((each) => each.end()))
      expect(await all('select version from countersign_migrations order by 1')).toEqual(
        schemaVersions.map((version) => ({ version })),
      )
      expect(await all('select count(*) as count from countersign_requests')).toEqual([{ count: 5 }])
    })

    it('[P9] has its keys and unique indexes in the database, whoever writes', async () => {
      await clear()
      const event = (seq: number, prev: string) =>
        pool.execute(
          `insert into countersign_events (tenant, stream, seq, prev, version, value) values ('acme', 's', ?, ?, 1, '{}')`,
          [seq, prev],
        )
      await event(1, '')
      await expect(event(1, 'h')).rejects.toMatchObject({ errno: 1062 })
      await expect(event(2, '')).rejects.toMatchObject({ errno: 1062 })
    })

    it('opens a pool of its own for a URI, and ends it', async () => {
      const [row] = await all('select database() as name')
      const url = new URL(process.env['MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test')
      url.pathname = `/${row?.['name']}`
      const storage = mysqlStorage(url.href)
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

/** Notes the types of what is bound. */
function noting(pool: mysql.Pool, types: Set<string>): MysqlPool {
  const over =
    (connection: Pick<mysql.Pool, 'execute'>): MysqlPool['execute'] =>
    (text, values) => {
      for (const value of values) types.add(value === null ? 'null' : typeof value)
      return connection.execute(text, values)
    }
  return {
    execute: over(pool),
    end: () => pool.end(),
    async getConnection(): Promise<MysqlPoolConnection> {
      const connection = await pool.getConnection()
      return {
        execute: over(connection),
        query: (text) => connection.query(text),
        release: () => connection.release(),
        destroy: () => connection.destroy(),
      }
    },
  }
}
