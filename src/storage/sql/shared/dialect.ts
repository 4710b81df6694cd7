import {
  CompiledQuery,
  DummyDriver,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import { maxColumnBytes } from '../../../ports/collections.ts'
import type { TableOptions } from './names.ts'

/** The tables as Kysely sees them: named and typed by the declared collections, not by hand. */
export type Tables = Readonly<Record<string, Readonly<Record<string, string | number | null>>>>

/** What differs between databases, as far as statements and schema go. */
export interface Dialect {
  /** What prints the schema, for hosts that change their databases themselves. */
  readonly printer: string
  /** Where the tables are, and how they are called. */
  readonly tables: TableOptions
  /** Reads whether there is a schema of this name; left out if a database has none. */
  readonly findSchema?: string
  /** Compiles statements; runs none. */
  readonly builder: Kysely<Tables>
  /** Column types. Text compares by its bytes in each of them. */
  readonly types: { readonly text: string; readonly integer: string; readonly json: string }
  /** What ends a `create table`. */
  readonly tableSuffix: string
  /** Into how many parts each table of a collection is divided by tenant; left out if they are whole. */
  readonly partitions?: number
  /** Whether an index can leave out the rows that are not in it. */
  readonly partialIndexes: boolean
  /** Whether `(a, b) > (x, y)` is looked up in an index, or has to be written out. */
  readonly comparesRows: boolean
  /** Reads and writes properties of the JSON in the column `value`. */
  readonly json: {
    text(property: string): RawBuilder<unknown>
    integer(property: string): RawBuilder<unknown>
    /** The value with properties that columns hold: property → column. */
    with(properties: Readonly<Record<string, string>>): RawBuilder<unknown>
  }
  /** How many reads one statement can join. */
  readonly mostMembers: number
}

/** SQLite: text compares by its bytes unless told otherwise, and strict tables refuse values of the wrong type. */
export const sqliteDialect: Dialect = {
  printer: 'sqliteSchema()',
  tables: {},
  builder: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  types: { text: 'text', integer: 'integer', json: 'text' },
  tableSuffix: 'strict',
  partialIndexes: true,
  comparesRows: true,
  json: {
    text: (property) => sql`json_extract(value, ${sql.lit(`$.${property}`)})`,
    integer: (property) => sql`json_extract(value, ${sql.lit(`$.${property}`)})`,
    with: (properties) => sql`json_set(value, ${sql.join(pathsOf(properties, (column) => sql.ref(column)))})`,
  },
  mostMembers: 500,
}

/** PostgreSQL: the collation "C" compares bytes. JSON is kept as text, which nothing rewrites. */
export const postgresDialect: Dialect = {
  printer: 'postgresSchema()',
  tables: {},
  findSchema: 'select 1 as there from pg_catalog.pg_namespace where nspname = $1',
  builder: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
  types: { text: 'text collate "C"', integer: 'bigint', json: 'text' },
  tableSuffix: '',
  partialIndexes: true,
  comparesRows: true,
  json: {
    text: (property) => sql`value::jsonb ->> ${sql.lit(property)}`,
    integer: (property) => sql`(value::jsonb ->> ${sql.lit(property)})::bigint`,
    with(properties) {
      const parts = Object.entries(properties).flatMap(([property, column]) => [sql.lit(property), sql.ref(column)])
      return sql`(value::jsonb || jsonb_build_object(${sql.join(parts)}))::text`
    },
  },
  mostMembers: 5_000,
}

/** MySQL and MariaDB: every collation of text pads or folds somewhere, so text that is looked up is kept as bytes. */
export const mysqlDialect: Dialect = {
  printer: 'mysqlSchema()',
  tables: {},
  findSchema: 'select 1 as there from information_schema.schemata where schema_name = ?',
  builder: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new MysqlAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new MysqlIntrospector(db),
      createQueryCompiler: () => new MysqlQueryCompiler(),
    },
  }),
  types: {
    text: `varbinary(${maxColumnBytes})`,
    integer: 'bigint',
    json: 'longtext character set utf8mb4 collate utf8mb4_bin',
  },
  tableSuffix: 'engine = InnoDB',
  partialIndexes: false,
  comparesRows: false,
  json: {
    text: (property) => sql`json_unquote(json_extract(value, ${sql.lit(`$.${property}`)}))`,
    integer: (property) => sql`cast(json_extract(value, ${sql.lit(`$.${property}`)}) as signed)`,
    // Text is kept as bytes, which JSON would not take for text.
    with: (properties) =>
      sql`json_set(value, ${sql.join(
        pathsOf(properties, (column) =>
          integers.includes(column) ? sql.ref(column) : sql`convert(${sql.ref(column)} using utf8mb4)`,
        ),
      )})`,
  },
  mostMembers: 5_000,
}

/** The columns with numbers among those that are filled. */
const integers: readonly string[] = ['updated_at', 'open_since', 'is_first']

/** Paths of properties, each with the value that it is to have. */
function pathsOf(properties: Readonly<Record<string, string>>, held: (column: string) => RawBuilder<unknown>) {
  return Object.entries(properties).flatMap(([property, column]) => [sql.lit(`$.${property}`), held(column)])
}

/** Makes a statement into what an instance of Kysely executes, whichever version of it the host has. */
export function rawQuery(text: string, values: readonly unknown[]): unknown {
  return CompiledQuery.raw(text, [...values])
}
