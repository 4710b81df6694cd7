import { deepStrictEqual } from 'node:assert/strict'
import type { Write } from '../../ports/storage.ts'
import {
  expectRecords,
  fill,
  inserts,
  listAll,
  query,
  readOne,
  refusal,
  requestRecord,
  type StorageCheck,
} from './storage-check.ts'

const key = ['acme', 'a']
const replace = (expected: number, more = {}): Write => ({
  type: 'replace',
  collection: 'requests',
  value: requestRecord('a', more),
  expected,
})
const remove = (expected: number): Write => ({ type: 'remove', collection: 'requests', key, expected })
const check = (expected: number | 'absent'): Write => ({ type: 'check', collection: 'requests', key, expected })

/** Writes that cannot be made while request `a` is at version 1. */
const impossible: readonly Write[] = [
  ...inserts('requests', requestRecord('a')),
  replace(2),
  remove(2),
  check(2),
  check('absent'),
  { type: 'replace', collection: 'requests', value: requestRecord('none'), expected: 1 },
  { type: 'remove', collection: 'requests', key: ['acme', 'none'], expected: 1 },
  { type: 'check', collection: 'requests', key: ['acme', 'none'], expected: 1 },
]

/** Checks of commits, one at a time. */
export const writeChecks: Readonly<Record<string, StorageCheck>> = {
  'refuses to insert under a key that is taken, and names it': async (storage) => {
    await fill(storage, 'requests', requestRecord('a', { own: 1 }))
    const { details } = await refusal(
      'duplicate_key',
      storage.commit(inserts('requests', requestRecord('a', { own: 2 }))),
    )
    deepStrictEqual(details, { collection: 'requests', index: 'key' })
    await expectRecords(storage, 'requests', new Map([[key, { version: 1, value: requestRecord('a', { own: 1 }) }]]))
  },

  'counts the version up by one with each replacement': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'))
    for (let version = 1; version <= 12; version++) await storage.commit([replace(version, { round: version })])
    await expectRecords(
      storage,
      'requests',
      new Map([[key, { version: 13, value: requestRecord('a', { round: 12 }) }]]),
    )
  },

  'puts the whole new value in the place of the old one': async (storage) => {
    await fill(storage, 'requests', requestRecord('a', { gone: true }))
    await storage.commit([replace(1, { here: true })])
    deepStrictEqual((await readOne(storage, 'requests', ...key))?.value, requestRecord('a', { here: true }))
  },

  'refuses to replace what is not at the expected version': async (storage) => {
    await refusal('version_conflict', storage.commit([replace(1)]))
    await fill(storage, 'requests', requestRecord('a'))
    await storage.commit([replace(1, { own: 2 })])
    for (const expected of [0, 1, 3, -1]) {
      const { details } = await refusal('version_conflict', storage.commit([replace(expected, { own: 3 })]))
      deepStrictEqual(details.collection, 'requests')
    }
    await expectRecords(storage, 'requests', new Map([[key, { version: 2, value: requestRecord('a', { own: 2 }) }]]))
  },

  'removes at the expected version only, and begins at version 1 again': async (storage) => {
    await refusal('version_conflict', storage.commit([remove(1)]))
    await fill(storage, 'requests', requestRecord('a'))
    await storage.commit([replace(1)])
    for (const expected of [0, 1, 3]) await refusal('version_conflict', storage.commit([remove(expected)]))
    await storage.commit([remove(2)])
    await expectRecords(storage, 'requests', new Map([[key, undefined]]))
    await refusal('version_conflict', storage.commit([remove(2)]))
    await fill(storage, 'requests', requestRecord('a'))
    await expectRecords(storage, 'requests', new Map([[key, { version: 1, value: requestRecord('a') }]]))
  },

  'checks a version, or an absence, and writes nothing': async (storage) => {
    await storage.commit([check('absent')])
    await refusal('version_conflict', storage.commit([check(1)]))
    await expectRecords(storage, 'requests', new Map([[key, undefined]]))
    await fill(storage, 'requests', requestRecord('a'))
    await storage.commit([check(1)])
    for (const expected of [0, 2, 'absent'] as const)
      await refusal('version_conflict', storage.commit([check(expected)]))
    await expectRecords(storage, 'requests', new Map([[key, { version: 1, value: requestRecord('a') }]]))
  },

  'makes a commit of many kinds of writes as one': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'), requestRecord('b'), requestRecord('c'))
    await storage.commit([
      { type: 'remove', collection: 'requests', key: ['acme', 'c'], expected: 1 },
      ...inserts('events', { tenant: 'acme', stream: 'a', seq: 1, prev: '' }),
      { type: 'check', collection: 'requests', key: ['acme', 'b'], expected: 1 },
      ...inserts('requests', requestRecord('d')),
      replace(1, { own: 2 }),
      { type: 'check', collection: 'policySets', key: ['acme'], expected: 'absent' },
    ])
    deepStrictEqual(await listAll(storage, query({})), ['a', 'b', 'd'])
    deepStrictEqual((await readOne(storage, 'requests', ...key))?.version, 2)
    deepStrictEqual((await readOne(storage, 'events', 'acme', 'a', 1))?.version, 1)
    await storage.commit([])
  },

  'makes hundreds of writes in one commit': async (storage) => {
    const ids = Array.from({ length: 150 }, (_, at) => `r${String(at).padStart(3, '0')}`)
    await fill(storage, 'requests', ...ids.map((id) => requestRecord(id)))
    deepStrictEqual(await listAll(storage, query({ limit: 70 })), ids)
  },

  'makes all of a thousand writes, or none': async (storage) => {
    const ids = Array.from({ length: 1_000 }, (_, at) => `r${String(at).padStart(4, '0')}`)
    await fill(storage, 'requests', requestRecord('r0999', { own: 1 }))
    await refusal('duplicate_key', storage.commit(inserts('requests', ...ids.map((id) => requestRecord(id)))))
    deepStrictEqual(await listAll(storage, query({})), ['r0999'])
    await storage.commit(inserts('requests', ...ids.slice(0, 999).map((id) => requestRecord(id))))
    deepStrictEqual(await listAll(storage, query({})), ids)
  },

  'makes no write of a commit where one cannot be made, wherever it stands': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'), requestRecord('m'), requestRecord('z'))
    const others: readonly Write[] = [
      ...inserts('events', { tenant: 'acme', stream: 's', seq: 1, prev: '' }),
      ...inserts('requests', requestRecord('0'), requestRecord('zz')),
      { type: 'replace', collection: 'requests', value: requestRecord('m', { own: 2 }), expected: 1 },
      { type: 'remove', collection: 'requests', key: ['acme', 'z'], expected: 1 },
    ]
    for (const write of impossible) {
      for (let at = 0; at <= others.length; at++) {
        const refused = storage.commit(others.toSpliced(at, 0, write))
        await refusal(write.type === 'insert' ? 'duplicate_key' : 'version_conflict', refused)
      }
    }
    const found = (await storage.list(query({}))).records
    deepStrictEqual(
      found,
      [requestRecord('a'), requestRecord('m'), requestRecord('z')].map((value) => ({ version: 1, value })),
    )
    deepStrictEqual(await listAll(storage, query({ index: 'byStatus', where: ['acme'] })), ['a', 'm', 'z'])
    deepStrictEqual(await storage.list(query({ collection: 'events' })), { records: [] })
    await storage.commit(others)
    deepStrictEqual(await listAll(storage, query({})), ['0', 'a', 'm', 'zz'])
  },

  'reports the first write that cannot be made, in the order of collection and key': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'), requestRecord('b'))
    const event: Write = { type: 'check', collection: 'events', key: ['acme', 's', 1], expected: 1 }
    const later: Write = { type: 'check', collection: 'requests', key: ['acme', 'b'], expected: 2 }
    const cases = [
      { writes: [...inserts('requests', requestRecord('b')), check(2)], code: 'version_conflict' },
      { writes: [later, ...inserts('requests', requestRecord('a'))], code: 'duplicate_key' },
      { writes: [...inserts('requests', requestRecord('a')), event], code: 'version_conflict' },
    ] as const
    for (const { writes, code } of cases) {
      await refusal(code, storage.commit(writes))
      await refusal(code, storage.commit(writes.toReversed()))
    }
  },

  'refuses a commit that names a record twice': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'))
    const pairs: readonly (readonly Write[])[] = [
      [check(1), check(1)],
      [check(1), replace(1)],
      [replace(1), replace(2)],
      [remove(1), ...inserts('requests', requestRecord('a'))],
      inserts('requests', requestRecord('b'), requestRecord('b')),
    ]
    for (const writes of pairs) await refusal('invalid_input', storage.commit(writes))
    await expectRecords(storage, 'requests', new Map([[key, { version: 1, value: requestRecord('a') }]]))
  },

  'goes on working after any number of refused commits': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'))
    for (let round = 0; round < 40; round++) {
      for (const write of impossible) await storage.commit([write]).catch(() => {})
    }
    await storage.commit([replace(1)])
    deepStrictEqual((await readOne(storage, 'requests', ...key))?.version, 2)
  },
}
