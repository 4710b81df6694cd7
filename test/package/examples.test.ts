import { readdirSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { compilerOptions, entryPoints, exportsIn, isValue, root } from './public-api.ts'

const longest = 6
const world = join(import.meta.dirname, 'example-world.ts')
const folder = join(root, 'test/package/examples')

/** An example out of a comment. */
interface Example {
  /** Where it stands. */
  readonly at: string
  readonly text: string
}

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(root, 'src', name))
const examples = sources.flatMap(examplesIn)

describe('the examples in the comments of the source', () => {
  it('are all found, each in a block of its own', () => {
    const tags = sources.map((file) => (ts.sys.readFile(file)?.match(/^\s*\* @example/gm) ?? []).length)
    expect(examples.length).toBeGreaterThan(60)
    expect(examples.length).toBe(tags.reduce((sum, count) => sum + count, 0))
  })

  it(`have 1 to ${longest} lines`, () => {
    const lengths = examples.map(({ at, text }) => ({ at, lines: text.trim().split('\n').length }))
    expect(lengths.filter(({ lines }) => lines < 1 || lines > longest)).toEqual([])
  })

  it('import nothing: what they use besides the package is in their world', () => {
    expect(examples.filter(({ text }) => /^import /m.test(text))).toEqual([])
  })

  it('are TypeScript that compiles, as a wrong one is not', () => {
    const wrong = { at: 'a wrong one', text: "await ann.submitt(flags.ref('checkout'), { remove: true })\n" }
    const problems = problemsIn([...examples, wrong])
    expect(problems).toEqual([expect.stringMatching(/^a wrong one: Property 'submitt' does not exist/)])
  }, 240_000)
})

/** Reads the blocks of TypeScript that follow `@example` in the comments of a file. */
function examplesIn(file: string): readonly Example[] {
  const text = ts.sys.readFile(file) ?? ''
  return [...text.matchAll(/^\s*\* @example\n\s*\* ```ts\n(.*?)^\s*\* ```$/gms)].map((match) => ({
    at: `${relative(root, file)}:${text.slice(0, match.index).split('\n').length}`,
    text: (match[1] ?? '').replace(/^\s*\* ?/gm, ''),
  }))
}

/** Compiles examples, each as a module of its own, in a world that has what the package exports, and a few things besides. */
function problemsIn(some: readonly Example[]): readonly string[] {
  const modules = new Map(
    some.map(({ text }, index) => [join(folder, `example-${index}.ts`), `${text}\nexport {}\n`] as const),
  )
  const ambient = join(folder, 'globals.ts')
  const host = ts.createCompilerHost(compilerOptions)
  const virtual = new Map([...modules, [ambient, globals()]])
  const { fileExists, readFile } = host
  host.fileExists = (file) => virtual.has(file) || fileExists(file)
  host.readFile = (file) => virtual.get(file) ?? readFile(file)
  host.getSourceFile = (file, options) => {
    const text = virtual.get(file)
    return text === undefined ? parsed(host, file, options) : ts.createSourceFile(file, text, options, true)
  }
  const program = ts.createProgram([...virtual.keys()], compilerOptions, host)
  return [...virtual.keys()].flatMap((file) => {
    const source = program.getSourceFile(file)
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    const at = some[Number(/\d+/.exec(basename(file))?.[0])]?.at ?? file
    return found.map(({ messageText }) => `${at}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  })
}

/** Declares what the package exports and what the world has, so that no example has to import it. */
function globals(): string {
  const host = ts.createCompilerHost(compilerOptions)
  host.getSourceFile = (file, options) => parsed(host, file, options)
  const program = ts.createProgram([world, ...entryPoints.values()], compilerOptions, host)
  const source = program.getSourceFile(world)
  const checker = program.getTypeChecker()
  const own = source && checker.getSymbolAtLocation(source)
  const things = own ? checker.getExportsOfModule(own).map(({ name }) => ({ module: world, name })) : []
  const values = exportsIn(program).filter(({ symbol }) => isValue(symbol))
  const named = new Map([...values, ...things.filter(({ name }) => !/^[A-Z]/.test(name))].map((one) => [one.name, one]))
  const lines = [...named.values()].map(
    ({ module, name }) => `  const ${name}: typeof import(${JSON.stringify(module)}).${name}`,
  )
  return `declare global {\n${lines.join('\n')}\n}\nexport {}\n`
}

const files = new Map<string, ts.SourceFile | undefined>()

/** Reads and parses a file once for all programs. */
function parsed(host: ts.CompilerHost, file: string, options: ts.CreateSourceFileOptions | ts.ScriptTarget) {
  if (!files.has(file)) {
    const text = host.readFile(file)
    files.set(file, text === undefined ? undefined : ts.createSourceFile(file, text, options, true))
  }
  return files.get(file)
}
