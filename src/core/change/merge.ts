import { type Result, refuse, success } from '../../errors/result.ts'
import { equal, isArray, isObject } from '../json/equal.ts'
import type { JsonArray, JsonObject, JsonValue } from '../json/json.ts'
import { formatPointer } from '../json/pointer.ts'
import { answerResult, collide, type Merging, refuseAnswer } from './collide.ts'
import type { Conflict, ConflictType, Resolution, Sides } from './conflict.ts'
import { diff } from './diff.ts'
import { haveNames, itemKey, itemNames, numbering, readNames } from './keyed-view.ts'
import { mergeInOrder } from './merge-list.ts'
import { mergeOrders, type Numbered, type NumberedSides } from './merge-orders.ts'
import { type CompiledShape, childNode, type ShapeNode } from './shape.ts'

/** What became of two sides. */
export interface Merge {
  /** The merged document; `undefined` if it is removed. At a conflict that nothing answers it has the live value. */
  readonly value: JsonValue | undefined
  /** The conflicts that no resolution answers. The value is only good without any. */
  readonly conflicts: readonly Conflict[]
  /** Resolutions that answer no conflict of this merge: it moved on, or is gone. */
  readonly unused: readonly Resolution[]
}

/**
 * Merges what two sides made of a document, over the keyed view. Nothing that it is given changes; what stays is
 * shared.
 *
 * A place that one side changed takes its value; a place that both changed differently is a conflict. Items that one
 * side inserted stand beside the neighbours that they have there. Lists that break their shape are merged as one
 * value. Refused are resolutions that a conflict does not offer. `about` is what is merged, if several things are: it
 * is part of what the digests of conflicts stand for.
 *
 * @example
 * ```ts
 * const base = { enabled: true, rollout: 40 }
 * const sides = { base, live: { ...base, enabled: false }, draft: { ...base, rollout: 80 } }
 * const merged = merge(sides, compileShape({}))
 * if (merged.ok) console.log(merged.value.value, merged.value.conflicts)
 * ```
 *
 * @returns The merge with its conflicts, or a refusal if an answer does not fit: `invalid_resolution`.
 */
export function merge(
  sides: Sides,
  shape: CompiledShape,
  resolutions: readonly Resolution[] = [],
  about?: JsonValue,
): Result<Merge, 'invalid_resolution'> {
  const merging: Merging = {
    path: [],
    conflicts: [],
    answers: new Map(resolutions.map((resolution) => [resolution.conflict, resolution])),
    used: new Set(),
    about,
    problem: undefined,
  }
  let value = mergeAt(sides.base, sides.live, sides.draft, shape.root, merging)
  if (merging.conflicts.length === 0 && merging.used.size < resolutions.length)
    value = answerResult(sides, value, merging)
  if (merging.problem !== undefined) return refuse('invalid_resolution', merging.problem)
  const unused = resolutions.filter(({ conflict }) => !merging.used.has(conflict))
  return success({ value, conflicts: merging.conflicts, unused })
}

type Maybe = JsonValue | undefined

function mergeAt(base: Maybe, live: Maybe, draft: Maybe, node: ShapeNode, merging: Merging): Maybe {
  if (live === draft || base === draft) return live
  if (base === live) return draft
  if (isObject(base) && isObject(live) && isObject(draft)) return mergeObjects(base, live, draft, node, merging)
  if (isArray(base) && isArray(live) && isArray(draft)) return mergeLists(base, live, draft, node, merging)
  return mergeWhole(base, live, draft, node, merging)
}

function mergeWhole(base: Maybe, live: Maybe, draft: Maybe, node: ShapeNode, merging: Merging): Maybe {
  if (same(live, draft, node) || same(base, draft, node)) return live
  if (same(base, live, node)) return draft
  return collide(typeOfConflict(live, draft), { base, live, draft }, merging)
}

/** Tells whether two values are the same in the keyed view, in which the order of sets does not count. */
function same(a: Maybe, b: Maybe, node: ShapeNode): boolean {
  if (a === undefined || b === undefined) return a === b
  if (!node.declares) return equal(a, b)
  const places = diff(a, b, { root: node })
  return places.ok && places.value.length === 0
}

function typeOfConflict(live: Maybe, draft: Maybe): ConflictType {
  if (live === undefined || draft === undefined) return 'removed_and_changed'
  if (live === null || draft === null) return 'both_changed'
  return typeof live === typeof draft && isArray(live) === isArray(draft) ? 'both_changed' : 'incompatible_type'
}

/** Mostly all sides have the same keys in the same order: then no key has to be looked for. */
function mergeObjects(
  base: JsonObject,
  live: JsonObject,
  draft: JsonObject,
  node: ShapeNode,
  merging: Merging,
): JsonObject {
  const [old, others] = [Object.keys(base), Object.keys(draft)]
  let merged: Members | undefined
  let common = 0
  for (const key in live) {
    if (key !== old[common] || key !== others[common]) break
    common++
    if (live[key] === draft[key] || base[key] === draft[key]) continue
    const value = mergeBelow(base[key], live[key], draft[key], node, key, merging)
    if (value !== live[key]) merged = put(merged ?? { ...live }, key, value)
  }
  if (common < old.length || common < others.length)
    merged = mergeOtherKeys({ base, live, draft }, merged, common, node, merging)
  return merged === undefined ? live : Object.freeze(merged)
}

type Members = { [key: string]: JsonValue }

