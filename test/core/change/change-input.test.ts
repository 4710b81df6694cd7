import { describe, expect, it } from 'vitest'
import { admit, type ChangeInput, canonical, type JsonValue, nextValue } from '../../../src/core.ts'
import { done } from './done.ts'

interface Flag {
  enabled: boolean
  rules: { id: string; n: number }[]
  note?: unknown
}

const before = done(admit({ enabled: true, rules: [{ id: 'eu', n: 1 }] }))
const next = (input: ChangeInput<Flag>) => done(nextValue<Flag>(before, input))
const refusalOf = (document: JsonValue | undefined, input: unknown) => {
  const result = nextValue(document, input as ChangeInput<unknown>)
  return result.ok ? undefined : result.refusal
}
const refused = (input: unknown) => refusalOf(before, input)

describe('a change', () => {
  const expected = { enabled: false, rules: [{ id: 'eu', n: 1 }] }

  it.each<[string, ChangeInput<Flag>]>([
    [
      'an edit function',
      (flag) => {
        flag.enabled = false
      },
    ],
    ['a function of the next value', (flag) => ({ ...flag, enabled: false })],
    ['a JSON Patch', { patch: [{ op: 'replace', path: '/enabled', value: false }] }],
    ['a merge patch', { merge: { enabled: false } }],
    ['a whole value', { value: { enabled: false, rules: [{ id: 'eu', n: 1 }] } }],
  ])('can be said as %s, and all of them make the same', (_, input) => {
    const text = canonical(before)
    expect(next(input)).toEqual(expected)
    expect(canonical(before)).toBe(text)
  })

  it('can be the removal of the document', () => {
    expect(next({ remove: true })).toBeUndefined()
  })

  it('shares what it leaves alone, and freezes what it makes', () => {
    const { rules } = before as { readonly rules: JsonValue }
    const edits: readonly ChangeInput<Flag>[] = [
      (flag) => {
        flag.enabled = false
      },
      { patch: [{ op: 'replace', path: '/enabled', value: false }] },
      { merge: { enabled: false } },
    ]
    for (const edit of edits) {
      const made = next(edit) as { readonly rules: JsonValue }
      expect(made.rules).toBe(rules)
      expect(Object.isFrozen(made)).toBe(true)
    }
  })

  it('of a document that does not exist can only be a value', () => {
    expect(nextValue(undefined, { value: { n: 1 } })).toEqual({ ok: true, value: { n: 1 } })
    for (const input of [{ patch: [] }, { merge: {} }, { remove: true }, () => undefined]) {
      expect(refusalOf(undefined, input)?.code).toBe('invalid_input')
    }
  })

  it('[B9] leaves the fields that a merge patch does not mention, at every depth', () => {
    const document = done(admit({ a: { b: 1, c: { d: 2, e: null } }, f: [1, 2] }))
    expect(done(nextValue(document, { merge: { a: { c: { d: 3 } } } }))).toEqual({
      a: { b: 1, c: { d: 3, e: null } },
      f: [1, 2],
    })
  })
})

describe('a merge patch', () => {
  // The examples of RFC 7396, appendix A.
  it.each<[JsonValue, JsonValue, JsonValue]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('makes of %j with %j what RFC 7396 says', (document, merge, expected) => {
    expect(done(nextValue(document, { merge }))).toEqual(expected)
  })

  it('[J1, J2] touches no prototype', () => {
    const names = Object.getOwnPropertyNames(Object.prototype)
    expect(refused({ merge: JSON.parse('{"__proto__":{"admin":true}}') })?.code).toBe('invalid_document')
    const made = done(nextValue({}, { merge: JSON.parse('{"constructor":{"prototype":{"admin":true}}}') }))
    expect(Object.keys(made as object)).toEqual(['constructor'])
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(names)
    expect('admin' in {}).toBe(false)
  })
})

/** Throws at whatever is done with it. */
const hostile: object = new Proxy(
  {},
  Object.fromEntries(
    ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'].map((trap) => [
      trap,
      () => {
        throw hostile
      },
    ]),
  ),
)
const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()
const loop: unknown[] = []
loop.push(loop)

describe('what is no change', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['no key', {}],
    ['two keys', { value: 1, merge: 1 }],
    ['a symbol as key', { [Symbol('value')]: 1 }],
    ['an unknown key', { set: 1 }],
    ['remove: false', { remove: false }],
    ['a promise', Promise.resolve()],
  ])('is refused: %s', (_, input) => {
    expect(refused(input)?.code).toBe('invalid_input')
  })

  it.each<[string, unknown]>([
    ['a proxy that throws itself', hostile],
    ['a revoked proxy', revoked],
    ['a value that is a proxy that throws itself', { value: hostile }],
    ['a value that is a revoked proxy', { value: { deep: [revoked] } }],
    ['a merge patch that is one', { merge: hostile }],
    ['a patch that is one', { patch: hostile }],
    ['a patch of a revoked proxy', { patch: revoked }],
    ['an operation that is one', { patch: [hostile] }],
    ['an operation whose value is one', { patch: [{ op: 'add', path: '/n', value: hostile }] }],
    ['a patch that says it has no end', { patch: new Proxy([], { get: (_, key) => (key === 'length' ? 1e9 : []) }) }],
    ['a value in itself', { value: loop }],
    ['a merge patch in itself', { merge: { loop } }],
    ['an operation with a value in itself', { patch: [{ op: 'add', path: '/n', value: loop }] }],
    [
      'an edit that puts a value into itself',
      (flag: Flag) => {
        flag.note = loop
      },
    ],
    [
      'an edit that puts the draft into itself',
      (flag: Flag) => {
        flag.note = { flag }
      },
    ],
    [
      'an edit that throws a proxy',
      () => {
        throw hostile
      },
    ],
    [
      'an edit that throws what has no text',
      () => {
        throw Object.create(null)
      },
    ],
    [
      'an edit that throws an error without a message',
      () => {
        throw Object.defineProperty(new TypeError(), 'message', {
          get: () => {
            throw hostile
          },
        })
      },
    ],
    [
      'an edit that is async',
      async (flag: Flag) => {
        flag.enabled = false
      },
    ],
    [
      'an edit that answers with what has a hostile then',
      () =>
        Object.defineProperty({}, 'then', {
          get: () => {
            throw hostile
          },
        }),
    ],
    [
      'an edit that makes a date',
      (flag: Flag) => {
        flag.note = new Date(0)
      },
    ],
    [
      'an edit that makes a hole',
      (flag: Flag) => {
        flag.note = [undefined, 1]
      },
    ],
    [
      'an edit that makes a getter',
      (flag: Flag) => {
        flag.note = {
          get n() {
            return 1
          },
        }
      },
    ],
    [
      'an edit that removes what cannot be',
      (flag: Flag) => {
        flag.note = undefined
      },
    ],
    ['a class', class {}],
    ['a generator', function* () {}],
  ])('[J9] is refused, and never thrown: %s', (_, input) => {
    const text = canonical(before)
    const refusal = refused(input)
    expect(['invalid_input', 'invalid_document', 'invalid_patch']).toContain(refusal?.code)
    expect(typeof refusal?.message).toBe('string')
    expect(canonical(before)).toBe(text)
  })

  it('[A8] is read once: an object with a getter is refused without its being run', () => {
    let runs = 0
    const input = {
      get value() {
        return ++runs
      },
    }
    expect(refused(input)).toBeDefined()
    expect(runs).toBe(0)
  })
})
