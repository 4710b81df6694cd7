import { createRequire } from 'node:module'
import { codesOf } from './driver-error.ts'
import { type Brackets, inBrackets, type SqlDatabase, type SqlSession, type SqlValues } from './session.ts'

/** A connection of `mysql2/promise`. */
export interface MysqlConnection {
  /** Runs a prepared statement. */
  execute(sql: string, values: SqlValues): Promise<[unknown, unknown]>
  /** Runs a statement. */
  query(sql: string): Promise<[unknown, unknown]>
}

/** A connection of `mysql2/promise`, checked out of its pool. */
export interface MysqlPoolConnection extends MysqlConnection {
  /** Gives the connection back to its pool. */
  release(): void
  /** Closes the connection at once. */
  destroy(): void
}

/** A pool of `mysql2/promise`. */
export interface MysqlPool {
  /** Runs a prepared statement. */
  execute(sql: string, values: SqlValues): Promise<[unknown, unknown]>
  /** Takes a connection. */
  getConnection(): Promise<MysqlPoolConnection>
  /** Closes all connections. */
  end(): Promise<void>
}

/** A transaction of its own. */
export const inTransaction: Brackets = { begin: ['start transaction'], keep: ['commit'], undo: ['rollback'] }

/** How long an instance that makes the tables waits for another that is at the same work, in seconds. */
const patience = 60

/** MySQL commits after every statement that makes a table, so that no transaction keeps others out. */
export const migrationLock = {
  take: `select get_lock('countersign_migrations', ${patience})`,
  leave: "select release_lock('countersign_migrations')",
}

/**
 * Opens a pool with `mysql2`.
 *
 * @throws TypeError where the package is not installed.
 */
export function openMysql(uri: string): MysqlPool {
  return loadDriver().createPool({ uri, charset: 'utf8mb4' })
}

/** Speaks over a connection. */
export function overConnection(connection: MysqlConnection): SqlSession {
  return {
    native: connection,
    sendsNumbersAsFloats: true,
    rows: async (text, values) => (await connection.execute(text, values))[0] as readonly unknown[],
    changes: async (text, values) =>
      ((await connection.execute(text, values))[0] as { readonly affectedRows: number }).affectedRows,
    control: (text) => connection.query(text),
  }
}

/** Speaks to a pool. */
export function overPool(pool: MysqlPool): SqlDatabase {
  return {
    ...overConnection({
      execute: (sql, values) => pool.execute(sql, values),
      query: (sql) => pool.execute(sql, []),
    }),
    async transaction(work) {
      const connection = await pool.getConnection()
      let usable = true
      const session = overConnection(connection)
      const control = (text: string) =>
        session.control(text).catch((thrown) => {
          usable = text !== 'rollback'
          throw thrown
        })
      try {
        return await inBrackets({ ...session, control }, inTransaction, work)
      } finally {
        if (usable) connection.release()
        else connection.destroy()
      }
    },
  }
}

/** Tells whether MySQL gave up because another transaction was in the way: deadlock, lock time-out, a row that has changed. */
export function isInTheWay(thrown: unknown): boolean {
  return isOneOf(thrown, '1213', '1205', '1020')
}

/** Tells whether MySQL refused a row because its key or its place in a unique index is taken. */
export function isTaken(thrown: unknown): boolean {
  return isOneOf(thrown, '1062')
}

/** Tells whether MySQL has the table, or the index, that it was told to create. */
export function isThere(thrown: unknown): boolean {
  return isOneOf(thrown, '1050', '1061')
}

function isOneOf(thrown: unknown, ...numbers: readonly string[]): boolean {
  return codesOf(thrown).some((code) => numbers.includes(code))
}

interface Driver {
  createPool(options: { readonly uri: string; readonly charset: string }): MysqlPool
}

function loadDriver(): Driver {
  try {
    return createRequire(import.meta.url)('mysql2/promise')
  } catch (cause) {
    throw new TypeError('mysqlStorage(uri) needs the package mysql2: npm install mysql2', { cause })
  }
}
