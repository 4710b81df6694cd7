import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  admit,
  applyPatch,
  canonical,
  compileShape,
  defaultPatchLimits,
  type JsonValue,
  type PatchLimits,
  parseJson,
  patchOf,
} from '../../../src/core.ts'
import { done } from './done.ts'

const refusalOf = (document: unknown, patch: unknown, limits?: Partial<PatchLimits>) => {
  const result = applyPatch(done(admit(document)), patch, { ...defaultPatchLimits, ...limits })
  return result.ok ? undefined : result.refusal.details
}
const applied = (document: unknown, patch: unknown) => done(applyPatch(done(admit(document)), patch))

interface SuiteCase {
  readonly comment?: string
  readonly doc: unknown
  readonly patch: unknown
  readonly expected?: unknown
  readonly error?: string
}
const suites = ['tests', 'spec_tests'].map((name) => `../shared/data/rfc6902/${name}.json`)

describe.skipIf(!suites.every((path) => existsSync(path)))(
  'the suite json-patch-tests (needs ../shared/data/rfc6902)',
  () => {
    for (const path of suites) {
      const cases = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as readonly SuiteCase[]) : []
      it.each(cases.map((one, i) => [`${i}: ${one.comment ?? one.error ?? ''}`, one] as const))(
        `${path} %s`,
        (_, one) => {
          const document = done(admit(one.doc))
          const text = canonical(document)
          const result = applyPatch(document, one.patch)
          if (one.error !== undefined && !one.error.includes("two 'op' members")) expect(result.ok).toBe(false)
          else if (one.expected !== undefined)
            expect(canonical(done(result))).toBe(canonical(done(admit(one.expected))))
          expect(canonical(document)).toBe(text)
        },
      )
    }
  },
)

describe('a JSON Patch', () => {
  it('leaves the document as it is, shares what it does not touch, and freezes what it makes', () => {
    const document = done(admit({ a: { n: 1 }, b: { m: [1, 2] }, c: [{ x: 1 }, { y: 2 }] })) as Record<
      string,
      JsonValue
    >
    const text = canonical(document)
    const next = done(
      applyPatch(document, [
        { op: 'replace', path: '/a/n', value: 2 },
        { op: 'add', path: '/c/1/z', value: { deep: [] } },
      ]),
    ) as Record<string, JsonValue>
    expect(canonical(document)).toBe(text)
    expect(next['b']).toBe(document['b'])
    expect((next['c'] as JsonValue[])[0]).toBe((document['c'] as JsonValue[])[0])
    const made = [
      next,
      next['a'],
      next['c'],
      (next['c'] as JsonValue[])[1],
      (next['c'] as { z: { deep: [] } }[])[1]?.z.deep,
    ]
    for (const part of made) expect(part).toSatisfy(Object.isFrozen)
  })

  it('keeps apart what it copied: a change of one is none of the other', () => {
    const patch = [
      { op: 'replace', path: '/a/x/n', value: 1 },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'replace', path: '/b/x/n', value: 2 },
      { op: 'replace', path: '/a/x/m', value: 3 },
    ]
    expect(applied({ a: { x: { n: 0, m: 0 } } }, patch)).toEqual({ a: { x: { n: 1, m: 3 } }, b: { x: { n: 2, m: 0 } } })
  })

  it('moves what it made before', () => {
    const patch = [
      { op: 'add', path: '/a', value: { n: 1 } },
      { op: 'replace', path: '/a/n', value: 2 },
      { op: 'move', from: '/a', path: '/b' },
      { op: 'replace', path: '/b/n', value: 3 },
    ]
    expect(applied({}, patch)).toEqual({ b: { n: 3 } })
  })

  it('[J5] does all of its operations or none', () => {
    const document = done(admit({ a: { n: 1 }, list: [1, 2, 3] }))
    const text = canonical(document)
    const good = [
      { op: 'replace', path: '/a/n', value: 9 },
      { op: 'add', path: '/list/-', value: 4 },
      { op: 'remove', path: '/list/0' },
    ]
    for (let k = 0; k <= good.length; k++) {
      const patch = [...good.slice(0, k), { op: 'test', path: '/a/n', value: 'never' }, ...good.slice(k)]
      const result = applyPatch(document, patch)
      expect(result.ok ? undefined : result.refusal.details).toMatchObject({ operation: k, path: '/a/n' })
      expect(canonical(document)).toBe(text)
    }
  })

  it('[B9] leaves what it does not mention', () => {
    expect(applied({ a: 1, b: { c: 2 }, d: [3] }, [{ op: 'add', path: '/e', value: 4 }])).toEqual({
      a: 1,
      b: { c: 2 },
      d: [3],
      e: 4,
    })
  })
})

