import { isArray, isObject } from '../../json/equal.ts'
import type { JsonObject, JsonValue } from '../../json/json.ts'

/** Of what cannot be followed nothing is known: it lets everything through. */
const unknown: JsonObject = {}

/**
 * The schemas that one stands for: what it refers to, and its alternatives. Each of them once, however often, and by
 * however many ways, it is referred to.
 */
export function alternativesOf(schema: JsonObject, root: JsonObject): readonly JsonObject[] {
  const found = new Set<JsonObject>()
  const collect = (one: JsonValue | undefined, above: readonly JsonObject[]): void => {
    if (one === false) return
    if (!isObject(one) || above.includes(one)) {
      found.add(unknown)
      return
    }
    if (found.has(one)) return
    found.add(one)
    const { $ref: ref, anyOf, oneOf, allOf } = one
    const others = [anyOf, oneOf, allOf].flatMap((some) => (isArray(some) ? some : []))
    const targets = typeof ref === 'string' ? [referred(ref, root), ...others] : others
    for (const target of targets) collect(target, [...above, one])
  }
  collect(schema, [])
  return [...found]
}

function referred(ref: string, root: JsonObject): JsonValue | undefined {
  if (!ref.startsWith('#')) return undefined
  const segments = ref.split('/').slice(1)
  return segments.reduce<JsonValue | undefined>((at, name) => (isObject(at) ? at[name] : undefined), root)
}
