import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BetterSqliteDriver } from '@mikro-orm/better-sqlite'
import { EntitySchema, MikroORM } from '@mikro-orm/core'
import { MySqlDriver } from '@mikro-orm/mysql'
import { PostgreSqlDriver } from '@mikro-orm/postgresql'
import Database from 'better-sqlite3'
import { sql as drizzleSql } from 'drizzle-orm'
import { drizzle as drizzleJs, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Knex, knex as knexOf } from 'knex'
import mysql from 'mysql2'
import postgresJs from 'postgres'
import { Sequelize, type Transaction } from 'sequelize'
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm'
import { afterAll, expect, it } from 'vitest'
import type { TransactionalStorage } from '../../src/ports/storage.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { all, bySavepoint, type Host, host, insideTransactions, made, onNoOtherConnection, text } from './host-suite.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from './servers.ts'

/** Where an ORM opens its transactions, and a storage beside it. */
interface Place {
  readonly storage: TransactionalStorage
  readonly isApart: boolean
  readonly knowsItsEnd: boolean
}

const closing: (() => Promise<unknown>)[] = []
const folder = mkdtempSync(join(tmpdir(), 'countersign-orms-'))
const postgres = await postgresDatabase('-c synchronous_commit=off')
const mariadb = await mysqlDatabase()
await postgres?.pool.query(made)
await mariadb?.pool.query(made)
afterAll(async () => {
  for (const close of closing) await close()
  rmSync(folder, { recursive: true })
  await Promise.all([postgres?.drop(), mariadb?.drop()])
})

/** A file with the host's table, and a storage on a connection of its own. */
function sqlitePlace(): Place & { readonly path: string } {
  const path = join(folder, `${closing.length}.db`)
  const storage = sqliteStorage(path)
  const database = new Database(path)
  database.exec(made)
  database.close()
  closing.push(() => storage.close())
  return { path, storage, isApart: false, knowsItsEnd: true }
}

/** Opens something once for all tests, and closes it after them. */
function opened<T>(open: () => T, close: (it: Awaited<T>) => Promise<unknown>): T {
  const it = open()
  closing.push(async () => close(await it))
  return it
}

function typeormHosts(on: string, source: DataSource, place: Place): Readonly<Record<string, () => Host>> {
  const rows = (of: EntityManager | QueryRunner) => of.query(all)
  const refused = [
    [source, 'dataSource.transaction('],
    [source.manager, 'dataSource.transaction('],
    [source.createQueryRunner(), 'await runner.startTransaction()'],
    [source.getRepository(hostOrders), 'repository.manager'],
  ] as const
  return {
    [`an EntityManager of TypeORM on ${on}`]: () =>
      host<EntityManager>({
        ...place,
        root: source.manager,
        refused,
        transact: (work) => source.transaction((manager) => work(manager)),
        nested: (manager, work) => manager.transaction((inner) => work(inner)),
        write: (manager, id) => manager.query(text(id)),
        orders: rows,
      }),
    [`a QueryRunner of TypeORM on ${on}`]: () =>
      host<QueryRunner>({
        ...place,
        root: source.createQueryRunner(),
        refused,
        async transact(work) {
          const runner = source.createQueryRunner()
          await runner.startTransaction()
          try {
            await work(runner)
            await runner.commitTransaction()
          } catch (thrown) {
            await runner.rollbackTransaction()
            throw thrown
          } finally {
            await runner.release()
          }
        },
        nested: bySavepoint((runner, statement) => runner.query(statement)),
        write: (runner, id) => runner.query(text(id)),
        orders: rows,
      }),
  }
}

const hostOrders = new (await import('typeorm')).EntitySchema<{ id: string }>({
  name: 'host_orders',
  columns: { id: { type: 'varchar', primary: true } },
})

function knexHost(knex: Knex, place: Place): Host {
  const rowsOf = (answer: unknown) => (Array.isArray(answer) && Array.isArray(answer[0]) ? answer[0] : answer)
  return host<Knex>({
    ...place,
    root: knex,
    refused: [
      [knex, 'knex.transaction('],
      [knex('host_orders'), 'approvals.within(await …)'],
    ],
    transact: (work) => knex.transaction((transaction) => work(transaction)),
    nested: (transaction, work) => transaction.transaction((inner) => work(inner)),
    write: (transaction, id) => transaction.raw(text(id)),
    async orders(transaction) {
      const answer = await transaction.raw(all)
      return (Reflect.get(Object(answer), 'rows') ?? rowsOf(answer)) as unknown[]
    },
  })
}

