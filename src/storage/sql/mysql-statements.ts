import { sql } from 'kysely'
import type { CollectionName } from '../../ports/collections.ts'
import { columnsOf, declarationOf } from '../toolkit/columns.ts'
import { argument } from './arguments.ts'
import { mysqlDialect } from './dialect.ts'
import { columnName, tableName } from './names.ts'
import { atKey, compiled, type Statement } from './statements.ts'

/** How a commit takes hold of what it only checks, for one collection. */
export interface HoldStatements {
  /** Reads the version, and keeps it as it is until the transaction ends. */
  readonly hold: Statement
  /** Marks that there is no record under a key: a row at version 0, which a check can hold and nobody reads. Left out where one writes at a time. */
  readonly mark?: Statement
  /** Puts a record in the place of the mark that there is none. */
  readonly insertOverMark?: Statement
}

/** Compiles the statements of a collection that only MySQL needs. */
export function mysqlStatements(collection: CollectionName): HoldStatements {
  const { builder } = mysqlDialect
  const { key } = declarationOf(collection)
  const table = tableName(collection)
  const here = atKey(collection)
  const keyValues = Object.fromEntries(key.map(({ name }) => [columnName(name), name]))
  const values = Object.fromEntries(columnsOf(collection).map(({ name }) => [columnName(name), name]))
  return {
    hold: compiled(builder.selectFrom(table).select('version').where(here).modifyEnd(sql`lock in share mode`)),
    mark: compiled(builder.insertInto(table).values({ ...keyValues, version: sql.lit(0), value: sql.lit('null') })),
    insertOverMark: compiled(
      builder
        .updateTable(table)
        .set({ ...values, version: sql.lit(1), value: argument.value })
        .where(here)
        .where(sql<boolean>`version = 0`),
    ),
  }
}
