import { type CreateTableBuilder, sql } from 'kysely'
import {
  type CollectionName,
  type Column,
  firstSchemaVersion,
  type Index,
  collectionNames as names,
} from '../../../ports/collections.ts'
import { columnsOf, declarationOf } from '../../toolkit/columns.ts'
import type { Dialect } from './dialect.ts'
import { fillStatements } from './fill-columns.ts'
import { columnName, indexName, plainName, tableName } from './names.ts'

/** The versions of the schema: each brings the collections and indexes that are there since then. */
export const schemaVersions: readonly number[] = [
  ...new Set(
    names.flatMap((name) => [sinceOf(name), ...[...indexesOf(name), ...columnsIn(name)].map(({ since }) => since)]),
  ),
].toSorted((a, b) => a - b)

/**
 * The statements that create a table for each collection that a version of the schema brought, and the columns and
 * indexes that it brought to others.
 */
export function schemaStatements(dialect: Dialect, version: number): readonly string[] {
  const isNew = (name: CollectionName) => sinceOf(name) === version
  const brought = (name: CollectionName) => columnsIn(name).filter(({ since }) => since === version)
  const added = names.flatMap((name) => {
    return isNew(name) ? [] : brought(name).map((column) => columnStatement(dialect, name, column))
  })
  const made = names.flatMap((name) => [
    ...(isNew(name) ? [tableStatement(dialect, name)] : []),
    ...indexesOf(name).flatMap((index) => (index.since === version ? [indexStatement(dialect, name, index)] : [])),
  ])
  return [...added, ...(added.length === 0 ? [] : fillStatements(dialect, version)), ...made]
}

/** The statement that creates the schema of the tables; none if that is not named. */
export function schemaStatement({ builder, tables: { schema } }: Dialect): readonly string[] {
  return schema === undefined ? [] : [builder.schema.createSchema(schema).ifNotExists().compile().sql]
}

/** The table that says which versions were made, as statements name it. */
export function migrationsName({ builder, tables }: Dialect): string {
  const name = plainName('migrations', tables)
  return tables.schema === undefined ? name : `${sql.id(tables.schema).compile(builder).sql}.${name}`
}

function sinceOf(name: CollectionName): number {
  return declarationOf(name).since ?? firstSchemaVersion
}

function indexesOf(collection: CollectionName) {
  const { indexes } = declarationOf(collection)
  return Object.entries(indexes).map(([name, index]) => ({ since: sinceOf(collection), ...index, name }))
}

function columnsIn(name: CollectionName) {
  const since = sinceOf(name)
  return columnsOf(name).map((column) => ({ ...column, since: Math.max(since, column.since ?? since) }))
}

function columnStatement({ builder, tables, types }: Dialect, name: CollectionName, column: Column): string {
  const table = builder.schema.alterTable(tableName(name, tables))
  return table.addColumn(columnName(column.name), sql.raw(types[column.type])).compile().sql
}

function tableStatement({ builder, tables, types, tableSuffix }: Dialect, name: CollectionName): string {
  const key = keyOf(name)
  const first = columnsIn(name).filter(({ since }) => since === sinceOf(name))
  const columns = first.reduce(
    (create, column) =>
      create.addColumn(columnName(column.name), sql.raw(types[column.type]), (definition) =>
        key.includes(columnName(column.name)) ? definition.notNull() : definition,
      ),
    builder.schema.createTable(tableName(name, tables)) as CreateTableBuilder<string, string>,
  )
  return columns
    .addColumn('version', sql.raw(types.integer), (definition) => definition.notNull())
    .addColumn('value', sql.raw(types.json), (definition) => definition.notNull())
    .addPrimaryKeyConstraint(`${plainName(name, tables)}_key`, key as [string, ...string[]])
    .modifyEnd(sql.raw(tableSuffix))
    .compile()
    .sql.trimEnd()
}

/** An index that is not unique goes on with the key, so that a page is read along it and never sorted. */
function indexStatement(
  { builder, tables, partialIndexes }: Dialect,
  collection: CollectionName,
  { name, columns, unique }: Index & { readonly name: string },
): string {
  const key = keyOf(collection)
  const places = columns.map((column) => columnName(column.name))
  const rest = unique ? [] : key.filter((column) => !places.includes(column))
  const create = builder.schema
    .createIndex(indexName(collection, name, tables))
    .on(tableName(collection, tables))
    .columns([...places, ...rest])
  const lacking = partialIndexes ? places.filter((column) => !key.includes(column)) : []
  const partial = lacking.reduce((statement, column) => statement.where(column, 'is not', null), create)
  return (unique ? partial.unique() : partial).compile().sql
}

function keyOf(collection: CollectionName): readonly string[] {
  return declarationOf(collection).key.map(({ name }) => columnName(name))
}
