import type { JsonValue } from '../../core/json/json.ts'
import { cursorAt, positionOf } from '../records/page-cursor.ts'
import { type ListPlace, newestFirst } from './request-scopes.ts'

/** In which units of time a place is told that its reader was not shown, in milliseconds. */
const units = [60_000, 1_000, 1]

/** Reads where a page begins; `undefined` for the first one. */
export function listStart(cursor: string | undefined, made: JsonValue): ListPlace | undefined {
  if (cursor === undefined) return undefined
  const [at, id] = positionOf(cursor, made)
  return [Number(at), String(id)]
}

/** Writes down that a list goes on after a request which its reader was shown. */
export function cursorAfter([createdAt, id]: ListPlace, made: JsonValue): string {
  return cursorAt({ tenant: '', createdAt, id }, made)
}

/**
 * Writes down that a list goes on where the look for a page ended, after a place that its reader may know: where the
 * page began, or the last request that they were shown.
 *
 * What is there may be hidden from them, and a cursor can be read. So it names no request, and a time that is rounded:
 * to the minute, unless more requests than are looked at for a page were made within one.
 */
export function cursorBeyond(end: ListPlace, known: ListPlace | undefined, made: JsonValue): string {
  const rounded = units
    .map((unit): ListPlace => [Math.ceil((end[0] + 1) / unit) * unit, ''])
    .find((place) => known === undefined || newestFirst(known, place) < 0)
  return cursorAfter(rounded ?? end, made)
}
