import { PGlite } from '@electric-sql/pglite'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { admit } from '../../src/core/change/admit.ts'
import { digest } from '../../src/core/json/digest.ts'
import type { JsonObject, JsonValue } from '../../src/core/json/json.ts'
import { isApprovalError } from '../../src/errors/approval-error.ts'
import { collections } from '../../src/ports/collections.ts'
import type { IndexQuery, Storage, Write } from '../../src/ports/storage.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { tableName } from '../../src/storage/sql/shared/names.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { runs } from '../runs.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from './servers.ts'

const tenant = fc.constantFrom('acme', 'Acme')
const id = fc.constantFrom('a', 'A', 'á', 'b ', 'b', '😀', '\uffff')
const version = fc.integer({ min: 0, max: 4 })
const seq = fc.integer({ min: -1, max: 2 })

const request: fc.Arbitrary<JsonObject> = fc.record(
  {
    tenant,
    id,
    status: fc.constantFrom('pending', 'applied', null),
    createdAt: fc.oneof(fc.constantFrom(1, 2, 2 ** 53 - 1), fc.constant(null)),
    dueAt: fc.constantFrom(5, 6),
    note: fc.string({ unit: 'binary' }),
  },
  { requiredKeys: ['tenant', 'id'] },
)
const event: fc.Arbitrary<JsonObject> = fc.record({
  tenant,
  stream: fc.constantFrom('s', 'r'),
  seq,
  prev: fc.constantFrom('', 'h', null),
})

const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ type: fc.constant('insert'), collection: fc.constant('requests'), value: request }),
  fc.record({ type: fc.constant('insert'), collection: fc.constant('events'), value: event }),
  fc.record({ type: fc.constant('replace'), collection: fc.constant('requests'), value: request, expected: version }),
  fc.record({ type: fc.constant('replace'), collection: fc.constant('events'), value: event, expected: version }),
  fc.record({
    type: fc.constant('remove'),
    collection: fc.constant('requests'),
    key: fc.tuple(tenant, id),
    expected: version,
  }),
  fc.record({
    type: fc.constant('check'),
    collection: fc.constant('requests'),
    key: fc.tuple(tenant, id),
    expected: fc.oneof(version, fc.constant<'absent'>('absent')),
  }),
)

/** Few events, few versions and few places: what one write of a commit leaves, another one wants. */
const moving = fc.record({
  tenant: fc.constant('acme'),
  stream: fc.constant('s'),
  seq: fc.integer({ min: 0, max: 2 }),
  prev: fc.constantFrom('', 'h', null),
})
const moves: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    commit: fc.uniqueArray(
      fc.oneof(
        fc.record({ type: fc.constant('insert'), collection: fc.constant('events'), value: moving }),
        fc.record({
          type: fc.constant('replace'),
          collection: fc.constant('events'),
          value: moving,
          expected: fc.constantFrom(1, 1, 2),
        }),
        moving.map(
          ({ tenant, stream, seq }): Write => ({
            type: 'remove',
            collection: 'events',
            key: [tenant, stream, seq],
            expected: 1,
          }),
        ),
        fc.constantFrom<Write>(
          { type: 'replace', collection: 'requests', value: { tenant: 'acme', id: 'a' }, expected: 1 },
          { type: 'insert', collection: 'requests', value: { tenant: 'acme', id: 'a' } },
          { type: 'check', collection: 'events', key: ['acme', 's', 0], expected: 'absent' },
        ),
      ) as fc.Arbitrary<Write>,
      { maxLength: 4, selector: (write) => ('key' in write ? write.key.at(-1) : (write.value['seq'] ?? 'request')) },
    ),
  }),
  { minLength: 2, maxLength: 12 },
)

const limit = fc.integer({ min: 1, max: 4 })
const order = fc.constantFrom('ascending', 'descending')
const query: fc.Arbitrary<IndexQuery> = fc.oneof(
  fc.record({
    collection: fc.constant('requests'),
    index: fc.constant('key'),
    where: fc.oneof(fc.tuple(), fc.tuple(tenant)),
    order,
    limit,
  }),
  fc.record({
    collection: fc.constant('requests'),
    index: fc.constant('byStatus'),
    where: fc.tuple(tenant, fc.constantFrom('pending', 'applied')),
    range: fc.record({ from: fc.constantFrom(1, 2), to: fc.constantFrom(1, 2, 3) }, { requiredKeys: [] }),
    order,
    limit,
  }),
  fc.record({
    collection: fc.constant('events'),
    index: fc.constantFrom('byPrev', 'key'),
    where: fc.tuple(tenant),
    order,
    limit,
  }),
)

