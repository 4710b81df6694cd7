import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** The folders of the service, from the bottom up: each may import those before it. */
const folders =
  'values records resource-types context arguments people commands access policies changes facts requests queries workflow audit tick api'.split(
    ' ',
  )

const service = folders.map((folder, at) => {
  const file = (of: string | undefined) => (of === undefined ? [] : [`../${of}/thing.ts`])
  const may = [`./thing.ts`, ...folders.slice(0, at).flatMap(file), '../../core/json/json.ts', '../../ports/storage.ts']
  const mayNot = [...folders.slice(at + 1).flatMap(file), '../create-approvals.ts', '../../storage/memory.ts', 'zod']
  return [`src/service/${folder}/word.ts`, { may, mayNot }] as const
})

/** Folder of a file, what it may import, and what it may not. */
const boundaries: Readonly<Record<string, { readonly may: readonly string[]; readonly mayNot: readonly string[] }>> = {
  ...Object.fromEntries(service),
  'src/index.ts': { may: ['./errors/approval-error.ts', './service/create-approvals.ts'], mayNot: ['zod', 'node:fs'] },
  'src/core.ts': {
    may: ['./core/json/json.ts', './errors/result.ts'],
    mayNot: ['./service/create-approvals.ts', './ports/storage.ts', 'zod'],
  },
  'src/errors/word.ts': { may: ['./result.ts'], mayNot: ['../core/json/json.ts', 'zod'] },
  'src/core/word.ts': { may: ['../errors/result.ts'], mayNot: ['./json/json.ts', '../ports/storage.ts'] },
  'src/core/json/word.ts': { may: ['./json.ts'], mayNot: ['../change/diff.ts', '../access/role.ts', 'zod'] },
  'src/core/change/word.ts': {
    may: ['./diff.ts', '../json/json.ts', '../identifier.ts', '../../errors/result.ts'],
    mayNot: [
      '../policy/policy.ts',
      '../access/role.ts',
      '../index.ts',
      '../../ports/storage.ts',
      'node:crypto',
      'immer',
      'fast-json-patch',
    ],
  },
  'src/core/access/word.ts': { may: ['./role.ts'], mayNot: ['../json/json.ts', '../lifecycle/table.ts'] },
  'src/core/lifecycle/word.ts': { may: ['./table.ts'], mayNot: ['../json/json.ts', '../access/role.ts'] },
  'src/core/log/word.ts': {
    may: ['../json/json.ts', '../../errors/result.ts'],
    mayNot: ['../policy/model/policy.ts', '../request/model/request.ts'],
  },
  'src/core/policy/model/word.ts': {
    may: ['../../json/json.ts', '../../../errors/result.ts'],
    mayNot: ['../requirements/thing.ts', '../../review/tally.ts', '../../request/model/request.ts', 'zod'],
  },
  'src/core/policy/requirements/word.ts': { may: ['../model/policy.ts'], mayNot: ['../compile/thing.ts', 'zod'] },
  'src/core/policy/compile/word.ts': {
    may: ['../model/policy.ts', '../requirements/thing.ts'],
    mayNot: ['../evaluate/thing.ts', 'zod'],
  },
  'src/core/policy/evaluate/word.ts': { may: ['../compile/thing.ts'], mayNot: ['../explain/explain.ts', 'zod'] },
  'src/core/policy/explain/word.ts': { may: ['../evaluate/thing.ts'], mayNot: ['../check/check-policy.ts', 'zod'] },
  'src/core/policy/check/word.ts': {
    may: ['../explain/explain.ts', '../model/policy.ts'],
    mayNot: ['../../review/tally.ts', '../../lifecycle/table.ts', 'zod'],
  },
  'src/core/review/word.ts': {
    may: ['../policy/model/requirement.ts', '../json/json.ts'],
    mayNot: ['../request/model/request.ts', '../access/role.ts', '../../service/commands/run-command.ts'],
  },
  'src/core/request/model/word.ts': {
    may: ['../../json/json.ts', '../../log/event-chain.ts', '../../policy/model/policy.ts', '../../review/tally.ts'],
    mayNot: ['../decide/decide.ts', '../../../ports/clock.ts', 'node:process', '../../index.ts'],
  },
  'src/core/request/decide/word.ts': {
    may: ['../model/request.ts', '../../lifecycle/table.ts', '../../access/role.ts'],
    mayNot: ['../../../ports/clock.ts', '../../../service/commands/run-command.ts', 'node:process', '../../index.ts'],
  },
  'src/ports/word.ts': {
    may: ['./storage.ts', '../core/json/json.ts'],
    mayNot: ['../service/commands/run-command.ts', '../storage/memory.ts', 'node:fs', 'kysely'],
  },
  'src/storage/word.ts': {
    may: [
      '../ports/storage.ts',
      '../core/json/json.ts',
      '../errors/result.ts',
      './sql/shared/dialect.ts',
      './sql/sqlite/connection.ts',
      './toolkit/columns.ts',
      'node:async_hooks',
    ],
    mayNot: [
      '../service/commands/run-command.ts',
      '../notifiers/emitter.ts',
      '../index.ts',
      'kysely',
      'better-sqlite3',
    ],
  },
  'src/storage/toolkit/word.ts': {
    may: ['../../ports/storage.ts', '../../errors/result.ts'],
    mayNot: ['../sql/shared/dialect.ts', '../memory.ts', 'kysely'],
  },
  'src/storage/sql/shared/word.ts': {
    may: ['../../toolkit/columns.ts', '../../../ports/storage.ts', '../../../errors/result.ts'],
    mayNot: [
      '../stepwise/stepwise-storage.ts',
      '../sqlite/connection.ts',
      '../../memory.ts',
      'better-sqlite3',
      'kysely',
    ],
  },
  'src/storage/sql/stepwise/word.ts': {
    may: ['../shared/statements.ts', '../../toolkit/columns.ts'],
    mayNot: ['../mysql/statements.ts', '../postgres/connection.ts', 'kysely'],
  },
  'src/storage/sql/sqlite/word.ts': {
    may: ['../shared/statements.ts', '../stepwise/stepwise-storage.ts', '../../../errors/result.ts'],
    mayNot: ['../mysql/connection.ts', '../../../service/commands/run-command.ts', 'better-sqlite3', 'kysely'],
  },
  'src/storage/sql/postgres/word.ts': {
    may: ['../shared/statements.ts', '../stepwise/stepwise-storage.ts'],
    mayNot: ['../sqlite/connection.ts', '../../memory.ts', 'pg', 'kysely'],
  },
  'src/storage/sql/mysql/word.ts': {
    may: ['../shared/statements.ts', '../stepwise/stepwise-storage.ts'],
    mayNot: ['../sqlite/connection.ts', '../../memory.ts', 'mysql2', 'kysely'],
  },
  'src/notifiers/word.ts': {
    may: ['../ports/notifier.ts', '../errors/result.ts'],
    mayNot: ['../service/commands/run-command.ts', '../storage/memory.ts', 'mitt'],
  },
  'src/service/word.ts': {
    may: ['../core/request/decide.ts', '../ports/storage.ts', '../errors/result.ts', './api/acting-as.ts'],
    mayNot: ['../storage/memory.ts', '../notifiers/emitter.ts', '../index.ts', '../core.ts', '../audit.ts', 'zod'],
  },
  'src/testing/word.ts': {
    may: ['../ports/storage.ts', '../core/json/json.ts', './storage-checks/keys.ts', 'node:assert/strict'],
    mayNot: ['../storage/memory.ts', '../notifiers/emitter.ts', '../index.ts', 'vitest'],
  },
  'src/presets/word.ts': { may: ['../ports/notifier.ts'], mayNot: ['../storage/memory.ts', 'zod'] },
  'src/novel/word.ts': { may: ['./thing.ts'], mayNot: ['../errors/result.ts', 'zod'] },
  'examples/word.ts': { may: ['countersign', 'countersign/core'], mayNot: ['../src/index.ts', '../dist/index.js'] },
  'bench/word.ts': { may: ['countersign', './harness.ts'], mayNot: ['../src/core/change/diff.ts'] },
}

