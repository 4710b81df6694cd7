import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  byPlace,
  type Condition,
  compilePolicies,
  compileShape,
  diff,
  equal,
  evaluate,
  explain,
  type JsonValue,
  keyedBy,
  list,
  type Policy,
  type PolicySubject,
  type Shape,
  set,
} from '../../../src/core.ts'
import { runs } from '../../runs.ts'
import { differences, isIn, type Read, read, readings, same, sameAt, valuesOf } from './readings.ts'

const timeout = 60 * 60_000
const options = { numRuns: runs(2_000) }

/** One list in several guises, one of them inside the items of another list. */
const shapes: readonly Shape[] = [
  {},
  { '/rules': list() },
  { '/rules': keyedBy('id') },
  { '/rules': keyedBy('id'), '/rules/*/steps': keyedBy('id') },
  { '/rules': keyedBy('id'), '/rules/*/steps': list() },
  { '/rules': list(), '/rules/*/steps': keyedBy('id') },
  { '/rules': byPlace() },
  { '/rules': byPlace(), '/rules/*/steps': list() },
  { '/rules': set() },
]
const ready = new Map(shapes.map((shape) => [shape, compileShape(shape)]))
const compiled = (shape: Shape) => ready.get(shape) ?? compileShape(shape)
const fields = [
  '/rules',
  '/rules/**',
  '/rules/*',
  '/rules/eu/rollout',
  '/rules/eu/**',
  '/rules/e*/rollout',
  '/rules/*/rollout',
  '/rules/0/rollout',
  '/rules/1',
  '/rules/*/steps/*/rollout',
  '/rules/eu/steps/0/rollout',
  '/**/rollout',
  '/*/eu/**',
  '/note',
]

const ids = fc.constantFrom('eu', 'us', 'e2', '0', '1')
const step = fc.record(
  { id: ids, rollout: fc.constantFrom(10, 40, 90) },
  { requiredKeys: ['rollout'], noNullPrototype: true },
)
const rule = fc.record(
  { id: ids, name: ids, rollout: fc.constantFrom(10, 40, 90), steps: fc.array(step, { maxLength: 2 }) },
  { requiredKeys: ['rollout'], noNullPrototype: true },
)
const rules = fc.oneof(
  { weight: 9, arbitrary: fc.array(rule, { maxLength: 3 }) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.constantFrom<unknown[]>(null, 'eu', { eu: { rollout: 10 } }) },
)
const document = fc.record(
  { rules, note: fc.constantFrom('', 'x') },
  { requiredKeys: [], noNullPrototype: true },
) as fc.Arbitrary<JsonValue>

/** A next document that has much in common with the one before: items are kept, changed a little, moved, added, removed. */
const pairs = fc
  .tuple(document, document, fc.array(fc.nat(9), { minLength: 8, maxLength: 8 }))
  .map(([before, other, dice]) => [before, blended(before, other, dice)] as const)

function blended(before: JsonValue, other: JsonValue, dice: readonly number[]): JsonValue {
  const [a, b] = [before, other] as unknown as readonly { rules?: unknown; note?: string }[]
  if (!Array.isArray(a?.rules) || !Array.isArray(b?.rules) || (dice[0] ?? 0) > 8) return other
  const others = b.rules as readonly object[]
  const kept = (a.rules as readonly object[]).flatMap((item, i) => {
    const die = dice[i + 1] ?? 0
    if (die < 5) return [item]
    if (die < 8) return [{ ...item, ...others[i] }]
    return []
  })
  const next = [...kept, ...others.slice(0, (dice[5] ?? 0) > 6 ? 1 : 0)]
  const turned = (dice[6] ?? 0) > 7 ? next.toReversed() : next
  return { ...(before as object), rules: turned as JsonValue[], ...((dice[7] ?? 0) > 6 ? { note: 'y' } : {}) }
}

interface Given {
  readonly shape: Shape
  readonly field: string
  readonly subject: PolicySubject
}

/** What each reading makes of both sides. */
function sidesOf({ shape, subject: { before, after } }: Given): readonly (readonly [before: Read, after: Read])[] {
  return readings.map((reading) => [read(before, shape, reading), read(after, shape, reading)])
}

const given: fc.Arbitrary<Given> = fc
  .tuple(fc.constantFrom(...shapes), pairs, fc.constantFrom(...fields))
  .map(([shape, [before, after], field]) => {
    const places = diff(before, after, compiled(shape))
    const resource = { type: 'flag', id: 'f' }
    const subject: PolicySubject = { resource, project: undefined, actions: ['update'], places: [], before, after }
    return { shape, field, subject: { ...subject, places: places.ok ? places.value : [] } }
  })
  .filter(({ subject }) => subject.places.length > 0)

function gates({ shape, subject }: Given, rest: Partial<Policy>): boolean {
  return asked({ shape, subject }, rest).length > 0
}

function asked({ shape, subject }: Pick<Given, 'shape' | 'subject'>, rest: Partial<Policy>) {
  const resources = { flag: { shape: compiled(shape) } }
  const policy: Policy = { id: 'p', version: 1, match: {}, require: { quorum: 1, from: { roles: ['lead'] } }, ...rest }
  return evaluate(compilePolicies([policy], { resources }), subject).requirements
}

