import type { JsonValue } from '../json/json.ts'
import { formatPointer } from '../json/pointer.ts'
import { countContainer, countKeys, countNodes, countScalar, type SizeTally } from './tally.ts'

/**
 * What becomes of a container: `copy` makes a frozen copy of one that is not trusted, `freeze` checks and freezes one
 * that nobody else has, and `keep` only counts one that was taken in before.
 */
export type Handling = 'copy' | 'freeze' | 'keep'

/** What was taken in, or why and where nothing was. */
export type TakenIn =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly path: string; readonly problem: string }

/** A container that is being read. */
interface Frame {
  readonly source: object
  readonly target: Container
  readonly handling: Handling
  readonly keys: readonly string[] | undefined
  readonly size: number
  readonly depth: number
  readonly parent: Frame | undefined
  next: number
}

type Container = JsonValue[] | { [key: string | number]: JsonValue }

/** Takes in a value, container by container and without recursion, and counts it. Throws what a proxy throws. */
export function takeIn(value: unknown, tally: SizeTally, handling: (source: object) => Handling): TakenIn {
  if (typeof value !== 'object' || value === null) {
    const problem = countNodes(1, tally) ?? countScalar(value, tally)
    return problem === undefined ? { ok: true, value: scalar(value) } : { ok: false, path: '', problem }
  }
  const root = open(value, undefined, tally, handling)
  if (typeof root === 'string') return { ok: false, path: '', problem: root }
  for (let frame: Frame | undefined = root; frame !== undefined; ) {
    if (frame.next === frame.size) {
      if (frame.handling !== 'keep') Object.freeze(frame.target)
      frame = frame.parent
      continue
    }
    const outcome = takeMember(frame, tally, handling)
    if (typeof outcome === 'string') return { ok: false, path: pathOf(frame), problem: outcome }
    frame = outcome
  }
  return { ok: true, value: root.target }
}

/**
 * Takes in the next member of a container and answers the frame to go on with; a text is what is wrong with the
 * member.
 */
function takeMember(frame: Frame, tally: SizeTally, handling: (source: object) => Handling): Frame | string {
  const key = frame.keys === undefined ? frame.next : (frame.keys[frame.next] as string)
  frame.next++
  const value = frame.handling === 'copy' ? ownValue(frame.source, key) : (frame.source as Container)[key as never]
  if (value === unreadable) return 'it is a hole, hidden, or a getter: only plain data is taken'
  if (typeof value === 'object' && value !== null) {
    const opened = open(value, frame, tally, handling)
    if (typeof opened !== 'string') put(frame, key, opened.target)
    return opened
  }
  const problem = countNodes(1, tally) ?? countScalar(value, tally)
  if (problem !== undefined) return problem
  put(frame, key, scalar(value))
  return frame
}

function put({ handling, target }: Frame, key: string | number, value: JsonValue): void {
  if (handling !== 'keep') (target as { [key: string | number]: JsonValue })[key] = value
}

/** Answers a counted scalar, and zero for minus zero. */
function scalar(value: unknown): JsonValue {
  return value === 0 ? 0 : (value as JsonValue)
}

const unreadable = Symbol('unreadable')

/** Reads a visible data property, once, and runs no getter for it. */
function ownValue(source: object, key: string | number): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(source, key)
  return descriptor?.enumerable && Object.hasOwn(descriptor, 'value') ? descriptor.value : unreadable
}

function open(
  source: object,
  parent: Frame | undefined,
  tally: SizeTally,
  handlingOf: (source: object) => Handling,
): Frame | string {
  const handling = handlingOf(source)
  const depth = (parent?.depth ?? 0) + 1
  const keys = keysOf(source, handling, tally)
  if (typeof keys === 'string') return keys
  const size = typeof keys === 'number' ? keys : keys.length
  const names = typeof keys === 'number' ? undefined : keys
  const problem = countNodes(1, tally) ?? countContainer(size, depth, tally) ?? (names && countKeys(names, tally))
  if (problem !== undefined) return problem
  const target = handling === 'copy' ? (names === undefined ? [] : {}) : (source as Container)
  return { source, target, handling, keys: names, size, depth, parent, next: 0 }
}

/** Lists the keys of an object, or counts the items of an array; a text is what is wrong with it. */
function keysOf(source: object, handling: Handling, { limits }: SizeTally): readonly string[] | number | string {
  if (Array.isArray(source)) return handling === 'copy' ? plainLength(source) : source.length
  if (handling === 'copy') {
    const keys = plainKeys(source)
    return limits.undefinedIsAbsent && typeof keys !== 'string' ? keys.filter((key) => isSet(source, key)) : keys
  }
  return Object.hasOwn(source, '__proto__') ? protoKey : Object.keys(source)
}

const protoKey = 'the key __proto__ is refused'

/** What an array has besides its items is left out; a hole among them is found when it is read. */
function plainLength(source: object): number | string {
  if (!Array.isArray(Object.getPrototypeOf(source))) return 'it is an instance of a class, and no plain array'
  return Number(Object.getOwnPropertyDescriptor(source, 'length')?.value)
}

function isSet(source: object, key: string): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(source, key)
  return !descriptor || !Object.hasOwn(descriptor, 'value') || descriptor.value !== undefined
}

function plainKeys(source: object): readonly string[] | string {
  const prototype: unknown = Object.getPrototypeOf(source)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    return 'it is an instance of a class, and no plain object (write a Date as a text, as in date.toISOString())'
  const keys = Reflect.ownKeys(source)
  for (const key of keys) {
    if (typeof key === 'symbol') return 'it has a symbol as a key'
    if (key === '__proto__') return protoKey
  }
  return keys as string[]
}

/** Names the member that was read last. */
function pathOf(frame: Frame): string {
  const segments: (string | number)[] = []
  for (let at: Frame | undefined = frame; at !== undefined; at = at.parent) {
    segments.push(at.keys?.[at.next - 1] ?? at.next - 1)
  }
  return formatPointer(segments.reverse())
}
