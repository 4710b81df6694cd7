import { isArray, isObject } from '../../change/equal.ts'
import type { JsonObject, JsonValue } from '../../change/json.ts'

/** Of what is not followed any further, or cannot be, nothing is known: it lets everything through. */
const unknown: JsonObject = {}

/** A reference, or an alternative of an alternative, is followed so often. */
const deepest = 8

/** The schemas that one stands for: what it refers to, and its alternatives. */
export function alternativesOf(schema: JsonObject, root: JsonObject, depth = 0): readonly JsonObject[] {
  if (depth > deepest) return [unknown]
  const { $ref: ref, anyOf, oneOf, allOf } = schema
  const target = typeof ref === 'string' ? (referred(ref, root) ?? unknown) : undefined
  const others = [anyOf, oneOf, allOf].flatMap((some) => (isArray(some) ? some : []))
  return [schema, ...[target, ...others].filter(isObject).flatMap((one) => alternativesOf(one, root, depth + 1))]
}

function referred(ref: string, root: JsonObject): JsonValue | undefined {
  if (!ref.startsWith('#')) return undefined
  const segments = ref.split('/').slice(1)
  return segments.reduce<JsonValue | undefined>((at, name) => (isObject(at) ? at[name] : undefined), root)
}
