import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'

/** A schema of its own on the PostgreSQL server. */
export interface FlowPlace {
  readonly pool: pg.Pool
  readonly schema: string
  /** Drops the schema and ends the pool. */
  readonly close: () => Promise<void>
}

/** A file of SQLite with every commit on the disk. */
export interface FlowFile {
  readonly database: Database.Database
  /** Closes the database and removes the file. */
  readonly close: () => Promise<void>
}

/** How many connections each side has. */
export const flowConnections = 16

/** Where the PostgreSQL server is. */
export function serverUrl(): string {
  return process.env['POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'
}

/** Opens a file of SQLite in a folder of its own. */
export function flowFile(): FlowFile {
  const folder = mkdtempSync(join(import.meta.dirname, 'flow-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const database = new Database(join(folder, 'bench.db'))
  database.exec('pragma journal_mode = wal; pragma synchronous = full')
  return {
    database,
    async close() {
      database.close()
      remove()
      process.removeListener('exit', remove)
    },
  }
}

/** Makes a schema on the server, which is reached directly or over a wire that takes a millisecond each way. */
export async function flowPlace(reach: 'directly' | 'slowly'): Promise<FlowPlace> {
  const schema = `countersign_bench_${randomUUID().replaceAll('-', '')}`
  const url = new URL(serverUrl())
  const wire = reach === 'slowly' ? await slowWire(url) : undefined
  if (wire) [url.hostname, url.port] = ['127.0.0.1', String(wire.port)]
  const options = `-c search_path=${schema}`
  const pool = new pg.Pool({ connectionString: url.href, max: flowConnections, idleTimeoutMillis: 0, options })
  const close = async () => {
    await pool.end()
    await wire?.close()
  }
  try {
    await pool.query(`create schema ${schema}`)
  } catch (error) {
    await close()
    throw error
  }
  return {
    ...{ pool, schema },
    async close() {
      try {
        const { rows } = await pool.query('select tablename from pg_tables where schemaname = $1', [schema])
        // One by one: the locks of all tables at once may be more than a busy server has room for.
        for (const { tablename } of rows) await pool.query(`drop table ${schema}.${tablename} cascade`)
        await pool.query(`drop schema ${schema} cascade`)
      } finally {
        await close()
      }
    },
  }
}

/** Starts a process that passes everything on to the server a millisecond later, each way. It ends with this one. */
async function slowWire({ hostname, port }: URL) {
  const child = fork(join(import.meta.dirname, 'flow-slow-wire.js'), [hostname, port || '5432'], { execArgv: [] })
  const [listening] = await once(child, 'message')
  return {
    port: Number(listening),
    async close() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}
