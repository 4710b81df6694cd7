import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaPg } from '@prisma/adapter-pg'
import Database from 'better-sqlite3'
import { sql as drizzleSql } from 'drizzle-orm'
import { drizzle as drizzleSqlite } from 'drizzle-orm/better-sqlite3'
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql2'
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres'
import { drizzle as drizzleLite } from 'drizzle-orm/pglite'
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect, sql } from 'kysely'
import Libsql from 'libsql'
import { createPool } from 'mysql2'
import type mysql from 'mysql2/promise'
import type pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { policyResource, type TransactionalStorage } from '../../src/index.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { type PostgresPool, type PostgresPoolClient, postgresStorage } from '../../src/storage/postgres.ts'
import { type SqliteConnection, sqliteStorage } from '../../src/storage/sqlite.ts'
import { flags, pending, refusal, rollout, world } from '../world.ts'
import { nodeSqlite, withoutNodeSqlite } from './node-sqlite.ts'
import { prismaHost } from './prisma.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from './servers.ts'

/** What the host does inside its transaction: its own write, then Countersign's. */
type Work = (transaction: object, write: (id: string) => Promise<unknown>) => Promise<void>

/** A way in which hosts open transactions. */
interface Host {
  readonly storage: TransactionalStorage
  /** Opens a transaction; rolls it back where the work throws. */
  transact(work: Work): Promise<unknown>
  /** What the host itself has written. */
  written(): Promise<readonly unknown[]>
  /** Something that is no open transaction. */
  readonly noTransaction: object
}

const notNow = new TypeError('the host thinks better of it')
const text = (id: string) => `insert into host_orders values ('${id}')`
const made = 'create table if not exists host_orders (id varchar(20) primary key)'

const closing: (() => Promise<void>)[] = []
const folder = mkdtempSync(join(tmpdir(), 'countersign-prisma-'))

const connectionHost =
  (open: (path: string) => SqliteConnection): (() => Host) =>
  () => {
    const database = open(':memory:')
    database.exec(made)
    return {
      storage: sqliteStorage(database),
      noTransaction: {},
      written: async () => database.prepare('select id from host_orders').all(),
      async transact(work) {
        database.exec('begin immediate')
        try {
          await work(database, async (id) => database.exec(text(id)))
          database.exec('commit')
        } catch (thrown) {
          database.exec('rollback')
          throw thrown
        }
      },
    }
  }

const sqliteHosts: Readonly<Record<string, () => Host>> = {
  'better-sqlite3': connectionHost((path) => new Database(path)),
  libsql: connectionHost((path) => new Libsql(path)),
  ...(nodeSqlite && { 'node:sqlite': connectionHost(nodeSqlite) }),
  'Kysely on SQLite': () => {
    const database = new Database(':memory:')
    database.exec(made)
    const kysely = new Kysely({ dialect: new SqliteDialect({ database }) })
    return { ...kyselyHost(kysely), storage: sqliteStorage(database) }
  },
  'Drizzle on SQLite': () => {
    const database = new Database(':memory:')
    database.exec(made)
    const drizzle = drizzleSqlite(database)
    return {
      storage: sqliteStorage(database),
      noTransaction: {},
      written: async () => database.prepare('select id from host_orders').all(),
      // Drizzle's own transaction function cannot wait on better-sqlite3: the host opens and ends it.
      async transact(work) {
        drizzle.run(drizzleSql`begin immediate`)
        try {
          await work(drizzle, async (id) => drizzle.run(drizzleSql.raw(text(id))))
          drizzle.run(drizzleSql`commit`)
        } catch (thrown) {
          drizzle.run(drizzleSql`rollback`)
          throw thrown
        }
      },
    }
  },
  'Prisma on SQLite': () => {
    const url = join(folder, `${closing.length}.db`)
    const storage = sqliteStorage(url)
    const database = new Database(url)
    database.exec(made)
    database.close()
    closing.push(() => storage.close())
    return { ...prismaHostOf('sqlite', new PrismaBetterSqlite3({ url })), storage }
  },
}

