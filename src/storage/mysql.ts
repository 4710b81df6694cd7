import type { TransactionalStorage } from '../ports/storage.ts'
import { mysqlDialect } from './sql/dialect.ts'
import { lookedAt } from './sql/first-look.ts'
import {
  has,
  hostSession,
  isKysely,
  type KyselyConnection,
  type KyselyLike,
  overKysely,
  refuseTransaction,
} from './sql/host-session.ts'
import { type PoolOptions, timeoutOf } from './sql/lent.ts'
import { migrate, schemaScript } from './sql/migrations.ts'
import {
  inTransaction,
  isInTheWay,
  isTaken,
  isThere,
  type MysqlCallbacks,
  type MysqlCare,
  type MysqlConnection,
  type MysqlPool,
  type MysqlPoolConnection,
  type MysqlStatement,
  migrationLock,
  openMysql,
  overKnown,
  overPool,
  overSingle,
  promising,
} from './sql/mysql-connection.ts'
import { mysqlFirstLook } from './sql/mysql-first-look.ts'
import { mysqlStatements } from './sql/mysql-statements.ts'
import { once } from './sql/once.ts'
import { preparing } from './sql/preparing.ts'
import { joinedForSure, overOne, type SqlDatabase, type SqlSession, type SqlValues } from './sql/session.ts'
import { stepwiseStorages } from './sql/stepwise-storage.ts'

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
 * Given a URI, it opens a pool with `mysql2`. Given a pool or a connection of `mysql2`, or an instance of Kysely, it uses that one
 * and never closes it. Effects are given the connection on which the transaction is open, with methods that promise.
 *
 * A connection has to speak utf8mb4: one that does not, or that changes what it reads, is refused with `storage_failed` when it is first used, and
 * nothing is written over it.
 *
 * No call keeps a connection of a pool longer than the timeout of the options: what does not answer until then has failed, and its connection is closed.
 *
 * @throws TypeError where a URI is given and `mysql2` is not installed, or where the timeout is none.
 */
export function mysqlStorage(database: string | MysqlDatabase, options?: PoolOptions): TransactionalStorage {
  const timeout = timeoutOf('mysqlStorage', options)
  const opened = typeof database === 'string' ? openMysql(database, timeout) : undefined
  const given = opened ?? (database as MysqlDatabase)
  const care = careful()
  const connected = connect(given, timeout, care)
  const ready = once(() =>
    migrate(connect(given, Number.POSITIVE_INFINITY, care), mysqlDialect, { ...migrationLock, isThere }),
  )
  const storageOver = stepwiseStorages({ dialect: mysqlDialect, holdStatements: mysqlStatements, isTaken, isInTheWay })
  return {
    ...storageOver(connected, ready),
    migrate: ready,
    within: (transaction) => ({
      ...storageOver(overOne(sessionOf(transaction, care), joinedForSure), async () => {}),
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
 */
export function mysqlTime(database: MysqlDatabase): () => Promise<number> {
  const connected = connect(database, timeoutOf('mysqlTime'), careful())
  // Told in UTC: where the session has a time zone with summer time, an hour of each year comes twice.
  const statement = "select cast(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000 as char) as now"
  return async () => Number(((await connected.rows(statement, [])) as readonly { readonly now: string }[])[0]?.now)
}

/** Gives the statements that make all tables and indexes, for hosts that change their databases themselves. */
export function mysqlSchema(): string {
  return schemaScript(mysqlDialect)
}

function careful(): MysqlCare {
  return { look: mysqlFirstLook(), isPrepared: preparing() }
}

function connect(given: MysqlDatabase, timeout: number, care: MysqlCare): SqlDatabase {
  if (isKysely(given)) {
    const kysely = overKysely(given, inTransaction)
    const look = () => care.look(given, kysely)
    return {
      ...kysely,
      async rows(text, values) {
        const habits = await look()
        if (!habits.keepsTransactions) return await kysely.rows(text, values)
        let rows: readonly unknown[] = []
        await kysely.transaction(async (session) => {
          rows = await session.rows(text, values)
          return true
        })
        return rows
      },
      async transaction(work) {
        await look()
        return await kysely.transaction(work)
      },
    }
  }
  const promised = promising<MysqlPool | MysqlConnection>(given)
  return 'getConnection' in promised ? overPool(promised, timeout, care) : overSingle(promised, care)
}

function sessionOf(given: object, care: MysqlCare): SqlSession {
  const session = hostSession(given)
  if (session) return lookedAt(session, () => care.look(given, session))
  const transaction = promising(given)
  if (has(transaction, 'getConnection') || !has(transaction, 'execute', 'query')) {
    refuseTransaction(
      'must be a transaction of Kysely, Drizzle or Prisma, or the mysql2 connection on which one is open, not a pool',
    )
  }
  return overKnown(transaction as MysqlConnection, care)
}
