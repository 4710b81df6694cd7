import type { Dialect } from './dialect.ts'
import { schemaStatements } from './schema.ts'

/** One step from a version of the schema to the next. Once released, it never changes. */
export interface Migration {
  readonly version: number
  readonly statements: readonly string[]
}

/** The steps from an empty database to the present schema, in their order. */
export function migrations(dialect: Dialect): readonly Migration[] {
  return [{ version: 1, statements: schemaStatements(dialect) }]
}

/** The table that says which of the steps were made. */
export function migrationsTable({ types, tableSuffix }: Dialect): string {
  return `create table if not exists countersign_migrations (version ${types.integer} primary key) ${tableSuffix}`.trimEnd()
}

/** Reads which of the steps were made. */
export const madeMigrations = 'select version from countersign_migrations'

/** Notes that a step was made. */
export function noteMigration({ version }: Migration): string {
  return `insert into countersign_migrations (version) values (${version})`
}

/** The steps that are not among those that were made. A database that is ahead of this version is left as it is. */
export function missingMigrations(dialect: Dialect, made: readonly unknown[]): readonly Migration[] {
  const versions = new Set(made.map((row) => Number((row as { readonly version: number }).version)))
  return migrations(dialect).filter(({ version }) => !versions.has(version))
}

/** The whole schema as one script, for hosts that change their databases themselves. */
export function schemaScript(dialect: Dialect): string {
  const steps = migrations(dialect).flatMap((migration) => [...migration.statements, noteMigration(migration)])
  return [migrationsTable(dialect), ...steps].map((statement) => `${statement};\n`).join('')
}
