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
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { maxColumnBytes } from '../../../ports/collections.ts'

/** The tables as Kysely sees them: named and typed by the declared collections, not by hand. */
export type Tables = Readonly<Record<string, Readonly<Record<string, string | number | null>>>>

/** What differs between databases, as far as statements and schema go. */
export interface Dialect {
  /** What prints the schema, for hosts that change their databases themselves. */
  readonly printer: string
  /** Compiles statements; runs none. */
  readonly builder: Kysely<Tables>
  /** Column types. Text compares by its bytes in each of them. */
  readonly types: { readonly text: string; readonly integer: string; readonly json: string }
  /** What ends a `create table`. */
  readonly tableSuffix: string
  /** Whether an index can leave out the rows that are not in it. */
  readonly partialIndexes: boolean
  /** Whether `(a, b) > (x, y)` is looked up in an index, or has to be written out. */
  readonly comparesRows: boolean
  /** How many reads one statement can join. */
  readonly mostMembers: number
}

/** SQLite: text compares by its bytes unless told otherwise, and strict tables refuse values of the wrong type. */
export const sqliteDialect: Dialect = {
  printer: 'sqliteSchema()',
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
  mostMembers: 500,
}

/** PostgreSQL: the collation "C" compares bytes. JSON is kept as text, which nothing rewrites. */
export const postgresDialect: Dialect = {
  printer: 'postgresSchema()',
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
  mostMembers: 5_000,
}

/** MySQL and MariaDB: every collation of text pads or folds somewhere, so text that is looked up is kept as bytes. */
export const mysqlDialect: Dialect = {
  printer: 'mysqlSchema()',
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
  mostMembers: 5_000,
}

/** Makes a statement into what an instance of Kysely executes, whichever version of it the host has. */
export function rawQuery(text: string, values: readonly unknown[]): unknown {
  return CompiledQuery.raw(text, [...values])
}
