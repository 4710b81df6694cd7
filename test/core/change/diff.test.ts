import { describe, expect, it } from 'vitest'
import {
  applyPatch,
  type ChangedPlace,
  compileShape,
  diff,
  type JsonValue,
  keyedBy,
  list,
  set,
} from '../../../src/core.ts'
import { done } from './done.ts'

const shape = compileShape({
  '/rules': keyedBy('id'),
  '/rules/*/variants': keyedBy('key'),
  '/tags': set(),
  '/steps': list(),
})
const places = (before: JsonValue | undefined, after: JsonValue | undefined): readonly ChangedPlace[] =>
  done(diff(before, after, shape))

describe('the places of a change', () => {
  it('are as deep as the difference', () => {
    const before = { name: 'a', limits: { amount: 1, currency: 'EUR' }, old: { x: 1 } }
    const after = { name: 'a', limits: { amount: 2, currency: 'EUR' }, new: { y: 1 } }
    expect(places(before, after)).toEqual([
      { type: 'changed', path: '/limits/amount', before: 1, after: 2 },
      { type: 'removed', path: '/old', before: { x: 1 } },
      { type: 'added', path: '/new', after: { y: 1 } },
    ])
  })

  it('are the whole document where it did not exist, or no longer does', () => {
    expect(places(undefined, { a: 1 })).toEqual([{ type: 'added', path: '', after: { a: 1 } }])
    expect(places({ a: 1 }, undefined)).toEqual([{ type: 'removed', path: '', before: { a: 1 } }])
    expect(places(undefined, undefined)).toEqual([])
  })

  it('tell a value from another one of any other type', () => {
    const values: readonly JsonValue[] = [null, 0, '', false, [], {}, 1, '1', true, [0], { 0: 0 }, '0']
    for (const [i, one] of values.entries()) {
      for (const [j, other] of values.entries()) {
        expect(places({ at: one }, { at: other })).toHaveLength(
          i === j ? 0 : places({ at: one }, { at: other }).length || 99,
        )
      }
    }
  })

  it('do not depend on the order of keys', () => {
    expect(places({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toEqual([])
  })

  it('[J8] tell apart names that only look alike', () => {
    expect(places({ 'a.b': 1 }, { a: { b: 1 } }).map(({ path }) => path)).toEqual(['/a.b', '/a'])
    expect(places({ 'a/b': 1 }, { a: { b: 1 } }).map(({ path }) => path)).toEqual(['/a~1b', '/a'])
    expect(places({ amount: 1 }, { Amount: 1 }).map(({ path }) => path)).toEqual(['/amount', '/Amount'])
    expect(places({ é: 1 }, { 'e\u0301': 1 })).toHaveLength(2)
  })

  it('[J2] know only own keys', () => {
    const parsed = (text: string): JsonValue => JSON.parse(text)
    expect(places(parsed('{}'), parsed('{"toString":1,"constructor":2}'))).toEqual([
      { type: 'added', path: '/toString', after: 1 },
      { type: 'added', path: '/constructor', after: 2 },
    ])
    expect(places(parsed('{"__proto__":1}'), parsed('{}'))).toEqual([
      { type: 'removed', path: '/__proto__', before: 1 },
    ])
    expect(places(parsed('{"a":1}'), parsed('{"__proto__":{"a":1}}')).map(({ path }) => path)).toEqual([
      '/a',
      '/__proto__',
    ])
  })
})

describe('the places of a keyed list', () => {
  const rule = (id: string, rollout = 0) => ({ id, rollout })

  it('are those of the items, whatever their positions', () => {
    const before = { rules: [rule('a', 1), rule('b', 2)] }
    expect(places(before, { rules: [rule('new'), rule('a', 1), rule('b', 3)] })).toEqual([
      { type: 'changed', path: '/rules/b/rollout', before: 2, after: 3 },
      { type: 'added', path: '/rules/new', after: rule('new'), position: 0 },
    ])
    expect(places(before, { rules: [rule('b', 2)] })).toEqual([
      { type: 'removed', path: '/rules/a', before: rule('a', 1) },
    ])
  })

  it('say where an item was inserted: a rule in front is not a rule at the end', () => {
    const before = { rules: [rule('a')] }
    expect(places(before, { rules: [rule('x'), rule('a')] })).not.toEqual(
      places(before, { rules: [rule('a'), rule('x')] }),
    )
  })

  it('say once that the order is another one', () => {
    expect(
      places({ rules: [rule('a'), rule('b'), rule('c')] }, { rules: [rule('c'), rule('a'), rule('b', 1)] }),
    ).toEqual([
      { type: 'changed', path: '/rules/b/rollout', before: 0, after: 1 },
      { type: 'moved', path: '/rules', before: ['a', 'b', 'c'], after: ['c', 'a', 'b'] },
    ])
  })

  it('are found in keyed lists inside keyed lists', () => {
    const of = (weight: number) => ({
      rules: [
        {
          id: 'a',
          variants: [
            { key: 'on', weight },
            { key: 'off', weight: 1 },
          ],
        },
      ],
    })
    expect(places(of(1), of(2))).toEqual([
      { type: 'changed', path: '/rules/a/variants/on/weight', before: 1, after: 2 },
    ])
  })

  it('take a number and the text that reads alike as one key', () => {
    expect(places({ rules: [{ id: 1, n: 1 }] }, { rules: [{ id: '1', n: 1 }] })).toEqual([
      { type: 'changed', path: '/rules/1/id', before: 1, after: '1' },
    ])
  })

  it('take any text as a key, names of prototypes included', () => {
    const ids = ['__proto__', 'constructor', 'hasOwnProperty', '', '/', '~']
    const before = { rules: ids.map((id) => rule(id, 1)) }
    const after = { rules: ids.map((id) => rule(id, 2)).reverse() }
    expect(places(before, after).map(({ path }) => path)).toEqual([
      '/rules/__proto__/rollout',
      '/rules/constructor/rollout',
      '/rules/hasOwnProperty/rollout',
      '/rules//rollout',
      '/rules/~1/rollout',
      '/rules/~0/rollout',
      '/rules',
    ])
  })
})

describe('the places of other lists', () => {
  it('of a set are its values, which have no order', () => {
    expect(places({ tags: ['a', 'b', 1] }, { tags: [1, 'c', 'b'] })).toEqual([
      { type: 'removed', path: '/tags/a', before: 'a' },
      { type: 'added', path: '/tags/c', after: 'c' },
    ])
    expect(places({ tags: [{ a: 1, b: [2] }] }, { tags: [{ b: [2], a: 1 }, { b: 2 }] })).toEqual([
      { type: 'added', path: '/tags/{"b":2}', after: { b: 2 } },
    ])
    expect(places({ tags: [1] }, { tags: ['1'] })).toEqual([
      { type: 'changed', path: '/tags/1', before: 1, after: '1' },
    ])
  })

  it('of a list() are positions: an insertion changes none of the others', () => {
    expect(places({ steps: ['a', 'b', 'c'] }, { steps: ['a', 'x', 'b', 'c', 'y'] })).toEqual([
      { type: 'added', path: '/steps/1', after: 'x' },
      { type: 'added', path: '/steps/4', after: 'y' },
    ])
    expect(places({ steps: ['a', 'b', 'c', 'd'] }, { steps: ['a', 'B', 'd'] })).toEqual([
      { type: 'changed', path: '/steps/1', before: 'b', after: 'B' },
      { type: 'removed', path: '/steps/2', before: 'c' },
    ])
    expect(places({ steps: [1] }, { steps: ['1'] })).toEqual([
      { type: 'changed', path: '/steps/0', before: 1, after: '1' },
    ])
  })

  it('of an undeclared list are the list', () => {
    expect(places({ values: [1, 2] }, { values: [2, 1] })).toEqual([
      { type: 'changed', path: '/values', before: [1, 2], after: [2, 1] },
    ])
  })
})

describe('a document that breaks its shape', () => {
  const good = { rules: [{ id: 'a' }], n: 1 }
  const twice = { rules: [{ id: 'a' }, { id: 'a' }], n: 1 }

  it('is refused as the next one, by name and path', () => {
    const refused = diff(good, twice, shape)
    expect(refused.ok ? '' : refused.refusal.details).toEqual({ path: '/rules/1', problem: '"a" is in the list twice' })
    expect(diff(undefined, twice, shape).ok).toBe(false)
    expect(diff({ rules: 'none' }, twice, shape).ok).toBe(false)
    expect(diff({}, twice, shape).ok).toBe(false)
    expect(diff({ rules: [] }, { rules: [{ id: 'a', variants: [{}] }] }, shape).ok).toBe(false)
  })

  it('can be mended, and changed where it is not broken', () => {
    expect(places(twice, good)).toEqual([{ type: 'changed', path: '/rules', before: twice.rules, after: good.rules }])
    expect(places(twice, { ...twice, n: 2 })).toEqual([{ type: 'changed', path: '/n', before: 1, after: 2 }])
    expect(places(twice, undefined)).toHaveLength(1)
  })
})

describe('what costs nothing', () => {
  it('is a subtree that both documents share: it is not looked at', () => {
    const untouchable = new Proxy(
      {},
      {
        get: () => {
          throw new RangeError('looked at')
        },
        ownKeys: () => {
          throw new RangeError('looked at')
        },
      },
    )
    const before = { big: untouchable, rules: [{ id: 'a', big: untouchable }], tags: [], n: 1 }
    expect(places(before, { ...before, n: 2 })).toEqual([{ type: 'changed', path: '/n', before: 1, after: 2 }])
    expect(places(before, { ...before, rules: [{ id: 'a', big: untouchable, m: 1 }] })).toHaveLength(1)
  })

  it('[M5] is none of 20,000 items compared with each of the others', () => {
    const items = (from: number) => Array.from({ length: 20_000 }, (_, i) => ({ id: `r${from + i}`, n: i }))
    const reversed = [...items(0)].reverse()
    expect(places({ rules: items(0) }, { rules: reversed })).toHaveLength(1)
    expect(places({ rules: items(0) }, { rules: items(10_000) })).toHaveLength(10_000 * 3)
    expect(places({ steps: items(0) }, { steps: reversed }).length).toBeGreaterThan(19_000)
    expect(places({ steps: items(0) }, { steps: items(20_000) })).toHaveLength(20_000)
    const [same, mixed] = [items(0).map(() => 'a'), items(0).map((_, i) => (i % 2 ? 'a' : 'b'))]
    expect(places({ steps: same }, { steps: mixed }).length).toBeLessThan(20_001)
  })
})

describe('[J7] the places that a patch touches', () => {
  const before: JsonValue = {
    limits: { amount: 100, currency: 'EUR' },
    rules: [
      { id: 'a', rollout: 1 },
      { id: 'b', rollout: 2 },
    ],
    x: 1,
  }
  const limits = { amount: 500, currency: 'EUR' }

  it.each<[string, readonly object[]]>([
    ['the value is replaced', [{ op: 'replace', path: '/limits/amount', value: 500 }]],
    ['it is added over itself', [{ op: 'add', path: '/limits/amount', value: 500 }]],
    ['its parent is replaced', [{ op: 'replace', path: '/limits', value: limits }]],
    ['the whole document is replaced', [{ op: 'replace', path: '', value: { ...before, limits } }]],
    [
      'it is removed and added',
      [
        { op: 'remove', path: '/limits/amount' },
        { op: 'add', path: '/limits/amount', value: 500 },
      ],
    ],
    [
      'its parent is removed and added',
      [
        { op: 'remove', path: '/limits' },
        { op: 'add', path: '/limits', value: limits },
      ],
    ],
    [
      'another value is moved there',
      [
        { op: 'add', path: '/y', value: 500 },
        { op: 'move', from: '/y', path: '/limits/amount' },
      ],
    ],
    [
      'another object is copied there',
      [
        { op: 'add', path: '/y', value: limits },
        { op: 'copy', from: '/y', path: '/limits' },
        { op: 'remove', path: '/y' },
      ],
    ],
    [
      'it is built elsewhere and moved over the document',
      [
        { op: 'add', path: '/y', value: { ...before, limits } },
        { op: 'move', from: '/y', path: '' },
      ],
    ],
  ])('are the same, however the patch is spelled: %s', (_, patch) => {
    const after = done(applyPatch(before, patch))
    expect(places(before, after)).toEqual([{ type: 'changed', path: '/limits/amount', before: 100, after: 500 }])
  })

  it('are those of the item that is changed, and not of the index that is named', () => {
    const shifted = done(
      applyPatch(before, [
        { op: 'add', path: '/rules/0', value: { id: 'new', rollout: 0 } },
        { op: 'replace', path: '/rules/1/rollout', value: 99 },
        { op: 'remove', path: '/rules/0' },
      ]),
    )
    expect(places(before, shifted)).toEqual([{ type: 'changed', path: '/rules/a/rollout', before: 1, after: 99 }])
  })

  it('are none for a patch that changes nothing in the end', () => {
    const moved = [
      { op: 'move', from: '/x', path: '/y' },
      { op: 'move', from: '/y', path: '/x' },
      { op: 'test', path: '/x', value: 1 },
    ]
    expect(places(before, done(applyPatch(before, moved)))).toEqual([])
  })
})

describe('[K3] splitting one big change in many small ones', () => {
  it('is out of scope here: each step has only its own places; a rule over time is one of the policies', () => {
    const steps = [40, 50, 60, 70, 80].map((rollout) => ({ rollout }))
    const sizes = steps.slice(1).map((step, i) => {
      const [place] = places(steps[i], step)
      return place?.type === 'changed' ? Number(place.after) - Number(place.before) : Number.NaN
    })
    expect(sizes).toEqual([10, 10, 10, 10])
  })
})
