import type { ChangedPlace } from '../../change/changed-place.ts'
import { ownNames } from '../../change/keyed-view.ts'
import { namedPath } from '../../change/named-path.ts'
import { type CompiledShape, childNode, compileShape, type ShapeNode } from '../../change/shape.ts'
import { isArray, isObject } from '../../json/equal.ts'
import type { JsonValue } from '../../json/json.ts'
import { parsePointer } from '../../json/pointer.ts'

/** The documents around the places. */
export interface Surroundings {
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
  readonly shape: CompiledShape
  /** What was found out about lists, for all that look at them; left out, each look begins anew. */
  readonly lists?: KnownLists | undefined
}

/** The shape of a resource type that declares none. */
export const plainShape: CompiledShape = compileShape({})

/**
 * The places of a change as policies look at them: a list whose items have only a position is one place, whichever of
 * them changed.
 */
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

/** The change of a whole list. If the documents do not have it, its one item is taken for all. */
function listAt(path: string, item: ChangedPlace, { before, after, shape, lists }: Surroundings): ChangedPlace {
  const segments = parsePointer(path) ?? []
  const old = valueIn(before, segments, { shape, lists }) ?? ('before' in item ? [item.before] : [])
  const next = valueIn(after, segments, { shape, lists }) ?? ('after' in item ? [item.after] : [])
  return { type: 'changed', path, before: old, after: next }
}

function valueIn(
  document: JsonValue | undefined,
  segments: readonly string[],
  { shape, lists }: Pick<Surroundings, 'shape' | 'lists'>,
) {
  let value = document
  let node = shape.root
  for (const segment of segments) {
    value = membersOf(value, node, lists)?.get(segment)
    node = childNode(node, segment)
  }
  return value
}

/** The value at a path of a document; `unnamed` if it lies in a list whose items have no identity there. */
export function valueAt(
  document: JsonValue | undefined,
  path: string,
  { shape, lists }: Pick<Surroundings, 'shape' | 'lists'>,
): { readonly value: JsonValue | undefined } | 'unnamed' {
  let value = document
  let node = shape.root
  for (const segment of parsePointer(path) ?? []) {
    const members = membersOf(value, node, lists)
    if (members === undefined) return 'unnamed'
    value = members.get(segment)
    node = childNode(node, segment)
  }
  return { value }
}

/** The members of a value by their names. */
export interface Members {
  has(name: string): boolean
  get(name: string): JsonValue | undefined
  names(): readonly string[]
}

/** The members of lists that were found out already. What they are called depends on what is declared of the place. */
export type KnownLists = Map<ShapeNode, Map<readonly JsonValue[], Members | undefined>>

/** The members of a value by their names; `undefined` for a list whose items have no identity. */
export function membersOf(value: JsonValue | undefined, node: ShapeNode, known?: KnownLists): Members | undefined {
  if (isObject(value)) return membersOfObject(value)
  if (!isArray(value)) return nothing
  if (known === undefined) return membersOfList(value, node)
  const lists = known.get(node) ?? new Map<readonly JsonValue[], Members | undefined>()
  known.set(node, lists)
  const members = lists.has(value) ? lists.get(value) : membersOfList(value, node)
  lists.set(value, members)
  return members
}

function membersOfObject(value: Readonly<Record<string, JsonValue>>): Members {
  return {
    has: (name) => Object.hasOwn(value, name),
    get: (name) => (Object.hasOwn(value, name) ? value[name] : undefined),
    names: () => Object.keys(value),
  }
}

function membersOfList(value: readonly JsonValue[], { kind }: ShapeNode): Members | undefined {
  const names = ownNames(value, kind)
  if (names === undefined) return undefined
  const members = new Map(names.map((name, index) => [name, value[index] as JsonValue]))
  return { has: (name) => members.has(name), get: (name) => members.get(name), names: () => [...members.keys()] }
}

const nothing: Members = { has: () => false, get: () => undefined, names: () => [] }
