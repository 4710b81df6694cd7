import Database from 'better-sqlite3'
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely'
import Libsql from 'libsql'
import { createPool } from 'mysql2'
import { afterAll, describe, it } from 'vitest'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from './servers.ts'

const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing) await close()
})

describe('[G10, I8, L5] sqliteStorage keeps every promise of the port', () => {
  describe('on a connection of libsql', () => {
    for (const { name, run } of storageConformance(() => sqliteStorage(new Libsql(':memory:')))) it(name, run)
  })

  describe('on an instance of Kysely', () => {
    const fresh = () =>
      sqliteStorage(new Kysely({ dialect: new SqliteDialect({ database: new Database(':memory:') }) }))
    for (const { name, run } of storageConformance(fresh)) it(name, run)
  })
})

const postgres = await postgresDatabase('-c synchronous_commit=off')
if (!postgres) it.skip(`postgresStorage on a client, and on an instance of Kysely (${leftOut('PostgreSQL')})`)
else {
  const client = await postgres.pool.connect()
  const kysely = new Kysely({ dialect: new PostgresDialect({ pool: postgres.openPool() }) })
  closing.push(
    async () => client.release(),
    () => kysely.destroy(),
    postgres.drop,
  )
  await postgresStorage(client).migrate()

  describe('[G10, I8, L5] postgresStorage keeps every promise of the port', () => {
    describe('on a client of pg', () => {
      const fresh = async () => {
        await postgres.clear()
        return postgresStorage(client)
      }
      for (const { name, run } of storageConformance(fresh)) it(name, run)
    })

    describe('on an instance of Kysely', () => {
      const fresh = async () => {
        await postgres.clear()
        return postgresStorage(kysely)
      }
      for (const { name, run } of storageConformance(fresh)) it(name, run)
    })
  })
}

const mariadb = await mysqlDatabase()
if (!mariadb) it.skip(`mysqlStorage on a connection, and on an instance of Kysely (${leftOut('MySQL')})`)
else {
  const connection = await mariadb.pool.getConnection()
  const kysely = new Kysely({ dialect: new MysqlDialect({ pool: createPool(mariadb.address) }) })
  closing.push(
    async () => connection.release(),
    () => kysely.destroy(),
    mariadb.drop,
  )
  await mysqlStorage(kysely).migrate()

  describe('[G10, I8, L5] mysqlStorage keeps every promise of the port', () => {
    describe('on a connection of mysql2', () => {
      const fresh = async () => {
        await mariadb.clear()
        return mysqlStorage(connection)
      }
      for (const { name, run } of storageConformance(fresh)) it(name, run)
    })

    describe('on an instance of Kysely', () => {
      const fresh = async () => {
        await mariadb.clear()
        return mysqlStorage(kysely)
      }
      for (const { name, run } of storageConformance(fresh)) it(name, run)
    })
  })
}
