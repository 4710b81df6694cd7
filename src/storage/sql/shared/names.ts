/** The table that keeps a collection. */
export function tableName(collection: string): string {
  return `countersign_${snakeCase(collection)}`
}

/** The index of a table that keeps a declared index. */
export function indexName(collection: string, index: string): string {
  return `${tableName(collection)}_${snakeCase(index)}`
}

/** The column that keeps a property. */
export function columnName(property: string): string {
  return snakeCase(property)
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
