import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const source = join(import.meta.dirname, '../../src')
const longest = 120

it(`comments of the source are at most ${longest} columns wide`, () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(300)
  const wide = files.flatMap((file) => {
    const lines = readFileSync(join(source, file), 'utf8').split('\n')
    return lines.flatMap((line, at) =>
      /^\s*(\*|\/\*\*|\/\/)/.test(line) && line.length > longest ? [`${file}:${at + 1}`] : [],
    )
  })
  expect(wide).toEqual([])
})
