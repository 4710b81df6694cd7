import type { LoggedEvent, StreamHead } from '../../core/log/event-chain.ts'
import { hasCode } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import { type CollectionName, collectionNames } from '../../ports/collections.ts'
import type { Storage } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { accessStream, requestStream, resourceStream, settingsStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import { type OnUnreadable, read, recordKey, type StoredRecordOf, walk } from '../records/typed-storage.ts'
import type { AuditProblem, AuditReport } from './audit-report.ts'
import { dueTimeCheck } from './check-due-times.ts'
import { strayWaiting } from './check-inbox-records.ts'
import { checkUnsealed } from './check-unsealed.ts'
import { readErased } from './erase-texts.ts'
import { findings } from './findings.ts'
import { followStream, verifyAgain } from './follow-stream.ts'
import { readSealed, type SealedEnd, type VerifyOptions } from './read-checkpoints.ts'
import { readRemoved } from './removed-documents.ts'
import { unreadableProblem } from './unreadable.ts'

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
    const removed = await readRemoved(storage, tenant, onUnreadable)
    const { settings } = await read(storage, { settings: recordKey('policySets', tenant) }).catch(unreadableOnly)
    const late = dueTimeCheck(context, settings?.value)
    const heads = await headsOf(storage, tenant, onUnreadable, (collection, value) => tell(late(collection, value)))
    for await (const stream of streamsOf(storage, tenant, onUnreadable)) {
      streams++
      const head = heads.get(stream.name)
      const found = await findings(stream.name, async () => {
        const follower = followStream(storage, tenant, stream.name, {
          sealed: ends.get(stream.name),
          erased,
          removed,
        })
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
  comments: true,
  revisions: true,
  targets: true,
  acrossProjects: true,
  objections: true,
  locks: true,
  claims: true,
  policies: true,
  grants: true,
  holders: true,
  departures: true,
  preferences: true,
  delegations: true,
  followUps: true,
  returns: true,
  outbox: true,
  idempotencyKeys: true,
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

/** Settings that cannot be read are named with their stream. */
function unreadableOnly(error: unknown): { readonly settings: undefined } {
  if (hasCode(error, 'unreadable_record')) return { settings: undefined }
  throw error
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