type Step = { readonly commit: readonly Write[] } | { readonly list: IndexQuery }
const log: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ commit: fc.array(write, { maxLength: 4 }) }) },
    { weight: 1, arbitrary: fc.record({ list: query }) },
  ),
  { minLength: 5, maxLength: 40 },
)

const [postgres, mysql] = [await postgresDatabase(), await mysqlDatabase()]
const lite = await PGlite.create()
afterAll(async () => {
  await Promise.all([postgres?.drop(), mysql?.drop(), lite.close()])
})
if (!postgres) it.skip(`PostgreSQL answers like memory (${leftOut('PostgreSQL')})`)
if (!mysql) it.skip(`MySQL answers like memory (${leftOut('MySQL')})`)

type Fresh = () => Storage | Promise<Storage>
const cleared =
  (clear: () => Promise<unknown>, open: () => Storage): Fresh =>
  async () => {
    await open().get([{ collection: 'requests', key: ['acme', 'a'] }])
    await clear()
    return open()
  }
const tables = Object.keys(collections).map((name) => tableName(name))
const storages: readonly (readonly [string, number, Fresh])[] = [
  ['SQLite', 200, () => sqliteStorage(':memory:')],
  [
    'PGlite',
    100,
    cleared(
      () => lite.exec(tables.map((table) => `delete from ${table};`).join('')),
      () => postgresStorage(lite),
    ),
  ],
  ...(postgres ? [['PostgreSQL', 100, cleared(postgres.clear, () => postgresStorage(postgres.pool))] as const] : []),
  ...(mysql ? [['MySQL', 100, cleared(mysql.clear, () => mysqlStorage(mysql.pool))] as const] : []),
]

describe.each(storages)('%s', (_, usual, fresh) => {
  it('[P8] answers like memory to every log of commits and queries, refusals included', {
    timeout: 3_600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(log, async (steps) => {
        const storage = await fresh()
        expect(await answers(storage, steps)).toEqual(await answers(memoryStorage(), steps))
        await storage.close()
      }),
      { numRuns: runs(usual) },
    )
  })

  it('[P8] moves events in the order of a commit, as memory does', { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (steps) => {
        const storage = await fresh()
        expect(await answers(storage, steps)).toEqual(await answers(memoryStorage(), steps))
        await storage.close()
      }),
      { numRuns: runs(usual * 2) },
    )
  })

  it('[K5] gives back documents that hash to what they hashed to', { timeout: 3_600_000 }, async () => {
    const storage = await fresh()
    let id = 0
    await fc.assert(
      fc.asyncProperty(
        fc.json({ stringUnit: 'binary', maxDepth: 5 }),
        fc.date({ noInvalidDate: true }),
        async (text, date) => {
          const document: JsonValue = { text: JSON.parse(text), date: date.toISOString(), at: date.getTime() }
          fc.pre(admit(document).ok)
          const key = ['acme', 'flag', String(++id)] as const
          const value = { tenant: key[0], type: key[1], id: key[2], document }
          await storage.commit([{ type: 'insert', collection: 'resources', value }])
          const [read] = await storage.get([{ collection: 'resources', key }])
          expect(digest('document', read?.value['document'] ?? null)).toBe(digest('document', document))
        },
      ),
      { numRuns: runs(usual) },
    )
    await storage.close()
  })
})

async function answers(storage: Storage, steps: readonly Step[]): Promise<readonly unknown[]> {
  const given: unknown[] = []
  for (const step of steps) {
    try {
      given.push('list' in step ? await pages(storage, step.list) : await storage.commit(step.commit))
    } catch (thrown) {
      if (!isApprovalError(thrown)) throw thrown
      given.push({ code: thrown.code, details: thrown.details })
    }
  }
  return given
}

async function pages(storage: Storage, query: IndexQuery): Promise<readonly unknown[]> {
  const page = await storage.list(query)
  return page.next ? [page, ...(await pages(storage, { ...query, after: page.next }))] : [page]
}
