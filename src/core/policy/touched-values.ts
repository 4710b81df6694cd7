import type { ChangedPlace } from '../change/changed-place.ts'
import { isArray, isObject } from '../change/equal.ts'
import type { JsonValue } from '../change/json.ts'
import { itemNames } from '../change/keyed-view.ts'
import { advance, type PatternPlaces } from '../change/pattern.ts'
import { escapeSegment, formatPointer, parsePointer } from '../change/pointer.ts'
import { type CompiledShape, childNode, compileShape, type ShapeNode } from '../change/shape.ts'
import { type Course, type FieldPath, follow, mayTouch } from './field.ts'

/** A value of a field that a change touches. Undefined: there is none on this side. */
export interface TouchedValue {
  readonly path: string
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
  /** Whether both sides are one thing by its identity, not just by its position in a list. */
  readonly paired: boolean
}

/** The documents around the places. */
export interface Surroundings {
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
  readonly shape: CompiledShape
}

/** The shape of a resource type that declares none. */
export const plainShape: CompiledShape = compileShape({})

/** How a change touches a field. */
export interface Touched {
  /** Whether a changed place is the field or lies inside it. */
  readonly within: boolean
  readonly values: readonly TouchedValue[]
}

/**
 * Finds out how changed places touch a field: the values of the field that they change, both sides paired by path.
 *
 * A field that a new value should have and does not is among them, with nothing after.
 */
export function touch(field: FieldPath, places: readonly ChangedPlace[], documents: Surroundings): Touched {
  let within = false
  const values: TouchedValue[] = []
  let enclosing: Enclosing | undefined
  for (const place of places) {
    if (!mayTouch(field, place)) continue
    if (place.type === 'changed' && field.literal && place.path === field.head) {
      within = true
      const { path, before, after } = place
      values.push({ path, before, after, paired: isPaired(place, documents.shape) })
      continue
    }
    const course = follow(field, place)
    within ||= course.depth >= 0
    if (course.depth >= 0 && (course.depth < course.segments.length || place.type === 'moved')) {
      enclosing ??= { values: new Map(), members: new Map() }
      addEnclosing(enclosing, course, place, documents)
    }
    if (place.type !== 'moved' && course.states.size > 0) {
      for (const value of valuesInside(course, field, place, documents)) values.push(value)
    }
  }
  if (enclosing) for (const value of enclosing.values.values()) values.push(value)
  return { within, values }
}

/** The values of the field that contain changed places, each once, and the members of the containers on the way to them. */
interface Enclosing {
  readonly values: Map<string, TouchedValue>
  readonly members: Map<object, ReadonlyMap<string, JsonValue>>
}

function addEnclosing(
  { values, members }: Enclosing,
  { segments, depth }: Course,
  place: ChangedPlace,
  { before, after, shape }: Surroundings,
): void {
  const inside = segments.slice(0, depth)
  const path = formatPointer(inside)
  if (values.has(path)) return
  const valueIn = (document: JsonValue | undefined) => {
    let value = document
    let node = shape.root
    for (const segment of inside) {
      if (typeof value !== 'object' || value === null) return undefined
      const named = members.get(value) ?? new Map(childrenOf(value, node).children)
      members.set(value, named)
      value = named.get(segment)
      node = childNode(node, segment)
    }
    return value
  }
  values.set(path, { path, before: valueIn(before), after: valueIn(after), paired: isPaired(place, shape) })
}

function valuesInside(
  { segments, states }: Course,
  field: FieldPath,
  place: Exclude<ChangedPlace, { type: 'moved' }>,
  { shape }: Surroundings,
): Iterable<TouchedValue> {
  const found: Found = new Map()
  const node = segments.reduce(childNode, shape.root)
  const oneSided = place.type !== 'changed'
  const start = { pattern: field.segments, states, node, path: place.path, paired: isPaired(place, shape), oneSided }
  if (place.type !== 'added') collect(place.before, start, 'before', found)
  if (place.type !== 'removed') collect(place.after, start, 'after', found)
  return found.values()
}

/** Tells whether a place is one thing by its identity: it lies in no list whose items have only a position. */
export function isPaired({ path }: ChangedPlace, { root }: CompiledShape): boolean {
  if (!root.declares) return true
  let node = root
  for (const segment of parsePointer(path) ?? []) {
    if (node.kind.kind === 'list') return false
    node = childNode(node, segment)
  }
  return true
}

type Side = 'before' | 'after'
type Found = Map<string, { -readonly [K in keyof TouchedValue]: TouchedValue[K] }>

/** Where a search for values stands. */
interface Position {
  readonly pattern: readonly string[]
  readonly states: PatternPlaces
  readonly node: ShapeNode
  readonly path: string
  readonly paired: boolean
  /** Whether there is nothing on the other side that could be taken for something else. */
  readonly oneSided: boolean
}

function collect(value: JsonValue | undefined, at: Position, side: Side, found: Found): void {
  if (at.states.has(at.pattern.length)) {
    const known = found.get(at.path) ?? { path: at.path, before: undefined, after: undefined, paired: true }
    known[side] = value
    known.paired &&= at.paired
    found.set(at.path, known)
    if (at.states.size === 1) return
  }
  const { children, named } = childrenOf(value, at.node)
  let reached = false
  for (const [name, child] of children) {
    const states = advance(at.pattern, at.states, name)
    if (states.size === 0) continue
    reached = true
    collect(child, below(at, name, states, named), side, found)
  }
  if (!reached && side === 'after') findMissing(at, found)
}

/** Where the pattern goes on with one name and the new value has nothing of that name, the field is missing. */
function findMissing(at: Position, found: Found): void {
  const [state] = at.states
  const name = state === undefined || at.states.size > 1 ? undefined : at.pattern[state]
  if (name === undefined || name.includes('*')) return
  collect(undefined, below(at, name, advance(at.pattern, at.states, name), true), 'after', found)
}

function below(at: Position, name: string, states: PatternPlaces, named: boolean): Position {
  const path = `${at.path}/${escapeSegment(name)}`
  return { ...at, states, node: childNode(at.node, name), path, paired: at.paired && (named || at.oneSided) }
}

interface Children {
  readonly children: Iterable<readonly [name: string, child: JsonValue]>
  /** Whether the names are identities, not positions. */
  readonly named: boolean
}

function childrenOf(value: JsonValue | undefined, { kind }: ShapeNode): Children {
  if (isObject(value)) return { children: Object.entries(value), named: true }
  if (!isArray(value)) return { children: [], named: true }
  const items = kind.kind === 'keyed' || kind.kind === 'set' ? itemNames(value, kind) : undefined
  const names = items?.ok ? items.names : value.map((_, index) => String(index))
  return { children: value.map((item, index) => [names[index] ?? '', item] as const), named: items?.ok ?? false }
}
