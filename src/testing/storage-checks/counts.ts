import { deepStrictEqual } from 'node:assert/strict'
import type { CountQuery, IndexQuery } from '../../ports/storage.ts'
import { fill, inserts, listAll, query, refusal, requestRecord, type StorageCheck } from './storage-check.ts'

const pending = ['acme', 'pending'] as const

const byStatus = (more: Partial<IndexQuery>) => query({ index: 'byStatus', where: pending, ...more })

const counted = (more: Partial<CountQuery>): CountQuery => ({
  ...{ collection: 'requests', index: 'byStatus', where: pending, limit: 100 },
  ...more,
})

const of = (id: string, project: string, createdAt: number) => requestRecord(id, { project, createdAt })

/** Six requests that wait, in two projects, and others that the index has elsewhere. */
const some = [
  ...['web', 'shop', 'web', 'shop', 'shop', 'web'].map((project, at) => of(String(at), project, at)),
  requestRecord('applied', { status: 'applied' }),
  requestRecord('elsewhere', { tenant: 'other' }),
  { tenant: 'acme', id: 'lacks', status: 'pending' },
]

/** How many records a storage looks at for a page that keeps to some of them. */
const mostLookedAt = 5_000

/** Checks of pages that keep to some records, and of counts. */
export const countChecks: Readonly<Record<string, StorageCheck>> = {
  'keeps a page to the records that hold a value, and fills it': async (storage) => {
    await fill(storage, 'requests', ...some)
    for (const limit of [1, 2, 3, 4]) {
      deepStrictEqual(await listAll(storage, byStatus({ only: { project: 'shop' }, limit })), ['1', '3', '4'])
      const newest = byStatus({ only: { project: 'web', id: '2' }, limit, order: 'descending' })
      deepStrictEqual(await listAll(storage, newest), ['2'])
    }
    const { records, next } = await storage.list(byStatus({ only: { project: 'shop' }, limit: 2 }))
    deepStrictEqual(
      [records.map(({ value }) => value['id']), next],
      [
        ['1', '3'],
        [3, '3'],
      ],
    )
    deepStrictEqual(await listAll(storage, byStatus({ only: { project: 'none' } })), [])
    deepStrictEqual(await listAll(storage, byStatus({ only: { dueAt: 1 } })), [])
    deepStrictEqual(await listAll(storage, byStatus({ only: {} })), ['0', '1', '2', '3', '4', '5'])
  },

  'looks at so many records for a page, and goes on where the look ended': async (storage) => {
    const many = Array.from({ length: mostLookedAt + 1 }, (_, at) => of(`m${at}`, 'web', 10))
    await storage.commit(inserts('requests', ...many, of('first', 'shop', 1), of('last', 'shop', 11)))
    const asked = byStatus({ only: { project: 'shop' }, limit: 10 })
    const page = await storage.list(asked)
    deepStrictEqual(
      page.records.map(({ value }) => value['id']),
      ['first'],
    )
    const ids = many.map(({ id }) => String(id)).toSorted()
    deepStrictEqual(page.next, [10, ids[mostLookedAt - 2]])
    const rest = await storage.list({ ...asked, after: page.next ?? [] })
    deepStrictEqual(
      rest.records.map(({ value }) => value['id']),
      ['last'],
    )
    deepStrictEqual(rest.next, undefined)
    const { count, looked } = await storage.count(counted({ limit: mostLookedAt, only: { project: 'web' } }))
    deepStrictEqual([looked, count >= mostLookedAt - 2], [mostLookedAt, true])
  },

  'counts what a part of an index has': async (storage) => {
    await fill(storage, 'requests', ...some)
    deepStrictEqual(await storage.count(counted({})), { count: 6, looked: 6 })
    deepStrictEqual(await storage.count(counted({ limit: 6 })), { count: 6, looked: 6 })
    deepStrictEqual(await storage.count(counted({ limit: 4 })), { count: 4, looked: 4 })
    deepStrictEqual(await storage.count(counted({ range: { from: 1, to: 4 } })), { count: 4, looked: 4 })
    deepStrictEqual(await storage.count(counted({ range: { from: 5 } })), { count: 1, looked: 1 })
    deepStrictEqual(await storage.count(counted({ only: { project: 'shop' } })), { count: 3, looked: 6 })
    deepStrictEqual(await storage.count(counted({ where: ['other', 'pending'] })), { count: 1, looked: 1 })
    deepStrictEqual(await storage.count(counted({ where: ['nobody', 'pending'] })), { count: 0, looked: 0 })
    deepStrictEqual(await storage.count(counted({ index: 'key', where: ['acme'] })), { count: 8, looked: 8 })
    await storage.commit([
      { type: 'remove', collection: 'requests', key: ['acme', '0'], expected: 1 },
      { type: 'check', collection: 'requests', key: ['acme', 'absent'], expected: 'absent' },
    ])
    deepStrictEqual(await storage.count(counted({})), { count: 5, looked: 5 })
    deepStrictEqual(await storage.count(counted({ index: 'key', where: ['acme'] })), { count: 7, looked: 7 })
  },

  'refuses a count, or a value to keep to, that the declaration does not cover': async (storage) => {
    const mistakes: readonly Partial<CountQuery>[] = [
      { index: 'byNothing' },
      { collection: 'nothing' as never },
      ...[0, -1, 1.5, 100_001, Number.NaN, '1' as never].map((limit) => ({ limit })),
      { where: ['acme', 1] },
      { range: { from: 'a' } },
      { only: { nothing: 1 } },
      { only: { constructor: 'a' } },
      { only: { project: 1 } },
    ]
    for (const mistake of mistakes) await refusal('invalid_input', storage.count(counted(mistake)))
    for (const only of [{ nothing: 1 }, { project: 1 }, { value: '{}' }]) {
      await refusal('invalid_input', storage.list(byStatus({ only })))
    }
  },
}
