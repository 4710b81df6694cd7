import type { JsonObject } from '../../core/change/json.ts'
import { defined } from '../../core/defined.ts'
import type { Checkpoint, Seal } from '../../core/log/checkpoint.ts'
import { restored } from '../../core/log/erasable-texts.ts'
import type { LoggedEvent } from '../../core/log/event-chain.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Storage } from '../../ports/storage.ts'
import { checkId, checkKeys, checkResource } from '../arguments/check-arguments.ts'
import {
  accessStream,
  delegationStream,
  erasureStream,
  refusalStream,
  requestStream,
  resourceStream,
  settingsStream,
} from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import { page, walk } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
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

/** What a stream of the log is about. */
export type LogSubject =
  | { readonly request: string }
  | { readonly resource: { readonly type: string; readonly id: string } }
  | { readonly settings: true }
  | { readonly access: { readonly type: string; readonly id: string } }
  | { readonly refusals: string }
  | { readonly erasures: true }
  | { readonly delegations: string }

/** Reads a stream of the log, the oldest first, with the texts that are not erased. */
export async function readLog(storage: Storage, tenant: string, filter: LogFilter): Promise<readonly LoggedEvent[]> {
  checkKeys('filter', filter, [
    'request',
    'resource',
    'settings',
    'access',
    'refusals',
    'erasures',
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
  const { records } = await page(storage, {
    ...inKeyOrder('events', tenant, streamOf(filter)),
    range: { from: after + 1 },
    limit,
  })
  return freeze(
    records.map(({ value: { texts, ...logged } }) => ({
      ...logged,
      event: restored({ ...logged, ...defined({ texts }) }),
    })),
  )
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
export async function* exportLog(storage: Storage, tenant: string, at: number): AsyncGenerator<ExportLine> {
  yield { kind: 'header', countersign: 1, tenant, at }
  yield* sealedLines(storage, tenant)
  for await (const { value } of walk(storage, inKeyOrder('events', tenant))) yield { kind: 'event', ...value }
  for await (const { value } of walk(storage, inKeyOrder('contents', tenant))) {
    const { request, edition, changes } = value
    yield lineOf('content', { request, edition, changes })
  }
  for await (const { value } of walk(storage, inKeyOrder('revisions', tenant))) {
    const { type, id, number, document } = value
    yield lineOf('revision', { type, id, number, document })
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

/** Names the stream that is about something. */
export function streamOf(subject: LogSubject): string {
  if ('request' in subject) return requestStream(checkId('filter.request', subject.request))
  if ('resource' in subject) {
    return resourceStream(checkResource('filter.resource', subject.resource))
  }
  if ('access' in subject) return accessStream(checkResource('filter.access', subject.access))
  if ('refusals' in subject) return refusalStream(checkId('filter.refusals', subject.refusals))
  if ('delegations' in subject) return delegationStream(checkId('filter.delegations', subject.delegations))
  if ('erasures' in subject && subject.erasures === true) return erasureStream
  if ('settings' in subject && subject.settings === true) return settingsStream
  return fail('invalid_input', {
    argument: 'filter',
    problem:
      'must name a request, a resource, { settings: true }, { erasures: true }, the access to a resource, whose refusals or whose delegations',
  })
}
