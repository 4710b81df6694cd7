import { PGlite } from '@electric-sql/pglite'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { mysqlSchema } from '../../../src/storage/mysql.ts'
import { postgresSchema, postgresStorage } from '../../../src/storage/postgres.ts'
import { sqliteSchema, sqliteStorage } from '../../../src/storage/sqlite.ts'
import { mysqlDatabase } from '../servers.ts'

const key = { collection: 'requests', key: ['acme', 'a'] } as const

describe('the printed schema', () => {
  it('makes a SQLite database that the storage takes as it is', async () => {
    const database = new Database(':memory:')
    database.exec(sqliteSchema())
    const tables = () => database.prepare('select * from sqlite_schema order by name').all()
    const before = tables()
    expect(await sqliteStorage(database).get([key])).toEqual([undefined])
    expect(tables()).toEqual(before)
  })

  it('makes a PostgreSQL database that the storage takes as it is', async () => {
    const database = await PGlite.create()
    await database.exec(postgresSchema())
    const relations = async () => (await database.query('select oid, relname from pg_class order by oid')).rows
    const before = await relations()
    expect(await postgresStorage(database).get([key])).toEqual([undefined])
    expect(await relations()).toEqual(before)
    await database.close()
  })

  it('makes a MySQL database, wherever there is one to try it on', async () => {
    expect(mysqlSchema()).toContain('create table `countersign_requests`')
    const database = await mysqlDatabase()
    for (const statement of mysqlSchema().split(';\n').filter(Boolean)) await database?.pool.query(statement)
    await database?.drop()
  })

  it('notes its version, so that nothing is made twice', () => {
    for (const script of [sqliteSchema(), postgresSchema(), mysqlSchema()]) {
      expect(script).toContain('insert into countersign_migrations (version) values (1);')
    }
  })
})

describe('migrations', () => {
  it('[P7] leave a database alone that a later version has brought further', () => {
    const database = new Database(':memory:')
    sqliteStorage(database)
    database.exec('insert into countersign_migrations values (2); alter table countersign_outbox add column later text')
    expect(() => sqliteStorage(database)).not.toThrow()
    expect(database.prepare('select version from countersign_migrations').pluck().all()).toEqual([1, 2])
  })

  it('[P7] leave nothing half done where one of their statements fails', () => {
    const database = new Database(':memory:')
    database.exec('create table countersign_events (mine text)')
    expect(() => sqliteStorage(database)).toThrow(expect.objectContaining({ code: 'storage_failed' }))
    const tables = database.prepare("select name from sqlite_schema where type = 'table' order by name").pluck().all()
    expect(tables).toEqual(['countersign_events', 'countersign_migrations'])
  })
})
