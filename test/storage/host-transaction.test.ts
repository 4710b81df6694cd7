import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaPg } from '@prisma/adapter-pg'
import Database from 'better-sqlite3'
import { sql as drizzleSql } from 'drizzle-orm'
import { type BetterSQLite3Database, drizzle as drizzleSqlite } from 'drizzle-orm/better-sqlite3'
import { drizzle as drizzleMysql, type MySql2Database } from 'drizzle-orm/mysql2'
import { drizzle as drizzlePostgres, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { drizzle as drizzleLite, type PgliteDatabase } from 'drizzle-orm/pglite'
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect, sql } from 'kysely'
import Libsql from 'libsql'
import { type Connection, createConnection, createPool } from 'mysql2'
import type mysql from 'mysql2/promise'
import type pg from 'pg'
import { afterAll, expect, it } from 'vitest'
import type { TransactionalStorage } from '../../src/ports/storage.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { type PostgresLiteTransaction, postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { world } from '../world.ts'
import { all, bySavepoint, type Host, host, insideTransactions, made, onNoOtherConnection, text } from './host-suite.ts'
import { type PrismaHost, prismaHost } from './prisma.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from './servers.ts'
import { bracketed, connectionHost } from './sqlite-host.ts'

const closing: (() => Promise<void>)[] = []
const folder = mkdtempSync(join(tmpdir(), 'countersign-prisma-'))

