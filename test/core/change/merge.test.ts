import { describe, expect, it } from 'vitest'
import {
  atomic,
  type Choice,
  type Conflict,
  type ConflictType,
  canonical,
  compileShape,
  type Digest,
  type JsonValue,
  keyedBy,
  list,
  type Merge,
  merge,
  type Resolution,
  resultConflict,
  type Shape,
  type Sides,
  set,
} from '../../../src/core.ts'
import { done } from './done.ts'

const shape: Shape = {
  '/rules': keyedBy('id'),
  '/rules/*/variants': keyedBy('id'),
  '/tags': set(),
  '/steps': list(),
  '/values': atomic(),
}
const compiled = compileShape(shape)
const mergeOf = (sides: Sides, resolutions: readonly Resolution[] = []): Merge =>
  done(merge(sides, compiled, resolutions))
const refusalOf = (sides: Sides, resolutions: readonly Resolution[]) => {
  const result = merge(sides, compiled, resolutions)
  return result.ok ? undefined : result.refusal
}
const onlyConflict = (sides: Sides): Conflict => {
  const { conflicts } = mergeOf(sides)
  expect(conflicts).toHaveLength(1)
  return conflicts[0] as Conflict
}
const rules = (...items: readonly JsonValue[]) => ({ rules: items })

/** One conflict, and what each resolution makes of the document. `both` is left out where it is not offered. */
interface Clash {
  readonly sides: Sides
  readonly type: ConflictType
  readonly id: string
  readonly value: JsonValue
  readonly makes: Readonly<Partial<Record<Choice, JsonValue | undefined>>>
}

