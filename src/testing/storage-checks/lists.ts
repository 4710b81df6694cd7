import { deepStrictEqual } from 'node:assert/strict'
import { defined } from '../../core/defined.ts'
import type { IndexQuery, KeyPart } from '../../ports/storage.ts'
import { fill, inserts, listAll, query, refusal, requestRecord, type StorageCheck } from './storage-check.ts'

/** Text in the order of its UTF-8 bytes: not that of UTF-16, of a dictionary, or of anybody's language. */
const byBytes = [
  '',
  ' ',
  ...'- 0 00 1 10 2 9 A B Z _ a'.split(' '),
  'a ',
  ...'a- aa b z ß á é Ω я ﬀ \uffff 😀 😁'.split(' '),
]
const numbers = [
  ...[-(2 ** 53) + 1, -(2 ** 31) - 1, -10, -9, -1, 0, 1, 9, 10],
  ...[2 ** 31, 1_767_225_600_123, 2 ** 53 - 2, 2 ** 53 - 1],
]

const byStatus = (more: Partial<IndexQuery>) => query({ index: 'byStatus', where: ['acme', 'pending'], ...more })
const aged = (id: string, createdAt: number) => requestRecord(id, { createdAt })

/** Requests that come out, by age and then by id, as 0, 1, 2, … */
const nine = [
  aged('0', 1),
  aged('1', 1),
  aged('2', 1),
  aged('3', 2),
  aged('4', 3),
  aged('5', 3),
  aged('6', 3),
  aged('7', 3),
  aged('8', 9),
]
const nineIds = nine.map(({ id }) => id)

