import { createRequire } from 'node:module'
import { codesOf } from '../shared/driver-error.ts'
import { type FirstLook, type Habits, lookedAt } from '../shared/first-look.ts'
import type { MigrationLock } from '../shared/migrations.ts'
import { plainName, type TableOptions } from '../shared/names.ts'
import { type Lender, lent } from '../shared/pooled-connection.ts'
import type { Preparing } from '../shared/preparing.ts'
import {
  type Brackets,
  inBrackets,
  overOne,
  type SqlDatabase,
  type SqlSession,
  type SqlValues,
} from '../shared/session.ts'

/**
 * A statement as `mysql2` takes it: whatever the pool is set to, rows are objects, and values are what they are in
 * the database.
 */
export interface MysqlStatement {
  readonly sql: string
  readonly rowsAsArray: false
  readonly nestTables: false
  readonly typeCast: true
}

/** A connection of `mysql2/promise`. */
export interface MysqlConnection {
  /** Runs a prepared statement. */
  execute(statement: MysqlStatement, values: SqlValues): Promise<[unknown, unknown]>
  /** Runs a statement. */
  query(sql: string): Promise<[unknown, unknown]>
  /** Lets the server forget a statement that it prepared. */
  unprepare?(statement: MysqlStatement): unknown
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

/** A pool or a connection of `mysql2` whose methods call back. */
export interface MysqlCallbacks<T> {
  /** Gives the same with methods that promise. */
  promise(): T
}

/** A transaction of its own. */
export const inTransaction: Brackets = { begin: ['start transaction'], keep: ['commit'], undo: ['rollback'] }

/** How long an instance that makes the tables waits for another that is at the same work, in seconds. */
const patience = 60

/**
 * Keeps others who make the same tables out. MySQL commits after every statement that makes a table, so that no
 * transaction does. The name of a lock counts on the whole server, and has at most 64 characters.
 */
export function migrationLock(tables: TableOptions): MigrationLock {
  const schema = tables.schema === undefined ? "coalesce(database(), '')" : `'${tables.schema}'`
  const name = `concat('countersign_', md5(concat(${schema}, '.${plainName('migrations', tables)}')))`
  return { take: `select get_lock(${name}, ${patience})`, leave: `select release_lock(${name})`, isThere }
}

/**
 * Opens a pool with `mysql2`.
 *
 * @throws TypeError if the package is not installed.
 */
export function openMysql(uri: string, timeout: number): MysqlPool {
  return loadDriver().createPool({ uri, charset: 'utf8mb4', connectTimeout: timeout })
}

/** Gives what speaks in promises, whichever flavour of `mysql2` was handed in. */
export function promising<T extends object>(given: T | MysqlCallbacks<T>): T {
  return 'promise' in given && typeof given.promise === 'function' ? given.promise() : (given as T)
}

/** How a storage gets to know its connections, and which statements it has them keep. */
export interface MysqlCare {
  readonly look: FirstLook
  readonly isPrepared: Preparing
}

/**
 * Speaks over a connection. A statement that comes up rarely is forgotten at once: a server keeps a limited number
 * for all its clients.
 */
export function overConnection(connection: MysqlConnection, isPrepared: Preparing): SqlSession {
  const execute = async (sql: string, values: SqlValues) => {
    const statement: MysqlStatement = { sql, rowsAsArray: false, nestTables: false, typeCast: true }
    try {
      return (await connection.execute(statement, values))[0]
    } finally {
      if (!isPrepared(sql)) connection.unprepare?.(statement)
    }
  }
  return {
    native: connection,
    sendsNumbersAsFloats: true,
    rows: async (text, values) => (await execute(text, values)) as readonly unknown[],
    changes: async (text, values) => ((await execute(text, values)) as { readonly affectedRows: number }).affectedRows,
    control: (text) => connection.query(text),
  }
}

/** Speaks over a connection that was looked at before. */
export function overKnown(connection: MysqlConnection, { look, isPrepared }: MysqlCare): SqlSession {
  const session = overConnection(connection, isPrepared)
  return lookedAt(session, () => look(identityOf(connection) ?? connection, session))
}

/** Speaks over the one connection that there is. */
export function overSingle(connection: MysqlConnection, care: MysqlCare): SqlDatabase {
  const known = overKnown(connection, care)
  const bare = overConnection(connection, care.isPrepared)
  const habits = () => care.look(identityOf(connection) ?? connection, bare)
  const rows: SqlSession['rows'] = async (text, values) => await readNow(bare, await habits(), { text, values })
  return overOne(known, inTransaction, { session: { ...known, rows } })
}

/** Speaks to a pool, none of whose connections is kept longer than the time that it is given. */
export function overPool(pool: MysqlPool, timeout: number, { look, isPrepared }: MysqlCare): SqlDatabase {
  const lender: Lender<MysqlPoolConnection> = {
    take: () => pool.getConnection(),
    giveBack: (connection, broken) => (broken ? connection.destroy() : connection.release()),
  }
  const taken = <T>(work: (session: SqlSession, habits: Habits) => Promise<T>): Promise<T> =>
    lent(lender, timeout, async (connection, distrust) => {
      const session = overConnection(connection, isPrepared)
      const habits = await look(identityOf(connection) ?? pool, session)
      const control = (text: string) =>
        session.control(text).catch((thrown) => {
          if (text === 'rollback') distrust()
          throw thrown
        })
      return await work({ ...session, control }, habits)
    })
  return {
    native: pool,
    sendsNumbersAsFloats: true,
    rows: (text, values) => taken((session, habits) => readNow(session, habits, { text, values })),
    changes: (text, values) => taken((session) => session.changes(text, values)),
    control: (text) => taken((session) => session.control(text)),
    transaction: (work) => taken((session) => inBrackets(session, inTransaction, work)),
  }
}

/**
 * Reads what is there at this moment. With autocommit off, a connection goes on reading what was there when somebody
 * first read over it, so that the read gets a transaction of its own.
 */
export async function readNow(
  session: SqlSession,
  { keepsTransactions }: Habits,
  { text, values }: { readonly text: string; readonly values: SqlValues },
): Promise<readonly unknown[]> {
  if (!keepsTransactions) return await session.rows(text, values)
  let rows: readonly unknown[] = []
  await inBrackets(session, inTransaction, async (transaction) => {
    rows = await transaction.rows(text, values)
    return true
  })
  return rows
}

/** What stays the same for as long as a connection is open; `undefined` for a connection that somebody has wrapped. */
function identityOf(connection: object): object | undefined {
  if ('connection' in connection && typeof connection.connection === 'object' && connection.connection !== null) {
    return connection.connection
  }
  return 'threadId' in connection ? connection : undefined
}

/**
 * Tells whether MySQL gave up because another transaction was in the way: deadlock, lock time-out, a row that has
 * changed.
 */
export function isInTheWay(thrown: unknown): boolean {
  return isOneOf(thrown, '1213', '1205', '1020')
}

/** Tells whether MySQL refused a row because its key or its place in a unique index is taken. */
export function isTaken(thrown: unknown): boolean {
  return isOneOf(thrown, '1062')
}

/** Tells whether MySQL has the table, the column, or the index, that it was told to create. */
function isThere(thrown: unknown): boolean {
  return isOneOf(thrown, '1050', '1060', '1061')
}

/** Tells whether MySQL does not know a savepoint: no transaction is open then. */
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
