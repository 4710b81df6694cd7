import { describe, expect, it } from 'vitest'
import {
  atomic,
  type ChangedPlace,
  checkShape,
  compileShape,
  diff,
  type JsonValue,
  keyedBy,
  list,
  type Shape,
  set,
} from '../../../src/core.ts'
import { done } from './done.ts'

const pathsOf = (before: JsonValue, after: JsonValue, shape: Shape) =>
  done<readonly ChangedPlace[]>(diff(before, after, compileShape(shape))).map(({ type, path }) => `${type} ${path}`)

/** Says how a list is identified, by the places that a change of it has. */
function kindAt(path: readonly string[], shape: Shape): string {
  const at = (items: JsonValue): JsonValue => path.reduceRight<JsonValue>((inner, key) => ({ [key]: inner }), items)
  const pointer = path.map((segment) => `/${segment}`).join('')
  const [found] = pathsOf(at([{ id: 'a', n: 1 }]), at([{ id: 'a', n: 2 }]), shape)
  if (found === `changed ${pointer}/a/n`) return 'keyed'
  if (found === `changed ${pointer}/0`) return 'list'
  return found === `changed ${pointer}` ? 'atomic' : 'set'
}

describe('a shape', () => {
  it('identifies the lists that it declares, and takes the others as one value', () => {
    const shape = { '/rules': keyedBy('id'), '/tags': set(), '/steps': list(), '/pair': atomic() }
    expect(['rules', 'tags', 'steps', 'pair', 'other'].map((name) => kindAt([name], shape))).toEqual([
      'keyed',
      'set',
      'list',
      'atomic',
      'atomic',
    ])
  })

  it('reaches any one segment with *, and any number with **', () => {
    const shape = { '/environments/*/rules': keyedBy('id'), '/deep/**/tags': set(), '/**/steps': list() }
    expect(kindAt(['environments', 'production', 'rules'], shape)).toBe('keyed')
    expect(kindAt(['environments', 'rules'], shape)).toBe('atomic')
    expect(kindAt(['environments', 'a', 'b', 'rules'], shape)).toBe('atomic')
    expect(kindAt(['deep', 'tags'], shape)).toBe('set')
    expect(kindAt(['deep', 'a', 'b', 'c', 'tags'], shape)).toBe('set')
    expect(kindAt(['steps'], shape)).toBe('list')
    expect(kindAt(['x', 'y', 'steps'], shape)).toBe('list')
  })

  it('reaches into the items of keyed lists by their keys', () => {
    const shape = { '/rules': keyedBy('id'), '/rules/*/tags': set(), '/rules/first/tags': list() }
    const of = (id: string, tags: string[]) => ({ rules: [{ id, tags }] })
    expect(pathsOf(of('a', ['x']), of('a', ['y']), shape)).toEqual(['removed /rules/a/tags/x', 'added /rules/a/tags/y'])
    expect(pathsOf(of('first', ['x']), of('first', ['y']), shape)).toEqual(['changed /rules/first/tags/0'])
  })

  it('can say of a whole document that it is a list', () => {
    expect(kindAt([], { '': keyedBy('id') })).toBe('keyed')
    expect(kindAt([], { '/**': list() })).toBe('list')
  })

  it('lets the pattern count that says more, from the left: a name before * before **', () => {
    const shape = { '/**': atomic(), '/a/*': list(), '/*/b': set(), '/a/b': keyedBy('id') }
    expect(kindAt(['a', 'b'], shape)).toBe('keyed')
    expect(kindAt(['a', 'c'], shape)).toBe('list')
    expect(kindAt(['c', 'b'], shape)).toBe('set')
    expect(kindAt(['c', 'd'], shape)).toBe('atomic')
    expect(kindAt(['a', 'b'], { '/*/b': set(), '/a/*': list() })).toBe('list')
  })

  it('takes names with the escapes of JSON Pointer', () => {
    expect(
      kindAt(
        ['a/b', '~'].map((s) => s),
        { '/a~1b/~0': list() },
      ),
    ).toBe('set')
    const of = (n: number) => ({ 'a/b': { '~': [n] } })
    expect(pathsOf(of(1), of(2), { '/a~1b/~0': list() })).toEqual(['changed /a~1b/~0/0'])
  })
})

describe('a shape that makes no sense', () => {
  it.each<[string, unknown]>([
    ['a path without a slash', { rules: keyedBy('id') }],
    ['a path with a broken escape', { '/a~2': set() }],
    ['a * inside a name', { '/eu-*': set() }],
    ['a kind that does not exist', { '/a': { kind: 'bag' } }],
    ['no kind', { '/a': undefined }],
    ['a keyed list without its field', { '/a': { kind: 'keyed' } }],
    ['two patterns that say as much, and not the same', { '/**/a/**': set(), '/**/b/**': list() }],
  ])('is a mistake of the programmer: %s', (_, shape) => {
    expect(() => compileShape(shape as Shape)).toThrow(TypeError)
  })

  it('is one that needs too many cases', () => {
    const stars = '/*'.repeat(16)
    expect(() => compileShape({ [`/**/a${stars}`]: set() })).toThrow(/too many/)
  })

  it('takes two patterns that say as much where they say the same', () => {
    expect(() => compileShape({ '/**/a/**': set(), '/**/b/**': set() })).not.toThrow()
  })
})

describe('a document against its shape', () => {
  const shape = compileShape({ '/rules': keyedBy('id'), '/rules/*/tags': set(), '/tags': set(), '/steps': list() })
  const problemOf = (document: JsonValue) => {
    const result = checkShape(document, shape)
    return result.ok ? undefined : result.refusal.details
  }

  it('is good where every key and every value is there once', () => {
    expect(
      problemOf({ rules: [{ id: 'a', tags: ['x', 1, { n: 1 }] }, { id: 1 }, { id: '' }], steps: [1, 1] }),
    ).toBeUndefined()
    expect(problemOf({ rules: { id: 'no list' }, tags: 'none' })).toBeUndefined()
  })

  it.each<[string, JsonValue, string, string]>([
    ['a key that is there twice', [{ id: 'a' }, { id: 'b' }, { id: 'a' }], '/rules/2', '"a" is in the list twice'],
    ['keys that read alike', [{ id: 1 }, { id: '1' }], '/rules/1', '"1" is in the list twice'],
    ['a missing key', [{ id: 'a' }, { name: 'b' }], '/rules/1', 'the item has no key "id"'],
    ['a key that is null', [{ id: null }], '/rules/0', 'the key "id" is neither a text nor a number'],
    ['a key that is an object', [{ id: {} }], '/rules/0', 'the key "id" is neither a text nor a number'],
    ['a key that is a boolean', [{ id: true }], '/rules/0', 'the key "id" is neither a text nor a number'],
    ['an item that is a scalar', ['a'], '/rules/0', 'the item is a scalar, not an object with a key "id"'],
    ['an item that is an array', [[]], '/rules/0', 'the item is an array, not an object with a key "id"'],
    ['a value twice, in a list below', [{ id: 'a', tags: ['x', 'x'] }], '/rules/a/tags/1', '"x" is in the list twice'],
  ])('is refused by name and path: %s', (_, rules, path, problem) => {
    expect(problemOf({ rules })).toEqual({ path, problem })
  })

  it('is refused where a set has a value twice, however it is written', () => {
    expect(
      problemOf({
        tags: [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      })?.path,
    ).toBe('/tags/1')
    expect(problemOf({ tags: Array.from({ length: 40 }, (_, i) => i % 39) })?.path).toBe('/tags/39')
  })
})
