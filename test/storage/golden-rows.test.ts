import { PGlite } from '@electric-sql/pglite'
import Database from 'better-sqlite3'
import { CamelCasePlugin, Kysely, MysqlDialect, ParseJSONResultsPlugin, PostgresDialect, SqliteDialect } from 'kysely'
import Libsql from 'libsql'
import { createPool } from 'mysql2'
import { createPool as createPromisePool, type PoolOptions } from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { isApprovalError } from '../../src/errors/approval-error.ts'
import type { Storage, Write } from '../../src/ports/storage.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from './servers.ts'

/** What drivers like to take for something else: large integers, dates, booleans, and JSON inside of text. */
const golden = {
  large: [2 ** 53 - 1, -(2 ** 53) + 1, 0.1, 1e21, 5e-324],
  texts: ['9007199254740993', '2026-01-05T09:00:00.123456Z', '2026-01-05', 'true', '1', '{"a":1}', '[]', 'null', ''],
  flags: [true, false, null, 0, 1],
  dateAndTime: { created_at: '2026-01-05 09:00:00', snake_case: 1, camelCase: 2 },
}
const request = (tenant: string, id: string, more = {}) => ({ tenant, id, ...golden, ...more })
const insert = (tenant: string, id: string, more = {}): Write => ({
  type: 'insert',
  collection: 'requests',
  value: request(tenant, id, more),
})
const event = (tenant: string, seq: number, prev: string): Write => ({
  type: 'insert',
  collection: 'events',
  value: { tenant, stream: 's', seq, prev },
})

/** Everything that a storage can be asked, and what it answers: records, pages and refusals. */
async function answers(storage: Storage, tenant: string): Promise<readonly unknown[]> {
  const told: unknown[] = []
  const ask = async (call: Promise<unknown>) =>
    told.push(
      await call.catch((error) => (isApprovalError(error) ? { code: error.code, details: error.details } : error)),
    )
  const check = (id: string, expected: number | 'absent'): Write => ({
    type: 'check',
    collection: 'requests',
    key: [tenant, id],
    expected,
  })
  const commits: readonly (readonly Write[])[] = [
    [
      insert(tenant, 'a', { status: 'pending', createdAt: 2 ** 53 - 1 }),
      insert(tenant, 'b', { status: 'pending', createdAt: -1 }),
    ],
    [check('c', 'absent'), event(tenant, 2 ** 53 - 1, '')],
    [event(tenant, 1, '')],
    [check('c', 'absent'), insert(tenant, 'd')],
    [insert(tenant, 'a')],
    [check('c', 1)],
    [check('a', 1), insert(tenant, 'c')],
    ...[1, 2, 2].map((expected): readonly Write[] => [
      {
        type: 'replace',
        collection: 'requests',
        value: request(tenant, 'a', { status: 'pending', createdAt: 5 }),
        expected,
      },
    ]),
    [{ type: 'remove', collection: 'requests', key: [tenant, 'd'], expected: 2 }],
    [{ type: 'remove', collection: 'requests', key: [tenant, 'd'], expected: 1 }],
  ]
  for (const writes of commits) await ask(storage.commit(writes))
  await ask(storage.commit([insert(tenant, 'e')], async () => {}))
  await ask(storage.get(['c', 'a', 'none', 'd', 'e', 'a'].map((id) => ({ collection: 'requests', key: [tenant, id] }))))
  for (const order of ['ascending', 'descending'] as const) {
    const byStatus = { collection: 'requests', index: 'byStatus', where: [tenant, 'pending'], order, limit: 1 } as const
    await ask(storage.list(byStatus))
    await ask(storage.list({ ...byStatus, after: [5, 'a'] }))
  }
  await ask(storage.list({ collection: 'events', index: 'key', where: [tenant], order: 'ascending', limit: 1000 }))
  return told.map((answer) => JSON.parse(JSON.stringify(answer ?? null).replaceAll(tenant, 'tenant')))
}

const [postgres, mysql] = [await postgresDatabase('-c synchronous_commit=off'), await mysqlDatabase()]
const closing: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closing) await close()
  await Promise.all([postgres?.drop(), mysql?.drop()])
})
if (!postgres) it.skip(`rows of pg (${leftOut('PostgreSQL')})`)
if (!mysql) it.skip(`rows of mysql2 (${leftOut('MySQL')})`)

