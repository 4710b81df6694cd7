import { fail } from '../../../errors/approval-error.ts'
import { collectionNames } from '../../../ports/collections.ts'
import type { Dialect } from '../shared/dialect.ts'
import { type TableOptions, tableName } from '../shared/names.ts'
import type { SqlSession } from '../shared/session.ts'
import { printerOf } from '../shared/table-options.ts'

/** Where the tables of a storage on PostgreSQL are, how they are called, and whether they are divided by tenant. */
export interface PostgresTableOptions extends TableOptions {
  /**
   * Into how many partitions each table of records is divided, by a hash of the tenant: 1 to 256. Said when the tables
   * are made, and never changed: tables that are divided otherwise are refused.
   *
   * @defaultValue the tables are whole when they are made; those that are there are used as they are
   */
  readonly partitions?: number | undefined
}

const mostPartitions = 256

/**
 * Reads into how many partitions the tables are divided.
 *
 * @throws TypeError if that is no number of partitions.
 */
export function layoutOf(method: string, { partitions }: PostgresTableOptions): Pick<Dialect, 'partitions'> {
  if (partitions === undefined) return {}
  if (Number.isSafeInteger(partitions) && partitions >= 1 && partitions <= mostPartitions) return { partitions }
  throw new TypeError(
    `${method}: partitions must be a whole number from 1 to ${mostPartitions}, into which each table is divided by tenant`,
  )
}

const found = `select c.relname as name, coalesce(pg_get_partkeydef(c.oid), '') as by,
  (select count(*) from pg_catalog.pg_inherits i where i.inhparent = c.oid) as parts
  from pg_catalog.pg_class c join json_array_elements_text($1::json) as named on c.oid = to_regclass(named.value)
  order by c.relname`

/** A table that is there: how it is divided, and into how many parts. */
interface FoundTable {
  readonly name: string
  readonly by: string
  readonly parts: number | string
}

/**
 * Refuses tables that are there and are not divided as they have to be.
 *
 * @throws ApprovalError `storage_failed`, which names the way to divide them.
 */
export async function refuseOtherPartitions(session: SqlSession, dialect: Dialect): Promise<void> {
  const { tables, partitions } = dialect
  const names = collectionNames.map((name) => quoted(tableName(name, tables)))
  const there = (await session.rows(found, [JSON.stringify(names)])) as readonly FoundTable[]
  const other = there.find((table) => partitionsIn(table) !== partitions)
  if (!other) return
  const asked = partitions === undefined ? {} : { partitions }
  const made = partitionsIn(other)
  const kept =
    made === 'other' ? '' : `, as in ${printerOf(dialect, tables, made === undefined ? {} : { partitions: made })}`
  const elsewhere = printerOf(dialect, { ...tables, schema: 'other' }, asked)
  fail('storage_failed', {
    operation: 'migrate',
    problem: `the table ${other.name} ${described(made, other)}, and the storage was asked for one that ${described(partitions)}. Give the storage the options that the tables were made with${kept}; or stop everything that writes, make other tables in another schema with what ${elsewhere} prints, and copy the rows of each table, as the guide to storage shows under "Partitions by tenant". Nothing was changed`,
  })
}

/** Into how many partitions by tenant a table is divided, `undefined` if it is whole. */
function partitionsIn({ by, parts }: FoundTable): number | 'other' | undefined {
  if (by === '') return undefined
  return by === 'HASH (tenant)' ? Number(parts) : 'other'
}

function described(partitions: number | 'other' | undefined, { by }: Pick<FoundTable, 'by'> = { by: '' }): string {
  if (partitions === undefined) return 'is whole'
  if (partitions === 'other') return `is partitioned by ${by}`
  return `has ${partitions} ${partitions === 1 ? 'partition' : 'partitions'} by hash of the tenant`
}

function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')
}
