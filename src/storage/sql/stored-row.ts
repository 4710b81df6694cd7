import { fail, isApprovalError } from '../../errors.ts'
import type { StoredRecord } from '../../ports/storage.ts'

/** Reads a record out of a row of any of the tables; some drivers give a version as text or as a big integer. */
export function recordOf(row: unknown): StoredRecord {
  const { version, value } = row as { readonly version: number | bigint | string; readonly value: string }
  return { version: Number(version), value: JSON.parse(value) }
}

/** Refuses a call because the database failed, unless that was refused before. The advice says what to do about it. */
export function refuseFailed(operation: string, cause: unknown, advice?: string): never {
  if (isApprovalError(cause)) throw cause
  const said = cause instanceof Error ? cause.message : String(cause)
  const problem = advice ? `${said}; ${advice}` : said
  return fail('storage_failed', { operation, problem }, { cause })
}
