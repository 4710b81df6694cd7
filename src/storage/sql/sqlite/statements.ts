import { sql } from 'kysely'
import type { CollectionName, Column } from '../../../ports/collections.ts'
import { columnsOf, declarationOf } from '../../toolkit/columns.ts'
import { type Arguments, argument } from '../shared/arguments.ts'
import type { Dialect } from '../shared/dialect.ts'
import { columnName, tableName } from '../shared/names.ts'
import { atKey, compiled, type Statement } from '../shared/statements.ts'
import type { HoldStatements } from '../stepwise/hold-statements.ts'

/** The columns of a collection that a replacement can move: all but its key. */
function movable(collection: CollectionName): readonly Column[] {
  const { key } = declarationOf(collection)
  return columnsOf(collection).filter((column) => !key.some(({ name }) => name === column.name))
}

/** Compiles the read of the columns that a replacement can move, named as they are in the record. */
export function heldColumns({ builder, tables }: Dialect, collection: CollectionName): Statement {
  const held = movable(collection).map(({ name }) => sql<unknown>`${sql.ref(columnName(name))}`.as(name))
  return compiled(
    builder.selectFrom(tableName(collection, tables)).select('version').select(held).where(atKey(collection)),
  )
}

/** Names those columns that would hold something else. */
export function movedColumns(collection: CollectionName, held: object, values: Arguments): readonly string[] {
  const now = held as Readonly<Record<string, unknown>>
  return movable(collection).flatMap(({ name }) => (String(now[name]) === String(values[name]) ? [] : name))
}

/**
 * Compiles the replacement of a record of which these columns move; it changes nothing if another one moves.
 *
 * SQLite writes every index anew that has a column which an `update` names, whether its value moves or not.
 */
export function replaceMoved(
  { builder, tables }: Dialect,
  collection: CollectionName,
  moved: readonly string[],
): Statement {
  const columns = Object.fromEntries(moved.map((name) => [columnName(name), name]))
  const update = builder
    .updateTable(tableName(collection, tables))
    .set({ ...columns, version: sql<number>`version + 1`, value: argument.value })
    .where(atKey(collection))
    .where(sql<boolean>`version = ${argument.expected}`)
  const staying = movable(collection).filter(({ name }) => !moved.includes(name))
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
