import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'countersign-processes-'))
afterAll(() => rmSync(folder, { recursive: true }))

const writer = resolve(import.meta.dirname, 'sqlite-writer.ts')

/** Starts a process that adds to a counter, and collects the numbers that it says are committed. */
function startWriter(
  path: string,
  times: number,
): { readonly child: ChildProcess; readonly said: readonly number[]; readonly ended: Promise<unknown> } {
  const child = spawn(process.execPath, ['--import', 'tsx', writer, path, 'counter', String(times)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: number[] = []
  let rest = ''
  child.stdout.on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    said.push(...lines.map(Number))
  })
  return { child, said, ended: once(child, 'close') }
}

/** The counter as it is stored, and the numbers of its events. */
function inspect(path: string): {
  readonly count: number
  readonly events: readonly number[]
  readonly integrity: unknown
} {
  const database = new Database(path)
  const count = database.prepare(`select json_extract(value, '$.count') from countersign_requests`).pluck().get() ?? 0
  const events = database.prepare('select seq from countersign_events order by seq').pluck().all()
  const integrity = database.pragma('integrity_check', { simple: true })
  database.close()
  return { count: Number(count), events: events.map(Number), integrity }
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

describe('sqliteStorage, used by several processes', () => {
  it('[G11] loses no write of four processes that write the same record', { timeout: 120_000 }, async () => {
    const path = join(folder, 'shared.db')
    const writers = upTo(4).map(() => startWriter(path, 150))
    await Promise.all(writers.map(({ ended }) => ended))
    expect(writers.map(({ child }) => child.exitCode)).toEqual([0, 0, 0, 0])
    expect(writers.flatMap(({ said }) => said).sort((a, b) => a - b)).toEqual(upTo(600))
    expect(inspect(path)).toEqual({ count: 600, events: upTo(600), integrity: 'ok' })
  })

  it('[P2] keeps every commit that was reported, and no half of any other, when the process is killed', {
    timeout: 120_000,
  }, async () => {
    const path = join(folder, 'killed.db')
    let reported = 0
    for (const round of upTo(5)) {
      const { child, said, ended } = startWriter(path, 1_000_000)
      child.stdout?.on('data', () => {
        if (said.length >= round * 3) child.kill('SIGKILL')
      })
      await ended
      expect(child.signalCode).toBe('SIGKILL')
      reported = Math.max(reported, ...said)
      const { count, events, integrity } = inspect(path)
      expect(count).toBeGreaterThanOrEqual(reported)
      expect({ events, integrity }).toEqual({ events: upTo(count), integrity: 'ok' })
    }
  })
})