const lite = await PGlite.create()
const postgres = await postgresDatabase('-c synchronous_commit=off')
const mariadb = await mysqlDatabase()
await lite.exec(made)
await postgres?.pool.query(made)
await mariadb?.pool.query(made)
afterAll(async () => {
  for (const close of closing) await close()
  rmSync(folder, { recursive: true })
  await Promise.all([lite.close(), postgres?.drop(), mariadb?.drop()])
})

const liteHosts: Readonly<Record<string, () => Host>> = {
  PGlite: () => ({
    storage: postgresStorage(lite),
    noTransaction: lite,
    written: async () => (await lite.query('select id from host_orders')).rows,
    transact: (work) => lite.transaction((transaction) => work(transaction, (id) => transaction.query(text(id)))),
  }),
  'Drizzle on PGlite': () => ({
    storage: postgresStorage(lite),
    noTransaction: lite,
    written: async () => (await lite.query('select id from host_orders')).rows,
    transact: (work) =>
      drizzleLite(lite).transaction((transaction) =>
        work(transaction, (id) => transaction.execute(drizzleSql.raw(text(id)))),
      ),
  }),
}

const postgresHosts = (
  pool: pg.Pool,
  openPool: () => pg.Pool,
  schema: string,
): Readonly<Record<string, () => Host>> => {
  const written = async () => (await pool.query('select id from host_orders')).rows
  return {
    'a pg client': () => ({
      storage: postgresStorage(pool),
      noTransaction: pool,
      written,
      async transact(work) {
        const client = await pool.connect()
        try {
          await client.query('begin')
          await work(client, (id) => client.query(text(id)))
          await client.query('commit')
        } catch (thrown) {
          await client.query('rollback')
          throw thrown
        } finally {
          client.release()
        }
      },
    }),
    'Kysely on PostgreSQL': () => {
      const kysely = new Kysely({ dialect: new PostgresDialect({ pool: openPool() }) })
      return { ...kyselyHost(kysely), storage: postgresStorage(pool) }
    },
    'Drizzle on PostgreSQL': () => ({
      storage: postgresStorage(pool),
      noTransaction: pool,
      written,
      transact: (work) =>
        drizzlePostgres(pool).transaction((transaction) =>
          work(transaction, (id) => transaction.execute(drizzleSql.raw(text(id)))),
        ),
    }),
    'Prisma on PostgreSQL': () => ({
      ...prismaHostOf('postgresql', new PrismaPg(openPool(), { schema, disposeExternalPool: true })),
      storage: postgresStorage(pool),
    }),
  }
}

const mysqlHosts = (pool: mysql.Pool, uri: string): Readonly<Record<string, () => Host>> => {
  const written = async () => (await pool.query('select id from host_orders'))[0] as unknown[]
  return {
    'a mysql2 connection': () => ({
      storage: mysqlStorage(pool),
      noTransaction: pool,
      written,
      async transact(work) {
        const connection = await pool.getConnection()
        try {
          await connection.query('start transaction')
          await work(connection, (id) => connection.query(text(id)))
          await connection.query('commit')
        } catch (thrown) {
          await connection.query('rollback')
          throw thrown
        } finally {
          connection.release()
        }
      },
    }),
    'Kysely on MySQL': () => {
      const kysely = new Kysely({ dialect: new MysqlDialect({ pool: createPool(uri) }) })
      return { ...kyselyHost(kysely), storage: mysqlStorage(pool) }
    },
    'Drizzle on MySQL': () => ({
      storage: mysqlStorage(pool),
      noTransaction: pool,
      written,
      transact: (work) =>
        drizzleMysql(pool).transaction((transaction) =>
          work(transaction, (id) => transaction.execute(drizzleSql.raw(text(id)))),
        ),
    }),
    'Prisma on MySQL': () => ({
      ...prismaHostOf('mysql', new PrismaMariaDb(uri)),
      storage: mysqlStorage(pool),
    }),
  }
}

function prismaHostOf(...[provider, adapter]: Parameters<typeof prismaHost>): Omit<Host, 'storage'> {
  const prisma = prismaHost(provider, adapter)
  closing.push(() => prisma.$disconnect())
  return {
    noTransaction: {},
    written: () => prisma.hostOrder.findMany(),
    transact: (work) =>
      prisma.$transaction((transaction) => work(transaction, (id) => transaction.hostOrder.create({ data: { id } }))),
  }
}

