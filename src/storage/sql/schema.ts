import { type CreateTableBuilder, sql } from 'kysely'
import { type CollectionName, collections, type Index } from '../../ports/collections.ts'
import { columnsOf, declarationOf } from '../columns.ts'
import type { Dialect } from './dialect.ts'
import { columnName, indexName, tableName } from './names.ts'

const names = Object.keys(collections) as readonly CollectionName[]

/** The versions of the schema: each brings the collections that are there since then. */
export const schemaVersions: readonly number[] = [...new Set(names.map(sinceOf))].toSorted((a, b) => a - b)

/** The statements that create a table for each collection that a version of the schema brought, with its indexes. */
export function schemaStatements(dialect: Dialect, version: number): readonly string[] {
  return names.flatMap((name) => {
    if (sinceOf(name) !== version) return []
    return collectionStatements(dialect, name)
  })
}

function sinceOf(name: CollectionName): number {
  return declarationOf(name).since ?? 1
}

function collectionStatements(dialect: Dialect, name: CollectionName): readonly string[] {
  return [
    tableStatement(dialect, name),
    ...Object.entries(declarationOf(name).indexes).map(([index, declared]) =>
      indexStatement(dialect, name, { ...declared, name: index }),
    ),
  ]
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
