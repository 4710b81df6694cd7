import Database from 'better-sqlite3'
import { drizzle as drizzleSqlite } from 'drizzle-orm/better-sqlite3'
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres'
import { knex as knexOf } from 'knex'
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
import mysqlCallback from 'mysql2'
import mysql from 'mysql2/promise'
import pg from 'pg'
import postgresJs from 'postgres'
import { Sequelize } from 'sequelize'
import { DataSource } from 'typeorm'
import { describe, expect, it } from 'vitest'
import { mysqlStorage, mysqlTime } from '../../src/storage/mysql.ts'
import { postgresStorage, postgresTime } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { world } from '../world.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from './servers.ts'

/** What was handed in, and parts of what has to be said about it. */
type Given = readonly (readonly [what: string, given: unknown, ...said: string[]])[]

const nowhere = { host: '127.0.0.1', port: 1, user: 'nobody', password: 'secret', database: 'none' }
const pool = new pg.Pool(nowhere)
const mysqlPool = mysql.createPool(nowhere)
const memory = new Database(':memory:')
const kyselyOn = {
  postgres: new Kysely<object>({ dialect: new PostgresDialect({ pool }) }),
  mysql: new Kysely<object>({ dialect: new MysqlDialect({ pool: mysqlCallback.createPool(nowhere) }) }),
  sqlite: new Kysely<object>({ dialect: new SqliteDialect({ database: memory }) }),
}
const sequelize = new Sequelize('postgres://nobody@127.0.0.1:1/none', { logging: false })
const knex = knexOf({ client: 'pg', connection: nowhere })
const dataSource = new DataSource({ type: 'postgres', ...nowhere })

/** What is a database nowhere. */
const nothing: Given = [
  ['undefined', undefined, 'was given undefined'],
  ['null', null, 'was given null'],
  ['a number', 5432, 'was given 5432'],
  ['an empty text', '', 'an empty text: is the variable of the environment set?'],
  ['the address of a web page', 'https://example.org/', 'a text that begins with https:'],
  ['an empty object', {}, 'an empty object'],
  ['options', nowhere, 'an object of host, port, user, password, database'],
  ['a promise', Promise.resolve(pool), 'a promise', 'Storage(await …)'],
  ['a function', () => pool, 'a function'],
  ['Sequelize', sequelize, 'an instance of Sequelize'],
  ['Knex', knex, 'an instance of Knex'],
  ['postgres.js', postgresJs(nowhere), 'an instance of postgres.js'],
  ['a DataSource of TypeORM', dataSource, 'a DataSource of TypeORM'],
  ['an EntityManager of TypeORM', dataSource.manager, 'an EntityManager of TypeORM'],
]

const notForPostgres: Given = [
  ...nothing,
  ['a DataSource', dataSource, 'write postgresStorage(dataSource.driver.master)'],
  ['Drizzle', drizzlePostgres(pool), 'write postgresStorage(db.$client)'],
  ['a URI of MySQL', 'mysql://root:secret@db/x', 'a text that begins with mysql:'],
  ['a path', './data.db', 'a text that names no database'],
  ['a URL', new URL('postgres://db/x'), 'write postgresStorage(url.href)'],
  ['the package', pg, 'the package pg itself', 'new pg.Pool('],
  ['the class', pg.Pool, 'class or function'],
  ['a pool of mysql2', mysqlPool, 'a pool of mysql2'],
  ['a connection of SQLite', memory, 'a connection of SQLite'],
  ['Kysely on SQLite', kyselyOn.sqlite, 'the SQL of another database'],
  ['Kysely on MySQL', kyselyOn.mysql, 'the SQL of another database'],
]

const notForMysql: Given = [
  ...nothing,
  ['a DataSource', dataSource, 'write mysqlStorage(dataSource.driver.pool)'],
  ['a connection string of PostgreSQL', 'postgres://root:secret@db/x', 'a text that begins with postgres:'],
  ['a URL', new URL('mysql://db/x'), 'write mysqlStorage(url.href)'],
  ['the package', mysql, 'the package mysql2 itself', 'mysql.createPool('],
  ['a pool of pg', pool, 'a pool of pg'],
  ['a client of pg', new pg.Client(nowhere), 'a client of pg'],
  ['a connection of SQLite', memory, 'a connection of SQLite'],
  ['Kysely on PostgreSQL', kyselyOn.postgres, 'the SQL of another database'],
]

