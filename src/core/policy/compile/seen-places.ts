import type { ChangedPlace } from '../../change/changed-place.ts'
import { isArray, isObject } from '../../change/equal.ts'
import type { JsonValue } from '../../change/json.ts'
import { ownNames } from '../../change/keyed-view.ts'
import { namedPath } from '../../change/named-path.ts'
import { parsePointer } from '../../change/pointer.ts'
import { type CompiledShape, childNode, compileShape, type ShapeNode } from '../../change/shape.ts'

/** The documents around the places. */
export interface Surroundings {
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
  readonly shape: CompiledShape
}

/** The shape of a resource type that declares none. */
export const plainShape: CompiledShape = compileShape({})

/** The places of a change as policies look at them: a list whose items have only a position is one place, whichever of them changed. */
export function seenPlaces(places: readonly ChangedPlace[], documents: Surroundings): readonly ChangedPlace[] {
  if (!documents.shape.root.declares) return places
  const lists = new Map<string, ChangedPlace>()
  const seen = places.map((place) => {
    const path = namedPath(place.path, documents.shape)
    if (path === place.path) return place
    const list = lists.get(path) ?? listAt(path, place, documents)
    lists.set(path, list)
    return list
  })
  return lists.size === 0 ? places : [...new Set(seen)]
}

/** The change of a whole list. Where the documents do not have it, its one item is taken for all. */
function listAt(path: string, item: ChangedPlace, { before, after, shape }: Surroundings): ChangedPlace {
  const segments = parsePointer(path) ?? []
  const old = valueIn(before, segments, shape) ?? ('before' in item ? [item.before] : [])
  const next = valueIn(after, segments, shape) ?? ('after' in item ? [item.after] : [])
  return { type: 'changed', path, before: old, after: next }
}

function valueIn(document: JsonValue | undefined, segments: readonly string[], shape: CompiledShape) {
  let value = document
  let node = shape.root
  for (const segment of segments) {
    value = membersOf(value, node)?.get(segment)
    node = childNode(node, segment)
  }
  return value
}

/** The members of a value by their names; undefined for a list whose items have no identity. */
export function membersOf(
  value: JsonValue | undefined,
  { kind }: ShapeNode,
): ReadonlyMap<string, JsonValue> | undefined {
  if (isObject(value)) return new Map(Object.entries(value))
  if (!isArray(value)) return nothing
  const names = ownNames(value, kind)
  return names && new Map(names.map((name, index) => [name, value[index] as JsonValue]))
}

const nothing: ReadonlyMap<string, JsonValue> = new Map()
