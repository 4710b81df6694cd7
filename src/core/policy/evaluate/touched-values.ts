import type { ChangedPlace } from '../../change/changed-place.ts'
import { advance, type PatternPlaces } from '../../change/pattern.ts'
import { childNode, type ShapeNode } from '../../change/shape.ts'
import { equal, isArray, isObject } from '../../json/equal.ts'
import type { JsonValue } from '../../json/json.ts'
import { escapeSegment, formatPointer } from '../../json/pointer.ts'
import { type Course, type FieldPath, followPath, mayTouch } from '../compile/field.ts'
import { type KnownLists, type Members, membersOf, type Surroundings } from '../compile/seen-places.ts'

/** A value of a field that a change touches. Undefined: there is none on this side. */
export interface TouchedValue {
  readonly path: string
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
  /**
   * Whether the value of the field is unknown: it lies in this list, whose items have no identity on one side.
   * `path`, `before` and `after` are those of the list.
   */
  readonly unnamed: boolean
}

/** How a change touches a field. */
export interface Touched {
  /** Whether a changed place is the field or lies inside it. */
  readonly within: boolean
  readonly values: readonly TouchedValue[]
}

/**
 * Finds out how changed places touch a field: the values of the field that they change, both sides paired by path.
 *
 * A field that a new value should have and does not is among them, with nothing after. Positions are never taken for
 * names: if the field leads into a list whose items have no identity, the list stands for it.
 */
export function touch(field: FieldPath, places: readonly ChangedPlace[], documents: Surroundings): Touched {
  let within = false
  const values: TouchedValue[] = []
  let enclosing: Map<string, TouchedValue> | undefined
  for (const place of places) {
    if (!mayTouch(field, place)) continue
    if (place.type === 'changed' && field.literal && place.path === field.head) {
      within = true
      const { path, before, after } = place
      values.push({ path, before, after, unnamed: false })
      continue
    }
    const course = followPath(field, place)
    within ||= course.depth >= 0
    if (course.depth >= 0 && (course.depth < course.segments.length || place.type === 'moved')) {
      enclosing ??= new Map()
      addEnclosing(enclosing, course, documents)
    }
    if (place.type !== 'moved' && course.states.size > 0) collectInside(course, field, { place, documents, values })
  }
  if (enclosing) for (const value of enclosing.values()) values.push(value)
  return { within, values }
}

/** Adds the value of the field that contains a changed place, if it is not there yet. */
function addEnclosing(
  values: Map<string, TouchedValue>,
  { segments, depth }: Course,
  { before, after, shape, lists }: Surroundings,
): void {
  const inside = segments.slice(0, depth)
  const path = formatPointer(inside)
  if (values.has(path)) return
  const valueIn = (document: JsonValue | undefined) => {
    let value = document
    let node = shape.root
    for (const segment of inside) {
      value = membersOf(value, node, lists)?.get(segment)
      node = childNode(node, segment)
    }
    return value
  }
  values.set(path, { path, before: valueIn(before), after: valueIn(after), unnamed: false })
}

/** Where a search for values inside a place stands. */
interface Position {
  readonly pattern: readonly string[]
  readonly states: PatternPlaces
  readonly node: ShapeNode
  readonly path: string
  /** Whether the next value should have the field. */
  readonly expected: boolean
  readonly lists: KnownLists | undefined
}

interface Inside {
  readonly place: Exclude<ChangedPlace, { type: 'moved' }>
  readonly documents: Surroundings
  readonly values: TouchedValue[]
}

function collectInside(
  { segments, states }: Course,
  field: FieldPath,
  { place, documents: { shape, lists }, values }: Inside,
): void {
  const node = segments.reduce(childNode, shape.root)
  const start = { pattern: field.segments, states, node, path: place.path, expected: place.type !== 'removed', lists }
  const [before, after] = [place.type === 'added' ? undefined : place.before, afterOf(place)]
  collect({ before, after }, start, values)
}

function afterOf(place: Inside['place']): JsonValue | undefined {
  return place.type === 'removed' ? undefined : place.after
}

type Pair = Pick<TouchedValue, 'before' | 'after'>

function collect({ before, after }: Pair, at: Position, values: TouchedValue[]): void {
  if (before !== undefined && after !== undefined && equal(before, after)) return
  if (at.states.has(at.pattern.length)) {
    values.push({ path: at.path, before, after, unnamed: false })
    if (at.states.size === 1) return
  }
  const [old, next] = [membersOf(before, at.node, at.lists), membersOf(after, at.node, at.lists)]
  if (!old || !next || areOfTwoKinds(before, after)) {
    values.push({ path: at.path, before, after, unnamed: true })
    return
  }
  const only = onlyName(at)
  const missing = at.expected && only !== undefined && !next.has(only) ? only : undefined
  for (const name of only === undefined ? namesOf(old, next) : [only]) {
    if (name !== missing && !old.has(name) && !next.has(name)) continue
    const states = advance(at.pattern, at.states, name)
    if (states.size === 0) continue
    const path = `${at.path}/${escapeSegment(name)}`
    const expected = at.expected && (next.has(name) || name === missing)
    collect(
      { before: old.get(name), after: next.get(name) },
      { ...at, states, path, expected, node: childNode(at.node, name) },
      values,
    )
  }
}

/**
 * Tells whether one side is a list and the other an object: the names of items and those of members have nothing to
 * do with each other.
 */
function areOfTwoKinds(before: JsonValue | undefined, after: JsonValue | undefined): boolean {
  return (isArray(before) && isObject(after)) || (isObject(before) && isArray(after))
}

/** The one name with which the pattern goes on, if there is only one. */
function onlyName({ pattern, states }: Position): string | undefined {
  let only: string | undefined
  for (const state of states) {
    const name = pattern[state]
    if (name === undefined) continue
    if (only !== undefined || name.includes('*')) return undefined
    only = name
  }
  return only
}

function namesOf(old: Members, next: Members): Iterable<string> {
  const [before, after] = [old.names(), next.names()]
  if (before.length === 0) return after
  return after.length === 0 ? before : new Set([...before, ...after])
}
