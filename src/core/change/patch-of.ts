import { canonical } from '../json/canonical.ts'
import { equal, isArray, isObject } from '../json/equal.ts'
import type { JsonArray, JsonObject, JsonValue } from '../json/json.ts'
import { defaultPatchLimits } from '../json/limits.ts'
import { formatPointer, refusedSegments } from '../json/pointer.ts'
import { type Edit, edits } from './align.ts'
import { itemNames } from './keyed-view.ts'
import type { PatchOperation } from './patch-steps.ts'
import { type CompiledShape, childNode, type ShapeNode } from './shape.ts'

/**
 * Writes the JSON Patch (RFC 6902) that makes exactly `after` out of `before`, both admitted. Its paths are those of
 * the plain document.
 *
 * Items of keyed lists, sets and `list()`s are paired by identity, so that an insertion is one operation. If many
 * operations would say less than the value itself, the list, or the document, is replaced as one.
 *
 * @example
 * ```ts
 * const patch = patchOf({ tags: ['a'] }, { tags: ['a', 'b'] }, compileShape({ '/tags': set() }))
 * ```
 */
export function patchOf(before: JsonValue, after: JsonValue, shape: CompiledShape): readonly PatchOperation[] {
  const writing: Writing = { path: [], operations: [] }
  write(before, after, shape.root, writing)
  const { operations } = writing
  return operations.length > defaultPatchLimits.operations ? [{ op: 'replace', path: '', value: after }] : operations
}

interface Writing {
  readonly path: (string | number)[]
  readonly operations: PatchOperation[]
}

function write(before: JsonValue, after: JsonValue, node: ShapeNode, writing: Writing): void {
  if (before === after) return
  if (isArray(before) && isArray(after)) writeList(before, after, node, writing)
  else if (isObject(before) && isObject(after)) writeObject(before, after, node, writing)
  else emit('replace', after, writing)
}

function emit(op: 'add' | 'replace', value: JsonValue, { path, operations }: Writing): void {
  operations.push({ op, path: formatPointer(path), value })
}

function emitAt(op: 'add' | 'replace' | 'remove', segment: string | number, value: JsonValue, writing: Writing): void {
  writing.path.push(segment)
  if (op === 'remove') writing.operations.push({ op, path: formatPointer(writing.path) })
  else emit(op, value, writing)
  writing.path.pop()
}

function writeObject(before: JsonObject, after: JsonObject, node: ShapeNode, writing: Writing): void {
  if (changesRefusedKey(before, after)) {
    emit('replace', after, writing)
    return
  }
  for (const key of Object.keys(before)) {
    if (Object.hasOwn(after, key)) writeBelow(key, before[key], after[key], childNode(node, key), writing)
    else emitAt('remove', key, null, writing)
  }
  for (const key of Object.keys(after)) {
    if (!Object.hasOwn(before, key)) emitAt('add', key, after[key] as JsonValue, writing)
  }
}

function writeBelow(
  segment: string | number,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  node: ShapeNode,
  writing: Writing,
): void {
  if (before === after || before === undefined || after === undefined) return
  writing.path.push(segment)
  write(before, after, node, writing)
  writing.path.pop()
}

/** Patches may not lead over some names, which documents may have: what is changed there is said one level higher. */
function changesRefusedKey(before: JsonObject, after: JsonObject): boolean {
  for (const key of refusedSegments) {
    const [old, next] = [ownValue(before, key), ownValue(after, key)]
    if (old === next) continue
    if (old === undefined || next === undefined || !equal(old, next)) return true
  }
  return false
}

function ownValue(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function writeList(before: JsonArray, after: JsonArray, node: ShapeNode, writing: Writing): void {
  const texts = textsOf(before, after, node)
  if (texts === undefined) {
    if (!equal(before, after)) emit('replace', after, writing)
    return
  }
  const found = edits(texts.before, texts.after)
  const operations = found.reduce((sum, { from, to, start, end }) => sum + Math.max(to - from, end - start), 0)
  if (operations > after.length) {
    emit('replace', after, writing)
    return
  }
  let [old, next] = [0, 0]
  const keep = (upTo: number) => {
    for (; old < upTo; old++, next++)
      writeBelow(next, before[old], after[next], childNode(node, texts.after[next] ?? ''), writing)
  }
  for (const edit of found) {
    keep(edit.from)
    writeEdit(edit, after, writing)
    old = edit.to
    next = edit.end
  }
  keep(before.length)
}

/** The texts by which the items of two lists are paired; `undefined` if they are compared as one value. */
function textsOf(before: JsonArray, after: JsonArray, { kind }: ShapeNode) {
  if (kind.kind === 'atomic') return undefined
  if (kind.kind === 'list') return { before: before.map(canonical), after: after.map(canonical) }
  const [old, next] = [itemNames(before, kind), itemNames(after, kind)]
  return old.ok && next.ok ? { before: old.names, after: next.names } : undefined
}

/** Writes an edit when everything before it in the list is as it shall be. */
function writeEdit({ from, to, start, end }: Edit, after: JsonArray, writing: Writing): void {
  const replaced = start + Math.min(to - from, end - start)
  for (let i = start; i < replaced; i++) emitAt('replace', i, after[i] as JsonValue, writing)
  for (let i = replaced - start; i < to - from; i++) emitAt('remove', replaced, null, writing)
  for (let i = replaced; i < end; i++) emitAt('add', i, after[i] as JsonValue, writing)
}
