import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript'

/** The folder of the package. */
export const root = resolve(import.meta.dirname, '../..')

/** The modules that users can import, by the names that they import them by, as files of the source. */
export const entryPoints: ReadonlyMap<string, string> = new Map(
  Object.entries(exportsOf(readFileSync(join(root, 'package.json'), 'utf8'))).flatMap(([path, target]) => {
    if (typeof target === 'string') return []
    return [[join('countersign', path), join(root, target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))]]
  }),
)

/** The options by which the source is compiled, with the names of the modules as users write them. */
export const compilerOptions: ts.CompilerOptions = {
  ...ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
    ts.sys,
    root,
    undefined,
    join(root, 'tsconfig.json'),
  ).options,
  noUnusedLocals: false,
  paths: Object.fromEntries([...entryPoints].map(([name, file]) => [name, [file]])),
}

/** Something that a module exports. */
export interface Exported {
  readonly module: string
  readonly name: string
  readonly symbol: ts.Symbol
}

/** Lists what the entry points export. */
export function exportsIn(program: ts.Program): readonly Exported[] {
  const checker = program.getTypeChecker()
  return [...entryPoints].flatMap(([module, file]) => {
    const source = program.getSourceFile(file)
    const own = source && checker.getSymbolAtLocation(source)
    if (!own) throw new Error(`${file} is no module`)
    return checker.getExportsOfModule(own).map((symbol) => {
      const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
      return { module, name: symbol.name, symbol: isAlias ? checker.getAliasedSymbol(symbol) : symbol }
    })
  })
}

/** Tells whether something is there at run time. */
export function isValue(symbol: ts.Symbol): boolean {
  return (symbol.flags & ts.SymbolFlags.Value) !== 0
}

/** Gives the texts of a tag of a comment, one for each time that it is there. */
export function tagsOf(symbol: ts.Symbol, checker: ts.TypeChecker, name: string): readonly string[] {
  const tags = symbol.getJsDocTags(checker).filter((tag) => tag.name === name)
  return tags.map(({ text }) => ts.displayPartsToString(text).trim())
}

interface Targets {
  readonly [path: string]: string | { readonly default: string }
}

function exportsOf(text: string): Targets {
  return (JSON.parse(text) as { readonly exports: Targets }).exports
}
