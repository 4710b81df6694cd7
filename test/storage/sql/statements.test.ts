import { PGlite } from '@electric-sql/pglite'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { type Collection, type CollectionName, collections } from '../../../src/ports/collections.ts'
import type { IndexQuery } from '../../../src/ports/storage.ts'
import { postgresStorage } from '../../../src/storage/postgres.ts'
import { bound, pageArguments } from '../../../src/storage/sql/shared/arguments.ts'
import { postgresDialect, sqliteDialect } from '../../../src/storage/sql/shared/dialect.ts'
import { schemaSteps, schemaVersions } from '../../../src/storage/sql/shared/schema.ts'
import { createStatements } from '../../../src/storage/sql/shared/statements.ts'
import { sqliteStorage } from '../../../src/storage/sqlite.ts'
import { planOf } from '../../../src/storage/toolkit/index-plan.ts'

const declared = Object.entries(collections) as [CollectionName, Collection][]
const statements = createStatements(sqliteDialect)
const names = (texts: readonly string[]) => texts.map((text) => /"(countersign_\w+)"/.exec(text)?.[1])

describe('the statements of the SQL storages', () => {
  it('[I1, I5] name the tenant wherever a record is read or written', () => {
    for (const [collection] of declared) {
      const { get, replace, remove, insert, taken } = statements.of(collection)
      for (const { text, parameters } of [get, replace, remove, ...Object.values(taken)]) {
        expect(text).toContain('"tenant" = ?')
        expect(parameters).toContainEqual({ member: 0, name: 'tenant' })
      }
      expect(insert.text).toContain('"tenant"')
    }
  })

  it('[I1] keep a page to its tenant wherever the query names one', () => {
    for (const [collection, { key, indexes }] of declared) {
      for (const [index, columns] of [
        ['key', key] as const,
        ...Object.entries(indexes).map(([name, { columns }]) => [name, columns] as const),
      ]) {
        if (columns[0]?.name !== 'tenant') continue
        const query = { collection, index, where: ['acme'], order: 'ascending', limit: 1 } as const
        expect(statements.page(planOf(query), query).text).toContain('where "tenant" = ?')
      }
    }
  })

  it('compares ids with nothing but placeholders: no value is ever part of a statement', () => {
    const query = {
      collection: 'requests',
      index: 'byStatus',
      where: ["a' or 1 = 1", 'x'],
      order: 'ascending',
      limit: 7,
      after: [3, 'y'],
    } as const
    const { text } = statements.page(planOf(query), query)
    expect(text).toBe(
      'select "version", "value" from "countersign_requests" where "tenant" = ? and "status" = ? and "created_at" is not null and ("created_at", "id") > (?, ?) order by "created_at" asc, "id" asc limit ?',
    )
  })

  it('compiles a statement once', () => {
    expect(statements.of('requests')).toBe(statements.of('requests'))
    const query = { collection: 'requests', index: 'key', where: ['acme'], order: 'ascending', limit: 1 } as const
    expect(statements.page(planOf(query), query)).toBe(
      statements.page(planOf(query), { ...query, where: ['other'], limit: 5 }),
    )
    expect(statements.page(planOf(query), query)).not.toBe(
      statements.page(planOf(query), { ...query, order: 'descending' }),
    )
  })
})

describe('the pages of SQLite', () => {
  const database = new Database(':memory:')
  sqliteStorage(database)

  it('are read along their index, and never sorted', () => {
    for (const query of everyQuery()) {
      const { text, parameters } = statements.page(planOf(query), query)
      const steps = database.prepare(`explain query plan ${text}`).all(...parameters.map(() => 1)) as {
        detail: string
      }[]
      expect(steps.length, text).toBe(1)
      expect(steps[0]?.detail, text).toMatch(/ USING INDEX /)
      if (query.where.length > 0) expect(steps[0]?.detail, text).toContain('SEARCH')
    }
  })
})

describe('the pages of PostgreSQL', () => {
  it('are read along their index, and never sorted', async () => {
    const database = await PGlite.create()
    await postgresStorage(database).get([{ collection: 'requests', key: ['acme', 'a'] }])
    await database.exec('set enable_seqscan = off; set enable_bitmapscan = off')
    const pages = createStatements(postgresDialect)
    for (const query of everyQuery()) {
      const plan = planOf(query)
      const { text, parameters } = pages.page(plan, query)
      const { rows } = await database.query<{ 'QUERY PLAN': string }>(
        `explain ${text}`,
        bound(parameters, [pageArguments(plan, query)]),
      )
      const steps = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(steps, text).toMatch(/^Limit .*\n +-> +Index Scan /)
      expect(steps, text).not.toContain('Sort')
    }
    await database.close()
  })
})

function* everyQuery(): Generator<IndexQuery> {
  for (const [collection, { key, indexes }] of declared) {
    for (const [index, { columns }] of Object.entries({ key: { columns: key }, ...indexes })) {
      for (let fixed = 0; fixed <= columns.length; fixed++) {
        const where = columns.slice(0, fixed).map(({ type }) => (type === 'text' ? 'a' : 1))
        const open = columns[fixed]
        const bound = open?.type === 'text' ? 'a' : 1
        for (const order of ['ascending', 'descending'] as const) {
          const query: IndexQuery = { collection, index, where, order, limit: 10 }
          yield query
          if (open) yield { ...query, range: { from: bound, to: bound } }
          const { order: parts } = planOf(query)
          if (parts.length > 0) yield { ...query, after: parts.map(({ type }) => (type === 'text' ? 'a' : 1)) }
        }
      }
    }
  }
}

describe('the schema of the SQL storages', () => {
  it('has a table for every collection and an index for every index, named after them', () => {
    const expected = declared.flatMap(([collection, { indexes }]) => {
      const table = `countersign_${snake(collection)}`
      return [table, ...Object.keys(indexes).map((index) => `${table}_${snake(index)}`)]
    })
    const made = schemaVersions.flatMap((version) =>
      names(
        schemaSteps(sqliteDialect, version)
          .flat()
          .filter((statement) => statement.startsWith('create')),
      ),
    )
    expect(made.toSorted()).toEqual(expected.toSorted())
  })

  it('gives every collection a key that begins with the tenant', () => {
    for (const [, { key }] of declared) expect(key[0]?.name).toBe('tenant')
  })

  it('does not call a column version or value, which every table has of its own', () => {
    for (const [, { key, indexes }] of declared) {
      const columns = [key, ...Object.values(indexes).map((index) => index.columns)].flat().map(({ name }) => name)
      expect(columns).not.toContain('version')
      expect(columns).not.toContain('value')
    }
  })
})

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
