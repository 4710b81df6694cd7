/** Where the tables of a storage are, and how they are called. */
export interface TableOptions {
  /**
   * The schema that the tables are in; on MySQL and MariaDB, the database. It is made with the tables if it is not
   * there. At most 63 letters, digits, underscores and dashes.
   *
   * @defaultValue where the connection looks for tables, or, of an instance of Kysely, what its `withSchema` says
   */
  readonly schema?: string | undefined
  /**
   * What stands before `countersign_` in the name of each table and index, so that several installations can share a
   * schema. At most 24 lower-case letters, digits and underscores, of which a digit is not the first.
   *
   * @defaultValue `''`
   */
  readonly prefix?: string | undefined
}

/** The longest prefix: with it, every name of every version of the schema is short enough for every database. */
export const longestPrefix = 24

/** The table that keeps a collection, as statements name it. */
export function tableName(collection: string, tables: TableOptions = {}): string {
  const name = plainName(collection, tables)
  return tables.schema === undefined ? name : `${tables.schema}.${name}`
}

/** The table that keeps a collection, without its schema. */
export function plainName(collection: string, { prefix = '' }: TableOptions): string {
  return `${prefix}countersign_${snakeCase(collection)}`
}

/** The index of a table that keeps a declared index. */
export function indexName(collection: string, index: string, tables: TableOptions = {}): string {
  return `${plainName(collection, tables)}_${snakeCase(index)}`
}

/** The column that keeps a property. */
export function columnName(property: string): string {
  return snakeCase(property)
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
