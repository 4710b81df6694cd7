import { describe, expect, it } from 'vitest'
import {
  type Condition,
  compilePattern,
  compilePolicies,
  describeExplanation,
  evaluate,
  explain,
  explainPolicy,
  type Policy,
  type PolicySubject,
} from '../../../src/core/index.ts'
import { policy } from './flag-change.ts'

/** A new document of so many values, in groups of a hundred. */
function creation(values: number): PolicySubject {
  const group = (at: number) => Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`v${n}`, at * 100 + n]))
  const after = Object.fromEntries(Array.from({ length: values / 100 }, (_, at) => [`k${at}`, group(at)]))
  const resource = { type: 'feature_flag', id: 'big' }
  const places = [{ type: 'added' as const, path: '', after }]
  return { resource, project: 'web', actions: ['create'], before: undefined, after, places }
}

const large = creation(200_000)
const missing = (name: string): Condition => ({ type: 'before_after', field: `/**/${name}`, operator: '>', value: 1e9 })
const manyMissing: Condition = { any: Array.from({ length: 30 }, (_, n) => missing(`v${n}`)) }
const outcomes = (policies: readonly Policy[], change: PolicySubject) =>
  explain(compilePolicies(policies), change).policies.map(({ policy: { id }, outcome }) => [id, outcome])

describe('a change that is too large for the policies to look through', () => {
  it('[FA-17] closes every gate that would have to look, whatever it would look for', () => {
    const policies = [
      policy({ id: 'costly', when: manyMissing }),
      policy({ id: 'negated', when: { not: missing('v1') } }),
      policy({ id: 'plain', when: { type: 'before_after', field: '/k1/v1', operator: '==', value: -1 } }),
      policy({ id: 'safe', safe: [{ field: '/**' }] }),
      policy({ id: 'owned', require: { owners: [{ field: '/elsewhere', quorum: 1, from: { roles: ['lead'] } }] } }),
      policy({ id: 'elsewhere', match: { project: 'shop' }, when: missing('v1') }),
    ]
    const doubts = ['costly', 'negated', 'plain'].map((id) => [id, 'asks_in_doubt'])
    const right = [...doubts.slice(0, 2), ['owned', 'asks'], ...doubts.slice(2), ['safe', 'asks']]
    expect(outcomes(policies, large)).toEqual(right)
    expect(outcomes(policies.toReversed(), large)).toEqual(right)
    const set = compilePolicies(policies)
    expect(evaluate(set, large)).toEqual(explain(set, large).evaluation)
    expect(describeExplanation(explain(set, large)).join(' ')).toContain(
      'the change is too large to look for /**/v1 in it',
    )
    expect(explainPolicy(set, 'elsewhere', large)?.outcome).toBe('out_of_scope')
  })

  it('[FA-17] is one only beside the policies that it takes', () => {
    const [cheap, costly] = [policy({ id: 'cheap', when: missing('v1') }), policy({ id: 'costly', when: manyMissing })]
    expect(outcomes([cheap], large)).toEqual([['cheap', 'condition_not_met']])
    expect(outcomes([cheap, costly], large)).toEqual([
      ['cheap', 'asks_in_doubt'],
      ['costly', 'asks_in_doubt'],
    ])
    expect(outcomes([cheap, costly], creation(1_000))).toEqual([
      ['cheap', 'condition_not_met'],
      ['costly', 'condition_not_met'],
    ])
    const { after } = large
    const small = { ...large, before: after, places: [{ type: 'added' as const, path: '/new', after: 1 }] }
    expect(outcomes([cheap, costly], small)).toEqual([
      ['cheap', 'condition_not_met'],
      ['costly', 'condition_not_met'],
    ])
  })

  it('[FA-17] is one too where it has very many places', () => {
    const places = Array.from({ length: 200_000 }, (_, n) => ({ type: 'added' as const, path: `/n${n}`, after: n }))
    const literal: Condition = {
      any: Array.from({ length: 30 }, (_, n) => ({ type: 'before_after', field: `/n${n}`, operator: '==', value: -1 })),
    }
    const many = { ...large, places }
    expect(outcomes([policy({ id: 'p', when: literal })], many)).toEqual([['p', 'asks_in_doubt']])
    expect(outcomes([policy({ id: 'p', when: literal })], { ...many, places: places.slice(0, 1_000) })).toEqual([
      ['p', 'condition_not_met'],
    ])
    const anything: Condition = { any: [{ type: 'any_change', field: '/**' }, literal] }
    const step = { action: 'start', from: 'draft', to: 'running' }
    expect(outcomes([policy({ id: 'p', when: anything })], { ...many, step })).toEqual([['p', 'asks']])
  })
})

it('[FA-17] an explanation lists a thousand values of each judgement, and counts the others', () => {
  const set = compilePolicies([
    policy({ when: { type: 'before_after', field: '/**/v1', operator: '<', value: 50_000 } }),
  ])
  const change = creation(200_000)
  const [told] = explain(set, change).policies
  expect(told?.condition).toMatchObject({ type: 'test', holds: 'yes', more: 500 })
  const [sentence] = describeExplanation(explain(set, creation(150_000)))
  expect(sentence).toMatch(/and \d+ more/)
})

it('several ** in a row are one', () => {
  const compiled = compilePattern('/a/**/**/**/b/**/**')
  expect(compiled).toMatchObject({ ok: true, value: { alternatives: [['a', '**', 'b', '**']] } })
})