const sqliteHosts: Readonly<Record<string, () => Host>> = {
  'better-sqlite3': connectionHost((path) => new Database(path)),
  libsql: connectionHost((path) => new Libsql(path)),
  'a connection of SQLite that does not say whether a transaction is open': connectionHost((path) => {
    const database = new Database(path)
    return {
      prepare: (statement) => database.prepare(statement),
      exec: (statement) => database.exec(statement),
      close: () => database.close(),
    }
  }),
  'Kysely on SQLite': () => {
    const database = new Database(':memory:')
    database.exec(made)
    return kyselyHost(new Kysely({ dialect: new SqliteDialect({ database }) }), sqliteStorage(database), false)
  },
  'Drizzle on SQLite': () => {
    const database = new Database(':memory:')
    database.exec(made)
    const drizzle = drizzleSqlite(database)
    const run = (on: BetterSQLite3Database, statement: string) => on.run(drizzleSql.raw(statement))
    return host<BetterSQLite3Database>({
      storage: sqliteStorage(database),
      root: drizzle,
      isApart: false,
      knowsItsEnd: false,
      refused: [[drizzle, 'begin']],
      // Drizzle's own transaction function cannot wait on better-sqlite3: the host opens and ends it.
      transact: bracketed((statement) => run(drizzle, statement), drizzle, 'begin immediate'),
      nested: bySavepoint(run),
      write: async (on, id) => run(on, text(id)),
      orders: async (on) => on.all(drizzleSql.raw(all)),
    })
  },
  'Prisma on SQLite': () => {
    const url = join(folder, `${closing.length}.db`)
    const storage = sqliteStorage(url)
    const database = new Database(url)
    database.exec(made)
    database.close()
    closing.push(() => storage.close())
    return prismaHostOf(storage, 'sqlite', new PrismaBetterSqlite3({ url }), false)
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
  PGlite: () =>
    host<PostgresLiteTransaction>({
      storage: postgresStorage(lite),
      root: lite as unknown as PostgresLiteTransaction,
      isApart: false,
      knowsItsEnd: false,
      refused: [[lite, 'lite.transaction(']],
      transact: (work) => lite.transaction((transaction) => work(transaction)),
      nested: bySavepoint((on, statement) => on.query(statement)),
      write: (on, id) => on.query(text(id)),
      orders: async (on) => (await on.query(all)).rows,
    }),
  'Drizzle on PGlite': () => {
    const drizzle = drizzleLite(lite)
    return host<PgliteDatabase>({
      storage: postgresStorage(lite),
      root: drizzle,
      isApart: false,
      knowsItsEnd: false,
      refused: [[drizzle, 'db.transaction(']],
      transact: (work) => drizzle.transaction((transaction) => work(transaction)),
      nested: (on, work) => on.transaction((transaction) => work(transaction)),
      write: (on, id) => on.execute(drizzleSql.raw(text(id))),
      orders: async (on) => (await on.execute(drizzleSql.raw(all))).rows,
    })
  },
}

const postgresHosts = (
  pool: pg.Pool,
  openPool: () => pg.Pool,
  schema: string,
): Readonly<Record<string, () => Host>> => ({
  'a pg client': () =>
    host<pg.Pool | pg.PoolClient>({
      storage: postgresStorage(pool),
      root: pool,
      isApart: true,
      knowsItsEnd: false,
      refused: [
        [pool, 'await pool.connect()'],
        [pool.connect().then((client) => client.release()), 'approvals.within(await …)'],
        ['begin', 'must be a transaction'],
      ],
      async transact(work) {
        const client = await pool.connect()
        const joined = postgresStorage(pool).within(client)
        const early = joined.commit([{ type: 'check', collection: 'requests', key: ['acme', 'a'], expected: 'absent' }])
        await expect(early).rejects.toThrow("client.query('begin')")
        try {
          await bracketed((statement) => client.query(statement), client)(work)
        } finally {
          client.release()
        }
      },
      nested: bySavepoint((on, statement) => on.query(statement)),
      write: (on, id) => on.query(text(id)),
      orders: async (on) => (await on.query(all)).rows,
    }),
  'Kysely on PostgreSQL': () =>
    kyselyHost(new Kysely({ dialect: new PostgresDialect({ pool: openPool() }) }), postgresStorage(pool), true),
  'Drizzle on PostgreSQL': () => {
    const drizzle = drizzlePostgres(pool)
    return host<NodePgDatabase>({
      storage: postgresStorage(pool),
      root: drizzle,
      isApart: true,
      knowsItsEnd: false,
      refused: [[drizzle, 'db.transaction(']],
      transact: (work) => drizzle.transaction((transaction) => work(transaction)),
      nested: (on, work) => on.transaction((transaction) => work(transaction)),
      write: (on, id) => on.execute(drizzleSql.raw(text(id))),
      orders: async (on) => (await on.execute(drizzleSql.raw(all))).rows,
    })
  },
  'Prisma on PostgreSQL': () => {
    const adapter = new PrismaPg(openPool(), { schema, disposeExternalPool: true })
    return prismaHostOf(postgresStorage(pool), 'postgresql', adapter, true)
  },
})

const mysqlHosts = (pool: mysql.Pool, uri: string): Readonly<Record<string, () => Host>> => ({
  'a mysql2 connection': () =>
    host<mysql.Pool | mysql.PoolConnection>({
      storage: mysqlStorage(pool),
      root: pool,
      isApart: true,
      knowsItsEnd: false,
      refused: [[pool, 'await pool.getConnection()']],
      async transact(work) {
        const connection = await pool.getConnection()
        try {
          await bracketed((statement) => connection.query(statement), connection, 'start transaction')(work)
        } finally {
          connection.release()
        }
      },
      nested: bySavepoint((on, statement) => on.query(statement)),
      write: (on, id) => on.query(text(id)),
      orders: async (on) => (await on.query(all))[0] as unknown[],
    }),
  'a mysql2 connection that calls back': () => {
    const connection = createConnection(uri)
    closing.push(() => connection.promise().end())
    const pool = createPool(uri)
    closing.push(() => pool.promise().end())
    return host<Connection>({
      storage: mysqlStorage(pool as never),
      root: connection,
      isApart: true,
      knowsItsEnd: false,
      refused: [[pool, 'await pool.getConnection()']],
      transact: bracketed((statement) => connection.promise().query(statement), connection, 'start transaction'),
      nested: bySavepoint((on, statement) => on.promise().query(statement)),
      write: (on, id) => on.promise().query(text(id)),
      orders: async (on) => (await on.promise().query(all))[0] as unknown[],
    })
  },
  'Kysely on MySQL': () =>
    kyselyHost(new Kysely({ dialect: new MysqlDialect({ pool: createPool(uri) }) }), mysqlStorage(pool), true),
  'Drizzle on MySQL': () => {
    const drizzle = drizzleMysql(pool)
    return host<MySql2Database>({
      storage: mysqlStorage(pool),
      root: drizzle,
      isApart: true,
      knowsItsEnd: false,
      refused: [[drizzle, 'db.transaction(']],
      transact: (work) => drizzle.transaction((transaction) => work(transaction)),
      nested: (on, work) => on.transaction((transaction) => work(transaction)),
      write: (on, id) => on.execute(drizzleSql.raw(text(id))),
      orders: async (on) => (await on.execute(drizzleSql.raw(all)))[0] as unknown as unknown[],
    })
  },
  'Prisma on MySQL': () => prismaHostOf(mysqlStorage(pool), 'mysql', new PrismaMariaDb(uri), true),
})

function prismaHostOf(
  storage: TransactionalStorage,
  provider: 'postgresql' | 'sqlite' | 'mysql',
  adapter: object,
  isApart: boolean,
): Host {
  const prisma = prismaHost(provider, adapter)
  closing.push(() => prisma.$disconnect())
  return host<PrismaHost>({
    storage,
    root: prisma,
    isApart,
    knowsItsEnd: true,
    refused: [[prisma, 'prisma.$transaction(']],
    transact: (work) => prisma.$transaction((transaction) => work(transaction)),
    nested: bySavepoint((on, statement) => on.$executeRawUnsafe(statement)),
    write: (on, id) => on.hostOrder.create({ data: { id } }),
    orders: (on) => on.hostOrder.findMany(),
  })
}

function kyselyHost(kysely: Kysely<unknown>, storage: TransactionalStorage, isApart: boolean): Host {
  closing.push(() => kysely.destroy())
  return host<Kysely<unknown>>({
    storage,
    root: kysely,
    isApart,
    knowsItsEnd: true,
    refused: [
      [kysely, 'db.transaction().execute('],
      [kysely.transaction(), 'db.transaction().execute('],
    ],
    transact: (work) => kysely.transaction().execute((transaction) => work(transaction)),
    nested: bySavepoint((on, statement) => sql.raw(statement).execute(on)),
    write: (on, id) => sql.raw(text(id)).execute(on),
    orders: async (on) => (await sql.raw(all).execute(on)).rows,
  })
}

insideTransactions({
  ...sqliteHosts,
  ...liteHosts,
  ...(postgres ? postgresHosts(postgres.pool, postgres.openPool, postgres.schema) : {}),
  ...(mariadb ? mysqlHosts(mariadb.pool, mariadb.address) : {}),
})
if (!postgres) it.skip(`transactions of PostgreSQL clients (${leftOut('PostgreSQL')})`)
if (!mariadb) it.skip(`transactions of MySQL clients (${leftOut('MySQL')})`)

if (postgres) {
  onNoOtherConnection(postgres.pool, postgresHosts(postgres.pool, postgres.openPool, postgres.schema))
}

if (mariadb) {
  it('[G15] [HO-06] refuses a MySQL connection on which no transaction is open, before anything is written', async () => {
    const storage = mysqlStorage(mariadb.pool)
    await storage.migrate()
    const connection = await mariadb.pool.getConnection()
    const insert = { type: 'insert', collection: 'requests', value: { tenant: 'acme', id: 'stray' } } as const
    await expect(storage.within(connection).commit([insert])).rejects.toMatchObject({ code: 'invalid_input' })
    connection.release()
    expect(await storage.get([{ collection: 'requests', key: ['acme', 'stray'] }])).toEqual([undefined])
  })
}

it('[HO-06] refuses the transaction that Drizzle hands to a function of better-sqlite3 once the function has returned', async () => {
  const database = new Database(':memory:')
  const storage = sqliteStorage(database)
  const insert = { type: 'insert', collection: 'requests', value: { tenant: 'acme', id: 'stray' } } as const
  const late = drizzleSqlite(database).transaction((transaction) => {
    const joined = storage.within(transaction)
    return { commit: () => joined.commit([insert]) }
  })
  await expect(late.commit()).rejects.toMatchObject({ code: 'invalid_input' })
  expect(await storage.get([{ collection: 'requests', key: ['acme', 'stray'] }])).toEqual([undefined])
})

it('[G15] a storage without transactions says so', async () => {
  const { memoryStorage } = await import('../../src/storage/memory.ts')
  expect(() => world(memoryStorage()).approvals.within({})).toThrow(expect.objectContaining({ code: 'invalid_input' }))
})
