import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Policy, PolicySubject } from '../../src/core.ts'
import { changes, flagChanges, flagGroups, flagShape, policyProperties } from '../../src/testing/index.ts'

const vocabulary = { resources: { feature_flag: { shape: flagShape, groups: flagGroups } } }

const policies: readonly Policy[] = [
  {
    id: 'big-rollouts',
    version: 1,
    match: { resource: 'feature_flag' },
    when: {
      any: [
        { type: 'change_amount', field: '/rollout', operator: '>', value: 20 },
        { type: 'before_after', field: '/rollout', operator: '>', value: 50 },
      ],
    },
    safe: [
      { field: '/enabled', to: false },
      { field: '/rollout', direction: 'decrease' },
    ],
    require: {
      all: [
        { quorum: 1, from: { roles: ['lead'] } },
        { quorum: 1, from: { roles: ['legal', 'lead'] } },
      ],
    },
  },
]

const people = [
  { user: 'ann', roles: ['lead'] },
  { user: 'ben', roles: ['lead'] },
  { user: 'cat', roles: ['legal'] },
]

const withFlags = (replaced: readonly Policy[]) =>
  policyProperties({ policies: replaced, vocabulary, changes: changes(flagChanges) })
const properties = withFlags(policies)

const document = (change: PolicySubject, side: 'before' | 'after') =>
  (change[side] ?? {}) as { rollout?: unknown; enabled?: unknown }
const reachesEverybody = (change: PolicySubject) =>
  document(change, 'after').rollout === 100 &&
  document(change, 'before').rollout !== 100 &&
  typeof document(change, 'before').rollout === 'number'
const onlySwitchesOff = (change: PolicySubject) =>
  change.places.length > 0 &&
  change.places.every(({ path }) => path === '/enabled') &&
  document(change, 'before').enabled === true &&
  document(change, 'after').enabled === false

const runs = { numRuns: 100 }
const seldom = { numRuns: 10, maxSkipsPerRun: 10_000 }

describe('policies that keep their promises', () => {
  it('need as many approvals as was said', () => {
    fc.assert(properties.needsApprovals(reachesEverybody, 2), runs)
  })

  it('never gate what was said to be safe', () => {
    fc.assert(properties.neverGated(onlySwitchesOff), seldom)
  })

  it('leave nobody without an approver', () => {
    fc.assert(properties.canBeApproved(people), runs)
  })
})

describe('policies that break their promises', () => {
  const broken = (rest: Partial<Policy>) => withFlags(policies.map((policy) => ({ ...policy, ...rest })))

  it('are shown with the change that breaks them, and why', () => {
    const lax = broken({ require: { quorum: 1, from: { roles: ['lead'] } } })
    const { failed, counterexample, errorInstance } = fc.check(lax.needsApprovals(reachesEverybody, 2), runs)
    expect(failed).toBe(true)
    expect(counterexample?.[0].after).toMatchObject({ rollout: 100 })
    expect(String(errorInstance)).toMatch(
      /1 approvals are enough, not 2\nPolicy "big-rollouts" asks for 1 approval by role lead/,
    )
  })

  it('are found where a change passes without anybody', () => {
    const blind = broken({ when: { type: 'change_amount', field: '/rollout', operator: '>', value: 20 } })
    expect(
      fc.check(
        blind.needsApprovals(({ after }) => document({ after } as PolicySubject, 'after').rollout === 100, 1),
        runs,
      ).failed,
    ).toBe(true)
  })

  it('are found where switching off waits for somebody', () => {
    const { safe: _, when: __, ...strict } = policies[0] as Policy
    expect(fc.check(withFlags([strict]).neverGated(onlySwitchesOff), seldom).failed).toBe(true)
  })

  it('are found where a requester is the only approver', () => {
    expect(fc.check(properties.canBeApproved(people.slice(1)), runs).failed).toBe(true)
    const aliases = [...people.slice(1), { user: 'ben-admin', person: 'ben', roles: ['lead'] }]
    expect(fc.check(properties.canBeApproved(aliases), runs).failed).toBe(true)
  })

  it('are not taken for sound because nothing was tried', () => {
    expect(
      fc.check(
        properties.neverGated(() => false),
        runs,
      ).failed,
    ).toBe(true)
  })
})
