import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json/json.ts'
import { isApprovalError } from '../../src/index.ts'
import { type CollectionName, collectionNames } from '../../src/ports/collections.ts'
import type { Page, Position } from '../../src/ports/storage.ts'
import { tableName } from '../../src/storage/sql/shared/names.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { runs } from '../runs.ts'
import { day, flags, pending, rollout, storages, world } from '../world.ts'
import { calls, eventfulWorld, reopened } from './eventful-world.ts'

/** Something in the place of a part of a record. */
const instead: fc.Arbitrary<JsonValue | undefined> = fc.constantFrom<JsonValue | undefined>(
  undefined,
  null,
  5,
  'x',
  true,
  [],
  [null],
  {},
  -1,
)

/** Puts something in the place of one part of a value, at a random depth. */
function broken(value: JsonValue, path: readonly number[], put: JsonValue | undefined): JsonValue | undefined {
  const [step, ...rest] = path
  if (step === undefined || typeof value !== 'object' || value === null) return put
  const keys = Object.keys(value)
  const key = keys[step % Math.max(keys.length, 1)]
  if (key === undefined) return put
  const parts = value as Readonly<Record<string, JsonValue>>
  const part = broken(parts[key] ?? null, rest, put)
  if (Array.isArray(value))
    return part === undefined
      ? value.filter((_, at) => String(at) !== key)
      : value.map((one, at) => (String(at) === key ? part : one))
  const { [key]: _, ...others } = parts
  return part === undefined ? others : { ...parts, [key]: part }
}

const file = new Database(':memory:')
const seeded = await eventfulWorld(sqliteStorage(file))
const image = file.serialize()

/** The columns of a table that a query can ask for. */
const columnsOf = (collection: CollectionName) =>
  (file.pragma(`table_info(${tableName(collection)})`) as { name: string }[])
    .map(({ name }) => name)
    .filter((name) => !['version', 'value'].includes(name))

/** What a case does to the database: a part of a record, its text, or a column. */
const damage = fc.record({
  collection: fc.constantFrom(...collectionNames),
  row: fc.nat(50),
  how: fc.oneof(
    fc.record({ path: fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }), put: instead }),
    fc.record({ text: fc.constantFrom('', 'null', '[]', '{', '"text"', '{}', '\u0000', '{"tenant":"acme"}', 'cut') }),
    fc.record({ column: fc.nat(5), put: fc.constantFrom('x', '', 7_777, null) }),
  ),
})

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

/** Damages one row; tells what it was. Undefined where nothing of it is another now. */
function damaged(database: Database.Database, { collection, row, how }: Damage) {
  const table = tableName(collection)
  const rows = database.prepare(`select rowid as at, value from ${table} order by rowid`).all() as {
    at: number
    value: string
  }[]
  const chosen = rows[row % rows.length] as { at: number; value: string }
  const put = (column: string, value: unknown) => {
    try {
      return database
        .prepare(`update ${table} set "${column}" = ? where rowid = ? and "${column}" is not ?`)
        .run(value, chosen.at, value).changes
    } catch (error) {
      // The table itself takes no such value there.
      if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT')) return 0
      throw error
    }
  }
  if ('path' in how) {
    const value = broken(JSON.parse(chosen.value), how.path, how.put)
    if (JSON.stringify(value) === chosen.value || value === undefined) return undefined
    return put('value', JSON.stringify(value)) ? { collection, value, isNamed: false } : undefined
  }
  if ('text' in how)
    return put('value', how.text === 'cut' ? chosen.value.slice(0, -5) : how.text)
      ? { collection, text: how.text, isNamed: true }
      : undefined
  const columns = columnsOf(collection)
  const column = columns[how.column % columns.length] as string
  return put(column, how.put) ? { collection, column, put: how.put, isNamed: column !== 'tenant' } : undefined
}

/** What is stored of a tenant, with something in it that is not what it should be. */
const mistakes: readonly (readonly [CollectionName, (value: JsonObject) => JsonObject])[] = [
  ['requests', (value) => ({ ...value, rules: null })],
  ['contents', (value) => ({ ...value, changes: [null] })],
  ['resources', (value) => ({ ...value, head: 5 })],
  ['revisions', ({ document: _, ...value }) => value],
  ['events', (value) => ({ ...value, event: { type: 5 } })],
  ['policies', (value) => ({ ...value, policy: { id: 'p' } })],
  ['policySets', (value) => ({ ...value, workflow: 'off' })],
  ['outbox', (value) => ({ ...value, pending: 'kept' })],
  ['unsealed', (value) => ({ ...value, hash: null })],
  ['targets', (value) => ({ ...value, status: 'nothing' })],
]

