import type { TransactionalStorage } from '../ports/storage.ts'
import { careful, migrationLock, openPool } from './sql/postgres/connection.ts'
import type {
  PostgresClient,
  PostgresLite,
  PostgresLiteOptions,
  PostgresLiteTransaction,
  PostgresPool,
  PostgresPoolClient,
  PostgresQuery,
  PostgresResult,
  PostgresTypes,
} from './sql/postgres/driver-types.ts'
import { postgresFirstLook } from './sql/postgres/first-look.ts'
import { checkConnectionString, overGivenPostgres, overGivenTransaction } from './sql/postgres/given.ts'
import { oneTripStorages } from './sql/postgres/one-trip-storage.ts'
import { layoutOf, type PostgresTableOptions } from './sql/postgres/partitions.ts'
import { postgresDialect } from './sql/shared/dialect.ts'
import { type KyselyConnection, type KyselyLike, tablesThrough } from './sql/shared/kysely-session.ts'
import { migrate, schemaScript } from './sql/shared/migrations.ts'
import type { TableOptions } from './sql/shared/names.ts'
import { once } from './sql/shared/once.ts'
import { type PoolOptions, timeoutOf } from './sql/shared/pooled-connection.ts'
import { preparing } from './sql/shared/preparing.ts'
import type { SqlValues } from './sql/shared/session.ts'
import { checkTableOptionNames, tablesOf, withTables } from './sql/shared/table-options.ts'

export type {
  KyselyConnection,
  KyselyLike,
  PoolOptions,
  PostgresClient,
  PostgresLite,
  PostgresLiteOptions,
  PostgresLiteTransaction,
  PostgresPool,
  PostgresPoolClient,
  PostgresQuery,
  PostgresResult,
  PostgresTableOptions,
  PostgresTypes,
  SqlValues,
  TableOptions,
}

/**
 * Keeps everything in a PostgreSQL database.
 *
 * Given a connection string, it opens a pool with `pg`. Given a pool or a connected client of `pg`, PGlite, or an
 * instance of Kysely, it uses that one and never closes it. A read is one round trip, and so is a commit without an
 * effect. Effects are given a client on which the transaction is open.
 *
 * Database and connection have to speak UTF8: one that does not, or a driver that changes what it reads, is refused
 * with `storage_failed` when it is first used, and nothing is written.
 *
 * No call keeps a connection of a pool longer than the timeout of the options: what does not answer until then has
 * failed, and its connection is closed. The tables can have a schema and a prefix of their own, and be partitioned by
 * tenant.
 *
 * @example
 * ```ts
 * const storage = postgresStorage(pool, { timeout: 10_000 })
 * ```
 *
 * @throws TypeError if this is no database, or one that cannot be used as it is; if a connection string is given and
 * the package pg is not installed; if the options are none, or name what no
 * table can be called.
 */
export function postgresStorage(
  database: string | PostgresPool | PostgresClient | PostgresLite | KyselyLike,
  options: PoolOptions & PostgresTableOptions = {},
): TransactionalStorage {
  checkTableOptionNames('postgresStorage', options, ['timeout', 'schema', 'prefix', 'partitions'])
  const timeout = timeoutOf('postgresStorage', options)
  const tables = tablesThrough('postgresStorage', database, 'postgres', tablesOf('postgresStorage', options))
  const dialect = withTables(postgresDialect, tables, layoutOf('postgresStorage', options))
  if (typeof database === 'string') checkConnectionString('postgresStorage', database)
  const opened = typeof database === 'string' ? openPool(database, timeout) : undefined
  const given = opened ?? (database as Exclude<typeof database, string>)
  const care = careful(postgresFirstLook(), preparing())
  const connected = overGivenPostgres('postgresStorage', given, { timeout, care })
  const ready = once(() =>
    migrate(
      overGivenPostgres('postgresStorage', given, { timeout: Number.POSITIVE_INFINITY, care }),
      dialect,
      migrationLock(dialect),
    ),
  )
  const storageOver = oneTripStorages(dialect)
  return {
    ...storageOver(connected, { ready, brackets: false }),
    migrate: ready,
    within: (transaction) => ({
      ...storageOver(overGivenTransaction(transaction, tables, care), { ready: async () => {}, brackets: true }),
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
 *
 * @example
 * ```ts
 * const now = await databaseClock(postgresTime(pool))
 * ```
 *
 * @throws TypeError if this is no database, or one that cannot be used as it is.
 */
export function postgresTime(
  database: PostgresPool | PostgresClient | PostgresLite | KyselyLike,
): () => Promise<number> {
  const connected = overGivenPostgres('postgresTime', database, {
    timeout: timeoutOf('postgresTime'),
    care: careful(postgresFirstLook(), preparing()),
  })
  const statement = 'select floor(extract(epoch from clock_timestamp()) * 1000)::text as now'
  return async () => Number(((await connected.rows(statement, [])) as readonly { readonly now: string }[])[0]?.now)
}

/**
 * Gives the statements that make all tables and indexes, for hosts that change their databases themselves. Takes the
 * names and the partitions that the storage is given.
 *
 * @example
 * ```ts
 * console.log(postgresSchema())
 * ```
 *
 * @throws TypeError if a name of the options is none, or too long, or if there cannot be so many partitions.
 */
export function postgresSchema(options: PostgresTableOptions = {}): string {
  checkTableOptionNames('postgresSchema', options, ['schema', 'prefix', 'partitions'])
  const layout = layoutOf('postgresSchema', options)
  return schemaScript(withTables(postgresDialect, tablesOf('postgresSchema', options), layout))
}