/** Pairs of values that a reading takes for one thing, of which at least one is there; undefined where there is none. */
function pairsAt([before, after]: readonly [Read, Read], field: string) {
  const [old, next] = [valuesOf(before, field), valuesOf(after, field)]
  const touched = [...new Set([...old.keys(), ...next.keys()])].filter((path) => !sameAt(path, old, next))
  return touched.flatMap((path) => {
    const [was, is] = [old.get(path) ?? [undefined], next.get(path) ?? [undefined]]
    return was.flatMap((one) => is.map((other) => [one, other] as const))
  })
}

/** Whether a condition holds, as a reading has it. Undefined: it does not even say that. */
const holds: Readonly<Record<string, (sides: readonly [Read, Read], field: string) => boolean>> = {
  any_change: ([before, after], field) => !same(valuesOf(before, field), valuesOf(after, field)),
  change_amount: (sides, field) =>
    pairsAt(sides, field).some(([was, is]) => was !== undefined && is !== undefined && Math.abs(+is - +was) > 20),
  crosses: (sides, field) =>
    pairsAt(sides, field).some(([was, is]) => was !== undefined && is !== undefined && +was >= 50 !== +is >= 50),
  before_after: (sides, field) => pairsAt(sides, field).some(([was, is]) => was !== is && is !== undefined && +is > 50),
}

const conditionOn: Readonly<Record<string, (field: string) => Condition>> = {
  any_change: (field) => ({ type: 'any_change', field }),
  change_amount: (field) => ({ type: 'change_amount', field, operator: '>', value: 20 }),
  crosses: (field) => ({ type: 'crosses', field, value: 50 }),
  before_after: (field) => ({ type: 'before_after', field, operator: '>', value: 50 }),
}

describe('[FA-02] a field that leads into a list', { timeout }, () => {
  it('asks wherever a reading of it says that a condition holds, and below a not wherever one says that it does not', () => {
    fc.assert(
      fc.property(given, (change) => {
        const { field } = change
        const sides = sidesOf(change)
        const unnamed = isUnnamed(field, sides)
        for (const [name, on] of Object.entries(conditionOn)) {
          const answers = sides.map((both) => holds[name]?.(both, field))
          if (answers.includes(true)) expect(gates(change, { when: on(field) })).toBe(true)
          if (answers.includes(false) && unnamed) expect(gates(change, { when: { not: on(field) } })).toBe(true)
        }
      }),
      options,
    )
  })

  it('asks its owner wherever a reading of it says that something of theirs is touched', () => {
    fc.assert(
      fc.property(given, (change) => {
        const require = { owners: [{ field: change.field, quorum: 1, from: { users: ['ben'] } }] }
        const touched = sidesOf(change).some((both) => holds['any_change']?.(both, change.field))
        if (touched) expect(gates(change, { require })).toBe(true)
      }),
      options,
    )
  })

  it('excuses as safe, and leaves to its owner, nothing that a reading finds elsewhere', () => {
    fc.assert(
      fc.property(given, (change) => {
        const elsewhere = sidesOf(change).some(([before, after]) =>
          differences(before, after).some((path) => !isIn(change.field, path)),
        )
        if (!elsewhere) return
        expect(gates(change, { safe: [{ field: change.field }] })).toBe(true)
        const others = { quorum: 1, from: { users: ['oda'] } }
        const owner = { field: change.field, quorum: 1, from: { users: ['ben'] } }
        const needs = asked(change, { require: { owners: [owner], otherwise: others } }).map(({ require }) => require)
        expect(needs).toContainEqual(others)
      }),
      options,
    )
  })

  it('asks nobody for a list that the change does not touch, however broken', () => {
    fc.assert(
      fc.property(given, fc.constantFrom(...Object.values(conditionOn)), (change, on) => {
        const { before } = change.subject
        const after = { ...(before as object), note: 'z' } as JsonValue
        const places = diff(before, after, compiled(change.shape))
        const subject = { ...change.subject, after, places: places.ok ? places.value : [] }
        fc.pre(change.field !== '/note' && change.field !== '/*/eu/**')
        expect(gates({ ...change, subject }, { when: on(change.field) })).toBe(false)
      }),
      options,
    )
  })

  it('is never said to go from one value to the same', () => {
    fc.assert(
      fc.property(given, fc.constantFrom(...Object.values(conditionOn)), (change, on) => {
        const resources = { flag: { shape: compiled(change.shape) } }
        const require = { quorum: 1, from: { roles: ['lead'] } }
        const policy: Policy = { id: 'p', version: 1, match: {}, when: on(change.field), require }
        const [told] = explain(compilePolicies([policy], { resources }), change.subject).policies
        const values = told?.condition?.type === 'test' ? told.condition.values : []
        for (const { before, after } of values) {
          if (before !== undefined && after !== undefined) expect(equal(before, after)).toBe(false)
        }
      }),
      options,
    )
  })
})

/** Whether the items of the list have no names of their own on one side, so that one reading is as good as another. */
function isUnnamed(field: string, sides: ReturnType<typeof sidesOf>): boolean {
  const [first, ...others] = sides.map(([before, after]) => [valuesOf(before, field), valuesOf(after, field)] as const)
  return first !== undefined && others.some(([before, after]) => !same(before, first[0]) || !same(after, first[1]))
}
