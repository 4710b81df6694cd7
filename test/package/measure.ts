// Measures how a source folder is built: `npm run measure -- path/to/src another/src`.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { argv, cwd, stdout } from 'node:process'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

/** The half, the nine tenths and the whole of a distribution. */
export interface Spread {
  readonly p50: number
  readonly p90: number
  readonly max: number
}

/** How a source folder is built. */
export interface Measures {
  readonly files: number
  /** Lines of a file, comments included. */
  readonly fileLines: Spread
  /** Lines of a file without comments and blank lines. */
  readonly codeLines: Spread
  /** Lines of a function, from its name to its end. */
  readonly functionLines: Spread
  /** Groups of files that import each other in a circle, types counted. */
  readonly circles: number
  /** Of a hundred exported declarations, how many have a doc comment. */
  readonly documented: number
  /** Of a thousand lines of code, how many times the type `any` is written. */
  readonly any: number
  /** Of a thousand lines of code, how many casts there are; `as const` and `satisfies` are none. */
  readonly casts: number
  /** Functions that take four parameters or more. */
  readonly manyParameters: number
  /**
   * Names that two files export, and so may mean two things. Files of one name, in folders beside each other, hold the
   * same for different systems.
   */
  readonly ambiguous: readonly string[]
}

/** Measures the TypeScript files of a folder; tests and declarations are left out. */
export function measure(folder: string): Measures {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      /\.ts$/.test(name) &&
      !/(\.d|\.test|\.spec|\.fixtures?|\.type\.test)\.ts$|(^|\/)(__tests__|node_modules|test)\//.test(name),
  )
  const sources = names.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    return ts.createSourceFile(resolve(folder, name), text, ts.ScriptTarget.Latest, true)
  })
  const counts = sources.map(countsOf)
  const sum = (count: (one: Counts) => number) => counts.reduce((all, one) => all + count(one), 0)
  const code = counts.map(({ codeLines }) => codeLines)
  const thousands = code.reduce((all, lines) => all + lines, 0) / 1_000
  return {
    files: names.length,
    fileLines: spread(counts.map(({ lines }) => lines)),
    codeLines: spread(code),
    functionLines: spread(counts.flatMap(({ functions }) => functions.map(({ lines }) => lines))),
    circles: circlesIn(new Map(sources.map((source) => [source.fileName, importsOf(source)]))),
    documented: Math.round(
      (100 * sum((one) => one.documented)) /
        Math.max(
          1,
          sum((one) => one.exported),
        ),
    ),
    any: round(sum((one) => one.any) / thousands),
    casts: round(sum((one) => one.casts) / thousands),
    manyParameters: counts.flatMap(({ functions }) => functions.filter(({ parameters }) => parameters >= 4)).length,
    ambiguous: ambiguousIn(sources),
  }
}

/** Lists the names that are declared for others in two files. */
function ambiguousIn(sources: readonly ts.SourceFile[]): readonly string[] {
  const files = new Map<string, Set<string>>()
  for (const source of sources) {
    for (const statement of source.statements.filter(isExported)) {
      for (const name of namesOf(statement)) {
        files.set(name, (files.get(name) ?? new Set()).add(basename(source.fileName)))
      }
    }
  }
  return [...files].filter(([, names]) => names.size > 1).map(([name]) => name)
}

function isExported(statement: ts.Statement): boolean {
  if (!ts.canHaveModifiers(statement)) return false
  return ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  }
  return ts.isFunctionDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
    ? [statement.name?.text ?? '']
    : []
}

interface Counts {
  readonly lines: number
  readonly codeLines: number
  readonly functions: readonly { readonly lines: number; readonly parameters: number }[]
  exported: number
  documented: number
  any: number
  casts: number
}

function countsOf(source: ts.SourceFile): Counts {
  const functions: { readonly lines: number; readonly parameters: number }[] = []
  const counts = { exported: 0, documented: 0, any: 0, casts: 0 }
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line
  const visit = (node: ts.Node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) counts.any++
    if ((ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) && !ts.isConstTypeReference(node.type))
      counts.casts++
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      functions.push({ lines: lineOf(node.end) - lineOf(node.getStart()) + 1, parameters: node.parameters.length })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  for (const statement of source.statements) {
    if (!isExported(statement)) continue
    counts.exported++
    if (ts.getJSDocCommentsAndTags(statement).length > 0) counts.documented++
  }
  return { ...counts, functions, lines: source.text.split('\n').length, codeLines: linesOfCode(source) }
}

/** Lines that are neither blank nor part of a comment that has lines of its own. */
function linesOfCode({ text }: ts.SourceFile): number {
  return text.split('\n').filter((line) => !/^\s*($|\/\/|\/\*|\*( |\/|$))/.test(line)).length
}

function importsOf(source: ts.SourceFile): readonly string[] {
  const { importedFiles } = ts.preProcessFile(source.text, true, true)
  const own = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith('.'))
  return own.flatMap((name) => {
    const path = resolve(dirname(source.fileName), name)
    const bare = path.replace(/\.[jt]s$/, '')
    return [`${bare}.ts`, join(bare, 'index.ts')]
  })
}

/** Counts the groups of files that need each other (Tarjan's strongly connected components of two or more). */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): number {
  const places = new Map<string, { readonly index: number; low: number; on: boolean }>()
  const stack: string[] = []
  let circles = 0
  const visit = (name: string) => {
    const place = { index: places.size, low: places.size, on: true }
    places.set(name, place)
    stack.push(name)
    for (const next of graph.get(name) ?? []) {
      if (!graph.has(next)) continue
      const known = places.get(next)
      if (!known) place.low = Math.min(place.low, visit(next).low)
      else if (known.on) place.low = Math.min(place.low, known.index)
    }
    if (place.low === place.index) {
      const group = stack.splice(stack.indexOf(name))
      for (const one of group) (places.get(one) as typeof place).on = false
      if (group.length > 1) circles++
    }
    return place
  }
  for (const name of graph.keys()) if (!places.has(name)) visit(name)
  return circles
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
  return { p50: at(0.5), p90: at(0.9), max: sorted.at(-1) ?? 0 }
}

const round = (number: number) => Math.round(number * 10) / 10

/** The table of several sources in Markdown. */
function table(folders: readonly string[]): string {
  const columns = folders.map((folder) => ({ name: relative(cwd(), folder) || '.', measures: measure(folder) }))
  const rows = Object.keys(columns[0]?.measures ?? {}) as (keyof Measures)[]
  const said = (value: Measures[keyof Measures]) => {
    if (typeof value === 'number') return `${value}`
    return 'p50' in value ? `${value.p50} / ${value.p90} / ${value.max}` : `${value.length}`
  }
  return [
    `| | ${columns.map(({ name }) => name).join(' | ')} |`,
    `|---|${columns.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row} | ${columns.map(({ measures }) => said(measures[row])).join(' | ')} |`),
  ].join('\n')
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const folders = argv.slice(2)
  stdout.write(`${table(folders.length > 0 ? folders : [join(import.meta.dirname, '../../src')])}\n`)
}
