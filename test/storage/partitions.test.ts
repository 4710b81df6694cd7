import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { collectionNames, collections, type Index } from '../../src/ports/collections.ts'
import type { Storage } from '../../src/ports/storage.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import {
  type PostgresPool,
  type PostgresPoolClient,
  postgresSchema,
  postgresStorage,
} from '../../src/storage/postgres.ts'
import { tableName } from '../../src/storage/sql/shared/names.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'
import { root } from '../built-package.ts'
import { desk, everything, office } from '../chaos/desk.ts'
import { program } from '../chaos/processes.ts'
import { races } from '../chaos/race.ts'
import { raced } from '../chaos/racing.ts'
import { scenes } from '../chaos/scenes.ts'
import { deep } from '../runs.ts'
import { day, flags, pending, rollout, world } from '../world.ts'
import { leftOut, postgresDatabase } from './servers.ts'
import { story } from './story.ts'

const tables = collectionNames.map((name) => tableName(name)).toSorted()

describe('partitions by tenant', () => {
  it('can be all but one of the tables: each but the list of migrations has the tenant first in its key', () => {
    const script = postgresSchema({ partitions: 2 })
    const divided = [
      ...script.matchAll(/create table if not exists "(\w+)" .*\("tenant".*\) partition by hash \(tenant\);/g),
    ]
    expect(divided.map(([, name]) => name).toSorted()).toEqual(tables)
    const whole = [...script.matchAll(/^create table .*$/gm)].filter(([line]) => !line.includes('partition'))
    expect(whole.map(([line]) => line)).toEqual([
      'create table if not exists countersign_migrations (version bigint primary key);',
    ])
  })

  it('leave every unique index with the tenant, without which a partitioned table could not have it', () => {
    for (const { key, indexes } of Object.values(collections)) {
      expect(key[0].name).toBe('tenant')
      for (const { columns, unique } of Object.values<Index>(indexes))
        if (unique) expect(columns.map(({ name }) => name)).toContain('tenant')
    }
  })

  const bad: readonly unknown[] = [0, 1.5, 'x', '16', 100_000, 257, -1, Number.NaN, null, true]
  it.each(bad)('are refused if there are to be %j of them', (partitions) => {
    const options = { partitions } as never
    expect(() => postgresSchema(options)).toThrow(TypeError)
    expect(() => postgresSchema(options)).toThrow('postgresSchema: partitions must be a whole number from 1 to 256')
    expect(() => postgresStorage('postgres://nowhere.invalid/a', options)).toThrow(
      'postgresStorage: partitions must be a whole number from 1 to 256',
    )
  })

  it('are of PostgreSQL alone', () => {
    const options = { partitions: 4 } as never
    expect(() => sqliteStorage(':memory:', options)).toThrow('there is no option partitions')
    expect(() => mysqlStorage('mysql://nowhere.invalid/a', options)).toThrow('there is no option partitions')
  })

  it('change nothing of what is printed for whole tables', () => {
    expect(postgresSchema({ partitions: undefined })).toBe(postgresSchema())
    expect(postgresSchema()).not.toContain('partition')
  })
})

const open = async () => {
  const database = await postgresDatabase('-c synchronous_commit=off')
  if (database) closing.push(database.drop)
  return database
}
const closing: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closing) await close()
}, 120_000)
const database = await open()