describe('[J3] a path of a patch', () => {
  const document = { 'a/b': 1, 'm~n': 2, '~1': 3, '': { '': 4 }, '%2F': 5, list: [10, 11] }

  it.each([
    ['/a~1b', 1],
    ['/m~0n', 2],
    ['/~01', 3],
    ['//', 4],
    ['/%2F', 5],
    ['/list/0', 10],
    ['/list/1', 11],
  ])('%s leads to the one value of RFC 6901', (path, value) => {
    expect(refusalOf(document, [{ op: 'test', path, value }])).toBeUndefined()
    expect(refusalOf(document, [{ op: 'replace', path, value: 'x' }])).toBeUndefined()
  })

  const indices = [
    '01',
    '+1',
    '-1',
    '1e0',
    '1.0',
    ' 1',
    '1 ',
    '0x1',
    '٠',
    'length',
    '2',
    '4294967295',
    '4294967296',
    '9007199254740993',
    '',
    '-0',
    'NaN',
  ]
  it.each(indices)('%j is no index of an array of two', (index) => {
    const path = `/list/${index}`
    for (const patch of [
      [{ op: 'test', path, value: 11 }],
      [{ op: 'replace', path, value: 1 }],
      [{ op: 'remove', path }],
      [{ op: 'copy', from: path, path: '/x' }],
      [{ op: 'move', from: path, path: '/x' }],
      [{ op: 'add', path: `${path}/x`, value: 1 }],
    ]) {
      expect([patch, refusalOf(document, patch)?.operation]).toEqual([patch, 0])
    }
    if (index !== '2') expect(refusalOf(document, [{ op: 'add', path, value: 1 }])?.operation).toBe(0)
  })

  it('may end with - to add behind the last item, and only then', () => {
    expect(applied({ list: [1] }, [{ op: 'add', path: '/list/-', value: 2 }])).toEqual({ list: [1, 2] })
    for (const op of ['replace', 'remove', 'test', 'copy', 'move']) {
      const patch = [{ op, path: op === 'copy' || op === 'move' ? '/x' : '/list/-', from: '/list/-', value: 1 }]
      expect(refusalOf({ list: [1] }, patch)).toBeDefined()
    }
    expect(refusalOf({ list: [{}] }, [{ op: 'add', path: '/list/-/x', value: 1 }])).toBeDefined()
  })

  it.each(['a', '/~', '/~2', '/a~', '#/a', 'list/0'])('%j is refused', (path) => {
    expect(refusalOf(document, [{ op: 'add', path, value: 1 }])?.problem).toContain('RFC 6901')
    expect(refusalOf(document, [{ op: 'copy', from: path, path: '/x' }])?.problem).toContain('RFC 6901')
  })

  it.each([undefined, null, 1, {}, ['a']])('is a text, and not %j', (path) => {
    expect(refusalOf(document, [{ op: 'remove', path }])?.problem).toBe('path is missing')
  })
})

