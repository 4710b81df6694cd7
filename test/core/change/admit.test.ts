import { describe, expect, it } from 'vitest'
import { admit, canonical, defaultLimits, type Limits } from '../../../src/core.ts'
import { done } from './done.ts'

const problemOf = (value: unknown, limits?: Partial<Limits>) => {
  const result = admit(value, { ...defaultLimits, ...limits })
  return result.ok ? undefined : result.refusal.details
}

describe('admitting a value', () => {
  it('[A8] copies it once: what happens to the original afterwards changes nothing', () => {
    const original = { rules: [{ id: 'a', rollout: 40 }], name: 'checkout' }
    const admitted = done(admit(original))
    original.rules[0] = { id: 'a', rollout: 100 }
    original.name = 'other'
    expect(admitted).toEqual({ rules: [{ id: 'a', rollout: 40 }], name: 'checkout' })
  })

  it('[A8] freezes the copy at every depth, and leaves the original as it is', () => {
    const original = { a: [{ b: {} }] }
    const admitted = done(admit(original)) as unknown as typeof original
    for (const part of [admitted, admitted.a, admitted.a[0], admitted.a[0]?.b]) expect(part).toSatisfy(Object.isFrozen)
    expect(original).not.toSatisfy(Object.isFrozen)
  })

  it('keeps the order of keys, and takes objects without a prototype', () => {
    expect(Object.keys(done(admit({ z: 1, a: 2 })) as object)).toEqual(['z', 'a'])
    const bare = Object.assign(Object.create(null), { a: Object.assign(Object.create(null), { b: 1 }) })
    const admitted = done(admit(bare)) as object
    expect(admitted).toEqual({ a: { b: 1 } })
    expect(Object.getPrototypeOf(admitted)).toBe(Object.prototype)
  })

  it('takes the same object at two places as two values', () => {
    const shared = { n: 1 }
    expect(done(admit([shared, shared]))).toEqual([{ n: 1 }, { n: 1 }])
  })
})

describe('what is not plain JSON', () => {
  class Flag {
    rollout = 40
  }
  class Items extends Array<number> {}
  const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false })
  const holed = [1, 2, 3]
  delete holed[1]
  const cycle: Record<string, unknown> = {}
  cycle['self'] = { again: cycle }

  it.each<[string, unknown, string]>([
    ['undefined', { a: undefined }, '/a'],
    ['undefined itself', undefined, ''],
    ['a function', [() => 1], '/0'],
    ['a symbol', { a: Symbol('x') }, '/a'],
    ['a bigint', { a: [1n] }, '/a/0'],
    ['a date', { at: new Date(0) }, '/at'],
    ['a map', { a: new Map() }, '/a'],
    ['a set', new Set([1]), ''],
    ['a regular expression', { a: /x/ }, '/a'],
    ['a buffer', { a: new Uint8Array(2) }, '/a'],
    ['a wrapped text', { a: Object('x') }, '/a'],
    ['an instance of a class', { flag: new Flag() }, '/flag'],
    ['an instance of a subclass of arrays', { items: new Items(1, 2) }, '/items'],
    ['an object that inherits data', Object.create({ inherited: 1 }), ''],
    ['a hole', holed, '/1'],
    ['a hidden key', hidden, '/b'],
    ['a symbol as a key', { a: { [Symbol('x')]: 1 } }, '/a'],
    ['a toJSON function', { a: { toJSON: () => 1 } }, '/a/toJSON'],
    ['a cycle', cycle, '/self/again'.repeat(50)],
  ])('[J9, J10] is refused, with its place: %s', (_, value, path) => {
    expect(problemOf(value)?.path).toBe(path)
  })

  it('[J9, A8] is refused without one getter being run', () => {
    const reads: string[] = []
    const tricky = {
      get amount() {
        reads.push('amount')
        return reads.length > 1 ? 1_000_000 : 1
      },
    }
    expect(problemOf({ change: tricky })?.path).toBe('/change/amount')
    expect(reads).toEqual([])
  })

  it('[J9] is refused where a proxy throws', () => {
    const keepOut = () => {
      throw new RangeError('keep out')
    }
    expect(problemOf({ a: new Proxy({}, { ownKeys: keepOut }) })?.problem).toBe('it cannot be read (keep out)')
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    expect(problemOf(revoked.proxy)).toBeDefined()
  })

  it('[A8, J9] a proxy that answers differently each time is read once, and only what was read counts', () => {
    let reads = 0
    const shifty = new Proxy({ amount: 1 } as Record<string, unknown>, {
      get: () => {
        throw new RangeError('a getter ran')
      },
      getOwnPropertyDescriptor: () => ({ value: ++reads, enumerable: true, configurable: true, writable: true }),
    })
    const admitted = done(admit(shifty))
    expect(admitted).toEqual({ amount: 1 })
    expect(canonical(admitted)).toBe('{"amount":1}')
    expect(reads).toBe(1)
  })

  it('[A8] what an array has besides its items is left out, as in JSON', () => {
    const items = Object.assign([1, 2], { extra: 3, [Symbol('x')]: 4 })
    const admitted = done(admit({ items })) as { readonly items: object }
    expect(Reflect.ownKeys(admitted.items)).toEqual(['0', '1', 'length'])
  })
})

