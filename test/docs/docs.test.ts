import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type VerbRow, verbNames, verbs } from '../../src/core/request/model/status-table.ts'
import { noticeTypes } from '../../src/ports/notifier.ts'
import { promisedOutput, root, runProgram } from '../built-package.ts'

const textOf = (page: string) => readFileSync(join(root, page), 'utf8')
const pagesIn = (folder: string) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
const guides = pagesIn('docs/guides')
const decisions = pagesIn('docs/decisions')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'bench/README.md',
  'docs/README.md',
  'docs/architecture.md',
  ...decisions,
  ...guides,
]

/** The blocks of a page that are TypeScript, as the one program that they are together. */
const programOf = (page: string) =>
  [...textOf(page).matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]).join('\n')
const programs = ['README.md', ...guides]
  .map((page) => ({ page, program: programOf(page), file: `${basename(page, '.md').toLowerCase()}.ts` }))
  .filter(({ program }) => program !== '')

describe('the pages', () => {
  it.each(pages)('%s links only to what is there', (page) => {
    const targets = [...textOf(page).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '')
    const relative = targets.filter((target) => !/^[a-z]+:/.test(target))
    expect(relative.filter((target) => !existsSync(resolve(root, dirname(page), target)))).toEqual([])
  })

  it('the index of the guides names every guide', () => {
    expect(guides.filter((page) => !textOf('docs/README.md').includes(`(${page.replace('docs/', '')})`))).toEqual([])
  })

  it('the index of the decisions names every decision, in order', () => {
    const named = [...textOf('docs/decisions/README.md').matchAll(/^\| \[(\d+)\]\((.+?)\)/gm)]
    const records = decisions.filter((page) => !page.endsWith('README.md')).toSorted()
    expect(named.map(([, , file]) => `docs/decisions/${file}`)).toEqual(records)
    expect(named.map(([, number, file]) => file?.startsWith(`${number}-`))).toEqual(records.map(() => true))
  })

  it('the README shows the first example as it stands', () => {
    expect(programOf('README.md')).toBe(textOf('examples/01-first-gated-write.ts'))
  })

  it('the table of verbs is the one that decisions are made by', () => {
    expect(textOf('docs/guides/verbs.md')).toContain(tableOfVerbs())
  })
})

describe('the guide to storage', () => {
  it('the guide to running names every notice, and to whom it goes', () => {
    const page = readFileSync(join(root, 'docs/guides/running.md'), 'utf8')
    const part = page.slice(page.indexOf('## Messages to people'), page.indexOf('A notice `deadline_near` says'))
    const firsts = part.split('\n').flatMap((line) => (line.startsWith('| `') ? [line.split('|')[1] ?? ''] : []))
    const rows = firsts.flatMap((first) => first.match(/[a-z_]+/g) ?? [])
    expect(rows.toSorted()).toEqual([...noticeTypes].toSorted())
  })

  it('writes an adapter of less than 200 lines that keeps every promise', () => {
    const program = programOf('docs/guides/storage.md')
    const adapter = program.slice(
      program.indexOf('/** A record as the file has it. */'),
      program.indexOf('const folder ='),
    )
    expect(adapter).toContain('function fileStorage(path: string): Storage {')
    expect(adapter.trim().split('\n').length).toBeLessThan(200)
    // The programs below run it: so many checks of the kit, and none that fails.
    expect(program).toContain('storageConformance(() => fileStorage(')
    expect(promisedOutput(program)).toContain('0 promises are broken')
  })
})

describe('the programs of the pages', () => {
  const folder = mkdtempSync(join(import.meta.dirname, 'programs-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  beforeAll(() => {
    for (const { file, program } of programs) writeFileSync(join(folder, file), program)
  })

  it('compile as the programs of users do', { timeout: 300_000 }, async () => {
    const project = join(folder, 'tsconfig.json')
    writeFileSync(project, JSON.stringify({ extends: '../../built-package.tsconfig.json', include: ['.'] }))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', project]).catch((error) => error)
    expect(stdout).toBe('')
  })

  it.each(programs)('$page prints what its comments say', { timeout: 300_000 }, async ({ file, program }) => {
    const { code, output } = await runProgram(join(folder, file))
    expect(output.trimEnd().split('\n')).toEqual(promisedOutput(program))
    expect(code).toBe(0)
  })
})

/** Verb × state, in Markdown: where a verb exists, the states that it can lead to. */
function tableOfVerbs(): string {
  const rows = verbNames.map((verb) => {
    const { method, from, by, to }: VerbRow = verbs[verb]
    return [
      `\`${verb}\``,
      method === undefined ? '' : `\`${method}\``,
      by,
      ...[from, to].map((states) => states.map((state) => `\`${state}\``).join(', ')),
    ]
  })
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
