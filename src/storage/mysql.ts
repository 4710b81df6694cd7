import type { TransactionalStorage } from '../ports/storage.ts'
import { mysqlDialect } from './sql/dialect.ts'
import {
  has,
  hostSession,
  isKysely,
  type KyselyConnection,
  type KyselyLike,
  overKysely,
  refuseTransaction,
} from './sql/host-session.ts'
import { migrate, schemaScript } from './sql/migrations.ts'
import {
  inTransaction,
  isInTheWay,
  isTaken,
  isThere,
  type MysqlConnection,
  type MysqlPool,
  type MysqlPoolConnection,
  migrationLock,
  openMysql,
  overConnection,
  overPool,
} from './sql/mysql-connection.ts'
import { mysqlStatements } from './sql/mysql-statements.ts'
import { once } from './sql/once.ts'
import { joinedForSure, overOne, type SqlDatabase, type SqlValues } from './sql/session.ts'
import { stepwiseStorages } from './sql/stepwise-storage.ts'

export type { KyselyConnection, KyselyLike, MysqlConnection, MysqlPool, MysqlPoolConnection, SqlValues }

/**
 * Keeps everything in a MySQL or MariaDB database.
 *
 * Given a URI, it opens a pool with `mysql2`. Given a pool or a connection of `mysql2/promise`, or an instance of Kysely, it uses that one
 * and never closes it. Effects are given the connection on which the transaction is open.
 *
 * @throws TypeError where a URI is given and `mysql2` is not installed.
 */
export function mysqlStorage(database: string | MysqlPool | MysqlConnection | KyselyLike): TransactionalStorage {
  const opened = typeof database === 'string' ? openMysql(database) : undefined
  const connected = connect(opened ?? (database as MysqlPool | MysqlConnection | KyselyLike))
  const ready = once(() => migrate(connected, mysqlDialect, { ...migrationLock, isThere }))
  const storageOver = stepwiseStorages({ dialect: mysqlDialect, holdStatements: mysqlStatements, isTaken, isInTheWay })
  return {
    ...storageOver(connected, ready),
    migrate: ready,
    within: (transaction) => ({
      ...storageOver(overOne(sessionOf(transaction), joinedForSure), async () => {}),
      async close() {},
    }),
    async close() {
      // A connection that was lost says so when it is told to end. It has ended.
      await opened?.end().catch(() => {})
    },
  }
}

/** Gives the statements that make all tables and indexes, for hosts that change their databases themselves. */
export function mysqlSchema(): string {
  return schemaScript(mysqlDialect)
}

function connect(given: MysqlPool | MysqlConnection | KyselyLike): SqlDatabase {
  if (isKysely(given)) return overKysely(given, inTransaction)
  return 'getConnection' in given ? overPool(given) : overOne(overConnection(given), inTransaction)
}

function sessionOf(transaction: object) {
  const session = hostSession(transaction)
  if (session) return session
  if (has(transaction, 'getConnection') || !has(transaction, 'execute', 'query')) {
    refuseTransaction(
      'must be a transaction of Kysely, Drizzle or Prisma, or the mysql2 connection on which one is open, not a pool',
    )
  }
  return overConnection(transaction as MysqlConnection)
}
