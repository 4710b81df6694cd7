import type { ChangedPlace } from '../../change/changed-place.ts'
import { advance, compilePattern, type PatternPlaces, startOf } from '../../change/pattern.ts'
import type { CompiledShape, Groups } from '../../change/shape.ts'
import { formatPointer, parsePointer } from '../../json/pointer.ts'

/** What resource types declare about their documents, by the name of the type. */
export type Declarations = Readonly<Record<string, { readonly shape?: CompiledShape; readonly groups?: Groups }>>

/** The fields that a policy names: the same for every resource type, or a group that each type declares for itself. */
export type Field = readonly FieldPath[] | ReadonlyMap<string, readonly FieldPath[]>

/** One pattern of a field, cut into segments. */
export interface FieldPath {
  readonly text: string
  readonly segments: readonly string[]
  /** The pointer that every place of this field begins with. */
  readonly head: string
  /** Whether the head is all there is: one place, and no choice. */
  readonly literal: boolean
}

/** Reads a pattern or the name of a group; `undefined` for a malformed pattern. */
export function compileField(text: string, resources: Declarations): Field | undefined {
  if (!text.startsWith('@')) return pathsOf(text, {})
  const byResource = new Map<string, readonly FieldPath[]>()
  for (const [resource, { groups }] of Object.entries(resources)) {
    const paths = pathsOf(text, groups ?? {})
    if (paths) byResource.set(resource, paths)
  }
  return byResource
}

/** The patterns of a field for one resource type; `undefined` if the type declares no such group. */
export function pathsFor(field: Field, resource: string): readonly FieldPath[] | undefined {
  return isSame(field) ? field : field.get(resource)
}

/** The patterns of a field for the resource type that has most of them. */
export function longestOf(field: Field | undefined): readonly FieldPath[] {
  if (field === undefined) return []
  if (isSame(field)) return field
  return [...field.values()].reduce((longest, paths) => (paths.length > longest.length ? paths : longest), [])
}

/** Tells whether a field is the same for every resource type. */
export function isSame(field: Field): field is readonly FieldPath[] {
  return Array.isArray(field)
}

/**
 * Tells whether a place may have to do with a field: one of place and head contains the other. Never false if it
 * has.
 */
export function mayTouch({ head }: FieldPath, { path }: ChangedPlace): boolean {
  return path.length < head.length
    ? contains(path, head)
    : path.length > head.length
      ? contains(head, path)
      : path === head
}

/** Tells whether a place is the field or lies inside it. */
export function isWithin(field: FieldPath, place: ChangedPlace): boolean {
  if (!mayTouch(field, place)) return false
  return field.literal ? place.path.length >= field.head.length : followPath(field, place).depth >= 0
}

/** Tells whether a field is the whole document, whatever else it may be. */
export function isWhole({ segments }: FieldPath): boolean {
  return segments.every((segment) => segment === '**')
}

/** Tells whether a place is exactly the field. */
export function isAt(field: FieldPath, place: ChangedPlace): boolean {
  if (field.literal) return place.path === field.head
  if (!mayTouch(field, place)) return false
  const { depth, segments } = followPath(field, place)
  return depth === segments.length
}

/** How the path of a place leads through the pattern of a field. */
export interface Course {
  /** The path, in segments. */
  readonly segments: readonly string[]
  /** How many of them make the deepest place of the field around it; -1 if there is none. */
  readonly depth: number
  /** How the pattern may go on below the path; nothing if it has left the pattern. */
  readonly states: PatternPlaces
}

/** Follows the path of a place through the pattern of a field. */
export function followPath({ segments: pattern }: FieldPath, { path }: ChangedPlace): Course {
  const segments = parsePointer(path) ?? []
  let states = startOf(pattern)
  let depth = states.has(pattern.length) ? 0 : -1
  for (const [index, segment] of segments.entries()) {
    states = advance(pattern, states, segment)
    if (states.size === 0) break
    if (states.has(pattern.length)) depth = index + 1
  }
  return { segments, depth, states }
}

function contains(pointer: string, longer: string): boolean {
  return longer.charCodeAt(pointer.length) === slash && longer.startsWith(pointer)
}

const slash = '/'.charCodeAt(0)

function pathsOf(text: string, groups: Groups): readonly FieldPath[] | undefined {
  const pattern = compilePattern(text, groups)
  if (!pattern.ok) return undefined
  return pattern.value.alternatives.map((segments) => {
    const open = segments.findIndex((segment) => segment.includes('*'))
    const head = formatPointer(open < 0 ? segments : segments.slice(0, open))
    return { text: formatPointer(segments), segments, head, literal: open < 0 }
  })
}
