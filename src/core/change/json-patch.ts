import fastJsonPatch from 'fast-json-patch'
import { type Result, refuse, success } from '../../errors/result.ts'
import { equal, isArray } from '../json/equal.ts'
import type { JsonArray, JsonObject, JsonValue } from '../json/json.ts'
import { defaultPatchLimits, type PatchLimits } from '../json/limits.ts'
import { arrayIndex, escapeSegment, formatPointer } from '../json/pointer.ts'
import { type PatchStep, readPatch } from './patch-steps.ts'
import { type Handling, takeIn } from './take-in.ts'
import { countNodes, type SizeTally, startTally } from './tally.ts'

/**
 * Applies a JSON Patch (RFC 6902) from outside to an admitted document. All operations are done, or none.
 *
 * The document stays as it is: containers on the way to a change are copied, once, and everything else is shared.
 * Paths lead over own properties only, in the one spelling of RFC 6901; the segments `__proto__`, `constructor` and
 * `prototype` are refused, and so is the removal of the whole document.
 *
 * @example
 * ```ts
 * const patch = [{ op: 'replace', path: '/rollout', value: 80 }]
 * const next = applyPatch({ rollout: 40 }, patch)
 * ```
 *
 * @returns The next document, or a refusal: `invalid_patch`.
 */
export function applyPatch(
  document: JsonValue,
  patch: unknown,
  limits: PatchLimits = defaultPatchLimits,
): Result<JsonValue, 'invalid_patch'> {
  const tally = startTally({ ...limits, nodes: limits.work })
  const steps = readPatch(patch, tally, limits)
  if (!steps.ok) return steps
  const workshop: Workshop = { root: document, owned: new Set(), tally }
  for (let operation = 0; operation < steps.value.length; operation++) {
    const step = steps.value[operation] as PatchStep
    const problem = perform(step, workshop)
    if (problem !== undefined) return refuse('invalid_patch', { operation, path: formatPointer(step.path), problem })
  }
  disown(workshop)
  return success(workshop.root)
}

const { applyOperation } = fastJsonPatch

/** An array or object that was made here. */
type Container = JsonValue[] | Members
type Members = { [key: string]: JsonValue }

/** The document while it is being changed. */
interface Workshop {
  root: JsonValue
  /**
   * The containers that were made here and stand in the document once: they may be written to. What holds one of them
   * is one of them.
   */
  readonly owned: Set<JsonArray | JsonObject>
  /** What the patch put into the document so far, and what had to be copied for that. */
  readonly tally: SizeTally
}

/** Does one operation; a text is why it cannot be done. */
function perform(step: PatchStep, workshop: Workshop): string | undefined {
  switch (step.op) {
    case 'add':
    case 'replace':
      return tooDeep(step.path, step.depth, workshop) ?? write(step.op, step.path, step.value, workshop)
    case 'remove':
      return remove(step.path, workshop)
    case 'move':
      return move(step.from, step.path, workshop)
    case 'copy':
      return copy(step.from, step.path, workshop)
    case 'test':
      return test(step.path, step.value, workshop)
  }
}

const absent = 'there is no such value'

function write(
  op: 'add' | 'replace',
  path: readonly string[],
  value: JsonValue,
  workshop: Workshop,
): string | undefined {
  const key = path.at(-1)
  if (key === undefined) {
    workshop.root = value
    return undefined
  }
  const parent = ownParent(path, workshop)
  if (typeof parent === 'string') return parent
  const problem = op === 'add' ? noPlace(parent, key) : child(parent, key) === undefined ? absent : undefined
  if (problem !== undefined) return problem
  applyOperation(parent, { op, path: `/${escapeSegment(key)}`, value })
  return undefined
}

function noPlace(parent: Container, key: string): string | undefined {
  if (!Array.isArray(parent) || key === '-') return undefined
  const index = arrayIndex(key)
  const fits = index !== undefined && index <= parent.length
  return fits ? undefined : `${key} is no place in an array of ${parent.length}`
}

