import { describe, expect, it } from 'vitest'
import {
  type Condition,
  compilePattern,
  compilePolicies,
  compileShape,
  describeExplanation,
  evaluate,
  explain,
  explainPolicy,
  keyedBy,
  list,
  type Policy,
  type PolicySubject,
} from '../../../src/core.ts'
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

  it('[BY-34] is no larger by what policies in shadow look for', () => {
    const cheap = policy({ id: 'cheap', when: missing('v1') })
    const shadow = policy({ id: 'costly', when: manyMissing, mode: 'shadow' })
    const off = policy({ id: 'off', when: manyMissing, mode: 'off' })
    expect(outcomes([cheap, shadow, off], large)).toEqual([['cheap', 'condition_not_met']])
    expect(evaluate(compilePolicies([cheap, shadow, off]), large)).toMatchObject({
      requirements: [],
      shadow: [{ policy: 'costly' }],
    })
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

  it('[FA-17] is one beside the changes that it is one of', () => {
    const set = compilePolicies([policy({ id: 'cheap', when: missing('v1') })])
    expect(evaluate(set, large).requirements).toEqual([])
    expect(evaluate(set, large, 100).requirements).toMatchObject([{ policy: 'cheap' }])
    expect(explain(set, large, 100)).toMatchObject({ policies: [{ outcome: 'asks_in_doubt' }] })
  })

  it('[FA-17] is one sooner for amounts, which are compared exactly', () => {
    const amount: Condition = { type: 'change_amount', field: '/**/v1', operator: '>', value: 1 }
    const amounts = [policy({ id: 'p', when: { any: Array.from({ length: 3 }, () => amount) } })]
    expect(outcomes([policy({ id: 'p', when: { any: [missing('v1'), missing('v1')] } })], large)).toEqual([
      ['p', 'condition_not_met'],
    ])
    expect(outcomes(amounts, large)).toEqual([['p', 'asks_in_doubt']])
  })

  it('[FA-17] is explained without the lists that safe places lead into, where these are too many to look for', () => {
    const safe = (some: number) => [
      policy({ safe: Array.from({ length: some }, (_, n) => ({ field: `/**/v${n}/x` })) }),
    ]
    const lists = { ...large, after: { ...(large.after as object), v0: [{ x: 1 }, { x: 2 }] } }
    const change = { ...lists, places: [{ type: 'added' as const, path: '', after: lists.after }] }
    const told = (some: number) => explain(compilePolicies(safe(some)), change).policies[0]
    expect(told(1)).toMatchObject({ outcome: 'asks', unnamed: ['/v0'] })
    expect(told(40)).toMatchObject({ outcome: 'asks', unnamed: [] })
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

it('[FA-17] the names of a list are read a few times, however many lists in it change', () => {
  let reads = 0
  const rule = (at: number, steps: readonly number[]) => ({
    get id() {
      reads++
      return `r${at}`
    },
    steps,
  })
  const shape = compileShape({ '/rules': keyedBy('id'), '/rules/*/steps': list() })
  const rules = (steps: readonly number[]) => Array.from({ length: 300 }, (_, at) => rule(at, steps))
  const [before, after] = [{ rules: rules([1, 2]) }, { rules: rules([1, 3]) }]
  const places = before.rules.map((_, at) => {
    return { type: 'changed' as const, path: `/rules/r${at}/steps/1`, before: 2, after: 3 }
  })
  const any = policy({ when: { type: 'any_change', field: '/rules/r7/steps' }, safe: [{ field: '/rules/r8/**' }] })
  const set = compilePolicies([any, { ...any, id: 'q' }], { resources: { feature_flag: { shape } } })
  const { resource, project, actions } = large
  reads = 0
  expect(evaluate(set, { resource, project, actions, before, after, places }).requirements).toHaveLength(2)
  expect(reads).toBeLessThanOrEqual(4 * 300)
})

it('several ** in a row are one', () => {
  const compiled = compilePattern('/a/**/**/**/b/**/**')
  expect(compiled).toMatchObject({ ok: true, value: { alternatives: [['a', '**', 'b', '**']] } })
})
