import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/index.ts'
import { type CollectionName, collectionNames } from '../../src/ports/collections.ts'
import { columnName, tableName } from '../../src/storage/sql/shared/names.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { eventfulWorld, reopened } from '../needs/eventful-world.ts'
import { some } from '../runs.ts'
import { day } from '../world.ts'

const file = new Database(':memory:')
const seeded = await eventfulWorld(sqliteStorage(file))
const image = file.serialize()

/** Every way to alter one leaf of a record, or to leave something out of it. */
function* altered(value: JsonValue, path = ''): Generator<readonly [path: string, JsonValue]> {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      for (const [told, next] of altered(item, `${path}/*`)) yield [told, value.with(at, next)]
    }
    if (value.length > 0) yield [`${path} without one`, value.slice(1)]
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      for (const [told, next] of altered(member, `${path}/${name}`)) yield [told, { ...value, [name]: next }]
      const { [name]: _, ...others } = value as JsonObject
      yield [`${path} without ${name}`, others]
    }
  } else if (typeof value === 'number') yield [path, value + 1]
  else if (typeof value === 'boolean') yield [path, !value]
  else if (typeof value === 'string') yield [path, `${value.slice(0, -1)}${value.at(-1) === '0' ? '1' : '0'}`]
}

interface Alteration {
  readonly told: string
  readonly table: string
  readonly row: number
  readonly value: string
  /** The column that is altered with it, where one holds the same. */
  readonly column?: readonly [name: string, value: JsonValue | undefined]
}

/** Each way to alter the records of a collection, once: in the last of them that it fits. */
function alterations(collection: CollectionName): readonly Alteration[] {
  const table = tableName(collection)
  const columns = (file.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name)
  const rows = file.prepare(`select rowid as at, value from ${table}`).all() as { at: number; value: string }[]
  const found = new Map<string, Alteration>()
  for (const { at: row, value } of rows) {
    for (const [path, next] of altered(JSON.parse(value))) {
      const told = `${collection}${path}`
      const one = { told, table, row, value: JSON.stringify(next) }
      found.set(told, one)
      const [, name = ''] = path.split('/')
      if (!columns.includes(columnName(name))) continue
      const both = {
        ...one,
        told: `${told} in both places`,
        column: [columnName(name), (next as JsonObject)[name]] as const,
      }
      found.set(both.told, both)
    }
  }
  return [...found.values()]
}

/** Verifies a copy with one alteration; undefined where the database does not take it. */
async function verified({ table, row, value, column }: Alteration) {
  const database = new Database(image)
  try {
    database.prepare(`update ${table} set value = ? where rowid = ?`).run(value, row)
    if (column) database.prepare(`update ${table} set "${column[0]}" = ? where rowid = ?`).run(column[1] ?? null, row)
    return await reopened(sqliteStorage(database), seeded).approvals.reader('acme').audit.verify()
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CONSTRAINT')) return undefined
    throw error
  } finally {
    database.close()
  }
}

/** What no event tells of, and nothing is decided by: who wants which notice, what is on its way to people or answers a repeated call, who began to switch. */
const untold: readonly CollectionName[] = ['preferences', 'idempotencyKeys', 'outbox', 'returns']
/** Without the count of the refusals of late, more of these get an event of their own; what waits to be sealed may have been put off a little. */
const harmless = ['streams without window', 'unsealed/dueAt in both places']

describe('whoever alters one value in the store', () => {
  it.each(collectionNames.filter((name) => !untold.includes(name)))(
    '[O4] is found out, whatever it is of %s',
    { timeout: 3_600_000 },
    async (collection) => {
      const all = some(alterations(collection), 15)
      const missed: string[] = []
      let tried = 0
      for (const one of all) {
        const report = await verified(one)
        if (!report) continue
        tried++
        if (report.ok) missed.push(one.told)
      }
      expect(tried).toBeGreaterThan(0)
      expect(missed).toEqual(all.map(({ told }) => told).filter((told) => harmless.includes(told)))
    },
  )

  it.each([
    ['requests', 'dueAt'],
    ['resources', 'stateDueAt'],
    ['unsealed', 'dueAt'],
    ['returns', 'dueAt'],
    ['outbox', 'dueAt'],
  ] as const)(
    '[O4, ST-01] is found out where something of %s would be left alone for days',
    async (collection, column) => {
      const table = tableName(collection)
      const database = new Database(image)
      const rows = database.prepare(`select rowid as at, value from ${table}`).all() as { at: number; value: string }[]
      const due = rows.map(({ at, value }) => ({ at, value: JSON.parse(value) as JsonObject }))
      const chosen = due.find(({ value }) => value[column] !== undefined) ?? due[0]
      const from = chosen?.value[column] ?? 0
      const isPutOff = collection === 'requests' || collection === 'resources'
      const late = (by: number) => {
        const far = { [column]: seeded.now() + by, ...(isPutOff ? { putOff: { from, failures: 1 } } : {}) }
        database
          .prepare(`update ${table} set value = ?, "${columnName(column)}" = ? where rowid = ?`)
          .run(JSON.stringify({ ...chosen?.value, ...far }), seeded.now() + by, chosen?.at)
        return reopened(sqliteStorage(database), seeded).approvals.reader('acme').audit.verify()
      }
      const named = expect.objectContaining({
        problem: expect.stringContaining(`a record of ${collection} is put off`),
      })
      expect((await late(30 * day)).problems).toContainEqual(named)
      expect((await late(60 * 60 * 1000)).problems).not.toContainEqual(named)
    },
  )
})
