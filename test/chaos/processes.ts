import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from '../built-package.ts'

/** A program of these tests, made into one file that Node starts by itself, and fast. */
export interface Program {
  /** Starts it in a process of its own; what it sends comes by `message`. */
  start(...args: readonly string[]): ChildProcess
  remove(): void
}

/** Bundles a program of this folder. Packages stay where they are, so that the bundle has to lie beside them. */
export async function program(name: string): Promise<Program> {
  const folder = mkdtempSync(join(root, 'node_modules/.countersign-test-'))
  const outfile = join(folder, `${name}.mjs`)
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  })
  return {
    start: (...args) => fork(outfile, args, { execArgv: [], serialization: 'advanced' }),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** Waits until a process has ended, and tells how. */
export async function ended(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode ?? child.signalCode
}