describe.each(storages)('what cannot be read, on $name', ({ open }) => {
  it.each(mistakes)(
    '[HO-09] is named if it is among the %s, and keeps no other tenant from what is due',
    async (collection, mistake) => {
      const storage = open()
      const w = world(storage)
      const ends = async (tenant: string) => {
        const as = (user: string) => w.approvals.as({ tenant, user })
        await as('ann').submit(flags.ref('a'), { value: { enabled: true, rollout: 1 } })
        await as('ann').policies.save({
          id: 'p',
          match: {},
          require: { quorum: 1, from: { roles: ['lead'] } },
          rules: { expiresAfter: '1h' },
        })
        return pending(await as('ann').submit(flags.ref('a'), rollout(2))).id
      }
      await ends('acme')
      const other = await ends('zeta')
      const query = { collection, index: 'key', where: ['acme'], order: 'descending', limit: 1 } as const
      const { records } = await storage.list(query)
      const [record] = records
      if (!record) throw new TypeError(`nothing is stored in ${collection}`)
      await storage.commit([{ type: 'replace', collection, value: mistake(record.value), expected: record.version }])

      w.pass(day)
      const { failed } = await w.approvals.tick()
      // Records of `targets` move together: one that was replaced by hand has a version that nobody expects.
      const code = collection === 'targets' ? 'contention' : 'unreadable_record'
      for (const failure of failed) expect(failure).toMatchObject({ tenant: 'acme', error: { code } })
      const [zeta, acme] = ['zeta', 'acme'].map((tenant) => w.approvals.as({ tenant, user: 'cat' }))
      expect((await zeta?.requests.get(other))?.status).toBe('expired')
      const events = await storage.list({ ...query, collection: 'requests', where: ['zeta'] })
      expect(events.records[0]?.value['status']).toBe('expired')
      expect(await zeta?.audit.verify()).toMatchObject({ ok: true, problems: [] })
      const name = expect.stringContaining(`of ${collection} cannot be read`)
      expect((await acme?.audit.verify())?.problems).toContainEqual(expect.objectContaining({ problem: name }))
      await storage.close()
    },
  )
})

describe('what cannot be read', () => {
  it('[HO-09] ends no page: those behind it are read', async () => {
    const database = new Database(':memory:')
    const storage = sqliteStorage(database)
    const ids = ['a', 'b', 'c', 'd', 'e']
    const value = (id: string) => ({ tenant: 'acme', id, status: 'pending', project: '', createdAt: 1 })
    await storage.commit(ids.map((id) => ({ type: 'insert', collection: 'requests', value: value(id) })))
    database.prepare(`update ${tableName('requests')} set value = '{' where id = 'b'`).run()
    const query = { collection: 'requests', where: ['acme'], order: 'ascending', limit: 2 } as const
    for (const index of ['key', 'byStatus'] as const) {
      const read: unknown[] = []
      const named: unknown[] = []
      for (let after: Position | undefined, first = true; first || after; first = false) {
        const page: Page = await storage.list({ ...query, index, ...(after ? { after } : {}) })
        read.push(...page.records.map((record) => record.value['id']))
        named.push(...(page.unreadable ?? []).map(({ key }) => key))
        after = page.next
      }
      expect([read, named]).toEqual([['a', 'c', 'd', 'e'], [['acme', 'b']]])
    }
  })

  it.each(collectionNames)(
    '[HO-09] is named if a column of %s says something else than its record',
    async (collection) => {
      for (const [at, column] of columnsOf(collection).entries()) {
        const database = new Database(image)
        const told = ['x', 7_777].map((put) => damaged(database, { collection, row: 0, how: { column: at, put } }))
        expect(told, column).not.toEqual([undefined, undefined])
        const { problems } = await reopened(sqliteStorage(database), seeded).approvals.reader('acme').audit.verify()
        const name = expect.stringContaining(`of ${collection} cannot be read`)
        if (column !== 'tenant') expect(problems, column).toContainEqual(expect.objectContaining({ problem: name }))
        database.close()
      }
    },
  )

  it.each(collectionNames)('[HO-09] keeps nobody else, whatever a record of %s lacks', async (collection) => {
    const { value } = file.prepare(`select value from ${tableName(collection)} order by rowid`).get() as {
      value: string
    }
    for (const [at, name] of Object.keys(JSON.parse(value)).entries()) {
      const database = new Database(image)
      damaged(database, { collection, row: 0, how: { path: [at], put: undefined } })
      const { approvals, pass } = reopened(sqliteStorage(database), seeded)
      const { problems } = await approvals.reader('acme').audit.verify()
      for (const { problem } of problems) expect(problem, name).not.toMatch(raw)
      pass(3 * day)
      const { failed } = await approvals.tick()
      expect(
        failed.map(({ error }) => error).filter((error) => !isApprovalError(error)),
        name,
      ).toEqual([])
      database.close()
    }
  })

  it('[HO-09] leaves no public function as the error of a parser or of JavaScript, whatever is damaged, and keeps nobody else', {
    timeout: 3_600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(damage, async (what) => {
        const database = new Database(image)
        const told = damaged(database, what)
        fc.pre(told !== undefined)
        const storage = sqliteStorage(database)
        const w = reopened(storage, seeded)
        const report = await w.approvals.reader('acme').audit.verify()
        for (const { problem } of report.problems) expect(problem, JSON.stringify(told)).not.toMatch(raw)
        if (told.isNamed) {
          const name = expect.stringContaining(`of ${told.collection} cannot be read`)
          expect(report.problems, JSON.stringify(told)).toContainEqual(expect.objectContaining({ problem: name }))
        }
        for (const [name, call] of Object.entries(calls({ ...seeded, as: w.as }))) {
          const thrown = await call().then(
            () => undefined,
            (error) => error,
          )
          if (thrown !== undefined && !isApprovalError(thrown))
            throw new TypeError(`${name} after ${JSON.stringify(told)}`, { cause: thrown })
        }
        w.pass(3 * day)
        const { failed } = await w.approvals.tick()
        for (const { error } of failed)
          if (!isApprovalError(error)) throw new TypeError(`tick after ${JSON.stringify(told)}`, { cause: error })
        database.close()
      }),
      { numRuns: runs(20) },
    )
  })
})

const raw = /Cannot read|undefined|is not a function|not iterable|Unexpected|JSON at position/