if (!database) it.skip(`partitions by tenant on a server (${leftOut('PostgreSQL')})`)
else {
  const { pool, clear } = database
  const parts = 3
  const sent = new Map<string, readonly unknown[]>()
  const storage = postgresStorage(noting(pool, sent), { partitions: parts })
  await storage.migrate()
  sent.clear()
  const fresh = async () => {
    await clear()
    return storage
  }

  describe('[G10, I8, L3, L5] postgresStorage on partitioned tables keeps every promise of the port', () => {
    for (const { name, run } of storageConformance(fresh)) it(name, run)
  })

  describe('statements over partitioned tables', () => {
    it('that name a tenant look into the partition of that tenant alone, and into nothing from end to end', async () => {
      const byKit = new Map(sent)
      sent.clear()
      for (const { prepare, act } of scenes) {
        await clear()
        const shared = office()
        const asked = await prepare(desk(storage, shared), shared)
        await act(desk(storage, shared, 'next'), asked, { idempotencyKey: 'once' })
      }
      await clear()
      await overview(storage)
      const statements = [...byKit, ...sent].filter(([text]) =>
        /^(with|select|insert|update|delete) .*countersign_/.test(text),
      )
      const acrossTenants = new Set<string>()
      const client = await pool.connect()
      await client.query('begin; set local enable_seqscan = off')
      for (const [text, values] of statements) {
        const named = tenantsIn(text, values)
        const own = new Set(await Promise.all([...named].map((tenant) => placeOf(client, tenant, parts))))
        for (const scans of [await custom(client, text, values), await generic(client, text, values)]) {
          expect(
            scans.filter(({ type }) => type === 'Seq Scan'),
            text,
          ).toEqual([])
          const looked = new Set(scans.map(({ table }) => /_(p\d+)$/.exec(table)?.[1] ?? table))
          if (named.size > 0) expect([...own], text).toEqual(expect.arrayContaining([...looked]))
          else if (looked.size > 0) expect([...looked].toSorted(), text).toEqual(['p0', 'p1', 'p2'])
          if (named.size === 0 && looked.size > 0 && sent.has(text)) acrossTenants.add(orderOf(text))
        }
      }
      await client.query('rollback')
      client.release()
      expect(sent.size).toBeGreaterThan(150)
      expect([...sent.keys()].some((text) => text.includes('json_to_recordset'))).toBe(true)
      expect([...acrossTenants].toSorted()).toEqual([
        'countersign_idempotency_keys by due_at',
        'countersign_outbox by due_at',
        'countersign_requests by due_at',
        'countersign_resources by state_due_at',
        'countersign_returns by due_at',
        'countersign_seals by tenant',
        'countersign_streams by due_at',
        'countersign_unsealed by due_at',
      ])
    })
  })

  it('[A4, G1, G2, G3] reviewers, editors and appliers of several processes are told what happened on partitioned tables', async () => {
    await clear()
    const racer = await program('racer')
    const seed = Date.now()
    const sample = fc.sample(races, { numRuns: deep ? 2_000 : 5, seed })
    const tally = await raced(racer, database.address, sample).finally(racer.remove)
    expect(tally, `seed ${seed}, ${tally.example}`).toMatchObject({ illegal: 0, appliedTwice: 0, broken: 0 })
    expect(tally.operations).toBeGreaterThan(20)
  })

  describe('tables that are there', () => {
    const mark = { type: 'check', collection: 'locks', key: ['acme', 'flag', 'none'], expected: 'absent' } as const

    it('and whole are not divided: the refusal names the way, and the way leads there', async () => {
      const old = await open()
      if (!old) throw new TypeError('PostgreSQL answered before, and does not any more.')
      const { pool, schema } = old
      const other = `${schema}_other`
      closing.unshift(() => pool.query(`drop schema if exists ${other} cascade`))
      const whole = postgresStorage(pool)
      await story(whole)
      await whole.commit([mark])
      const before = await everything(whole)
      const problem = expect.stringMatching(
        /^the table countersign_accesses is whole, .* has 2 partitions by hash of the tenant\. .* what postgresSchema\(\{ schema: 'other', partitions: 2 \}\) prints, and copy the rows/,
      )
      const asked = postgresStorage(pool, { partitions: 2 })
      for (const call of [() => asked.migrate(), () => story(asked)])
        await expect(call()).rejects.toMatchObject({
          code: 'storage_failed',
          details: { operation: 'migrate', problem },
        })
      expect(await everything(postgresStorage(pool))).toEqual(before)

      await pool.query(postgresSchema({ schema: other, partitions: 2 }))
      expect(copying).toContain('insert into approvals.%I select * from public.%I')
      await pool.query(copying.replaceAll('approvals', other).replaceAll('public', schema))
      const divided = postgresStorage(pool, { schema: other, partitions: 2 })
      expect(await everything(divided)).toEqual(before)
      expect((await world(divided).as('ann').audit.verify()).problems).toEqual([])
      await divided.commit([mark])
    })

    it('and divided are used as they are and made once, and are not divided into another number', async () => {
      await clear()
      const before = await catalogue(pool)
      expect(before.filter((one) => (one as { by: unknown }).by === 'HASH (tenant)')).toHaveLength(tables.length)
      await Promise.all([postgresStorage(pool, { partitions: parts }).migrate(), postgresStorage(pool).migrate()])
      await story(postgresStorage(pool))
      await expect(postgresStorage(pool, { partitions: 8 }).migrate()).rejects.toMatchObject({
        code: 'storage_failed',
        details: {
          operation: 'migrate',
          problem: expect.stringMatching(
            /has 3 partitions by hash of the tenant, .* has 8 partitions .*as in postgresSchema\(\{ partitions: 3 \}\)/,
          ),
        },
      })
      expect(await catalogue(pool)).toEqual(before)
    })

    it('and divided by something else are refused, and not taken for whole', async () => {
      const prefix = 'else_'
      await pool.query(`create table else_countersign_locks (tenant text, id text) partition by list (id)`)
      for (const options of [{ prefix }, { prefix, partitions: 2 }])
        await expect(postgresStorage(pool, options).migrate()).rejects.toMatchObject({
          details: { problem: expect.stringContaining('else_countersign_locks is partitioned by LIST (id), and') },
        })
    })

    it('and divided are taken through Kysely, too', async () => {
      await clear()
      const kysely = new Kysely<object>({ dialect: new PostgresDialect({ pool: database.openPool() }) })
      const through = postgresStorage(kysely, { partitions: parts })
      await through.migrate()
      await story(through)
      await expect(postgresStorage(kysely, { partitions: 2 }).migrate()).rejects.toMatchObject({
        code: 'storage_failed',
      })
      await kysely.destroy()
    })

    it('and not complete are completed, by several at once, and by nobody who divides them otherwise', async () => {
      await clear()
      const before = await catalogue(pool)
      await story(storage)
      const times = 'select updated_at from countersign_resources where updated_at is not null'
      const updated = (await pool.query(times)).rows
      expect(updated).not.toEqual([])
      await pool.query(`drop table countersign_contents, countersign_comments, countersign_outbox_p1;
        drop index countersign_requests_by_due; alter table countersign_resources drop column updated_at;
        delete from countersign_migrations`)
      await expect(postgresStorage(pool, { partitions: parts }).migrate()).rejects.toMatchObject({
        details: { problem: expect.stringContaining('countersign_outbox has 2 partitions') },
      })
      await pool.query('drop table countersign_outbox')
      await expect(postgresStorage(pool).migrate()).rejects.toMatchObject({
        details: { problem: expect.stringMatching(/has 3 partitions .* asked for one that is whole/) },
      })
      await Promise.all([1, 2, 3].map(() => postgresStorage(pool, { partitions: parts }).migrate()))
      expect(await catalogue(pool)).toEqual(before)
      expect((await pool.query(times)).rows).toEqual(updated)
      await clear()
      await story(postgresStorage(pool, { partitions: parts }))
    })
  })
}

