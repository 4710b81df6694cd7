import { type Result, refuse, success } from '../../errors/result.ts'
import { parsePointer } from '../json/pointer.ts'
import type { Groups } from './shape.ts'

/**
 * A pattern over paths of the keyed view, made ready by {@link compilePattern}.
 *
 * In its text, a segment `*` stands for any one segment and `**` for any number of them, none included; a `*` inside
 * a segment stands for any run of characters (`/rules/eu-*`). `@name` stands for the patterns of a group.
 */
export interface Pattern {
  readonly text: string
  /** The paths that it is made of, as segments; one, or those of the group. */
  readonly alternatives: readonly (readonly string[])[]
}

/**
 * Prepares a pattern for use. Refused are malformed ones, and groups that are not among these.
 *
 * @example
 * ```ts
 * const pattern = compilePattern('@metadata', { metadata: ['/description', '/owner'] })
 * ```
 *
 * @returns The pattern, or a refusal: `invalid_pattern`.
 */
export function compilePattern(text: string, groups: Groups = {}): Result<Pattern, 'invalid_pattern'> {
  const name = text.startsWith('@') ? text.slice(1) : undefined
  if (name !== undefined && !Object.hasOwn(groups, name)) {
    const known = Object.keys(groups).map((group) => `@${group}`)
    return refuse('invalid_pattern', {
      pattern: text,
      problem: `there is no such group; known are ${known.join(', ') || 'none'}`,
    })
  }
  const members = name === undefined ? [text] : (groups[name] ?? [])
  const alternatives: (readonly string[])[] = []
  for (const member of members) {
    const segments = parsePointer(member)
    if (segments === undefined)
      return refuse('invalid_pattern', { pattern: member, problem: 'a path starts with / and has ~ only as ~0 and ~1' })
    alternatives.push(segments.filter((segment, index) => segment !== '**' || segments[index - 1] !== '**'))
  }
  return success({ text, alternatives })
}

/**
 * Tells whether a pattern names exactly this path.
 *
 * @example
 * ```ts
 * const pattern = compilePattern('/rules/**')
 * if (pattern.ok) console.log(matchesPattern(pattern.value, '/rules/eu-only/rollout')) // true
 * ```
 */
export function matchesPattern(pattern: Pattern, path: string): boolean {
  const segments = parsePointer(path)
  return segments !== undefined && pattern.alternatives.some((alternative) => reachAfter(alternative, segments).end)
}

/**
 * Tells whether a change of the value at this path can change a value that the pattern names: the pattern names the
 * path itself, one above it, or one that may be below it.
 *
 * @example
 * ```ts
 * const pattern = compilePattern('/rules/**')
 * if (pattern.ok) console.log(touchesPattern(pattern.value, '/rules/eu-only')) // true
 * ```
 */
export function touchesPattern(pattern: Pattern, path: string): boolean {
  const segments = parsePointer(path)
  return segments !== undefined && pattern.alternatives.some((alternative) => touches(alternative, segments))
}

/**
 * Tells whether a pattern names a path, or one above it: then it names all that there is of that.
 *
 * @example
 * ```ts
 * const pattern = compilePattern('/rules/*')
 * if (pattern.ok) console.log(coversPath(pattern.value, '/rules/eu-only/rollout')) // true
 * ```
 */
export function coversPath(pattern: Pattern, path: string): boolean {
  const segments = parsePointer(path)
  return segments !== undefined && pattern.alternatives.some((alternative) => covers(alternative, segments))
}

function covers(alternative: readonly string[], segments: readonly string[]): boolean {
  let at = startOf(alternative)
  for (const segment of segments) {
    if (at.has(alternative.length)) return true
    at = advance(alternative, at, segment)
  }
  return at.has(alternative.length)
}

function touches(alternative: readonly string[], segments: readonly string[]): boolean {
  let at = startOf(alternative)
  for (const segment of segments) {
    if (at.has(alternative.length)) return true
    at = advance(alternative, at, segment)
  }
  return at.size > 0
}

function reachAfter(alternative: readonly string[], segments: readonly string[]): { readonly end: boolean } {
  let at = startOf(alternative)
  for (const segment of segments) at = advance(alternative, at, segment)
  return { end: at.has(alternative.length) }
}

/** Places in a pattern that a path can have led to. */
export type PatternPlaces = ReadonlySet<number>

/** The places of a pattern before the first segment of a path. */
export function startOf(alternative: readonly string[]): PatternPlaces {
  const places = new Set<number>()
  reach(alternative, 0, places)
  return places
}

/** The places of a pattern after one more segment of a path; none when the path has left it. */
export function advance(alternative: readonly string[], from: PatternPlaces, segment: string): PatternPlaces {
  const places = new Set<number>()
  for (const place of from) {
    const expected = alternative[place]
    if (expected === undefined) continue
    if (expected === '**') reach(alternative, place, places)
    else if (matchesSegment(expected, segment)) reach(alternative, place + 1, places)
  }
  return places
}

function reach(alternative: readonly string[], place: number, places: Set<number>): void {
  places.add(place)
  if (alternative[place] === '**') reach(alternative, place + 1, places)
}

function matchesSegment(expected: string, segment: string): boolean {
  if (expected === '*') return true
  if (!expected.includes('*')) return expected === segment
  const pieces = expected.split('*')
  const first = pieces[0] as string
  const last = pieces.at(-1) as string
  if (segment.length < first.length + last.length || !segment.startsWith(first) || !segment.endsWith(last)) return false
  let at = first.length
  const end = segment.length - last.length
  for (const piece of pieces.slice(1, -1)) {
    const found = segment.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}
