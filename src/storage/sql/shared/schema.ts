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
 * indexes that it brought to others. They come in steps, each of which is made as one.
 *
 * Whole tables are one step. A server locks every table that a transaction makes, and has few locks for many
 * partitions: with these each collection is a step, and a step that was made can be made again.
 */
export function schemaSteps(dialect: Dialect, version: number): readonly (readonly string[])[] {
  const isNew = (name: CollectionName) => sinceOf(name) === version
  const brought = (name: CollectionName) => columnsIn(name).filter(({ since }) => since === version)
  const added = names.flatMap((name) => {
    return isNew(name) ? [] : brought(name).map((column) => columnStatement(dialect, name, column))
  })
  const made = names.map((name) => [
    ...(isNew(name) ? [tableStatement(dialect, name), ...partitionStatements(dialect, name)] : []),
    ...indexesOf(name).flatMap((index) => (index.since === version ? [indexStatement(dialect, name, index)] : [])),
  ])
  const columns = [...added, ...(added.length === 0 ? [] : fillStatements(dialect, version))]
  return dialect.partitions === undefined ? [[...columns, ...made.flat()]] : [columns, ...made]
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

function columnStatement(dialect: Dialect, name: CollectionName, column: Column): string {
  const { builder, tables, types, partitions } = dialect
  const table = builder.schema.alterTable(tableName(name, tables))
  const add = table.addColumn(columnName(column.name), sql.raw(types[column.type]), (definition) =>
    partitions === undefined ? definition : definition.ifNotExists(),
  )
  return add.compile().sql
}

function tableStatement(dialect: Dialect, name: CollectionName): string {
  const { builder, tables, types, tableSuffix, partitions } = dialect
  const key = keyOf(name)
  const end = partitions === undefined ? tableSuffix : `partition by hash (${key[0]})`
  const first = columnsIn(name).filter(({ since }) => since === sinceOf(name))
  const create = builder.schema.createTable(tableName(name, tables))
  const columns = first.reduce(
    (table, column) =>
      table.addColumn(columnName(column.name), sql.raw(types[column.type]), (definition) =>
        key.includes(columnName(column.name)) ? definition.notNull() : definition,
      ),
    (partitions === undefined ? create : create.ifNotExists()) as CreateTableBuilder<string, string>,
  )
  return columns
    .addColumn('version', sql.raw(types.integer), (definition) => definition.notNull())
    .addColumn('value', sql.raw(types.json), (definition) => definition.notNull())
    .addPrimaryKeyConstraint(`${plainName(name, tables)}_key`, key as [string, ...string[]])
    .modifyEnd(sql.raw(end))
    .compile()
    .sql.trimEnd()
}

/** The statements that create the parts of a table. What is done to the table later is done to each of them. */
function partitionStatements({ builder, tables, partitions = 0 }: Dialect, name: CollectionName): readonly string[] {
  const table = sql.table(tableName(name, tables))
  return Array.from({ length: partitions }, (_, at) => {
    const part = sql.table(`${tableName(name, tables)}_p${at}`)
    const values = sql`modulus ${sql.lit(partitions)}, remainder ${sql.lit(at)}`
    return sql`create table if not exists ${part} partition of ${table} for values with (${values})`.compile(builder)
      .sql
  })
}

/** An index that is not unique goes on with the key, so that a page is read along it and never sorted. */
function indexStatement(
  { builder, tables, partialIndexes, partitions }: Dialect,
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
  const index = partitions === undefined ? partial : partial.ifNotExists()
  return (unique ? index.unique() : index).compile().sql
}

function keyOf(collection: CollectionName): readonly string[] {
  return declarationOf(collection).key.map(({ name }) => columnName(name))
}
