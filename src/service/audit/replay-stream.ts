import { canonical } from '../../core/json/canonical.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { listedFor } from '../../core/request/decide/awaited-approvers.ts'
import { nextDue } from '../../core/request/decide/due-verbs.ts'
import { documentDigest, requestDigest } from '../../core/request/model/content.ts'
import type { RequestEvent } from '../../core/request/model/event.ts'
import { begin, evolve } from '../../core/request/model/evolve.ts'
import { objectedEffects } from '../../core/request/model/remembered.ts'
import type { Request } from '../../core/request/model/request.ts'
import { pendingFollowUp } from '../../core/request/model/request.ts'
import { landedState, listedAt, type RevisedEvent } from '../../core/request/model/revision.ts'
import type { Delegation } from '../../core/review/delegation.ts'
import type { Storage } from '../../ports/storage.ts'
import { windowLength } from '../commands/record-refusal.ts'
import { requestStream, resourceStream, settingsStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { CommentRecord, RequestRecord } from '../records/record-types.ts'
import { read, recordKey, stateEndOf, walk } from '../records/typed-storage.ts'
import { commentAfter } from '../requests/request-comments.ts'
import { lookUpsOf, versionOf } from '../requests/request-look-ups.ts'
import { inboxRecord, lockedBy } from '../requests/request-writes.ts'
import { type RemovedDocuments, removalProblem, removedName } from './removed-documents.ts'
import type { Replay } from './replay.ts'
import { replaySettings } from './replay-settings.ts'

/** Begins to follow a stream. Events are given with their texts. */
export function replayOf(storage: Storage, tenant: string, stream: string, removed: RemovedDocuments): Replay {
  const [kind, ...rest] = stream.split('/')
  if (stream === settingsStream) return replaySettings(storage, tenant)
  if (kind === 'access') return replayAccess(storage, tenant, { type: rest[0] ?? '', id: rest.slice(1).join('/') })
  if (kind === 'delegations') return replayDelegations(storage, tenant, rest.join('/'))
  if (kind === 'request') return replayRequest(storage, tenant, { id: rest.join('/'), removed })
  if (kind === 'refusals') return replayRefusals(storage, tenant, stream)
  if (kind === 'resource')
    return replayResource(storage, tenant, { type: rest[0] ?? '', id: rest.slice(1).join('/'), removed })
  return { take: async () => undefined, end: async () => undefined }
}

function replayRequest(
  storage: Storage,
  tenant: string,
  { id, removed }: { readonly id: string; readonly removed: RemovedDocuments },
): Replay {
  let request: Request | undefined
  const comments = new Map<number, CommentRecord>()
  return {
    async take({ event }) {
      const happened = event as unknown as RequestEvent
      if ('comment' in happened) {
        const next = commentAfter({ tenant, request: id }, happened, comments.get(happened.comment))
        if (!next) return `comment ${happened.comment} was made by no event`
        comments.set(next.number, next)
      }
      if (request === undefined) {
        if (!('tenant' in happened))
          return `the stream begins with "${happened.type}", not with the making of the request`
        request = begin(happened)
      } else {
        if ('tenant' in happened) return 'the request is made a second time'
        request = evolve(request, happened)
      }
      if (!('pinned' in happened)) return undefined
      const { content } = await read(storage, { content: recordKey('contents', tenant, id, request.edition) })
      const name = removedName(requestStream(id), request.edition)
      const kept = content && { at: content.value.notKept, isEmpty: content.value.changes.length === 0 }
      if (kept?.at !== undefined || removed.has(name)) return removalProblem('the content', kept, removed.get(name))
      const digest = content && requestDigest({ ...request, ...content.value, request: id })
      return digest === request.digest ? undefined : 'the content is not what was reviewed'
    },
    async end() {
      if (!request) return 'the stream is empty'
      return (
        (await strayRecordsOf(storage, request)) ?? (await strayCommentsOf(storage, request, [...comments.values()]))
      )
    },
  }
}

/** Says what is stored of a request and is not what its events say. */
async function strayRecordsOf(storage: Storage, request: Request): Promise<string | undefined> {
  const { tenant, id, resources, application } = request
  const next = request.edition + 1
  const { record, extra, followUps, locks, claims } = await read(storage, {
    record: recordKey('requests', tenant, id),
    extra: recordKey('contents', tenant, id, next),
    followUps: recordKey('followUps', tenant),
    locks: lockedBy(request).map(({ type, id }) => recordKey('locks', tenant, type, id)),
    claims: resources.map(({ type, id }) => recordKey('claims', tenant, type, id)),
  })
  if (!record || !isSame(withoutIndexes(record.value), request)) return 'the request is not what its events made of it'
  if (extra) return `content ${next} was made by no event`
  if (locks.some((lock) => lock?.value.request !== id)) return 'a resource that it keeps others off is not locked by it'
  const claimed = claims.flatMap((claim) => (claim?.value.request === id ? [claim.value.fence] : []))
  if (!isSame(claimed, application ? [application.fence] : []))
    return 'the claim of a resource is not the one that its events tell of'
  if (!comesDue(record.value, nextDue(request))) return 'the request comes due at another time than its events say'
  const owed = followUps?.value.open.find((followUp) => followUp.request === id)
  if (!isSame(owed ?? null, pendingFollowUp(request) ?? null))
    return 'the review that it owes is not listed as what it is'
  return await strayListsOf(storage, request, record.value)
}

/** Says which comment on a request is not what its events say. */
async function strayCommentsOf(
  storage: Storage,
  { tenant, id }: Request,
  told: readonly CommentRecord[],
): Promise<string | undefined> {
  const { comments, extra } = await read(storage, {
    comments: told.map(({ number }) => recordKey('comments', tenant, id, number)),
    extra: recordKey('comments', tenant, id, told.length + 1),
  })
  if (extra) return `comment ${told.length + 1} was made by no event`
  const wrong = told.find((one, at) => !isSame(comments[at]?.value ?? null, one))
  return wrong && `comment ${wrong.number} is not what its events say`
}

/** Says in which lists a request is not as its events say. */
async function strayListsOf(storage: Storage, request: Request, record: RequestRecord): Promise<string | undefined> {
  const { tenant, id } = request
  const awaited = listedFor(request)
  const lookUps = lookUpsOf(request)
  const { found, inbox, objections } = await read(storage, {
    found: lookUps.map(({ collection, key }) => recordKey(collection, ...key)),
    inbox: awaited.map((approver) => recordKey('inbox', tenant, approver, id)),
    objections: objectedEffects(request).map((effect) => recordKey('objections', tenant, effect, id)),
  })
  const places = lookUps.map((one) => ({ version: versionOf(record, one), value: one.value }))
  if (!isSame(rowsOf(found), places)) return 'the request is not listed with its resources as what it is'
  if (objections.some((row) => row === undefined)) return 'what was objected to is not listed for its twins'
  const rows = awaited.map((approver) => ({ version: 1, value: inboxRecord(request, approver) }))
  const waits = isSame(record.awaited ?? [], awaited) && isSame(rowsOf(inbox), rows)
  return waits ? undefined : 'the request is not listed with those for whose approval it waits'
}

/** What was found, as JSON: null in the places of what was not. */
function rowsOf<T>(found: readonly (T | undefined)[]): readonly (T | null)[] {
  return found.map((row) => row ?? null)
}

function replayResource(
  storage: Storage,
  tenant: string,
  { type, id, removed }: { readonly type: string; readonly id: string; readonly removed: RemovedDocuments },
): Replay {
  let last: RevisedEvent | undefined
  return {
    async take({ event, seq }) {
      const { type: _type, by: author, inCode: _code, ...revised } = event as unknown as RevisedEvent
      last = event as unknown as RevisedEvent
      if (revised.number !== seq) return `revision ${revised.number} is not the one that follows`
      const { revision } = await read(storage, { revision: recordKey('revisions', tenant, type, id, revised.number) })
      if (!revision) return `revision ${revised.number} is missing`
      const { document, notKept: at, ...rest } = revision.value
      const name = removedName(resourceStream({ type, id }), revised.number)
      const isGone = at !== undefined || removed.has(name)
      const gone = `the document of revision ${revised.number}`
      const problem = isGone ? removalProblem(gone, { at, isEmpty: document === null }, removed.get(name)) : undefined
      if (problem) return problem
      const isDocument = isGone || documentDigest(document) === revised.digest
      const same = isDocument && isSame(rest, { tenant, type, id, author, ...revised })
      return same ? undefined : `revision ${revised.number} is not what was applied`
    },
    async end() {
      const next = (last?.number ?? 0) + 1
      const { resource, extra } = await read(storage, {
        resource: recordKey('resources', tenant, type, id),
        extra: recordKey('revisions', tenant, type, id, next),
      })
      if (extra) return `revision ${next} was made by no event`
      const { revision, document = null, project, incarnation } = resource?.value ?? {}
      if (resource && !isSame([resource.value.tenant, resource.value.type, resource.value.id], [tenant, type, id])) {
        return 'the live document is that of another resource'
      }
      const same = revision === last?.number && documentDigest(document) === last?.digest
      if (!same) return 'the live document is not the one of its last revision'
      const { state } = resource?.value ?? {}
      const stateDueAt = resource && stateEndOf(resource.value)
      const moved = landedState(last?.move)
      if (state !== moved.state || stateDueAt !== moved.stateDueAt)
        return 'the live state is not the one that its last revision leads to'
      const listed = last && document !== null ? listedAt({ type, document }, last.at) : {}
      if (resource?.value.updatedAt !== listed.updatedAt)
        return 'the resource is listed under another time than that of its last revision'
      if (project === last?.project && incarnation === last?.incarnation) return undefined
      return 'the resource is not in the project, or not the incarnation, of its last revision'
    },
  }
}

function replayAccess(
  storage: Storage,
  tenant: string,
  { type, id }: { readonly type: string; readonly id: string },
): Replay {
  let access: unknown = null
  return {
    async take({ event }) {
      access = event['access']
      return undefined
    },
    async end() {
      const { found } = await read(storage, { found: recordKey('accesses', tenant, type, id) })
      return isSame(found?.value.access ?? null, access) ? undefined : 'the editors are not those of the last change'
    },
  }
}

function replayDelegations(storage: Storage, tenant: string, from: string): Replay {
  const delegations = new Map<string, Delegation>()
  return {
    async take({ event }) {
      const { type, to, at, begins, ends, match } = event as unknown as Delegation & { type: string; at: number }
      const before = delegations.get(to)
      if (type === 'delegated') delegations.set(to, { from, to, begins, ends, match })
      else if (before) delegations.set(to, { ...before, begins: Math.min(before.begins, at), ends: at })
      return undefined
    },
    async end() {
      const all = inKeyOrder('delegations', tenant, from)
      const found: Delegation[] = []
      for await (const { value } of walk(storage, all)) {
        const { tenant: _tenant, ...delegation } = value
        found.push(delegation)
      }
      const told = [...delegations.values()].toSorted((a, b) => (a.to < b.to ? -1 : 1))
      const same = isSame(
        found.toSorted((a, b) => (a.to < b.to ? -1 : 1)),
        told,
      )
      return same ? undefined : 'the delegations are not what their events made of them'
    },
  }
}

function replayRefusals(storage: Storage, tenant: string, stream: string): Replay {
  const refusedAt: number[] = []
  return {
    async take({ event }) {
      if (event['type'] === 'refused') refusedAt.push(Number(event['at']))
      return undefined
    },
    async end() {
      const { found } = await read(storage, { found: recordKey('streams', tenant, stream) })
      const { window, dueAt, putOff } = found?.value ?? {}
      const isCounted = window !== undefined && Object.keys(window.counted).length > 0
      const states = isCounted ? window.from + windowLength : undefined
      if ((putOff?.from ?? dueAt) !== states) return 'what was only counted is stated at another time than it has to be'
      if (!window || (window.recorded > 0 && refusedAt.at(-window.recorded) === window.from)) return undefined
      return 'the refusals of late are not as many as its events say'
    },
  }
}

/** Tells whether a request comes due when its events say, or was put off since then. */
function comesDue({ dueAt, putOff }: RequestRecord, expected: number | undefined): boolean {
  return putOff ? putOff.from === expected && dueAt !== undefined && dueAt >= putOff.from : dueAt === expected
}

function withoutIndexes(record: RequestRecord): Request {
  const { head: _head, dueAt: _dueAt, putOff: _putOff, targetVersion: _version, awaited: _awaited, ...rest } = record
  const { joined: _joined, ...request } = rest
  return request
}

function isSame(a: unknown, b: unknown): boolean {
  return canonical(a as JsonValue) === canonical(b as JsonValue)
}
