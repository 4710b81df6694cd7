import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type pg from 'pg'
import { ownDatabase, postgresUrl } from './servers.ts'

/** A database of its own, behind a PgBouncer of its own that gives each transaction another connection. */
export interface Bounced {
  /** How the database is found through PgBouncer. */
  readonly address: string
  /** Speaks to the database itself. */
  readonly direct: pg.Pool
  /** Ends PgBouncer, and takes the database away. */
  stop(): Promise<void>
}

/** How many connections to the server all clients share. */
export const serverConnections = 3

/** Says in a title why something was left out. */
export const noBouncer = 'left out: PgBouncer is not installed, or there is no PostgreSQL'

/** Where PgBouncer may be: on Debian in a folder that is not searched for everybody. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }

/** Starts PgBouncer before the PostgreSQL of these tests; undefined if there is none. */
export async function bounced(): Promise<Bounced | undefined> {
  const { error } = spawnSync('pgbouncer', ['--version'], { env })
  if (error && process.env['CI'] === 'true') throw new TypeError('PgBouncer is not installed', { cause: error })
  const database = error ? undefined : await ownDatabase()
  if (!database) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'countersign-pgbouncer-'))
  const port = await freePort()
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(settings, settingsOf(database.name, port), { mode: 0o600 })
  const child = spawn('pgbouncer', [settings], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...unprivileged(folder, settings),
  })
  const end = () => void child.kill('SIGTERM')
  process.once('exit', end)
  await up(child)
  return {
    address: `postgres://anybody@127.0.0.1:${port}/${database.name}`,
    direct: database.pool,
    async stop() {
      process.off('exit', end)
      end()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      rmSync(folder, { recursive: true })
      await database.drop()
    },
  }
}

function settingsOf(database: string, port: number): string {
  const { hostname, port: server, username, password } = new URL(postgresUrl)
  const login = [
    `user='${decodeURIComponent(username)}'`,
    ...(password ? [`password='${decodeURIComponent(password)}'`] : []),
  ]
  return `[databases]
${database} = host=${hostname} port=${server || 5432} ${login.join(' ')}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${serverConnections}
max_client_conn = 200
`
}

/** PgBouncer does not run as root: root starts it as the user nobody, who may read what it has to. */
function unprivileged(folder: string, settings: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const idOf = (which: '-u' | '-g') => Number(execFileSync('id', [which, 'nobody'], { encoding: 'utf8' }))
  const [uid, gid] = [idOf('-u'), idOf('-g')]
  chmodSync(folder, 0o755)
  chownSync(settings, uid, gid)
  return { uid, gid }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

/** Waits until PgBouncer says that it is up. */
async function up(child: ChildProcess): Promise<void> {
  const said: string[] = []
  if (!child.stderr) throw new TypeError('Nothing is heard of PgBouncer.')
  for await (const line of createInterface(child.stderr)) {
    said.push(line)
    if (!line.includes('process up')) continue
    child.stderr.resume()
    return
  }
  throw new TypeError(`PgBouncer did not start: ${said.join('\n')}`)
}
