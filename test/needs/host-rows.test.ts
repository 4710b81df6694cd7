import Database from 'better-sqlite3'
import fc from 'fast-check'
import type mysql from 'mysql2/promise'
import type pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource, type Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from '../storage/servers.ts'
import { pending, refusal, world } from '../world.ts'

const users = { ann: [], ben: ['lead'] }

/** A plan as its table has it: with numbers that drivers give as text, a moment, NULL, a list, and columns that are nobody's business. */
const planSchema = z.object({
  price: z.coerce.number(),
  seats: z.coerce.number(),
  starts: z.iso.datetime(),
  note: z.string().optional(),
  tags: z.preprocess((tags) => (typeof tags === 'string' ? JSON.parse(tags) : tags), z.array(z.string())),
})
type Plan = z.infer<typeof planSchema>

interface Shop {
  readonly storage: Storage
  read(id: string, connection: unknown): Promise<unknown>
  write(id: string, plan: Plan | undefined, connection: unknown): Promise<void>
  /** Touches the row past Countersign, in columns that the schema does not keep. */
  touch(): Promise<unknown>
  /** Changes the row past Countersign. */
  reprice(): Promise<unknown>
}

const shops: Record<string, () => Promise<Shop>> = {
  'better-sqlite3': async () => {
    const database = new Database(':memory:')
    database.exec(
      'create table plans (tags text, id text primary key, price text, seats integer, starts text, note text, updated_at text, logo blob)',
    )
    return {
      storage: sqliteStorage(database),
      read: async (id) => database.prepare('select * from plans where id = ?').safeIntegers().get(id),
      async write(id, plan) {
        if (!plan) return void database.prepare('delete from plans where id = ?').run(id)
        const { tags, price, seats, starts, note = null } = plan
        const row = [JSON.stringify(tags), id, String(price), seats, starts, note, 'now', Buffer.from('logo')]
        database.prepare('insert or replace into plans values (?, ?, ?, ?, ?, ?, ?, ?)').run(...row)
      },
      touch: async () => database.exec("update plans set updated_at = 'later', logo = x'00'"),
      reprice: async () => database.exec("update plans set price = '7.50'"),
    }
  },
}

const postgres = await postgresDatabase('-c synchronous_commit=off')
afterAll(() => postgres?.drop())
if (!postgres) it.skip(`rows of pg (${leftOut('PostgreSQL')})`)
else {
  const { pool } = postgres
  shops['pg'] = async () => {
    await postgresStorage(pool).migrate()
    await pool.query(
      'create table plans (tags jsonb, id text primary key, price numeric(12, 2), seats bigint, starts timestamptz, note text, updated_at timestamptz default now(), logo bytea)',
    )
    return {
      storage: postgresStorage(pool),
      async read(id, connection) {
        const { rows } = await ((connection ?? pool) as pg.Pool).query(
          `select * from plans where id = $1 ${connection ? 'for update' : ''}`,
          [id],
        )
        return rows[0]
      },
      async write(id, plan, connection) {
        const client = connection as pg.PoolClient
        await client.query('delete from plans where id = $1', [id])
        if (!plan) return
        const { tags, price, seats, starts, note } = plan
        const row = [JSON.stringify(tags), id, price, seats, starts, note, Buffer.from('logo')]
        await client.query('insert into plans values ($1, $2, $3, $4, $5, $6, default, $7)', row)
      },
      touch: () => pool.query("update plans set updated_at = now() + interval '1 day', logo = '\\x00'"),
      reprice: () => pool.query('update plans set price = 7.50'),
    }
  }
}

const mariadb = await mysqlDatabase()
afterAll(() => mariadb?.drop())
if (!mariadb) it.skip(`rows of mysql2 (${leftOut('MySQL')})`)
else {
  const { pool } = mariadb
  shops['mysql2'] = async () => {
    await mysqlStorage(pool).migrate()
    await pool.query(
      'create table plans (tags json, id varchar(99) primary key, price decimal(12, 2), seats bigint, starts datetime(3), note text, updated_at timestamp default current_timestamp, logo blob)',
    )
    return {
      storage: mysqlStorage(pool),
      async read(id, connection) {
        const [rows] = await ((connection ?? pool) as mysql.Pool).query<mysql.RowDataPacket[]>(
          `select * from plans where id = ? ${connection ? 'for update' : ''}`,
          [id],
        )
        return rows[0]
      },
      async write(id, plan, connection) {
        const client = connection as mysql.PoolConnection
        await client.query('delete from plans where id = ?', [id])
        if (!plan) return
        const { tags, price, seats, starts, note = null } = plan
        const row = [JSON.stringify(tags), id, price, seats, new Date(starts), note, Buffer.from('logo')]
        await client.query('insert into plans values (?, ?, ?, ?, ?, ?, default, ?)', row)
      },
      touch: () => pool.query("update plans set updated_at = '2030-01-01', logo = 'x'"),
      reprice: () => pool.query('update plans set price = 7.50'),
    }
  }
}

