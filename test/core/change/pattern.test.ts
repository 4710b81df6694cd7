import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compilePattern,
  compileShape,
  formatPointer,
  type JsonValue,
  keyedBy,
  list,
  matchesPattern,
  parsePointer,
  set,
  touchesPattern,
  valuesAt,
} from '../../../src/core.ts'
import { runs } from '../../runs.ts'
import { done } from './done.ts'

const matches = (pattern: string, path: string) => matchesPattern(done(compilePattern(pattern)), path)
const touches = (pattern: string, path: string) => touchesPattern(done(compilePattern(pattern)), path)

describe('a pattern', () => {
  it.each([
    ['/rollout', ['/rollout'], ['', '/rollout/x', '/Rollout', '/rollout ', '/roll', '/rules/rollout']],
    ['', [''], ['/', '/a']],
    [
      '/rules/*/rollout',
      ['/rules/eu/rollout', '/rules//rollout', '/rules/~1/rollout'],
      ['/rules/rollout', '/rules/a/b/rollout'],
    ],
    ['/a/**', ['/a', '/a/b', '/a/b/c'], ['', '/b', '/ab']],
    ['/**', ['', '/a', '/a/b'], []],
    ['/**/x', ['/x', '/a/x', '/a/b/x', '/x/x'], ['/x/a', '']],
    ['/a/**/b/**/c', ['/a/b/c', '/a/1/b/2/3/c', '/a/b/b/c/c'], ['/a/c', '/a/b', '/b/c']],
    ['/**/**', ['', '/a'], []],
    ['/rules/eu-*', ['/rules/eu-', '/rules/eu-only'], ['/rules/eu', '/rules/eu-only/rollout', '/rules/xeu-1']],
    ['/rules/eu-*/**', ['/rules/eu-1', '/rules/eu-1/a'], ['/rules/us-1/a']],
    ['/*-test-*', ['/-test-', '/a-test-b', '/a-test-test-b'], ['/a-test', '/test-b']],
    ['/a*a', ['/aa', '/aba'], ['/a', '/b']],
    ['/a*b*c', ['/abc', '/axbxc', '/abbcc'], ['/acb', '/ab']],
  ] as const)('%j matches %j and not %j', (pattern, these, others) => {
    for (const path of these) expect([path, matches(pattern, path)]).toEqual([path, true])
    for (const path of others) expect([path, matches(pattern, path)]).toEqual([path, false])
  })

  it('[J8] tells names apart that only look alike', () => {
    const names = [
      'amount',
      'Amount',
      'amount ',
      'аmount',
      'amou\u200bnt',
      'é',
      'e\u0301',
      'a/b',
      'a.b',
      'a~b',
      'a~1b',
      '*x',
    ]
    for (const name of names) {
      const matching = names.filter((other) =>
        matches(formatPointer(['limits', name.replace('*', '')]), formatPointer(['limits', other])),
      )
      expect(matching).toEqual(names.filter((other) => other === name.replace('*', '')))
    }
    expect(matches('/a.b', '/a/b')).toBe(false)
    expect(matches('/a/b', '/a~1b')).toBe(false)
  })

  it('agrees with its definition, tried out one segment after the other', () => {
    const names = fc.constantFrom('a', 'b')
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '**'), { maxLength: 5 })
    const defined = (rest: readonly string[], path: readonly string[]): boolean => {
      const [first, ...others] = rest
      if (first === undefined) return path.length === 0
      if (first === '**') return defined(others, path) || (path.length > 0 && defined(rest, path.slice(1)))
      return path.length > 0 && (first === '*' || first === path[0]) && defined(others, path.slice(1))
    }
    fc.assert(
      fc.property(pattern, fc.array(names, { maxLength: 5 }), (segments, path) => {
        expect(matches(formatPointer(segments), formatPointer(path))).toBe(defined(segments, path))
      }),
      { numRuns: runs(2_000) },
    )
  })

  it('[M1] takes no more steps for a hostile pattern than for another: the product of the lengths', () => {
    const pattern = '/**/a'.repeat(40)
    expect(matches(pattern, `${'/a'.repeat(500)}/b`)).toBe(false)
    expect(matches(`/${'a*'.repeat(500)}b`, `/${'a'.repeat(50_000)}`)).toBe(false)
  })

  it('stands for the patterns of a group with @', () => {
    const groups = { metadata: ['/description', '/tags/**'] }
    const metadata = done(compilePattern('@metadata', groups))
    expect(['/description', '/tags/a', '/owner'].map((path) => matchesPattern(metadata, path))).toEqual([
      true,
      true,
      false,
    ])
  })

  it.each([
    ['rollout', {}, 'starts with /'],
    ['/a~', {}, 'starts with /'],
    ['@nobody', { metadata: ['/a'], other: [] }, 'known are @metadata, @other'],
    ['@toString', {}, 'known are none'],
    ['@broken', { broken: ['/a', 'b'] }, 'starts with /'],
  ])('is refused when it is malformed or names no group: %s', (text, groups, problem) => {
    const compiled = compilePattern(text, groups)
    expect(compiled.ok ? '' : compiled.refusal.details.problem).toContain(problem)
  })
})

