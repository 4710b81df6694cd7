import { createRequire } from 'node:module'

/** What SQLite is given: nothing else ever reaches a placeholder. */
export type SqliteValue = string | number | null

/** A prepared statement of better-sqlite3 or node:sqlite. */
export interface SqliteStatement {
  /** Runs a statement that answers no rows, and says how many it changed. */
  run(...values: SqliteValue[]): { readonly changes: number | bigint }
  /** Reads the first row; undefined where there is none. */
  get(...values: SqliteValue[]): unknown
  /** Reads all rows. */
  all(...values: SqliteValue[]): unknown[]
}

/** An open connection: a `Database` of better-sqlite3 or a `DatabaseSync` of node:sqlite. */
export interface SqliteConnection {
  /** Prepares a statement. */
  prepare(sql: string): SqliteStatement
  /** Runs statements that take no values. */
  exec(sql: string): unknown
  /** Closes the connection. */
  close(): unknown
}

/**
 * Loads better-sqlite3 and gives what opens a file with it: with a write-ahead log, and every commit on the disk before it is
 * reported.
 *
 * @throws TypeError where the package is not installed.
 */
export function opener(path: string): () => SqliteConnection {
  const Database = loadDriver()
  return () => {
    const connection = new Database(path)
    connection.exec('pragma journal_mode = wal; pragma synchronous = full')
    return connection
  }
}

/** Tells whether SQLite gave up because another connection was in the way. */
export function isBusy(thrown: unknown): boolean {
  return isSqliteError(thrown, 'SQLITE_BUSY', 5) || isSqliteError(thrown, 'SQLITE_LOCKED', 6)
}

/** Tells whether SQLite refused a row because a key or a unique index is taken. */
export function isTaken(thrown: unknown): boolean {
  return isSqliteError(thrown, 'SQLITE_CONSTRAINT', 19)
}

/** better-sqlite3 gives the name of the extended code, node:sqlite its number. */
function isSqliteError(thrown: unknown, name: string, number: number): boolean {
  if (!(thrown instanceof Error)) return false
  if ('errcode' in thrown && typeof thrown.errcode === 'number') return (thrown.errcode & 0xff) === number
  return 'code' in thrown && typeof thrown.code === 'string' && thrown.code.startsWith(name)
}

function loadDriver(): new (path: string) => SqliteConnection {
  try {
    return createRequire(import.meta.url)('better-sqlite3')
  } catch (cause) {
    throw new TypeError('sqliteStorage(path) needs the package better-sqlite3: npm install better-sqlite3', { cause })
  }
}
