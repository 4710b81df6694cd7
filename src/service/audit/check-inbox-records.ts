import { hasCode } from '../../errors/approval-error.ts'
import type { Storage } from '../../ports/storage.ts'
import { requestStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { InboxRecord, RequestRecord } from '../records/record-types.ts'
import { type OnUnreadable, read, recordKey, type Stored, walk } from '../records/typed-storage.ts'
import type { AuditProblem } from './audit-report.ts'

const batch = 500

/**
 * Finds where a request is listed with somebody for whose approval it does not wait. That it is listed with all the
 * others is verified with its stream.
 */
export async function strayWaiting(
  storage: Storage,
  tenant: string,
  onUnreadable: OnUnreadable,
): Promise<readonly AuditProblem[]> {
  const problems: AuditProblem[] = []
  const seen = new Set<string>()
  let rows: InboxRecord[] = []
  const all = inKeyOrder('inbox', tenant)
  for await (const { value } of walk(storage, all, onUnreadable)) {
    const { request, approver } = value
    const name = JSON.stringify([approver, request])
    if (seen.has(name)) problems.push(problemOf(value, 'is listed twice'))
    seen.add(name)
    rows.push(value)
    if (rows.length < batch) continue
    problems.push(...(await straysAmong(storage, tenant, rows)))
    rows = []
  }
  return [...problems, ...(await straysAmong(storage, tenant, rows))]
}

async function straysAmong(
  storage: Storage,
  tenant: string,
  rows: readonly InboxRecord[],
): Promise<readonly AuditProblem[]> {
  const found = await read(storage, {
    requests: rows.map(({ request }) => recordKey('requests', tenant, request)),
  }).catch((error) => {
    if (hasCode(error, 'unreadable_record')) return undefined
    throw error
  })
  if (!found) return await straysOneByOne(storage, tenant, rows)
  const problems: AuditProblem[] = []
  for (const [index, row] of rows.entries()) {
    if (isListed(row, found.requests[index]) || !(await isStray(storage, tenant, row))) continue
    problems.push(problemOf(row, 'does not wait for it'))
  }
  return problems
}

/** The same if one of the requests cannot be read: that one is named among the requests. */
async function straysOneByOne(
  storage: Storage,
  tenant: string,
  rows: readonly InboxRecord[],
): Promise<readonly AuditProblem[]> {
  const problems: AuditProblem[] = []
  for (const row of rows) {
    try {
      if (await isStray(storage, tenant, row)) problems.push(problemOf(row, 'does not wait for it'))
    } catch (error) {
      if (!hasCode(error, 'unreadable_record')) throw error
    }
  }
  return problems
}

function problemOf({ request, approver }: InboxRecord, problem: string): AuditProblem {
  return {
    stream: requestStream(request),
    problem: `the request is listed as one that waits for the approval of "${approver}", and ${problem}`,
  }
}

/** Looks again at one moment: between the row and its request, the request may only have moved. */
async function isStray(storage: Storage, tenant: string, { approver, request }: InboxRecord): Promise<boolean> {
  const { row, record } = await read(storage, {
    row: recordKey('inbox', tenant, approver, request),
    record: recordKey('requests', tenant, request),
  })
  return row !== undefined && !isListed(row.value, record)
}

function isListed({ approver }: InboxRecord, request: Stored<RequestRecord> | undefined): boolean {
  return request?.value.awaited?.includes(approver) ?? false
}