/** How rows are copied, as the guide shows it. */
const copying = /^```sql\n(do .*?)^```$/ms.exec(readFileSync(join(root, 'docs/guides/storage.md'), 'utf8'))?.[1] ?? ''

/** What no scene asks: every list and count, and what goes over the whole log. */
async function overview(storage: Storage): Promise<void> {
  const w = world(storage, undefined, undefined, { retention: { documents: '52w' } })
  await w.flag('checkout')
  const many = Array.from({ length: 30 }, (_, at) => flags.ref(`flag-${at}`, { project: 'web' }))
  await w.as('ann').submitAll(many.map((ref, at) => ({ ref, change: { value: { enabled: true, rollout: at } } })))
  await w.policy()
  const { id, digest } = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(80)))
  await w.as('ann').submitAll(many.map((ref) => ({ ref, change: rollout(90) })))
  const reader = w.as('ben')
  const ways = [{}, { type: 'feature_flag' }, { resource: { type: 'feature_flag', id: 'checkout' } }]
  const more = [{}, { project: 'web' }, { requester: 'ann' }, { status: 'pending' as const }]
  for (const filter of ways.flatMap((way) => more.map((also) => ({ ...way, ...also })))) {
    await reader.requests.count(filter)
    const { next } = await reader.requests.list({ ...filter, limit: 1 })
    if (next !== undefined) await reader.requests.list({ ...filter, limit: 1, after: next })
    await reader.requests.list({ ...filter, by: 'updated' })
  }
  for (const filter of [{}, { type: 'feature_flag' }, { project: 'web' }, { type: 'feature_flag', project: 'web' }]) {
    await reader.resources.count(filter)
    await reader.resources.list(filter)
  }
  await reader.requests.inbox()
  await reader.requests.count({ inbox: true })
  await reader.requests.timeline(id)
  await reader.requests.approve(id, { digest })
  await reader.resources.history(flags.ref('checkout'))
  await reader.delegations.list()
  await w.notices()
  w.pass(3 * day)
  await w.approvals.tick()
  expect((await reader.audit.verify()).problems).toEqual([])
  for await (const line of reader.audit.export()) expect(line).toBeDefined()
}

