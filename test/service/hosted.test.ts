import Database from 'better-sqlite3'
import type mysql from 'mysql2/promise'
import type pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { number, object } from 'zod'
import { createApprovals, defineResource, type Storage, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from '../storage/servers.ts'
import { pending, refusal } from '../world.ts'

/** A host's own table of prices, in the database of the storage. */
interface Shop {
  readonly storage: Storage
  read(id: string, connection: unknown): Promise<number | undefined>
  write(id: string, cents: number | undefined, connection: unknown): Promise<void>
  /** What is really there. */
  cents(id: string): Promise<number | undefined>
  /** Writes past Countersign. */
  poke(id: string, cents: number): Promise<unknown>
}

const upsert = 'insert into shop_prices values ($1, $2) on conflict (id) do update set cents = excluded.cents'

const shops: Record<string, () => Promise<Shop>> = {
  memory: async () => {
    const prices = new Map<string, number>()
    return {
      storage: memoryStorage(),
      read: async (id) => prices.get(id),
      async write(id, cents) {
        if (cents === undefined) prices.delete(id)
        else prices.set(id, cents)
      },
      cents: async (id) => prices.get(id),
      poke: async (id, cents) => prices.set(id, cents),
    }
  },
  SQLite: async () => {
    const database = new Database(':memory:')
    database.exec('create table shop_prices (id text primary key, cents integer)')
    const cents = async (id: string) =>
      database.prepare('select cents from shop_prices where id = ?').pluck().get(id) as number | undefined
    const put = database.prepare(upsert.replace('$1', '?').replace('$2', '?'))
    return {
      storage: sqliteStorage(database),
      read: cents,
      async write(id, price, connection) {
        expect(connection).toBe(database)
        if (price === undefined) database.prepare('delete from shop_prices where id = ?').run(id)
        else put.run(id, price)
      },
      cents,
      poke: async (id, price) => put.run(id, price),
    }
  },
}

const postgres = await postgresDatabase('-c synchronous_commit=off')
afterAll(() => postgres?.drop())
if (!postgres) it.skip(`resources of the host on PostgreSQL (${leftOut('PostgreSQL')})`)
else {
  const { pool, clear } = postgres
  await pool.query('create table shop_prices (id text primary key, cents integer)')
  await postgresStorage(pool).migrate()
  shops['PostgreSQL'] = async () => {
    await clear()
    await pool.query('delete from shop_prices')
    const read = async (id: string, connection: unknown = pool, lock = '') => {
      const { rows } = await (connection as pg.Pool).query(`select cents from shop_prices where id = $1 ${lock}`, [id])
      return rows[0]?.cents as number | undefined
    }
    return {
      storage: postgresStorage(pool),
      read: (id, connection) => read(id, connection ?? pool, connection ? 'for update' : ''),
      async write(id, cents, connection) {
        const client = connection as pg.PoolClient
        if (cents === undefined) await client.query('delete from shop_prices where id = $1', [id])
        else await client.query(upsert, [id, cents])
      },
      cents: read,
      poke: (id, cents) => pool.query(upsert, [id, cents]),
    }
  }
}

const mariadb = await mysqlDatabase()
afterAll(() => mariadb?.drop())
if (!mariadb) it.skip(`resources of the host on MySQL (${leftOut('MySQL')})`)
else {
  const { pool, clear } = mariadb
  await pool.query('create table shop_prices (id varchar(255) primary key, cents integer)')
  await mysqlStorage(pool).migrate()
  const replace = 'replace into shop_prices values (?, ?)'
  shops['MySQL'] = async () => {
    await clear()
    await pool.query('delete from shop_prices')
    const read = async (id: string, connection: unknown = pool, lock = '') => {
      const asked = `select cents from shop_prices where id = ? ${lock}`
      const [rows] = await (connection as mysql.Pool).query<mysql.RowDataPacket[]>(asked, [id])
      return rows[0]?.['cents'] as number | undefined
    }
    return {
      storage: mysqlStorage(pool),
      read: (id, connection) => read(id, connection ?? pool, connection ? 'for update' : ''),
      async write(id, cents, connection) {
        const client = connection as mysql.PoolConnection
        if (cents === undefined) await client.query('delete from shop_prices where id = ?', [id])
        else await client.query(replace, [id, cents])
      },
      cents: read,
      poke: (id, cents) => pool.query(replace, [id, cents]),
    }
  }
}

/** Where nobody else can write while a transaction is open. */
const oneAtATime = ['memory', 'SQLite']

describe.each(Object.keys(shops))('a resource that the host keeps in the same database, on %s', (name) => {
  const open = async () => {
    const shop = await (shops[name] as () => Promise<Shop>)()
    const broken = { read: false, write: false }
    let meanwhile: (() => Promise<unknown>) | undefined
    const prices = defineResource({
      type: 'price',
      schema: object({ cents: number() }),
      async read({ tenant, id }, connection) {
        expect(tenant).toBe('acme')
        if (broken.read) throw new TypeError('the table is gone')
        const sneak = (connection === undefined) === oneAtATime.includes(name) ? meanwhile : undefined
        if (sneak) meanwhile = undefined
        const before = await shop.read(id, undefined)
        await sneak?.()
        const cents = connection === undefined ? before : await shop.read(id, connection)
        return cents === undefined ? undefined : { cents }
      },
      async write({ id }, document, connection) {
        // What is in no database is not rolled back with it.
        if (!broken.write || name !== 'memory') await shop.write(id, document?.cents, connection)
        if (broken.write) throw new TypeError('a constraint of the host')
      },
    })
    const approvals = createApprovals({
      storage: shop.storage,
      resources: [prices],
      directory: staticDirectory({ ann: [], ben: ['lead'], cat: ['lead'] }),
      admins: 'anyone',
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    const basic = prices.ref('basic')
    const gate = () =>
      as('ann').policies.save({ id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const ask = async (cents: number) => pending(await as('ann').submit(basic, { value: { cents } }))
    /** Does something between the look that a decision is made on and the one before the row is written, as late as the storage lets anybody. */
    const rightBefore = (work: () => Promise<unknown>) => {
      meanwhile = work
    }
    return { shop, broken, rightBefore, as, basic, gate, ask }
  }
  const authors = (revisions: readonly { readonly author: string }[]) => revisions.map(({ author }) => author)

  it('is written with the revision, directly or by the last approval, and removed', async () => {
    const { shop, as, basic, gate, ask } = await open()
    await as('ann').submit(basic, { value: { cents: 100 } })
    expect(await shop.cents('basic')).toBe(100)
    await gate()
    const request = await ask(200)
    expect(await shop.cents('basic')).toBe(100)
    await as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await shop.cents('basic')).toBe(200)
    const removal = pending(await as('ann').submit(basic, { remove: true }))
    await as('ben').requests.approve(removal.id, { digest: removal.digest })
    expect(await shop.cents('basic')).toBe(undefined)
    expect(authors(await as('ann').resources.history(basic))).toEqual(['ann', 'ann', 'ann'])
    expect((await as('ann').audit.verify()).problems).toEqual([])
  })

  it('[G16] is written together with everything else, or not at all', async () => {
    const { shop, broken, as, basic, gate, ask } = await open()
    await as('ann').submit(basic, { value: { cents: 100 } })
    await gate()
    const request = await ask(200)
    broken.write = true
    const approve = () => as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await refusal(approve())).toBe('host_failed')
    expect(await shop.cents('basic')).toBe(100)
    expect((await as('ann').requests.get(request.id)).status).toBe('pending')
    broken.write = false
    expect((await approve()).request.status).toBe('applied')
    expect(await shop.cents('basic')).toBe(200)
    expect((await as('ann').audit.verify()).problems).toEqual([])
  })

  it('is found where somebody has written it past us, and what was made against another document is stale', async () => {
    const { shop, as, basic, gate, ask } = await open()
    await shop.poke('basic', 50)
    expect((await as('ann').resources.get(basic))?.document).toEqual({ cents: 50 })
    await gate()
    const request = await ask(200)
    expect(request.changes[0]?.places[0]).toMatchObject({ path: '/cents', before: 50 })
    await shop.poke('basic', 60)
    expect(await refusal(as('ben').requests.approve(request.id, { digest: request.digest }))).toBe('stale')
    expect(await shop.cents('basic')).toBe(60)
    expect(authors(await as('ann').resources.history(basic))).toEqual(['countersign', 'countersign'])
    expect((await as('ann').audit.verify()).problems).toEqual([])
  })

  it('[G16] is not overwritten where somebody was faster by a moment', async () => {
    const { shop, rightBefore, as, basic, gate, ask } = await open()
    await as('ann').submit(basic, { value: { cents: 100 } })
    await gate()
    const request = await ask(200)
    rightBefore(() => shop.poke('basic', 60))
    expect(await refusal(as('ben').requests.approve(request.id, { digest: request.digest }))).toBe('stale')
    expect(await shop.cents('basic')).toBe(60)
  })

  it('lands once, however many approve at once', async () => {
    const { shop, as, basic, gate, ask } = await open()
    await as('ann').submit(basic, { value: { cents: 100 } })
    await gate()
    const request = await ask(200)
    await Promise.allSettled(
      ['ben', 'cat'].map((user) => as(user).requests.approve(request.id, { digest: request.digest })),
    )
    expect(await shop.cents('basic')).toBe(200)
    expect((await as('ann').resources.history(basic)).length).toBe(2)
    expect((await as('ann').audit.verify()).problems).toEqual([])
  })

  it('refuses everything about it while the host cannot read it', async () => {
    const { broken, as, basic } = await open()
    broken.read = true
    expect(await refusal(as('ann').submit(basic, { value: { cents: 1 } }))).toBe('host_failed')
    expect(await refusal(as('ann').resources.get(basic))).toBe('host_failed')
  })
})

describe('a resource that the host keeps, inside a transaction of the host', () => {
  it('[G15] is read and written on its connection, and rolled back with it', async () => {
    const database = new Database(':memory:')
    database.exec('create table shop_prices (id text primary key, cents integer)')
    const given: unknown[] = []
    const prices = defineResource({
      type: 'price',
      schema: object({ cents: number() }),
      read({ id }, connection) {
        given.push(connection)
        const cents = database.prepare('select cents from shop_prices where id = ?').pluck().get(id)
        return cents === undefined ? undefined : { cents: Number(cents) }
      },
      write({ id }, document, connection) {
        given.push(connection)
        database.prepare('insert or replace into shop_prices values (?, ?)').run(id, document?.cents)
      },
    })
    const approvals = createApprovals({
      storage: sqliteStorage(database),
      resources: [prices],
      directory: staticDirectory({ ann: [] }),
      admins: 'anyone',
    })
    const ann = { tenant: 'acme', user: 'ann' }
    database.exec('begin immediate')
    await approvals
      .within(database)
      .as(ann)
      .submit(prices.ref('basic'), { value: { cents: 5 } })
    expect(new Set(given)).toEqual(new Set([database]))
    expect(database.prepare('select count(*) from shop_prices').pluck().get()).toBe(1)
    database.exec('rollback')
    expect(database.prepare('select count(*) from shop_prices').pluck().get()).toBe(0)
    expect(await approvals.as(ann).resources.history(prices.ref('basic'))).toEqual([])
  })
})

describe('defineResource', () => {
  const options = { type: 'price', schema: object({ cents: number() }) }

  it('wants both read and write, or neither', () => {
    expect(() => defineResource({ ...options, read: async () => undefined })).toThrow('both read and write')
    expect(() => defineResource({ ...options, write: async () => {} })).toThrow('both read and write')
  })
})
