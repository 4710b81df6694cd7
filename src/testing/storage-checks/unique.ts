import { deepStrictEqual } from 'node:assert/strict'
import { defined } from '../../core/defined.ts'
import type { JsonObject } from '../../core/json/json.ts'
import type { Write } from '../../ports/storage.ts'
import { fill, inserts, listAll, query, readOne, refusal, type StorageCheck } from './storage-check.ts'

const event = (seq: number, prev: string | null | undefined, more: JsonObject = {}): JsonObject => ({
  tenant: 'acme',
  stream: 's',
  seq,
  ...defined({ prev }),
  ...more,
})
const byPrev = query({ collection: 'events', index: 'byPrev', where: ['acme', 's'] })

/** Checks of unique indexes: they hold whoever writes, and say which of them it is. */
export const uniqueChecks: Readonly<Record<string, StorageCheck>> = {
  'refuses a second record in one place of a unique index, and names the index': async (storage) => {
    await fill(storage, 'events', event(1, ''))
    const { details } = await refusal('duplicate_key', storage.commit(inserts('events', event(2, ''))))
    deepStrictEqual(details, { collection: 'events', index: 'byPrev' })
    deepStrictEqual(await readOne(storage, 'events', 'acme', 's', 2), undefined)
    await fill(storage, 'events', event(2, 'h1'))
  },

  'refuses two records of one commit in one place of a unique index': async (storage) => {
    await refusal('duplicate_key', storage.commit(inserts('events', event(1, 'h'), event(2, 'h'))))
    deepStrictEqual(await listAll(storage, byPrev, 'seq'), [])
  },

  'says key where both the key and a unique index are taken': async (storage) => {
    await fill(storage, 'events', event(1, ''))
    const { details } = await refusal('duplicate_key', storage.commit(inserts('events', event(1, ''))))
    deepStrictEqual(details, { collection: 'events', index: 'key' })
  },

  'gives each tenant and each stream its own places': async (storage) => {
    await fill(storage, 'events', event(1, ''), event(1, '', { tenant: 'other' }), event(1, '', { stream: 'r' }))
    await refusal('duplicate_key', storage.commit(inserts('events', event(2, '', { tenant: 'other' }))))
  },

  'tells places apart by their bytes': async (storage) => {
    const hashes = ['', ' ', 'a', 'A', 'a ', 'á', 'a\u0301', 'ss', 'ß', '0', '00', '\uffff', '😀']
    await fill(storage, 'events', ...hashes.map((prev, at) => event(at, prev)))
    for (const prev of hashes) await refusal('duplicate_key', storage.commit(inserts('events', event(99, prev))))
  },

  'keeps any number of records that lack a column of a unique index': async (storage) => {
    await fill(storage, 'events', event(1, undefined), event(2, null), event(3, undefined), event(4, null))
    deepStrictEqual(await listAll(storage, byPrev, 'seq'), [])
    deepStrictEqual(await listAll(storage, { ...byPrev, index: 'key' }, 'seq'), [1, 2, 3, 4])
  },

  'refuses to move a record into a place that is taken': async (storage) => {
    await fill(storage, 'events', event(1, ''), event(2, 'h1'))
    const moved = event(2, '')
    const { details } = await refusal(
      'duplicate_key',
      storage.commit([{ type: 'replace', collection: 'events', value: moved, expected: 1 }]),
    )
    deepStrictEqual(details, { collection: 'events', index: 'byPrev' })
    await refusal(
      'version_conflict',
      storage.commit([{ type: 'replace', collection: 'events', value: moved, expected: 2 }]),
    )
    deepStrictEqual(await readOne(storage, 'events', 'acme', 's', 2), { version: 1, value: event(2, 'h1') })
  },

  'frees the place of a record that is moved or removed, and lets a record keep its own': async (storage) => {
    await fill(storage, 'events', event(1, ''), event(2, 'h1'))
    await storage.commit([{ type: 'replace', collection: 'events', value: event(1, '', { own: 2 }), expected: 1 }])
    await storage.commit([{ type: 'replace', collection: 'events', value: event(1, 'moved'), expected: 2 }])
    await storage.commit([{ type: 'remove', collection: 'events', key: ['acme', 's', 2], expected: 1 }])
    await fill(storage, 'events', event(3, ''), event(4, 'h1'))
    deepStrictEqual(await listAll(storage, byPrev, 'seq'), [3, 4, 1])
  },

  'makes the writes of a commit in their order: what one leaves the next can have, and none before it': async (
    storage,
  ) => {
    await fill(storage, 'events', event(1, 'a'), event(2, 'b'))
    const moved = (seq: number, prev: string, expected: number): Write => ({
      type: 'replace',
      collection: 'events',
      value: event(seq, prev),
      expected,
    })
    await storage.commit([...inserts('events', event(3, 'a')), moved(1, 'c', 1)])
    await refusal('duplicate_key', storage.commit([...inserts('events', event(0, 'b')), moved(2, 'd', 1)]))
    await refusal('duplicate_key', storage.commit([moved(1, 'b', 2), moved(2, 'c', 1)]))
    await refusal('version_conflict', storage.commit([moved(1, 'd', 2), moved(2, 'c', 1), moved(3, 'b', 4)]))
    deepStrictEqual(await listAll(storage, byPrev, 'seq'), [3, 2, 1])
  },

  'takes no place for a commit that came to nothing': async (storage) => {
    await fill(storage, 'events', event(1, ''))
    await refusal('duplicate_key', storage.commit(inserts('events', event(2, 'h1'), event(3, ''))))
    await fill(storage, 'events', event(3, 'h1'))
  },
}
