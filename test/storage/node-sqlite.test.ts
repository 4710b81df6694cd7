import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { memoryStorage } from '../../src/storage/memory.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'
import { root } from '../built-package.ts'

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const config = join(root, 'test/newer-node/vitest.config.ts')

/** This Node if it has node:sqlite, as it has from 22.13 on; else the one that `npm test` installs for it. */
function nodeThatHasIt(): string {
  if (process.getBuiltinModule('node:sqlite')) return process.execPath
  const name = `node-${process.platform}-${process.arch}`
  const path = join(root, 'test/newer-node/node_modules', name, 'bin/node')
  if (!existsSync(path)) throw new TypeError(`There is no ${path}: run npm test, or take a Node from 22.13 on`)
  return path
}

it('[G10, I8, L5] [HO-06] sqliteStorage keeps its promises on a connection of node:sqlite, and in transactions there', {
  timeout: 300_000,
}, async () => {
  const args = [vitest, 'run', '--config', config, '--root', root, '--reporter=json']
  const { NODE_OPTIONS: _options, VITEST: _inside, ...env } = process.env
  const run = promisify(execFile)(nodeThatHasIt(), args, { cwd: root, env, maxBuffer: 2 ** 26 })
  const { stdout } = await run.catch((error) => error as { readonly stdout: string })
  const report = JSON.parse(stdout.slice(stdout.indexOf('{"num')))
  const failed = report.testResults.flatMap(
    (file: { readonly message: string; readonly assertionResults: readonly Told[] }) => [
      ...(file.message ? [file.message] : []),
      ...file.assertionResults.flatMap(({ status, fullName, failureMessages }) =>
        status === 'passed' ? [] : [`${status}: ${fullName} ${failureMessages.join()}`],
      ),
    ],
  )
  expect(failed).toEqual([])
  expect(report.numPassedTests).toBeGreaterThan(storageConformance(memoryStorage).length)
})

interface Told {
  readonly status: string
  readonly fullName: string
  readonly failureMessages: readonly string[]
}
