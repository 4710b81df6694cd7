import { createRequire } from 'node:module'
import { codesOf } from './driver-error.ts'
import { type Lender, lent } from './lent.ts'
import { type Brackets, inBrackets, type SqlDatabase, type SqlSession, type SqlValues } from './session.ts'

/** A statement as `mysql2` takes it: whatever the pool is set to, rows are objects, and values are what they are in the database. */
export interface MysqlStatement {
  readonly sql: string
  readonly rowsAsArray: false
  readonly typeCast: true
}

/** A connection of `mysql2/promise`. */
export interface MysqlConnection {
  /** Runs a prepared statement. */
  execute(statement: MysqlStatement, values: SqlValues): Promise<[unknown, unknown]>
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
  execute(statement: MysqlStatement, values: SqlValues): Promise<[unknown, unknown]>
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
export function openMysql(uri: string, timeout: number): MysqlPool {
  return loadDriver().createPool({ uri, charset: 'utf8mb4', connectTimeout: timeout })
}

/** Speaks over a connection. */
export function overConnection(connection: MysqlConnection): SqlSession {
  const execute = async (sql: string, values: SqlValues) =>
    (await connection.execute({ sql, rowsAsArray: false, typeCast: true }, values))[0]
  return {
    native: connection,
    sendsNumbersAsFloats: true,
    rows: async (text, values) => (await execute(text, values)) as readonly unknown[],
    changes: async (text, values) => ((await execute(text, values)) as { readonly affectedRows: number }).affectedRows,
    control: (text) => connection.query(text),
  }
}

/** Speaks to a pool, none of whose connections is kept longer than the time that it is given. */
export function overPool(pool: MysqlPool, timeout: number): SqlDatabase {
  const lender: Lender<MysqlPoolConnection> = {
    take: () => pool.getConnection(),
    giveBack: (connection, broken) => (broken ? connection.destroy() : connection.release()),
  }
  return {
    ...overConnection({
      execute: (statement, values) => lent(lender, timeout, (connection) => connection.execute(statement, values)),
      query: (sql) => lent(lender, timeout, (connection) => connection.query(sql)),
    }),
    transaction: (work) =>
      lent(lender, timeout, async (connection, distrust) => {
        const session = overConnection(connection)
        const control = (text: string) =>
          session.control(text).catch((thrown) => {
            if (text === 'rollback') distrust()
            throw thrown
          })
        return await inBrackets({ ...session, control }, inTransaction, work)
      }),
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

/** Tells whether MySQL does not know a savepoint, as it does not where no transaction is open. */
export function isOutside(thrown: unknown): boolean {
  return isOneOf(thrown, '1305')
}

function isOneOf(thrown: unknown, ...numbers: readonly string[]): boolean {
  return codesOf(thrown).some((code) => numbers.includes(code))
}

interface Driver {
  createPool(options: { readonly uri: string; readonly charset: string; readonly connectTimeout: number }): MysqlPool
}

function loadDriver(): Driver {
  try {
    return createRequire(import.meta.url)('mysql2/promise')
  } catch (cause) {
    throw new TypeError('mysqlStorage(uri) needs the package mysql2: npm install mysql2', { cause })
  }
}
