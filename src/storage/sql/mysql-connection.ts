import { createRequire } from 'node:module'
import type { KeyPart } from '../../ports/storage.ts'

/** A connection of `mysql2/promise`, checked out of its pool. */
export interface MysqlConnection {
  /** Runs a prepared statement. */
  execute(sql: string, values: (KeyPart | null)[]): Promise<[unknown, unknown]>
  /** Runs a statement. */
  query(sql: string): Promise<[unknown, unknown]>
  /** Gives the connection back to its pool. */
  release(): void
  /** Closes the connection at once. */
  destroy(): void
}

/** A pool of `mysql2/promise`. */
export interface MysqlPool {
  /** Runs a prepared statement. */
  execute(sql: string, values: (KeyPart | null)[]): Promise<[unknown, unknown]>
  /** Takes a connection. */
  getConnection(): Promise<MysqlConnection>
  /** Closes all connections. */
  end(): Promise<void>
}

/**
 * Opens a pool with `mysql2`.
 *
 * @throws TypeError where the package is not installed.
 */
export function openMysql(uri: string): MysqlPool {
  return loadDriver().createPool({ uri, charset: 'utf8mb4' })
}

/** Does work in a transaction on a connection of its own; rolls it back where the work throws. */
export async function inTransaction(
  pool: MysqlPool,
  work: (connection: MysqlConnection) => Promise<void>,
): Promise<void> {
  const connection = await pool.getConnection()
  try {
    await connection.query('start transaction')
    await work(connection)
    await connection.query('commit')
    connection.release()
  } catch (thrown) {
    await connection.query('rollback').then(
      () => connection.release(),
      () => connection.destroy(),
    )
    throw thrown
  }
}

/** Tells whether MySQL gave up because another transaction was in the way: deadlock, lock time-out, a row that has changed. */
export function isInTheWay(thrown: unknown): boolean {
  return [1213, 1205, 1020].includes(numberOf(thrown))
}

/** Tells whether MySQL refused a row because its key or its place in a unique index is taken. */
export function isTaken(thrown: unknown): boolean {
  return numberOf(thrown) === 1062
}

/** Tells whether MySQL has the table, or the index, that it was told to create. */
export function isThere(thrown: unknown): boolean {
  return [1050, 1061].includes(numberOf(thrown))
}

function numberOf(thrown: unknown): number {
  return thrown instanceof Error && 'errno' in thrown ? Number(thrown.errno) : 0
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
