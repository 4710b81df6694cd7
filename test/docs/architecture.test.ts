import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawArchitecture } from '../../docs/draw-architecture.ts'
import { readSource } from '../../docs/source-folders.ts'
import { root } from '../built-package.ts'
import type { scenes } from './scenes.ts'
import { type Step, stepsOf, traceableProgram } from './trace.ts'

/** Of these places a list names every file that its call passes. */
const mainPath = [
  'service/api',
  'service/requests',
  'service/commands',
  'service/changes',
  'service/facts',
  'service/tick',
  'core/request/decide',
  'core/policy/evaluate',
  'storage',
]

/** The places of which functions are recorded: the main path, and what is listed beside it. */
const traced = /^(service|core\/(policy\/evaluate|request|review)|storage\/[^/]+\.ts)/

const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
const source = readSource(root)

/** A part of the page, from its heading to the next one. */
function section(heading: string): string {
  const after = page.slice(page.indexOf(`${heading}\n`) + heading.length)
  return after.slice(0, after.search(/\n##/))
}

/** The steps of a list: a file, and the function of it that is entered then; of a file alone, any of its functions. */
function listed(heading: string): readonly Step[] {
  const lines = [...section(heading).matchAll(/^(\d+)\. \[`(.+?)`\]\((.+?)\)(?: `(\w+)`)?: .+\.$/gm)]
  return lines.map(([, number, file = '', link, name = ''], at) => {
    expect([Number(number), link]).toEqual([at + 1, `../src/${file}`])
    return { file, name }
  })
}

/** The files that a call passes and that do little there. */
function passedBy(heading: string): readonly string[] {
  const line = section(heading).match(/^Also passed: (.+)\.$/m)?.[1] ?? ''
  return [...line.matchAll(/`(.+?)`/g)].map((match) => match[1] ?? '')
}

function isOnMainPath(file: string): boolean {
  return mainPath.some((place) => file.slice(0, file.lastIndexOf('/')) === place)
}

describe('the architecture page', () => {
  it('shows the picture that its script draws', () => {
    const isSame = readFileSync(join(root, 'docs/architecture.svg'), 'utf8') === drawArchitecture(source)
    expect(isSame, 'draw it anew: npm run docs:architecture').toBe(true)
  })

  it('says of each folder of the service what it touches', () => {
    const rows = [...section('## What each folder may touch').matchAll(/^\| `(\S+)` \|(.*?)\|(.*?)\|(.*?)\| /gm)]
    const folders = rows.map(([, folder, ...marks]) => ({ folder, marks: marks.map((mark) => mark.trim() === 'yes') }))
    const found = [...new Set([...source.files.keys()].flatMap((file) => file.match(/^service\/(.+)\//)?.[1] ?? []))]
    const touched = found.map((folder) => {
      const { reads, commits, asks } = source.touches(`service/${folder}`)
      return { folder, marks: [reads, commits, asks] }
    })
    const byName = (a: { folder?: string | undefined }, b: { folder?: string | undefined }) =>
      (a.folder ?? '') < (b.folder ?? '') ? -1 : 1
    expect(folders.filter(({ folder }) => found.includes(folder ?? '')).toSorted(byName)).toEqual(
      touched.toSorted(byName),
    )
  })

  it('says of which places the lists are complete', () => {
    const { length } = mainPath.filter((place) => section('## Three calls, file by file').includes(`\`${place}\``))
    expect(length).toBe(mainPath.length)
  })

  it('names no file that is not there', () => {
    const named = [...page.matchAll(/`([a-z][\w/-]+\.ts)`/g)].map((match) => match[1] ?? '')
    const places = ['', 'src', 'src/service']
    expect(named.filter((file) => !places.some((place) => existsSync(join(root, place, file))))).toEqual([])
  })
})

describe('the lists of the files that a call passes', () => {
  const folder = mkdtempSync(join(import.meta.dirname, 'programs-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  let program: { readonly scenes: typeof scenes }
  beforeAll(async () => {
    const file = join(folder, 'scenes.mjs')
    await traceableProgram(join(import.meta.dirname, 'scenes.ts'), { source: join(root, 'src'), traced, outfile: file })
    program = await import(file)
  }, 30_000)

  const calls = [
    ['submit', 'pending'],
    ['approve', 'applied'],
    ['tick', { applied: 1, delivered: 1, sealed: 1, failed: [] }],
  ] as const

  it.each(calls)(
    '%s passes what is listed, in this order, and no other file of the main path',
    async (name, outcome) => {
      const call = await program.scenes[name]()
      const { steps, answer } = await stepsOf(call)
      expect(answer).toEqual(outcome)

      const list = listed(`### ${name}`)
      const at = list.map((step) =>
        steps.findIndex(({ file, name }) => file === step.file && (step.name === '' || step.name === name)),
      )
      const named = list.map(({ file, name }, index) => ({ file, name, at: at[index] ?? -1 }))
      expect(named.filter((step) => step.at < 0)).toEqual([])
      expect(named).toEqual(named.toSorted((a, b) => a.at - b.at))

      const passed = new Set(steps.map(({ file }) => file).filter(isOnMainPath))
      const files = new Set(list.map(({ file }) => file))
      expect([...passed].filter((file) => !files.has(file)).toSorted()).toEqual(passedBy(`### ${name}`).toSorted())
    },
  )
})
