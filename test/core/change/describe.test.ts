import { expect, describe as group, it } from 'vitest'
import {
  admit,
  byPlace,
  type ChangedPlace,
  compileShape,
  describe,
  diff,
  type JsonValue,
  keyedBy,
  type Labels,
  list,
  set,
} from '../../../src/core.ts'
import { done } from './done.ts'

const shape = compileShape({ '/rules': keyedBy('id'), '/tags': set(), '/steps': list() })
const linesOf = (before: JsonValue | undefined, after: JsonValue | undefined, labels?: Labels) =>
  describe(done(diff(before, after, shape)), labels)

group('the lines of a change', () => {
  it('say of each place what it was and what it is', () => {
    expect(linesOf({ n: 40, gone: true }, { n: 80, fresh: 'x' })).toEqual([
      'n: 40 → 80',
      'gone: removed true',
      'fresh: added "x"',
    ])
    expect(linesOf({ n: 1 }, undefined)).toEqual(['document: removed {"n":1}'])
  })

  it('[WO-16] say of each member of a new document what it is, in the words of its type, up to 200 of them', () => {
    const fresh = { n: 1, rules: [{ id: 'eu' }], 'a/b': null, 'on\u200b': 'x' }
    expect(linesOf(undefined, fresh, { '/n': { name: 'share', unit: '%' } })).toEqual([
      'share: added 1 %',
      'rules: added [{"id":"eu"}]',
      'a/b: added null',
      String.raw`on\u{200b}: added "x" [look out: invisible U+200B]`,
    ])
    expect(linesOf(undefined, {})).toEqual(['document: added {}'])
    expect(linesOf(undefined, ['a'])).toEqual(['document: added ["a"]'])
    const many = Object.fromEntries(Array.from({ length: 203 }, (_, at) => [`m${at}`, at]))
    const lines = linesOf(undefined, many)
    expect(lines).toHaveLength(201)
    expect(lines.slice(199)).toEqual(['m199: added 199', 'document: added 3 more'])
  })

  it('[FA-02] count the items of lists that are only appended to as people do', () => {
    const placed = compileShape({ '/log': byPlace(), '/log/*/by': byPlace() })
    const [before, after] = [{ log: [{ by: ['ann'] }] }, { log: [{ by: ['ben', 'cat'] }, { by: [] }] }]
    const places = done(diff(before, after, placed))
    expect(places.map(({ byPlace: positions }) => positions)).toEqual([[1, 3], [1, 3], [1]])
    expect(describe(places, { '/log/*': { name: 'entry' } })).toEqual([
      'log › entry (item 1) › by › item 1: "ann" → "ben"',
      'log › entry (item 1) › by › item 2: added "cat"',
      'log › entry (item 2): added {"by":[]}',
    ])
    expect(describe(done(diff(after, before, placed))).at(-1)).toBe('log › item 2: removed {"by":[]}')
  })

  it('name items of keyed lists by their keys, and say where new ones stand', () => {
    const before = { rules: [{ id: 'eu', rollout: 1 }, { id: 'us' }, { id: 'asia' }] }
    const after = { rules: [{ id: 'staff' }, { id: 'asia' }, { id: 'eu', rollout: 2 }, { id: 'us' }] }
    expect(linesOf(before, after)).toEqual([
      'rules › eu › rollout: 1 → 2',
      'rules › staff: added as no. 1 {"id":"staff"}',
      'rules: moved asia (no. 3 → 2)',
    ])
  })

  it('name members of sets by their values, and items of a list() by their positions', () => {
    expect(linesOf({ tags: ['a'], steps: ['x', 'y'] }, { tags: ['b'], steps: ['x', 'z'] })).toEqual([
      'tags › a: removed "a"',
      'tags › b: added "b"',
      'steps › 1: "y" → "z"',
    ])
  })

  it('cut long values, and say how long they are; and long orders, and say how many more there are', () => {
    const [line] = linesOf({ n: 'x'.repeat(500) }, { n: 1 })
    expect(line).toMatch(/^n: "x{199}… \(502 characters\) → 1$/)
    const items = Array.from({ length: 30 }, (_, i) => ({ id: `r${i}` }))
    expect(linesOf({ rules: items }, { rules: items.toReversed() })[0]).toMatch(/and 19 more$/)
  })

  it('never cut a character in two', () => {
    const [line] = linesOf({ n: '😂'.repeat(300) }, { n: 1 })
    expect(line?.isWellFormed()).toBe(true)
  })
})

group('labels', () => {
  const labels: Labels = {
    '/rollout': { unit: '%' },
    '/rules': { name: 'Targeting rules' },
    '/rules/*/rollout': { name: 'Share', unit: '%' },
    '/price/**': { unit: 'EUR' },
  }

  it('give places names and numbers units', () => {
    expect(linesOf({ rollout: 40 }, { rollout: 80 }, labels)).toEqual(['rollout: 40 % → 80 %'])
    const rule = (rollout: number) => ({ rules: [{ id: 'eu', rollout }] })
    expect(linesOf(rule(1), rule(2.5), labels)).toEqual(['Targeting rules › eu › Share: 1 % → 2.5 %'])
    expect(linesOf({ price: { net: { max: 1 } } }, { price: { net: { max: 2 } } }, labels)).toEqual([
      'price › net › max: 1 EUR → 2 EUR',
    ])
  })

  it('give no unit to what is no number', () => {
    expect(linesOf({ rollout: '40' }, { rollout: null }, labels)).toEqual(['rollout: "40" → null'])
  })

  it('count from the first that matches', () => {
    const both: Labels = { '/a': { name: 'first' }, '/*': { name: 'any' } }
    expect(linesOf({ a: 1, b: 1 }, { a: 2, b: 2 }, both)).toEqual(['first: 1 → 2', 'any: 1 → 2'])
  })

  it.each<[string, unknown]>([
    ['a pattern that is none', { rollout: { unit: '%' } }],
    ['a group', { '@metadata': { name: 'Metadata' } }],
    ['a misspelt key', { '/rollout': { units: '%' } }],
    ['a name that is no text', { '/rollout': { name: 1 } }],
  ])('are refused with %s', (_, odd) => {
    expect(() => linesOf({}, {}, odd as Labels)).toThrow(TypeError)
  })
})

group('[J11] what a reader would not see', () => {
  const line = (before: JsonValue, after: JsonValue) => linesOf({ n: before }, { n: after })[0]

  it.each([
    ['a bidirectional override', 'a\u202eb', 'n: "x" → "a\\u{202e}b" [look out: invisible U+202E]'],
    ['an isolate', 'a\u2066b', 'n: "x" → "a\\u{2066}b" [look out: invisible U+2066]'],
    ['a zero-width space', 'a\u200bb', 'n: "x" → "a\\u{200b}b" [look out: invisible U+200B]'],
    ['a soft hyphen', 'a\u00adb', 'n: "x" → "a\\u{00ad}b" [look out: invisible U+00AD]'],
    ['a tag character', 'a\u{e0041}b', 'n: "x" → "a\\u{e0041}b" [look out: invisible U+E0041]'],
    ['a letter that shows as nothing', 'a\u3164b', 'n: "x" → "a\\u{3164}b" [look out: invisible U+3164]'],
  ])('is written out and pointed out: %s', (_, text, expected) => {
    expect(line('x', text)).toBe(expected)
  })

  it('is pointed out in texts inside of values, in those before, and behind the cut', () => {
    expect(line({ deep: ['a\u202eb'] }, 1)).toContain('[look out: invisible U+202E]')
    expect(line('x', `${'x'.repeat(1_000)}\u202e`)).toContain('[look out: invisible U+202E]')
  })

  it('[J11] is pointed out in names, and so are names that mix scripts', () => {
    expect(linesOf({}, { аdmin: true })).toEqual(['аdmin: added true [look out: Cyrillic among Latin letters]'])
    expect(linesOf({}, { 'admin\u200b': true })).toEqual(['admin\\u{200b}: added true [look out: invisible U+200B]'])
    const rules = (id: string) => ({ rules: [{ id }] })
    expect(linesOf(rules('eu'), rules('еu'))[1]).toContain('[look out: Cyrillic among Latin letters]')
  })

  it('is pointed out in the keys of a list that was moved', () => {
    const rules = (...ids: readonly string[]) => ({ rules: ids.map((id) => ({ id })) })
    expect(linesOf(rules('eu', 'еu'), rules('еu', 'eu'))).toEqual([
      'rules: moved еu (no. 2 → 1) [look out: Cyrillic among Latin letters]',
    ])
  })

  it('is pointed out where it is a key inside of a value', () => {
    expect(linesOf({}, { n: { аdmin: true } })[0]).toContain('[look out: Cyrillic among Latin letters]')
  })

  it('is not what people write every day: line breaks, emoji of one character, other scripts', () => {
    expect(line('x', 'Привет, мир')).not.toContain('look out')
    expect(linesOf({}, { имя: 'Ann' })[0]).not.toContain('look out')
    expect(line('x', 'a\nb')).not.toContain('look out')
    expect(line('x', '😂')).not.toContain('look out')
  })

  it('[J11] cannot make one line look like two', () => {
    for (const text of ['a\nb', 'a\r\nb', 'a\u2028b', 'a\u0085b', 'a\u001bb']) {
      const place: ChangedPlace = { type: 'changed', path: '/n', before: 'x', after: text }
      const [shown = ''] = describe([place], { '/n': { name: 'n' } })
      expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
      const [named = ''] = describe([{ ...place, path: `/${text}` }])
      expect(named).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
    }
    expect(done(admit('a\nb'))).toBe('a\nb')
  })
})
