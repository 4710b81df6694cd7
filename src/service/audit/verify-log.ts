import { restored, textProblem } from '../../core/log/erasable-texts.ts'
import { brokenLink, emptyStream, headAfter, type LoggedEvent, type StreamHead } from '../../core/log/event-chain.ts'
import { hasCode } from '../../errors/approval-error.ts'
import type { ErrorDetails } from '../../errors/error-details.ts'
import { messageOf } from '../../errors/message-of.ts'
import { type CollectionName, collectionNames } from '../../ports/collections.ts'
import type { Storage, UnreadableRecord } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { accessStream, erasureStream, requestStream, resourceStream, settingsStream } from '../records/event-stream.ts'
import { keyOf, type OnUnreadable, read, type StoredRecordOf, walk } from '../records/typed-storage.ts'
import type { AuditProblem, AuditReport } from './audit-report.ts'
import { dueTimeCheck } from './check-due-times.ts'
import { strayWaiting } from './check-inbox-records.ts'
import { checkUnsealed } from './check-unsealed.ts'
import { readErased } from './erase-texts.ts'
import { readSealed, type SealedEnd, type VerifyOptions } from './read-checkpoints.ts'
import type { Replay } from './replay.ts'
import { replayOf } from './replay-stream.ts'
import { unreadableProblem } from './unreadable.ts'

const sentences = {
  missing: 'an event before this one is missing',
  altered: 'the event is not what was written: its hash does not match its content',
  foreign: 'the event is one of another stream, or of another tenant',
  unlinked: 'the event does not follow the one before it: its link names another hash',
} as const

/**
 * Verifies the log of a tenant: that each event is what was written and follows the one before it, that no stream was
 * cut off, written anew or taken away since it was sealed, and that every request, resource, revision and policy is
 * what its events made of it.
 *
 * Reads everything the tenant has, page by page; writes nothing.
 */
export async function verifyAudit(context: Context, tenant: string, trusted: VerifyOptions): Promise<AuditReport> {
  const { storage } = context
  const problems = new Map<string, AuditProblem>()
  const tell = (found: readonly AuditProblem[]) => {
    for (const problem of found) problems.set(JSON.stringify(problem), problem)
  }
  const onUnreadable: OnUnreadable = (record) => tell([unreadableProblem(record)])
  let checkpoints = 0
  let streams = 0
  let events = 0
  try {
    let ends: ReadonlyMap<string, SealedEnd> = new Map()
    const checked = await findings('checkpoints', async () => {
      const sealed = await readSealed(storage, tenant, trusted, onUnreadable)
      checkpoints = sealed.checkpoints
      ends = sealed.ends
      return sealed.problems
    })
    tell(checked)
    const seen = new Set<string>()
    const open = new Map<string, ReadonlySet<number>>()
    const erased = await readErased(storage, tenant, onUnreadable)
    const { settings } = await read(storage, { settings: keyOf('policySets', tenant) }).catch(unreadableOnly)
    const late = dueTimeCheck(context, settings?.value)
    const heads = await headsOf(storage, tenant, onUnreadable, (collection, value) => tell(late(collection, value)))
    for await (const stream of streamsOf(storage, tenant, onUnreadable)) {
      streams++
      const head = heads.get(stream.name)
      const found = await findings(stream.name, async () => {
        const follower = follow(storage, tenant, stream.name, { sealed: ends.get(stream.name), erased })
        await follower.take(stream.events)
        return [...follower.problems, ...(await follower.ended(head))]
      })
      events += stream.events.length
      const unsealed = stream.events.filter(({ seq }) => seq > (ends.get(stream.name)?.seq ?? 0))
      if (unsealed.length > 0) open.set(stream.name, new Set(unsealed.map(({ seq }) => seq)))
      if (found.length > 0) tell(await findings(stream.name, () => verifyAgain(storage, tenant, stream.name, ends)))
      heads.delete(stream.name)
      seen.add(stream.name)
    }
    const unseen = new Set([...heads.keys(), ...ends.keys()].filter((stream) => !seen.has(stream)))
    for (const stream of unseen) tell(await findings(stream, () => verifyAgain(storage, tenant, stream, ends)))
    tell(await strayWaiting(storage, tenant, onUnreadable))
    tell(await checkUnsealed(storage, tenant, { onUnreadable, late, checkpoints, open }))
    for (const collection of collectionNames) {
      if (!readAlone[collection]) continue
      for await (const { value } of walk(storage, inKeyOrder(collection, tenant), onUnreadable)) {
        tell(late(collection, value))
      }
    }
  } catch (error) {
    tell([{ stream: 'storage', problem: `${messageOf(error)} What comes after it was not verified.` }])
  }
  return { ok: problems.size === 0, streams, events, checkpoints, problems: [...problems.values()] }
}

/**
 * Which collections a verification reads from end to end only to see that it can: those that it does not read so for
 * what is in them.
 */
