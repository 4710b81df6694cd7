import { sql } from 'kysely'
import type { CollectionName } from '../../../ports/collections.ts'
import { columnsOf, declarationOf } from '../../toolkit/columns.ts'
import { argument } from '../shared/arguments.ts'
import type { Dialect } from '../shared/dialect.ts'
import { columnName, tableName } from '../shared/names.ts'
import { atKey, compiled } from '../shared/statements.ts'
import type { HoldStatements } from '../stepwise/hold-statements.ts'

/** Compiles the statements of a collection that only MySQL needs. */
export function mysqlStatements({ builder, tables }: Dialect, collection: CollectionName): HoldStatements {
  const { key } = declarationOf(collection)
  const table = tableName(collection, tables)
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
