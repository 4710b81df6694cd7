import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const source = resolve(import.meta.dirname, '../../src')

/** What each of some things needs, by name. */
type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** What each file of the source imports of the others: values and types alike, also where it only exports them again. */
function filesOf(folder: string): Graph {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  return new Map(
    names.map((name) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(folder, name), 'utf8'), true, true)
      const own = importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
      return [name, new Set(own.map(({ fileName }) => relative(folder, resolve(folder, dirname(name), fileName))))]
    }),
  )
}

/** The same of their folders. What puts others together belongs to none of them: an `index.ts`, and what lies in the folder of the whole source. */
function foldersOf(files: Graph): Graph {
  const folders = new Map<string, Set<string>>()
  for (const [file, needed] of files) {
    const folder = dirname(file)
    if (folder === '.' || file.endsWith('/index.ts')) continue
    const others = folders.get(folder) ?? new Set()
    for (const other of needed) if (dirname(other) !== folder && dirname(other) !== '.') others.add(dirname(other))
    folders.set(folder, others)
  }
  return folders
}

/** Takes away whatever needs nothing that is left, or is needed by nothing, until nothing can be taken: what is left then needs itself. */
function circlesIn(graph: Graph): readonly string[] {
  const left = new Map(graph)
  for (let taken = true; taken; ) {
    const isNeeded = new Set([...left.values()].flatMap((needed) => [...needed]))
    const free = [...left].filter(([name, needed]) => !isNeeded.has(name) || [...needed].every((one) => !left.has(one)))
    for (const [name] of free) left.delete(name)
    taken = free.length > 0
  }
  return [...left].map(([name, needed]) => `${name} needs ${[...needed].filter((one) => left.has(one)).join(', ')}`)
}

describe('the source', () => {
  const files = filesOf(source)

  it('is read as it is: types are seen, and what is exported again', () => {
    expect(files.size).toBeGreaterThan(300)
    expect([...(files.get('index.ts') ?? [])]).toContain('core/policy/model/policy.ts')
    expect([...(files.get('service/records/typed-storage.ts') ?? [])]).toContain('service/records/record-types.ts')
  })

  it('has no circle of files, nor of folders', () => {
    expect(circlesIn(files)).toEqual([])
    expect(circlesIn(foldersOf(files))).toEqual([])
  })

  it('would have one if two needed each other, over however many others', () => {
    const graph = new Map([
      ['a', new Set(['b', 'd'])],
      ['b', new Set(['c'])],
      ['c', new Set(['a'])],
      ['d', new Set<string>()],
    ])
    expect(circlesIn(graph)).toEqual(['a needs b', 'b needs c', 'c needs a'])
  })
})
