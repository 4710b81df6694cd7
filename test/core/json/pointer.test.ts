import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPointer, parsePointer } from '../../../src/core.ts'
import { runs } from '../../runs.ts'

describe('a JSON Pointer', () => {
  it.each<[string, readonly string[]]>([
    ['', []],
    ['/', ['']],
    ['/foo', ['foo']],
    ['/foo/0', ['foo', '0']],
    ['/a~1b', ['a/b']],
    ['/m~0n', ['m~n']],
    ['/~01', ['~1']],
    ['/~10', ['/0']],
    ['/~0~1', ['~/']],
    ['/a//b/', ['a', '', 'b', '']],
    ['/c%d', ['c%d']],
    ['/%2F', ['%2F']],
    ['/ ', [' ']],
    ['/i\\j', ['i\\j']],
    ['/k"l', ['k"l']],
    ['/a.b', ['a.b']],
    ['/*', ['*']],
  ])('[J3] %j leads over %j', (pointer, segments) => {
    expect(parsePointer(pointer)).toEqual(segments)
    expect(formatPointer(segments)).toBe(pointer)
  })

  it.each(['foo', 'foo/bar', '~', '/~', '/~2', '/a~', '/~~', '/a/~/b', '#/a', ' /a'])('[J3] %j is none', (pointer) => {
    expect(parsePointer(pointer)).toBeUndefined()
  })

  it('[J8] leads two different ways for two different paths, and back', () => {
    const segment = fc.oneof(
      fc.constantFrom('', '/', '~', '~0', '~1', '.', '*', 'a.b', 'a', 'é', 'e\u0301', 'A'),
      fc.string(),
    )
    const path = fc.array(segment, { maxLength: 4 })
    fc.assert(
      fc.property(path, path, (one, other) => {
        expect(parsePointer(formatPointer(one))).toEqual(one)
        expect(formatPointer(one) === formatPointer(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
      { numRuns: runs(2_000) },
    )
  })
})
