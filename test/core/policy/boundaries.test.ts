import { describe, expect, it } from 'vitest'
import {
  type Condition,
  compilePolicies,
  evaluate,
  type JsonValue,
  type Operator,
  type PolicySubject,
} from '../../../src/core.ts'
import { flagChange, policy, vocabulary } from './flag-change.ts'

/** What is known of a condition: `?` where nobody can say, and the gate closes for it and for its opposite. */
type Known = '+' | '-' | '?'

function known(when: Condition, change: PolicySubject): Known {
  const gates = (condition: Condition) =>
    evaluate(compilePolicies([policy({ when: condition })], vocabulary), change).requirements.length > 0
  const [holds, opposite] = [gates(when), gates({ not: when })]
  return holds && opposite ? '?' : holds ? '+' : '-'
}

/** Puts a value at the place of a field, between neighbours that nobody touches and that are far from every boundary. */
const places: Readonly<Record<string, readonly [field: string, put: (value: JsonValue | undefined) => JsonValue]>> = {
  'a field': ['/rollout', (value) => ({ other: 9_000, ...at('rollout', value) })],
  'a nested field': [
    '/limits/daily/amount',
    (value) => ({ limits: { daily: at('amount', value), weekly: { amount: 9_000 } } }),
  ],
  'a field of a keyed item': [
    '/rules/eu/rollout',
    (value) => ({
      rules: [
        { id: 'us', rollout: 9_000 },
        { id: 'eu', ...at('rollout', value) },
      ],
    }),
  ],
  'a field of any keyed item': [
    '/rules/*/rollout',
    (value) => ({
      rules: [
        { id: 'us', rollout: 9_000 },
        { id: 'eu', ...at('rollout', value) },
      ],
    }),
  ],
}

function at(name: string, value: JsonValue | undefined): Record<string, JsonValue> {
  return value === undefined ? {} : { [name]: value }
}

const absent = undefined
const operators: readonly Operator[] = ['>', '<', '>=', '<=', '==', '!=']

/** From, to, and what each operator of `operators` says of it. The boundary is 20. */
type Row = readonly [what: string, before: JsonValue | undefined, after: JsonValue | undefined, answers: string]

const newValues: readonly Row[] = [
  ['just below', 10, 19.999, '-+-+-+'],
  ['at', 10, 20, '--+++-'],
  ['just above', 10, 20.001, '+-+--+'],
  ['far below zero', 10, -1e308, '-+-+-+'],
  ['added below', absent, 19, '-+-+-+'],
  ['added at', absent, 20, '--+++-'],
  ['added above', absent, 21, '+-+--+'],
  ['from null', null, 21, '+-+--+'],
  ['from text', '1', 19, '-+-+-+'],
  ['removed', 30, absent, '??????'],
  ['to null', 30, null, '??????'],
  ['to text', 30, '20', '??????'],
  ['to a list', 30, [20], '??????'],
  ['untouched', 30, 30, '------'],
  ['missing on both sides', absent, absent, '------'],
]

const amounts: readonly Row[] = [
  ['up by less', 40, 59.999, '-+-+-+'],
  ['up by exactly that', 40, 60, '--+++-'],
  ['up by more', 40, 60.001, '+-+--+'],
  ['down by less', 40, 20.001, '-+-+-+'],
  ['down by exactly that', 40, 20, '--+++-'],
  ['down by more', 40, 19.999, '+-+--+'],
  ['through zero', 10, -10, '--+++-'],
  ['in decimals', 0.1, 20.1, '--+++-'],
  ['added', absent, 1_000, '------'],
  ['removed', 1_000, absent, '------'],
  ['from null', null, 1_000, '??????'],
  ['to null', 1_000, null, '??????'],
  ['from text', '40', 41, '??????'],
  ['to text', 40, '41', '??????'],
  ['untouched', 30, 30, '------'],
  ['missing on both sides', absent, absent, '------'],
]

const crossings: readonly Row[] = [
  ['up to just below', 10, 19.999, '---'],
  ['up to it', 10, 20, '++-'],
  ['up beyond it', 10, 30, '++-'],
  ['on from it', 20, 30, '---'],
  ['down to it', 30, 20, '---'],
  ['down to just below', 20, 19.999, '+-+'],
  ['down from above', 30, 10, '+-+'],
  ['added above', absent, 30, '???'],
  ['removed from above', 30, absent, '???'],
  ['to null', 30, null, '???'],
  ['from text', '10', 30, '???'],
  ['untouched', 30, 30, '---'],
]

const anything: readonly Row[] = [
  ['changed', 10, 11, '+'],
  ['added', absent, 11, '+'],
  ['removed', 11, absent, '+'],
  ['from null', null, 0, '+'],
  ['to null', 0, null, '+'],
  ['of another type', 1, '1', '+'],
  ['untouched', 30, 30, '-'],
  ['missing on both sides', absent, absent, '-'],
]

const tables: Readonly<
  Record<string, readonly [conditions: (field: string) => readonly Condition[], rows: readonly Row[]]>
> = {
  '[PH-11] any_change': [(field) => [{ type: 'any_change', field }], anything],
  '[PH-12] [PH-14] before_after': [
    (field) => operators.map((operator) => ({ type: 'before_after', field, operator, value: 20 })),
    newValues,
  ],
  '[PH-13] [PH-14] [PH-15] change_amount': [
    (field) => operators.map((operator) => ({ type: 'change_amount', field, operator, value: 20 })),
    amounts,
  ],
  crosses: [
    (field) => [
      { type: 'crosses', field, value: 20 },
      { type: 'crosses', field, value: 20, direction: 'increase' },
      { type: 'crosses', field, value: 20, direction: 'decrease' },
    ],
    crossings,
  ],
}

describe.each(Object.entries(tables))('%s', (_, [conditions, rows]) => {
  describe.each(Object.entries(places))('of %s', (_, [field, put]) => {
    it.each(rows)('%s: %j → %j is %s', (_, before, after, answers) => {
      const change = flagChange(put(before), put(after))
      expect(
        conditions(field)
          .map((when) => known(when, change))
          .join(''),
      ).toBe(answers)
    })
  })

  it('knows the same of a document that is made or removed as of a field that is added or removed', () => {
    const [field, put] = places['a field of a keyed item'] as (typeof places)[string]
    for (const when of conditions(field)) {
      const [made, removed] = [flagChange(undefined, put(30)), flagChange(put(30), undefined)]
      const [added, gone] = [flagChange(put(absent), put(30)), flagChange(put(30), put(absent))]
      expect([known(when, made), known(when, removed)]).toEqual([known(when, added), known(when, gone)])
    }
  })
})