describe('a change at a path', () => {
  it.each([
    [
      '/limits/amount',
      ['/limits/amount', '/limits', '', '/limits/amount/currency'],
      ['/limits/other', '/limit', '/amount'],
    ],
    [
      '/rules/*/rollout',
      ['/rules', '/rules/eu', '/rules/eu/rollout', '/rules/eu/rollout/x'],
      ['/rules/eu/name', '/tags'],
    ],
    ['/a/**', ['', '/a', '/a/b', '/a/b/c'], ['/b']],
    ['', ['', '/anything'], []],
  ] as const)('[J7] touches %j from above, at the place and below: %j, and not %j', (pattern, these, others) => {
    for (const path of these) expect([path, touches(pattern, path)]).toEqual([path, true])
    for (const path of others) expect([path, touches(pattern, path)]).toEqual([path, false])
  })

  it('[J7] touches a pattern exactly where it leads to a match, or a match leads to it', () => {
    const segments = fc.array(fc.constantFrom('a', 'b', '*', '**'), { maxLength: 4 })
    fc.assert(
      fc.property(segments, fc.array(fc.constantFrom('a', 'b'), { maxLength: 4 }), (pattern, path) => {
        const text = formatPointer(pattern)
        const above = path.some((_, i) => matches(text, formatPointer(path.slice(0, i))))
        const reachable = (rest: readonly string[]): boolean =>
          matches(text, formatPointer([...path, ...rest])) ||
          (rest.length < 5 && ['a', 'b'].some((name) => reachable([...rest, name])))
        expect(touches(text, formatPointer(path))).toBe(above || reachable([]))
      }),
      { numRuns: 300 },
    )
  })
})

describe('the values at a pattern', () => {
  const shape = compileShape({ '/rules': keyedBy('id'), '/tags': set(), '/steps': list(), '/rules/*/tags': set() })
  const document: JsonValue = {
    rollout: 40,
    rules: [
      { id: 'eu', rollout: 10, tags: ['x'] },
      { id: 'us/1', rollout: 20 },
    ],
    tags: ['beta', { n: 1 }],
    steps: [{ at: 1 }, { at: 2 }],
    pair: [7, 8],
  }
  const found = (pattern: string, of: JsonValue | undefined = document) =>
    done(
      valuesAt(of, done(compilePattern(pattern, { numbers: ['/rollout', '/rules/*/rollout', '/rollout'] })), shape),
    ).map(({ path, value }) => `${path} = ${JSON.stringify(value)}`)

  it('are found by key in keyed lists, by value in sets, by position elsewhere', () => {
    expect(found('/rollout')).toEqual(['/rollout = 40'])
    expect(found('/rules/*/rollout')).toEqual(['/rules/eu/rollout = 10', '/rules/us~11/rollout = 20'])
    expect(found('/rules/eu/tags/*')).toEqual(['/rules/eu/tags/x = "x"'])
    expect(found('/tags/*')).toEqual(['/tags/beta = "beta"', '/tags/{"n":1} = {"n":1}'])
    expect(found('/steps/*/at')).toEqual(['/steps/0/at = 1', '/steps/1/at = 2'])
    expect(found('/pair/*')).toEqual(['/pair/0 = 7', '/pair/1 = 8'])
    expect(found('/rules/0/rollout')).toEqual([])
  })

  it('are each listed once, in the order of the document', () => {
    expect(found('/**/rollout')).toEqual(['/rollout = 40', '/rules/eu/rollout = 10', '/rules/us~11/rollout = 20'])
    expect(found('/**/**/rollout')).toEqual(found('/**/rollout'))
    expect(found('@numbers')).toEqual(found('/**/rollout'))
    expect(found('')).toEqual([` = ${JSON.stringify(document)}`])
  })

  it('are none in a document that does not exist', () => {
    expect(done(valuesAt(undefined, done(compilePattern('/**')), shape))).toEqual([])
  })

  it('are unknown where the list that leads to them breaks its shape', () => {
    const broken = valuesAt({ rules: [{ id: 'a' }, { id: 'a' }] }, done(compilePattern('/rules/*/rollout')), shape)
    expect(broken.ok ? '' : broken.refusal.details).toEqual({ path: '/rules/1', problem: '"a" is in the list twice' })
    expect(found('/rollout', { rollout: 1, rules: [{}] })).toEqual(['/rollout = 1'])
  })

  it('are those whose paths match', () => {
    const all = done(valuesAt(document, done(compilePattern('/**')), shape)).map(({ path }) => path)
    for (const pattern of ['/rules/*', '/**/tags/*', '/rules/**', '/*/eu/**/x']) {
      expect(found(pattern).map((line) => line.split(' = ')[0])).toEqual(all.filter((path) => matches(pattern, path)))
    }
    expect(all.every((path) => parsePointer(path) !== undefined)).toBe(true)
  })
})
