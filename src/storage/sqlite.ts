import type { Storage, TransactionalStorage } from '../ports/storage.ts'
import { type Dialect, sqliteDialect } from './sql/shared/dialect.ts'
import {
  isKysely,
  type KyselyConnection,
  type KyselyLike,
  overKysely,
  tablesThrough,
} from './sql/shared/kysely-session.ts'
import { migrate, schemaScript } from './sql/shared/migrations.ts'
import type { TableOptions } from './sql/shared/names.ts'
import { once } from './sql/shared/once.ts'
import { checkTableOptionNames, tablesOf, withTables } from './sql/shared/table-options.ts'
import {
  inTransaction,
  isBusy,
  isTaken,
  opener,
  type SqliteConnection,
  type SqliteStatement,
  type SqliteValue,
} from './sql/sqlite/connection.ts'
import { directStorage } from './sql/sqlite/direct-storage.ts'
import { lookAtSqlite } from './sql/sqlite/first-look.ts'
import { checkGivenSqlite, overGivenTransaction } from './sql/sqlite/given.ts'
import { migrateSqlite } from './sql/sqlite/schema.ts'
import { sqliteHold } from './sql/sqlite/statements.ts'
import { stepwiseStorages } from './sql/stepwise/stepwise-storage.ts'
import { refuseFailed } from './toolkit/stored-row.ts'

/** How the tables of a storage on SQLite are called. They have no schema: they are in the file itself. */
export interface SqliteOptions extends Pick<TableOptions, 'prefix'> {}

export type { KyselyConnection, KyselyLike, SqliteConnection, SqliteStatement, SqliteValue }

/**
 * Keeps everything in a SQLite database.
 *
 * Given a path, it opens the file with better-sqlite3 (write-ahead log, `synchronous = full`). Given an open
 * connection of better-sqlite3, node:sqlite or libsql, or an instance of Kysely, it uses that one as it is set up and
 * never closes it. Effects are given the connection.
 *
 * Calls that arrive while a commit waits for its effect wait too, so that they neither see nor join its transaction.
 * Of a connection that was handed in, the host must take the same care.
 *
 * @example
 * ```ts
 * const storage = sqliteStorage('approvals.db')
 * ```
 *
 * @throws TypeError if this is no database, or one that cannot be used as it is: closed, for reading only, or with a
 * transaction open on it; if a path is given and better-sqlite3 is not installed; or if the prefix is none.
 */
export function sqliteStorage(
  database: string | SqliteConnection | KyselyLike,
  options: SqliteOptions = {},
): TransactionalStorage {
  checkTableOptionNames('sqliteStorage', options, ['prefix'])
  checkGivenSqlite('sqliteStorage', database)
  const tables = tablesThrough('sqliteStorage', database, 'sqlite', tablesOf('sqliteStorage', options))
  const dialect = withTables(sqliteDialect, tables)
  const storageOver = stepwiseStorages({
    dialect,
    holdStatements: sqliteHold,
    isTaken,
    isInTheWay: isBusy,
  })
  return {
    ...(typeof database === 'object' && isKysely(database)
      ? overInstance(database, dialect, storageOver)
      : overOpened(database, dialect)),
    within: (transaction) => ({
      ...storageOver(overGivenTransaction(transaction), async () => {}),
      async close() {},
    }),
  }
}

/**
 * Gives the statements that make all tables and indexes, for hosts that change their databases themselves. Takes the
 * names that the storage is given.
 *
 * @example
 * ```ts
 * console.log(sqliteSchema())
 * ```
 *
 * @throws TypeError if a name of the options is none, or too long.
 */
export function sqliteSchema(options: SqliteOptions = {}): string {
  checkTableOptionNames('sqliteSchema', options, ['prefix'])
  return schemaScript(withTables(sqliteDialect, tablesOf('sqliteSchema', options)))
}

function overInstance(
  kysely: KyselyLike,
  dialect: Dialect,
  storageOver: ReturnType<typeof stepwiseStorages>,
): Migratable {
  const database = overKysely(kysely, inTransaction, 'sqlite', 'sqliteStorage')
  const ready = once(() => migrate(database, dialect, {}))
  return { ...storageOver(database, ready), migrate: ready, async close() {} }
}

function overOpened(database: string | SqliteConnection, dialect: Dialect): Migratable {
  const ours = typeof database === 'string'
  const open = ours ? opener(database) : () => database
  try {
    const connection = open()
    lookAtSqlite(connection)
    migrateSqlite(dialect, connection)
    // From here on nobody waits inside SQLite, which would stop everything else in this process.
    if (ours) connection.exec('pragma busy_timeout = 0')
    return { ...directStorage(dialect, connection, ours), async migrate() {} }
  } catch (thrown) {
    return refuseFailed('open', thrown)
  }
}

type Migratable = Storage & Pick<TransactionalStorage, 'migrate'>
