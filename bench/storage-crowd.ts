import type { BenchDatabase } from './storage-databases.ts'
import type { Pending } from './storage-office.ts'

/** The tables in which a request that waits has rows. */
const tables = {
  requests: ['tenant', 'id', 'status', 'created_at', 'project', 'due_at', 'requester', 'updated_at'],
  contents: ['tenant', 'request', 'edition'],
  inbox: ['tenant', 'approver', 'request', 'project', 'created_at'],
  targets: [
    ...['tenant', 'type', 'id', 'request', 'status', 'created_at'],
    ...['updated_at', 'is_first', 'project', 'requester'],
  ],
  events: ['tenant', 'stream', 'seq', 'prev'],
  unsealed: ['tenant', 'stream', 'seq', 'due_at'],
} as const
const named: ReadonlySet<string> = new Set(['id', 'request', 'stream', 'value'])

/** Stores so many requests like this one beside it, with everything that belongs to each. */
export async function crowd({ name, run }: BenchDatabase, { id }: Pending, count: number): Promise<void> {
  const numbers =
    name === 'SQLite'
      ? `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${count})`
      : `with numbers as (select n from generate_series(1, ${count}) as n)`
  for (const [table, columns] of Object.entries(tables)) {
    const all = [...columns, 'version', 'value']
    const other = `substr('${id}', 1, 19) || substr('00000000000000000' || cast(n * 7919 as text), -17)`
    const copied = all.map((column) => (named.has(column) ? `replace(${column}, '${id}', ${other})` : column))
    const from = `countersign_${table} as one, numbers where replace(cast(value as text), '${id}', '') <> value`
    await run(
      `${numbers} insert into countersign_${table} (${all.join(', ')}) select ${copied.join(', ')} from ${from}`,
    )
  }
  await run('analyze')
}
