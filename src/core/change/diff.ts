import { type Result, refuse, success } from '../../errors/result.ts'
import { canonical } from '../json/canonical.ts'
import { equal, isArray } from '../json/equal.ts'
import type { JsonArray, JsonObject, JsonValue } from '../json/json.ts'
import { formatPointer } from '../json/pointer.ts'
import { edits } from './align.ts'
import type { ChangedPlace } from './changed-place.ts'
import { findShapeProblem, type ShapeProblem } from './check-shape.ts'
import { haveNames, type ItemNames, itemNames, numbering, readNames } from './keyed-view.ts'
import { type CompiledShape, childNode, type ShapeNode } from './shape.ts'

/**
 * Lists the places in which two admitted documents differ, over the keyed view. `undefined` is the document that does
 * not exist.
 *
 * Nothing is hidden: the list is empty only if both are the same but for the order of keys and of sets, and
 * `before` with the places makes `after`. Subtrees that both share by reference are not looked at. Refused is a next
 * document that breaks its shape where it differs; a list that only the document before breaks is compared as one
 * value, so that it can be mended.
 *
 * @example
 * ```ts
 * const places = diff({ rollout: 40 }, { rollout: 80 }, compileShape({}))
 * if (places.ok) console.log(places.value) // one place: /rollout, from 40 to 80
 * ```
 *
 * @returns The places, or a refusal: `invalid_shape`.
 */
export function diff(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  shape: CompiledShape,
): Result<readonly ChangedPlace[], 'invalid_shape'> {
  const search: Search = { places: [], path: [], problem: undefined }
  compareMaybe(before, after, shape.root, search)
  return search.problem === undefined ? success(search.places) : refuse('invalid_shape', search.problem)
}

interface Search {
  readonly places: ChangedPlace[]
  /** A number is the place of an item of a `byPlace()` list. */
  readonly path: (string | number)[]
  problem: ShapeProblem | undefined
}

function compareMaybe(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  node: ShapeNode,
  search: Search,
): void {
  if (before === undefined) {
    if (after !== undefined) foundAdded(after, node, search)
  } else if (after === undefined) foundRemoved(before, search)
  else compare(before, after, node, search)
}

function compare(before: JsonValue, after: JsonValue, node: ShapeNode, search: Search): void {
  if (before === after) return
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) {
    foundChanged(before, after, node, search)
  } else if (isArray(before)) {
    if (isArray(after)) compareLists(before, after, node, search)
    else foundChanged(before, after, node, search)
  } else if (isArray(after)) foundChanged(before, after, node, search)
  else compareObjects(before, after, node, search)
}

/** Mostly both sides have the same keys in the same order: then no key has to be looked for. */
function compareObjects(before: JsonObject, after: JsonObject, node: ShapeNode, search: Search): void {
  const next = Object.keys(after)
  let common = 0
  for (const key in before) {
    if (key !== next[common]) {
      compareOtherKeys(before, after, common, node, search)
      return
    }
    common++
    if (before[key] !== after[key]) compareBelow(before[key], after[key], node, key, search)
  }
  if (common < next.length) compareOtherKeys(before, after, common, node, search)
}

/** Compares all members but the first ones, whose keys are the same on both sides. */
function compareOtherKeys(
  before: JsonObject,
  after: JsonObject,
  common: number,
  node: ShapeNode,
  search: Search,
): void {
  for (const key of Object.keys(before).slice(common)) {
    compareBelow(before[key], Object.hasOwn(after, key) ? after[key] : undefined, node, key, search)
  }
  for (const key of Object.keys(after).slice(common)) {
    if (!Object.hasOwn(before, key)) compareBelow(undefined, after[key], node, key, search)
  }
}

function compareBelow(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  node: ShapeNode,
  segment: string | number,
  search: Search,
): void {
  search.path.push(segment)
  compareMaybe(before, after, childNode(node, String(segment)), search)
  search.path.pop()
}

function compareLists(before: JsonArray, after: JsonArray, node: ShapeNode, search: Search): void {
  switch (node.kind.kind) {
    case 'atomic':
      if (!equal(before, after)) foundChanged(before, after, node, search)
      return
    case 'list':
      compareInOrder(before, after, search)
      return
    case 'place':
      for (let place = 0; place < Math.max(before.length, after.length); place++) {
        compareBelow(before[place], after[place], node, place, search)
      }
      return
    case 'keyed':
    case 'set':
      compareNamed(before, after, node, search)
      return
  }
}