const clashes: Readonly<Record<string, Clash>> = {
  'a field that both changed': {
    sides: { base: { n: 1 }, live: { n: 2 }, draft: { n: 3 } },
    type: 'both_changed',
    id: 'value:/n',
    value: 9,
    makes: { live: { n: 2 }, draft: { n: 3 }, value: { n: 9 } },
  },
  'a field that both added': {
    sides: { base: {}, live: { n: 2 }, draft: { n: 3 } },
    type: 'both_changed',
    id: 'value:/n',
    value: 9,
    makes: { live: { n: 2 }, draft: { n: 3 }, value: { n: 9 } },
  },
  'a field that live removed': {
    sides: { base: { n: 1 }, live: {}, draft: { n: 3 } },
    type: 'removed_and_changed',
    id: 'value:/n',
    value: 9,
    makes: { live: {}, draft: { n: 3 }, value: { n: 9 } },
  },
  'a field that the draft removed': {
    sides: { base: { n: 1 }, live: { n: 2 }, draft: {} },
    type: 'removed_and_changed',
    id: 'value:/n',
    value: 9,
    makes: { live: { n: 2 }, draft: {}, value: { n: 9 } },
  },
  'a field of two types': {
    sides: { base: { n: 1 }, live: { n: [1] }, draft: { n: { a: 1 } } },
    type: 'incompatible_type',
    id: 'value:/n',
    value: 'x',
    makes: { live: { n: [1] }, draft: { n: { a: 1 } }, value: { n: 'x' } },
  },
  'a field of an item of a keyed list': {
    sides: { base: rules({ id: 'eu', n: 1 }), live: rules({ id: 'eu', n: 2 }), draft: rules({ id: 'eu', n: 3 }) },
    type: 'both_changed',
    id: 'value:/rules/eu/n',
    value: 9,
    makes: { live: rules({ id: 'eu', n: 2 }), draft: rules({ id: 'eu', n: 3 }), value: rules({ id: 'eu', n: 9 }) },
  },
  'an item of a keyed list that live removed': {
    sides: {
      base: rules({ id: 'eu', n: 1 }, { id: 'us' }),
      live: rules({ id: 'us' }),
      draft: rules({ id: 'eu', n: 3 }, { id: 'us' }),
    },
    type: 'removed_and_changed',
    id: 'value:/rules/eu',
    value: { id: 'eu', n: 9 },
    makes: {
      live: rules({ id: 'us' }),
      draft: rules({ id: 'eu', n: 3 }, { id: 'us' }),
      value: rules({ id: 'eu', n: 9 }, { id: 'us' }),
    },
  },
  'an item of a keyed list that the draft removed': {
    sides: {
      base: rules({ id: 'eu', n: 1 }, { id: 'us' }),
      live: rules({ id: 'eu', n: 2 }, { id: 'us' }),
      draft: rules({ id: 'us' }),
    },
    type: 'removed_and_changed',
    id: 'value:/rules/eu',
    value: { id: 'eu', n: 9 },
    makes: {
      live: rules({ id: 'eu', n: 2 }, { id: 'us' }),
      draft: rules({ id: 'us' }),
      value: rules({ id: 'eu', n: 9 }, { id: 'us' }),
    },
  },
  'an item that both inserted into a keyed list': {
    sides: { base: rules(), live: rules({ id: 'eu', n: 2 }), draft: rules({ id: 'eu', n: 3 }) },
    type: 'both_changed',
    id: 'value:/rules/eu',
    value: { id: 'eu', n: 9 },
    makes: { live: rules({ id: 'eu', n: 2 }), draft: rules({ id: 'eu', n: 3 }), value: rules({ id: 'eu', n: 9 }) },
  },
  'an item of a keyed list inside a keyed list': {
    sides: {
      base: rules({ id: 'eu', variants: [{ id: 'a', weight: 1 }] }),
      live: rules({ id: 'eu', variants: [{ id: 'a', weight: 2 }] }),
      draft: rules({ id: 'eu', variants: [{ id: 'a', weight: 3 }] }),
    },
    type: 'both_changed',
    id: 'value:/rules/eu/variants/a/weight',
    value: 9,
    makes: {
      live: rules({ id: 'eu', variants: [{ id: 'a', weight: 2 }] }),
      draft: rules({ id: 'eu', variants: [{ id: 'a', weight: 3 }] }),
      value: rules({ id: 'eu', variants: [{ id: 'a', weight: 9 }] }),
    },
  },
  'the order of a keyed list': {
    sides: {
      base: rules({ id: 'a' }, { id: 'b' }, { id: 'c' }),
      live: rules({ id: 'b' }, { id: 'a' }, { id: 'c' }),
      draft: rules({ id: 'a' }, { id: 'c' }, { id: 'b' }),
    },
    type: 'incompatible_order',
    id: 'order:/rules',
    value: ['c', 'b', 'a'],
    makes: {
      live: rules({ id: 'b' }, { id: 'a' }, { id: 'c' }),
      draft: rules({ id: 'a' }, { id: 'c' }, { id: 'b' }),
      value: rules({ id: 'c' }, { id: 'b' }, { id: 'a' }),
    },
  },
  'a run of a list()': {
    sides: { base: { steps: ['a', 'b', 'c'] }, live: { steps: ['a', 'x', 'c'] }, draft: { steps: ['a', 'y', 'c'] } },
    type: 'both_changed',
    id: 'value:/steps/1',
    value: ['p', 'q'],
    makes: {
      live: { steps: ['a', 'x', 'c'] },
      draft: { steps: ['a', 'y', 'c'] },
      both: { steps: ['a', 'x', 'y', 'c'] },
      value: { steps: ['a', 'p', 'q', 'c'] },
    },
  },
  'two insertions at one place of a list()': {
    sides: { base: { steps: ['a'] }, live: { steps: ['a', 'x'] }, draft: { steps: ['a', 'y'] } },
    type: 'both_changed',
    id: 'value:/steps/1',
    value: [],
    makes: {
      live: { steps: ['a', 'x'] },
      draft: { steps: ['a', 'y'] },
      both: { steps: ['a', 'x', 'y'] },
      value: { steps: ['a'] },
    },
  },
  'a list() that one side removed': {
    sides: { base: { steps: ['a'] }, live: {}, draft: { steps: ['a', 'y'] } },
    type: 'removed_and_changed',
    id: 'value:/steps',
    value: ['z'],
    makes: { live: {}, draft: { steps: ['a', 'y'] }, value: { steps: ['z'] } },
  },
  'a set that is no list on one side': {
    sides: { base: { tags: ['a'] }, live: { tags: 'a' }, draft: { tags: ['b'] } },
    type: 'incompatible_type',
    id: 'value:/tags',
    value: ['z'],
    makes: { live: { tags: 'a' }, draft: { tags: ['b'] }, value: { tags: ['z'] } },
  },
  'a set that both added': {
    sides: { base: {}, live: { tags: ['a'] }, draft: { tags: ['b'] } },
    type: 'both_changed',
    id: 'value:/tags',
    value: ['a', 'b'],
    makes: { live: { tags: ['a'] }, draft: { tags: ['b'] }, value: { tags: ['a', 'b'] } },
  },
  'an atomic list': {
    sides: { base: { values: [1, 2] }, live: { values: [1, 2, 3] }, draft: { values: [0, 1, 2] } },
    type: 'both_changed',
    id: 'value:/values',
    value: [],
    makes: { live: { values: [1, 2, 3] }, draft: { values: [0, 1, 2] }, value: { values: [] } },
  },
  'a keyed list that breaks its shape': {
    sides: { base: rules({ id: 'a' }), live: rules({ id: 'a' }, { id: 'a' }), draft: rules({ id: 'b' }) },
    type: 'both_changed',
    id: 'value:/rules',
    value: [{ id: 'c' }],
    makes: { live: rules({ id: 'a' }, { id: 'a' }), draft: rules({ id: 'b' }), value: rules({ id: 'c' }) },
  },
  'a document that live removed': {
    sides: { base: { n: 1 }, live: undefined, draft: { n: 3 } },
    type: 'removed_and_changed',
    id: 'value:',
    value: { n: 9 },
    makes: { live: undefined, draft: { n: 3 }, value: { n: 9 } },
  },
  'a document that both created': {
    sides: { base: undefined, live: { n: 2 }, draft: { n: 3 } },
    type: 'both_changed',
    id: 'value:',
    value: { n: 9 },
    makes: { live: { n: 2 }, draft: { n: 3 }, value: { n: 9 } },
  },
}

