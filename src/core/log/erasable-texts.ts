import { defined } from '../defined.ts'
import { type Digest, digest } from '../json/digest.ts'
import type { JsonObject, JsonValue } from '../json/json.ts'
import type { LoggedEvent, SaltedText } from './event-chain.ts'

/** What stands in the place of a text that was erased. */
export const erasedText = '[erased]'

/**
 * Computes what the log holds in the place of a text: it says nothing of the text once its salt is gone.
 *
 * @example
 * ```ts
 * const isHis = commitment({ salt: 'a1', text: 'too early' }) === event.event['reason']
 * ```
 */
export function commitment({ salt, text }: SaltedText): Digest {
  return digest('text', { salt, text })
}

/** The reason of a request, as its state carries it: with its salt, or with its commitment once it is erased. */
export interface StatedReason {
  readonly reason?: string
  /** Goes into the commitment to the reason. */
  readonly salt?: string
  /** The commitment to a reason that was erased. */
  readonly erased?: Digest
}

/** Computes what a digest binds of a reason; null if there is none. It stays the same when the reason is erased. */
export function boundReason({ reason, salt = '', erased }: StatedReason): Digest | null {
  return erased ?? (reason === undefined ? null : commitment({ salt, text: reason }))
}

/** A free text of an event: where it is, and who wrote it. */
export interface FreeText {
  /** JSON Pointer to it. */
  readonly place: string
  /** The text, or the commitment to it. */
  readonly text: string
  readonly by: string
}

/**
 * Says whose words the reason in the content is after an event: of whoever stated it last, as the requester of then.
 */
export function statedBy(event: JsonObject, before: string | undefined): string {
  const states = ['submitted', 'resubmitted', 'reopened'].includes(String(event['type']))
  const by = String(event['by'])
  return before === undefined || (states && event['reason'] !== undefined) ? by : before
}

/** Finds the free texts of an event. What the requester said is in the content that it pins, whoever brought that. */
export function freeTexts(event: JsonObject, requester = String(event['by'])): readonly FreeText[] {
  const { type, by, reason, message, pinned } = event as unknown as {
    readonly type: string
    readonly by: string
  } & Partial<Texts>
  const found: FreeText[] = []
  const add = (place: string, text: string | undefined, whose: string) => {
    if (text !== undefined) found.push({ place, by: whose, text })
  }
  add('/reason', reason, by)
  if (type === 'revised') add('/message', message, by)
  add('/pinned/reason', pinned?.reason, requester)
  for (const [at, review] of pinned?.reviews?.entries() ?? []) {
    add(`/pinned/reviews/${at}/reason`, review.reason, review.by)
  }
  return found
}

interface Texts {
  readonly reason: string
  readonly message: string
  readonly pinned: StatedReason & { readonly reviews?: readonly { readonly by: string; readonly reason?: string }[] }
}

/** Takes the texts out of an event that is to be logged, and leaves commitments in their places. */
export function withheld(
  event: JsonObject,
  newSalt: () => string,
): { readonly event: JsonObject; readonly texts: Readonly<Record<string, SaltedText>> } {
  const { pinned } = event as Partial<Texts>
  const texts: Record<string, SaltedText> = {}
  const commitments = freeTexts(event).map(({ place, text }) => {
    const own = place === '/pinned/reason' ? pinned : undefined
    if (own?.erased) return [place, own.erased] as const
    const salted = { salt: own?.salt ?? newSalt(), text }
    texts[place] = salted
    return [place, commitment(salted)] as const
  })
  return { event: withTexts(withoutSalt(event), new Map(commitments)), texts }
}

/**
 * Puts the texts back into a logged event. If one was erased, the event says so.
 *
 * @example
 * ```ts
 * const told = restored(event)
 * ```
 */
export function restored({ event, texts = {} }: Pick<LoggedEvent, 'event' | 'texts'>): JsonObject {
  const found = freeTexts(event)
  const { pinned } = event as Partial<Texts>
  if (found.length === 0) return event
  const told = withTexts(event, new Map(found.map(({ place }) => [place, texts[place]?.text ?? erasedText])))
  if (pinned?.reason === undefined) return told
  const salted = texts['/pinned/reason']
  const stated = salted ? { salt: salted.salt } : { erased: pinned.reason }
  return { ...told, pinned: { ...(told['pinned'] as JsonObject), ...stated } }
}

function withTexts(event: JsonObject, texts: ReadonlyMap<string, string>): JsonObject {
  const put = (value: JsonObject, place: string, name: 'reason' | 'message') => {
    const text = texts.get(`${place}/${name}`)
    if (text === undefined) return value
    const changed: Record<string, JsonValue> = { ...value }
    changed[name] = text
    return changed
  }
  const own = put(put(event, '', 'reason'), '', 'message')
  const pinned = own['pinned'] as JsonObject | undefined
  if (pinned === undefined) return own
  const reviews = (pinned['reviews'] as readonly JsonObject[] | undefined)?.map((review, at) => {
    return put(review, `/pinned/reviews/${at}`, 'reason')
  })
  return { ...own, pinned: { ...put(pinned, '/pinned', 'reason'), ...defined({ reviews }) } }
}

function withoutSalt(event: JsonObject): JsonObject {
  if (!('pinned' in event)) return event
  const { salt: _salt, erased: _erased, ...pinned } = event['pinned'] as JsonObject
  return { ...event, pinned: pinned as JsonValue }
}

/**
 * Says what is wrong with the texts of a logged event, given the commitments to those that were erased; undefined
 * if nothing is.
 */
export function textProblem(
  { event, texts = {} }: Pick<LoggedEvent, 'event' | 'texts'>,
  erased: ReadonlySet<string>,
): string | undefined {
  const found = freeTexts(event)
  for (const { place, text: committed } of found) {
    const salted = texts[place]
    if (!salted && !erased.has(committed)) return `the text at ${place} is missing, and nobody erased it`
    if (salted && commitment(salted) !== committed) return `the text at ${place} is not what was written`
    if (salted && erased.has(committed)) return `the text at ${place} was erased, and is there again`
  }
  const extra = Object.keys(texts).find((place) => !found.some((one) => one.place === place))
  return extra === undefined ? undefined : `a text is kept for ${extra}, where there was none`
}