describe.each(Object.keys(shops))('a row as %s gives it', (name) => {
  it('[HO-04] is the document that was written, and no difference that is none makes a revision, a line or an applied', async () => {
    const shop = await (shops[name] as () => Promise<Shop>)()
    const plans = defineResource({
      type: 'plan',
      schema: planSchema,
      read: ({ id }, connection) => shop.read(id, connection),
      write: ({ id }, plan, connection) => shop.write(id, plan, connection),
    })
    const w = world(shop.storage, users, [plans])
    const ann = w.as('ann')
    const pro = plans.ref('pro')
    const value = { price: 12.5, seats: 3, starts: '2026-01-05T09:00:00Z', tags: ['new'] }
    await ann.submit(pro, { value })
    expect((await ann.resources.get(pro))?.document).toEqual(value)
    await shop.touch()
    expect(await refusal(ann.submit(pro, { value }))).toBe('nothing_changed')
    const moment = { value: { ...value, price: '12.50' as never } }
    expect(await refusal(ann.preview(pro, moment))).toBe('nothing_changed')
    await w.policy()
    const request = pending(await ann.submit(pro, { merge: { seats: 4 } }))
    expect(request.changes[0]?.lines).toHaveLength(1)
    await shop.touch()
    expect((await w.as('ben').requests.approve(request.id, { digest: request.digest })).request.status).toBe('applied')
    expect((await ann.resources.history(pro)).map(({ author }) => author)).toEqual(['ann', 'ann'])
    await shop.reprice()
    expect((await ann.resources.get(pro))?.document).toEqual({ ...value, seats: 4, price: 7.5 })
    const [found, ...rest] = await ann.resources.history(pro)
    expect([found?.author, rest.length]).toEqual(['countersign', 2])
    const { places } = await ann.resources.compare(pro, 2, 3)
    expect(places.map(({ path }) => path)).toEqual(['/price'])
    expect((await ann.audit.verify()).problems).toEqual([])
  })
})

/** A row of an object mapper: its own fields, and what its class adds. */
class Entity {
  constructor(fields: object) {
    Object.assign(this, fields)
  }
  get label() {
    return 'never read'
  }
  save() {}
}

/** A number of an object mapper: Prisma's decimals look like this. */
const decimal = (value: number) => ({ d: [value], toJSON: () => String(value) })

const forms: Readonly<Record<string, (row: object) => unknown>> = {
  plain: (row) => row,
  'without a prototype': (row) => Object.assign(Object.create(null), row),
  'of a class': (row) => new Entity(row),
  'that says its own JSON': (row) => ({ dataValues: row, changed: () => false, toJSON: () => row }),
}

const document = fc.record(
  {
    price: fc.integer({ min: -999, max: 999 }),
    at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
    note: fc.string(),
    tags: fc.array(fc.string(), { maxLength: 3 }),
  },
  { requiredKeys: ['price', 'at', 'tags'] },
)

/** The ways in which a host may give the same document. */
const dress = fc.record({
  form: fc.constantFrom(...Object.keys(forms)),
  price: fc.constantFrom<(n: number) => unknown>((n) => n, String, BigInt, decimal),
  dated: fc.boolean(),
  nulls: fc.boolean(),
  isBackwards: fc.boolean(),
  extra: fc.dictionary(
    fc.string().filter((key) => !['price', 'at', 'note', 'tags', 'toJSON'].includes(key)),
    fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
      fc.constant(undefined),
    ),
    { maxKeys: 3 },
  ),
})

interface Doc {
  readonly price: number
  readonly at: string
  readonly note?: string | undefined
  readonly tags: readonly string[]
}

function dressed({ price, at, note, tags }: Doc, how: typeof dress extends fc.Arbitrary<infer D> ? D : never): unknown {
  const entries: [string, unknown][] = [
    ['price', how.price(price)],
    ['at', how.dated ? new Date(at) : at],
    ['tags', tags],
    ...(note !== undefined
      ? [['note', note] as [string, unknown]]
      : how.nulls
        ? [['note', null] as [string, unknown]]
        : []),
    ...Object.entries(how.extra),
  ]
  return forms[how.form]?.(Object.fromEntries(how.isBackwards ? entries.reverse() : entries))
}

