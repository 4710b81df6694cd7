import type { Dialect } from '../shared/dialect.ts'
import {
  madeMigrations,
  migrationsTable,
  missingMigrations,
  noteMigration,
  refuseMigration,
} from '../shared/migrations.ts'
import type { SqliteConnection } from './connection.ts'

/** Brings a database to the present schema. Safe to call again, and from several processes at once. */
export function migrateSqlite(dialect: Dialect, connection: SqliteConnection): void {
  try {
    makeMissing(dialect, connection)
  } catch (thrown) {
    refuseMigration(dialect, thrown)
  }
}

function makeMissing(dialect: Dialect, connection: SqliteConnection): void {
  connection.exec(migrationsTable(dialect))
  const missing = () => missingMigrations(dialect, connection.prepare(madeMigrations(dialect)).all())
  if (missing().length === 0) return
  connection.exec('begin immediate')
  try {
    for (const migration of missing()) {
      for (const statement of [...migration.steps.flat(), noteMigration(dialect, migration)]) connection.exec(statement)
    }
    connection.exec('commit')
  } catch (thrown) {
    connection.exec('rollback')
    throw thrown
  }
}
