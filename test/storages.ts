import { connect } from 'node:net'
import type { Storage } from '../src/index.ts'
import { memoryStorage } from '../src/storage/memory.ts'
import { sqliteStorage } from '../src/storage/sqlite.ts'
import { deep, some } from './runs.ts'

/** A storage that rows of the specification are proved on. */
export interface NamedStorage {
  readonly name: string
  /** Gives the storage, empty. What was opened before is emptied with it. */
  readonly open: () => Storage
}

/** A database that one worker has for itself, for all the files of tests that it runs: `sweep.ts` takes it away. */
interface Place {
  readonly storage: Storage
  clear(): Promise<unknown>
}

/** A storage in a place that is made when it is first asked for: a file that never asks pays nothing. */
function placed(make: () => Promise<Place>): () => Storage {
  let place: Promise<Place> | undefined
  return () => {
    place ??= make()
    const emptied = place.then(async ({ storage, clear }) => {
      await storage.get([{ collection: 'requests', key: ['acme', 'none'] }])
      await clear()
      return storage
    })
    emptied.catch(() => {})
    return {
      get: async (keys) => (await emptied).get(keys),
      list: async (query) => (await emptied).list(query),
      count: async (query) => (await emptied).count(query),
      commit: async (writes, effect) => (await emptied).commit(writes, effect),
      close: async () => {},
    }
  }
}

async function postgres(): Promise<Place> {
  const { postgresDatabase } = await import('./storage/servers.ts')
  const { postgresStorage } = await import('../src/storage/postgres.ts')
  const database = await postgresDatabase('-c synchronous_commit=off')
  if (!database) throw new TypeError('PostgreSQL answered when this file was read, and does not any more.')
  return { ...database, storage: postgresStorage(database.pool) }
}

async function pglite(): Promise<Place> {
  const { PGlite } = await import('@electric-sql/pglite')
  const { postgresStorage } = await import('../src/storage/postgres.ts')
  const { clearing } = await import('./storage/servers.ts')
  const lite = await PGlite.create()
  return { storage: postgresStorage(lite), clear: () => lite.exec(clearing) }
}

async function mysql(): Promise<Place> {
  const { mysqlDatabase } = await import('./storage/servers.ts')
  const { mysqlStorage } = await import('../src/storage/mysql.ts')
  const database = await mysqlDatabase()
  if (!database) throw new TypeError('MySQL answered when this file was read, and does not any more.')
  return { ...database, storage: mysqlStorage(database.pool) }
}

/** Tells whether somebody listens at the address of a server. */
async function answers(variable: string, local: string): Promise<boolean> {
  const { hostname, port } = new URL(process.env[variable] ?? local)
  const there = await new Promise<boolean>((done) => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.setTimeout(3000, () => socket.destroy(new RangeError('too late')))
    socket.once('connect', () => done(true)).once('error', () => done(false))
    socket.once('connect', () => socket.end())
  })
  if (!there && process.env['CI'] === 'true') throw new TypeError(`Nobody answers at ${variable}, or ${local}.`)
  return there
}

const [hasPostgres, hasMysql] = await Promise.all([
  answers('POSTGRES_URL', 'postgres://127.0.0.1:5432'),
  answers('MYSQL_URL', 'mysql://127.0.0.1:3306'),
])

/** All that rows are proved on. Where there is no PostgreSQL server, PGlite stands in for it. */
const [memory, ...databases]: readonly [NamedStorage, ...NamedStorage[]] = [
  { name: 'memory', open: memoryStorage },
  { name: 'SQLite', open: () => sqliteStorage(':memory:') },
  hasPostgres ? { name: 'PostgreSQL', open: placed(postgres) } : { name: 'PGlite', open: placed(pglite) },
  ...(hasMysql ? [{ name: 'MySQL', open: placed(mysql) }] : []),
]

/** Whether each file proves its rows on all of them: in CI, in a deep run, and where bugs are planted. */
const everywhere = deep || process.env['CI'] === 'true' || process.env['COUNTERSIGN_EVERY_STORAGE'] === '1'

/** The storages that the file of tests that runs now proves its rows on. */
export const storages: NamedStorage[] = []

/** Chooses them for the next file: memory, and one of the databases, which chance chooses; or all. */
export function chooseStorages(): void {
  storages.splice(0, storages.length, memory, ...(everywhere ? databases : some(databases, 1)))
}