function kyselyHost(kysely: Kysely<unknown>): Omit<Host, 'storage'> {
  closing.push(() => kysely.destroy())
  return {
    noTransaction: {},
    written: async () => (await sql`select id from host_orders`.execute(kysely)).rows,
    transact: (work) =>
      kysely.transaction().execute((transaction) => work(transaction, (id) => sql.raw(text(id)).execute(transaction))),
  }
}

const hosts: Readonly<Record<string, () => Host>> = {
  ...sqliteHosts,
  ...liteHosts,
  ...(postgres ? postgresHosts(postgres.pool, postgres.openPool, postgres.schema) : {}),
  ...(mariadb ? mysqlHosts(mariadb.pool, mariadb.address) : {}),
}
if (!nodeSqlite) it.skip(`transactions of node:sqlite (${withoutNodeSqlite})`)
if (!postgres) it.skip(`transactions of PostgreSQL clients (${leftOut('PostgreSQL')})`)
if (!mariadb) it.skip(`transactions of MySQL clients (${leftOut('MySQL')})`)

let runs = 0

describe.each(Object.keys(hosts))('inside a transaction of %s', (name) => {
  const open = async () => {
    const host = (hosts[name] as () => Host)()
    await host.storage.migrate()
    const w = world(host.storage)
    const tenant = `acme-${++runs}`
    const as = (user: string) => w.as(user, { tenant })
    const inside = (transaction: object, user: string) => w.approvals.within(transaction).as({ tenant, user })
    await as('ann').submit(flags.ref('checkout'), { value: { enabled: true, rollout: 40 } })
    await as('ann').policies.save({ id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const request = pending(await as('ann').submit(flags.ref('checkout'), rollout(80)))
    await w.notices()
    const order = `${tenant}-${name.length}`
    return { host, w, as, inside, request, order, before: (await host.written()).length }
  }

  it('[G15] what the host rolls back leaves nothing of ours, and no notice', async () => {
    const { host, w, as, inside, request, order, before } = await open()
    const events = await as('ann').audit.events({ request: request.id })
    const delivered = (await w.notices()).length
    const transaction = host.transact(async (transaction, write) => {
      await write(order)
      const ben = inside(transaction, 'ben')
      const done = await ben.approve(request.id, { seen: request.digest })
      expect(done.request.status).toBe('applied')
      expect((await ben.resources.get(flags.ref('checkout')))?.document.rollout).toBe(80)
      await ben.policies.save({ id: 'more', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } })
      throw notNow
    })
    await expect(transaction).rejects.toBe(notNow)
    expect(await as('ann').audit.events({ request: request.id })).toEqual(events)
    expect((await as('ann').requests.get(request.id)).status).toBe('pending')
    expect((await as('ann').resources.get(flags.ref('checkout')))?.document.rollout).toBe(40)
    expect((await as('ann').policies.list()).length).toBe(1)
    expect((await w.notices()).length).toBe(delivered)
    expect((await host.written()).length).toBe(before)
    expect((await as('ann').audit.verify()).problems).toEqual([])
  })

  it('[G15] what the host commits is there with the host’s own write, and a refusal in between harms neither', async () => {
    const { host, w, as, inside, request, order, before } = await open()
    const delivered = (await w.notices()).length
    await host.transact(async (transaction, write) => {
      await write(order)
      expect(await refusal(inside(transaction, 'ann').approve(request.id, { seen: request.digest }))).toBe(
        'self_approval',
      )
      const taken = { type: 'insert', collection: 'policySets', value: { tenant: `acme-${runs}` } } as const
      const joined = host.storage.within(transaction)
      await expect(joined.commit([taken])).rejects.toMatchObject({ code: 'duplicate_key' })
      const [there, not] = await joined.get([
        { collection: 'policySets', key: [`acme-${runs}`] },
        { collection: 'policySets', key: ['nobody'] },
      ])
      expect([there?.version, not]).toEqual([1, undefined])
      await Promise.all([
        inside(transaction, 'ben').approve(request.id, { seen: request.digest }),
        inside(transaction, 'ann').requests.get(request.id),
      ])
    })
    expect((await as('ann').requests.get(request.id)).status).toBe('applied')
    expect((await host.written()).length).toBe(before + 1)
    expect((await w.notices()).length).toBeGreaterThan(delivered)
    expect((await as('ann').audit.verify()).problems).toEqual([])
  })

  it('[E9] [G15] policies change as those in force ask, and go where the host rolls back', async () => {
    const { host, as, inside } = await open()
    const gate = {
      id: 'gate',
      match: { resource: 'countersign.policy' },
      require: { quorum: 1, from: { users: ['ben'] } },
    }
    const reviewed = policyResource.ref('reviewed')
    await as('ann').policies.save(gate)
    const transaction = host.transact(async (transaction) => {
      const ann = inside(transaction, 'ann')
      expect(await refusal(ann.policies.remove('reviewed'))).toBe('policy_gated')
      expect(await refusal(ann.policies.save({ ...gate, match: { resource: 'feature_flag' } }))).toBe('policy_gated')
      const removal = pending(await ann.submit(reviewed, { remove: true }))
      await inside(transaction, 'ben').approve(removal.id, { seen: removal.digest })
      expect((await ann.policies.list()).map(({ id }) => id)).toEqual(['gate'])
      throw notNow
    })
    await expect(transaction).rejects.toBe(notNow)
    expect((await as('ann').policies.list()).map(({ id }) => id)).toEqual(['gate', 'reviewed'])
    const removal = pending(await as('ann').submit(reviewed, { remove: true }))
    await host.transact(async (transaction) => {
      await inside(transaction, 'ben').approve(removal.id, { seen: removal.digest })
    })
    expect((await as('ann').policies.list()).map(({ id }) => id)).toEqual(['gate'])
    expect((await as('ann').audit.verify()).problems).toEqual([])
  })

  it('[G15] refuses what is no transaction', async () => {
    const { host, w } = await open()
    expect(() => w.approvals.within(host.noTransaction)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })
})

if (postgres) {
  const own = postgresHosts(postgres.pool, postgres.openPool, postgres.schema)
  it.each(Object.keys(own))(
    '[G15] sends no statement over another connection than the transaction of %s',
    async (name) => {
      const { pool } = postgres
      const host = (own[name] as () => Host)()
      let open = false
      const elsewhere: string[] = []
      const watched: PostgresPool = {
        query: (query) => {
          if (open) elsewhere.push(query.text)
          return pool.query(query)
        },
        connect: async (): Promise<PostgresPoolClient> => {
          if (open) elsewhere.push('connect')
          return await pool.connect()
        },
        end: () => pool.end(),
      }
      const w = world(postgresStorage(watched))
      const tenant = `alone-${++runs}`
      const as = (user: string) => w.as(user, { tenant })
      await as('ann').policies.save({ id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
      const done = host.transact(async (transaction) => {
        open = true
        const inside = (user: string) => w.approvals.within(transaction).as({ tenant, user })
        const request = pending(await inside('ann').submit(flags.ref('a'), { value: { enabled: true, rollout: 1 } }))
        await inside('ben').approve(request.id, { seen: request.digest })
        expect((await inside('ann').requests.list()).requests.map(({ status }) => status)).toEqual(['applied'])
        open = false
        throw notNow
      })
      await expect(done).rejects.toBe(notNow)
      expect(elsewhere).toEqual([])
    },
  )
}

if (mariadb) {
  it('[G15] refuses a MySQL connection on which no transaction is open, before anything is written', async () => {
    const storage = mysqlStorage(mariadb.pool)
    await storage.migrate()
    const connection = await mariadb.pool.getConnection()
    const insert = { type: 'insert', collection: 'requests', value: { tenant: 'acme', id: 'stray' } } as const
    await expect(storage.within(connection).commit([insert])).rejects.toMatchObject({ code: 'storage_failed' })
    connection.release()
    expect(await storage.get([{ collection: 'requests', key: ['acme', 'stray'] }])).toEqual([undefined])
  })
}

it('[G15] a storage without transactions says so', async () => {
  const { memoryStorage } = await import('../../src/storage/memory.ts')
  expect(() => world(memoryStorage()).approvals.within({})).toThrow(expect.objectContaining({ code: 'invalid_input' }))
})
