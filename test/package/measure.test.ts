import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { measure } from './measure.ts'

const source = resolve(import.meta.dirname, '../../src')

it('the source has no circle, no any, and a comment on nearly all that it exports', () => {
  const { files, circles, any, documented } = measure(source)
  expect(files).toBeGreaterThan(300)
  expect({ circles, any }).toEqual({ circles: 0, any: 0 })
  expect(documented).toBeGreaterThanOrEqual(98)
})

it('no two files of the source export one name, so that none means two things', () => {
  expect(measure(source).ambiguous).toEqual([])
})

it('no function of the core or the service is longer than 60 lines', () => {
  for (const folder of ['core', 'service']) {
    expect(measure(join(source, folder)).functionLines.max).toBeLessThanOrEqual(60)
  }
})

it('what is measured is what is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-measure-'))
  try {
    writeFileSync(
      join(folder, 'a.ts'),
      [
        "import type { B } from './b.ts'",
        '/** Says so. */',
        'export function long(one: string, two: string, three: string, four: B) {',
        '  // A comment is no code.',
        '  return one + two + three + (four as unknown as string)',
        '}',
      ].join('\n'),
    )
    writeFileSync(
      join(folder, 'b.ts'),
      ["export { long } from './a.ts'", 'export type B = any', 'export const long = [1] as const'].join('\n'),
    )
    expect(measure(folder)).toEqual({
      files: 2,
      fileLines: { p50: 6, p90: 6, max: 6 },
      codeLines: { p50: 4, p90: 4, max: 4 },
      functionLines: { p50: 4, p90: 4, max: 4 },
      circles: 1,
      documented: 33,
      any: 142.9,
      casts: 285.7,
      manyParameters: 1,
      ambiguous: ['long'],
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
