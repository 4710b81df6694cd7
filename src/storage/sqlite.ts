import type { Storage, TransactionalStorage } from '../ports/storage.ts'
import { sqliteDialect } from './sql/shared/dialect.ts'
import { isKysely, type KyselyConnection, type KyselyLike, overKysely } from './sql/shared/kysely-session.ts'
import { migrate, schemaScript } from './sql/shared/migrations.ts'
import { once } from './sql/shared/once.ts'
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
 * transaction open on it; or if a path is given and better-sqlite3 is not installed.
 */
export function sqliteStorage(database: string | SqliteConnection | KyselyLike): TransactionalStorage {
  checkGivenSqlite('sqliteStorage', database)
  const storageOver = stepwiseStorages({
    dialect: sqliteDialect,
    holdStatements: sqliteHold,
    isTaken,
    isInTheWay: isBusy,
  })
  return {
    ...(typeof database === 'object' && isKysely(database)
      ? overInstance(database, storageOver)
      : overOpened(database)),
    within: (transaction) => ({
      ...storageOver(overGivenTransaction(transaction), async () => {}),
      async close() {},
    }),
  }
}

/**
 * Gives the statements that make all tables and indexes, for hosts that change their databases themselves.
 *
 * @example
 * ```ts
 * console.log(sqliteSchema())
 * ```
 */
export function sqliteSchema(): string {
  return schemaScript(sqliteDialect)
}

function overInstance(kysely: KyselyLike, storageOver: ReturnType<typeof stepwiseStorages>): Migratable {
  const database = overKysely(kysely, inTransaction, 'sqlite', 'sqliteStorage')
  const ready = once(() => migrate(database, sqliteDialect, {}))
  return { ...storageOver(database, ready), migrate: ready, async close() {} }
}

function overOpened(database: string | SqliteConnection): Migratable {
  const ours = typeof database === 'string'
  const open = ours ? opener(database) : () => database
  try {
    const connection = open()
    lookAtSqlite(connection)
    migrateSqlite(connection)
    // From here on nobody waits inside SQLite, which would stop everything else in this process.
    if (ours) connection.exec('pragma busy_timeout = 0')
    return { ...directStorage(connection, ours), async migrate() {} }
  } catch (thrown) {
    return refuseFailed('open', thrown)
  }
}

type Migratable = Storage & Pick<TransactionalStorage, 'migrate'>
