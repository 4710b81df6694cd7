import { describe, expect, it } from 'vitest'
import {
  type Condition,
  compilePolicies,
  describeExplanation,
  describePinned,
  describePolicy,
  describeRequirement,
  explain,
  explainPolicy,
  type Policy,
  type PolicySubject,
  type Requirement,
} from '../../../src/core.ts'
import { flagChange, policy, vocabulary } from './flag-change.ts'

const amount: Condition = { type: 'change_amount', field: '/rollout', operator: '>', value: 20 }
const rollout = flagChange({ rollout: 40 }, { rollout: 85 })

function told(rest: Partial<Policy>, change: PolicySubject = rollout): string {
  const set = compilePolicies([policy(rest)], vocabulary)
  const explanation = explainPolicy(set, 'p', change)
  return explanation ? describePolicy(explanation) : ''
}

describe('[BY-05] an explanation', () => {
  it('names each policy in question with the values that decided it', () => {
    const set = compilePolicies(
      [
        policy({ id: 'big', when: amount }),
        policy({ id: 'huge', when: { ...amount, value: 60 } }),
        policy({ id: 'else', match: { resource: 'experiment' } }),
        policy({ id: 'off', when: { type: 'any_change', field: '/enabled' } }),
      ],
      vocabulary,
    )
    const value = { path: '/rollout', before: 40, after: 85, problem: undefined }
    expect(explain(set, rollout)).toEqual({
      evaluation: {
        requirements: [{ policy: 'big', version: 1, require: { quorum: 1, from: { roles: ['lead'] } } }],
        rules: expect.anything(),
      },
      policies: [
        expect.objectContaining({
          policy: expect.objectContaining({ id: 'big' }),
          outcome: 'asks',
          asks: [expect.objectContaining({ policy: 'big' })],
          condition: {
            type: 'test',
            holds: 'yes',
            condition: amount,
            values: [{ ...value, holds: 'yes' }],
            problem: undefined,
          },
        }),
        expect.objectContaining({
          policy: expect.objectContaining({ id: 'huge' }),
          outcome: 'condition_not_met',
          asks: [],
          condition: expect.objectContaining({ holds: 'no', values: [{ ...value, holds: 'no' }] }),
        }),
      ],
    })
  })

  it('is given for any policy that is asked about, whatever it is about', () => {
    const set = compilePolicies(
      [policy({ match: { resource: 'experiment', action: 'start', project: 'app' } })],
      vocabulary,
    )
    expect(explain(set, rollout).policies).toEqual([])
    expect(explainPolicy(set, 'p', rollout)).toMatchObject({
      outcome: 'out_of_scope',
      scope: [
        { dimension: 'resource', expected: ['experiment'], found: ['feature_flag'], holds: 'no' },
        { dimension: 'project', expected: ['app'], found: ['web'], holds: 'no' },
        { dimension: 'action', expected: ['start'], found: ['update'], holds: 'no' },
      ],
    })
    expect(explainPolicy(set, 'nobody', rollout)).toBeUndefined()
  })

  it('says which policy another one gives way to, and why a fallback is idle', () => {
    const set = compilePolicies([
      policy({ id: 'wide' }),
      policy({ id: 'narrow', match: { project: 'web' }, overrides: ['wide'] }),
      policy({ id: 'org', fallback: true }),
    ])
    const { policies } = explain(set, rollout)
    expect(
      policies.map(({ policy: { id }, outcome, overriddenBy, asks }) => [id, outcome, overriddenBy, asks[0]?.policy]),
    ).toEqual([
      ['narrow', 'asks', [], 'narrow'],
      ['org', 'idle_fallback', [], undefined],
      ['wide', 'overridden', ['narrow'], undefined],
    ])
  })

  it('lets no policy in doubt override another one, as the evaluation does', () => {
    const narrow = policy({ id: 'narrow', when: { type: 'predicate', name: 'gone' }, overrides: ['wide'] })
    const set = compilePolicies([policy({ id: 'wide' }), narrow])
    expect(explain(set, rollout).policies.map(({ outcome }) => outcome)).toEqual(['asks_in_doubt', 'asks'])
  })

  it('is plain data', () => {
    const set = compilePolicies([policy({ when: { all: [amount, { not: { ...amount, value: 60 } }] } })], vocabulary)
    const explanation = explain(set, rollout)
    expect(JSON.parse(JSON.stringify(explanation))).toMatchObject({
      policies: [{ condition: { type: 'all', holds: 'yes' } }],
    })
  })

  it('says so where no policy is about the change, or none asks', () => {
    expect(describeExplanation(explain(compilePolicies([]), rollout))).toEqual(['No policy is about this change.'])
    const set = compilePolicies([policy({ when: { ...amount, value: 60 } })], vocabulary)
    expect(describeExplanation(explain(set, rollout))).toEqual([
      'No policy asks for approval.',
      'Policy "p" does not ask: /rollout goes from 40 to 85, not by more than 60.',
    ])
  })
})

