import { describe, expect, it } from 'vitest'
import {
  type ChangedPlace,
  type Condition,
  compilePolicies,
  evaluate,
  explain,
  type JsonValue,
  lintPolicies,
  type PolicySubject,
  parsePolicy,
} from '../../../src/core/index.ts'
import { operators } from '../../../src/core/policy/condition.ts'
import { flagChange, policy, vocabulary } from './flag-change.ts'

/** The best of a few attempts, in milliseconds: what the work costs, not what else this machine does. */
function cost(work: () => unknown): number {
  const times = Array.from({ length: 7 }, () => {
    const started = performance.now()
    work()
    return performance.now() - started
  })
  return Math.min(...times)
}

const text = 'a'.repeat(1_000_000)
const digits = `1${'0'.repeat(1_000_000)}`

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

  it.each(conditions.map((when) => [JSON.stringify(when).slice(0, 90), when] as const))(
    '%s takes less than 10 ms',
    (_, when) => {
      const set = compilePolicies([policy({ when })], vocabulary)
      for (const after of [text, digits]) {
        const change = flagChange({ value: 'before' }, { value: after })
        expect(cost(() => evaluate(set, change))).toBeLessThan(10)
      }
    },
  )

  it('no pattern takes longer than its path is long: there are no regular expressions in policies', () => {
    const path = `/${`${'a'.repeat(10_000)}/`.repeat(99)}b`
    const place: ChangedPlace = { type: 'changed', path, before: 1, after: 2 }
    const change: PolicySubject = { ...flagChange({ a: 1 }, { a: 2 }), places: [place] }
    for (const field of [`/**${'/a*a/**'.repeat(20)}/c`, `/${'a*'.repeat(20)}/**/c`, `/*${'/**'.repeat(40)}/c`]) {
      const set = compilePolicies([policy({ when: { type: 'any_change', field } })], vocabulary)
      expect(evaluate(set, change).requirements).toEqual([])
      expect(cost(() => evaluate(set, change))).toBeLessThan(50)
    }
    const long: PolicySubject = { ...change, places: [{ ...place, path: `/${'ab'.repeat(500_000)}` }] }
    const set = compilePolicies([policy({ when: { type: 'any_change', field: `/${'*ba'.repeat(50)}*` } })], vocabulary)
    expect(cost(() => evaluate(set, long))).toBeLessThan(10)
  })

  it('every condition stays linear in the number of places', () => {
    const rules = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => ({ id: `rule-${index}`, rollout: from, note: 'as it was' }))
    const fields = [
      '/rules/*/rollout',
      '/rules/*',
      '/rules',
      '/rules/rule-7',
      '/**/rollout',
      '/rules/rule-*/**',
      '/other',
    ]
    for (const field of fields) {
      const set = compilePolicies(
        [policy({ when: { type: 'before_after', field, operator: '==', value: { nothing: 'like this' } } })],
        vocabulary,
      )
      const [few, many] = [500, 5_000].map((count) => {
        const change = flagChange({ rules: rules(1, count) }, { rules: rules(2, count) })
        return cost(() => evaluate(set, change))
      })
      expect(many).toBeLessThan(20 + 30 * (few ?? 0))
    }
  })

  it('refuses policies that would be slow by their size', () => {
    const any = (depth: number): unknown =>
      depth === 0 ? { type: 'any_change', field: '/a' } : { any: [any(depth - 1), any(depth - 1)] }
    expect(cost(() => parsePolicy({ ...policy(), when: any(13) }))).toBeLessThan(200)
    expect(parsePolicy({ ...policy(), when: any(13) }).ok).toBe(false)
    const needs = Array.from({ length: 60 }, () => ({ quorum: 1, from: { roles: ['lead'] } }))
    expect(cost(() => parsePolicy({ ...policy(), require: { atLeast: 30, of: needs } }))).toBeLessThan(200)
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
    expect(cost(() => evaluate(set, change))).toBeLessThan(100)
    expect(explain(set, change).policies).toHaveLength(2_000)
  })

  it('that override each other in a long chain are settled at once', () => {
    const chain = Array.from({ length: 5_000 }, (_, index) => policy({ id: `p${index}`, overrides: [`p${index + 1}`] }))
    const set = compilePolicies(chain, vocabulary)
    const change = flagChange({ a: 1 }, { a: 2 })
    expect(evaluate(set, change).requirements).toHaveLength(2_500)
    expect(cost(() => evaluate(set, change))).toBeLessThan(200)
  })

  it('can be checked beside each other', () => {
    const started = performance.now()
    expect(lintPolicies(many.slice(0, 500)).filter(({ severity }) => severity === 'error')).toEqual([])
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})
