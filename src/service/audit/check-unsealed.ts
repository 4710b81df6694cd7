import type { LoggedEvent } from '../../core/log/event-chain.ts'
import { hasCode } from '../../errors/approval-error.ts'
import type { Storage } from '../../ports/storage.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { UnsealedRecord } from '../records/record-types.ts'
import { type OnUnreadable, read, recordKey, walk } from '../records/typed-storage.ts'
import type { AuditProblem } from './audit-report.ts'
import type { CheckDueTime } from './check-due-times.ts'
import { lastCheckpoint } from './make-checkpoints.ts'

const batch = 100

/** What is known when it is looked for what waits to be sealed. */
interface Sealing {
  readonly onUnreadable: OnUnreadable
  readonly late: CheckDueTime
  /** How many checkpoints there were when the events were read. */
  readonly checkpoints: number
  /** The events that none of them sealed, by stream. */
  readonly open: ReadonlyMap<string, ReadonlySet<number>>
}

/**
 * Finds what waits to be sealed and is no event, of which the next checkpoint would speak as if it had happened; and
 * events that neither are sealed nor wait for that, unless there is another checkpoint by now.
 */
export async function checkUnsealed(
  storage: Storage,
  tenant: string,
  { onUnreadable, late, checkpoints, open }: Sealing,
): Promise<readonly AuditProblem[]> {
  const problems: AuditProblem[] = []
  const left = new Map([...open].map(([stream, seqs]) => [stream, new Set(seqs)]))
  let rows: UnsealedRecord[] = []
  const look = async () => {
    problems.push(...(await problemsAmong(storage, tenant, { rows, late })))
    rows = []
  }
  const all = inKeyOrder('unsealed', tenant)
  for await (const { value } of walk(storage, all, onUnreadable)) {
    left.get(value.stream)?.delete(value.seq)
    rows.push(value)
    if (rows.length === batch) await look()
  }
  await look()
  const lost = [...left].flatMap(([stream, seqs]) => [...seqs].map((seq) => ({ stream, seq })))
  if (lost.length === 0 || ((await lastCheckpoint(storage, tenant))?.number ?? 0) !== checkpoints) return problems
  return [...problems, ...lost.map((one) => ({ ...one, problem: 'the event is not sealed, and does not wait for it' }))]
}

async function problemsAmong(
  storage: Storage,
  tenant: string,
  { rows, late }: { readonly rows: readonly UnsealedRecord[]; readonly late: CheckDueTime },
): Promise<readonly AuditProblem[]> {
  const events = await eventsOf(storage, tenant, rows)
  return rows.flatMap((row, index) => {
    const event = events[index]
    const { stream, seq, hash, dueAt } = row
    if (event === 'unreadable') return []
    if (event?.hash !== hash) return [{ stream, seq, problem: 'what waits to be sealed is not the event' }]
    return event.event['at'] === dueAt ? [] : late('unsealed', row)
  })
}

/** Reads events: undefined if there is none. One that cannot be read is named with its stream. */
async function eventsOf(
  storage: Storage,
  tenant: string,
  rows: readonly UnsealedRecord[],
): Promise<readonly (LoggedEvent | 'unreadable' | undefined)[]> {
  try {
    const { events } = await read(storage, {
      events: rows.map(({ stream, seq }) => recordKey('events', tenant, stream, seq)),
    })
    return events.map((event) => event?.value)
  } catch (error) {
    if (!hasCode(error, 'unreadable_record')) throw error
    if (rows.length === 1) return ['unreadable']
    const each: (LoggedEvent | 'unreadable' | undefined)[] = []
    for (const row of rows) each.push(...(await eventsOf(storage, tenant, [row])))
    return each
  }
}