/** The one file that imports a third-party package. */
const fences: Readonly<Record<string, string>> = {
  '@noble/hashes/sha2.js': 'src/core/json/digest.ts',
  immer: 'src/core/change/edit-function.ts',
  'fast-json-patch': 'src/core/change/json-patch.ts',
  xstate: 'src/core/lifecycle/machine.ts',
  zod: 'src/core/policy/check/policy-schema.ts',
  kysely: 'src/storage/sql/shared/statements.ts',
  mitt: 'src/notifiers/emitter.ts',
  croner: 'src/service/values/recurrence.ts',
  '@standard-schema/spec': 'src/service/resource-types/resource-type.ts',
}

describe('the boundaries of the folders', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-boundaries-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  let refused: ReadonlyMap<string, readonly string[]>
  beforeAll(() => {
    copyFileSync(join(root, 'biome.json'), join(folder, 'biome.json'))
    const cases = [
      ...Object.entries(boundaries).map(([file, { may, mayNot }]) => ({ file, imports: [...may, ...mayNot] })),
      ...Object.entries(fences).map(([name, file]) => ({ file, imports: [name] })),
    ]
    for (const { file, imports } of cases) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(
        join(folder, file),
        imports.map((from, at) => `export { name as name${at} } from '${from}'\n`).join(''),
      )
    }
    refused = refusedImports(folder, new Map(cases.map(({ file, imports }) => [file, imports])))
  })

  it.each(Object.entries(boundaries))('keep %s to what its folder may know', (file, { mayNot }) => {
    expect(refused.get(file) ?? []).toEqual(mayNot)
  })

  it.each(Object.entries(fences))('let %s be imported by %s', (_, file) => {
    expect(refused.get(file) ?? []).toEqual([])
  })
})

/** Lints the files, and answers which imports of each file the linter refused. */
function refusedImports(
  folder: string,
  files: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const options = ['lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', '.']
  const { stdout } = spawnSync(process.execPath, [biome, ...options], { cwd: folder, encoding: 'utf8' })
  const { diagnostics }: Report = JSON.parse(stdout)
  return new Map(
    [...files].map(([file, imports]) => {
      const lines = diagnostics
        .filter(({ location }) => location.path === file)
        .map(({ location }) => location.start.line)
      return [file, imports.filter((_, at) => lines.includes(at + 1))]
    }),
  )
}

interface Report {
  readonly diagnostics: readonly {
    readonly location: { readonly path: string; readonly start: { readonly line: number } }
  }[]
}
