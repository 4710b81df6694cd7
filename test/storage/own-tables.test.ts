import { randomUUID } from 'node:crypto'
import Database from 'better-sqlite3'
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
import { createPool } from 'mysql2'
import type { RowDataPacket } from 'mysql2/promise'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { collections } from '../../src/ports/collections.ts'
import type { Storage, TransactionalStorage } from '../../src/ports/storage.ts'
import { mysqlSchema, mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresSchema, postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteSchema, sqliteStorage } from '../../src/storage/sqlite.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'
import { flags, pending, rollout, world } from '../world.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from './servers.ts'

const closing: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closing) await close()
})

const key = { collection: 'requests', key: ['acme', 'a'] } as const
const insert = (id: string) =>
  ({ type: 'insert', collection: 'requests', value: { tenant: 'acme', id, createdAt: 1, status: 'pending' } }) as const
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const tables = [...Object.keys(collections).map(snake), 'migrations'].map((name) => `countersign_${name}`).toSorted()
const withPrefix = (prefix: string) => tables.map((name) => `${prefix}${name}`).toSorted()
const fresh = () => `own-${randomUUID().slice(0, 8)}`

/** A whole story, after which nothing of it is anywhere but in this storage. */
async function story(storage: Storage): Promise<string> {
  const w = world(storage)
  await w.flag('checkout')
  await w.policy()
  const { id, digest } = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(80)))
  await w.as('ben').requests.approve(id, { digest })
  expect((await w.as('ann').requests.list({ status: 'applied' })).requests.map((one) => one.id)).toContain(id)
  expect((await w.as('ann').audit.verify()).problems).toEqual([])
  return id
}

/** A database with several installations in it. */
interface Shared {
  storage(tables: { readonly schema?: string; readonly prefix?: string }): TransactionalStorage
  /** Runs a script. */
  run(script: string): Promise<unknown>
  schema(tables: { readonly schema?: string; readonly prefix?: string }): string
  /** The names of the tables in a schema, or where the connection looks. */
  names(schema?: string): Promise<readonly string[]>
  indexes(schema?: string): Promise<readonly string[]>
  /** Works in a transaction of the host, and rolls it back. */
  inTransaction(work: (transaction: object) => Promise<void>): Promise<void>
  readonly hasSchemas: boolean
}

function sqliteShared(): Shared {
  const database = new Database(':memory:')
  const named = (type: string) =>
    database.prepare('select name from sqlite_schema where type = ? and sql is not null order by 1').pluck().all(type)
  return {
    hasSchemas: false,
    storage: (given) => sqliteStorage(database, given),
    run: async (script) => database.exec(script),
    schema: sqliteSchema,
    names: async () => named('table') as string[],
    indexes: async () => named('index') as string[],
    async inTransaction(work) {
      database.exec('begin immediate')
      await work(database)
      database.exec('rollback')
    },
  }
}

const postgres = await postgresDatabase('-c synchronous_commit=off')
const mariadb = await mysqlDatabase()
if (postgres) closing.push(postgres.drop)
else it.skip(`tables of their own on PostgreSQL (${leftOut('PostgreSQL')})`)
if (mariadb) closing.push(mariadb.drop)
else it.skip(`tables of their own on MySQL (${leftOut('MySQL')})`)

function ownSchema(): string {
  const schema = fresh()
  if (postgres) closing.unshift(() => postgres.pool.query(`drop schema if exists "${schema}" cascade`))
  if (mariadb) closing.unshift(() => mariadb.pool.query(`drop schema if exists \`${schema}\``))
  return schema
}

function postgresShared({ pool }: NonNullable<typeof postgres>): Shared {
  const named = async (column: string, view: string, schema?: string) => {
    const text = `select ${column} as name from ${view} where schemaname = coalesce($1, current_schema())`
    return (await pool.query(text, [schema ?? null])).rows.map(({ name }) => String(name)).toSorted()
  }
  return {
    hasSchemas: true,
    storage: (given) => postgresStorage(pool, given),
    run: (script) => pool.query(script),
    schema: postgresSchema,
    names: (schema) => named('tablename', 'pg_tables', schema),
    indexes: (schema) => named('indexname', 'pg_indexes', schema),
    async inTransaction(work) {
      const client = await pool.connect()
      await client.query('begin')
      await work(client)
      await client.query('rollback')
      client.release()
    },
  }
}

