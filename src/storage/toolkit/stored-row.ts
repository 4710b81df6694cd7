import { fail, isApprovalError } from '../../errors/approval-error.ts'
import type { KeyPart, RecordKey, StoredRecord } from '../../ports/storage.ts'
import { keyOf } from './columns.ts'

/**
 * Reads a record out of a row of any of the tables, or says why it cannot be read. Some drivers give a version as
 * text or as a big integer.
 */
export function recordOf(row: unknown): StoredRecord | string {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'the driver gave no object for its row'
  const { version, value } = row as { readonly version?: unknown; readonly value?: unknown }
  const number = Number(version)
  if (!Number.isSafeInteger(number) || number < 1) return 'its version is none'
  if (typeof value !== 'string') return 'its value did not come as the text that it is'
  try {
    const parsed = JSON.parse(value)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? { version: number, value: parsed } : 'its text is no JSON object'
  } catch {
    return 'its text is no JSON'
  }
}

/** What is wrong with a record under the key of another one. */
export const anotherRecord = 'it says that it is another record'

/** Reads the record that a row has under a key. One that says another key of itself is another record. */
export function recordAt(key: RecordKey, row: unknown): StoredRecord | string {
  const record = recordOf(row)
  if (typeof record === 'string') return record
  const own = ownKey(key, record)
  return own?.every((part, at) => part === key.key[at]) ? record : anotherRecord
}

function ownKey({ collection }: RecordKey, { value }: StoredRecord): readonly KeyPart[] | undefined {
  try {
    return keyOf(collection, value)
  } catch {
    return undefined
  }
}

/** Refuses a record that cannot be read. */
export function refuseUnreadable({ collection, key }: RecordKey, problem: string): never {
  return fail('unreadable_record', { collection, key: JSON.stringify(key), problem })
}

/**
 * Refuses a call because the database failed, unless that was refused before. The advice says what to do about it.
 *
 * @example
 * ```ts
 * const rows = await pool.query('select 1').catch((cause) => refuseFailed('get', cause))
 * ```
 *
 * @throws ApprovalError `storage_failed`, or the `ApprovalError` that it is given.
 */
export function refuseFailed(operation: string, cause: unknown, advice?: string): never {
  if (isApprovalError(cause)) throw cause
  const said = cause instanceof Error ? cause.message : String(cause)
  const problem = advice ? `${said}; ${advice}` : said
  return fail('storage_failed', { operation, problem }, { cause })
}
