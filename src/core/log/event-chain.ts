import { type Digest, digest } from '../json/digest.ts'
import type { JsonObject } from '../json/json.ts'
import { asJson } from '../json/json.ts'

/** Where a stream of events ends: how many there are, and the hash of the last one. */
export interface StreamHead {
  readonly seq: number
  readonly hash: string
}

/** An event as the log keeps it: each carries the hash of the one before it in its stream. */
export interface LoggedEvent {
  readonly tenant: string
  readonly stream: string
  /** 1 for the first event of the stream. */
  readonly seq: number
  /** What happened. In the places of free texts it has commitments to them. */
  readonly event: JsonObject
  /** The texts that are not erased, by their places in the event. No part of what is hashed. */
  readonly texts?: Readonly<Record<string, SaltedText>>
  /** Hash of the event before; empty for the first. */
  readonly prev: string
  readonly hash: Digest
}

/** The head of a stream that has no event yet. */
export const emptyStream: StreamHead = { seq: 0, hash: '' }

/** Links an event to the end of a stream. */
export function link(tenant: string, stream: string, head: StreamHead, event: JsonObject): LoggedEvent {
  const body = { tenant, stream, seq: head.seq + 1, event, prev: head.hash }
  return { ...body, hash: hashOf(body) }
}

/**
 * The head of a stream that ends with this event.
 *
 * @example
 * ```ts
 * const head = headAfter(event)
 * ```
 */
export function headAfter({ seq, hash }: LoggedEvent): StreamHead {
  return { seq, hash }
}

/**
 * Says what is wrong with an event as the successor of a head; `undefined` if the chain holds.
 *
 * @example
 * ```ts
 * const problem = brokenLink(emptyStream, event)
 * ```
 */
export function brokenLink(
  head: StreamHead,
  { hash, texts: _texts, ...body }: LoggedEvent,
): 'missing' | 'altered' | 'unlinked' | undefined {
  if (body.seq !== head.seq + 1) return 'missing'
  if (hashOf(body) !== hash) return 'altered'
  if (body.prev !== head.hash) return 'unlinked'
  return undefined
}

function hashOf(body: Omit<LoggedEvent, 'hash' | 'texts'>): Digest {
  return digest('event', asJson(body))
}

/** A text that somebody wrote, with its salt. Without the salt nobody can guess the text from its commitment. */
export interface SaltedText {
  readonly salt: string
  readonly text: string
}
