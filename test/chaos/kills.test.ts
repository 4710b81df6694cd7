import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasCode, type Storage } from '../../src/index.ts'
import { deep } from '../runs.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from '../storage/servers.ts'
import { flags } from '../world.ts'
import { storageAt } from './address.ts'
import { ended, type Program, program } from './processes.ts'
import { proxyTo, type TcpProxy } from './proxy.ts'
import { type Entry, lines, work, workplace } from './work.ts'

/** Of each kind of database. */
const kills = deep ? 170 : 4
/** A process is killed soon after it has noted at most so much. */
const longestLife = 20
const hour = 60 * 60 * 1000

const folder = mkdtempSync(join(tmpdir(), 'countersign-kills-'))
const [postgres, mysql] = await Promise.all([postgresDatabase(), mysqlDatabase()])
let worker: Program
beforeAll(async () => {
  worker = await program('worker')
})
afterAll(async () => {
  worker.remove()
  rmSync(folder, { recursive: true })
  await Promise.all([postgres?.drop(), mysql?.drop()])
})
if (!postgres) it.skip(`crashes on PostgreSQL (${leftOut('PostgreSQL')})`)
if (!mysql) it.skip(`crashes on MySQL (${leftOut('MySQL')})`)

const file = join(folder, 'kills.db')
const places: readonly (readonly [string, string])[] = [
  ['SQLite', file],
  ...(postgres ? [['PostgreSQL', postgres.address] as const] : []),
  ...(mysql ? [['MySQL', mysql.address] as const] : []),
]

function entriesOf(log: string): readonly Entry[] {
  if (!existsSync(log)) return []
  const complete = readFileSync(log, 'utf8').split('\n').slice(0, -1)
  return complete.map((line) => JSON.parse(line))
}

/**
 * Looks at what is left of work that broke off: goes through all of it again, under the same keys. What was acknowledged has to be answered as it
 * was; what was not is done now, once; and everybody was told of everything.
 */
async function recover(storage: Storage, tenant: string, entries: readonly Entry[]): Promise<void> {
  const done = new Map(entries.flatMap((entry) => (entry.type === 'done' ? [[entry.key, entry.answer] as const] : [])))
  const told = new Set(entries.flatMap((entry) => (entry.type === 'told' ? [entry.id] : [])))
  const begun = [...done.keys()].map((key) => Number(key.split('-')[1] ?? 0))
  const rounds = Math.max(0, ...begun) + 1
  const note = (entry: Entry) => {
    if (entry.type === 'told') told.add(entry.id)
    else if (done.has(entry.key)) expect(entry).toEqual({ ...entry, answer: done.get(entry.key) })
  }
  const later = () => Date.now() + hour
  await work(storage, { tenant, rounds, note, now: later })
  const ann = workplace(storage, { tenant, note, now: later }).as({ tenant, user: 'ann' })
  expect((await ann.audit.verify()).problems).toEqual([])
  const ids: string[] = []
  for (let at = 0; at < lines; at++) {
    const ref = flags.ref(`flag-${at}`)
    const { requests, next } = await ann.requests.list({ resource: ref, limit: 200 })
    expect(next).toBeUndefined()
    expect(requests.map(({ status }) => status)).toEqual(Array(rounds).fill('applied'))
    const revisions = await ann.resources.history(ref, { limit: 200 })
    expect(revisions.map(({ request }) => request).toSorted()).toEqual(requests.map(({ id }) => id).toSorted())
    ids.push(...requests.map(({ id }) => id))
  }
  const approvals = workplace(storage, { tenant, note, now: () => later() + hour })
  while ((await approvals.tick()).delivered > 0);
  expect([...told].toSorted()).toEqual(ids.flatMap((id) => [`request/${id}/1`, `request/${id}/3`]).toSorted())
}

describe.each(places)('work on %s whose process is killed', (name, address) => {
  it('[P2, O6, N12] keeps what was acknowledged and no half of the rest, and goes on', {
    timeout: 3_600_000,
  }, async () => {
    const storage = storageAt(address)
    await storage.get([{ collection: 'requests', key: ['acme', 'none'] }])
    let acknowledged = 0
    for (let kill = 0; kill < kills; kill++) {
      const tenant = `killed-${kill}`
      const log = join(folder, `${name}-${kill}.log`)
      const child = worker.start(address, tenant, log)
      let left = Math.random() * longestLife
      child.on('message', () => {
        if (left-- < 0) void after(Math.random() * 5).then(() => child.kill('SIGKILL'))
      })
      expect(await ended(child)).toBe('SIGKILL')
      const entries = entriesOf(log)
      acknowledged += entries.length
      await recover(storage, tenant, entries)
    }
    await storage.close()
    expect(acknowledged).toBeGreaterThan(kills)
  })
})

