import { canonical } from '../json/canonical.ts'
import { isArray, isObject } from '../json/equal.ts'
import { hiddenIn, showHidden } from '../json/hidden-characters.ts'
import type { JsonValue } from '../json/json.ts'
import { formatPointer, parsePointer } from '../json/pointer.ts'
import { align } from './align.ts'
import type { ChangedPlace } from './changed-place.ts'
import { type CompiledLabels, compileLabels, type Labels, labelAt } from './labels.ts'

/**
 * Says to people what changed, one line a place: `rollout: 40 % → 80 %`. A document that is new has a line for each of
 * its members, up to 200 of them.
 *
 * The lines can be printed anywhere: characters that cannot be seen, or change how the rest is read, are written as
 * `\u{202e}` and pointed out at the end of the line, and so are names that mix scripts. Long values are cut, and say
 * so.
 *
 * @example
 * ```ts
 * const places = [{ type: 'changed', path: '/rollout', before: 40, after: 80 }] as const
 * describe(places, { '/rollout': { unit: '%' } }) // [ 'rollout: 40 % → 80 %' ]
 * ```
 *
 * @throws TypeError for a label that makes no sense: a mistake of the programmer.
 */
export function describe(places: readonly ChangedPlace[], labels: Labels = {}): readonly string[] {
  const compiled = compileLabels(labels)
  return places.flatMap((place) => linesOf(place, compiled))
}

/** A new document has at most so many lines of its own; one more says how many members have none. */
const mostMembers = 200

function linesOf(place: ChangedPlace, labels: CompiledLabels): readonly string[] {
  if (place.type !== 'added' || place.path !== '' || !isObject(place.after)) return [lineOf(place, labels)]
  const members = Object.entries(place.after)
  if (members.length === 0) return [lineOf(place, labels)]
  const lines = members
    .slice(0, mostMembers)
    .map(([name, after]) => lineOf({ type: 'added', path: formatPointer([name]), after }, labels))
  const left = members.length - lines.length
  return left === 0 ? lines : [...lines, `document: added ${left} more`]
}

function lineOf(place: ChangedPlace, labels: CompiledLabels): string {
  const segments = parsePointer(place.path) ?? [place.path]
  const names = segments.map((segment, i) => {
    const label = labels.length === 0 ? undefined : labelAt(formatPointer(segments.slice(0, i + 1)), labels)?.name
    if (!place.byPlace?.includes(i)) return label ?? segment
    return label === undefined ? itemInWords(segment) : `${label} (${itemInWords(segment)})`
  })
  const unit = labelAt(place.path, labels)?.unit
  const notes = [...segments.flatMap((segment) => hiddenIn(segment, { name: true })), ...notesOn(place)]
  const line = `${names.map(showHidden).join(' › ') || 'document'}: ${whatOf(place, unit)}`
  return notes.length === 0 ? line : `${line} [look out: ${[...new Set(notes)].join(', ')}]`
}

/** Names an item that is known by its place alone, as people count. */
export function itemInWords(place: string): string {
  return `item ${Number(place) + 1}`
}

/** Says what a reader would not see in the values of a place. */
function notesOn(place: ChangedPlace): readonly string[] {
  const name = place.type === 'moved'
  const before = 'before' in place ? notesIn(place.before, name) : []
  return 'after' in place ? [...before, ...notesIn(place.after, name)] : before
}

/** Keys of objects are names; `name` says whether texts are names too. */
function notesIn(value: JsonValue, name: boolean): readonly string[] {
  if (typeof value === 'string') return hiddenIn(value, { name })
  if (isArray(value)) return value.flatMap((item) => notesIn(item, name))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, child]) => [...hiddenIn(key, { name: true }), ...notesIn(child, name)])
}

function whatOf(place: ChangedPlace, unit: string | undefined): string {
  switch (place.type) {
    case 'added':
      return `added${place.position === undefined ? '' : ` as no. ${place.position + 1}`} ${show(place.after, unit)}`
    case 'removed':
      return `removed ${show(place.before, unit)}`
    case 'changed':
      return `${show(place.before, unit)} → ${show(place.after, unit)}`
    case 'moved':
      return `moved ${showMoves(place.before, place.after)}`
  }
}

/** Values are cut behind so many characters, and orders behind so many moves. */
const longest = 200
const mostMoves = 10

function show(value: JsonValue, unit: string | undefined): string {
  const text = canonical(value)
  if (text.length > longest) {
    const start = [...text.slice(0, 2 * longest)].slice(0, longest).join('')
    return `${showHidden(start)}… (${text.length} characters)`
  }
  return unit !== undefined && typeof value === 'number' ? `${text} ${unit}` : showHidden(text)
}

/**
 * Names as few items as possible whose moves make the one order out of the other, with their places before and after.
 */
function showMoves(before: readonly string[], after: readonly string[]): string {
  const there = new Set(before)
  const here = new Set(after)
  const pairs = align(
    before.filter((name) => here.has(name)),
    after.filter((name) => there.has(name)),
  )
  const common = after.filter((name) => there.has(name))
  const moved = common.filter((_, i) => (pairs[i] as number) < 0)
  const shown = moved.slice(0, mostMoves).map((name) => {
    return `${showHidden(name)} (no. ${before.indexOf(name) + 1} → ${after.indexOf(name) + 1})`
  })
  return moved.length > mostMoves ? `${shown.join(', ')} and ${moved.length - mostMoves} more` : shown.join(', ')
}
