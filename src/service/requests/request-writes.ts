import { defined } from '../../core/defined.ts'
import type { Digest } from '../../core/json/digest.ts'
import type { StreamHead } from '../../core/log/event-chain.ts'
import { listedFor } from '../../core/request/decide/awaited-approvers.ts'
import { nextDue } from '../../core/request/decide/due-verbs.ts'
import type { Content } from '../../core/request/model/content.ts'
import { locksOf, type RequestEvent, type Target } from '../../core/request/model/event.ts'
import { objectedEffects } from '../../core/request/model/remembered.ts'
import type { Request } from '../../core/request/model/request.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import type { Write } from '../../ports/storage.ts'
import type { Message } from '../commands/outbox.ts'
import { noticesOf } from '../commands/outbox.ts'
import type { Context } from '../context/context.ts'
import { append, requestStream } from '../records/event-stream.ts'
import type { InboxRecord, RequestRecord } from '../records/record-types.ts'
import { put, recordKey, type Stored } from '../records/typed-storage.ts'
import { lookUpsAfter } from './request-look-ups.ts'

/** What happened to a request, and what it is from then on. */
export interface Happening {
  /** The event, or all of them if several are one commit; what is told is told of the last. */
  readonly events: readonly [RequestEvent, ...RequestEvent[]]
  readonly next: Request
  /** The content that the event brought, if it brought one. */
  readonly content?: Content
  /** What is told of it. */
  readonly message: Message
}

/** Writes what an event made of a request: the request, its content, its look-ups and locks, the event, the notices. */
export function requestWrites(
  context: Context,
  before: Stored<RequestRecord> | undefined,
  { events, next, content, message }: Happening,
): readonly Write[] {
  const { tenant, id, edition } = next
  const decidedBy = defined({ inCode: context.coded?.digest })
  const { head, writes, last } = appendAll(next, { before: before?.value.head, events, decidedBy })
  const lookUps = lookUpsAfter(before?.value, next)
  const { dueAt: _dueAt, putOff: _putOff, joined: _joined, awaited: had = [], ...request } = next as RequestRecord
  const dueAt = nextDue(next)
  const has = listedFor(next)
  const record = {
    ...request,
    ...defined({ dueAt }),
    ...(has.length === 0 ? {} : { awaited: has }),
    ...lookUps.versions,
    head,
  }
  return [
    put('requests', record, before),
    ...writes,
    ...(content ? [put('contents', { tenant, request: id, edition, ...content }, undefined)] : []),
    ...lookUps.writes,
    ...lockWrites(before?.value, next),
    ...waitingWrites(next, { had, has }),
    ...objectionWrites(before?.value, next),
    ...noticesOf(context, last, { request: next, seq: head.seq, message }),
  ]
}

/** Links events to the end of the stream of a request, each with the digest of the policies in code that decided it. */
function appendAll(
  { tenant, id }: Request,
  {
    before,
    events: [first, ...others],
    decidedBy,
  }: Pick<Happening, 'events'> & {
    readonly before: StreamHead | undefined
    readonly decidedBy: { readonly inCode?: Digest }
  },
): ReturnType<typeof append> & { readonly last: RequestEvent } {
  const stream = { tenant, stream: requestStream(id) }
  return others.reduce(
    ({ head, writes }, event) => {
      const linked = append(stream, head, { ...event, ...decidedBy })
      return { head: linked.head, writes: [...writes, ...linked.writes], last: event }
    },
    { ...append(stream, before, { ...first, ...decidedBy }), last: first },
  )
}

/** The resources that a request keeps everybody else off: all of them, while its change is on its way. */
export function lockedBy(request: Request): readonly Target[] {
  if (request.status === 'applying') return request.resources
  return isOpen(request.status) ? locksOf(request) : []
}

/** A lock is written once and removed once, so that its version is always 1. */
function lockWrites(before: Request | undefined, next: Request): readonly Write[] {
  const { tenant, id } = next
  const had = new Set(before ? lockedBy(before).map(nameOf) : [])
  const has = new Set(lockedBy(next).map(nameOf))
  const left = (before?.resources ?? []).filter((one) => !next.resources.some((other) => nameOf(other) === nameOf(one)))
  return [...next.resources, ...left].flatMap((resource): readonly Write[] => {
    const key = [tenant, resource.type, resource.id]
    const name = nameOf(resource)
    if (has.has(name) && !had.has(name)) {
      return [put('locks', { tenant, type: resource.type, id: resource.id, request: id }, undefined)]
    }
    return had.has(name) && !has.has(name) ? [{ type: 'remove', collection: 'locks', key, expected: 1 }] : []
  })
}

/** What is stored of a request for one of those from whom an approval is awaited. */
export function inboxRecord({ tenant, id, project = '', status, createdAt }: Request, approver: string): InboxRecord {
  // A draft waits for its author alone, wherever it is by now.
  return { tenant, approver, request: id, project: status === 'draft' ? '' : project, createdAt }
}

/**
 * Each of these records is written once and removed once, so that its version is always 1. Which of them there are is
 * read from the request itself, so that they follow whatever wrote it.
 */
function waitingWrites(
  next: Request,
  { had, has }: { readonly had: readonly string[]; readonly has: readonly string[] },
): readonly Write[] {
  const [before, after] = [new Set(had), new Set(has)]
  return [
    ...had
      .filter((approver) => !after.has(approver))
      .map(
        (approver): Write => ({ type: 'remove', ...recordKey('inbox', next.tenant, approver, next.id), expected: 1 }),
      ),
    ...has
      .filter((approver) => !before.has(approver))
      .map((approver) => put('inbox', inboxRecord(next, approver), undefined)),
  ]
}

/** Each of these records is written once and removed once, so that its version is always 1. */
function objectionWrites(before: Request | undefined, next: Request): readonly Write[] {
  const { tenant, id: request } = next
  const had = before ? objectedEffects(before) : []
  const has = objectedEffects(next)
  return [
    ...had
      .filter((effect) => !has.includes(effect))
      .map((effect): Write => ({ type: 'remove', ...recordKey('objections', tenant, effect, request), expected: 1 })),
    ...has
      .filter((effect) => !had.includes(effect))
      .map((effect) => put('objections', { tenant, effect, request }, undefined)),
  ]
}

const nameOf = ({ type, id }: Target) => `${type}/${id}`
