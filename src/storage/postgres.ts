import type { TransactionalStorage } from '../ports/storage.ts'
import { postgresDialect } from './sql/dialect.ts'
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
import { once } from './sql/once.ts'
import { oneTripStorages } from './sql/one-trip-storage.ts'
import {
  inTransaction,
  migrationLock,
  openPool,
  overClient,
  overLite,
  overLiteSession,
  overPool,
  type PostgresClient,
  type PostgresLite,
  type PostgresLiteTransaction,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQuery,
  type PostgresResult,
} from './sql/postgres-connection.ts'
import { joined, overOne, type SqlDatabase, type SqlSession, type SqlValues } from './sql/session.ts'

export type {
  KyselyConnection,
  KyselyLike,
  PoolOptions,
  PostgresClient,
  PostgresLite,
  PostgresLiteTransaction,
  PostgresPool,
  PostgresPoolClient,
  PostgresQuery,
  PostgresResult,
  SqlValues,
}

/**
 * Keeps everything in a PostgreSQL database.
 *
 * Given a connection string, it opens a pool with `pg`. Given a pool or a connected client of `pg`, PGlite, or an instance of Kysely, it uses
 * that one and never closes it. A read is one round trip, and so is a commit without an effect. Effects are given a client on which the
 * transaction is open.
 *
 * No call keeps a connection of a pool longer than the timeout of the options: what does not answer until then has failed, and its connection is closed.
 *
 * @throws TypeError where a connection string is given and `pg` is not installed, or where the timeout is none.
 */
export function postgresStorage(
  database: string | PostgresPool | PostgresClient | PostgresLite | KyselyLike,
  options?: PoolOptions,
): TransactionalStorage {
  const timeout = timeoutOf('postgresStorage', options)
  const opened = typeof database === 'string' ? openPool(database, timeout) : undefined
  const given = opened ?? (database as Exclude<typeof database, string>)
  const connected = connect(given, timeout)
  const ready = once(() => migrate(connect(given, Number.POSITIVE_INFINITY), postgresDialect, migrationLock))
  const storageOver = oneTripStorages()
  return {
    ...storageOver(connected, { ready, brackets: false }),
    migrate: ready,
    within: (transaction) => ({
      ...storageOver(overOne(sessionOf(transaction), joined), { ready: async () => {}, brackets: true }),
      async close() {},
    }),
    async close() {
      await opened?.end()
    },
  }
}

/**
 * Gives what reads the time of a PostgreSQL database, in milliseconds since 1970, for `databaseClock`.
 *
 * Takes an open pool or client of `pg`, PGlite, or an instance of Kysely.
 */
export function postgresTime(
  database: PostgresPool | PostgresClient | PostgresLite | KyselyLike,
): () => Promise<number> {
  const connected = connect(database, timeoutOf('postgresTime'))
  const statement = 'select floor(extract(epoch from clock_timestamp()) * 1000)::text as now'
  return async () => Number(((await connected.rows(statement, [])) as readonly { readonly now: string }[])[0]?.now)
}

/** Gives the statements that make all tables and indexes, for hosts that change their databases themselves. */
export function postgresSchema(): string {
  return schemaScript(postgresDialect)
}

function connect(given: PostgresPool | PostgresClient | PostgresLite | KyselyLike, timeout: number): SqlDatabase {
  if (isKysely(given)) return overKysely(given, inTransaction)
  if ('transaction' in given) return overLite(given)
  return 'escapeIdentifier' in given
    ? overOne(overClient(given), inTransaction)
    : overPool(given as PostgresPool, timeout)
}

function sessionOf(transaction: object): SqlSession {
  const session = hostSession(transaction)
  if (session) return session
  const isPool = 'totalCount' in transaction || has(transaction, 'transaction')
  if (isPool || !has(transaction, 'query')) {
    refuseTransaction(
      'must be a transaction of Kysely, Drizzle, Prisma or PGlite, or the pg client on which one is open, not a pool',
    )
  }
  return has(transaction, 'exec', 'rollback')
    ? overLiteSession(transaction as PostgresLiteTransaction)
    : overClient(transaction as PostgresClient)
}
