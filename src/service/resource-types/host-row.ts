import { defaultLimits } from '../../core/json/limits.ts'

/** What a host's function answered, as JSON would have it. */
export interface HostRow {
  readonly value: unknown
  /** The texts that stand in the place of dates. */
  readonly dates: ReadonlySet<string>
}

/**
 * Reads what a host gives of a resource, as drivers and object mappers give it, much as `JSON.stringify` would: a
 * date is its ISO text, whatever has `toJSON` is what that gives, an instance of a class is its own visible
 * properties, members that are undefined are left out, and a `bigint` that a number holds exactly is that number.
 *
 * What JSON has no word for (binary data, maps, larger bigints, invalid dates) stays as it is: the schema may drop
 * it. Throws what the getters and `toJSON` of the host throw.
 */
export function readRow(answer: unknown): HostRow {
  const reading: Reading = { dates: new Set(), copies: new Map() }
  return { value: plain(answer, reading, 0), dates: reading.dates }
}

interface Reading {
  readonly dates: Set<string>
  /** What was read before: rows of object mappers refer to each other in circles. */
  readonly copies: Map<object, unknown>
}

function plain(value: unknown, reading: Reading, depth: number): unknown {
  if (typeof value === 'bigint') return numberOf(value)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (isDate(value)) return Number.isNaN(value.getTime()) ? value : textOf(value, reading)
  if (!('toJSON' in value) || typeof value.toJSON !== 'function') return members(value, reading, depth)
  const given: unknown = value.toJSON()
  return typeof given === 'object' && given !== null ? members(given, reading, depth) : given
}

function members(value: object, reading: Reading, depth: number): unknown {
  const { copies } = reading
  if (copies.has(value)) return copies.get(value)
  if (depth > defaultLimits.depth) return value
  if (Array.isArray(value)) {
    const items: unknown[] = []
    copies.set(value, items)
    for (const item of value) items.push(plain(item, reading, depth + 1))
    return items
  }
  if (tagOf(value) !== 'Object') return value
  const copy = {}
  copies.set(value, copy)
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) define(copy, key, plain(member, reading, depth + 1))
  }
  return copy
}

/** An assignment to `__proto__` would set the prototype. */
function define(copy: object, key: string, value: unknown): void {
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true })
}

function textOf(date: Date, { dates }: Reading): string {
  const text = date.toISOString()
  dates.add(text)
  return text
}

function numberOf(value: bigint): bigint | number {
  const near = Number(value)
  return Number.isSafeInteger(near) ? near : value
}

function isDate(value: object): value is Date {
  return tagOf(value) === 'Date'
}

const tagOf = (value: object) => Object.prototype.toString.call(value).slice(8, -1)
