import { defined } from '../../core/defined.ts'
import type { JsonObject } from '../../core/json/json.ts'
import { erasedText, type FreeText, freeTexts, restored, statedBy } from '../../core/log/erasable-texts.ts'
import type { LoggedEvent } from '../../core/log/event-chain.ts'
import type { Actor, RequestEvent } from '../../core/request/model/event.ts'
import { begin, evolve } from '../../core/request/model/evolve.ts'
import type { Request } from '../../core/request/model/request.ts'
import { success } from '../../errors/result.ts'
import type { Storage, Write } from '../../ports/storage.ts'
import { maySet } from '../access/check-permission.ts'
import { checkId, checkKeys } from '../arguments/check-arguments.ts'
import { type Command, runCommand } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { append, erasureStream, resourceStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { RequestRecord } from '../records/record-types.ts'
import { type OnUnreadable, put, read, recordKey, type Stored, unchanged, walk } from '../records/typed-storage.ts'
import { checkSubject, type LogSubject, streamOf } from './log-subject.ts'

/** Which texts to erase: those of a stream of the log, or all that one user wrote. */
export type Erasable =
  | Exclude<LogSubject, { readonly erasures: true } | { readonly retention: true }>
  | { readonly user: string }

/** What was erased. */
export interface Erased {
  /** How many texts. */
  readonly texts: number
}

/** Which texts of a stream are to go. */
interface Picked {
  readonly stream: string
  readonly picks: (text: FreeText, event: JsonObject) => boolean
}

/** How many events one commit takes texts out of: a stream may have any number. */
const mostAtOnce = 2_000

/**
 * Erases texts, stream by stream and some thousand at a time: each either goes with all that speaks of it, or stays.
 * Called again, it goes on where it was interrupted.
 */
export async function eraseTexts(
  context: Context,
  actor: Actor,
  { what, reason }: { readonly what: Erasable; readonly reason: string | undefined },
): Promise<Erased> {
  let texts = 0
  for (const picked of await pickedBy(context.storage, actor.tenant, what)) {
    let more = true
    while (more) {
      const erased = await runCommand(context, eraseCommand(context, actor, { ...picked, reason }))
      texts += erased.texts
      more = erased.more
    }
  }
  return { texts }
}

/** Reads the commitments to all texts of a tenant that were erased. */
export async function readErased(
  storage: Storage,
  tenant: string,
  onUnreadable?: OnUnreadable,
): Promise<ReadonlySet<string>> {
  const erased = new Set<string>()
  for await (const { value } of walk(storage, eventsOf(tenant, erasureStream), onUnreadable)) {
    for (const one of (value.event['erased'] ?? []) as readonly string[]) erased.add(one)
  }
  return erased
}

async function pickedBy(storage: Storage, tenant: string, what: Erasable): Promise<readonly Picked[]> {
  checkKeys('what', what, ['user', 'request', 'resource', 'settings', 'access', 'refusals', 'delegations'])
  if ('user' in what) {
    const user = checkId('what.user', what.user)
    const picks = ({ by }: FreeText) => by === user
    const streams = new Set<string>()
    const requesters = new Map<string, string>()
    const all = inKeyOrder('events', tenant)
    for await (const { value } of walk(storage, all)) {
      const { stream, event } = value
      requesters.set(stream, statedBy(event, requesters.get(stream)))
      if (freeTexts(event, requesters.get(stream)).some(picks)) streams.add(stream)
    }
    const written = [...streams].filter((stream) => stream !== erasureStream).map((stream) => ({ stream, picks }))
    // Whoever may not erase is not told whether somebody wrote anything.
    return written.length > 0 ? written : [{ stream: erasureStream, picks: () => false }]
  }
  const subject = checkSubject(what)
  const { request } = subject as { readonly request?: string }
  const stream = streamOf(subject)
  const own: Picked = { stream, picks: () => true }
  if (request === undefined) return [own]
  const { found } = await read(storage, { found: recordKey('requests', tenant, request) })
  const copies = (found?.value.revisions ?? []).map((revision): Picked => {
    return { stream: resourceStream(revision), picks: (_text, event) => event['request'] === request }
  })
  return [own, ...copies]
}

/**
 * Makes the command that erases texts of one stream. What the log commits to stays, so that it can be verified as
 * before.
 */
function eraseCommand(
  context: Context,
  actor: Actor,
  { stream, picks, reason }: Picked & { readonly reason: string | undefined },
): Command<Erased & { readonly more: boolean }> {
  const { storage } = context
  const { tenant, user: by, via } = actor
  return {
    verb: 'erase texts',
    actor,
    about: erasureStream,
    async attempt(at) {
      const { set, erasures } = await read(storage, {
        set: recordKey('policySets', tenant),
        erasures: recordKey('streams', tenant, erasureStream),
      })
      const allowed = await maySet(context, actor, { settings: set?.value, permission: 'texts.erase', projects: [''] })
      if (!allowed.ok) return allowed
      const events: Stored<LoggedEvent>[] = []
      for await (const event of walk(storage, eventsOf(tenant, stream))) events.push(event)
      let requester: string | undefined
      const erased: string[] = []
      let more = false
      let taken = 0
      const changed = events.flatMap(({ version, value }) => {
        requester = statedBy(value.event, requester)
        const gone = freeTexts(value.event, requester).filter(
          (text) => value.texts?.[text.place] !== undefined && picks(text, value.event),
        )
        if (gone.length === 0) return []
        more = taken === mostAtOnce
        if (more) return []
        taken++
        erased.push(...gone.map(({ text }) => text))
        const places = new Set(gone.map(({ place }) => place))
        const kept = Object.entries(value.texts ?? {}).filter(([place]) => !places.has(place))
        return [{ version, value: { ...value, texts: Object.fromEntries(kept) } }]
      })
      if (changed.length === 0)
        return success({ writes: [unchanged(recordKey('policySets', tenant), set)], answer: { texts: 0, more } })
      const after = new Map(changed.map(({ value }) => [value.seq, value]))
      const log = events.map(({ value }) => after.get(value.seq) ?? value)
      const said = reason === undefined ? {} : { reason }
      const event = { type: 'texts_erased', by, via, at, stream, erased: [...new Set(erased)], ...said }
      const { head, writes } = append({ tenant, stream: erasureStream }, erasures?.value.head, event)
      return success({
        writes: [
          unchanged(recordKey('policySets', tenant), set),
          ...changed.map(({ version, value }) => put('events', value, { version })),
          ...(await recordWrites(storage, tenant, { stream, log, changed: [...after.values()] })),
          put('streams', { tenant, stream: erasureStream, head }, erasures),
          ...writes,
        ],
        answer: { texts: new Set(erased).size, more },
      })
    },
  }
}

/** Writes the records that hold copies of the texts: the request, the revisions, and what is still to be delivered. */
async function recordWrites(
  storage: Storage,
  tenant: string,
  {
    stream,
    log,
    changed,
  }: { readonly stream: string; readonly log: readonly LoggedEvent[]; readonly changed: readonly LoggedEvent[] },
): Promise<readonly Write[]> {
  const [kind, type = '', ...rest] = stream.split('/')
  const revised = kind === 'resource' ? changed.filter(({ event }) => event['type'] === 'revised') : []
  const request = kind === 'request' ? requestOf(log) : undefined
  const said = request
    ? changed.flatMap(({ event }) => (event['type'] === 'commented' ? [Number(event['comment'])] : []))
    : []
  const { records, revisions, notices, comments } = await read(storage, {
    records: request ? [recordKey('requests', tenant, request.id)] : [],
    revisions: revised.map(({ seq }) => recordKey('revisions', tenant, type, rest.join('/'), seq)),
    comments: said.map((number) => recordKey('comments', tenant, request?.id ?? '', number)),
    notices: changed.map(({ seq }) => recordKey('outbox', tenant, `${stream}/${seq}`)),
  })
  const [record] = records
  return [
    ...(record && request ? [put('requests', withIndexes(request, record.value), record)] : []),
    ...revisions.flatMap((one) => (one ? [put('revisions', { ...one.value, message: erasedText }, one)] : [])),
    ...comments.flatMap((one) => (one ? [put('comments', { ...one.value, text: erasedText }, one)] : [])),
    ...notices.flatMap((one) => {
      if (!one) return []
      return [put('outbox', { ...one.value, notice: { ...one.value.notice, reason: erasedText } }, one)]
    }),
  ]
}

/** The request with what its record has besides. */
function withIndexes(request: Request, { head, targetVersion, dueAt, putOff, awaited }: RequestRecord): RequestRecord {
  return {
    ...request,
    head,
    targetVersion,
    ...defined({ dueAt, putOff, awaited }),
  }
}

/** The request that a log makes, with the texts that it has. */
function requestOf(log: readonly LoggedEvent[]): Request | undefined {
  let request: Request | undefined
  for (const logged of log) {
    const event = restored(logged) as unknown as RequestEvent
    if ('tenant' in event) request = begin(event)
    else if (request) request = evolve(request, event)
  }
  return request
}

function eventsOf(tenant: string, stream: string) {
  return inKeyOrder('events', tenant, stream)
}
