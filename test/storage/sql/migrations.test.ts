import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import Database from 'better-sqlite3'
import mysql, { type RowDataPacket } from 'mysql2/promise'
import { afterAll, describe, expect, it } from 'vitest'
import type { Storage, TransactionalStorage } from '../../../src/ports/storage.ts'
import { mysqlSchema, mysqlStorage } from '../../../src/storage/mysql.ts'
import { postgresSchema, postgresStorage } from '../../../src/storage/postgres.ts'
import { sqliteSchema, sqliteStorage } from '../../../src/storage/sqlite.ts'
import { flags, pending, rollout, start, world } from '../../world.ts'
import { leftOut, mysqlDatabase, type TestDatabase } from '../servers.ts'

const schemas = join(import.meta.dirname, 'schemas')
/** The versions of the schema that were released, or will be next, with the scripts that made them. */
const versions = readdirSync(schemas).map(Number)
const script = (version: number, name: string) => readFileSync(join(schemas, String(version), `${name}.sql`), 'utf8')
const latest = Math.max(...versions)

/** Something that an installation goes through: a request that is made, refused to its maker, approved and applied. */
async function story(storage: Storage): Promise<void> {
  const w = world(storage)
  await w.flag('checkout')
  await w.policy()
  const { id, digest } = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(80)))
  await expect(w.as('ann').requests.approve(id, { digest })).rejects.toMatchObject({ code: 'self_approval' })
  await w.as('ben').requests.approve(id, { digest })
  expect((await w.as('ann').requests.list({ status: 'applied' })).requests.map((request) => request.id)).toContain(id)
  expect((await w.as('ann').resources.get(flags.ref('checkout')))?.document.rollout).toBe(80)
  expect((await w.as('ann').audit.verify()).problems).toEqual([])
}

const lite = await PGlite.create()
const closing: (() => Promise<unknown>)[] = [() => lite.close()]
afterAll(async () => {
  for (const close of closing) await close()
})
const server = await mysqlServer()
if (!server) it.skip(`the schema of MySQL, and its users (${leftOut('MySQL')})`)
const kinds = ['sqlite', 'postgres', ...(server ? (['mysql'] as const) : [])] as const

async function mysqlServer(): Promise<TestDatabase<mysql.Pool> | undefined> {
  const database = await mysqlDatabase()
  if (database) closing.push(database.drop)
  return database
}

/** A fresh database of each kind. */
interface Fresh {
  /** Runs a script as whoever owns the database. */
  run(text: string): Promise<unknown>
  /** What the catalogue says of the tables. */
  catalogue(): Promise<unknown>
  storage(): TransactionalStorage
}

const fresh = {
  async sqlite(): Promise<Fresh> {
    const database = new Database(':memory:')
    return {
      run: async (text) => database.exec(text),
      catalogue: async () =>
        database.prepare('select type, name, tbl_name, sql from sqlite_schema order by name').all(),
      storage: () => sqliteStorage(database),
    }
  },
  async postgres(): Promise<Fresh> {
    await lite.exec('reset role; drop schema public cascade; create schema public')
    return {
      run: (text) => lite.exec(text),
      catalogue: async () => [
        (await lite.query('select * from information_schema.columns where table_name like $1', ['countersign%'])).rows,
        (await lite.query('select indexdef from pg_indexes where schemaname = current_schema() order by 1')).rows,
      ],
      storage: () => postgresStorage(lite),
    }
  },
  async mysql(): Promise<Fresh> {
    const { pool } = (await mysqlServer()) as TestDatabase<mysql.Pool>
    return {
      run: (text) => pool.query(text),
      async catalogue() {
        const [tables] = await pool.query<RowDataPacket[]>('show tables')
        const texts = tables.map(async (row) => {
          const [[table]] = await pool.query<RowDataPacket[]>(`show create table ${Object.values(row)[0]}`)
          return table?.['Create Table']
        })
        return await Promise.all(texts)
      },
      storage: () => mysqlStorage(pool),
    }
  },
}

const printed = { sqlite: sqliteSchema, postgres: postgresSchema, mysql: mysqlSchema }

const indexesSince5 = {
  requests: ['by_requester', 'by_update', 'by_project_update', 'by_own_update', 'by_tenant_due'],
  targets: ['by_update', 'by_open', 'by_type', 'by_type_update'],
  resources: ['by_update', 'by_project', 'by_type', 'by_type_project', 'by_type_state', 'by_project_state'],
}
const columnsSince5 = {
  requests: ['requester', 'updated_at'],
  targets: ['updated_at', 'open_since', 'is_first', 'project', 'requester'],
  resources: ['updated_at', 'project', 'state'],
}
const propertiesSince5 = {
  targets: ['updatedAt', 'openSince', 'isFirst', 'project', 'requester'],
  resources: ['updatedAt'],
}

