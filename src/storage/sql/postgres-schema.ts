import { postgresDialect } from './dialect.ts'
import { madeMigrations, migrationsTable, missingMigrations, noteMigration } from './migrations.ts'
import type { PostgresDatabase, PostgresSession } from './postgres-connection.ts'

/** Brings a database to the present schema. Safe to call again, and from several processes at once. */
export async function migratePostgres(database: PostgresDatabase): Promise<void> {
  const [row] = await database.run("select to_regclass('countersign_migrations') is not null as there", [])
  const missing = async (session: PostgresSession) =>
    missingMigrations(postgresDialect, await session.run(madeMigrations, []))
  if ((row as { readonly there: boolean }).there && (await missing(database)).length === 0) return
  await database.transaction(async (session) => {
    await session.run("select pg_advisory_xact_lock(hashtext('countersign_migrations'))", [])
    await session.run(migrationsTable(postgresDialect), [])
    for (const migration of await missing(session)) {
      for (const statement of [...migration.statements, noteMigration(migration)]) await session.run(statement, [])
    }
    return true
  })
}
