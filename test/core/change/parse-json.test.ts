import { describe, expect, it } from 'vitest'
import { defaultLimits, parseJson } from '../../../src/core.ts'
import { done } from './done.ts'

const problemOf = (text: string, limits = defaultLimits) => {
  const result = parseJson(text, limits)
  return result.ok ? undefined : result.refusal.details.problem
}

describe('reading JSON text', () => {
  it.each([
    '{}',
    '[]',
    '1',
    '"a"',
    'null',
    '{"a":[1,2.5,true,null,{"b":"\\u00e9\\n"}],"":{}}',
    ' { "a" : 1 } ',
    '["{\\"a\\":1,\\"a\\":2}"]',
  ])('takes %s as JSON.parse does', (text) => {
    expect(done(parseJson(text))).toEqual(JSON.parse(text))
  })

  it('freezes what it read', () => {
    const read = done(parseJson('{"a":[{"b":1}]}')) as { readonly a: readonly object[] }
    for (const part of [read, read.a, read.a[0]]) expect(part).toSatisfy(Object.isFrozen)
  })

  it.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"amount":1,"b":{},"amount":1000}', 'amount'],
    ['{"a":{"b":1,"c":2,"b":3}}', 'b'],
    ['[{"a":1},{"a":1,"a":1}]', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"a\\/b":1,"a/b":2}', 'a/b'],
    ['{"":1,"":2}', ''],
    ['{ "a" : 1 , "a"\n:2}', 'a'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('[J12] refuses %s, of which JSON.parse keeps the last', (text, key) => {
    expect(() => JSON.parse(text)).not.toThrow()
    expect(problemOf(text)).toBe(`an object has the key ${JSON.stringify(key)} twice`)
  })

  it('[J12] takes equal keys of different objects, and texts that only look like keys', () => {
    for (const text of [
      '{"a":{"a":{"a":1}}}',
      '[{"a":1},{"a":2}]',
      '{"a":"a","b":"a"}',
      '["a","a"]',
      '{"a":"\\"a\\":1"}',
    ]) {
      expect(problemOf(text)).toBeUndefined()
    }
  })

  it.each([
    '',
    ' ',
    '{',
    '{"a"}',
    '{"a":1,}',
    '[1,]',
    "{'a':1}",
    'NaN',
    '01',
    '"\\x"',
    '"open',
    '{"a":1}}',
    '\ufeff{}',
    '{"a":1 "b":2}',
    '"a\\',
  ])('refuses %j, which is no JSON', (text) => expect(problemOf(text)).toBe('it is no JSON text'))

  it('[K1, K4, J2] refuses what admitting refuses', () => {
    expect(problemOf('{"a":9007199254740993}')).toContain('too large to be exact')
    expect(problemOf('{"a":1e400}')).toContain('Infinity')
    expect(problemOf('{"a":"\\ud800"}')).toContain('surrogate')
    expect(problemOf('{"a":{"__proto__":{}}}')).toContain('__proto__')
  })

  it('[K1] takes minus zero as zero', () => {
    expect(Object.is((done(parseJson('{"a":-0}')) as { a: number }).a, 0)).toBe(true)
    expect(Object.is(done(parseJson('-0.0')), 0)).toBe(true)
  })

  it('[M2] refuses text of a million levels before it is parsed', () => {
    expect(problemOf('['.repeat(1_000_000))).toBe('it is nested deeper than 100 levels')
    expect(problemOf('{"a":'.repeat(1_000_000))).toBe('it is nested deeper than 100 levels')
  })

  it('[M3] takes text of as many bytes as the limits allow, and refuses one more before it is parsed', () => {
    const limits = { ...defaultLimits, bytes: 10 }
    expect(problemOf(`"${'x'.repeat(8)}"`, limits)).toBeUndefined()
    expect(problemOf(`"${'x'.repeat(9)}"`, limits)).toBe('it is larger than 10 bytes')
  })
})
