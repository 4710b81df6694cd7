import { type CreateTableBuilder, sql } from 'kysely'
import {
  type CollectionName,
  firstSchemaVersion,
  type Index,
  collectionNames as names,
} from '../../../ports/collections.ts'
import { columnsOf, declarationOf } from '../../toolkit/columns.ts'
import type { Dialect } from './dialect.ts'
import { columnName, indexName, tableName } from './names.ts'

/** The versions of the schema: each brings the collections and indexes that are there since then. */
export const schemaVersions: readonly number[] = [
  ...new Set(names.flatMap((name) => [sinceOf(name), ...indexesOf(name).map(({ since }) => since)])),
].toSorted((a, b) => a - b)

/**
 * The statements that create a table for each collection that a version of the schema brought, and the indexes that
 * it brought.
 */
export function schemaStatements(dialect: Dialect, version: number): readonly string[] {
  return names.flatMap((name) => [
    ...(sinceOf(name) === version ? [tableStatement(dialect, name)] : []),
    ...indexesOf(name).flatMap((index) => (index.since === version ? [indexStatement(dialect, name, index)] : [])),
  ])
}

function sinceOf(name: CollectionName): number {
  return declarationOf(name).since ?? firstSchemaVersion
}

function indexesOf(collection: CollectionName) {
  const { indexes } = declarationOf(collection)
  return Object.entries(indexes).map(([name, index]) => ({ since: sinceOf(collection), ...index, name }))
}

function tableStatement({ builder, types, tableSuffix }: Dialect, name: CollectionName): string {
  const table = tableName(name)
  const key = keyOf(name)
  const columns = columnsOf(name).reduce(
    (create, column) =>
      create.addColumn(columnName(column.name), sql.raw(types[column.type]), (definition) =>
        key.includes(columnName(column.name)) ? definition.notNull() : definition,
      ),
    builder.schema.createTable(table) as CreateTableBuilder<string, string>,
  )
  return columns
    .addColumn('version', sql.raw(types.integer), (definition) => definition.notNull())
    .addColumn('value', sql.raw(types.json), (definition) => definition.notNull())
    .addPrimaryKeyConstraint(`${table}_key`, key as [string, ...string[]])
    .modifyEnd(sql.raw(tableSuffix))
    .compile()
    .sql.trimEnd()
}

/** An index that is not unique goes on with the key, so that a page is read along it and never sorted. */
function indexStatement(
  { builder, partialIndexes }: Dialect,
  collection: CollectionName,
  { name, columns, unique }: Index & { readonly name: string },
): string {
  const key = keyOf(collection)
  const places = columns.map((column) => columnName(column.name))
  const rest = unique ? [] : key.filter((column) => !places.includes(column))
  const create = builder.schema
    .createIndex(indexName(collection, name))
    .on(tableName(collection))
    .columns([...places, ...rest])
  const lacking = partialIndexes ? places.filter((column) => !key.includes(column)) : []
  const partial = lacking.reduce((statement, column) => statement.where(column, 'is not', null), create)
  return (unique ? partial.unique() : partial).compile().sql
}

function keyOf(collection: CollectionName): readonly string[] {
  return declarationOf(collection).key.map(({ name }) => columnName(name))
}
