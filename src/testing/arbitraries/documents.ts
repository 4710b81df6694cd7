import fc from 'fast-check'
import { admit } from '../../core/change/admit.ts'
import { atomic, byPlace, keyedBy, type ListKind, list, type Shape, set } from '../../core/change/shape.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { formatPointer } from '../../core/json/pointer.ts'

/** A shape, and documents that keep to it: a base, and what two sides made of it. All are admitted. */
export interface ShapedDocuments {
  readonly shape: Shape
  readonly base: JsonValue
  readonly live: JsonValue
  readonly draft: JsonValue
}

/**
 * Generates a shape with three documents of it, which have so much in common that the changes of the two sides meet.
 */
export function shapedDocuments(): fc.Arbitrary<ShapedDocuments> {
  return plans.chain(({ shape, value }) =>
    fc.tuple(value, value, value, fc.infiniteStream(fc.nat(9))).map(([base, ours, theirs, picks]) => {
      const pick = () => picks.next().value
      return {
        shape,
        base: admitted(base),
        live: admitted(blendWhole(base, ours, pick)),
        draft: admitted(blendWhole(base, theirs, pick)),
      }
    }),
  )
}

/** Generates any admitted document, odd names and texts included. */
export function documents(): fc.Arbitrary<JsonValue> {
  const text = fc.oneof(fc.constantFrom(...oddTexts), fc.string({ unit: 'grapheme', maxLength: 4 }))
  const number = fc.oneof(fc.integer(), fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e15, max: 1e15 }))
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(text, number, fc.boolean(), fc.constant(null)),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  return value.map(admitted)
}

/** Generates a document and another spelling of it, in which the keys of every object stand in another order. */
export function reorderedDocuments(): fc.Arbitrary<readonly [JsonValue, JsonValue]> {
  return fc
    .tuple(documents(), fc.infiniteStream(fc.nat(1_000)))
    .map(([value, picks]) => [value, admitted(reordered(value, () => picks.next().value))])
}

const oddTexts = [
  '',
  'a',
  'b',
  '/',
  '~',
  '~1',
  'a/b',
  '*',
  '**',
  '0',
  '-',
  '1',
  'é',
  'e\u0301',
  '\u202e',
  'constructor',
  'toString',
]

/** One place of a generated shape: what is declared there and below, and the values that may stand there. */
interface Plan {
  readonly shape: Shape
  readonly value: fc.Arbitrary<unknown>
}

const scalars = fc.constantFrom<unknown>(null, false, true, 0, 1, 2.5, '', 'x', 'y', '1')
const smallValues = fc.oneof(scalars, fc.record({ n: fc.nat(2) }, { noNullPrototype: true }))
const names = ['a', 'b', 'a/b', '~', '0', 'constructor']
const keys = ['p', 'q', 'r', 's', 't', 'u', 1, '/', 'toString']

const plans: fc.Arbitrary<Plan> = planAt([], 3)

function planAt(path: readonly string[], depth: number): fc.Arbitrary<Plan> {
  const leaves = [fc.constant({ shape: {}, value: scalars }), listAt(path)]
  if (depth === 0) return fc.oneof(...leaves)
  const object = membersAt(path, depth).map(({ shape, members }) => ({
    shape,
    value: fc.oneof(
      { weight: 9, arbitrary: fc.record(members, { requiredKeys: [], noNullPrototype: true }) },
      { weight: 1, arbitrary: scalars },
    ),
  }))
  return path.length === 0 ? object : fc.oneof(...leaves, object, keyedAt(path, depth), placedAt(path, depth))
}

/** Plans the members of an object, or of every item of a keyed list. */
function membersAt(path: readonly string[], depth: number) {
  return fc.subarray(names, { minLength: 1, maxLength: 3 }).chain((chosen) =>
    fc.tuple(...chosen.map((name) => planAt([...path, name], depth - 1))).map((below) => ({
      shape: Object.assign({}, ...below.map(({ shape }) => shape)) as Shape,
      members: Object.fromEntries(chosen.map((name, i) => [name, (below[i] as Plan).value])),
    })),
  )
}

