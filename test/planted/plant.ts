import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { argv } from 'node:process'
import { type Bug, bugs, type Layer, layers } from './bugs.ts'
import { caughtIn, neverPlanted, tableOf, withTable } from './table.ts'

/**
 * Plants each bug in a copy of the project, and runs the suite layer by layer until one of them fails: `npm run test:planted`, with `-- part of a name` for
 * some of them, or with `-- pending` for those that the table of the guide knows nothing of yet.
 */
const project = resolve(import.meta.dirname, '../..')
const guide = join(project, 'docs/guides/proof.md')
const wanted = argv[2] ?? ''
const caught = caughtIn(readFileSync(guide, 'utf8'), bugs)
const waiting = bugs.filter((bug) => (wanted === neverPlanted ? caught.get(bug) === wanted : bug.name.includes(wanted)))
const missed: Bug[] = []

await Promise.all(Array.from({ length: availableParallelism() }, plant))

process.exitCode = missed.length === 0 ? 0 : 1

/** Plants one bug after the other, until none is left. */
async function plant(): Promise<void> {
  const copy = copied()
  for (let bug = waiting.shift(); bug; bug = waiting.shift()) {
    const layer = await catching(copy, bug)
    caught.set(bug, layer ?? '**nobody**')
    if (!layer) missed.push(bug)
    writeFileSync(guide, withTable(readFileSync(guide, 'utf8'), tableOf(bugs, caught)))
    process.stdout.write(`${layer ?? 'NOBODY'}: ${bug.name}\n`)
  }
  rmSync(dirname(copy), { recursive: true })
}

function copied(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'countersign-planted-')), 'countersign')
  mkdirSync(folder)
  for (const name of ['src', 'test', 'examples', 'package.json', 'tsconfig.json', 'vitest.config.ts']) {
    cpSync(join(project, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** The first layer that fails with a bug; undefined where none does. */
async function catching(copy: string, { file, find, put }: Bug): Promise<Layer | undefined> {
  const path = join(copy, 'src', file)
  const text = readFileSync(path, 'utf8')
  if (text.split(find).length !== 2) throw new TypeError(`src/${file} has no single place for: ${find}`)
  writeFileSync(
    path,
    text.replace(find, () => put),
  )
  try {
    for (const [layer, files] of Object.entries(layersOf(file))) {
      if (!(await passes(copy, files))) return layer as Layer
    }
    return undefined
  } finally {
    writeFileSync(path, text)
  }
}

function layersOf(file: string): Partial<Readonly<Record<Layer, readonly string[]>>> {
  const folder = Object.keys(layers).find((name) => file.startsWith(`${name}/`))
  if (folder === undefined) throw new TypeError(`No layer speaks of src/${file}.`)
  return layers[folder] ?? {}
}

function passes(copy: string, files: readonly string[]): Promise<boolean> {
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs')
  const env = { ...process.env, COUNTERSIGN_EVERY_STORAGE: '1' }
  const options = ['run', '--bail=1', '--reporter=dot', ...files]
  return new Promise((done) => {
    execFile(process.execPath, [vitest, ...options], { cwd: copy, maxBuffer: 2 ** 26, env }, (error) =>
      done(error === null),
    )
  })
}