describe('names of prototypes in documents', () => {
  it('[J2] refuses an own key __proto__ at every depth, as JSON.parse makes them', () => {
    expect(problemOf(JSON.parse('{"__proto__": {"admin": true}}'))?.problem).toBe('the key __proto__ is refused')
    expect(problemOf(JSON.parse('{"a": [{"__proto__": 1}]}'))?.path).toBe('/a/0')
  })

  it('[J2] takes constructor, prototype and toString as the data that they are', () => {
    const text = '{"constructor":{"prototype":{"x":1}},"hasOwnProperty":2,"toString":3}'
    const admitted = done(admit(JSON.parse(text)))
    expect(canonical(admitted)).toBe(text)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

describe('numbers and texts', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53, -(2 ** 53), 1e21])(
    '[K1] refuses the number %s',
    (number) => expect(problemOf({ amount: number })?.path).toBe('/amount'),
  )

  it.each([0, -1, 0.1, 1e-7, 2 ** 53 - 1, -(2 ** 53 - 1), 5e-324])('[K1] takes the number %s', (number) =>
    expect(done(admit({ amount: number }))).toEqual({ amount: number }),
  )

  it('[K1, J10] takes minus zero as zero, in every place', () => {
    const admitted = done(admit({ a: -0, b: [-0], c: { d: -0 } })) as { a: number; b: number[]; c: { d: number } }
    for (const zero of [admitted.a, admitted.b[0], admitted.c.d, done(admit(-0))]) expect(Object.is(zero, 0)).toBe(true)
  })

  it.each(['\ud800', '\udc00', 'a\udfffb', '\ud83d', '\udc00\ud800', 'é\ud800é'])(
    '[K4] refuses half of a surrogate pair (%j)',
    (text) => {
      expect(problemOf({ name: text })?.path).toBe('/name')
      expect(problemOf({ [text]: 1 })?.problem).toBe('a text holds half of a surrogate pair')
    },
  )

  it('[K4] takes whole surrogate pairs, and any other text as it is', () => {
    const texts = ['😀', '\u0000', 'e\u0301', 'é', '\u202e', '\uffff', 'a"b\\c\n']
    for (const text of texts) expect(done(admit(text))).toBe(text)
  })
})

describe('limits', () => {
  const nested = (depth: number) => Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 1)
  const zeros = (length: number) => new Array<number>(length).fill(0)
  const textOf = (bytes: number) => 'x'.repeat(bytes - 2)

  it.each<[keyof Limits, number, (n: number) => unknown]>([
    ['depth', 5, nested],
    ['depth', 100, nested],
    ['nodes', 7, (n) => zeros(n - 1)],
    ['members', 4, zeros],
    ['members', 4, (n) => Object.fromEntries(zeros(n).map((zero, i) => [`k${i}`, zero]))],
    ['textLength', 10, (n) => 'x'.repeat(n)],
    ['textLength', 10, (n) => ({ ['k'.repeat(n)]: 1 })],
    ['bytes', 20, textOf],
    ['bytes', 20, (n) => ({ a: textOf(n - 6) })],
  ])('[M3] takes as much as %s = %i allows, and refuses one more', (limit, most, make) => {
    expect(problemOf(make(most), { [limit]: most })).toBeUndefined()
    expect(problemOf(make(most + 1), { [limit]: most })?.problem).toContain(String(most))
  })

  const largest: Readonly<Record<keyof Limits, (n: number) => unknown>> = {
    depth: nested,
    nodes: (n) => Array.from({ length: 20 }, (_, i) => zeros(i === 0 ? n - 21 - 19 * 25_000 : 25_000)),
    members: zeros,
    textLength: (n) => 'x'.repeat(n),
    bytes: (n) => Array.from({ length: 10 }, (_, i) => textOf(i === 0 ? n - 11 - 9 * 900_000 : 900_000)),
  }
  it.each(Object.entries(defaultLimits) as [keyof Limits, number][])(
    '[M3] has a default for %s, which is %i',
    (limit, most) => {
      expect(problemOf(largest[limit](most))).toBeUndefined()
      expect(problemOf(largest[limit](most + 1))?.problem).toContain(String(most))
    },
  )

  it('counts bytes as the canonical text has them', () => {
    const document = { name: 'Zoë "😀"\n\u0001', list: [1.5, true, null, -12, {}], empty: [] }
    const bytes = new TextEncoder().encode(canonical(done(admit(document)))).length
    expect(problemOf(document, { bytes })).toBeUndefined()
    expect(problemOf(document, { bytes: bytes - 1 })).toBeDefined()
  })

  it('[M2] refuses a document of a million levels, which recursion could not even look at', () => {
    const deep = nested(1_000_000)
    expect(() => JSON.stringify(deep)).toThrow(RangeError)
    expect(problemOf(deep)?.problem).toBe('it is nested deeper than 100 levels')
    const parsed: unknown = JSON.parse(`${'[{"a":'.repeat(500_000)}1${'}]'.repeat(500_000)}`)
    expect(problemOf(parsed)?.problem).toBe('it is nested deeper than 100 levels')
  })

  it('[M3] refuses a small graph that unfolds into a huge tree', () => {
    let laughs: unknown = 'ha'
    for (let i = 0; i < 60; i++) laughs = [laughs, laughs]
    expect(problemOf(laughs)?.problem).toContain('500000 values')
  })

  it('[M3] refuses an array that says it has four billion items, without making them', () => {
    const endless: unknown[] = []
    endless.length = 4_294_967_295
    expect(problemOf(endless)?.problem).toContain('50000')
  })
})
