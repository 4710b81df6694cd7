import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bugs, layers } from './bugs.ts'

const root = join(import.meta.dirname, '../..')

describe('the planted bugs', () => {
  it('are at least 40, each with a place of its own in the source', () => {
    expect(bugs.length).toBeGreaterThanOrEqual(40)
    expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length)
    for (const { name, file, find, put } of bugs) {
      const places = readFileSync(join(root, 'src', file), 'utf8').split(find).length - 1
      expect(`${name}: ${places} place`).toBe(`${name}: 1 place`)
      expect(put).not.toBe(find)
      expect(Object.keys(layers).filter((folder) => file.startsWith(`${folder}/`))).toHaveLength(1)
    }
  })

  it('are planted in front of tests that there are', () => {
    for (const files of Object.values(layers).flatMap((one) => Object.values(one))) {
      for (const file of files ?? []) expect(existsSync(join(root, file)), file).toBe(true)
    }
  })

  it('are all caught, as the guide says', () => {
    const guide = readFileSync(join(root, 'docs/guides/proof.md'), 'utf8')
    const rows = [...guide.matchAll(/^\| (.+) \| `(.+)` \| (\w+) \|$/gm)].map(([, name, file]) => `${name} ${file}`)
    expect(rows).toEqual(bugs.map(({ name, file }) => `${name} ${file}`))
  })
})