describe('[J1] names of prototypes in a patch', () => {
  const names = ['__proto__', 'constructor', 'prototype']
  const paths = [
    ...names.map((name) => `/${name}`),
    ...names.map((name) => `/${name}/polluted`),
    ...names.map((name) => `/a/${name}/polluted`),
    ...names.map((name) => `/list/${name}/polluted`),
    ...names.map((name) => `/list/0/${name}`),
    '/constructor/prototype/polluted',
    '/a/constructor/prototype',
    '/toString/constructor/polluted',
    '/__proto__/toString',
  ]
  const document = { a: { b: 1 }, list: [{}] }
  const shapeOf = (object: object) => JSON.stringify(Reflect.ownKeys(object).map(String).sort())
  const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
  let before: readonly string[]
  beforeAll(() => {
    before = prototypes.map(shapeOf)
  })
  afterAll(() => {
    expect(prototypes.map(shapeOf)).toEqual(before)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it.each(paths)('are refused in path and from, in every operation: %s', (path) => {
    for (const op of ['add', 'replace', 'test', 'remove', 'move', 'copy']) {
      const there = { op, path, from: '/a', value: { polluted: true } }
      expect([op, refusalOf(document, [there])?.problem]).toEqual([op, expect.stringContaining('which is refused')])
      if (op === 'move' || op === 'copy') {
        expect(refusalOf(document, [{ op, from: path, path: '/x' }])?.problem).toContain('which is refused')
      }
    }
  })

  it('are refused as keys of a value only where they can do harm', () => {
    expect(
      refusalOf(document, [{ op: 'add', path: '/x', value: JSON.parse('{"__proto__":{"polluted":1}}') }]),
    ).toBeDefined()
    expect(applied({}, [{ op: 'add', path: '/x', value: { constructor: 1 } }])).toEqual({ x: { constructor: 1 } })
  })

  it('that no document has are no values: only own ones are', () => {
    for (const name of ['toString', 'valueOf', 'hasOwnProperty', 'length', 'map']) {
      for (const parent of ['', '/a', '/list', '/a/b']) {
        expect(refusalOf(document, [{ op: 'copy', from: `${parent}/${name}`, path: '/x' }])).toBeDefined()
        expect(refusalOf(document, [{ op: 'add', path: `${parent}/${name}/polluted`, value: 1 }])).toBeDefined()
        for (const op of ['replace', 'remove', 'test']) {
          expect(refusalOf(document, [{ op, path: `${parent}/${name}`, value: 1 }])?.problem).toBeDefined()
        }
      }
    }
  })

  it('are written around by the patches that are made here', () => {
    const shape = compileShape({})
    const [before, after] = [{ a: { constructor: { x: 1 } } }, { a: { constructor: { x: 2 } } }].map((value) =>
      done(admit(value)),
    )
    const patch = patchOf(before as JsonValue, after as JsonValue, shape)
    expect(patch).toEqual([{ op: 'replace', path: '/a', value: { constructor: { x: 2 } } }])
    expect(done(applyPatch(before as JsonValue, patch))).toEqual(after)
  })
})

describe('[J4] a patch that asks for more and more', () => {
  it('cannot double a document thirty times', () => {
    const patch = Array.from({ length: 30 }, (_, i) => ({ op: 'copy', from: '', path: `/${i}` }))
    const small = Array.from({ length: 300 }, (_, i) => `text ${i}`)
    expect(refusalOf({ small }, patch)?.problem).toMatch(/500000 values|8388608 bytes/)
  })

  it('cannot copy one long text ten thousand times', () => {
    const patch = Array.from({ length: 10_000 }, (_, i) => ({ op: 'copy', from: '/long', path: `/${i}` }))
    expect(refusalOf({ long: 'x'.repeat(1_000_000) }, patch)).toMatchObject({
      operation: 8,
      problem: 'it is larger than 8388608 bytes',
    })
  })

  it('cannot move a value into itself', () => {
    for (const path of ['/a/b', '/a/x', '/a/b/c/d']) {
      expect(refusalOf({ a: { b: { c: {} } } }, [{ op: 'move', from: '/a', path }])?.problem).toBe(
        'a value cannot move into itself',
      )
    }
    expect(refusalOf({ a: 1 }, [{ op: 'move', from: '', path: '/a' }])?.problem).toBe('a value cannot move into itself')
    expect(applied({ a: 1, ab: 2 }, [{ op: 'move', from: '/a', path: '/ab' }])).toEqual({ ab: 1 })
    expect(applied({ a: 1 }, [{ op: 'move', from: '/a', path: '/a' }])).toEqual({ a: 1 })
  })

  it('[M2] cannot nest the document deeper than the limits, however slowly', () => {
    const wrap = (i: number) => [
      { op: 'add', path: `/${i + 1}`, value: {} },
      { op: 'move', from: `/${i}`, path: `/${i + 1}/x` },
    ]
    const patch = Array.from({ length: 200 }, (_, i) => wrap(i)).flat()
    expect(refusalOf({ 0: 1 }, patch)?.problem).toBe('the document would be nested deeper than 100 levels')
    expect(refusalOf({ 0: 1 }, patch.slice(0, 2 * 99))).toBeUndefined()
    expect(refusalOf({ 0: 1 }, patch.slice(0, 2 * 100))?.operation).toBe(199)
  })

  it('[M2] cannot come with a value, or a path, of a million levels', () => {
    const deep = Array.from({ length: 1_000_000 }).reduce<unknown>((inner) => [inner], 1)
    expect(refusalOf({}, [{ op: 'add', path: '/a', value: deep }])?.problem).toContain('100 levels')
    expect(refusalOf({}, [{ op: 'test', path: '', value: deep }])?.problem).toContain('100 levels')
    expect(refusalOf({}, [{ op: 'remove', path: '/a'.repeat(400_000) }])?.problem).toContain('100 levels')
  })

  it('cannot make the library copy the same large object again and again', () => {
    const wide = Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`k${i}`, 0]))
    const patch = Array.from({ length: 5_000 }, () => [
      { op: 'copy', from: '/x', path: '/y' },
      { op: 'replace', path: '/wide/k0', value: 1 },
    ]).flat()
    expect(refusalOf({ wide, x: 1 }, patch)?.problem).toContain('500000 values')
  })
})

