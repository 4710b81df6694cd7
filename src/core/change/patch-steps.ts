import { type Result, refuse, success } from '../../errors/result.ts'
import type { JsonValue } from '../json/json.ts'
import type { PatchLimits } from '../json/limits.ts'
import { parsePointer, refusedSegments } from '../json/pointer.ts'
import { admitAs, copies } from './admit.ts'
import type { SizeTally } from './tally.ts'

/** One operation of a JSON Patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string }

/** An operation that was read and found well-formed. */
export type PatchStep =
  /** `depth`: containers inside each other in the value. */
  | {
      readonly op: 'add' | 'replace' | 'test'
      readonly path: readonly string[]
      readonly value: JsonValue
      readonly depth: number
    }
  | { readonly op: 'remove'; readonly path: readonly string[] }
  | { readonly op: 'move' | 'copy'; readonly path: readonly string[]; readonly from: readonly string[] }

/**
 * Reads a JSON Patch from outside before anything is done. Every property of it is read once, and only if it is an
 * own one; unknown members are left alone (RFC 6902, section 4).
 */
export function readPatch(
  patch: unknown,
  tally: SizeTally,
  limits: PatchLimits,
): Result<readonly PatchStep[], 'invalid_patch'> {
  try {
    return readSteps(patch, tally, limits)
  } catch {
    return refuse('invalid_patch', { operation: 0, path: '', problem: 'the patch cannot be read' })
  }
}

function readSteps(
  patch: unknown,
  tally: SizeTally,
  limits: PatchLimits,
): Result<readonly PatchStep[], 'invalid_patch'> {
  if (!Array.isArray(patch)) return refuse('invalid_patch', { operation: 0, path: '', problem: 'a patch is an array' })
  const { length } = patch
  if (length > limits.operations) {
    const problem = `a patch has at most ${limits.operations} operations`
    return refuse('invalid_patch', { operation: limits.operations, path: '', problem })
  }
  const steps: PatchStep[] = []
  for (let operation = 0; operation < length; operation++) {
    const given: unknown = patch[operation]
    const read = readStep(given, tally, limits)
    if (typeof read === 'string') return refuse('invalid_patch', { operation, path: shownPath(given), problem: read })
    steps.push(read)
  }
  return success(steps)
}

function shownPath(operation: unknown): string {
  const path = typeof operation === 'object' && operation !== null ? member(operation, 'path') : undefined
  return typeof path === 'string' ? path : ''
}

/** Reads an own property, once. */
function member(operation: object, name: 'op' | 'path' | 'from' | 'value'): unknown {
  return Object.hasOwn(operation, name) ? (operation as Partial<Record<typeof name, unknown>>)[name] : undefined
}

/** Reads one operation; a text is what is wrong with it. */
function readStep(operation: unknown, tally: SizeTally, limits: PatchLimits): PatchStep | string {
  if (typeof operation !== 'object' || operation === null) return 'an operation is an object'
  const op = member(operation, 'op')
  const path = readPointer(member(operation, 'path'), limits)
  if (typeof path === 'string') return `path ${path}`
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      if (!Object.hasOwn(operation, 'value')) return 'value is missing'
      tally.depth = 0
      const value = admitAs(member(operation, 'value'), tally, copies)
      return value.ok ? { op, path, value: value.value, depth: tally.depth } : value.refusal.message
    }
    case 'move':
    case 'copy': {
      const from = readPointer(member(operation, 'from'), limits)
      return typeof from === 'string' ? `from ${from}` : { op, path, from }
    }
    case 'remove':
      return { op, path }
    default:
      return 'op is none of add, remove, replace, move, copy, test'
  }
}

function readPointer(pointer: unknown, limits: PatchLimits): readonly string[] | string {
  if (typeof pointer !== 'string') return 'is missing'
  if (pointer.length > limits.textLength) return `is longer than ${limits.textLength} characters`
  const segments = parsePointer(pointer)
  if (segments === undefined) return 'is no JSON Pointer (RFC 6901)'
  if (segments.length > limits.depth) return `leads deeper than ${limits.depth} levels`
  const refused = refusedSegments.find((name) => pointer.includes(name) && segments.includes(name))
  return refused === undefined ? segments : `leads over ${refused}, which is refused`
}