function compareNamed(before: JsonArray, after: JsonArray, node: ShapeNode, search: Search): void {
  const next = itemNames(after, node.kind)
  if (next.ok && haveNames(before, next.names, node.kind)) {
    for (let i = 0; i < before.length; i++) {
      if (before[i] !== after[i]) compareBelow(before[i], after[i], node, next.names[i] as string, search)
    }
    return
  }
  const old = readNames(before, node.kind)
  const places = old.ok && next.ok ? numbering(next.names)(old.names) : undefined
  if (old.ok && next.ok && places !== undefined) {
    comparePaired({ items: before, names: old.names, places }, { items: after, names: next.names }, node, search)
  } else if (!equal(before, after)) compareBroken(before, after, next, node, search)
}

/** Items of a list with their names. */
interface NamedItems {
  readonly items: JsonArray
  readonly names: readonly string[]
}

/**
 * `places` says where the items of the list before are in the next one; those that are gone have places behind its
 * end.
 */
function comparePaired(
  before: NamedItems & { readonly places: readonly number[] },
  after: NamedItems,
  node: ShapeNode,
  search: Search,
): void {
  const kept: boolean[] = []
  let last = -1
  let moved = false
  for (let i = 0; i < before.items.length; i++) {
    const place = before.places[i] as number
    const next = after.items[place]
    if (before.items[i] !== next) compareBelow(before.items[i], next, node, before.names[i] as string, search)
    if (next === undefined) continue
    kept[place] = true
    moved ||= place < last
    last = place
  }
  for (let i = 0; i < after.items.length; i++) if (!kept[i]) foundNew(after, i, node, search)
  if (moved && node.kind.kind === 'keyed') {
    search.places.push({ type: 'moved', ...whereIs(search), before: before.names, after: after.names })
  }
}

function foundNew({ items, names }: NamedItems, position: number, node: ShapeNode, search: Search): void {
  const name = names[position] as string
  search.path.push(name)
  foundAdded(
    items[position] as JsonValue,
    childNode(node, name),
    search,
    node.kind.kind === 'keyed' ? { position } : {},
  )
  search.path.pop()
}

function compareBroken(before: JsonArray, after: JsonArray, next: ItemNames, node: ShapeNode, search: Search): void {
  if (next.ok) foundChanged(before, after, node, search)
  else search.problem ??= { path: formatPointer([...search.path, next.item]), problem: next.problem }
}

function compareInOrder(before: JsonArray, after: JsonArray, search: Search): void {
  const { places } = search
  const { path: list, ...where } = whereIs(search)
  for (const { from, to, start, end } of edits(before.map(canonical), after.map(canonical))) {
    const common = Math.min(to - from, end - start)
    for (let i = 0; i < common; i++) {
      const [old, next] = [before[from + i] as JsonValue, after[start + i] as JsonValue]
      places.push({ type: 'changed', path: `${list}/${start + i}`, ...where, before: old, after: next })
    }
    for (let i = from + common; i < to; i++) {
      places.push({ type: 'removed', path: `${list}/${i}`, ...where, before: before[i] as JsonValue })
    }
    for (let i = start + common; i < end; i++) {
      places.push({ type: 'added', path: `${list}/${i}`, ...where, after: after[i] as JsonValue })
    }
  }
}

function foundAdded(
  after: JsonValue,
  node: ShapeNode,
  search: Search,
  where: { readonly position?: number } = {},
): void {
  search.places.push({ type: 'added', ...whereIs(search), after, ...where })
  search.problem ??= findShapeProblem(after, node, search.path.map(String))
}

function foundRemoved(before: JsonValue, search: Search): void {
  search.places.push({ type: 'removed', ...whereIs(search), before })
}

function foundChanged(before: JsonValue, after: JsonValue, node: ShapeNode, search: Search): void {
  search.places.push({ type: 'changed', ...whereIs(search), before, after })
  search.problem ??= findShapeProblem(after, node, search.path.map(String))
}

/** Where the search has come to, and which segments of the path are places. */
function whereIs({ path }: Search): { readonly path: string; readonly byPlace?: readonly number[] } {
  const byPlace = path.flatMap((segment, depth) => (typeof segment === 'number' ? depth : []))
  return { path: formatPointer(path), ...(byPlace.length > 0 ? { byPlace } : {}) }
}