function mysqlShared({ pool }: NonNullable<typeof mariadb>): Shared {
  const named = async (column: string, view: string, schema?: string) => {
    const text = `select distinct ${column} as name from information_schema.${view} where table_schema = coalesce(?, database())`
    const [rows] = await pool.execute<RowDataPacket[]>(text, [schema ?? null])
    return rows.map(({ name }) => String(name)).toSorted()
  }
  return {
    hasSchemas: true,
    storage: (given) => mysqlStorage(pool, given),
    run: (script) => pool.query(script),
    schema: mysqlSchema,
    names: (schema) => named('table_name', 'tables', schema),
    indexes: async (schema) => (await named('index_name', 'statistics', schema)).filter((name) => name !== 'PRIMARY'),
    async inTransaction(work) {
      const connection = await pool.getConnection()
      await connection.query('start transaction')
      await work(connection)
      await connection.query('rollback')
      connection.release()
    },
  }
}

const shared: readonly (readonly [string, Shared])[] = [
  ['SQLite', sqliteShared()],
  ...(postgres ? [['PostgreSQL', postgresShared(postgres)] as const] : []),
  ...(mariadb ? [['MySQL', mysqlShared(mariadb)] as const] : []),
]

describe.each(shared)('tables of their own on %s', (name, database) => {
  describe('[HO-08] keep every promise of the port under a prefix and in a schema', () => {
    const place = { prefix: 'kit_', ...(database.hasSchemas ? { schema: ownSchema() } : {}) }
    const quoted = { SQLite: '', PostgreSQL: `"${place.schema}".`, MySQL: `\`${place.schema}\`.` }[name]
    const emptied = Object.keys(collections).map((one) => `delete from ${quoted}kit_countersign_${snake(one)}`)
    const open = async () => {
      const storage = database.storage(place)
      await storage.migrate()
      await database.run(emptied.join('; '))
      return storage
    }
    for (const { name, run } of storageConformance(open)) it(name, run)
  })

  it('[HO-08] of two installations with other prefixes are not seen, and not disturbed', async () => {
    const [shop, desk] = [database.storage({ prefix: 'shop_' }), database.storage({ prefix: 'desk_' })]
    await Promise.all([shop.migrate(), desk.migrate()])
    const [ours, theirs] = await Promise.all([story(shop), story(desk)])
    const requests = [ours, theirs].map((id) => ({ collection: 'requests', key: ['acme', id] }) as const)
    expect((await shop.get(requests)).map((found) => found !== undefined)).toEqual([true, ours === theirs])
    expect((await desk.get(requests)).map((found) => found !== undefined)).toEqual([ours === theirs, true])
    const names = await database.names()
    expect(names).toEqual(expect.arrayContaining([...withPrefix('shop_'), ...withPrefix('desk_')]))
    expect(names.filter((one) => one.startsWith('countersign_'))).toEqual([])
    await shop.commit([insert('both')])
    await desk.commit([insert('both')])
  })

  it('[HO-08] are made by what is printed, to the last name, and nothing is added to them', async () => {
    const place = { prefix: 'print_', ...(database.hasSchemas ? { schema: ownSchema() } : {}) }
    await database.run(database.schema(place))
    const before = [await database.names(place.schema), await database.indexes(place.schema)]
    await story(database.storage(place))
    expect([await database.names(place.schema), await database.indexes(place.schema)]).toEqual(before)
    const own = before.flat().filter((one) => one.startsWith('print_'))
    if (database.hasSchemas) expect(own).toEqual(before.flat())
    expect(before[0]).toEqual(expect.arrayContaining(withPrefix('print_')))
  })

  it('[HO-08] are what a transaction of the host writes, too', async () => {
    const place = { prefix: 'host_', ...(database.hasSchemas ? { schema: ownSchema() } : {}) }
    const storage = database.storage(place)
    await storage.migrate()
    await database.inTransaction(async (transaction) => {
      const within = storage.within(transaction)
      await within.commit([insert('a')])
      expect(await within.get([key])).toMatchObject([{ version: 1 }])
    })
    expect(await storage.get([key])).toEqual([undefined])
  })

  it('[HO-08] can have the longest prefix, and every name fits', async () => {
    const prefix = 'a_prefix_of_24_letters__'
    expect(prefix).toHaveLength(24)
    const storage = database.storage({ prefix })
    await storage.migrate()
    await storage.commit([insert('long')])
    const names = [...(await database.names()), ...(await database.indexes())].filter((one) => one.startsWith(prefix))
    expect(names).toEqual(expect.arrayContaining(withPrefix(prefix)))
    const due = `${prefix}countersign_idempotency_keys_by_due`
    expect(names).toContain(due)
    expect(Math.max(...names.map((one) => one.length))).toBeLessThanOrEqual(63)
  })

  if (database.hasSchemas)
    it('[HO-08] of two installations in other schemas are not seen, and the schema is made with them', async () => {
      const [ours, theirs] = [ownSchema(), ownSchema()]
      const [shop, desk] = [database.storage({ schema: ours }), database.storage({ schema: theirs })]
      await Promise.all([shop.migrate(), database.storage({ schema: ours }).migrate(), desk.migrate()])
      await Promise.all([story(shop), story(desk)])
      await shop.commit([insert('a')])
      expect(await desk.get([key])).toEqual([undefined])
      expect(await database.names(ours)).toEqual(tables)
      expect(await database.names(theirs)).toEqual(tables)
    })
})

