import { duesOf } from '../../core/request/decide/due-verbs.ts'
import type { CollectionName } from '../../ports/collections.ts'
import { longestPause, type PutOffCollection } from '../commands/put-off.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import type { OutboxRecord } from '../records/outbox-records.ts'
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
  return (collection, value) => {
    const now = context.now()
    const due = dueOf(collection, value)
    if (due === undefined || due <= now + longestPause + tolerance) return []
    if (collection === 'requests' && mayBeDueAt(due, value as RequestRecord)) return []
    const problem = `a record of ${collection} is put off until ${new Date(due).toISOString()}, for longer than anything is`
    return [{ stream: collection, problem }]
  }

  /** Whether a time is one of the request's own. Of holds that were merged, nobody knows any more what they were. */
  function mayBeDueAt(due: number, request: RequestRecord): boolean {
    const { holds = [] } = switchFacts(context, settings, request)
    if (holds.some(({ gaps }) => gaps !== undefined)) return true
    return duesOf(request, { now: context.now(), holds }).some(({ at }) => at + tolerance >= due)
  }
}

/**
 * When something that was put off is tried again, and when what happens at once is; `undefined` if an event says
 * when it is due.
 */
function dueOf<C extends CollectionName>(collection: C, value: StoredRecordOf<C>): number | undefined {
  const { dueAt, stateDueAt, putOff } = value as {
    readonly dueAt?: number
    readonly stateDueAt?: number
    readonly putOff?: object
  }
  if (collection === 'outbox') return dueOfNotice(value as OutboxRecord)
  if (collection === 'unsealed' || collection === 'returns') return dueAt
  const isPutOff: readonly PutOffCollection[] = ['requests', 'resources', 'streams']
  if (!isPutOff.some((name) => name === collection) || putOff === undefined) return undefined
  return collection === 'resources' ? stateDueAt : dueAt
}

/**
 * A notice that nobody has tried yet is due when it was written; who tries it keeps it for as long as they have
 * patience, a day in most cases.
 */
function dueOfNotice({ dueAt, attempts, notice }: OutboxRecord): number | undefined {
  if (attempts === 0) return dueAt === notice.at ? undefined : dueAt
  return dueAt - longestPatience
}

/** How long a delivery may take, as far as a verification can know. */
const longestPatience = 24 * 60 * 60 * 1000
