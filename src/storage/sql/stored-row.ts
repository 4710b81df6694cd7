import { fail } from '../../errors.ts'
import type { StoredRecord } from '../../ports/storage.ts'

/** Reads a record out of a row of any of the tables; some drivers give a version as text or as a big integer. */
export function recordOf(row: unknown): StoredRecord {
  const { version, value } = row as { readonly version: number | bigint | string; readonly value: string }
  return { version: Number(version), value: JSON.parse(value) }
}

/** Refuses a call because the database failed. */
export function refuseFailed(operation: string, cause: unknown): never {
  const problem = cause instanceof Error ? cause.message : String(cause)
  return fail('storage_failed', { operation, problem }, { cause })
}
