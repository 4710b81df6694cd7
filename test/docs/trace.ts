import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import ts from 'typescript'

/** A function of the source that ran. */
export interface Step {
  /** Its file, from `src` on. */
  readonly file: string
  /** Its name; empty if it has none. */
  readonly name: string
}

/** What each function of a traced bundle calls first. */
const hook = 'countersignEntered'

interface Tracing {
  /** The folder of the source. */
  readonly source: string
  /** Which of its files are traced, by their paths from there on. */
  readonly traced: RegExp
  /** Where the program goes. */
  readonly outfile: string
}

/**
 * Makes one program of a file and all that it imports, in which each function of the traced files says that it begins.
 * Packages are left out of it.
 */
export async function traceableProgram(entry: string, { source, traced, outfile }: Tracing): Promise<void> {
  const plugin: Plugin = {
    name: 'trace',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = relative(source, path)
        return traced.test(file) ? { contents: traceable(readFileSync(path, 'utf8'), file), loader: 'ts' } : undefined
      })
    },
  }
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
    plugins: [plugin],
  })
}

/** Runs something of a traceable program, and gives the functions that began meanwhile: each once, in order. */
export async function stepsOf<T>(
  run: () => Promise<T>,
): Promise<{ readonly steps: readonly Step[]; readonly answer: T }> {
  const steps = new Map<string, Step>()
  Reflect.set(globalThis, hook, (file: string, name: string) => {
    const key = `${file} ${name}`
    if (!steps.has(key)) steps.set(key, { file, name })
  })
  try {
    const answer = await run()
    return { steps: [...steps.values()], answer }
  } finally {
    Reflect.deleteProperty(globalThis, hook)
  }
}

/** The text of a file in which each function says that it begins. */
function traceable(text: string, file: string): string {
  const insertions: { readonly at: number; readonly what: string }[] = []
  const visit = (node: ts.Node) => {
    const body = ts.isFunctionLike(node) && 'body' in node ? node.body : undefined
    if (body) {
      const call = `globalThis.${hook}?.(${JSON.stringify(file)}, ${JSON.stringify(nameOf(node))})`
      if (ts.isBlock(body)) insertions.push({ at: body.getStart() + 1, what: `${call};` })
      else insertions.push({ at: body.getStart(), what: `(${call},(` }, { at: body.end, what: '))' })
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true))
  // Of two at one place, the inner function ends first: it was found last.
  const ordered = insertions.map((one, found) => ({ ...one, found })).sort((a, b) => a.at - b.at || order(a, b))
  let made = ''
  let from = 0
  for (const { at, what } of ordered) {
    made += text.slice(from, at) + what
    from = at
  }
  return made + text.slice(from)
}

function order(
  a: { readonly what: string; readonly found: number },
  b: { readonly what: string; readonly found: number },
) {
  const isEnd = a.what === '))' && b.what === '))'
  return isEnd ? b.found - a.found : a.found - b.found
}

function nameOf({ parent, ...node }: ts.Node & { readonly name?: ts.Node }): string {
  if (node.name && ts.isIdentifier(node.name)) return node.name.text
  const isNamed = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)
  return isNamed && ts.isIdentifier(parent.name) ? parent.name.text : ''
}
