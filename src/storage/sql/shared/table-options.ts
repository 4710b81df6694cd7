import type { Dialect } from './dialect.ts'
import { longestPrefix, type TableOptions } from './names.ts'

/** Schemas in which a database keeps what is its own, or what is gone with the connection. */
const reserved = /^(pg_.*|information_schema|mysql|performance_schema|sys)$/i

/**
 * Refuses options that there are not.
 *
 * @throws TypeError if they are no object, or have another name than these.
 */
export function checkTableOptionNames(method: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${method}: the options must be an object, as { ${names[0]}: … } is`)
  }
  const unknown = Object.keys(options).filter((name) => !names.includes(name))
  if (unknown.length === 0) return
  const schema = unknown.includes('schema')
    ? ': the tables of SQLite are in the file itself, so open the file that they shall be in'
    : ''
  const last = names.length > 1 ? ` and ${names.at(-1)}` : ''
  const all = `${names.slice(0, Math.max(1, names.length - 1)).join(', ')}${last}`
  throw new TypeError(`${method}: there is no option ${unknown.join(', ')}, only ${all}${schema}`)
}

/**
 * Reads where the tables are.
 *
 * @throws TypeError if a name is none that every database takes.
 */
export function tablesOf(method: string, { schema, prefix }: TableOptions = {}): TableOptions {
  if (prefix !== undefined && !isPrefix(prefix)) {
    throw new TypeError(
      `${method}: prefix must be at most ${longestPrefix} lower-case letters, digits and underscores, no digit first, and must not begin with sqlite_ or pg_`,
    )
  }
  if (schema !== undefined && !(typeof schema === 'string' && /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(schema))) {
    throw new TypeError(
      `${method}: schema must be the name of a schema, at most 63 letters, digits, underscores and dashes, no digit or dash first`,
    )
  }
  if (schema !== undefined && reserved.test(schema)) {
    throw new TypeError(
      `${method}: the schema ${schema} belongs to the database itself: give the tables one of their own`,
    )
  }
  return { ...(schema === undefined ? {} : { schema }), ...(prefix === undefined ? {} : { prefix }) }
}

function isPrefix(prefix: unknown): boolean {
  if (typeof prefix !== 'string' || prefix.length > longestPrefix) return false
  return prefix === '' || (/^[a-z_][a-z0-9_]*$/.test(prefix) && !/^(sqlite_|pg_)/.test(prefix))
}

/** The same dialect for tables that are elsewhere, called otherwise, or divided. */
export function withTables(dialect: Dialect, tables: TableOptions, layout: Pick<Dialect, 'partitions'> = {}): Dialect {
  const given = Object.entries({ ...tables, ...layout })
  if (given.length === 0) return dialect
  return { ...dialect, tables, ...layout, printer: printerOf(dialect, tables, layout) }
}

/** What prints the schema of tables like these. */
export function printerOf({ printer }: Dialect, tables: TableOptions, layout: Pick<Dialect, 'partitions'>): string {
  const given = Object.entries({ ...tables, ...layout }).map(
    ([name, value]) => `${name}: ${typeof value === 'number' ? value : `'${value}'`}`,
  )
  return printer.replace(/\(.*\)/, given.length === 0 ? '()' : `({ ${given.join(', ')} })`)
}
