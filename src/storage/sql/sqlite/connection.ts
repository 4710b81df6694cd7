import { createRequire } from 'node:module'
import { codesOf } from '../shared/driver-error.ts'
import type { Brackets, SqlSession } from '../shared/session.ts'

/** What SQLite is given: nothing else ever reaches a placeholder. */
export type SqliteValue = string | number | null

/** A prepared statement of better-sqlite3, node:sqlite or libsql. */
export interface SqliteStatement {
  /** Runs a statement that answers no rows, and says how many it changed. */
  run(...values: SqliteValue[]): { readonly changes: number | bigint }
  /** Reads the first row; `undefined` if there is none. */
  get(...values: SqliteValue[]): unknown
  /** Reads all rows. */
  all(...values: SqliteValue[]): unknown[]
}

/** An open connection: a `Database` of better-sqlite3 or libsql, or a `DatabaseSync` of node:sqlite. */
export interface SqliteConnection {
  /** Prepares a statement. */
  prepare(sql: string): SqliteStatement
  /** Runs statements that take no values. */
  exec(sql: string): unknown
  /** Closes the connection. */
  close(): unknown
}

/**
 * Loads better-sqlite3 and gives what opens a file with it: with a write-ahead log, and every commit on the disk
 * before it is reported.
 *
 * @throws TypeError if the package is not installed.
 */
export function opener(path: string): () => SqliteConnection {
  const Database = loadDriver()
  return () => {
    const connection = new Database(path)
    connection.exec('pragma journal_mode = wal; pragma synchronous = full')
    return connection
  }
}

/** Speaks over an open connection as if it were far away. */
export function overSqlite(connection: SqliteConnection): SqlSession {
  return {
    native: connection,
    rows: async (text, values) => connection.prepare(text).all(...values),
    changes: async (text, values) => Number(connection.prepare(text).run(...values).changes),
    control: async (text) => connection.exec(text),
  }
}

/** A transaction of its own: it waits for others before it reads, so that it can write what it has read. */
export const inTransaction: Brackets = { begin: ['begin immediate'], keep: ['commit'], undo: ['rollback'] }

/** Tells whether SQLite gave up because another connection was in the way. */
export function isBusy(thrown: unknown): boolean {
  return isOneOf(thrown, 'SQLITE_BUSY', 5) || isOneOf(thrown, 'SQLITE_LOCKED', 6)
}

/** How long a call waits for other connections to finish their transactions, in milliseconds. */
const patience = 5000

/** Tries again while another connection is in the way, without keeping this process from its other work meanwhile. */
export async function patiently<T>(work: () => T): Promise<T> {
  const deadline = performance.now() + patience
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    try {
      return work()
    } catch (thrown) {
      if (!isBusy(thrown) || performance.now() > deadline) throw thrown
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** Tells whether SQLite refused a row because a key or a unique index is taken. */
export function isTaken(thrown: unknown): boolean {
  return isOneOf(thrown, 'SQLITE_CONSTRAINT', 19)
}

/** Some drivers give the name of the extended code, others its number. */
function isOneOf(thrown: unknown, name: string, number: number): boolean {
  return codesOf(thrown).some((code) => code.startsWith(name) || (Number(code) > 0 && (Number(code) & 0xff) === number))
}

function loadDriver(): new (path: string) => SqliteConnection {
  try {
    return createRequire(import.meta.url)('better-sqlite3')
  } catch (cause) {
    throw new TypeError('sqliteStorage(path) needs the package better-sqlite3: npm install better-sqlite3', { cause })
  }
}
