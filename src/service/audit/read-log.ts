import { defined } from '../../core/defined.ts'
import type { JsonObject } from '../../core/json/json.ts'
import type { Checkpoint, Seal } from '../../core/log/checkpoint.ts'
import { restored } from '../../core/log/erasable-texts.ts'
import type { LoggedEvent } from '../../core/log/event-chain.ts'
import type { BeganEvent } from '../../core/request/model/event.ts'
import { projectsOf, type Whereabouts } from '../../core/request/model/whereabouts.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Storage } from '../../ports/storage.ts'
import { checkKeys } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import type { Reader, ReadingRights } from '../people/reading-rights.ts'
import { accessStream, requestStream, resourceStream, settingsStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import { page, type Stored, walk } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { checkSubject, type LogSubject, streamOf } from './log-subject.ts'
import { requireLog } from './may-read-log.ts'
import { walkSealed } from './read-checkpoints.ts'

/**
 * Which part of the log to read: what happened to a request, to a resource, to the policies, what somebody tried and
 * was refused, or whom they let answer for them.
 */
export type LogFilter = LogSubject & {
  /**
   * Events after this one of the stream, by its number.
   *
   * @defaultValue 0
   */
  readonly after?: number | undefined
  /**
   * At most so many, 1 to 500.
   *
   * @defaultValue 100
   */
  readonly limit?: number | undefined
}

/** Reads a stream of the log, the oldest first, with the texts that are not erased. */
export async function readLog(context: Context, reader: Reader, filter: LogFilter): Promise<readonly LoggedEvent[]> {
  const { storage } = context
  const { tenant } = reader
  checkKeys('filter', filter, [
    'request',
    'resource',
    'settings',
    'access',
    'refusals',
    'erasures',
    'retention',
    'delegations',
    'after',
    'limit',
  ])
  const { after = 0, limit = 100 } = filter
  if (!Number.isSafeInteger(after) || after < 0) {
    fail('invalid_input', { argument: 'filter.after', problem: 'must be the seq of an event, or 0 for the beginning' })
  }
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 500) {
    fail('invalid_input', { argument: 'filter.limit', problem: 'must be a whole number from 1 to 500' })
  }
  const subject = checkSubject(filter)
  const rights = await requireLog(context, reader, subject)
  const isReadable = readableIn(rights, subject)
  const shown: Stored<LoggedEvent>[] = []
  // Where a request was is known from its beginning on.
  const looksBack = 'request' in subject && !(await rights.everywhere())
  const size = looksBack ? Math.max(limit, 100) : limit
  for (let from = looksBack ? 1 : after + 1; shown.length < limit; ) {
    const { records } = await page(storage, {
      ...inKeyOrder('events', tenant, streamOf(subject)),
      range: { from },
      limit: size,
    })
    for (const one of records) {
      const readable = await isReadable(one.value)
      if (readable && one.value.seq > after && shown.length < limit) shown.push(one)
    }
    const last = records.at(-1)
    if (records.length < size || last === undefined) break
    from = last.value.seq + 1
  }
  return freeze(
    shown.map(({ value: { texts, ...logged } }) => ({
      ...logged,
      event: restored({ ...logged, ...defined({ texts }) }),
    })),
  )
}

/**
 * Tells of the events of a stream, one after the other, whether somebody may read them. What was done to a resource
 * while it was in another project, and what happened to a request while it was in others, is for those who read the log
 * there.
 */
function readableIn(rights: ReadingRights, subject: LogSubject): (logged: LoggedEvent) => Promise<boolean> {
  let there: readonly string[] = []
  let places: readonly string[] = []
  return async ({ event }) => {
    const { project, pinned } = event as Partial<BeganEvent>
    if ('resource' in subject) places = project === undefined ? [] : [project]
    if ('request' in subject && pinned) {
      const where = { ...event, ...pinned } as Whereabouts
      const out = pinned.leftOut?.flatMap((one) => one.project ?? []) ?? []
      if (where.project !== undefined || where.projects !== undefined) there = projectsOf(where)
      places = [...there, ...out]
    }
    const readable = await Promise.all(places.map((one) => rights.in(one)))
    return readable.every(Boolean)
  }
}

/** One line of an export. */
export type ExportLine =
  | { readonly kind: 'header'; readonly countersign: 1; readonly tenant: string; readonly at: number }
  | ({ readonly kind: 'event' } & LoggedEvent)
  | ({ readonly kind: 'seal' } & Seal)
  | ({ readonly kind: 'checkpoint' } & Checkpoint)
  | { readonly kind: 'content' | 'revision' | 'head'; readonly value: JsonObject }

/**
 * Exports everything that an auditor needs of a tenant, line by line: every event, every content that was reviewed,
 * every revision, and where each stream ends. It holds nothing that cannot be verified, with neither this library nor
 * the database.
 */
export async function* exportLog(context: Context, reader: Reader, at: number): AsyncGenerator<ExportLine> {
  const { storage } = context
  const { tenant } = reader
  await requireLog(context, reader)
  yield { kind: 'header', countersign: 1, tenant, at }
  yield* sealedLines(storage, tenant)
  for await (const { value } of walk(storage, inKeyOrder('events', tenant))) yield { kind: 'event', ...value }
  for await (const { value } of walk(storage, inKeyOrder('contents', tenant))) {
    const { request, edition, changes, notKept } = value
    yield lineOf('content', { request, edition, changes, ...defined({ notKept }) })
  }
  for await (const { value } of walk(storage, inKeyOrder('revisions', tenant))) {
    const { type, id, number, document, notKept } = value
    yield lineOf('revision', { type, id, number, document, ...defined({ notKept }) })
  }
  for await (const { value } of walk(storage, inKeyOrder('requests', tenant))) {
    yield lineOf('head', { stream: requestStream(value.id), ...value.head })
  }
  for await (const { value } of walk(storage, inKeyOrder('resources', tenant))) {
    yield lineOf('head', { stream: resourceStream(value), ...value.head })
  }
  for await (const { value } of walk(storage, inKeyOrder('accesses', tenant))) {
    yield lineOf('head', { stream: accessStream(value), ...value.head })
  }
  for await (const { value } of walk(storage, inKeyOrder('streams', tenant))) {
    yield lineOf('head', { stream: value.stream, ...value.head })
  }
  for await (const { value } of walk(storage, inKeyOrder('policySets', tenant))) {
    yield lineOf('head', { stream: settingsStream, ...value.head })
  }
}

/**
 * The checkpoints until now, each after what it sealed. They come first, so that the streams go at least as far as
 * they say.
 */
async function* sealedLines(storage: Storage, tenant: string): AsyncGenerator<ExportLine> {
  for await (const { checkpoint, seals } of walkSealed(storage, tenant)) {
    for (const seal of seals) yield { kind: 'seal', ...seal }
    yield { kind: 'checkpoint', ...checkpoint }
  }
}

function lineOf(kind: 'content' | 'revision' | 'head', value: object): ExportLine {
  return { kind, value: value as JsonObject }
}