function remove(path: readonly string[], workshop: Workshop): string | undefined {
  const key = path.at(-1)
  if (key === undefined) return 'a patch cannot remove the whole document'
  const parent = ownParent(path, workshop)
  if (typeof parent === 'string') return parent
  if (child(parent, key) === undefined) return absent
  applyOperation(parent, { op: 'remove', path: `/${escapeSegment(key)}` })
  return undefined
}

function move(from: readonly string[], path: readonly string[], workshop: Workshop): string | undefined {
  const value = find(from, workshop.root)
  if (value === undefined) return `${absent} to move`
  const inside = from.every((segment, i) => path[i] === segment)
  if (inside) return from.length === path.length ? undefined : 'a value cannot move into itself'
  return charge(value, path, workshop) ?? remove(from, workshop) ?? write('add', path, value, workshop)
}

function copy(from: readonly string[], path: readonly string[], workshop: Workshop): string | undefined {
  const value = find(from, workshop.root)
  if (value === undefined) return `${absent} to copy`
  disown(workshop)
  return charge(value, path, workshop) ?? write('add', path, value, workshop)
}

function test(path: readonly string[], expected: JsonValue, workshop: Workshop): string | undefined {
  const value = find(path, workshop.root)
  if (value === undefined) return absent
  return equal(value, expected) ? undefined : 'the value is not the tested one'
}

const keeps = (): Handling => 'keep'

/** Counts a value of the document that goes to another place, before it does. */
function charge(value: JsonValue, path: readonly string[], workshop: Workshop): string | undefined {
  const { tally } = workshop
  tally.depth = 0
  const taken = takeIn(value, tally, keeps)
  return taken.ok ? tooDeep(path, tally.depth, workshop) : taken.problem
}

function tooDeep(path: readonly string[], depth: number, { tally }: Workshop): string | undefined {
  const most = tally.limits.depth
  return path.length + depth > most ? `the document would be nested deeper than ${most} levels` : undefined
}

function find(path: readonly string[], root: JsonValue): JsonValue | undefined {
  let at: JsonValue | undefined = root
  for (const segment of path) {
    at = child(at, segment)
    if (at === undefined) return undefined
  }
  return at
}

function child(parent: JsonValue, segment: string): JsonValue | undefined {
  if (typeof parent !== 'object' || parent === null) return undefined
  if (!isArray(parent)) return Object.hasOwn(parent, segment) ? (parent as JsonObject)[segment] : undefined
  const index = arrayIndex(segment)
  return index === undefined ? undefined : parent[index]
}

function put(parent: Container, key: string, value: JsonValue): void {
  if (Array.isArray(parent)) parent[Number(key)] = value
  else parent[key] = value
}

/** Makes everything on the way to the parent of a path writable, and answers that parent. */
function ownParent(path: readonly string[], workshop: Workshop): Container | string {
  let parent = own(workshop.root, workshop)
  if (typeof parent === 'string') return parent
  workshop.root = parent
  for (let i = 0; i < path.length - 1; i++) {
    const key = path[i] as string
    const next = child(parent, key)
    if (next === undefined) return absent
    const container = own(next, workshop)
    if (typeof container === 'string') return container
    if (container !== next) put(parent, key, container)
    parent = container
  }
  return parent
}

function own(value: JsonValue, workshop: Workshop): Container | string {
  if (typeof value !== 'object' || value === null) return 'the path leads into a scalar'
  if (workshop.owned.has(value)) return value as Container
  const problem = countNodes(isArray(value) ? value.length : Object.keys(value).length, workshop.tally)
  if (problem !== undefined) return problem
  const container = isArray(value) ? [...value] : { ...value }
  workshop.owned.add(container)
  return container
}

/** Freezes everything that was made here: from now on it may stand in the document twice. */
function disown({ owned }: Workshop): void {
  for (const container of owned) Object.freeze(container)
  owned.clear()
}