/** Checks of indexes: what is in them, in which order, and how a reader walks through them. */
export const listChecks: Readonly<Record<string, StorageCheck>> = {
  'orders text by its UTF-8 bytes, both ways': async (storage) => {
    await fill(storage, 'requests', ...byBytes.toReversed().map((id) => requestRecord(id)))
    deepStrictEqual(await listAll(storage, query({ where: ['acme'] })), byBytes)
    deepStrictEqual(await listAll(storage, query({ where: ['acme'], order: 'descending' })), byBytes.toReversed())
    deepStrictEqual(await listAll(storage, query({ where: ['acme'], limit: 3 })), byBytes)
  },

  'orders integers by value, both ways, as far as they are safe': async (storage) => {
    await fill(storage, 'requests', ...numbers.toReversed().map((createdAt) => aged(`r${createdAt}`, createdAt)))
    deepStrictEqual(await listAll(storage, byStatus({}), 'createdAt'), numbers)
    deepStrictEqual(
      await listAll(storage, byStatus({ order: 'descending', limit: 2 }), 'createdAt'),
      numbers.toReversed(),
    )
  },

  'walks through pages of any size and meets every record once, both ways': async (storage) => {
    await fill(storage, 'requests', ...nine.toReversed())
    for (let limit = 1; limit <= nine.length + 1; limit++) {
      deepStrictEqual(await listAll(storage, byStatus({ limit })), nineIds)
      deepStrictEqual(await listAll(storage, byStatus({ limit, order: 'descending' })), nineIds.toReversed())
      deepStrictEqual(await listAll(storage, query({ limit })), nineIds)
      deepStrictEqual(
        await listAll(storage, query({ limit, order: 'descending', where: ['acme'] })),
        nineIds.toReversed(),
      )
    }
  },

  'says that there are more exactly when there are': async (storage) => {
    await fill(storage, 'requests', ...nine)
    for (let limit = 1; limit <= nine.length + 1; limit++) {
      const { records, next } = await storage.list(byStatus({ limit }))
      deepStrictEqual(
        { records: records.length, more: next !== undefined },
        { records: Math.min(limit, 9), more: limit < 9 },
      )
    }
    deepStrictEqual((await storage.list(byStatus({ limit: 1 }))).next, [1, '0'])
    deepStrictEqual((await storage.list(query({ index: 'byStatus', limit: 4 }))).next, ['acme', 'pending', 2, '3'])
    deepStrictEqual((await storage.list(query({ limit: 2, where: ['acme'] }))).next, ['1'])
    deepStrictEqual((await storage.list(query({ index: 'byStatus', where: ['acme', 'pending', 3], limit: 1 }))).next, [
      '4',
    ])
  },

  'gives records with their versions': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'), requestRecord('b'))
    await storage.commit([
      { type: 'replace', collection: 'requests', value: requestRecord('b', { own: 1 }), expected: 1 },
    ])
    deepStrictEqual(await storage.list(byStatus({})), {
      records: [
        { version: 1, value: requestRecord('a') },
        { version: 2, value: requestRecord('b', { own: 1 }) },
      ],
    })
  },

  'keeps to the values of the leading columns, however many are given': async (storage) => {
    await fill(
      storage,
      'requests',
      requestRecord('1', { tenant: 'acme', status: 'applied', createdAt: 5 }),
      requestRecord('2', { tenant: 'acme', status: 'pending', createdAt: 4 }),
      requestRecord('3', { tenant: 'acme', status: 'pending', createdAt: 6 }),
      requestRecord('4', { tenant: 'other', status: 'pending', createdAt: 6 }),
      requestRecord('5', { tenant: 'acme', status: 'pending ', createdAt: 6 }),
      requestRecord('6', { tenant: 'acme', status: 'Pending', createdAt: 6 }),
    )
    const ids = (where: readonly KeyPart[]) => listAll(storage, query({ index: 'byStatus', where, limit: 2 }))
    deepStrictEqual(await ids([]), ['6', '1', '2', '3', '5', '4'])
    deepStrictEqual(await ids(['acme']), ['6', '1', '2', '3', '5'])
    deepStrictEqual(await ids(['acme', 'pending']), ['2', '3'])
    deepStrictEqual(await ids(['acme', 'pending', 6]), ['3'])
    deepStrictEqual(await ids(['acme', 'pending', 7]), [])
    deepStrictEqual(await ids(['ACME']), [])
    deepStrictEqual(await listAll(storage, query({ where: ['acme', '3'] })), ['3'])
  },

  'keeps to a range, bounds included, both ways and over pages': async (storage) => {
    await fill(storage, 'requests', ...nine)
    const ids = (more: Partial<IndexQuery>) => listAll(storage, byStatus({ limit: 2, ...more }))
    deepStrictEqual(await ids({ range: { from: 3 } }), ['4', '5', '6', '7', '8'])
    deepStrictEqual(await ids({ range: { to: 2 } }), ['0', '1', '2', '3'])
    deepStrictEqual(await ids({ range: { from: 2, to: 3 } }), ['3', '4', '5', '6', '7'])
    deepStrictEqual(await ids({ range: { from: 2, to: 3 }, order: 'descending' }), ['7', '6', '5', '4', '3'])
    deepStrictEqual(await ids({ range: { from: 4, to: 8 } }), [])
    deepStrictEqual(await ids({ range: { from: 3, to: 2 } }), [])
    deepStrictEqual(await ids({ range: {} }), nineIds)
    deepStrictEqual(await listAll(storage, query({ where: ['acme'], range: { from: '3', to: '5' }, limit: 1 })), [
      '3',
      '4',
      '5',
    ])
  },

  'lists across tenants where the index says so': async (storage) => {
    const due = (tenant: string, id: string, dueAt: number) => ({ tenant, id, dueAt })
    await fill(
      storage,
      'outbox',
      due('b', '1', 5),
      due('a', '2', 5),
      due('a', '3', 1),
      due('c', '4', 9),
      due('a', '5', 10),
    )
    const asked = query({ collection: 'outbox', index: 'byDue', range: { to: 9 }, limit: 1 })
    deepStrictEqual(await listAll(storage, asked), ['3', '2', '1', '4'])
    deepStrictEqual(await listAll(storage, { ...asked, order: 'descending' }), ['4', '1', '2', '3'])
  },

  'leaves out the tenants that the query says, over pages and both ways': async (storage) => {
    const tenants = Array.from({ length: 12 }, (_, at) => `t${at}`)
    const dues = tenants.map((tenant, at) => ({ tenant, id: `${at}`, dueAt: at }))
    await fill(
      storage,
      'outbox',
      ...dues,
      { tenant: 'T1', id: 'case', dueAt: 50 },
      { tenant: 't1 ', id: 'pad', dueAt: 60 },
    )
    const asked = query({ collection: 'outbox', index: 'byDue', range: { to: 90 }, limit: 2 })
    const left = async (except: readonly string[], more: Partial<IndexQuery> = {}) =>
      (await listAll(storage, { ...asked, except, ...more })).join()
    const all = [...tenants.map((_, at) => `${at}`), 'case', 'pad']
    deepStrictEqual(await left([]), all.join())
    deepStrictEqual(await left(['t1']), all.filter((id) => id !== '1').join())
    deepStrictEqual(await left(tenants.slice(0, 8)), all.slice(8).join())
    deepStrictEqual(await left(tenants.slice(0, 9), { order: 'descending' }), all.slice(9).toReversed().join())
    deepStrictEqual(await left([...tenants, ...Array(88).fill('nobody')], { after: [8, 't8', '8'] }), 'case,pad')
    deepStrictEqual(await left(['t3', 'unknown'], { range: { from: 2, to: 4 } }), '2,4')
    deepStrictEqual(await listAll(storage, query({ collection: 'outbox', where: ['t3'], except: ['t3'] })), [])
  },

  'leaves out records that lack a column of the index': async (storage) => {
    const { createdAt: _, ...ageless } = requestRecord('2')
    await fill(
      storage,
      'requests',
      requestRecord('1'),
      ageless,
      requestRecord('3', { createdAt: null }),
      requestRecord('4', { status: null }),
    )
    deepStrictEqual(await listAll(storage, query({ index: 'byStatus' })), ['1'])
    deepStrictEqual(await listAll(storage, byStatus({ order: 'descending' })), ['1'])
    deepStrictEqual(await listAll(storage, query({ index: 'byDue', range: { to: 2 ** 53 - 1 } })), [])
    deepStrictEqual(await listAll(storage, query({})), ['1', '2', '3', '4'])
  },

  'moves a record in its indexes when it is replaced or removed': async (storage) => {
    await fill(storage, 'requests', ...nine)
    const moved = aged('0', 8)
    await storage.commit([
      { type: 'replace', collection: 'requests', value: moved, expected: 1 },
      { type: 'replace', collection: 'requests', value: requestRecord('3', { status: 'applied' }), expected: 1 },
      { type: 'replace', collection: 'requests', value: { tenant: 'acme', id: '4' }, expected: 1 },
      { type: 'remove', collection: 'requests', key: ['acme', '5'], expected: 1 },
    ])
    deepStrictEqual(await listAll(storage, byStatus({})), ['1', '2', '6', '7', '0', '8'])
    deepStrictEqual(await listAll(storage, query({ index: 'byStatus', where: ['acme', 'applied'] })), ['3'])
    await storage.commit([{ type: 'replace', collection: 'requests', value: aged('4', 2), expected: 2 }])
    deepStrictEqual(await listAll(storage, byStatus({})), ['1', '2', '4', '6', '7', '0', '8'])
  },

  'goes on after the last record seen, whatever was written meanwhile': async (storage) => {
    await fill(storage, 'requests', ...nine)
    const first = await storage.list(byStatus({ limit: 5 }))
    await storage.commit([
      { type: 'remove', collection: 'requests', key: ['acme', '4'], expected: 1 },
      { type: 'remove', collection: 'requests', key: ['acme', '0'], expected: 1 },
      ...inserts('requests', aged('00', 1), aged('4a', 3), aged('9', 10)),
    ])
    const rest = await listAll(storage, byStatus({ limit: 2, ...defined({ after: first.next }) }))
    deepStrictEqual(rest, ['4a', '5', '6', '7', '8', '9'])
  },

  'lists a unique index in its order': async (storage) => {
    const event = (seq: number, prev: string) => ({ tenant: 'acme', stream: 's', seq, prev })
    await fill(storage, 'events', event(1, 'c'), event(2, 'a'), event(3, 'b'))
    const asked = query({ collection: 'events', index: 'byPrev', where: ['acme', 's'], limit: 1 })
    deepStrictEqual(await listAll(storage, asked, 'seq'), [2, 3, 1])
    deepStrictEqual(await listAll(storage, { ...asked, order: 'descending' }, 'seq'), [1, 3, 2])
  },

  'never lists a record of another tenant': async (storage) => {
    await fill(
      storage,
      'requests',
      ...['acme', 'Acme', 'acme ', 'acm', 'acmee', 'other'].map((tenant) => requestRecord('a', { tenant })),
    )
    for (const index of ['key', 'byStatus', 'byProject']) {
      for (const order of ['ascending', 'descending'] as const) {
        const asked = query({ index, order, where: ['acme'] })
        deepStrictEqual(await listAll(storage, asked, 'tenant'), ['acme'])
        const foreign = (await storage.list({ ...asked, where: [], limit: 1 })).next ?? []
        deepStrictEqual(
          (await listAll(storage, { ...asked, after: foreign.slice(1) }, 'tenant')).filter(
            (tenant) => tenant !== 'acme',
          ),
          [],
        )
      }
    }
  },

  'refuses a query that the declaration does not cover': async (storage) => {
    const mistakes: readonly Partial<IndexQuery>[] = [
      { index: 'byNothing' },
      { index: 'constructor' },
      { collection: 'nothing' as never },
      { collection: '__proto__' as never },
      ...[0, -1, 1.5, 1001, Number.NaN, '1' as never].map((limit) => ({ limit })),
      { where: ['acme', 'a', 'b'] },
      { where: [1] },
      { where: [{} as never] },
      { where: ['acme', 'a'], range: { from: 'a' } },
      { where: ['acme'], range: { to: 1 } },
      { index: 'byDue', range: { to: '1' } },
      { index: 'byDue', range: { from: {} as never } },
      { except: Array(101).fill('acme') },
      { except: [1 as never] },
      { except: 'acme' as never },
      ...[[], ['acme'], ['acme', 1], ['acme', 'a', 'b'], [{} as never, 'a'], 'ab' as never].map((after) => ({ after })),
    ]
    for (const mistake of mistakes) await refusal('invalid_input', storage.list(query(mistake)))
  },
}
