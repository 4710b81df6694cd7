import { hasCode } from '../../errors/approval-error.ts'
import type { ErrorDetails } from '../../errors/error-details.ts'
import { messageOf } from '../../errors/message-of.ts'
import type { CollectionName } from '../../ports/collections.ts'
import type { UnreadableRecord } from '../../ports/storage.ts'
import type { AuditProblem } from './audit-report.ts'
import { unreadableProblem } from './unreadable.ts'

/**
 * What is wrong with a part of the log: also that it cannot be read, whatever comes of trying. Only the failure of
 * the storage ends a verification.
 */
export async function findings(
  stream: string,
  verify: () => Promise<readonly AuditProblem[]>,
): Promise<readonly AuditProblem[]> {
  try {
    return await verify()
  } catch (error) {
    if (hasCode(error, 'storage_failed')) throw error
    if (hasCode(error, 'unreadable_record')) return [unreadableProblem(recordOf(error.details))]
    return [{ stream, problem: `what is stored of it cannot be read: ${messageOf(error)}` }]
  }
}

function recordOf({ collection, key, problem }: ErrorDetails['unreadable_record']): UnreadableRecord {
  return { collection: collection as CollectionName, key: JSON.parse(key), problem }
}
