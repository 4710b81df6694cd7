import { type Arguments, bound } from '../shared/arguments.ts'
import { recent } from '../shared/recent.ts'
import type { Statement } from '../shared/statements.ts'
import type { SqliteConnection, SqliteStatement } from './connection.ts'

/** How many characters of statements are kept prepared: each takes some ten times as much memory. */
const mostText = 500_000

/** Runs statements on one connection, each prepared when it first runs and never again. */
export interface PreparedStatements {
  /** Runs a statement that begins or ends something. */
  control(text: string): void
  /** Runs a statement that answers no rows, and tells whether it changed any. */
  changes(statement: Statement, members: readonly Arguments[]): boolean
  /** Reads the first row; `undefined` if there is none. */
  row(statement: Statement, members: readonly Arguments[]): unknown
  /** Reads all rows. */
  rows(statement: Statement, members: readonly Arguments[]): readonly unknown[]
}

/** Prepares statements on a connection. */
export function preparedOn(connection: SqliteConnection): PreparedStatements {
  const prepared = recent<SqliteStatement>(mostText, (_, text) => text.length)
  const prepare = (text: string): SqliteStatement => prepared.of(text, () => connection.prepare(text))
  return {
    control: (text) => void prepare(text).run(),
    changes: ({ text, parameters }, members) => Number(prepare(text).run(...bound(parameters, members)).changes) > 0,
    row: ({ text, parameters }, members) => prepare(text).get(...bound(parameters, members)),
    rows: ({ text, parameters }, members) => prepare(text).all(...bound(parameters, members)),
  }
}
