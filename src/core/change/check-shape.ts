import { type Result, refuse, success } from '../../errors/result.ts'
import { isArray, isObject } from '../json/equal.ts'
import type { JsonArray, JsonObject, JsonValue } from '../json/json.ts'
import { formatPointer } from '../json/pointer.ts'
import { itemNames } from './keyed-view.ts'
import { type CompiledShape, childNode, type ShapeNode } from './shape.ts'

/** Where a document breaks its shape. */
export interface ShapeProblem {
  readonly path: string
  readonly problem: string
}

/**
 * Checks that every declared list of a document can be told apart as its shape says.
 *
 * @example
 * ```ts
 * const shape = compileShape({ '/rules': keyedBy('id') })
 * const checked = checkShape({ rules: [{ id: 'eu' }, { id: 'eu' }] }, shape) // refused: two rules of one id
 * ```
 *
 * @returns The document, or a refusal: `invalid_shape`.
 */
export function checkShape(document: JsonValue, shape: CompiledShape): Result<JsonValue, 'invalid_shape'> {
  const problem = findShapeProblem(document, shape.root, [])
  return problem === undefined ? success(document) : refuse('invalid_shape', problem)
}

/** Looks for the first list, at or below a place, that breaks its shape. */
export function findShapeProblem(value: JsonValue, node: ShapeNode, path: string[]): ShapeProblem | undefined {
  if (!node.declares) return undefined
  if (isArray(value)) return findInList(value, node, path)
  return isObject(value) ? findInObject(value, node, path) : undefined
}

function findInObject(value: JsonObject, node: ShapeNode, path: string[]): ShapeProblem | undefined {
  for (const key of Object.keys(value)) {
    const problem = findBelow(value[key] as JsonValue, childNode(node, key), path, key)
    if (problem !== undefined) return problem
  }
  return undefined
}

function findInList(items: JsonArray, node: ShapeNode, path: string[]): ShapeProblem | undefined {
  if (node.kind.kind === 'list' || node.kind.kind === 'atomic') return undefined
  const named = itemNames(items, node.kind)
  if (!named.ok) return { path: formatPointer([...path, named.item]), problem: named.problem }
  if (node.kind.kind === 'set') return undefined
  for (const [i, name] of named.names.entries()) {
    const problem = findBelow(items[i] as JsonValue, childNode(node, name), path, name)
    if (problem !== undefined) return problem
  }
  return undefined
}

function findBelow(value: JsonValue, node: ShapeNode, path: string[], segment: string): ShapeProblem | undefined {
  path.push(segment)
  const problem = findShapeProblem(value, node, path)
  path.pop()
  return problem
}