const plugins = [new CamelCasePlugin(), new ParseJSONResultsPlugin()]
const kept = (kysely: Kysely<unknown>) => {
  closing.push(() => kysely.destroy())
  return kysely
}
const safeIntegers = () => new Database(':memory:').defaultSafeIntegers(true)

/** A pool of pg whose host has said how values are to be read. */
const parsing = (parsers: Readonly<Record<number, (text: string) => unknown>>, more: pg.PoolConfig = {}) => {
  const types = { getTypeParser: (oid: number, format?: 'text') => parsers[oid] ?? pg.types.getTypeParser(oid, format) }
  const pool = new pg.Pool({ ...postgres?.pool.options, types: types as never, ...more })
  closing.push(() => pool.end())
  return pool
}
const [int8, int4, json, jsonb] = [20, 23, 114, 3802]
const lite = await PGlite.create({ parsers: { [int8]: String, [int4]: String, [json]: String } })
closing.push(() => lite.close())
const mysqlPool = (options: PoolOptions) => {
  const pool = createPromisePool({ uri: mysql?.address ?? '', ...options })
  closing.push(() => pool.end())
  return mysqlStorage(pool)
}

const drivers: Readonly<Record<string, () => Storage | Promise<Storage>>> = {
  'better-sqlite3': () => sqliteStorage(':memory:'),
  'better-sqlite3 with big integers': () => sqliteStorage(safeIntegers()),
  libsql: () => sqliteStorage(new Libsql(':memory:')),
  'libsql with big integers': () => sqliteStorage(new Libsql(':memory:').defaultSafeIntegers(true)),
  'Kysely on SQLite, with plugins': () =>
    sqliteStorage(kept(new Kysely({ dialect: new SqliteDialect({ database: safeIntegers() }), plugins }))),
  'PGlite with text for numbers': () => postgresStorage(lite),
  ...(postgres && {
    pg: () => postgresStorage(postgres.pool),
    'pg with numbers for int8': () => postgresStorage(parsing({ [int8]: Number })),
    'pg with big integers': () => postgresStorage(parsing({ [int8]: BigInt, [int4]: BigInt })),
    'pg with text for everything': () =>
      postgresStorage(parsing({ [int8]: String, [int4]: String, [json]: String, [jsonb]: String })),
    'Kysely on PostgreSQL, with plugins': () =>
      postgresStorage(kept(new Kysely({ dialect: new PostgresDialect({ pool: postgres.openPool() }), plugins }))),
  }),
  ...(mysql && {
    mysql2: () => mysqlPool({}),
    'mysql2 with big numbers as text': () => mysqlPool({ supportBigNumbers: true, bigNumberStrings: true }),
    'mysql2 with dates, decimals and JSON as the host likes them': () =>
      mysqlPool({ dateStrings: true, decimalNumbers: true, jsonStrings: true, timezone: '+09:00' }),
    'mysql2 with casts of the host': () =>
      mysqlPool({ typeCast: (field, next) => (field.type.startsWith('LONG') ? field.string() : next()) }),
    'mysql2 without casts': () => mysqlPool({ typeCast: false }),
    'mysql2 with arrays for rows': () => mysqlPool({ rowsAsArray: true }),
    'mysql2 with named placeholders and several statements': () =>
      mysqlPool({ namedPlaceholders: true, multipleStatements: true, flags: ['-FOUND_ROWS'] }),
    'Kysely on MySQL, with plugins': () =>
      mysqlStorage(kept(new Kysely({ dialect: new MysqlDialect({ pool: createPool(mysql.address) }), plugins }))),
  }),
}

describe('rows', () => {
  it.each(Object.keys(drivers))('[P10] as %s gives them are read as the records that were written', async (name) => {
    const storage = await (drivers[name] as () => Storage)()
    const tenant = `tenant-${name}`
    expect(await answers(storage, tenant)).toEqual(await answers(memoryStorage(), 'tenant'))
    await storage.close()
  })
})
