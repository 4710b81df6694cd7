import { sql } from 'kysely'
import type { CollectionName } from '../../ports/collections.ts'
import type { Arguments } from './arguments.ts'
import type { Dialect } from './dialect.ts'
import { tableName } from './names.ts'
import { atKey, compiled, type Statement } from './statements.ts'

/** Says what an argument of one member of a list is called in the statement for the whole list. */
export function memberArgument(member: number, name: string): string {
  return `${member}:${name}`
}

/** Joins the arguments of the members of a list to those of the statement for the whole list. */
export function memberArguments(members: readonly Arguments[]): Arguments {
  const all: Record<string, Arguments[string]> = {}
  for (const [member, values] of members.entries()) {
    for (const [name, value] of Object.entries(values)) all[memberArgument(member, name)] = value
  }
  return all
}

/** Compiles the read of several records at one moment: `at` says which of them a row is. */
export function getStatement({ builder }: Dialect, collections: readonly CollectionName[]): Statement {
  const reads = collections.map((collection, member) => {
    const key = atKey(collection, (name) => memberArgument(member, name))
    const table = sql.table(tableName(collection))
    return sql`select ${sql.lit(member)} as at, version, value from ${table} where ${key} and version > 0`
  })
  return compiled({ compile: () => sql.join(reads, sql` union all `).compile(builder) })
}
