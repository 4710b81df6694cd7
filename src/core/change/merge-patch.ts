import { isObject } from '../json/equal.ts'
import type { JsonObject, JsonValue } from '../json/json.ts'

/**
 * Applies a merge patch (RFC 7396): what it names is set, null removes, arrays are replaced, and what it does not
 * name stays.
 *
 * Both values are admitted. Subtrees that the patch leaves alone are shared with the document.
 */
export function applyMergePatch(document: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch
  const base: JsonObject = isObject(document) ? document : {}
  const next = new Map(Object.entries(base))
  for (const key of Object.keys(patch)) {
    const value = patch[key] as JsonValue
    if (value === null) next.delete(key)
    else next.set(key, applyMergePatch(next.get(key), value))
  }
  return Object.fromEntries(next)
}