const order = new EntitySchema<{ id: string }>({
  name: 'HostOrder',
  tableName: 'host_orders',
  properties: { id: { type: 'string', length: 20, primary: true } },
})

/** What the entity managers of all its drivers have. */
interface Manager {
  transactional<T>(work: (em: Manager) => Promise<T>): Promise<T>
  getConnection(): { execute(sql: string, values?: unknown[], method?: string, context?: unknown): Promise<unknown[]> }
  getTransactionContext(): unknown
  fork(): Manager
}

function mikroHost(orm: { readonly em: unknown }, place: Place): Host {
  const { em } = orm as { readonly em: Manager }
  return host<Manager>({
    ...place,
    root: em,
    refused: [
      [em, 'orm.em.transactional('],
      [em.fork(), 'orm.em.transactional('],
      [orm, 'orm.em.transactional('],
    ],
    transact: (work) => em.transactional((inner) => work(inner)),
    nested: (outer, work) => outer.transactional((inner) => work(inner)),
    write: (on, id) => on.getConnection().execute(text(id), [], 'run', on.getTransactionContext()),
    orders: (on) => on.getConnection().execute(all, [], 'all', on.getTransactionContext()),
  })
}

function sequelizeHost(sequelize: Sequelize, place: Place): Host {
  return host<Transaction | undefined>({
    ...place,
    root: undefined,
    refused: [
      [sequelize, 'sequelize.transaction('],
      [undefined, 'must be a transaction'],
    ],
    transact: (work) => sequelize.transaction((transaction) => work(transaction)),
    nested: (outer, work) => sequelize.transaction({ transaction: outer ?? null }, (inner) => work(inner)),
    write: (transaction, id) => sequelize.query(text(id), { transaction: transaction ?? null }),
    orders: async (transaction) => (await sequelize.query(all, { transaction: transaction ?? null }))[0],
  })
}

async function sqliteHosts(): Promise<Readonly<Record<string, () => Host>>> {
  const place = sqlitePlace()
  const source = await opened(
    () => new DataSource({ type: 'better-sqlite3', database: place.path, entities: [hostOrders] }).initialize(),
    (source) => source.destroy(),
  )
  const forKnex = sqlitePlace()
  const knex = opened(
    () => knexOf({ client: 'better-sqlite3', connection: forKnex.path, useNullAsDefault: true }),
    (knex) => knex.destroy(),
  )
  const forMikro = sqlitePlace()
  const orm = await opened(
    () => MikroORM.init({ driver: BetterSqliteDriver, dbName: forMikro.path, entities: [order] }),
    (orm) => orm.close(),
  )
  return {
    // TypeORM has one runner for all transactions on SQLite.
    ...typeormHosts('SQLite', source, { ...place, knowsItsEnd: false }),
    'Knex on SQLite': () => knexHost(knex, forKnex),
    'MikroORM on SQLite': () => mikroHost(orm, forMikro),
  }
}

type Sql = postgresJs.TransactionSql | postgresJs.Sql

