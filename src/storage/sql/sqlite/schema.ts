import { sqliteDialect } from '../shared/dialect.ts'
import {
  madeMigrations,
  migrationsTable,
  missingMigrations,
  noteMigration,
  refuseMigration,
} from '../shared/migrations.ts'
import type { SqliteConnection } from './connection.ts'

/** Brings a database to the present schema. Safe to call again, and from several processes at once. */
export function migrateSqlite(connection: SqliteConnection): void {
  try {
    makeMissing(connection)
  } catch (thrown) {
    refuseMigration(sqliteDialect, thrown)
  }
}

function makeMissing(connection: SqliteConnection): void {
  connection.exec(migrationsTable(sqliteDialect))
  const missing = () => missingMigrations(sqliteDialect, connection.prepare(madeMigrations).all())
  if (missing().length === 0) return
  connection.exec('begin immediate')
  try {
    for (const migration of missing()) {
      for (const statement of [...migration.statements, noteMigration(migration)]) connection.exec(statement)
    }
    connection.exec('commit')
  } catch (thrown) {
    connection.exec('rollback')
    throw thrown
  }
}
