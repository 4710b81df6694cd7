import { deepStrictEqual } from 'node:assert/strict'
import type { JsonObject, JsonValue } from '../../core/json/json.ts'
import type { Write } from '../../ports/storage.ts'
import { fill, inserts, query, readOne, requestRecord, type StorageCheck } from './storage-check.ts'

const numbers = [
  ...[0, 1, -1, 1.5, 0.1, 0.1 + 0.2, 123456.789, 1e21, 1e-7],
  ...[5e-324, 1.7976931348623157e308, 2 ** 53 - 1, -(2 ** 53) + 1],
]
const texts = [
  ...['', ' ', 'a ', '\u0000', 'a\u0000b', '\n', '\r\n', '\t', '\u2028', '\u007f', '\ufeff', '\uffff', '\u202ea'],
  ...'\\ \\u0000 " \' é e\u0301 İ ﬀ 😀 👩‍👩‍👧‍👦 עברית true null 1 1.0 1e3 NaN {} [] $1 ? :name %s'.split(' '),
  ...'2024-02-29 2024-01-01T00:00:00Z 2024-01-01T00:00:00.123456789+02:00 0000-00-00 24:00:00'.split(' '),
]
/** `JSON.parse` makes an own property of `__proto__`; a literal would not. */
const hostileKeys: JsonObject = JSON.parse(
  '{"__proto__": {"admin": true}, "constructor": 1, "toString": null, "": 0, "a.b": 1, "$a": 2, "A": 3, "a": 4, "\\u0000": 5, "é": 6, "e\\u0301": 7}',
)

const nested = (depth: number): JsonValue =>
  depth === 0 ? 'deep' : depth % 2 ? [nested(depth - 1)] : { in: nested(depth - 1) }

/** Checks that what is read is what was written, and that nobody can change it from outside. */
export const valueChecks: Readonly<Record<string, StorageCheck>> = {
  'reads every kind of value as it was written': async (storage) => {
    const value = requestRecord('a', {
      numbers,
      texts,
      keys: { ...Object.fromEntries(texts.map((text, at) => [text, at])) },
      flags: [true, false, null, 0, 1, '', 'true', [], {}, [[]], [{}], [null]],
      nested: nested(60),
      long: 'é😀'.repeat(100_000),
      many: Array.from({ length: 5000 }, (_, at) => at),
    })
    await fill(storage, 'requests', value)
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.value, value)
    deepStrictEqual((await storage.list(query({}))).records[0]?.value, value)
    await storage.commit([
      { type: 'replace', collection: 'requests', value: { ...value, texts: [...texts, ...texts] }, expected: 1 },
    ])
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.value['texts'], [...texts, ...texts])
  },

  'keeps properties whose names mean something elsewhere': async (storage) => {
    await fill(storage, 'requests', requestRecord('a', { keys: hostileKeys }))
    const keys = (await readOne(storage, 'requests', 'acme', 'a'))?.value['keys']
    deepStrictEqual(
      JSON.stringify(Object.entries(keys ?? {}).sort()),
      JSON.stringify(Object.entries(hostileKeys).sort()),
    )
    deepStrictEqual(Object.getPrototypeOf(keys), Object.prototype)
  },

  'keeps index columns in the value as they were, null or missing': async (storage) => {
    const value = requestRecord('a', { dueAt: null, project: null })
    const { status: _, ...less } = requestRecord('b', { createdAt: 2 ** 53 - 1 })
    await fill(storage, 'requests', value, less)
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.value, value)
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'b'))?.value, less)
  },

  'does not keep what it was given by reference': async (storage) => {
    const inner = { own: 1 }
    const value = { ...requestRecord('a'), inner }
    const writes: Write[] = [...inserts('requests', value)]
    const committing = storage.commit(writes)
    inner.own = 2
    value.inner = { own: 3 }
    writes.pop()
    await committing
    inner.own = 4
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.value, requestRecord('a', { inner: { own: 1 } }))
    const next = { ...requestRecord('a'), inner }
    const replacing = storage.commit([{ type: 'replace', collection: 'requests', value: next, expected: 1 }])
    inner.own = 5
    await replacing
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.value, requestRecord('a', { inner: { own: 4 } }))
  },

  'does not hand out what it keeps': async (storage) => {
    const value = requestRecord('a', { inner: { own: 1 }, list: [1] })
    await fill(storage, 'requests', value)
    const listed = (await storage.list(query({}))).records[0]
    const read = await readOne(storage, 'requests', 'acme', 'a')
    for (const record of [listed, read]) {
      attempt(() => Object.assign(record?.value['inner'] ?? {}, { own: 2 }))
      attempt(() => Object.assign(record?.value['list'] ?? [], [2, 3]))
      attempt(() => Object.assign(record?.value ?? {}, { status: 'applied', more: 1 }))
      attempt(() => Object.assign(record ?? {}, { version: 9 }))
    }
    deepStrictEqual(await readOne(storage, 'requests', 'acme', 'a'), { version: 1, value })
    deepStrictEqual(await storage.list(query({ index: 'byStatus', where: ['acme', 'pending'] })), {
      records: [{ version: 1, value }],
    })
  },
}

/** What is handed out may be frozen: then the attempt to change it throws, which is as good. */
function attempt(change: () => void): void {
  try {
    change()
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
  }
}
