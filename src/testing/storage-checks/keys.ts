import { deepStrictEqual } from 'node:assert/strict'
import { type Collection, type CollectionName, collections, maxColumnBytes } from '../../ports/collections.ts'
import type { KeyPart } from '../../ports/storage.ts'
import { fill, inserts, query, readOne, refusal, requestRecord, type StorageCheck } from './storage-check.ts'

/** Keys that some database takes for one another, or for something else than text. */
const lookAlikes = [
  ...'a A á a\u0301 ä ａ k K \u212a s ſ ss ß i ı İ i\u0307 \u0001 \ufeff \uffff 😀 😁'.split(' '),
  ...'1 01 1.0 1e0 +1 0x1 null undefined true % _ \' " \\ \\u0000 -- ? $1 :id'.split(' '),
  ...'__proto__ constructor hasOwnProperty toString'.split(' '),
  ...['a ', ' a', 'a\t', 'a\u200b', 'a\nb', 'a\r\nb'],
  ...[254, 255, 256, maxColumnBytes - 1, maxColumnBytes].map((length) => 'x'.repeat(length)),
]

/** What is not a key, although a careless driver may make one of it. */
const notText: readonly unknown[] = [
  ...['a\0b', '\ud800', 'a\udc00', 'x'.repeat(maxColumnBytes + 1), '€'.repeat(maxColumnBytes / 2)],
  ...[{}, [], ['a'], 1, true, null],
]
const notInteger: readonly unknown[] = [
  ...['1', 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1n],
  ...[{}, [1], true, null, new Date(0)],
]
const notVersion: readonly unknown[] = ['1', 1.5, {}, null, undefined, [1], true]

/** Text that cannot be compressed, the same each time. */
function noise(length: number): string {
  let state = 1
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647
    return String.fromCharCode(0x21 + (state % 94))
  }).join('')
}

