import type { JsonArray, JsonObject, JsonValue } from './json.ts'

/**
 * Tells whether two admitted values are the same JSON. The order of keys does not matter.
 *
 * @example
 * ```ts
 * equal({ a: 1, b: 2 }, { b: 2, a: 1 }) // true
 * ```
 */
export function equal(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (isArray(a)) return isArray(b) && equalArrays(a, b)
  return !isArray(b) && equalObjects(a, b)
}

/** Tells arrays from objects; `Array.isArray` does not narrow readonly arrays. */
export const isArray = Array.isArray as (value: unknown) => value is JsonArray

/** Tells whether a value is an object, and not an array or null. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isArray(value)
}

function equalArrays(a: JsonArray, b: JsonArray): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    if (!equal(a[i] as JsonValue, b[i] as JsonValue)) return false
  }
  return true
}

/** Mostly both have the same keys in the same order: then no key has to be looked for. */
function equalObjects(a: JsonObject, b: JsonObject): boolean {
  const others = Object.keys(b)
  let common = 0
  for (const key in a) {
    if (key !== others[common]) return equalOtherKeys(a, b, common)
    common++
    if (!equal(a[key] as JsonValue, b[key] as JsonValue)) return false
  }
  return common === others.length
}

function equalOtherKeys(a: JsonObject, b: JsonObject, common: number): boolean {
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.slice(common).every((key) => Object.hasOwn(b, key) && equal(a[key] as JsonValue, b[key] as JsonValue))
}