it('[P2] leaves a file of SQLite whole, whenever its writers are killed', () => {
  const database = new Database(file)
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
  database.close()
})

/** Works in this process while the connections are broken again and again, each time when something was done since, and looks at what is left. */
async function disturbed(address: string, tenant: string, disturb: () => Promise<unknown>): Promise<void> {
  const storage = storageAt(address)
  const entries: Entry[] = []
  let known = 0
  const rounds = deep ? 100 : 5
  const working = work(storage, { tenant, rounds, note: (entry) => void entries.push(entry), persists: true })
  const ended = working.then(() => true)
  while (!(await Promise.race([ended, after(Math.random() * 20, false)]))) {
    if (entries.length === known) continue
    known = entries.length
    await disturb()
  }
  await storage.close()
  const calm = storageAt(address)
  await recover(calm, tenant, entries)
  await calm.close()
}

describe('work whose connections are ended by the server', () => {
  it.runIf(postgres)('[P4, G8] is done once on PostgreSQL', { timeout: 600_000 }, async () => {
    let ends = 0
    const name = `disturbed_${process.pid}`
    const address = new URL(postgres?.address ?? '')
    address.searchParams.set('application_name', name)
    await disturbed(address.href, 'terminated-postgres', async () => {
      const found = await postgres?.pool.query(
        `select pg_terminate_backend(pid) from
         (select pid from pg_stat_activity where application_name = $1 order by random() limit 1) as one`,
        [name],
      )
      ends += found?.rows.length ?? 0
    })
    expect(ends).toBeGreaterThan(0)
  })

  it.runIf(mysql)('[P4, G8] is done once on MySQL', { timeout: 600_000 }, async () => {
    let ends = 0
    await disturbed(mysql?.address ?? '', 'terminated-mysql', async () => {
      const [rows] = (await mysql?.pool.query<RowDataPacket[]>(
        'select id from information_schema.processlist where db = database() and id <> connection_id() order by rand() limit 1',
      )) ?? [[]]
      for (const { id } of rows) {
        await mysql?.pool.query(`kill ${id}`).catch(() => {})
        ends++
      }
    })
    expect(ends).toBeGreaterThan(0)
  })
})

describe.each(places.slice(1))('work on %s over a connection', (name, address) => {
  let proxy: TcpProxy
  beforeAll(async () => {
    proxy = await proxyTo(address)
  })
  afterAll(() => proxy.close())

  it('[P4, G8] that is cut again and again is done once', { timeout: 600_000 }, async () => {
    await disturbed(proxy.address, `cut-${name}`, async () => proxy.cut())
  })

  it('[P4, G8] that is cut before the answer to any message is done once', { timeout: 600_000 }, async () => {
    const attempt = async (tenant: string, at: number) => {
      const storage = storageAt(proxy.address)
      const entries: Entry[] = []
      proxy.loseAnswerTo(at)
      const outcome = await work(storage, { tenant, rounds: 1, note: (entry) => void entries.push(entry) }).then(
        () => 'done',
        (error) => (hasCode(error, 'storage_failed') ? 'failed' : Promise.reject(error)),
      )
      const { messages } = proxy
      proxy.heal()
      await storage.close()
      const calm = storageAt(address)
      await recover(calm, tenant, entries)
      await calm.close()
      return { outcome, messages }
    }
    const { outcome, messages } = await attempt('answered', Number.POSITIVE_INFINITY)
    expect(outcome).toBe('done')
    const parts = deep ? 60 : 6
    let failed = 0
    for (let part = 0; part < parts; part++) {
      const at = Math.ceil(((part + Math.random()) / parts) * messages)
      if ((await attempt(`unanswered-${part}`, at)).outcome === 'failed') failed++
    }
    // Where it was tick that got no answer, it has said so in its report, and the work went on.
    expect(failed).toBeGreaterThan(deep ? parts / 4 : 0)
  })
})
