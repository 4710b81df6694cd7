import { describe, expect, it } from 'vitest'
import { compareSimulations, compilePolicies, simulate } from '../../../src/core.ts'
import { flagChange, policy } from './flag-change.ts'

const changes = [
  { revision: 1, from: 0, to: 10 },
  { revision: 2, from: 10, to: 50 },
  { revision: 3, from: 50, to: 60 },
  { revision: 4, from: 60, to: 100 },
]
const subjectOf = ({ from, to }: { from: number; to: number }) => flagChange({ rollout: from }, { rollout: to })
const moreThan = (value: number) => ({ type: 'change_amount', field: '/rollout', operator: '>', value }) as const

describe('[BY-11] a simulation', () => {
  const set = compilePolicies([
    policy({ id: 'big', when: moreThan(20) }),
    policy({
      id: 'full',
      when: { type: 'before_after', field: '/rollout', operator: '>=', value: 100 },
      require: { quorum: 1, from: { roles: ['lead', 'legal'], users: ['ann'] } },
    }),
  ])

  it('says which changes would have been gated, by what, and who would have been asked', () => {
    const { changes: simulated, gated, byPolicy, byApprover } = simulate(set, changes, subjectOf)
    expect(gated).toBe(2)
    expect(
      simulated.map(({ change, evaluation }) => [
        change.revision,
        evaluation.requirements.map((asked) => asked.policy),
      ]),
    ).toEqual([
      [1, []],
      [2, ['big']],
      [3, []],
      [4, ['big', 'full']],
    ])
    expect(byPolicy).toEqual([
      { name: 'big', changes: 2 },
      { name: 'full', changes: 1 },
    ])
    expect(byApprover).toEqual([
      { name: 'lead', changes: 2, kind: 'role' },
      { name: 'legal', changes: 1, kind: 'role' },
      { name: 'ann', changes: 1, kind: 'user' },
    ])
  })

  it('compares two sets of policies', () => {
    const after = compilePolicies([
      policy({ id: 'big', version: 2, when: moreThan(9) }),
      policy({ id: 'full', when: moreThan(39), require: { quorum: 2, from: { roles: ['legal'] } } }),
    ])
    const { differences, before: old, after: next } = compareSimulations({ before: set, after }, changes, subjectOf)
    expect([old.gated, next.gated]).toEqual([2, 4])
    expect(differences.map(({ change, type }) => [change.revision, type])).toEqual([
      [1, 'newly_gated'],
      [2, 'other'],
      [3, 'newly_gated'],
      [4, 'other'],
    ])
    const gone = compareSimulations({ before: set, after: compilePolicies([]) }, changes, subjectOf)
    expect(gone.differences.map(({ change, type }) => [change.revision, type])).toEqual([
      [2, 'no_longer_gated'],
      [4, 'no_longer_gated'],
    ])
  })

  it('finds no difference where only versions and names of values differ', () => {
    const again = compilePolicies([...set.policies.values()].map(({ policy }) => ({ ...policy, version: 9 })))
    expect(compareSimulations({ before: set, after: again }, changes, subjectOf).differences).toEqual([])
  })

  it('sees that only the rules of conduct differ', () => {
    const again = compilePolicies(
      [...set.policies.values()].map(({ policy }) => ({ ...policy, rules: { reasonRequired: true } })),
    )
    expect(compareSimulations({ before: set, after: again }, changes, subjectOf).differences).toHaveLength(2)
  })
})