describe('[M3] the limits of a patch', () => {
  const tests = (n: number) => Array.from({ length: n }, () => ({ op: 'test', path: '', value: 1 }))

  it('take 10,000 operations, and refuse one more before any is done', () => {
    expect(refusalOf(1, tests(10_000))).toBeUndefined()
    expect(refusalOf(1, tests(10_001))?.problem).toBe('a patch has at most 10000 operations')
    const endless: unknown[] = []
    endless.length = 4_294_967_295
    expect(refusalOf(1, endless)?.problem).toBe('a patch has at most 10000 operations')
  })

  it.each<[keyof PatchLimits, number, readonly object[]]>([
    ['operations', 2, [0, 1].map((i) => ({ op: 'test', path: `/e/${i}`, value: i + 1 }))],
    ['depth', 3, [{ op: 'add', path: '/a/b', value: [1] }]],
    ['depth', 4, [{ op: 'copy', from: '/a', path: '/a/c' }]],
    ['work', 5, [{ op: 'add', path: '/x', value: [1, 2] }]],
    ['members', 3, [{ op: 'add', path: '/x', value: [1, 2, 3] }]],
    ['textLength', 4, [{ op: 'add', path: '/x', value: 'four' }]],
    ['bytes', 9, [{ op: 'add', path: '/x', value: ['abcde'] }]],
    ['bytes', 18, [{ op: 'copy', from: '/a', path: '/c' }]],
  ])('take as much as %s = %i allows, and refuse one more', (limit, most, patch) => {
    const document = { a: { b: {}, n: 12345 }, e: [1, 2] }
    expect(refusalOf(document, patch, { [limit]: most })).toBeUndefined()
    expect(refusalOf(document, patch, { [limit]: most - 1 })).toBeDefined()
  })
})

describe('what is no patch', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'a patch is an array'],
    ['an object', { op: 'add' }, 'a patch is an array'],
    ['a text', 'add', 'a patch is an array'],
    ['an array of texts', ['add'], 'an operation is an object'],
    ['an array with holes', new Array(2), 'an operation is an object'],
    ['an unknown operation', [{ op: 'merge', path: '' }], 'op is none of add, remove, replace, move, copy, test'],
    [
      'an operation of Object.prototype',
      [{ op: 'toString', path: '' }],
      'op is none of add, remove, replace, move, copy, test',
    ],
    ['no operation', [{ path: '' }], 'op is none of add, remove, replace, move, copy, test'],
    ['no value', [{ op: 'add', path: '/a' }], 'value is missing'],
    ['no origin', [{ op: 'copy', path: '/a' }], 'from is missing'],
    ['a removal of the document', [{ op: 'remove', path: '' }], 'a patch cannot remove the whole document'],
    ['a missing parent', [{ op: 'add', path: '/a/b/c', value: 1 }], 'there is no such value'],
    ['a path into a scalar', [{ op: 'add', path: '/n/b', value: 1 }], 'the path leads into a scalar'],
  ])('is refused: %s', (_, patch, problem) => {
    expect(refusalOf({ n: 1 }, patch)?.problem).toBe(problem)
  })

  it('[J9] is one whose values are no JSON', () => {
    for (const value of [undefined, Number.NaN, 1n, new Date(0), () => 1, '\ud800', [undefined]]) {
      expect(refusalOf({}, [{ op: 'add', path: '/a', value }])).toBeDefined()
      expect(refusalOf({}, [{ op: 'test', path: '', value }])).toBeDefined()
    }
    const throwing = new Proxy([], {
      get: () => {
        throw new RangeError('no')
      },
    })
    expect(refusalOf({}, throwing)?.problem).toBe('the patch cannot be read')
  })

  it('[A8] is not asked twice: an operation that answers differently each time counts as it was read', () => {
    const answers = ['/a', '/secret']
    const shifty = {
      op: 'add',
      value: 1,
      get path() {
        return answers.shift()
      },
    }
    expect(applied({}, [shifty])).toEqual({ a: 1 })
  })

  it('[J1] is one that has its members from a prototype', () => {
    expect(refusalOf({}, [Object.create({ op: 'add', path: '/a', value: 1 })])).toBeDefined()
    expect(refusalOf({}, [Object.assign(Object.create({ value: 1 }), { op: 'add', path: '/a' })])?.problem).toBe(
      'value is missing',
    )
  })

  it('[J12] is text in which an operation has a member twice', () => {
    expect(parseJson('[{"op":"add","path":"/a","value":1,"op":"remove"}]').ok).toBe(false)
  })
})
