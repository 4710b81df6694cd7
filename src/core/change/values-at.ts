import { type Result, refuse, success } from '../../errors/result.ts'
import { isArray, isObject } from '../json/equal.ts'
import type { JsonArray, JsonValue } from '../json/json.ts'
import { formatPointer } from '../json/pointer.ts'
import { itemNames } from './keyed-view.ts'
import { advance, type Pattern, type PatternPlaces, startOf } from './pattern.ts'
import { type CompiledShape, childNode, type ShapeNode } from './shape.ts'

/** A value, and where it stands in the keyed view. */
export interface LocatedValue {
  readonly path: string
  readonly value: JsonValue
}

/**
 * Lists all values that a pattern names in an admitted document, in document order, each once. Items of keyed lists
 * and sets are found by their names, those of other lists by their positions. Refused is a document whose shape is
 * broken where the pattern leads.
 *
 * @example
 * ```ts
 * const pattern = compilePattern('/rules/**')
 * if (pattern.ok) {
 *   const shape = compileShape({ '/rules': keyedBy('id') })
 *   const values = valuesAt({ rules: [{ id: 'eu', rollout: 40 }] }, pattern.value, shape)
 * }
 * ```
 *
 * @returns The values, or a refusal: `invalid_shape`.
 */
export function valuesAt(
  document: JsonValue | undefined,
  pattern: Pattern,
  shape: CompiledShape,
): Result<readonly LocatedValue[], 'invalid_shape'> {
  const found = new Map<string, JsonValue>()
  for (const alternative of pattern.alternatives) {
    if (document === undefined) continue
    const broken = collect(document, shape.root, startOf(alternative), { alternative, path: [], found })
    if (broken !== undefined) return refuse('invalid_shape', broken)
  }
  return success([...found].map(([path, value]) => ({ path, value })))
}

interface Search {
  readonly alternative: readonly string[]
  readonly path: string[]
  readonly found: Map<string, JsonValue>
}

type Broken = { readonly path: string; readonly problem: string } | undefined

function collect(value: JsonValue, node: ShapeNode, places: PatternPlaces, search: Search): Broken {
  const { alternative, path, found } = search
  if (places.has(alternative.length)) found.set(formatPointer(path), value)
  if (places.size === (places.has(alternative.length) ? 1 : 0)) return undefined
  if (isArray(value)) return collectItems(value, node, places, search)
  if (!isObject(value)) return undefined
  for (const key of Object.keys(value)) {
    const broken = collectBelow(value[key] as JsonValue, node, places, key, search)
    if (broken !== undefined) return broken
  }
  return undefined
}

function collectItems(items: JsonArray, node: ShapeNode, places: PatternPlaces, search: Search): Broken {
  const names = namesOrPositions(items, node)
  if (!Array.isArray(names)) {
    const { item, problem } = names as { readonly item: number; readonly problem: string }
    return { path: formatPointer([...search.path, item]), problem }
  }
  for (const [i, name] of names.entries()) {
    const broken = collectBelow(items[i] as JsonValue, node, places, name, search)
    if (broken !== undefined) return broken
  }
  return undefined
}

function namesOrPositions(items: JsonArray, { kind }: ShapeNode) {
  if (kind.kind === 'list' || kind.kind === 'atomic') return items.map((_, i) => String(i))
  const named = itemNames(items, kind)
  return named.ok ? named.names : named
}

function collectBelow(
  value: JsonValue,
  node: ShapeNode,
  places: PatternPlaces,
  segment: string,
  search: Search,
): Broken {
  const next = advance(search.alternative, places, segment)
  if (next.size === 0) return undefined
  search.path.push(segment)
  const broken = collect(value, childNode(node, segment), next, search)
  search.path.pop()
  return broken
}