describe('names of tables', () => {
  const bad = [
    ['Shop_', 'a capital'],
    ['1_', 'a digit first'],
    ['sh op', 'a space'],
    ['shop.', 'a dot'],
    ['shop"', 'a quote'],
    ['é_', 'a letter of two bytes'],
    ['sqlite_', 'what belongs to SQLite'],
    ['a'.repeat(25), 'too much'],
    [7, 'a number'],
    [null, 'null'],
  ] as const
  const makers = {
    sqliteStorage: (options: never) => sqliteStorage(':memory:', options),
    postgresStorage: (options: never) => postgresStorage('postgres://nowhere.invalid/a', options),
    mysqlStorage: (options: never) => mysqlStorage('mysql://nowhere.invalid/a', options),
    sqliteSchema: (options: never) => sqliteSchema(options),
    postgresSchema: (options: never) => postgresSchema(options),
    mysqlSchema: (options: never) => mysqlSchema(options),
  }

  describe.each(Object.entries(makers))('of %s', (method, make) => {
    it.each(bad)('[HO-08] are not begun with %j, %s', (prefix) => {
      expect(() => make({ prefix } as never)).toThrow(TypeError)
      expect(() => make({ prefix } as never)).toThrow(`${method}: prefix must be at most 24`)
    })

    it('[HO-08] are not in a schema whose name is none, or that is not for them', () => {
      if (method.startsWith('sqlite')) {
        expect(() => make({ schema: 'own' } as never)).toThrow('there is no option schema, only prefix: the tables')
        return
      }
      for (const schema of ['', 'a.b', 'a"b', 'a`b', "a'b", '-a', 'a'.repeat(64), 7, null])
        expect(() => make({ schema } as never)).toThrow(`${method}: schema must be the name of a schema`)
      for (const schema of ['pg_temp', 'pg_catalog', 'information_schema', 'mysql', 'SYS'])
        expect(() => make({ schema } as never)).toThrow('belongs to the database itself')
    })

    it('[HO-08] are not looked for under another option', () => {
      expect(() => make({ tablePrefix: 'a_' } as never)).toThrow(`${method}: there is no option tablePrefix, only`)
      expect(() => make(null as never)).toThrow(`${method}: the options must be an object`)
    })
  })

  it('[HO-08] stay what they were if nothing is said of them', () => {
    for (const script of [sqliteSchema(), postgresSchema(), mysqlSchema()]) {
      expect(script.split('\n')[0]).toMatch(/^create table if not exists countersign_migrations /)
      expect(script).not.toMatch(/\.["`]?countersign_/)
    }
    expect(postgresSchema({ schema: 'own', prefix: 'a_' })).toContain('create schema if not exists "own";')
    expect(postgresSchema({ schema: 'own', prefix: 'a_' })).toContain(
      'create index "a_countersign_requests_by_due" on "own"."a_countersign_requests"',
    )
  })
})

const places = [
  ...(postgres
    ? [
        [
          'PostgreSQL',
          {
            kysely: () => new Kysely<object>({ dialect: new PostgresDialect({ pool: postgres.openPool() }) }),
            storageOf: postgresStorage as (given: never, options?: object) => TransactionalStorage,
            shared: postgresShared(postgres),
          },
        ] as const,
      ]
    : []),
  ...(mariadb
    ? [
        [
          'MySQL',
          {
            kysely: () => new Kysely<object>({ dialect: new MysqlDialect({ pool: createPool(mariadb.address) }) }),
            storageOf: mysqlStorage as (given: never, options?: object) => TransactionalStorage,
            shared: mysqlShared(mariadb),
          },
        ] as const,
      ]
    : []),
]

describe.each(places)('withSchema of Kysely on %s', (_name, { kysely: open, storageOf, shared }) => {
  const kysely = open()
  closing.unshift(() => kysely.destroy())

  it('[HO-08] says where the tables are, of a database that is handed in', async () => {
    const schema = ownSchema()
    const storage = storageOf(kysely.withSchema(schema) as never, { prefix: 'k_' })
    const id = await story(storage)
    expect(await shared.names(schema)).toEqual(withPrefix('k_'))
    expect(await shared.names()).not.toContain('k_countersign_requests')
    const same = shared.storage({ schema, prefix: 'k_' })
    expect(await same.get([{ collection: 'requests', key: ['acme', id] }])).toMatchObject([{ value: { id } }])
    const both = storageOf(kysely.withSchema(schema) as never, { schema, prefix: 'k_' })
    expect(await both.get([{ collection: 'requests', key: ['acme', id] }])).toMatchObject([{ value: { id } }])
  })

  it('[HO-08] is refused if the storage says otherwise, and if it names what no table can be in', () => {
    expect(() => storageOf(kysely.withSchema('theirs') as never, { schema: 'ours' })).toThrow(
      "has withSchema('theirs'), and the tables of Countersign are in 'ours'",
    )
    expect(() => storageOf(kysely.withSchema('information_schema') as never)).toThrow('belongs to the database itself')
  })

  it('[HO-08] leads nothing elsewhere in a transaction: it names the schema of the tables, or is refused', async () => {
    const [schema, other] = [ownSchema(), ownSchema()]
    const storage = shared.storage({ schema })
    await storage.migrate()
    await shared.storage({ schema: other }).migrate()
    const undone = new RangeError('undone')
    const work = kysely.transaction().execute(async (transaction) => {
      const elsewhere = expect.objectContaining({
        code: 'invalid_input',
        message: expect.stringContaining(`the tables of Countersign are in '${schema}'`),
      })
      expect(() => storage.within(transaction.withSchema(other))).toThrow(elsewhere)
      expect(() => shared.storage({ prefix: 'x_' }).within(transaction.withSchema(other))).toThrow(
        'the tables of Countersign are where the connection looks for them',
      )
      for (const one of [transaction, transaction.withSchema(schema)])
        expect(await storage.within(one).get([key])).toEqual([undefined])
      await storage.within(transaction.withSchema(schema)).commit([insert('a')])
      expect(await storage.within(transaction).get([key])).toMatchObject([{ version: 1 }])
      throw undone
    })
    await expect(work).rejects.toBe(undone)
    expect(await storage.get([key])).toEqual([undefined])
  })
})

it('[HO-08] withSchema of Kysely is refused on SQLite, whose tables are in the file', () => {
  const kysely = new Kysely<object>({ dialect: new SqliteDialect({ database: new Database(':memory:') }) })
  expect(() => sqliteStorage(kysely.withSchema('own'))).toThrow("has withSchema('own')")
})

if (postgres) {
  it('[HO-08] the lock under which tables are made is of one installation alone', async () => {
    const { pool } = postgres
    const schema = ownSchema()
    const client = await pool.connect()
    await client.query('begin')
    const locked = `concat('${schema}', '.a_countersign_migrations')`
    await client.query(`select pg_advisory_xact_lock(hashtext(${locked}))`)
    await postgresStorage(pool, { schema, prefix: 'b_' }).migrate()
    await postgresStorage(pool, { prefix: 'a_' }).migrate()
    const same = postgresStorage(pool, { schema, prefix: 'a_' }).migrate()
    const waits = `select count(*)::int as waiting from pg_locks where locktype = 'advisory' and not granted
      and objid = (hashtext(${locked})::bigint & 4294967295)::oid`
    await vi.waitFor(async () => expect((await pool.query(waits)).rows).toEqual([{ waiting: 1 }]), 10_000)
    await client.query('commit')
    client.release()
    await same
  })

  it('[HO-08] who may not make the schema is told what prints it, and needs no more than that it is there', async () => {
    const { pool, address } = postgres
    const [schema, role] = [ownSchema(), `role_${randomUUID().slice(0, 8)}`]
    await pool.query(`create role ${role} login`)
    closing.unshift(() => pool.query(`drop owned by ${role}; drop role ${role}`))
    const url = new URL(address)
    url.username = role
    const place = { schema, prefix: 'g_' }
    const storage = postgresStorage(url.href, place)
    await expect(storage.migrate()).rejects.toMatchObject({
      details: { problem: expect.stringContaining(`with what postgresSchema({ schema: '${schema}', prefix: 'g_' })`) },
    })
    await pool.query(postgresSchema(place))
    await pool.query(`grant usage on schema "${schema}" to ${role}`)
    await pool.query(`grant select, insert, update, delete on all tables in schema "${schema}" to ${role}`)
    await story(storage)
    const made = postgresStorage(url.href, { schema, prefix: 'made_' })
    await pool.query(`grant create on schema "${schema}" to ${role}`)
    await story(made)
    await Promise.all([storage.close(), made.close()])
  })
}
