import { PGlite } from '@electric-sql/pglite'
import Database from 'better-sqlite3'
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql2'
import { Kysely, MysqlDialect, PostgresDialect } from 'kysely'
import { createPool } from 'mysql2'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import type { Storage, TransactionalStorage, Write } from '../../src/ports/storage.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from '../storage/servers.ts'

const key = { collection: 'requests', key: ['acme', 'a'] } as const
const value = { tenant: 'acme', id: 'a', note: 'kůň 🚀 \\ "x" 007 ' }
const insert: Write = { type: 'insert', collection: 'requests', value }
const other: Write = { type: 'insert', collection: 'requests', value: { tenant: 'acme', id: 'b' } }
const both = ['a', 'b'].map((id) => ({ collection: 'requests', key: ['acme', id] }) as const)
/** A commit that relies on one record and changes the other. */
const skew = (relied: string, changed: string): readonly Write[] => [
  { type: 'check', collection: 'requests', key: ['acme', relied], expected: 1 },
  { type: 'replace', collection: 'requests', value: { tenant: 'acme', id: changed }, expected: 1 },
]
const put = (note: string, expected: number): Write => ({
  type: 'replace',
  collection: 'requests',
  value: { ...value, note },
  expected,
})
const noteOf = async (storage: Storage) => (await storage.get([key]))[0]?.value['note']
const refused = (said: RegExp) => ({ code: 'storage_failed', message: expect.stringMatching(said) })

const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

const mariadb = await mysqlDatabase()
if (mariadb) closing.push(() => mariadb.drop())