const closed = new Database(':memory:')
closed.close()
const open = new Database(':memory:')
open.exec('begin')

const notForSqlite: Given = [
  ...nothing,
  ['a URL of a file', 'file:./dev.db', 'a text that begins with file:'],
  ['a connection string', 'postgres://db/x', 'a text that begins with postgres:'],
  ['Drizzle', drizzleSqlite(memory), 'write sqliteStorage(db.$client)'],
  ['the class', Database, 'the class or function Database'],
  ['a pool of pg', pool, 'a pool of pg'],
  ['a pool of mysql2', mysqlPool, 'a pool of mysql2'],
  ['a closed connection', closed, 'a connection that is closed'],
  ['a connection for reading only', new Database(import.meta.filename, { readonly: true }), 'open for reading only'],
  ['a connection with a transaction', open, 'a transaction is open', 'approvals.within(connection)'],
  ['Kysely on PostgreSQL', kyselyOn.postgres, 'the SQL of another database'],
  ['a schema of Kysely', kyselyOn.sqlite.withSchema('own'), "withSchema('own')"],
  [
    'one that answers later',
    { prepare: () => ({ all: async () => [{ one: 1 }] }), exec() {}, close() {} },
    'rows are objects that are there at once',
  ],
  ['sqlite3', { prepare() {}, exec() {}, close() {}, parallelize() {}, each() {} }, 'the package sqlite3'],
]

const takers = {
  postgresStorage: [(given: never) => postgresStorage(given), notForPostgres],
  postgresTime: [
    (given: never) => postgresTime(given),
    notForPostgres.filter(([, given]) => typeof given !== 'string'),
  ],
  mysqlStorage: [(given: never) => mysqlStorage(given), notForMysql],
  mysqlTime: [(given: never) => mysqlTime(given), notForMysql.filter(([, given]) => typeof given !== 'string')],
  sqliteStorage: [(given: never) => sqliteStorage(given), notForSqlite],
} as const

describe.each(Object.entries(takers))('%s', (name, [take, refused]) => {
  it.each(refused)('[HO-07] is not handed %s', (_what, given, ...said) => {
    const thrown = thrownBy(() => take(given as never))
    expect(thrown).toBeInstanceOf(TypeError)
    const { message } = thrown as TypeError
    for (const part of [name, ...said]) expect(message).toContain(part)
    expect(message).not.toContain('secret@')
    expect(message).not.toContain("'secret'")
  })
})

it('[HO-07] an option that there is not is no timeout', () => {
  for (const take of [postgresStorage, mysqlStorage] as const) {
    const options: readonly [unknown, string][] = [
      [{ timout: 5 }, 'there is no option timout, only timeout'],
      [5, 'the options must be an object'],
      [null, 'the options must be an object'],
      [{ timeout: '5s' }, 'timeout must be a number'],
    ]
    for (const [given, said] of options) {
      expect(thrownBy(() => take(pool as never, given as never))).toMatchObject({
        message: expect.stringContaining(said),
      })
    }
  }
})

it('[HO-07] a pool, a client and a PGlite that have ended are not taken', async () => {
  const ended = new pg.Pool(nowhere)
  const client = new pg.Client(nowhere)
  const mysqlEnded = mysql.createPool(nowhere)
  const lite = { query() {}, transaction() {}, exec() {}, closed: true } as never
  client.end(() => {})
  await Promise.all([ended.end(), mysqlEnded.end()])
  expect(() => postgresStorage(ended)).toThrow('a pool that has ended')
  expect(() => postgresStorage(client)).toThrow('a client that has ended')
  expect(() => postgresStorage(lite)).toThrow('a PGlite that is closed')
  expect(() => mysqlStorage(mysqlEnded)).toThrow('a pool that has ended')
})

