import type { ChangedPlace } from '../../change/changed-place.ts'
import { equal, isArray, isObject } from '../../change/equal.ts'
import type { JsonValue } from '../../change/json.ts'
import { advance, type PatternPlaces } from '../../change/pattern.ts'
import { escapeSegment, formatPointer } from '../../change/pointer.ts'
import { childNode, type ShapeNode } from '../../change/shape.ts'
import { type Course, type FieldPath, follow, mayTouch } from '../compile/field.ts'
import { membersOf, type Surroundings } from '../compile/seen-places.ts'

/** A value of a field that a change touches. Undefined: there is none on this side. */
export interface TouchedValue {
  readonly path: string
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
  /**
   * Whether the value of the field is unknown: it lies in this list, whose items have no identity on one side. `path`, `before` and `after` are
   * those of the list.
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
 * A field that a new value should have and does not is among them, with nothing after. Positions are never taken for names: where the field
 * leads into a list whose items have no identity, the list stands for it.
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
      values.push({ path, before, after, unnamed: false })
      continue
    }
    const course = follow(field, place)
    within ||= course.depth >= 0
    if (course.depth >= 0 && (course.depth < course.segments.length || place.type === 'moved')) {
      enclosing ??= { values: new Map(), members: new Map() }
      addEnclosing(enclosing, course, documents)
    }
    if (place.type !== 'moved' && course.states.size > 0) collectInside(course, field, { place, documents, values })
  }
  if (enclosing) for (const value of enclosing.values.values()) values.push(value)
  return { within, values }
}

/** The values of the field that contain changed places, each once, and the members of the containers on the way to them. */
interface Enclosing {
  readonly values: Map<string, TouchedValue>
  readonly members: Map<object, ReadonlyMap<string, JsonValue> | undefined>
}

function addEnclosing(
  { values, members }: Enclosing,
  { segments, depth }: Course,
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
      const named = members.get(value) ?? membersOf(value, node)
      members.set(value, named)
      value = named?.get(segment)
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
}

interface Inside {
  readonly place: Exclude<ChangedPlace, { type: 'moved' }>
  readonly documents: Surroundings
  readonly values: TouchedValue[]
}

function collectInside(
  { segments, states }: Course,
  field: FieldPath,
  { place, documents: { shape }, values }: Inside,
): void {
  const node = segments.reduce(childNode, shape.root)
  const start = { pattern: field.segments, states, node, path: place.path, expected: place.type !== 'removed' }
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
  const [old, next] = [membersOf(before, at.node), membersOf(after, at.node)]
  if (!old || !next || areOfTwoKinds(before, after)) {
    values.push({ path: at.path, before, after, unnamed: true })
    return
  }
  const missing = at.expected ? missingName(at, next) : undefined
  for (const name of namesOf(old, next, missing)) {
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

/** Tells whether one side is a list and the other an object: the names of items and those of members have nothing to do with each other. */
function areOfTwoKinds(before: JsonValue | undefined, after: JsonValue | undefined): boolean {
  return (isArray(before) && isObject(after)) || (isObject(before) && isArray(after))
}

/** Where the pattern goes on with one name and the new value has nothing of that name, the field is missing. */
function missingName({ pattern, states }: Position, next: ReadonlyMap<string, JsonValue>): string | undefined {
  const [state] = states
  const name = state === undefined || states.size > 1 ? undefined : pattern[state]
  return name === undefined || name.includes('*') || next.has(name) ? undefined : name
}

function namesOf(
  old: ReadonlyMap<string, JsonValue>,
  next: ReadonlyMap<string, JsonValue>,
  missing: string | undefined,
): Iterable<string> {
  if (missing === undefined && old.size === 0) return next.keys()
  if (missing === undefined && next.size === 0) return old.keys()
  return new Set([...old.keys(), ...next.keys(), ...(missing === undefined ? [] : [missing])])
}