/** Takes everything back that version 5 brought to tables that were there before. */
function takenBack(
  dropIndex: (index: string, table: string) => string,
  without: (properties: readonly string[]) => string,
): readonly string[] {
  const tables = ['requests', 'targets', 'resources'] as const
  return [
    ...tables.flatMap((table) => [
      ...indexesSince5[table].map((index) => dropIndex(`countersign_${table}_${index}`, `countersign_${table}`)),
      ...columnsSince5[table].map((column) => `alter table countersign_${table} drop column ${column}`),
    ]),
    ...(['targets', 'resources'] as const).map(
      (table) => `update countersign_${table} set value = ${without(propertiesSince5[table])} where version > 0`,
    ),
    'drop table countersign_comments',
    'drop table countersign_across_projects',
    'drop table countersign_departures',
    'delete from countersign_migrations where version = 5',
  ]
}

const asVersion4 = {
  sqlite: takenBack(
    (index) => `drop index ${index}`,
    (properties) => `json_remove(value, ${properties.map((property) => `'$.${property}'`)})`,
  ),
  postgres: takenBack(
    (index) => `drop index ${index}`,
    (properties) => `(value::jsonb ${properties.map((property) => `- '${property}'`).join(' ')})::text`,
  ),
  mysql: takenBack(
    (index, table) => `drop index ${index} on ${table}`,
    (properties) => `json_remove(value, ${properties.map((property) => `'$.${property}'`)})`,
  ),
}

describe.each(kinds)('the schema of %s', (name) => {
  it('[P7] is the one that was released: a change of it is a new version, and a migration', async () => {
    await expect(printed[name]()).toMatchFileSnapshot(join(schemas, String(latest), `${name}.sql`))
  })

  it.each(versions)(
    '[P7] of version %i is brought to the present one, as if it had been made today',
    async (version) => {
      const old = await fresh[name]()
      await old.run(script(version, name))
      const before = await old.catalogue()
      await story(old.storage())
      const after = await old.catalogue()
      if (version === latest) expect(after).toEqual(before)
      const today = await fresh[name]()
      await today.storage().get([{ collection: 'requests', key: ['acme', 'a'] }])
      expect(after).toEqual(await today.catalogue())
    },
  )

  it('[P7] [WO-02] [WO-06] [WO-16] brings requests and resources of version 4 to the lists that came with version 5', async () => {
    const database = await fresh[name]()
    const w = world(database.storage())
    for (const id of ['checkout', 'cart', 'gone']) await w.flag(id)
    w.pass(1_000)
    await w.as('ann').submit(flags.ref('cart'), rollout(41))
    await w.as('ann').submit(flags.ref('gone'), { remove: true })
    await w.policy()
    const both = ['checkout', 'cart'].map((id) => ({ ref: flags.ref(id), change: rollout(70) }))
    const outcome = await w.as('ann').submitAll(both)
    w.pass(1_000)
    const { id } = pending(await w.as('ann').submit(flags.ref('cart'), rollout(80)))
    w.pass(1_000)
    if (outcome.status !== 'pending') throw new TypeError('The set was not gated.')
    await w.as('ben').requests.reject(outcome.request.id, { digest: outcome.request.digest, reason: 'no' })
    for (const statement of asVersion4[name]) await database.run(statement)
    const acting = world(database.storage()).as('ben')
    const listed = async (filter: Parameters<typeof acting.requests.list>[0]) =>
      (await acting.requests.list(filter)).requests.map((request) => request.id)
    const all = [outcome.request.id, id]
    expect(await listed({ by: 'updated' })).toEqual(all)
    for (const more of [{ type: 'feature_flag' }, { requester: 'ann' }, { project: 'web' }]) {
      expect(await listed({ by: 'updated', ...more })).toEqual(all)
      expect(await listed({ type: 'feature_flag', ...more })).toEqual(all.toReversed())
      expect(await acting.requests.count({ type: 'feature_flag', ...more })).toEqual({ count: 2 })
    }
    expect(await listed({ by: 'updated', resource: { type: 'feature_flag', id: 'cart' }, requester: 'ann' })).toEqual(
      all,
    )
    const times = { cart: start + 1_000, checkout: start }
    for (const filter of [{}, { project: 'web' }, { type: 'feature_flag' }, { type: 'feature_flag', project: 'web' }]) {
      const { resources } = await acting.resources.list(filter)
      expect(Object.fromEntries(resources.map((one) => [one.id, one.updatedAt]))).toEqual(times)
    }
    const { others } = await acting.preview(flags.ref('cart'), rollout(90))
    expect(others.map(({ request }) => request)).toEqual([id])
    const app = flags.ref('app', { project: 'mobile' })
    await acting.requests.add(id, app, { value: { enabled: true, rollout: 1 } })
    expect(await listed({ project: 'mobile' })).toEqual([id])
    expect(await listed({ project: 'web' })).toEqual(all.toReversed())
    expect((await acting.audit.verify()).problems).toEqual([])
  })

  it.each([1, 3])(
    '[P7] of version %i, from before the first release, is refused and left as it is',
    async (version) => {
      const database = await fresh[name]()
      await database.run('create table countersign_migrations (version integer primary key)')
      await database.run('create table countersign_debts (tenant integer primary key)')
      for (let made = 1; made <= version; made++) {
        await database.run(`insert into countersign_migrations values (${made})`)
      }
      const before = await database.catalogue()
      const using = async () => await database.storage().get([{ collection: 'requests', key: ['acme', 'a'] }])
      const refused = expect.stringMatching(
        new RegExp(`at version ${version} of the schema, .*before the first release.*rename or drop them`),
      )
      for (const call of [using, async () => await database.storage().migrate()])
        await expect(call()).rejects.toMatchObject({
          code: 'storage_failed',
          details: { operation: 'migrate', problem: refused },
        })
      expect(await database.catalogue()).toEqual(before)
    },
  )

  it('[P7] serves instances of this version while a later one has brought it further, and is left as it is', async () => {
    const database = await fresh[name]()
    await database.run(script(latest, name))
    await database.run(`insert into countersign_migrations values (${latest + 1})`)
    await database.run('alter table countersign_requests add column later integer')
    await database.run('create index countersign_requests_by_later on countersign_requests (later)')
    await database.run('create table countersign_later (tenant integer primary key)')
    const before = await database.catalogue()
    await story(database.storage())
    expect(await database.catalogue()).toEqual(before)
  })
})