it('[HO-06] a query that was not awaited, a pool and other things are no transactions of any storage', () => {
  const storages = {
    postgres: postgresStorage(pool),
    mysql: mysqlStorage(mysqlPool),
    sqlite: sqliteStorage(':memory:'),
  }
  const none: Given = [
    ...nothing.map(([what, given]) => [what, given, 'must be a transaction'] as const),
    ['a pool of pg', pool, "await client.query('begin')"],
    ['a pool of mysql2', mysqlPool, "await connection.query('start transaction')"],
    ['a DataSource of TypeORM', dataSource, 'dataSource.transaction('],
    ['an EntityManager of TypeORM', dataSource.manager, 'dataSource.transaction('],
    ['Sequelize', sequelize, 'sequelize.transaction('],
    ['Knex', knex, 'knex.transaction('],
    ['a database of pg-promise', { tx() {}, task() {}, query() {} }, 'await pool.connect()'],
    ['a connection of mariadb', { batch() {}, query() {}, execute() {}, importFile() {} }, 'the package mysql2'],
    ['a connection of sqlite3', { prepare() {}, exec() {}, close() {}, parallelize() {}, each() {} }, 'better-sqlite3'],
  ]
  for (const [engine, storage] of Object.entries(storages)) {
    for (const [what, given, said] of none) {
      const isElsewhere = what === 'an EntityManager of TypeORM' || what === 'postgres.js'
      const expected = isElsewhere ? '' : said
      expect(
        thrownBy(() => world(storage).approvals.within(given as object)),
        `${engine}: ${what}`,
      ).toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining(expected ?? ''),
      })
    }
  }
})

it('[HO-06] [HO-07] a transaction of Kysely that names a schema says where the tables are to be', async () => {
  const database = new Database(':memory:')
  const kysely = new Kysely<object>({ dialect: new SqliteDialect({ database }) })
  const storage = sqliteStorage(database)
  await kysely.transaction().execute(async (transaction) => {
    expect(() => storage.within(transaction.withSchema('own'))).toThrow("withSchema('own')")
    expect(() => postgresStorage(pool).within(transaction)).toThrow('the SQL of another database')
    expect(() => sqliteStorage(transaction)).toThrow('a transaction of Kysely')
    expect(await storage.within(transaction).get([{ collection: 'requests', key: ['a', 'b'] }])).toEqual([undefined])
  })
})

const postgres = await postgresDatabase()
const mariadb = await mysqlDatabase()
if (!postgres) it.skip(`a client with a transaction (${leftOut('PostgreSQL')})`)
if (!mariadb) it.skip(`a connection with a transaction (${leftOut('MySQL')})`)

if (postgres) {
  it('[HO-07] a client on which a transaction is open is no database, and what TypeORM and Drizzle speak to is one', async () => {
    const client = await postgres.pool.connect()
    await client.query('begin')
    expect(() => postgresStorage(client)).toThrow('a transaction is open')
    await client.query('rollback')
    await postgresStorage(client).migrate()
    client.release()
    const source = await new DataSource({ type: 'postgres', url: postgres.address }).initialize()
    const key = { collection: 'requests', key: ['a', 'b'] } as const
    expect(await postgresStorage(Reflect.get(source.driver, 'master')).get([key])).toEqual([undefined])
    expect(await postgresStorage(drizzlePostgres(postgres.pool).$client).get([key])).toEqual([undefined])
    await source.destroy()
    await postgres.drop()
  })
}

if (mariadb) {
  it('[HO-07] a connection on which a transaction is open is not committed by a storage that is made over it', async () => {
    const connection = await mariadb.pool.getConnection()
    await connection.query('create table host_orders (id varchar(20) primary key)')
    await connection.query('start transaction')
    await connection.query("insert into host_orders values ('a')")
    const key = { collection: 'requests', key: ['a', 'b'] } as const
    const storage = mysqlStorage(connection)
    await expect(storage.get([key])).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining('approvals.within(connection)'),
    })
    await connection.query('rollback')
    expect((await connection.query('select id from host_orders'))[0]).toEqual([])
    expect(await storage.get([key])).toEqual([undefined])
    connection.release()
    const source = await new DataSource({ type: 'mariadb', url: mariadb.address }).initialize()
    expect(await mysqlStorage(Reflect.get(source.driver, 'pool')).get([key])).toEqual([undefined])
    await source.destroy()
    await mariadb.drop()
  })
}

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (thrown) {
    return thrown
  }
  return undefined
}