describe('a sentence about a policy', () => {
  it.each<[string, Partial<Policy>, PolicySubject]>([
    ['Policy "p" asks for 1 approval by role lead, because it asks for every change that it is about.', {}, rollout],
    [
      'Policy "p" asks for 1 approval by role lead, because /rollout goes from 40 to 85, by more than 20.',
      { when: amount },
      rollout,
    ],
    [
      'Policy "p" asks for 1 approval by role lead, because /rollout goes from 40 to 85, up by at least 10 %.',
      { when: { ...amount, operator: '>=', value: 10, unit: 'percent', direction: 'increase' } },
      rollout,
    ],
    [
      'Policy "p" asks for 1 approval by role lead, because /rollout goes from 40 to 85, which goes up across 50.',
      { when: { type: 'crosses', field: '/rollout', value: 50, direction: 'increase' } },
      rollout,
    ],
    [
      'Policy "p" does not ask: /rollout goes from 40 to 85, which does not go across 90.',
      { when: { type: 'crosses', field: '/rollout', value: 90 } },
      rollout,
    ],
    [
      'Policy "p" asks for 1 approval by role lead, because /rules/new is added as {"id":"new"}.',
      { when: { type: 'any_change', field: '/rules/*' } },
      flagChange({ rules: [] }, { rules: [{ id: 'new' }] }),
    ],
    [
      'Policy "p" asks for 1 approval by role lead, because /enabled is removed, and was true.',
      { when: { type: 'any_change', field: '/enabled' } },
      flagChange({ enabled: true }, undefined),
    ],
    [
      'Policy "p" asks for 1 approval by role lead, because nobody can say that it does not apply: /rollout has a value of the wrong type (40 → "80").',
      { when: amount },
      flagChange({ rollout: 40 }, { rollout: '80' }),
    ],
    [
      'Policy "p" asks for 1 approval by role lead, because nobody can say that it does not apply: the facet environment is not known, and the policy is about production.',
      { match: { facets: { environment: 'production' } } },
      rollout,
    ],
    [
      'Policy "p" asks for 1 approval by role lead, because nobody can say that it does not apply: the host has no predicate "gone".',
      { when: { type: 'predicate', name: 'gone' } },
      rollout,
    ],
    ['Policy "p" does not apply: the project is web, not app.', { match: { project: 'app' } }, rollout],
    [
      'Policy "p" does not ask: nothing touches /enabled.',
      { when: { type: 'any_change', field: '/enabled' } },
      rollout,
    ],
    [
      'Policy "p" does not ask: it counts the change of /rollout as safe.',
      { safe: [{ field: '/rollout', direction: 'increase' }] },
      rollout,
    ],
    [
      'Policy "p" does not ask: it asks the owners of fields, and the change touches none of those.',
      { require: { owners: [{ field: '/enabled', quorum: 1, from: { roles: ['ops'] } }] } },
      rollout,
    ],
    [
      'Policy "p" asks for 1 approval by role lead, because /rollout goes from 40 to 85, by more than 20, and /rollout goes from 40 to 85, by more than 20.',
      { when: { all: [amount, { not: { not: amount } }] } },
      rollout,
    ],
  ])('reads: %s', (sentence, rest, change) => {
    expect(told(rest, change)).toBe(sentence)
  })
})

describe('a requirement in words', () => {
  const lead: Requirement = { quorum: 1, from: { roles: ['lead'] } }
  const two: Requirement = { quorum: 2, from: { users: ['ann', 'ben'], roles: ['legal'] } }

  it.each<[Requirement, string]>([
    [lead, '1 approval by role lead'],
    [two, '2 approvals by role legal or ann or ben'],
    [{ all: [lead, two] }, '1 approval by role lead and 2 approvals by role legal or ann or ben'],
    [
      { any: [lead, { all: [lead, lead] }] },
      '1 approval by role lead or (1 approval by role lead and 1 approval by role lead)',
    ],
    [{ stages: [lead, lead] }, '1 approval by role lead, then 1 approval by role lead'],
    [{ atLeast: 1, of: [lead, lead] }, '1 of (1 approval by role lead, 1 approval by role lead)'],
    [{ all: [{ any: [lead] }] }, '1 approval by role lead'],
    [{ ...lead, about: '/rules/eu-*' }, '1 approval by role lead for /rules/eu-*'],
  ])('%j reads: %s', (requirement, words) => {
    expect(describeRequirement(requirement)).toBe(words)
  })

  it('includes the veto', () => {
    expect(describePinned({ require: lead, veto: { roles: ['security'] } })).toBe(
      '1 approval by role lead; role security can veto',
    )
  })
})

describe('an explanation of a policy that is not on', () => {
  it('[BY-34] says what one in shadow would do, and that one that is off does nothing', () => {
    expect(told({ mode: 'shadow', when: amount })).toBe(
      'Policy "p", in shadow, would ask for 1 approval by role lead, because /rollout goes from 40 to 85, by more than 20.',
    )
    expect(told({ mode: 'shadow', when: { ...amount, value: 60 } })).toBe(
      'Policy "p", in shadow, would not ask: /rollout goes from 40 to 85, not by more than 60.',
    )
    expect(told({ mode: 'shadow', match: { resource: 'experiment' } })).toBe(
      'Policy "p", in shadow, would not ask: the resource is feature_flag, not experiment.',
    )
    expect(told({ mode: 'off', when: amount })).toBe('Policy "p" does not ask: it is off.')
  })

  it('[BY-34] names what one in shadow would give way to', () => {
    const set = compilePolicies(
      [policy({ id: 'piloted', mode: 'shadow' }), policy({ id: 'real', overrides: ['piloted'] })],
      vocabulary,
    )
    expect(describeExplanation(explain(set, rollout))).toEqual([
      'Policy "real" asks for 1 approval by role lead, because it asks for every change that it is about.',
      'Policy "piloted", in shadow, would give way to "real".',
    ])
    expect(explain(set, rollout).evaluation).not.toHaveProperty('shadow')
  })
})