async function postgresHosts({
  pool,
  address,
}: NonNullable<typeof postgres>): Promise<Readonly<Record<string, () => Host>>> {
  const place = { storage: postgresStorage(pool), isApart: true, knowsItsEnd: true }
  const source = await opened(
    () => new DataSource({ type: 'postgres', url: address, entities: [hostOrders] }).initialize(),
    (source) => source.destroy(),
  )
  const knex = opened(
    () => knexOf({ client: 'pg', connection: address }),
    (knex) => knex.destroy(),
  )
  const orm = await opened(
    () =>
      MikroORM.init({
        driver: PostgreSqlDriver,
        clientUrl: address,
        entities: [order],
        driverOptions: { connection: { connectionString: address } },
      }),
    (orm) => orm.close(),
  )
  const sequelize = opened(
    () => new Sequelize(address, { logging: false }),
    (sequelize) => sequelize.close(),
  )
  const options = new URL(address).searchParams.get('options') ?? ''
  const search = /search_path=(\S+)/.exec(options)?.[1] ?? ''
  const plain = new URL(address)
  plain.search = ''
  const sql = opened(
    () => postgresJs(plain.href, { connection: { search_path: search }, max: 2, transform: postgresJs.pascal }),
    (sql) => sql.end(),
  )
  const orders = async (on: Sql) =>
    [...(await on.unsafe(all))].map((row) => ({ id: Reflect.get(Object(row), 'Id') ?? Reflect.get(Object(row), 'id') }))
  const byJs = {
    ...place,
    knowsItsEnd: false,
    root: sql as Sql,
    refused: [[sql, 'sql.begin(']] as const,
    write: async (on: Sql, id: string) => await on.unsafe(text(id)),
    orders,
  }
  const drizzle = drizzleJs(
    opened(
      () => postgresJs(plain.href, { connection: { search_path: search } }),
      (sql) => sql.end(),
    ),
  )
  return {
    ...typeormHosts('PostgreSQL', source, place),
    'Knex on PostgreSQL': () => knexHost(knex, place),
    'MikroORM on PostgreSQL': () => mikroHost(orm, place),
    'Sequelize on PostgreSQL': () => sequelizeHost(sequelize, place),
    'postgres.js': () =>
      host<Sql>({
        ...byJs,
        transact: (work) => sql.begin((inner) => work(inner)),
        nested: (outer, work) => (outer as postgresJs.TransactionSql).savepoint((inner) => work(inner)),
      }),
    'a reserved connection of postgres.js': () =>
      host<Sql>({
        ...byJs,
        async transact(work) {
          const reserved = await sql.reserve()
          try {
            await reserved.unsafe('begin')
            await work(reserved)
            await reserved.unsafe('commit')
          } catch (thrown) {
            await reserved.unsafe('rollback')
            throw thrown
          } finally {
            reserved.release()
          }
        },
        nested: bySavepoint((on, statement) => on.unsafe(statement)),
      }),
    'Drizzle on postgres.js': () =>
      host<PostgresJsDatabase>({
        ...place,
        knowsItsEnd: false,
        root: drizzle,
        refused: [[drizzle, 'db.transaction(']],
        transact: (work) => drizzle.transaction((transaction) => work(transaction)),
        nested: (outer, work) => outer.transaction((inner) => work(inner)),
        write: async (on, id) => await on.execute(drizzleSql.raw(text(id))),
        orders: async (on) => await on.execute(drizzleSql.raw(all)),
      }),
  }
}

async function mysqlHosts({
  pool,
  address,
}: NonNullable<typeof mariadb>): Promise<Readonly<Record<string, () => Host>>> {
  const place = { storage: mysqlStorage(pool), isApart: true, knowsItsEnd: true }
  const source = await opened(
    () => new DataSource({ type: 'mariadb', url: address, entities: [hostOrders] }).initialize(),
    (source) => source.destroy(),
  )
  const knex = opened(
    () => knexOf({ client: 'mysql2', connection: address }),
    (knex) => knex.destroy(),
  )
  const orm = await opened(
    () => MikroORM.init({ driver: MySqlDriver, clientUrl: address, entities: [order] }),
    (orm) => orm.close(),
  )
  const sequelize = opened(
    () => new Sequelize(address, { logging: false, dialectModule: mysql }),
    (sequelize) => sequelize.close(),
  )
  return {
    ...typeormHosts('MariaDB', source, place),
    'Knex on MariaDB': () => knexHost(knex, place),
    'MikroORM on MariaDB': () => mikroHost(orm, place),
    'Sequelize on MariaDB': () => sequelizeHost(sequelize, place),
  }
}

const onPostgres = postgres ? await postgresHosts(postgres) : {}
insideTransactions({ ...(await sqliteHosts()), ...onPostgres, ...(mariadb ? await mysqlHosts(mariadb) : {}) })
if (postgres) onNoOtherConnection(postgres.pool, onPostgres)
if (!postgres) it.skip(`transactions of ORMs on PostgreSQL (${leftOut('PostgreSQL')})`)
if (!mariadb) it.skip(`transactions of ORMs on MySQL (${leftOut('MySQL')})`)

it('[HO-06] takes the transaction of one database for none of another, and says so before anything is written', async () => {
  const { path } = sqlitePlace()
  const knex = opened(
    () => knexOf({ client: 'better-sqlite3', connection: path, useNullAsDefault: true }),
    (knex) => knex.destroy(),
  )
  const storages = [
    postgresStorage('postgres://nobody@127.0.0.1:1/none'),
    mysqlStorage('mysql://nobody@127.0.0.1:1/none'),
  ]
  await knex.transaction(async (transaction) => {
    for (const storage of storages) {
      const get = storage.within(transaction).get([{ collection: 'requests', key: ['acme', 'a'] }])
      await expect(get).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining('this is a connection of SQLite'),
      })
    }
  })
  await Promise.all(storages.map((storage) => storage.close()))
})