function keyedAt(path: readonly string[], depth: number): fc.Arbitrary<Plan> {
  return membersAt([...path, '*'], depth).map(({ shape, members }) => {
    const item = fc.record(
      { ...members, id: fc.constantFrom(...keys) },
      { requiredKeys: ['id'], noNullPrototype: true },
    )
    const selector = (value: unknown) => String((value as { readonly id: unknown }).id)
    return {
      shape: { ...shape, [formatPointer(path)]: keyedBy('id') },
      value: fc.uniqueArray(item, { selector, maxLength: 6 }),
    }
  })
}

function placedAt(path: readonly string[], depth: number): fc.Arbitrary<Plan> {
  return membersAt([...path, '*'], depth).map(({ shape, members }) => ({
    shape: { ...shape, [formatPointer(path)]: byPlace() },
    value: fc.array(fc.record(members, { requiredKeys: [], noNullPrototype: true }), { maxLength: 4 }),
  }))
}

function listAt(path: readonly string[]): fc.Arbitrary<Plan> {
  const declared = (kind: ListKind, value: fc.Arbitrary<unknown>) => ({ shape: { [formatPointer(path)]: kind }, value })
  const selector = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  return fc.constantFrom(
    declared(set(), fc.uniqueArray(smallValues, { selector, maxLength: 5 })),
    declared(list(), fc.array(smallValues, { maxLength: 6 })),
    declared(byPlace(), fc.array(smallValues, { maxLength: 4 })),
    declared(atomic(), fc.array(smallValues, { maxLength: 3 })),
  )
}

/**
 * Makes a document out of parts of two: mostly the first. Items of lists are told apart by their `id`, if they
 * have one.
 */
function blend(a: unknown, b: unknown, pick: () => number): unknown {
  const dice = pick()
  if (dice < 3) return a
  return dice > 8 ? b : blendWhole(a, b, pick)
}

function blendWhole(a: unknown, b: unknown, pick: () => number): unknown {
  if (Array.isArray(a) && Array.isArray(b)) return blendLists(a, b, pick)
  return isRecord(a) && isRecord(b) ? blendObjects(a, b, pick) : b
}

function blendObjects(a: Record<string, unknown>, b: Record<string, unknown>, pick: () => number): unknown {
  const blended: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (Object.hasOwn(a, key) && Object.hasOwn(b, key)) blended[key] = blend(a[key], b[key], pick)
    else if (pick() < 5 === Object.hasOwn(a, key)) blended[key] = Object.hasOwn(a, key) ? a[key] : b[key]
  }
  return blended
}

function blendLists(a: readonly unknown[], b: readonly unknown[], pick: () => number): unknown {
  const others = new Map(b.map((item) => [identity(item), item]))
  const kept = a.filter((item) => pick() < 8 || others.has(identity(item)))
  const blended = kept.map((item) =>
    others.has(identity(item)) ? blend(item, others.get(identity(item)), pick) : item,
  )
  const known = new Set(kept.map(identity))
  for (const item of b) {
    if (!known.has(identity(item)) && pick() < 5) blended.splice(pick() % (blended.length + 1), 0, item)
  }
  if (pick() > 7) blended.unshift(...blended.splice(pick() % (blended.length + 1)))
  return blended
}

function identity(item: unknown): string {
  if (!isRecord(item) || !Object.hasOwn(item, 'id')) return typeof item === 'string' ? item : JSON.stringify(item)
  return String(item['id'])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function reordered(value: JsonValue, pick: () => number): JsonValue {
  if (Array.isArray(value)) return value.map((item) => reordered(item, pick))
  if (!isRecord(value)) return value
  const entries = Object.entries(value as Record<string, JsonValue>).map(([key, child]) => ({
    key,
    child,
    rank: pick(),
  }))
  entries.sort((a, b) => a.rank - b.rank)
  return Object.fromEntries(entries.map(({ key, child }) => [key, reordered(child, pick)]))
}

function admitted(value: unknown): JsonValue {
  const result = admit(value)
  if (!result.ok) throw new TypeError(result.refusal.message)
  return result.value
}