if (!mariadb) it.skip(`the connections of MySQL (${leftOut('MySQL')})`)
else {
  const uri = mariadb.address
  const open = (options: mysql.PoolOptions, first?: string) => {
    const pool = mysql.createPool({ uri, connectionLimit: 2, ...options })
    if (first) pool.on('connection', (connection) => void connection.query(first))
    closing.push(() => pool.end())
    return pool
  }
  const callbacks = (options: mysql.PoolOptions) => {
    const pool = createPool({ uri, connectionLimit: 2, ...options })
    closing.push(() => new Promise((done) => pool.end(done)))
    return pool
  }
  const kysely = (options: mysql.PoolOptions) => new Kysely({ dialect: new MysqlDialect({ pool: callbacks(options) }) })
  const main = mysqlStorage(mariadb.pool)
  await main.migrate()
  const count = async () =>
    Number(((await mariadb.pool.query('select count(*) as n from countersign_requests'))[0] as { n: number }[])[0]?.n)
  const fresh = async () => {
    await mariadb.clear()
    return main
  }

  describe('the connections of MySQL', () => {
    const begun: mysql.Connection[] = []
    const flavours: Readonly<Record<string, (charset: string) => Promise<Storage>>> = {
      'a pool': async (charset) => mysqlStorage(open({ charset })),
      'a pool that calls back': async (charset) => mysqlStorage(callbacks({ charset })),
      'a connection': async (charset) => {
        const connection = await mysql.createConnection({ uri, charset })
        closing.push(() => connection.end())
        return mysqlStorage(connection)
      },
      Kysely: async (charset) => mysqlStorage(kysely({ charset })),
      'a transaction of a connection': async (charset) => {
        const connection = await mysql.createConnection({ uri, charset })
        closing.push(() => connection.end())
        await connection.query('start transaction')
        begun.push(connection)
        return main.within(connection)
      },
      'a transaction of Drizzle': async (charset) => {
        const connection = await mysql.createConnection({ uri, charset })
        closing.push(() => connection.end())
        await connection.query('start transaction')
        begun.push(connection)
        return main.within(drizzleMysql(connection))
      },
    }
    for (const [flavour, storageOf] of Object.entries(flavours)) {
      it(`[HO-01] are refused if they speak another character set than utf8mb4, with the setting to change: ${flavour}`, async () => {
        await fresh()
        for (const charset of ['latin1', 'utf8', 'cp1250']) {
          const storage = await storageOf(charset)
          const said = refused(/charset: 'utf8mb4'/)
          await expect(storage.commit([insert])).rejects.toMatchObject(said)
          await expect(storage.get([key])).rejects.toMatchObject(said)
          await expect(
            storage.list({ collection: 'requests', index: 'key', where: [], order: 'ascending', limit: 1 }),
          ).rejects.toMatchObject(said)
        }
        expect(await count()).toBe(0)
        const spoken = await storageOf('utf8mb4_unicode_ci')
        await spoken.commit([insert])
        expect(await noteOf(spoken)).toBe(value.note)
        for (const connection of begun.splice(0)) await connection.query('rollback')
      })
    }

    it.each([
      ['another character set', 'set names latin1', /utf8mb4/],
      ['one for answers alone', 'set character_set_results = latin1', /utf8mb4/],
      ['rows that nobody has committed', 'set session transaction isolation level read uncommitted', /isolation level/],
      ['empty texts as null', "set session sql_mode = 'EMPTY_STRING_IS_NULL'", /EMPTY_STRING_IS_NULL/],
    ])('[HO-01] are refused if somebody lets them speak %s', async (_, first, said) => {
      await fresh()
      await expect(mysqlStorage(open({}, first)).commit([insert])).rejects.toMatchObject(refused(said))
      expect(await count()).toBe(0)
    })

    it('[HO-01] are refused before a table is made', async () => {
      const root = await mysql.createConnection({ uri })
      const name = `${new URL(uri).pathname.slice(1)}_empty`
      await root.query(`create database ${name}`)
      const pool = mysql.createPool({ uri, database: name, charset: 'latin1' })
      await expect(mysqlStorage(pool).migrate()).rejects.toMatchObject(refused(/utf8mb4/))
      expect((await root.query(`show tables from ${name}`))[0]).toEqual([])
      await pool.end()
      await root.query(`drop database ${name}`)
      await root.end()
    })

    it('[HO-01] escape values as the server reads them, or are refused', async () => {
      await fresh()
      const pool = callbacks({})
      pool.on('connection', (connection) => void connection.query("set session sql_mode = 'NO_BACKSLASH_ESCAPES'"))
      const escaping = mysqlStorage(new Kysely({ dialect: new MysqlDialect({ pool }) }))
      await expect(escaping.commit([insert])).rejects.toMatchObject({ code: 'storage_failed' })
      expect(await count()).toBe(0)
      const binding = mysqlStorage(pool)
      await binding.commit([insert])
      expect(await noteOf(binding)).toBe(value.note)
    })

    it.each(['pool', 'connection', 'Kysely'])(
      '[HO-05] read what is there at this moment with autocommit off: %s',
      async (flavour) => {
        const other = await fresh()
        await other.commit([insert])
        const pool = callbacks({ connectionLimit: 1 })
        pool.on('connection', (connection) => void connection.query('set autocommit = 0'))
        const connection = await mysql.createConnection({ uri })
        closing.push(() => connection.end())
        await connection.query('set autocommit = 0')
        const storages: Readonly<Record<string, TransactionalStorage>> = {
          pool: mysqlStorage(pool),
          connection: mysqlStorage(connection),
          Kysely: mysqlStorage(new Kysely({ dialect: new MysqlDialect({ pool }) })),
        }
        const storage = storages[flavour] as TransactionalStorage
        for (const [at, note] of ['one', 'two', 'three'].entries()) {
          await other.commit([put(note, at + 1)])
          expect(await noteOf(storage)).toBe(note)
          const page = await storage.list({
            collection: 'requests',
            index: 'key',
            where: ['acme'],
            order: 'ascending',
            limit: 1,
          })
          expect(page.records[0]?.value['note']).toBe(note)
        }
        await storage.commit([put('mine', 4)])
        expect(await noteOf(other)).toBe('mine')
      },
    )

    it.each(['repeatable read', 'read committed', 'serializable'])(
      '[HO-05] hold in the transaction of the host what a decision relies on, not its snapshot of it: %s',
      async (level) => {
        const other = await fresh()
        await other.commit([insert])
        const connection = await mysql.createConnection({ uri })
        await connection.query(`set session transaction isolation level ${level}`)
        await connection.query('start transaction')
        const inside = main.within(connection)
        const [before] = await inside.get([key])
        if (level === 'serializable') await connection.query('rollback')
        await other.commit([put('moved', 1)])
        if (level === 'serializable') await connection.query('start transaction')
        const check: Write = { type: 'check', ...key, expected: before?.version ?? 0 }
        const write: Write = { type: 'insert', collection: 'requests', value: { tenant: 'acme', id: 'b' } }
        await expect(inside.commit([check, write])).rejects.toMatchObject({ code: 'version_conflict' })
        await expect(inside.commit([put('lost', 1)])).rejects.toMatchObject({ code: 'version_conflict' })
        await connection.query('commit')
        await connection.end()
        expect(await noteOf(other)).toBe('moved')
        expect(await count()).toBe(1)
      },
    )

    it.each(['repeatable read', 'read committed', 'serializable'])(
      '[HO-05] let at most one through of two that each rely on what the other one changes, in two transactions of the host: %s',
      async (level) => {
        await (await fresh()).commit([insert, other])
        const connections = await Promise.all([mysql.createConnection({ uri }), mysql.createConnection({ uri })])
        for (const connection of connections) {
          await connection.query(`set session transaction isolation level ${level}`)
          await connection.query('start transaction')
        }
        const [first, second] = connections.map((connection) => main.within(connection))
        const made = await first?.commit(skew('a', 'b')).then(() => 'done')
        const late = second?.commit(skew('b', 'a')).then(
          () => 'done',
          (error) => error,
        )
        await connections[0]?.query('commit')
        expect([made, await late]).toEqual(['done', expect.objectContaining({ code: 'version_conflict' })])
        await connections[1]?.query('commit')
        for (const connection of connections) await connection.end()
        expect((await main.get(both)).map((record) => record?.version)).toEqual([1, 2])
      },
    )

    it('[HO-05] give records as they were written however they are set up', async () => {
      const settings: Readonly<Record<string, mysql.PoolOptions>> = {
        casts: { typeCast: (field, next) => (field.type === 'BLOB' ? field.buffer() : next()) },
        'no casts': { typeCast: false },
        'rows as arrays': { rowsAsArray: true },
        'big numbers as text': { supportBigNumbers: true, bigNumberStrings: true },
        'nested rows': { nestTables: true } as mysql.PoolOptions,
        'named placeholders': { namedPlaceholders: true },
        'texts for dates and decimals': { dateStrings: true, decimalNumbers: true },
        'no found rows': { flags: ['-FOUND_ROWS'] },
      }
      for (const [name, options] of Object.entries(settings)) {
        await fresh()
        const storage = mysqlStorage(open(options))
        await storage.commit([insert])
        await storage.commit([put(value.note, 1)])
        expect(await storage.get([key]), name).toEqual([{ version: 2, value }])
      }
      await expect(
        mysqlStorage(
          kysely({ typeCast: (field, next) => (field.type === 'VAR_STRING' ? `${field.string()} ` : next()) }),
        ).get([key]),
      ).rejects.toMatchObject(refused(/utf8mb4|typeCast/))
    })
  })
}