const readAlone: { readonly [C in CollectionName]: boolean } = {
  ...{ events: false, seals: false, checkpoints: false, inbox: false, unsealed: false },
  ...{ requests: false, resources: false, accesses: false, streams: false, policySets: false },
  contents: true,
  revisions: true,
  targets: true,
  objections: true,
  locks: true,
  claims: true,
  policies: true,
  grants: true,
  holders: true,
  preferences: true,
  delegations: true,
  followUps: true,
  returns: true,
  outbox: true,
  idempotencyKeys: true,
}

/**
 * What is wrong with a part of the log: also that it cannot be read, whatever comes of trying. Only the failure of
 * the storage ends a verification.
 */
async function findings(
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

interface Stream {
  readonly name: string
  readonly events: readonly LoggedEvent[]
}

async function* streamsOf(storage: Storage, tenant: string, onUnreadable: OnUnreadable): AsyncGenerator<Stream> {
  let name: string | undefined
  let events: LoggedEvent[] = []
  for await (const { value } of walk(storage, inKeyOrder('events', tenant), onUnreadable)) {
    if (name !== undefined && value.stream !== name) {
      yield { name, events }
      events = []
    }
    name = value.stream
    events.push(value)
  }
  if (name !== undefined) yield { name, events }
}

/** How far a stream must go according to a checkpoint, and what of it may be gone. */
interface Expected {
  readonly sealed: SealedEnd | undefined
  /** The commitments to texts that were erased. */
  readonly erased: ReadonlySet<string>
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

function follow(storage: Storage, tenant: string, name: string, { sealed, erased }: Expected): Follower {
  const problems: AuditProblem[] = []
  const replay: Replay = replayOf(storage, tenant, name)
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
async function verifyAgain(
  storage: Storage,
  tenant: string,
  name: string,
  ends: ReadonlyMap<string, SealedEnd>,
): Promise<readonly AuditProblem[]> {
  let problems: readonly AuditProblem[] = []
  for (let look = 0; look < looks; look++) {
    const erased = await readErased(storage, tenant, ignore)
    const follower = follow(storage, tenant, name, { sealed: ends.get(name), erased })
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
  const own = { ...inKeyOrder('events', tenant), where: [tenant, name], range: { from: seq + 1 } } as const
  for await (const { value } of walk(storage, own, ignore)) events.push(value)
  return events
}

/** Settings that cannot be read are named with their stream. */
function unreadableOnly(error: unknown): { readonly settings: undefined } {
  if (hasCode(error, 'unreadable_record')) return { settings: undefined }
  throw error
}

/** Events that cannot be read have been named when all were read. */
function ignore(): void {}

/** Where one stream must end, according to the record that it belongs to. */
async function headOf(storage: Storage, tenant: string, name: string): Promise<StreamHead | undefined> {
  const [kind = '', first = '', ...rest] = name.split('/')
  const { request, resource, access, stream, set } = await read(storage, {
    request: kind === 'request' ? [keyOf('requests', tenant, [first, ...rest].join('/'))] : [],
    resource: kind === 'resource' ? [keyOf('resources', tenant, first, rest.join('/'))] : [],
    access: kind === 'access' ? [keyOf('accesses', tenant, first, rest.join('/'))] : [],
    stream:
      kind === 'refusals' || kind === 'delegations' || name === erasureStream ? [keyOf('streams', tenant, name)] : [],
    set: name === settingsStream ? [keyOf('policySets', tenant)] : [],
  })
  return [...request, ...resource, ...access, ...stream, ...set][0]?.value.head
}

type HeadCollection = 'requests' | 'resources' | 'accesses' | 'streams' | 'policySets'

/** Where every stream must end, according to the records that the streams belong to. */
async function headsOf(
  storage: Storage,
  tenant: string,
  onUnreadable: OnUnreadable,
  look: <N extends HeadCollection>(collection: N, value: StoredRecordOf<N>) => void,
): Promise<Map<string, StreamHead>> {
  const heads = new Map<string, StreamHead>()
  async function* all<const N extends HeadCollection>(collection: N) {
    for await (const found of walk(storage, inKeyOrder(collection, tenant), onUnreadable)) {
      look(collection, found.value)
      yield found
    }
  }
  for await (const { value } of all('requests')) heads.set(requestStream(value.id), value.head)
  for await (const { value } of all('resources')) heads.set(resourceStream(value), value.head)
  for await (const { value } of all('accesses')) heads.set(accessStream(value), value.head)
  for await (const { value } of all('streams')) heads.set(value.stream, value.head)
  for await (const { value } of all('policySets')) heads.set(settingsStream, value.head)
  return heads
}

function inKeyOrder<const N extends string>(collection: N, tenant: string) {
  return { collection, index: 'key', where: [tenant], order: 'ascending' } as const
}
