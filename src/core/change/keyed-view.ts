import { canonical } from '../json/canonical.ts'
import { isArray, isObject } from '../json/equal.ts'
import type { JsonArray, JsonValue } from '../json/json.ts'
import type { ListKind } from './shape.ts'

/** The names of the items of a list, in order; or what is wrong with them, and at which item. */
export type ItemNames =
  | { readonly ok: true; readonly names: readonly string[] }
  | { readonly ok: false; readonly item: number; readonly problem: string }

/**
 * Names the items of a keyed list by their key, those of a set by their value, a text by itself and anything else in
 * its canonical form, and those of a `byPlace()` list by their place. Every name is there once; keys and values that
 * read alike (`1` and `"1"`) are refused as duplicates.
 */
export function itemNames(items: JsonArray, kind: ListKind): ItemNames {
  if (kind.kind === 'place') return { ok: true, names: items.map((_, place) => String(place)) }
  const named = readNames(items, kind)
  const twice = named.ok ? firstRepeated(named.names) : -1
  if (!named.ok || twice < 0) return named
  return { ok: false, item: twice, problem: `${JSON.stringify(named.names[twice])} is in the list twice` }
}

/**
 * Names the items of a list that has names for them; `undefined` if it has none, so that a position is all there is.
 */
export function ownNames(items: JsonArray, kind: ListKind): readonly string[] | undefined {
  if (items.length === 0) return []
  if (kind.kind === 'list' || kind.kind === 'atomic') return undefined
  const named = itemNames(items, kind)
  return named.ok ? named.names : undefined
}

/** Names the items of a list, without a look at whether a name is there twice. */
export function readNames(items: JsonArray, kind: ListKind): ItemNames {
  const names: string[] = []
  for (const item of items) {
    const name = nameOf(item, kind)
    if (name === undefined) return { ok: false, item: names.length, problem: keyProblem(item, kind) }
    names.push(name)
  }
  return { ok: true, names }
}

/**
 * Numbers the names of several lists: those of the first by their places, others as they come. Equal names get equal
 * numbers.
 */
export function numbering(first: readonly string[]): (names: readonly string[]) => readonly number[] | undefined {
  const numbers = new Map<string, number>()
  for (const name of first) numbers.set(name, numbers.size)
  return (names) => numberNames(names, numbers)
}

/** Numbers names; `undefined` when one of them is there twice. */
function numberNames(names: readonly string[], numbers: Map<string, number>): readonly number[] | undefined {
  const found: number[] = []
  const seen: boolean[] = []
  for (const name of names) {
    const number = numbers.get(name) ?? numbers.size
    if (seen[number]) return undefined
    if (number === numbers.size) numbers.set(name, number)
    seen[number] = true
    found.push(number)
  }
  return found
}

/** Tells whether the items of a list have these names, in this order. */
export function haveNames(items: JsonArray, names: readonly string[], kind: ListKind): boolean {
  if (items.length !== names.length) return false
  for (let i = 0; i < names.length; i++) {
    if (nameOf(items[i] as JsonValue, kind) !== names[i]) return false
  }
  return true
}

function nameOf(item: JsonValue, kind: ListKind): string | undefined {
  return kind.kind === 'keyed' ? itemKey(item, kind.field) : valueName(item)
}

/** Below so many names, comparing each with each is faster than a set. */
const few = 8

/** Finds the first name that was there before; -1 when there is none. */
function firstRepeated(names: readonly string[]): number {
  if (names.length > few) {
    if (new Set(names).size === names.length) return -1
    const seen = new Set<string>()
    return names.findIndex((name) => seen.size === seen.add(name).size)
  }
  for (let i = 1; i < names.length; i++) {
    for (let j = 0; j < i; j++) if (names[i] === names[j]) return i
  }
  return -1
}

/** Names a value: a text by itself, anything else by its canonical form. */
export function valueName(value: JsonValue): string {
  return typeof value === 'string' ? value : canonical(value)
}

/** Reads the key of an item of a keyed list. */
export function itemKey(item: JsonValue, field: string): string | undefined {
  if (!isObject(item) || !Object.hasOwn(item, field)) return undefined
  const key = item[field]
  return typeof key === 'string' ? key : typeof key === 'number' ? String(key) : undefined
}

function keyProblem(item: JsonValue, kind: ListKind): string {
  const field = kind.kind === 'keyed' ? JSON.stringify(kind.field) : ''
  if (!isObject(item))
    return `the item is ${isArray(item) ? 'an array' : 'a scalar'}, not an object with a key ${field}`
  if (!Object.hasOwn(item, kind.kind === 'keyed' ? kind.field : '')) return `the item has no key ${field}`
  return `the key ${field} is neither a text nor a number`
}
