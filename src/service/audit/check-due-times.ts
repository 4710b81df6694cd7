import { duesOf } from '../../core/request/decide/due-verbs.ts'
import type { CollectionName } from '../../ports/collections.ts'
import { longestPause, type PutOffCollection } from '../commands/put-off.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import type { PolicySetRecord, RequestRecord } from '../records/record-types.ts'
import type { StoredRecordOf } from '../records/typed-storage.ts'
import type { AuditProblem } from './audit-report.ts'

/** How much further than it may be something can be put off by the clock of another process. */
const tolerance = 60 * 60 * 1000

/** Says when something would be left alone for longer than anything is: whatever is due would not be done. */
export type CheckDueTime = <C extends CollectionName>(
  collection: C,
  value: StoredRecordOf<C>,
) => readonly AuditProblem[]

/** Makes the check of the times that no event tells of, as they are seen now. */
export function dueTimeCheck(context: Context, settings: PolicySetRecord | undefined): CheckDueTime {
  const now = context.now()
  const latest = now + Math.max(longestPause, context.timeouts.notifier) + tolerance
  return (collection, value) => {
    const due = dueOf(collection, value)
    if (due === undefined || due <= latest) return []
    if (collection === 'requests') {
      const request = value as RequestRecord
      const { holds } = switchFacts(context, settings, request)
      if (duesOf(request, { now, holds }).some(({ at }) => at >= due)) return []
    }
    const problem = `a record of ${collection} is put off until ${new Date(due).toISOString()}, for longer than anything is`
    return [{ stream: collection, problem }]
  }
}

/** When something that was put off is tried again, and when what happens at once is; undefined where an event says when it is due. */
function dueOf<C extends CollectionName>(collection: C, value: StoredRecordOf<C>): number | undefined {
  const { dueAt, stateDueAt, putOff } = value as {
    readonly dueAt?: number
    readonly stateDueAt?: number
    readonly putOff?: object
  }
  const isPromptly: readonly string[] = ['unsealed', 'returns', 'outbox']
  if (isPromptly.includes(collection)) return dueAt
  const isPutOff: readonly PutOffCollection[] = ['requests', 'resources', 'streams']
  if (!isPutOff.some((name) => name === collection) || putOff === undefined) return undefined
  return collection === 'resources' ? stateDueAt : dueAt
}
