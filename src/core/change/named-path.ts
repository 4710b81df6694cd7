import { arrayIndex, formatPointer, parsePointer } from '../json/pointer.ts'
import { type CompiledShape, childNode } from './shape.ts'

/**
 * Gives the part of a path that consists of names: it ends at the first list whose items have only a position among
 * the others.
 *
 * Nothing may be concluded from the rest: an insertion gives every later item another position.
 */
export function namedPath(path: string, { root }: CompiledShape): string {
  if (!root.declares) return path
  const segments = parsePointer(path) ?? []
  let node = root
  for (const [depth, segment] of segments.entries()) {
    if (node.kind.kind === 'list') return formatPointer(segments.slice(0, depth))
    node = childNode(node, segment)
  }
  return path
}

/** Lists which segments of a path, counted from 0, are positions in a `byPlace()` list. */
export function positionsIn(path: string, { root }: CompiledShape): readonly number[] {
  if (!root.declares) return []
  const found: number[] = []
  let node = root
  for (const [depth, segment] of (parsePointer(path) ?? []).entries()) {
    if (node.kind.kind === 'place' && arrayIndex(segment) !== undefined) found.push(depth)
    node = childNode(node, segment)
  }
  return found
}
