import { sql } from 'kysely'
import type { CollectionName } from '../../../ports/collections.ts'
import type { RecordKey, StoredRecord } from '../../../ports/storage.ts'
import { recordAt, refuseUnreadable } from '../../toolkit/stored-row.ts'
import { memberArgument } from './arguments.ts'
import type { Dialect } from './dialect.ts'
import { tableName } from './names.ts'
import { atKey, compiled, type Statement } from './statements.ts'

/** Compiles the read of several records at one moment: `at` says which of them a row is. */
export function getStatement({ builder, tables }: Dialect, collections: readonly CollectionName[]): Statement {
  const reads = collections.map((collection, member) => {
    const key = atKey(collection, (name) => memberArgument(member, name))
    const table = sql.table(tableName(collection, tables))
    return sql`select ${sql.lit(member)} as at, version, value from ${table} where ${key} and version > 0`
  })
  return compiled({ compile: () => sql.join(reads, sql` union all `).compile(builder) })
}

/**
 * Reads the records out of the rows of {@link getStatement}, in the order in which they were asked for; `undefined` for
 * one that is not there.
 *
 * @throws ApprovalError `unreadable_record` for one that is there and cannot be read.
 */
export function recordsOf(rows: readonly unknown[], keys: readonly RecordKey[]): (StoredRecord | undefined)[] {
  const records = new Array<StoredRecord | undefined>(keys.length).fill(undefined)
  for (const row of rows) {
    const at = Number((row as { readonly at: number | bigint | string }).at)
    const key = keys[at]
    if (!key) continue
    const record = recordAt(key, row)
    if (typeof record === 'string') refuseUnreadable(key, record)
    records[at] = record
  }
  return records
}