/** What the database says of the divided tables and of their indexes. */
async function catalogue(pool: pg.Pool): Promise<readonly unknown[]> {
  const { rows } = await pool.query(`select relname, pg_get_partkeydef(oid) as by, pg_get_indexdef(oid) as index,
    (select count(*)::int from pg_inherits where inhparent = pg_class.oid) as parts
    from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('p', 'I') order by relname`)
  return rows
}

/** Notes every statement that is sent with the values that it was last sent with. */
function noting(pool: pg.Pool, sent: Map<string, readonly unknown[]>): PostgresPool {
  const note =
    <Q, R>(send: (query: Q) => R) =>
    (query: Q): R => {
      const { text, values = [] } =
        typeof query === 'string' ? { text: query } : (query as { text: string; values?: unknown[] })
      sent.set(text, values)
      return send(query)
    }
  return {
    query: note((query) => pool.query(query)),
    end: () => pool.end(),
    async connect(): Promise<PostgresPoolClient> {
      const client = await pool.connect()
      return {
        query: note((query) => client.query(query as string)),
        release: (broken) => client.release(broken),
        on: (event, listener) => client.on(event, listener),
        off: (event, listener) => client.off(event, listener),
      }
    },
  }
}

/** The tenants that a statement names, as it was sent. */
function tenantsIn(text: string, values: readonly unknown[]): ReadonlySet<unknown> {
  const compared = [...text.matchAll(/"tenant" = \$(\d+)/g)].map(([, place]) => values[Number(place) - 1])
  const lists = [...text.matchAll(/json_to_recordset\(\$(\d+)::json\)/g)].map(([, place]) => values[Number(place) - 1])
  const listed = lists.flatMap((list) => (JSON.parse(String(list)) as { tenant: string }[]).map(({ tenant }) => tenant))
  return new Set([...compared, ...listed])
}

/** Which partition the records of a tenant are in. */
async function placeOf(client: pg.PoolClient, tenant: unknown, parts: number): Promise<string> {
  const text = `select at from generate_series(0, $1::int - 1) as at
    where satisfies_hash_partition('countersign_requests'::regclass, $1::int, at, $2::text)`
  return `p${(await client.query(text, [parts, tenant])).rows[0]?.at}`
}

/** A table or partition that a plan looks into, and how. */
interface Scan {
  readonly type: string
  readonly table: string
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Loops'?: number
  readonly Plans?: readonly PlanNode[]
}

function scansIn(node: PlanNode): readonly Scan[] {
  const { 'Node Type': type, 'Relation Name': table, 'Actual Loops': loops } = node
  const own = table !== undefined && type !== 'ModifyTable' && loops !== 0 ? [{ type, table }] : []
  return [...own, ...(node.Plans ?? []).flatMap(scansIn)]
}

/** What the server looks into for a statement with these values. What it decides while it runs shows if it does. */
async function custom(client: pg.PoolClient, text: string, values: readonly unknown[]): Promise<readonly Scan[]> {
  const analyze = text.includes('json_to_recordset') ? 'analyze, ' : ''
  const { rows } = await client.query(`explain (${analyze}format json) ${text}`, [...values])
  return scansIn(rows[0]['QUERY PLAN'][0].Plan)
}

/** The same by a plan that the server keeps for all values, as it may do with a prepared statement. */
async function generic(client: pg.PoolClient, text: string, values: readonly unknown[]): Promise<readonly Scan[]> {
  const literals = values.map((value) => (typeof value === 'string' ? client.escapeLiteral(value) : String(value)))
  const analyze = text.includes('json_to_recordset') ? 'analyze, ' : ''
  const given = literals.length > 0 ? `(${literals.join(', ')})` : ''
  await client.query(`set local plan_cache_mode = force_generic_plan; prepare tried as ${text}`)
  const { rows } = await client.query(`explain (${analyze}format json) execute tried ${given}`)
  await client.query('deallocate tried; set local plan_cache_mode = auto')
  return scansIn(rows[0]['QUERY PLAN'][0].Plan)
}

/** Names a page that crosses tenants: its table, and the column that it is ordered by. */
function orderOf(text: string): string {
  return /from "(countersign_\w+)".*? order by "(\w+)"/.exec(text)?.slice(1).join(' by ') ?? text
}
