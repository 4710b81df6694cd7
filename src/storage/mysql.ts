import type { TransactionalStorage } from '../ports/storage.ts'
import {
  isInTheWay,
  isTaken,
  type MysqlCallbacks,
  type MysqlConnection,
  type MysqlPool,
  type MysqlPoolConnection,
  type MysqlStatement,
  migrationLock,
  openMysql,
} from './sql/mysql/connection.ts'
import { mysqlFirstLook } from './sql/mysql/first-look.ts'
import { checkGivenConnection, checkUri, overGivenMysql, overGivenTransaction } from './sql/mysql/given.ts'
import { mysqlStatements } from './sql/mysql/statements.ts'
import { mysqlDialect } from './sql/shared/dialect.ts'
import { type KyselyConnection, type KyselyLike, tablesThrough } from './sql/shared/kysely-session.ts'
import { migrate, schemaScript } from './sql/shared/migrations.ts'
import type { TableOptions } from './sql/shared/names.ts'
import { once } from './sql/shared/once.ts'
import { type PoolOptions, timeoutOf } from './sql/shared/pooled-connection.ts'
import { preparing } from './sql/shared/preparing.ts'
import type { SqlValues } from './sql/shared/session.ts'
import { checkTableOptionNames, tablesOf, withTables } from './sql/shared/table-options.ts'
import { stepwiseStorages } from './sql/stepwise/stepwise-storage.ts'

export type {
  KyselyConnection,
  KyselyLike,
  MysqlCallbacks,
  MysqlConnection,
  MysqlPool,
  MysqlPoolConnection,
  MysqlStatement,
  PoolOptions,
  SqlValues,
  TableOptions,
}

/** What a storage on MySQL works on. */
export type MysqlDatabase =
  | MysqlPool
  | MysqlConnection
  | MysqlCallbacks<MysqlPool>
  | MysqlCallbacks<MysqlConnection>
  | KyselyLike

/**
 * Keeps everything in a MySQL or MariaDB database.
 *
 * Given a URI, it opens a pool with `mysql2`. Given a pool or a connection of `mysql2`, or an instance of Kysely, it
 * uses that one and never closes it. Effects are given the connection on which the transaction is open, with methods
 * that promise.
 *
 * A connection has to speak utf8mb4: one that does not, or that changes what it reads, is refused with
 * `storage_failed` when it is first used, and nothing is written over it.
 *
 * No call keeps a connection of a pool longer than the timeout of the options: what does not answer until then has
 * failed, and its connection is closed. The tables can have a schema and a prefix of their own.
 *
 * @example
 * ```ts
 * const storage = mysqlStorage('mysql://localhost/approvals', { timeout: 10_000 })
 * ```
 *
 * @throws TypeError if this is no database, or one that cannot be used as it is; if a URI is given and the package
 * mysql2 is not installed; if the options are none, or name what no
 * table can be called.
 */
export function mysqlStorage(
  database: string | MysqlDatabase,
  options: PoolOptions & TableOptions = {},
): TransactionalStorage {
  checkTableOptionNames('mysqlStorage', options, ['timeout', 'schema', 'prefix'])
  const timeout = timeoutOf('mysqlStorage', options)
  const tables = tablesThrough('mysqlStorage', database, 'mysql', tablesOf('mysqlStorage', options))
  const dialect = withTables(mysqlDialect, tables)
  if (typeof database === 'string') checkUri('mysqlStorage', database)
  const opened = typeof database === 'string' ? openMysql(database, timeout) : undefined
  const given = opened ?? (database as MysqlDatabase)
  const care = { look: mysqlFirstLook(), isPrepared: preparing() }
  const connected = overGivenMysql('mysqlStorage', given, { timeout, care })
  const ready = once(async () => {
    await checkGivenConnection(given)
    const patient = overGivenMysql('mysqlStorage', given, { timeout: Number.POSITIVE_INFINITY, care })
    await migrate(patient, dialect, migrationLock(tables))
  })
  const storageOver = stepwiseStorages({ dialect, holdStatements: mysqlStatements, isTaken, isInTheWay })
  return {
    ...storageOver(connected, ready),
    migrate: ready,
    within: (transaction) => ({
      ...storageOver(overGivenTransaction(transaction, tables, care), async () => {}),
      async close() {},
    }),
    async close() {
      // A connection that was lost says so when it is told to end. It has ended.
      await opened?.end().catch(() => {})
    },
  }
}

/**
 * Gives what reads the time of a MySQL or MariaDB database, in milliseconds since 1970, for `databaseClock`.
 *
 * Takes an open pool or connection of `mysql2`, or an instance of Kysely.
 *
 * @example
 * ```ts
 * const now = await databaseClock(mysqlTime(mysqlPool))
 * ```
 *
 * @throws TypeError if this is no database, or one that cannot be used as it is.
 */
export function mysqlTime(database: MysqlDatabase): () => Promise<number> {
  const connected = overGivenMysql('mysqlTime', database, {
    timeout: timeoutOf('mysqlTime'),
    care: { look: mysqlFirstLook(), isPrepared: preparing() },
  })
  // Told in UTC: if the session has a time zone with summer time, an hour of each year comes twice.
  const statement = "select cast(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000 as char) as now"
  return async () => Number(((await connected.rows(statement, [])) as readonly { readonly now: string }[])[0]?.now)
}

/**
 * Gives the statements that make all tables and indexes, for hosts that change their databases themselves. Takes the
 * names that the storage is given.
 *
 * @example
 * ```ts
 * console.log(mysqlSchema())
 * ```
 *
 * @throws TypeError if a name of the options is none, or too long.
 */
export function mysqlSchema(options: TableOptions = {}): string {
  checkTableOptionNames('mysqlSchema', options, ['schema', 'prefix'])
  return schemaScript(withTables(mysqlDialect, tablesOf('mysqlSchema', options)))
}
