import { isArray } from './equal.ts'
import type { JsonArray, JsonObject, JsonValue } from './json.ts'

/**
 * Writes an admitted value in its one canonical form (RFC 8785): the same text for the same JSON, whatever the order
 * of keys.
 *
 * Numbers and texts are written as ECMAScript writes them, which is what RFC 8785 prescribes; keys are sorted by
 * UTF-16 code units.
 *
 * @example
 * ```ts
 * canonical({ rollout: 80, enabled: true }) // {"enabled":true,"rollout":80}
 * ```
 */
export function canonical(value: JsonValue): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return String(value)
  return isArray(value) ? canonicalArray(value) : canonicalObject(value)
}

// One text that grows is copied once, when it is hashed; joined lists are copied anew at each depth.
function canonicalArray(items: JsonArray): string {
  let text = '['
  for (let at = 0; at < items.length; at++) text += `${at === 0 ? '' : ','}${canonical(items[at] as JsonValue)}`
  return `${text}]`
}

function canonicalObject(members: JsonObject): string {
  let text = '{'
  for (const key of inOrder(Object.keys(members))) {
    text += `${text.length === 1 ? '' : ','}${quoted(key)}:${canonical(members[key] as JsonValue)}`
  }
  return `${text}}`
}

/** Sorts in place: most objects have few keys, and many have them in order already. */
function inOrder(keys: string[]): readonly string[] {
  if (keys.length > fewKeys) return keys.sort()
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at] as string
    let to = at
    for (; to > 0 && (keys[to - 1] as string) > key; to--) keys[to] = keys[to - 1] as string
    keys[to] = key
  }
  return keys
}

/** Up to so many keys it is quicker to move each one to its place. */
const fewKeys = 16

/** Printable ASCII without quotes and backslashes: what needs no escapes. */
const plain = /^[ !#-[\]-~]*$/

function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text)
}
