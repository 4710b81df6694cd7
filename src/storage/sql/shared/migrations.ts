import { fail } from '../../../errors/approval-error.ts'
import { firstSchemaVersion } from '../../../ports/collections.ts'
import { refuseFailed } from '../../toolkit/stored-row.ts'
import type { Dialect } from './dialect.ts'
import { codesOf } from './driver-error.ts'
import { tableName } from './names.ts'
import { migrationsName, schemaStatement, schemaSteps, schemaVersions } from './schema.ts'
import type { SqlDatabase, SqlSession } from './session.ts'

/** One step from a version of the schema to the next. Once released, it never changes. */
export interface Migration {
  readonly version: number
  /** What makes it, in steps, each of which is made as one. */
  readonly steps: readonly (readonly string[])[]
}

/** The steps from an empty database to the present schema, in their order. */
export function migrations(dialect: Dialect): readonly Migration[] {
  return schemaVersions.map((version) => ({ version, steps: schemaSteps(dialect, version) }))
}

/** The table that says which of the steps were made. */
export function migrationsTable(dialect: Dialect): string {
  const { types, tableSuffix } = dialect
  return `create table if not exists ${migrationsName(dialect)} (version ${types.integer} primary key) ${tableSuffix}`.trimEnd()
}

/** Reads which of the steps were made. */
export function madeMigrations(dialect: Dialect): string {
  return `select version from ${migrationsName(dialect)}`
}

/** Notes that a step was made. */
export function noteMigration(dialect: Dialect, { version }: Migration): string {
  return `insert into ${migrationsName(dialect)} (version) values (${version})`
}

/**
 * The steps that are not among those that were made. A database that is ahead of this version is left as it is.
 *
 * @throws ApprovalError `storage_failed` if the database was made before the first release.
 */
export function missingMigrations(dialect: Dialect, made: readonly unknown[]): readonly Migration[] {
  const versions = new Set(made.map((row) => Number((row as { readonly version: number }).version)))
  const latest = Math.max(...versions)
  if (versions.size > 0 && latest < firstSchemaVersion) {
    const [all, own] = ['*', 'migrations'].map((name) => tableName(name, dialect.tables))
    const problem = `the tables ${all} are at version ${latest} of the schema, from before the first release, and cannot be brought to version ${firstSchemaVersion}: rename or drop them, ${own} too, and they are made anew. Nothing was changed`
    fail('storage_failed', { operation: 'migrate', problem })
  }
  return migrations(dialect).filter(({ version }) => !versions.has(version))
}

/** How instances that start at once keep out of each other's way. */
export interface MigrationLock {
  /** Reads, and waits meanwhile; left out if a transaction keeps others out by itself. */
  readonly take?: string
  /** Reads; left out if the lock ends with the transaction. */
  readonly leave?: string
  /**
   * Tells whether the database has what it was told to create: work that was interrupted is taken up where it ended.
   */
  readonly isThere?: (thrown: unknown) => boolean
  /** Refuses tables that are there and are laid out otherwise than they have to be; left out if they cannot be. */
  readonly inspect?: (session: SqlSession) => Promise<void>
}

/**
 * What databases say to a user who may not create tables: PostgreSQL, MySQL, and SQLite of a file that is read-only.
 */
const forbidden = ['42501', '1142', '1044', 'SQLITE_READONLY', '8']

/**
 * Refuses to work on a database that could not be brought to the present schema, and says what to do if that was
 * forbidden.
 */
export function refuseMigration({ printer }: Dialect, thrown: unknown): never {
  const advice = `make the tables as a user who may, with what ${printer} prints`
  return refuseFailed('migrate', thrown, codesOf(thrown).some((code) => forbidden.includes(code)) ? advice : undefined)
}

/**
 * Brings a database to the present schema. Safe to call again, and from several processes at once.
 *
 * @throws ApprovalError `storage_failed` if the database does not let it.
 */
export async function migrate(database: SqlDatabase, dialect: Dialect, lock: MigrationLock): Promise<void> {
  try {
    await makeMissing(database, dialect, lock)
  } catch (thrown) {
    refuseMigration(dialect, thrown)
  }
}

async function makeMissing(database: SqlDatabase, dialect: Dialect, lock: MigrationLock): Promise<void> {
  const missing = async (session: SqlSession) =>
    missingMigrations(dialect, await session.rows(madeMigrations(dialect), []))
  const before = await missing(database).catch(() => undefined)
  if (before?.length === 0) {
    if (dialect.partitions !== undefined) await lock.inspect?.(database)
    return
  }
  await makeSchema(database, dialect)
  const left: Migration[] = []
  const note = async (session: SqlSession) => {
    for (const migration of await missing(session)) await session.control(noteMigration(dialect, migration))
  }
  await locked(database, lock, async (session) => {
    await session.control(migrationsTable(dialect))
    left.push(...(await missing(session)))
    if (dialect.partitions !== undefined) return
    for (const { steps } of left) await createAll(session, steps.flat(), lock)
    await note(session)
  })
  if (dialect.partitions === undefined) return
  for (const { steps } of left) {
    for (const step of steps) await locked(database, lock, (session) => createAll(session, step, lock))
  }
  await locked(database, lock, note)
}

/** Works in a transaction that keeps others who make the same tables out. */
async function locked(
  database: SqlDatabase,
  lock: MigrationLock,
  work: (session: SqlSession) => Promise<void>,
): Promise<void> {
  await database.transaction(async (session) => {
    if (lock.take) await session.rows(lock.take, [])
    try {
      await lock.inspect?.(session)
      await work(session)
    } finally {
      if (lock.leave) await session.rows(lock.leave, [])
    }
    return true
  })
}

/** Makes the schema of the tables. Whoever may not make one can use one that is there. */
async function makeSchema(session: SqlSession, dialect: Dialect): Promise<void> {
  const { findSchema, tables } = dialect
  if (findSchema === undefined || tables.schema === undefined) return
  const isMissing = async () => (await session.rows(findSchema, [tables.schema ?? null])).length === 0
  if (!(await isMissing())) return
  for (const statement of schemaStatement(dialect)) {
    // Of two instances that make it at once, one may be told that it is there.
    await session.control(statement).catch(async (thrown) => {
      if (await isMissing()) throw thrown
    })
  }
}

async function createAll(
  session: SqlSession,
  statements: readonly string[],
  { isThere }: MigrationLock,
): Promise<void> {
  for (const statement of statements) {
    await session.control(statement).catch((thrown) => {
      if (!isThere?.(thrown)) throw thrown
    })
  }
}

/** The whole schema as one script, for hosts that change their databases themselves. */
export function schemaScript(dialect: Dialect): string {
  const steps = migrations(dialect).flatMap((migration) => [
    ...migration.steps.flat(),
    noteMigration(dialect, migration),
  ])
  return [...schemaStatement(dialect), migrationsTable(dialect), ...steps]
    .map((statement) => `${statement};\n`)
    .join('')
}