const postgres = await postgresDatabase()
if (postgres) closing.push(() => postgres.drop())

const parsers: Readonly<Record<string, Partial<Record<number, (text: string) => unknown>>>> = {
  'int8 as big integers': { 20: BigInt },
  'int8 as numbers': { 20: Number, 23: (text) => `${text}` },
  'texts that look like JSON parsed': { 25: (text) => JSON.parse(text.startsWith('{') ? text : JSON.stringify(text)) },
  'texts trimmed and folded': { 25: (text) => text.trim().toLowerCase() },
  'nothing for any text': { 25: () => null },
}

describe('the connections of PostgreSQL', () => {
  it('[HO-05] read records as they were written whatever parsers PGlite has', async () => {
    const given = { 20: BigInt, 23: BigInt, 25: (text: string) => (text.startsWith('{') ? JSON.parse(text) : null) }
    const lite = await PGlite.create({ parsers: given as Record<number, (text: string) => unknown> })
    const storage = postgresStorage(lite)
    await storage.commit([insert])
    expect(await storage.get([key])).toEqual([{ version: 1, value }])
    await lite.close()
  }, 60_000)

  if (!postgres) it.skip(`of a server (${leftOut('PostgreSQL')})`)
  else {
    const open = (options: pg.PoolConfig, first?: string) => {
      const pool = new pg.Pool({ ...postgres.pool.options, max: 1, ...options })
      pool.on('error', () => {})
      if (first) pool.on('connect', (client) => void client.query(first))
      closing.push(() => pool.end())
      return pool
    }
    const main = postgresStorage(postgres.pool)

    it('[HO-05] read records as they were written whatever parsers pg has, or are refused', async () => {
      await main.migrate()
      for (const [name, given] of Object.entries(parsers)) {
        await postgres.clear()
        const types = {
          getTypeParser: (type: number, format: never) => given[type] ?? pg.types.getTypeParser(type, format),
        }
        const pool = open({ types } as pg.PoolConfig)
        const storage = postgresStorage(pool)
        await storage.commit([insert])
        expect(await storage.get([key]), name).toEqual([{ version: 1, value }])
        const kysely = postgresStorage(new Kysely({ dialect: new PostgresDialect({ pool }) }))
        if (given[25]) await expect(kysely.get([key]), name).rejects.toMatchObject({ code: 'storage_failed' })
        else expect(await kysely.get([key]), name).toEqual([{ version: 1, value }])
      }
      const binary = postgresStorage(open({ binary: true } as pg.PoolConfig))
      await expect(binary.get([key])).rejects.toMatchObject({ code: 'storage_failed' })
    })

    it('[HO-01] are refused if they or their database do not speak UTF8', async () => {
      const spoken = postgresStorage(open({}, "set client_encoding = 'LATIN1'"))
      await expect(spoken.commit([insert])).rejects.toMatchObject(refused(/client_encoding/))
      for (const encoding of ['LATIN1', 'SQL_ASCII']) {
        const name = `${postgres.schema}_${encoding.toLowerCase()}`
        await postgres.pool.query(`create database ${name} template template0 encoding '${encoding}' locale 'C'`)
        closing.push(() => postgres.pool.query(`drop database ${name} with (force)`))
        const pool = open({
          connectionString: String(Object.assign(new URL(postgres.address), { pathname: `/${name}`, search: '' })),
          options: '',
        })
        await expect(postgresStorage(pool).commit([insert])).rejects.toMatchObject(refused(new RegExp(encoding)))
        expect((await pool.query("select 1 from pg_tables where tablename like 'countersign%'")).rows).toEqual([])
        await pool.query('select 1')
      }
    })

    it('[HO-05] commit for good on a connection that somebody gave back with a transaction open', async () => {
      await main.migrate()
      await postgres.clear()
      const pool = open({})
      const client = await pool.connect()
      await client.query('begin')
      client.release()
      await postgresStorage(pool).commit([insert])
      const again = await pool.connect()
      await again.query('rollback')
      again.release()
      expect(await noteOf(main)).toBe(value.note)
    })

    it('[HO-05] refuse to join a transaction that is open on the client that they have', async () => {
      const client = new pg.Client(postgres.pool.options as pg.ClientConfig)
      await client.connect()
      closing.push(() => client.end())
      const storage = postgresStorage(client)
      await storage.get([key])
      await client.query('begin')
      await expect(storage.get([key])).rejects.toMatchObject(refused(/within/))
      await client.query('rollback')
      await storage.get([key])
    })

    it.each(['read committed', 'repeatable read', 'serializable'])(
      '[HO-05] let no decision through that relies on what has moved, inside the transaction of the host: %s',
      async (level) => {
        await main.migrate()
        await postgres.clear()
        await main.commit([insert])
        const client = await postgres.pool.connect()
        await client.query(`begin isolation level ${level}`)
        const inside = main.within(client)
        const [before] = await inside.get([key])
        await main.commit([put('moved', 1)])
        const check: Write = { type: 'check', ...key, expected: before?.version ?? 0 }
        const write: Write = { type: 'insert', collection: 'requests', value: { tenant: 'acme', id: 'b' } }
        await expect(inside.commit([check, write])).rejects.toMatchObject({ code: 'version_conflict' })
        await client.query('commit')
        client.release()
        expect(await main.get([key, { collection: 'requests', key: ['acme', 'b'] }])).toMatchObject([
          { version: 2 },
          undefined,
        ])
      },
    )

    it.each(['read committed', 'repeatable read', 'serializable'])(
      '[HO-05] let at most one through of two that each rely on what the other one changes, in two transactions of the host: %s',
      async (level) => {
        await main.migrate()
        await postgres.clear()
        await main.commit([insert, other])
        const clients = await Promise.all([postgres.pool.connect(), postgres.pool.connect()])
        for (const client of clients) await client.query(`begin isolation level ${level}`)
        const [first, second] = clients.map((client) => main.within(client))
        const made = await first?.commit(skew('a', 'b')).then(() => 'done')
        const late = second?.commit(skew('b', 'a')).then(
          () => 'done',
          (error) => error,
        )
        await clients[0]?.query('commit')
        expect([made, await late]).toEqual(['done', expect.objectContaining({ code: 'version_conflict' })])
        await clients[1]?.query('commit')
        for (const client of clients) client.release()
        expect((await main.get(both)).map((record) => record?.version)).toEqual([1, 2])
      },
    )
  }
})

describe('the connections of SQLite', () => {
  it('[HO-01] are refused if their file keeps text in UTF-16, before a table is made', () => {
    const database = new Database(':memory:')
    database.pragma("encoding = 'UTF-16'")
    expect(() => sqliteStorage(database)).toThrow(/UTF-8/)
    expect(database.prepare('select name from sqlite_master').all()).toEqual([])
  })

  it('[HO-05] read records as they were written with integers as big ones', async () => {
    const database = new Database(':memory:')
    database.defaultSafeIntegers(true)
    const storage = sqliteStorage(database)
    await storage.commit([insert])
    expect(await storage.get([key])).toEqual([{ version: 1, value }])
    expect(
      (await storage.list({ collection: 'requests', index: 'key', where: ['acme'], order: 'ascending', limit: 1 }))
        .records,
    ).toEqual([{ version: 1, value }])
  })
})