const answerOf = (conflict: Digest, take: Choice, value: JsonValue): Resolution =>
  take === 'value' ? { conflict, take, value } : { conflict, take }

describe('a conflict over', () => {
  it.each(Object.entries(clashes))('[J6] %s has its type, its place and its three values', (_, clash) => {
    const { type, id, path, choices, ...values } = onlyConflict(clash.sides)
    expect([type, id]).toEqual([clash.type, clash.id])
    expect(id.endsWith(`:${path}`)).toBe(true)
    expect([...choices].sort()).toEqual(Object.keys(clash.makes).sort())
    expect(values.live).not.toEqual(values.draft)
    expect(canonical(mergeOf(clash.sides).value ?? null)).toBe(canonical(clash.makes.live ?? null))
  })

  const answered = Object.entries(clashes).flatMap(([name, clash]) =>
    (Object.keys(clash.makes) as Choice[]).map((take) => [name, take, clash] as const),
  )
  it.each(answered)('%s is resolved by taking %s', (_, take, { sides, value, makes }) => {
    const conflict = onlyConflict(sides).digest
    const resolved = mergeOf(sides, [answerOf(conflict, take, value)])
    expect(resolved).toEqual({ value: makes[take], conflicts: [], unused: [] })
  })

  it.each(Object.entries(clashes))('%s refuses an answer that it does not offer', (_, { sides, makes }) => {
    const { digest: conflict, id } = onlyConflict(sides)
    const odd = [{ conflict, take: 'neither' }, ...(makes.both === undefined ? [{ conflict, take: 'both' }] : [])]
    for (const answer of odd as Resolution[]) {
      expect(refusalOf(sides, [answer])).toMatchObject({ code: 'invalid_resolution', details: { conflict: id } })
    }
    const hostile = { conflict, take: 'value', value: JSON.parse('{"__proto__":{}}') } as Resolution
    expect(refusalOf(sides, [hostile])).toMatchObject({ code: 'invalid_resolution', details: { conflict: id } })
  })
})

