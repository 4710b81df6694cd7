import { describe, expect, it } from 'vitest'
import { operators } from '../../../src/core/policy/model/condition.ts'
import {
  type ChangedPlace,
  type Condition,
  compilePolicies,
  evaluate,
  explain,
  type JsonValue,
  lintPolicies,
  type PolicySet,
  type PolicySubject,
  parsePolicy,
} from '../../../src/core.ts'
import { flagChange, policy, vocabulary } from './flag-change.ts'

const text = 'a'.repeat(1_000_000)
const digits = `1${'0'.repeat(1_000_000)}`

/** Counts how often evaluating a change looks at where one of its places is. */
function looks(set: PolicySet, { places, ...change }: PolicySubject): number {
  let seen = 0
  const watched = places.map((place) => ({
    ...place,
    get path() {
      seen++
      return place.path
    },
  }))
  evaluate(set, { ...change, places: watched })
  return seen
}

/** Tells whether a condition holds for no text at all. */
function never(when: Condition): boolean {
  return 'type' in when && when.type === 'before_after' && when.operator === '=='
}

describe('[M1] on one megabyte of input', () => {
  const conditions: readonly Condition[] = [
    { type: 'any_change', field: '/**' },
    ...operators.flatMap((operator): readonly Condition[] => [
      {
        type: 'before_after',
        field: '/value',
        operator,
        value: operator === '==' || operator === '!=' ? `${text}!` : 1,
      },
      { type: 'change_amount', field: '/value', operator, value: 1 },
    ]),
    { type: 'crosses', field: '/value', value: 1 },
  ]

  it.each(conditions.map((when) => [JSON.stringify(when).slice(0, 90), when] as const))('answers: %s', (_, when) => {
    const set = compilePolicies([policy({ when })], vocabulary)
    for (const after of [text, digits]) {
      const change = flagChange({ value: 'before' }, { value: after })
      expect(evaluate(set, change).requirements.length).toBe(never(when) ? 0 : 1)
    }
  })

  it('answers patterns that regular expressions would take for ever with: there are none in policies', () => {
    const path = `/${`${'a'.repeat(10_000)}/`.repeat(99)}b`
    const place: ChangedPlace = { type: 'changed', path, before: 1, after: 2 }
    const change: PolicySubject = { ...flagChange({ a: 1 }, { a: 2 }), places: [place] }
    for (const field of [`/**${'/a*a/**'.repeat(20)}/c`, `/${'a*'.repeat(20)}/**/c`, `/*${'/**'.repeat(40)}/c`]) {
      const set = compilePolicies([policy({ when: { type: 'any_change', field } })], vocabulary)
      expect(evaluate(set, change).requirements).toEqual([])
    }
    const long: PolicySubject = { ...change, places: [{ ...place, path: `/${'ab'.repeat(500_000)}` }] }
    const set = compilePolicies([policy({ when: { type: 'any_change', field: `/${'*ba'.repeat(50)}*` } })], vocabulary)
    expect(evaluate(set, long).requirements).toHaveLength(1)
  })

  it.each(['/rules/*/rollout', '/rules/*', '/rules', '/rules/rule-7', '/**/rollout', '/rules/rule-*/**', '/other'])(
    'looks as often at each place of many as at each of few: %s',
    (field) => {
      const rules = (from: number, count: number) =>
        Array.from({ length: count }, (_, index) => ({ id: `rule-${index}`, rollout: from, note: 'as it was' }))
      const when: Condition = { type: 'before_after', field, operator: '==', value: { nothing: 'like this' } }
      const set = compilePolicies([policy({ when })], vocabulary)
      const among = (count: number) => looks(set, flagChange({ rules: rules(1, count) }, { rules: rules(2, count) }))
      expect(among(5_000)).toBeLessThanOrEqual(10 * among(500))
    },
  )

  it('refuses policies that would be slow by their size', () => {
    const any = (depth: number): unknown =>
      depth === 0 ? { type: 'any_change', field: '/a' } : { any: [any(depth - 1), any(depth - 1)] }
    expect(parsePolicy({ ...policy(), when: any(13) }).ok).toBe(false)
    const needs = Array.from({ length: 60 }, () => ({ quorum: 1, from: { roles: ['lead'] } }))
    expect(parsePolicy({ ...policy(), require: { atLeast: 30, of: needs } }).ok).toBe(false)
  })
})

describe('many policies', () => {
  const many = Array.from({ length: 2_000 }, (_, index) =>
    policy({
      id: `p${index}`,
      match: { resource: 'feature_flag' },
      when: { type: 'before_after', field: '/rules/*/rollout', operator: '>', value: index },
    }),
  )

  it('about one field look for its values once', () => {
    const rules = Array.from({ length: 200 }, (_, index) => ({ id: `r${index}`, rollout: 1 }))
    const after: JsonValue = { rules: rules.map((rule) => ({ ...rule, rollout: -1 })) }
    const change = flagChange({ rules }, after)
    const set = compilePolicies(many, vocabulary)
    expect(evaluate(set, change).requirements).toEqual([])
    expect(looks(set, change)).toBe(looks(compilePolicies(many.slice(0, 1), vocabulary), change))
    expect(explain(set, change).policies).toHaveLength(2_000)
  })

  it('that override each other in a long chain are settled at once', () => {
    const chain = Array.from({ length: 5_000 }, (_, index) => policy({ id: `p${index}`, overrides: [`p${index + 1}`] }))
    const set = compilePolicies(chain, vocabulary)
    const change = flagChange({ a: 1 }, { a: 2 })
    expect(evaluate(set, change).requirements).toHaveLength(2_500)
  })

  it('can be checked beside each other', () => {
    expect(lintPolicies(many.slice(0, 500)).filter(({ severity }) => severity === 'error')).toEqual([])
  })
})