describe('migrations', () => {
  it('[P7] leave nothing half done on SQLite where one of their statements fails', () => {
    const database = new Database(':memory:')
    database.exec('create table countersign_events (mine text)')
    expect(() => sqliteStorage(database)).toThrow(
      expect.objectContaining({ code: 'storage_failed', details: expect.objectContaining({ operation: 'migrate' }) }),
    )
    const tables = database.prepare("select name from sqlite_schema where type = 'table' order by name").pluck().all()
    expect(tables).toEqual(['countersign_events', 'countersign_migrations'])
  })

  it('[P7] leave nothing half done on PostgreSQL where one of their statements fails, and are made when it does not', async () => {
    const database = await fresh.postgres()
    await database.run('create table countersign_events (mine text)')
    const before = await database.catalogue()
    const storage = database.storage()
    const looking = () => storage.get([{ collection: 'requests', key: ['acme', 'a'] }])
    await expect(looking()).rejects.toMatchObject({ code: 'storage_failed', details: { operation: 'migrate' } })
    expect(await database.catalogue()).toEqual(before)
    await database.run('drop table countersign_events')
    await story(storage)
  })
})

describe('a user who may not create tables', () => {
  it('is told on PostgreSQL what to do, and needs no more than to read and write the rows', async () => {
    const storage = (await fresh.postgres()).storage()
    await lite.exec('create role guest; grant usage on schema public to guest; set role guest')
    const advice = 'make the tables as a user who may, with what postgresSchema() prints'
    for (const call of [() => storage.migrate(), () => story(storage)])
      await expect(call()).rejects.toMatchObject({
        code: 'storage_failed',
        details: { operation: 'migrate', problem: `permission denied for schema public; ${advice}` },
        cause: { code: '42501' },
      })
    await lite.exec(`reset role; ${postgresSchema()}`)
    await lite.exec('grant select, insert, update, delete on all tables in schema public to guest; set role guest')
    await story(storage)
  })

  it.runIf(server)('is told on MySQL what to do, and needs no more than to read and write the rows', async () => {
    const database = server as TestDatabase<mysql.Pool>
    const user = `countersign_${randomUUID().slice(0, 8)}`
    const { pathname } = new URL(database.address)
    const named = pathname.slice(1)
    await database.pool.query(`create user ${user}; grant select, insert, update, delete on ${named}.* to ${user}`)
    closing.unshift(() => database.pool.query(`drop user ${user}`))
    const address = new URL(database.address)
    address.username = user
    address.password = ''
    const pool = mysql.createPool(address.href)
    closing.unshift(() => pool.end())
    const storage = mysqlStorage(pool)
    for (const call of [() => storage.migrate(), () => story(storage)])
      await expect(call()).rejects.toMatchObject({
        code: 'storage_failed',
        details: {
          operation: 'migrate',
          problem: expect.stringMatching(
            /denied.*; make the tables as a user who may, with what mysqlSchema\(\) prints$/,
          ),
        },
      })
    await database.pool.query(mysqlSchema())
    await story(storage)
  })

  it('is told on SQLite, where the file is read-only', () => {
    const database = new Database(':memory:')
    database.pragma('query_only = on')
    expect(() => sqliteStorage(database)).toThrow(
      expect.objectContaining({
        code: 'storage_failed',
        details: {
          operation: 'migrate',
          problem:
            'attempt to write a readonly database; make the tables as a user who may, with what sqliteSchema() prints',
        },
      }),
    )
  })
})