describe('an answer', () => {
  const { sides } = clashes['a field that both changed'] as Clash
  const answer: Resolution = { conflict: onlyConflict(sides).digest, take: 'draft' }

  it('is to the three values of one place: where one of them is another one, the conflict is open again', () => {
    for (const moved of [{ base: { n: 0 } }, { live: { n: 4 } }, { draft: { n: 4 } }]) {
      const again = mergeOf({ ...sides, ...moved }, [answer])
      expect(again.conflicts.map(({ id }) => id)).toEqual(['value:/n'])
      expect(again.unused).toEqual([answer])
    }
  })

  it('is not to the same values at another place', () => {
    const elsewhere = { base: { m: 1 }, live: { m: 2 }, draft: { m: 3 } }
    expect(mergeOf(elsewhere, [answer])).toMatchObject({ conflicts: [{ id: 'value:/m' }], unused: [answer] })
  })

  it('that comes later counts, of two to the same conflict', () => {
    const again: Resolution = { ...answer, take: 'live' }
    expect(mergeOf(sides, [answer, again]).value).toEqual({ n: 2 })
    expect(mergeOf(sides, [again, answer]).value).toEqual({ n: 3 })
  })

  it('cannot give an item of a keyed list another key, nor a run of a list() anything but items', () => {
    const item = clashes['an item that both inserted into a keyed list'] as Clash
    const renamed = { conflict: onlyConflict(item.sides).digest, take: 'value', value: { id: 'us' } } as const
    expect(refusalOf(item.sides, [renamed])?.message).toContain('keep its key')
    const run = clashes['a run of a list()'] as Clash
    const scalar = { conflict: onlyConflict(run.sides).digest, take: 'value', value: 1 } as const
    expect(refusalOf(run.sides, [scalar])?.message).toContain('array')
  })

  it.each<[string, JsonValue]>([
    ['lacks one', ['a', 'b']],
    ['names one twice', ['a', 'b', 'b']],
    ['names another', ['a', 'b', 'd']],
    ['is no list', 'abc'],
  ])('to a conflict of order names every item that both have once: one that %s is refused', (_, value) => {
    const { sides } = clashes['the order of a keyed list'] as Clash
    const refused = refusalOf(sides, [{ conflict: onlyConflict(sides).digest, take: 'value', value }])
    expect(refused).toMatchObject({ code: 'invalid_resolution', details: { conflict: 'order:/rules' } })
  })
})

describe('a result that the schema refuses', () => {
  const sides = { base: { a: 50, b: 50 }, live: { a: 70, b: 30 }, draft: { a: 50, b: 50, c: 20 } }
  const conflict = resultConflict(sides, [{ path: '/c', message: 'the weights add up to 120' }])

  it('is a conflict over the whole document, with what the schema said', () => {
    expect(mergeOf(sides).conflicts).toEqual([])
    expect(conflict).toMatchObject({ type: 'invalid_result', id: 'result:', path: '', ...sides })
    expect(conflict.issues).toEqual([{ path: '/c', message: 'the weights add up to 120' }])
    expect(conflict.choices).toEqual(['live', 'draft', 'value'])
  })

  it.each([
    ['live', sides.live],
    ['draft', sides.draft],
    ['value', { a: 40, b: 40, c: 20 }],
  ] as const)('is resolved by taking %s', (take, made) => {
    const answer = answerOf(conflict.digest, take, { a: 40, b: 40, c: 20 })
    expect(mergeOf(sides, [answer])).toEqual({ value: made, conflicts: [], unused: [] })
  })

  it('is another one as soon as one side is another one', () => {
    const answer = answerOf(conflict.digest, 'draft', null)
    const moved = { ...sides, live: { a: 71, b: 30 } }
    expect(mergeOf(moved, [answer])).toEqual({ value: { a: 71, b: 30, c: 20 }, conflicts: [], unused: [answer] })
  })

  it('is judged once every other conflict has an answer, and not before', () => {
    const clashing = { ...sides, live: { ...sides.live, c: 10 } }
    const result = answerOf(resultConflict(clashing, []).digest, 'value', { a: 1, b: 1, c: 98 })
    const open = mergeOf(clashing, [result])
    expect(open).toMatchObject({ conflicts: [{ id: 'value:/c' }], unused: [result] })
    const both = [answerOf((open.conflicts[0] as Conflict).digest, 'draft', null), result]
    expect(mergeOf(clashing, both)).toEqual({ value: { a: 1, b: 1, c: 98 }, conflicts: [], unused: [] })
  })
})