/** Checks of reading by key. */
export const keyChecks: Readonly<Record<string, StorageCheck>> = {
  'reads records in the order asked, and undefined where there is none': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'), requestRecord('b'))
    await fill(storage, 'policySets', { tenant: 'acme', note: 'set' })
    const found = await storage.get([
      { collection: 'requests', key: ['acme', 'b'] },
      { collection: 'requests', key: ['acme', 'c'] },
      { collection: 'policySets', key: ['acme'] },
      { collection: 'requests', key: ['acme', 'a'] },
      { collection: 'requests', key: ['acme', 'b'] },
      { collection: 'resources', key: ['acme', 'flag', 'b'] },
    ])
    deepStrictEqual(found, [
      { version: 1, value: requestRecord('b') },
      undefined,
      { version: 1, value: { tenant: 'acme', note: 'set' } },
      { version: 1, value: requestRecord('a') },
      { version: 1, value: requestRecord('b') },
      undefined,
    ])
    deepStrictEqual(await storage.get([]), [])
  },

  'reads thousands of records of several collections in one call': async (storage) => {
    const ids = Array.from({ length: 40 }, (_, at) => `r${at}`)
    await fill(storage, 'requests', ...ids.map((id) => requestRecord(id)))
    await fill(storage, 'grants', { tenant: 'acme', user: 'ann' })
    const asked = Array.from({ length: 6_000 }, (_, at) => ids[at / 150] ?? `none ${at}`)
    const keys = asked.map((id) => ({ collection: 'requests' as const, key: ['acme', id] }))
    const found = await storage.get([...keys, { collection: 'grants', key: ['acme', 'ann'] }])
    deepStrictEqual(
      found.map((record) => record?.value['id'] ?? record?.value['user']),
      [...asked.map((id) => (id.startsWith('none') ? undefined : id)), 'ann'],
    )
  },

  'reads hundreds of records in one call': async (storage) => {
    const ids = Array.from({ length: 150 }, (_, at) => `r${at}`)
    await fill(storage, 'requests', ...ids.map((id) => requestRecord(id)))
    const found = await storage.get(ids.toReversed().map((id) => ({ collection: 'requests', key: ['acme', id] })))
    deepStrictEqual(
      found.map((record) => record?.value['id']),
      ids.toReversed(),
    )
  },

  'tells keys apart by their bytes: case, accents, blanks, digits, length': async (storage) => {
    for (const id of lookAlikes) await fill(storage, 'requests', requestRecord(id, { own: id }))
    const found = await storage.get(lookAlikes.map((id) => ({ collection: 'requests', key: ['acme', id] })))
    deepStrictEqual(
      found.map((record) => record?.value['own']),
      lookAlikes,
    )
  },

  'finds nothing under a key that only looks like the stored one': async (storage) => {
    for (const [at, id] of lookAlikes.entries())
      await fill(storage, 'requests', requestRecord(id, { tenant: `t${at}` }))
    for (const [at, own] of lookAlikes.entries()) {
      const others = lookAlikes.filter((id) => id !== own)
      const found = await storage.get(others.map((id) => ({ collection: 'requests', key: [`t${at}`, id] })))
      deepStrictEqual(
        found.filter((record) => record !== undefined),
        [],
      )
    }
  },

  'tells integer keys apart up to the last safe integer, of either sign': async (storage) => {
    const numbers = [
      0,
      1,
      -1,
      2 ** 31 - 1,
      2 ** 31,
      -(2 ** 31) - 1,
      2 ** 53 - 2,
      2 ** 53 - 1,
      -(2 ** 53) + 1,
      1_767_225_600_123,
    ]
    const event = (seq: number) => ({ tenant: 'acme', stream: 's', seq, prev: String(seq) })
    await fill(storage, 'events', ...numbers.map(event))
    const found = await storage.get(numbers.map((seq) => ({ collection: 'events', key: ['acme', 's', seq] })))
    deepStrictEqual(
      found.map((record) => record?.value),
      numbers.map(event),
    )
  },

  'keeps tenants apart: equal ids in two tenants are two records': async (storage) => {
    await fill(storage, 'requests', requestRecord('a', { own: 1 }), requestRecord('a', { tenant: 'other', own: 2 }))
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.value['own'], 1)
    deepStrictEqual((await readOne(storage, 'requests', 'other', 'a'))?.value['own'], 2)
    deepStrictEqual(await readOne(storage, 'requests', 'third', 'a'), undefined)
    await storage.commit([{ type: 'remove', collection: 'requests', key: ['acme', 'a'], expected: 1 }])
    deepStrictEqual((await readOne(storage, 'requests', 'other', 'a'))?.value['own'], 2)
  },

  'keeps text of the greatest length in every column at once': async (storage) => {
    const longest = (at: number) => String.fromCodePoint(0x61 + at) + noise(maxColumnBytes - 1)
    for (const [name, { key, indexes }] of Object.entries(collections) as [CollectionName, Collection][]) {
      const columns = [key, ...Object.values(indexes).map((index) => index.columns)].flat()
      const parts = new Map(
        columns.map(({ name, type }, at) => [name, type === 'text' ? longest(at) : 2 ** 53 - 1 - at]),
      )
      const value = Object.fromEntries(parts)
      await fill(storage, name, value)
      const own = key.map((column) => parts.get(column.name) ?? '')
      deepStrictEqual(await readOne(storage, name, ...own), { version: 1, value })
      for (const [index, { columns }] of Object.entries(indexes)) {
        const where = columns.map((column) => parts.get(column.name) ?? '')
        deepStrictEqual((await storage.list(query({ collection: name, index, where }))).records, [
          { version: 1, value },
        ])
      }
    }
  },

  'refuses a key that is not what its collection declares, before the database sees it': async (storage) => {
    const keys: readonly (readonly unknown[])[] = [
      [],
      ['acme'],
      ['acme', 'a', 'b'],
      ...notText.map((part) => ['acme', part]),
    ]
    for (const key of keys as readonly (readonly KeyPart[])[]) {
      await refusal('invalid_input', storage.get([{ collection: 'requests', key }]))
      await refusal('invalid_input', storage.commit([{ type: 'remove', collection: 'requests', key, expected: 1 }]))
      await refusal(
        'invalid_input',
        storage.commit([{ type: 'check', collection: 'requests', key, expected: 'absent' }]),
      )
    }
    for (const part of notInteger as readonly KeyPart[]) {
      await refusal('invalid_input', storage.get([{ collection: 'events', key: ['acme', 's', part] }]))
    }
  },

  'refuses a value whose key or index columns are not what its collection declares': async (storage) => {
    for (const id of notText)
      await refusal('invalid_input', storage.commit(inserts('requests', requestRecord('a', { id } as never))))
    for (const seq of notInteger) {
      const event = { tenant: 'acme', stream: 's', seq, prev: '' }
      await refusal('invalid_input', storage.commit(inserts('events', event as never)))
    }
    for (const createdAt of notInteger.filter((part) => part !== null)) {
      await refusal('invalid_input', storage.commit(inserts('requests', requestRecord('b', { createdAt } as never))))
    }
    deepStrictEqual(await storage.list(query({})), { records: [] })
  },

  'refuses an expected version that is none': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'))
    for (const expected of notVersion as readonly never[]) {
      const key = ['acme', 'a']
      await refusal(
        'invalid_input',
        storage.commit([{ type: 'replace', collection: 'requests', value: requestRecord('a'), expected }]),
      )
      await refusal('invalid_input', storage.commit([{ type: 'remove', collection: 'requests', key, expected }]))
      await refusal('invalid_input', storage.commit([{ type: 'check', collection: 'requests', key, expected }]))
    }
  },
}
