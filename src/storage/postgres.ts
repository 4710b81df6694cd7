import type { TransactionalStorage } from '../ports/storage.ts'
import { postgresDialect } from './sql/dialect.ts'
import type { KyselyConnection, KyselyLike } from './sql/kysely-session.ts'
import { type PoolOptions, timeoutOf } from './sql/lent.ts'
import { migrate, schemaScript } from './sql/migrations.ts'
import { once } from './sql/once.ts'
import { oneTripStorages } from './sql/one-trip-storage.ts'
import {
  migrationLock,
  openPool,
  type PostgresClient,
  type PostgresLite,
  type PostgresLiteTransaction,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQuery,
  type PostgresResult,
} from './sql/postgres-connection.ts'
import { checkConnectionString, overGivenPostgres, overGivenTransaction } from './sql/postgres-given.ts'
import type { SqlValues } from './sql/session.ts'

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
 * @throws TypeError if this is no database, or one that cannot be used as it is; if a connection string is given and `pg` is not installed; if the options
 * are none.
 */
export function postgresStorage(
  database: string | PostgresPool | PostgresClient | PostgresLite | KyselyLike,
  options?: PoolOptions,
): TransactionalStorage {
  const timeout = timeoutOf('postgresStorage', options)
  if (typeof database === 'string') checkConnectionString('postgresStorage', database)
  const opened = typeof database === 'string' ? openPool(database, timeout) : undefined
  const given = opened ?? (database as Exclude<typeof database, string>)
  const connected = overGivenPostgres('postgresStorage', given, timeout)
  const ready = once(() =>
    migrate(overGivenPostgres('postgresStorage', given, Number.POSITIVE_INFINITY), postgresDialect, migrationLock),
  )
  const storageOver = oneTripStorages()
  return {
    ...storageOver(connected, { ready, brackets: false }),
    migrate: ready,
    within: (transaction) => ({
      ...storageOver(overGivenTransaction(transaction), { ready: async () => {}, brackets: true }),
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
  const connected = overGivenPostgres('postgresTime', database, timeoutOf('postgresTime'))
  const statement = 'select floor(extract(epoch from clock_timestamp()) * 1000)::text as now'
  return async () => Number(((await connected.rows(statement, [])) as readonly { readonly now: string }[])[0]?.now)
}

/** Gives the statements that make all tables and indexes, for hosts that change their databases themselves. */
export function postgresSchema(): string {
  return schemaScript(postgresDialect)
}
