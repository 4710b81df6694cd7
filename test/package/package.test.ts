import { execFile, execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as core from '../../src/core.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')
const specifier = (subpath: string) => `countersign${subpath.slice(1)}`

/** Nothing here needs its peer until it is used, but the testing kit, which is made of it. */
const withoutPeers = subpaths.filter((subpath) => subpath !== './testing')

describe('the packed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-package-'))
  const installed = join(folder, 'node_modules/countersign')
  afterAll(() => rmSync(folder, { recursive: true }))

  beforeAll(() => {
    if (!existsSync(join(root, 'dist/index.js'))) throw new TypeError('The package is not built: npm run build')
    install(folder)
  }, 300_000)

  it('has what its exports promise, and nothing else than the built files and the texts', () => {
    const targets = subpaths.flatMap((subpath) => Object.values<string>(manifest.exports[subpath]))
    expect(targets.filter((target) => !existsSync(join(installed, target)))).toEqual([])
    expect(readdirSync(installed).toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json'])
  })

  it('depends on what it imports, and on nothing else', () => {
    const modules = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(js|d\.ts)$/.test(name))
      .map((name) => readFileSync(join(installed, 'dist', name), 'utf8'))
    const imported = modules.flatMap((text) => [...text.matchAll(/^(?:im|ex)port .*from ['"]([^'".][^'"]*)['"]/gm)])
    const packages = imported.map(([, path = '']) => /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '')
    const own = new Set(packages.filter((name) => !name.startsWith('node:') && !(name in manifest.peerDependencies)))
    expect([...own].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted())
  })

  it('[HO-10] shows no type of a third party but the Standard Schema, and the arbitraries of the testing kit', () => {
    const declarations = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.d.ts'))
      .map((name) => readFileSync(join(installed, 'dist', name), 'utf8'))
    const imported = declarations.flatMap((text) =>
      [...text.matchAll(/(?:from|import) '([^'.][^']*)'/g)].map((match) => match[1]),
    )
    expect(new Set(imported)).toEqual(new Set(['@standard-schema/spec', 'fast-check']))
  })

  it.each([
    ['node16', 'node16'],
    ['bundler', 'esnext'],
  ])(
    'has types that an application compiles against with moduleResolution %s',
    { timeout: 300_000 },
    async (moduleResolution, module) => {
      const peer = join(folder, 'node_modules/fast-check')
      if (!existsSync(peer)) symlinkSync(join(root, 'node_modules/fast-check'), peer)
      const project = join(folder, `tsconfig.${moduleResolution}.json`)
      const compilerOptions = { target: 'es2023', module, moduleResolution, strict: true, noEmit: true, types: [] }
      writeFileSync(project, JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      const { stdout } = await run(process.execPath, [tsc, '-p', project]).catch((error) => error)
      expect(stdout).toBe('')
    },
  )

  it('[HO-10] has types without an error, for those who check libraries and take undefined for no value', async () => {
    copyFileSync(join(import.meta.dirname, 'optional.ts'), join(folder, 'optional.ts'))
    const project = join(folder, 'tsconfig.exact.json')
    const strictest = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, types: [] }
    const compilerOptions = { target: 'es2023', module: 'esnext', moduleResolution: 'bundler', ...strictest }
    writeFileSync(project, JSON.stringify({ compilerOptions, files: ['optional.ts'] }))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [tsc, '-p', project]).catch((error) => error)
    expect(stdout).toBe('')
  }, 300_000)

  it.each(withoutPeers)('can be imported from %s where no peer is installed', async (subpath) => {
    const hidden = `await import('${specifier(subpath)}')`
    await expect(inFolder(folder, hidden)).resolves.toBe('')
  })

  it('says what to install when the driver of a storage is missing', async () => {
    const text = `import { sqliteStorage } from 'countersign/storage/sqlite'
      try { sqliteStorage('approvals.db') } catch (error) { console.log(error.name, error.message) }`
    await expect(inFolder(folder, text)).resolves.toMatch(/^TypeError.*npm install better-sqlite3/)
  })

  describe('in a browser', () => {
    let bundle: string
    beforeAll(async () => {
      const result = await build({
        stdin: { contents: `export * from 'countersign/core'`, resolveDir: folder },
        bundle: true,
        minify: true,
        platform: 'browser',
        format: 'iife',
        globalName: 'core',
        write: false,
        metafile: true,
      })
      const imports = Object.values(result.metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path))
      expect(imports.filter((path) => path.startsWith('node:') || builtinModules.includes(path))).toEqual([])
      bundle = result.outputFiles[0]?.text ?? ''
    })

    it('runs the core with nothing but the language and a text encoder, and computes the same as here', () => {
      const browser = createContext({ TextEncoder }, { codeGeneration: { strings: false, wasm: false } })
      runInContext(bundle, browser)
      const program = `JSON.stringify((${decideSomething})(core))`
      expect(runInContext(program, browser)).toBe(JSON.stringify(decideSomething(core)))
    })

    it('weighs at most 110 KB, compressed', () => {
      expect(gzipSync(bundle).byteLength).toBeLessThan(110_000)
    })
  })
})

/** Diffs, judges and digests a change. Must not look outside its argument: its text also runs in the browser. */
function decideSomething({
  compileShape,
  keyedBy,
  diff,
  describe,
  digest,
  compilePolicies,
  parsePolicy,
  evaluate,
}: typeof core) {
  const shape = compileShape({ '/rules': keyedBy('id') })
  const before = { rollout: 40, rules: [{ id: 'eu', rollout: 10 }] }
  const after = {
    rollout: 80,
    rules: [
      { id: 'us', rollout: 1 },
      { id: 'eu', rollout: 90 },
    ],
  }
  const places = diff(before, after, shape)
  const policy = parsePolicy({
    id: 'big-rollouts',
    match: { resource: 'feature_flag' },
    when: { type: 'change_amount', field: '/rules/*/rollout', operator: '>', value: 20 },
    require: { quorum: 1, from: { roles: ['lead'] } },
  })
  if (!places.ok || !policy.ok) return { places, policy }
  const subject = {
    resource: { type: 'feature_flag', id: 'checkout' },
    project: undefined,
    actions: ['update'],
    places: places.value,
    before,
    after,
  }
  const evaluation = evaluate(compilePolicies([{ ...policy.value, version: 1 }]), subject)
  return { lines: describe(places.value), digest: digest('document', after), evaluation }
}

/** Packs the project and installs it in a folder: its own dependencies beside it, and no others. */
function install(folder: string): void {
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  )
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'countersign'), { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', join(modules, 'countersign'), '--strip-components=1'])
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  copyFileSync(join(import.meta.dirname, 'consumer.ts'), join(folder, 'consumer.ts'))
}

async function inFolder(folder: string, program: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder })
  return stdout
}
