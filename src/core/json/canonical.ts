import { isArray } from './equal.ts'
import type { JsonObject, JsonValue } from './json.ts'

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
  return isArray(value) ? `[${value.map(canonical).join(',')}]` : canonicalObject(value)
}

function canonicalObject(members: JsonObject): string {
  const keys = Object.keys(members).sort()
  return `{${keys.map((key) => `${quoted(key)}:${canonical(members[key] as JsonValue)}`).join(',')}}`
}

/** Printable ASCII without quotes and backslashes: what needs no escapes. */
const plain = /^[ !#-[\]-~]*$/

function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text)
}