/** Merges all members but the first ones, whose keys are the same on all sides. */
function mergeOtherKeys(
  { base, live, draft }: Readonly<Record<'base' | 'live' | 'draft', JsonObject>>,
  merged: Members | undefined,
  common: number,
  node: ShapeNode,
  merging: Merging,
): Members | undefined {
  let result = merged
  for (const key of Object.keys(live).slice(common)) {
    const value = mergeBelow(own(base, key), live[key], own(draft, key), node, key, merging)
    if (value !== live[key]) result = put(result ?? { ...live }, key, value)
  }
  for (const key of Object.keys(draft).slice(common)) {
    if (Object.hasOwn(live, key)) continue
    const value = mergeBelow(own(base, key), undefined, draft[key], node, key, merging)
    if (value !== undefined) result = put(result ?? { ...live }, key, value)
  }
  return result
}

function put(members: Members, key: string, value: Maybe): Members {
  if (value === undefined) delete members[key]
  else members[key] = value
  return members
}

function own(object: JsonObject, key: string): Maybe {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function mergeBelow(base: Maybe, live: Maybe, draft: Maybe, node: ShapeNode, key: string, merging: Merging): Maybe {
  merging.path.push(key)
  const value = mergeAt(base, live, draft, childNode(node, key), merging)
  merging.path.pop()
  return value
}

function mergeLists(base: JsonArray, live: JsonArray, draft: JsonArray, node: ShapeNode, merging: Merging): Maybe {
  switch (node.kind.kind) {
    case 'atomic':
    case 'place':
      return mergeWhole(base, live, draft, node, merging)
    case 'list':
      return mergeInOrder(base, live, draft, merging)
    case 'keyed':
    case 'set':
      return mergeNamed(base, live, draft, node, merging)
  }
}

function mergeNamed(base: JsonArray, live: JsonArray, draft: JsonArray, node: ShapeNode, merging: Merging): Maybe {
  const ours = itemNames(live, node.kind)
  if (ours.ok && haveNames(base, ours.names, node.kind) && haveNames(draft, ours.names, node.kind)) {
    return mergeInPlace({ base, live, draft }, ours.names, node, merging)
  }
  const old = readNames(base, node.kind)
  const theirs = readNames(draft, node.kind)
  if (!old.ok || !ours.ok || !theirs.ok) return mergeWhole(base, live, draft, node, merging)
  const number = numbering(ours.names)
  const numbers = { base: number(old.names), live: number(ours.names), draft: number(theirs.names) }
  if (!numbers.base || !numbers.live || !numbers.draft) return mergeWhole(base, live, draft, node, merging)
  const sides = {
    base: { items: base, names: old.names, numbers: numbers.base },
    live: { items: live, names: ours.names, numbers: numbers.live },
    draft: { items: draft, names: theirs.names, numbers: numbers.draft },
  }
  return mergePaired(sides, node, merging)
}

/** Merges lists that have the same names in the same order on all sides. */
function mergeInPlace(
  { base, live, draft }: Lists,
  names: readonly string[],
  node: ShapeNode,
  merging: Merging,
): JsonArray {
  let merged: JsonValue[] | undefined
  for (let i = 0; i < names.length; i++) {
    if (live[i] === draft[i] || base[i] === draft[i]) continue
    const value = mergeItem(base[i], live[i], draft[i], node, names[i] as string, merging)
    if (value === live[i] || value === undefined) continue
    merged ??= [...live]
    merged[i] = value
  }
  return merged === undefined ? live : Object.freeze(merged)
}

type Lists = Readonly<Record<'base' | 'live' | 'draft', JsonArray>>

function mergePaired(sides: NumberedSides, node: ShapeNode, merging: Merging): JsonArray {
  const { live, draft } = sides
  const [inBase, inDraft] = [byNumber(sides.base), byNumber(draft)]
  const merged: Maybe[] = []
  for (let i = 0; i < live.items.length; i++) {
    merged.push(mergeItem(inBase[i], live.items[i], inDraft[i], node, live.names[i] as string, merging))
  }
  for (let i = 0; i < draft.items.length; i++) {
    const number = draft.numbers[i] as number
    if (number < live.items.length) continue
    merged[number] = mergeItem(inBase[number], undefined, draft.items[i], node, draft.names[i] as string, merging)
  }
  const isThere = (number: number) => merged[number] !== undefined
  const orders = {
    live: live.numbers.filter(isThere),
    draft: draft.numbers.filter(isThere),
    liveCommon: live.numbers.filter((number) => isThere(number) && inDraft[number] !== undefined),
  }
  const numbers = mergeOrders(sides, orders, node, merging)
  return Object.freeze(numbers.map((number) => merged[number] as JsonValue))
}

function byNumber({ items, numbers }: Numbered): readonly Maybe[] {
  const found: Maybe[] = []
  for (let i = 0; i < items.length; i++) found[numbers[i] as number] = items[i]
  return found
}

function mergeItem(base: Maybe, live: Maybe, draft: Maybe, node: ShapeNode, name: string, merging: Merging): Maybe {
  const value = mergeBelow(base, live, draft, node, name, merging)
  if (value !== undefined && merging.answers.size > 0) checkKey(value, name, node, merging)
  return value
}

function checkKey(item: JsonValue, name: string, { kind }: ShapeNode, merging: Merging): void {
  if (kind.kind !== 'keyed' || itemKey(item, kind.field) === name) return
  refuseAnswer(`value:${formatPointer([...merging.path, name])}`, 'the item has to keep its key', merging)
}
