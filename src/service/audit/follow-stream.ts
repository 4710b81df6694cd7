import { restored, textProblem } from '../../core/log/erasable-texts.ts'
import type { LoggedEvent, StreamHead } from '../../core/log/event-chain.ts'
import { brokenLink, emptyStream, headAfter } from '../../core/log/event-chain.ts'
import type { Storage } from '../../ports/storage.ts'
import { erasureStream, retentionStream, settingsStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import { read, recordKey, walk } from '../records/typed-storage.ts'
import type { AuditProblem } from './audit-report.ts'
import { readErased } from './erase-texts.ts'
import { findings } from './findings.ts'
import type { SealedEnd } from './read-checkpoints.ts'
import { type RemovedDocuments, readRemoved } from './removed-documents.ts'
import type { Replay } from './replay.ts'
import { replayOf } from './replay-stream.ts'

const sentences = {
  missing: 'an event before this one is missing',
  altered: 'the event is not what was written: its hash does not match its content',
  foreign: 'the event is one of another stream, or of another tenant',
  unlinked: 'the event does not follow the one before it: its link names another hash',
} as const

/** How far a stream must go according to a checkpoint, and what of it may be gone. */
interface Expected {
  readonly sealed: SealedEnd | undefined
  /** The commitments to texts that were erased. */
  readonly erased: ReadonlySet<string>
  /** The documents that retention removed, as `removedName` names them. */
  readonly removed: RemovedDocuments
}

/** Follows a stream from its first event. */
interface Follower {
  /** Takes the events that come next. */
  take(events: readonly LoggedEvent[]): Promise<void>
  /** What is wrong with the events that were taken: these stay as they are. */
  readonly problems: readonly AuditProblem[]
  /** The last one that was taken. */
  readonly end: StreamHead
  /** Says what is wrong besides with where they lead, according to what is stored now. */
  ended(head: StreamHead | undefined): Promise<readonly AuditProblem[]>
}

/** Begins to follow a stream. */
export function followStream(storage: Storage, tenant: string, name: string, expected: Expected): Follower {
  const { sealed, erased, removed } = expected
  const problems: AuditProblem[] = []
  const replay: Replay = replayOf(storage, tenant, name, removed)
  let end = emptyStream
  const replayed = async (logged: LoggedEvent) => {
    const [found] = await findings(name, async () => {
      const problem = textProblem(logged, erased) ?? (await replay.take({ ...logged, event: restored(logged) }))
      return problem ? [{ stream: name, problem }] : []
    })
    if (found) problems.push({ ...found, seq: logged.seq })
  }
  return {
    problems,
    get end() {
      return end
    },
    async take(events) {
      for (const logged of events) {
        const broken = logged.tenant === tenant && logged.stream === name ? brokenLink(end, logged) : 'foreign'
        if (logged.seq === sealed?.seq && logged.hash !== sealed.hash) {
          problems.push({ stream: name, seq: logged.seq, problem: 'the event is not the one that a checkpoint sealed' })
        }
        if (broken) problems.push({ stream: name, seq: logged.seq, problem: sentences[broken] })
        else if (problems.length === 0) await replayed(logged)
        end = headAfter(logged)
      }
    },
    async ended(head) {
      const of = (problem: string) => [{ stream: name, problem }]
      if (end.seq === 0) {
        const record = head ? 'the record is there' : `a checkpoint sealed event ${sealed?.seq}, the record is missing`
        return of(`${record}, and all of its events are missing`)
      }
      if (!head) return of('the events are there, and the record that they belong to is missing')
      if (head.seq !== end.seq || head.hash !== end.hash) {
        return of(`the stream ends at event ${end.seq}, and its record says ${head.seq}`)
      }
      if (sealed && end.seq < sealed.seq) {
        return of(`the stream ends at event ${end.seq}, and a checkpoint sealed ${sealed.seq}`)
      }
      if (problems.length > 0) return []
      return await findings(name, async () => {
        const problem = await replay.end()
        return problem ? of(problem) : []
      })
    },
  }
}

/**
 * How often a stream is looked at that others are writing to, from its first event, and how often it is caught up
 * with each time.
 */
const looks = 5
const pursuits = 20

/**
 * Verifies one stream by itself, until nobody wrote to it meanwhile: what looked wrong may only have moved between
 * one read and the next. After a look, only what was written meanwhile is read, so that a look at a busy stream ends
 * as well. Of one that nobody can catch up with, only what its events say is told.
 */
export async function verifyAgain(
  storage: Storage,
  tenant: string,
  name: string,
  ends: ReadonlyMap<string, SealedEnd>,
): Promise<readonly AuditProblem[]> {
  let problems: readonly AuditProblem[] = []
  for (let look = 0; look < looks; look++) {
    const erased = await readErased(storage, tenant, ignore)
    const removed = await readRemoved(storage, tenant, ignore)
    const follower = followStream(storage, tenant, name, { sealed: ends.get(name), erased, removed })
    let more = await eventsAfter(storage, tenant, name, 0)
    for (let pursuit = 0; pursuit < pursuits && follower.problems.length === 0; pursuit++) {
      await follower.take(more)
      const head = await headOf(storage, tenant, name)
      problems = [...follower.problems, ...(await follower.ended(head))]
      more = await eventsAfter(storage, tenant, name, follower.end.seq)
      const after = await headOf(storage, tenant, name)
      if (problems.length === 0 || (more.length === 0 && head?.seq === after?.seq)) return problems
    }
    problems = follower.problems
    if (problems.length === 0) return []
  }
  return problems
}

async function eventsAfter(
  storage: Storage,
  tenant: string,
  name: string,
  seq: number,
): Promise<readonly LoggedEvent[]> {
  const events: LoggedEvent[] = []
  const own = { ...inKeyOrder('events', tenant, name), range: { from: seq + 1 } }
  for await (const { value } of walk(storage, own, ignore)) events.push(value)
  return events
}

/** Events that cannot be read have been named when all were read. */
function ignore(): void {}

/** Where one stream must end, according to the record that it belongs to. */
async function headOf(storage: Storage, tenant: string, name: string): Promise<StreamHead | undefined> {
  const [kind = '', first = '', ...rest] = name.split('/')
  const { request, resource, access, stream, set } = await read(storage, {
    request: kind === 'request' ? [recordKey('requests', tenant, [first, ...rest].join('/'))] : [],
    resource: kind === 'resource' ? [recordKey('resources', tenant, first, rest.join('/'))] : [],
    access: kind === 'access' ? [recordKey('accesses', tenant, first, rest.join('/'))] : [],
    stream:
      kind === 'refusals' || kind === 'delegations' || name === erasureStream || name === retentionStream
        ? [recordKey('streams', tenant, name)]
        : [],
    set: name === settingsStream ? [recordKey('policySets', tenant)] : [],
  })
  return [...request, ...resource, ...access, ...stream, ...set][0]?.value.head
}
