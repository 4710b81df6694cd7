import { sql } from 'kysely'
import type { CollectionName } from '../../../ports/collections.ts'
import { columnsOf, declarationOf } from '../../toolkit/columns.ts'
import { argument } from '../shared/arguments.ts'
import type { Dialect } from '../shared/dialect.ts'
import { columnName, tableName } from '../shared/names.ts'
import { atKey, compiled, type Statement } from '../shared/statements.ts'
import type { HoldStatements } from '../stepwise/hold-statements.ts'

/**
 * Compiles the replacement of a record whose columns stay as they are; it changes nothing if one of them moves.
 *
 * SQLite writes every index anew that has a column which an `update` names, whether its value moves or not.
 */
export function replaceInPlace({ builder, tables }: Dialect, collection: CollectionName): Statement {
  const { key } = declarationOf(collection)
  const staying = columnsOf(collection).filter((column) => !key.some(({ name }) => name === column.name))
  const update = builder
    .updateTable(tableName(collection, tables))
    .set({ version: sql<number>`version + 1`, value: argument.value })
    .where(atKey(collection))
    .where(sql<boolean>`version = ${argument.expected}`)
  return compiled(
    staying.reduce((query, { name }) => query.where(sql<boolean>`${sql.ref(columnName(name))} is ${name}`), update),
  )
}

/** Compiles how a commit takes hold of what it only checks: it looks, as SQLite lets nobody else write meanwhile. */
export function sqliteHold({ builder, tables }: Dialect, collection: CollectionName): HoldStatements {
  return {
    hold: compiled(builder.selectFrom(tableName(collection, tables)).select('version').where(atKey(collection))),
  }
}