describe.each(['rows', 'outside'] as const)('a document of the host (%s) in whatever form', (kind) => {
  const schema = z.object({
    price: z.coerce.number(),
    at: z.iso.datetime({ offset: true }),
    note: z.string().optional(),
    tags: z.array(z.string()),
  })

  it('[HO-04] is one document: only what differs in its schema is a revision, a line, or applied', async () => {
    await fc.assert(
      fc.asyncProperty(
        document,
        document,
        fc.array(dress, { minLength: 2, maxLength: 6 }),
        async (one, other, dresses) => {
          const made = { ...one, at: one.at.toISOString().replace(/\.000Z$/, 'Z') } as Doc
          let kept: Doc | undefined
          let calls = 0
          const read = () => {
            const how = dresses[calls++ % dresses.length]
            return kept && how ? dressed(kept, how) : null
          }
          const write = (_resource: unknown, next: Doc | undefined) => {
            kept = next
          }
          const plans = defineResource({
            type: 'plan',
            schema,
            ...(kind === 'rows' ? { read, write } : { external: { read, write } }),
          } as never)
          const w = world(memoryStorage(), users, [plans])
          const ann = w.as('ann')
          const pro = plans.ref('pro')
          expect((await ann.submit(pro, { value: made as never })).status).toBe('applied')
          for (let look = 0; look < dresses.length; look++) {
            expect((await ann.resources.get(pro))?.document).toEqual(made)
            expect(await refusal(ann.submit(pro, { value: made as never }))).toBe('nothing_changed')
          }
          await w.policy()
          const request = pending(await ann.submit(pro, { merge: { price: made.price + 1 } }))
          expect(request.changes[0]?.places.map(({ path }) => path)).toEqual(['/price'])
          const { request: after } = await w.as('ben').requests.approve(request.id, { digest: request.digest })
          expect(after.status).toBe('applied')
          expect(await ann.resources.history(pro)).toHaveLength(2)

          const found = { ...(kept as unknown as Doc), tags: [...made.tags, 'found'], price: other.price }
          kept = found
          expect((await ann.resources.get(pro))?.document).toEqual(found)
          await ann.resources.get(pro)
          const [last] = await ann.resources.history(pro)
          expect([last?.number, last?.author]).toEqual([3, 'countersign'])
          const { places } = await ann.resources.compare(pro, 2, 3)
          expect(places.every(({ path }) => path === '/tags' || path === '/price')).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('what a host gives', () => {
  const keep = (schema: z.ZodType, rows: readonly unknown[]) => {
    let at = 0
    const read = () => rows[Math.min(at, rows.length - 1)]
    const plans = defineResource({ type: 'plan', schema, read, write: () => {} })
    const w = world(memoryStorage(), users, [plans])
    return { ann: w.as('ann'), pro: plans.ref('pro'), next: () => void at++ }
  }

  it('[HO-04] is none where it is null or undefined', async () => {
    const { ann, pro, next } = keep(z.object({}), [null, undefined])
    expect(await ann.resources.get(pro)).toBe(undefined)
    next()
    expect(await ann.resources.get(pro)).toBe(undefined)
    expect(await ann.resources.history(pro)).toEqual([])
  })

  it('[HO-04] keeps NULL where the schema takes it, deep inside as well, and leaves it out where it takes none', async () => {
    const schema = z.object({ a: z.null(), inner: z.object({ b: z.string().optional(), c: z.string().nullable() }) })
    const { ann, pro } = keep(schema, [{ a: null, inner: { b: null, c: null } }])
    expect((await ann.resources.get(pro))?.document).toEqual({ a: null, inner: { c: null } })
  })

  it('[HO-04] is the same after a deployment whose schema reads both what is there and what is on record as one', async () => {
    const storage = memoryStorage()
    const row = { cents: 1 }
    const of = (schema: z.ZodType) => defineResource({ type: 'plan', schema, read: () => row, write: () => {} })
    const before = of(z.object({ cents: z.number() }))
    await world(storage, users, [before]).as('ann').resources.get(before.ref('pro'))
    const after = of(z.object({ cents: z.number(), currency: z.string().default('EUR') }))
    const ann = world(storage, users, [after]).as('ann')
    await ann.resources.get(after.ref('pro'))
    expect(await ann.resources.history(after.ref('pro'))).toHaveLength(1)
  })

  it('[HO-04] sets no prototype and runs away into no circle', async () => {
    const row = JSON.parse('{"cents":1,"__proto__":{"admin":true}}')
    row.self = row
    row.list = [row, row]
    const { ann, pro } = keep(z.object({ cents: z.number(), admin: z.boolean().optional() }), [row])
    expect((await ann.resources.get(pro))?.document).toEqual({ cents: 1 })
  })

  it('[HO-04] is another moment where it is another moment, in whatever form', async () => {
    const schema = z.object({ at: z.iso.datetime({ offset: true }) })
    const rows = ['2026-01-05T10:00:00+01:00', new Date('2026-01-05T09:00:00Z'), new Date('2026-01-05T09:00:01Z')]
    const { ann, pro, next } = keep(
      schema,
      rows.map((at) => ({ at })),
    )
    const seen = []
    for (const _row of rows) {
      seen.push((await ann.resources.get(pro))?.document)
      next()
    }
    expect(seen).toEqual([{ at: rows[0] }, { at: rows[0] }, { at: '2026-01-05T09:00:01.000Z' }])
    expect(await ann.resources.history(pro)).toHaveLength(2)
  })
})
