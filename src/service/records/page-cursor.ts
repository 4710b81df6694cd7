import { digest } from '../../core/json/digest.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Position } from '../../ports/storage.ts'

/** Where a request stands in a list by age. */
export interface Listed {
  readonly tenant: string
  readonly id: string
  readonly createdAt: number
}

/** Refuses what is no size of a page, and gives it back otherwise. */
export function checkLimit(limit: number | undefined = 50): number {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= 200) return limit
  return fail('invalid_input', { argument: 'filter.limit', problem: 'must be a whole number from 1 to 200' })
}

/** Writes down a position. Its seal makes a cursor useless that was edited, cut off, or made for another list. */
export function cursorAt({ createdAt, id }: Listed, made: JsonValue): string {
  const position = [createdAt, id]
  return btoa(encodeURIComponent(JSON.stringify({ position, seal: digest('cursor', { made, position }) })))
}

/** Reads the position back that a cursor of this list was made of. */
export function positionOf(cursor: string, made: JsonValue): Position {
  try {
    const { position, seal } = JSON.parse(decodeURIComponent(atob(cursor)))
    if (digest('cursor', { made, position }) === seal) return position
  } catch {
    // What cannot be read is refused as what was tampered with is.
  }
  return fail('invalid_input', { argument: 'filter.after', problem: 'is not the next of a page of this list' })
}
