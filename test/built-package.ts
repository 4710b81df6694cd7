import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The folder of the project. */
export const root = resolve(import.meta.dirname, '..')

/** What a program printed, and how it ended. */
export interface Run {
  readonly code: number
  readonly output: string
}

/** Runs a TypeScript program as users do: `countersign` is the built package. */
export async function runProgram(path: string, ...args: readonly string[]): Promise<Run> {
  if (!existsSync(join(root, 'dist/index.js'))) throw new TypeError('The package is not built: npm run build')
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')
  const { FORCE_COLOR: _colour, ...host } = process.env
  const env = { ...host, TSX_TSCONFIG_PATH: join(root, 'test/built-package.tsconfig.json') }
  return await new Promise((done) => {
    execFile(process.execPath, [tsx, path, ...args], { cwd: root, env }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, output: stdout + stderr })
    })
  })
}

/** What a program says that it prints: the comments behind its `console.log`. */
export function promisedOutput(program: string): readonly string[] {
  return [...program.matchAll(/^.*(?:console\.log\(|\.tick\(\)).* \/\/ (.+)$/gm)].map((match) => match[1] ?? '')
}