describe('a merge', () => {
  const ids = ({ value }: Merge) => (value as { rules: { id: string }[] }).rules.map(({ id }) => id).join(' ')
  const named = (names: string) => rules(...names.split(' ').map((id) => ({ id })))

  it.each([
    ['a b c', 'a x b c', 'a b y c', 'a x b y c', 'insertions at two places'],
    ['a b c', 'x a b c', 'a b c y', 'x a b c y', 'insertions at both ends'],
    ['a b', 'a x b', 'a y b', 'a x y b', 'insertions at one place: live first'],
    ['a b c', 'a c', 'a b y c', 'a y c', 'an insertion behind an item that the other side removed'],
    ['a b c', 'c a b', 'a b x c', 'c a b x', 'an insertion behind an item of a list that was reordered'],
    ['a b c d', 'b a c d', 'a b d c', 'b a d c', 'reorderings of different items'],
    ['a b c', 'c b a', 'c b a', 'c b a', 'the same reordering'],
    ['a b c', 'b a c', 'a c', 'a c', 'a reordering around an item that is removed'],
  ])('of %s with %s and %s makes %s: %s', (base, live, draft, merged) => {
    const result = mergeOf({ base: named(base), live: named(live), draft: named(draft) })
    expect([ids(result), result.conflicts]).toEqual([merged, []])
  })

  it('[J6] moves an item and keeps what the other side made of it, in keyed lists inside keyed lists too', () => {
    const rule = (id: string, ...variants: readonly JsonValue[]) => ({ id, variants })
    const sides = {
      base: rules(rule('eu', { id: 'a', w: 1 }, { id: 'b', w: 1 }), rule('us')),
      live: rules(rule('us'), rule('eu', { id: 'b', w: 1 }, { id: 'a', w: 1 })),
      draft: rules(rule('eu', { id: 'a', w: 5 }, { id: 'b', w: 1 }, { id: 'c', w: 2 }), rule('us', { id: 'z', w: 1 })),
    }
    expect(mergeOf(sides)).toEqual({
      value: rules(rule('us', { id: 'z', w: 1 }), rule('eu', { id: 'b', w: 1 }, { id: 'c', w: 2 }, { id: 'a', w: 5 })),
      conflicts: [],
      unused: [],
    })
  })

  it('[J6] takes an item with another key for another item: the edit of the old one is not lost unseen', () => {
    const sides = {
      base: rules({ id: 'eu', n: 1 }),
      live: rules({ id: 'eu', n: 2 }),
      draft: rules({ id: 'europe', n: 1 }),
    }
    const merged = mergeOf(sides)
    expect(merged.conflicts).toMatchObject([{ type: 'removed_and_changed', path: '/rules/eu' }])
    expect(merged.value).toEqual(rules({ id: 'eu', n: 2 }, { id: 'europe', n: 1 }))
  })

  it('pairs a key that is a number with the text that reads alike', () => {
    const sides = { base: rules({ id: 1, n: 1 }), live: rules({ id: '1', n: 1 }), draft: rules({ id: 1, n: 2 }) }
    expect(mergeOf(sides)).toMatchObject({ value: rules({ id: '1', n: 2 }), conflicts: [] })
  })

  it('[J8] keeps apart keys that would read alike in a path', () => {
    const names = ['a/b', 'a~1b', 'a~b', '*', '**', '', '/', '~', '0', 'constructor', 'toString', 'hasOwnProperty']
    const items = (n: number) => rules(...names.map((id) => ({ id, n })))
    const edited = (at: number) => rules(...names.map((id, i) => ({ id, n: i === at ? 2 : 1 })))
    for (const [at, name] of names.entries()) {
      const other = (at + 1) % names.length
      const { value, conflicts } = mergeOf({ base: items(1), live: edited(at), draft: edited(other) })
      const expected = rules(...names.map((id, i) => ({ id, n: i === at || i === other ? 2 : 1 })))
      expect([name, value, conflicts]).toEqual([name, expected, []])
      const clash = mergeOf({ base: items(0), live: edited(at), draft: items(1) }).conflicts
      expect(clash).toHaveLength(1)
    }
  })

  it('[B9] deletes nothing that a sparse side does not mention having had', () => {
    const sides = { base: { a: 1 }, live: { a: 1, b: 2 }, draft: { a: 3 } }
    expect(mergeOf(sides).value).toEqual({ a: 3, b: 2 })
  })

  it('takes additions and removals of both sides in a set, whatever its items are', () => {
    const sides = {
      base: { tags: ['a', 'b', { n: 1, m: 2 }] },
      live: { tags: ['b', { m: 2, n: 1 }, 'x', 7] },
      draft: { tags: ['y', { n: 1, m: 2 }, 'a', 'x'] },
    }
    const merged = mergeOf(sides)
    expect(merged.conflicts).toEqual([])
    const tags = (merged.value as { readonly tags: readonly JsonValue[] }).tags.map(canonical)
    expect([...tags].sort()).toEqual(['"x"', '"y"', '7', '{"m":2,"n":1}'].sort())
  })
})
