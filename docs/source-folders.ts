import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'

/** Who needs whom. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** What the files of a folder do by themselves; what they call in other folders counts there. */
export interface Touches {
  /** Whether they read the storage. */
  readonly reads: boolean
  /** Whether they commit to the storage. */
  readonly commits: boolean
  /** Whether they ask the directory who people are. */
  readonly asks: boolean
}

/** The source as its imports show it. */
export interface Source {
  /** What each file imports of the others, types counted. */
  readonly files: Graph
  /** Name of each entry point of the package, and its file. */
  readonly entries: ReadonlyMap<string, string>
  touches(folder: string): Touches
}

/** Reads the source of the package that lies in a folder. */
export function readSource(root: string): Source {
  const folder = join(root, 'src')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const texts = new Map(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
  const files = new Map([...texts].map(([name, text]) => [name, importsOf(folder, name, text)]))
  return {
    files,
    entries: entriesOf(root),
    touches: (wanted) => touchesOf(texts, wanted),
  }
}

function importsOf(folder: string, name: string, text: string): ReadonlySet<string> {
  const { importedFiles } = ts.preProcessFile(text, true, true)
  const own = importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
  return new Set(own.map(({ fileName }) => relative(folder, resolve(folder, dirname(name), fileName))))
}

function entriesOf(root: string): ReadonlyMap<string, string> {
  const { name, exports }: Package = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const built = Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string' ? [] : [[path, target.default] as const],
  )
  return new Map(
    built.map(([path, target]) => [path.replace('.', name), target.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts')]),
  )
}

interface Package {
  readonly name: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

/** Functions of `typed-storage.ts` that read, and methods of a storage that do. */
const reading = ['read', 'page', 'walk']
const storageReads = ['get', 'list', 'count']

function touchesOf(texts: ReadonlyMap<string, string>, folder: string): Touches {
  const asking = asyncFunctionsOf(texts, 'service/people')
  const found = { reads: false, commits: false, asks: false }
  for (const [name, text] of texts) {
    if (dirname(name) !== folder) continue
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest)
    const readers = [...importedFrom(source, /typed-storage/)].filter((one) => reading.includes(one))
    const askers = [...importedFrom(source, /people|admins|directory/)].filter((one) => asking.has(one))
    const visit = (node: ts.Node) => {
      if (ts.isCallExpression(node)) {
        const { receiver, called } = partsOf(node)
        const isStorage = /storage$/i.test(receiver)
        found.commits ||= isStorage && called === 'commit'
        found.reads ||= (isStorage && storageReads.includes(called)) || (receiver === '' && readers.includes(called))
        found.asks ||= /directory$/i.test(receiver) || (receiver === '' && askers.includes(called))
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  return found
}

/** The names that a file imports from files that are called so. */
function importedFrom(source: ts.SourceFile, files: RegExp): ReadonlySet<string> {
  const found = source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || !files.test(statement.moduleSpecifier.getText(source))) return []
    const bindings = statement.importClause?.namedBindings
    return bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : []
  })
  return new Set(found)
}

/** What is called, and what it is called on. */
function partsOf({ expression }: ts.CallExpression): { readonly receiver: string; readonly called: string } {
  if (ts.isIdentifier(expression)) return { receiver: '', called: expression.text }
  if (!ts.isPropertyAccessExpression(expression)) return { receiver: '?', called: '' }
  const { expression: on, name } = expression
  const last = ts.isPropertyAccessExpression(on) ? on.name : on
  return { receiver: ts.isIdentifier(last) ? last.text : '?', called: name.text }
}

function asyncFunctionsOf(texts: ReadonlyMap<string, string>, folder: string): ReadonlySet<string> {
  const own = [...texts].filter(([name]) => dirname(name) === folder)
  return new Set(
    own.flatMap(([, text]) => [...text.matchAll(/^export async function (\w+)/gm)].map(([, one]) => one ?? '')),
  )
}

/** Leaves out every arrow that others already lead along. */
export function reduced(graph: Graph): Graph {
  const leads = (from: string, to: string, seen = new Set<string>()): boolean => {
    if (seen.has(from)) return false
    seen.add(from)
    return [...(graph.get(from) ?? [])].some((next) => next === to || leads(next, to, seen))
  }
  return new Map(
    [...graph].map(([from, needed]) => [
      from,
      new Set([...needed].filter((to) => ![...needed].some((other) => other !== to && leads(other, to)))),
    ]),
  )
}

/** Draws files together: `nodeOf` says to what a file belongs, if to anything that is drawn. */
export function grouped(files: Graph, nodeOf: (file: string) => string | undefined): Graph {
  const graph = new Map<string, Set<string>>()
  for (const [file, needed] of files) {
    const from = nodeOf(file)
    if (from === undefined) continue
    const others = graph.get(from) ?? new Set()
    graph.set(from, others)
    for (const one of needed) {
      const to = nodeOf(one)
      if (to !== undefined && to !== from) others.add(to)
    }
  }
  return graph
}

/** How many arrows lead from each to the bottom, at most. */
export function heightsOf(graph: Graph): ReadonlyMap<string, number> {
  const heights = new Map<string, number>()
  const heightOf = (name: string): number => {
    const known = heights.get(name)
    if (known !== undefined) return known
    const height = Math.max(-1, ...[...(graph.get(name) ?? [])].map(heightOf)) + 1
    heights.set(name, height)
    return height
  }
  for (const name of graph.keys()) heightOf(name)
  return heights
}

/** The part of the source that a file belongs to: a folder of `src`, or what lies in `src` itself. */
export function partOf(file: string): string {
  return file.split('/')[0]?.replace(/\.ts$/, '') ?? file
}

/** What a file is drawn as: its folder, or itself if it lies in the folder of its whole part; an index is not drawn. */
export function nodeOf(file: string): string | undefined {
  if (basename(file) === 'index.ts') return undefined
  const folder = dirname(file)
  return folder === partOf(file) || folder === '.' ? file : folder
}
