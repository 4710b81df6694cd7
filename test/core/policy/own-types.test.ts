import { describe, expect, it } from 'vitest'
import { checkLockOut, type PolicyPeople } from '../../../src/core/policy/check/check-lock-out.ts'
import { checkPolicy } from '../../../src/core/policy/check/check-policy.ts'
import { compilePolicies } from '../../../src/core/policy/compile/policy-set.ts'
import { evaluate } from '../../../src/core/policy/evaluate/evaluate.ts'
import { evaluateOverrides } from '../../../src/core/policy/evaluate/evaluate-overrides.ts'
import { describeExplanation } from '../../../src/core/policy/explain/describe-explanation.ts'
import { explain, explainPolicy } from '../../../src/core/policy/explain/explain.ts'
import type { PolicyInput, PolicySubject } from '../../../src/core/policy/model/policy.ts'

const lead = { quorum: 1, from: { roles: ['lead'] } }
const gate: PolicyInput = { id: 'gate', match: { resource: 'countersign.policy' }, require: lead }
const removal: PolicySubject = {
  resource: { type: 'countersign.policy', id: 'flags' },
  project: undefined,
  actions: ['delete'],
  places: [{ type: 'removed', path: '', before: { id: 'flags' } }],
  before: { id: 'flags' },
  after: undefined,
}
const askedBy = (policies: readonly PolicyInput[]) => {
  const set = compilePolicies(policies.map((policy) => ({ ...policy, version: 1 })))
  return evaluate(set, removal).requirements.map(({ policy }) => policy)
}

describe('a policy about policies', () => {
  it('[BY-19] is one that names them: what a policy leaves out is about the types of the application', () => {
    const others: PolicyInput[] = [
      { id: 'everything', match: {}, require: lead },
      { id: 'removals', match: { action: 'delete' }, require: lead },
      { id: 'in-doubt', match: { facets: { area: 'money' } }, require: lead },
      { id: 'default', match: {}, fallback: true, require: lead },
      { id: 'many', match: { resource: Array.from({ length: 1001 }, (_, n) => `type-${n}`) }, require: lead },
    ]
    expect(askedBy(others)).toEqual([])
    expect(
      askedBy([...others, gate, { ...gate, id: 'both', match: { resource: ['flag', 'countersign.policy'] } }]),
    ).toEqual(['both', 'gate'])
    const most = Array.from({ length: 1000 }, (_, n) => `type-${n}`)
    expect(askedBy([{ ...gate, match: { resource: [...most, 'countersign.policy'] } }])).toEqual(['gate'])
  })

  it('is not explained by policies that are not about it, unless somebody asks why one is not', () => {
    const set = compilePolicies([{ id: 'everything', match: {}, require: lead, version: 1 }])
    expect(describeExplanation(explain(set, removal))).toEqual(['No policy is about this change.'])
    const told = explainPolicy(set, 'everything', removal)
    expect(told).toMatchObject({ outcome: 'out_of_scope', scope: [{ dimension: 'resource', holds: 'no' }] })
    const sentences = describeExplanation({ ...explain(set, removal), policies: told ? [told] : [] })
    expect(sentences).toContain(
      'Policy "everything" does not apply: the resource is countersign.policy, not any type of the application.',
    )
  })

  it('is refused where it names a project, and pointed out where it leaves actions to anybody', () => {
    const findings = (match: PolicyInput['match']) =>
      checkPolicy({ ...gate, match }).map(({ severity, path, problem }) => [severity, path, problem])
    expect(findings({ resource: 'countersign.policy' })).toEqual([])
    expect(findings({ resource: 'countersign.policy', action: ['create', 'update', 'delete'] })).toEqual([])
    expect(findings({ resource: ['flag', 'countersign.policy'], project: 'web' })).toEqual([
      ['error', '/match/project', 'policies belong to no project, so it would never be about countersign.policy'],
    ])
    expect(findings({ resource: 'countersign.policy', action: 'update' })).toEqual([
      ['warning', '/match/action', 'policies can be changed past it: nobody is asked about create and delete'],
    ])
    expect(findings({ action: 'update' }).map(([, , problem]) => problem)).toEqual([
      'it is about update alone: what is deleted and created anew with other values passes',
    ])
  })

  it('is neither made pointless by one about everything else, nor does its type spoil what others say', () => {
    const everything: PolicyInput = { id: 'everything', match: {}, require: lead }
    expect(checkPolicy(gate, { others: [everything] })).toEqual([])
    const area: PolicyInput = { id: 'area', match: { facets: { area: 'money' } }, require: lead }
    const resources = { flag: { facets: { area: ['money'] } }, 'countersign.policy': { facets: {} } }
    expect(checkPolicy(area, { resources })).toEqual([])
  })
})

describe('who could change policies', () => {
  const there = (holders: Record<string, string[]>, more: Partial<PolicyPeople> = {}): PolicyPeople => ({
    directory: { unknownUsers: ['gone'], unknownRoles: [], holders, people: { 'ann-2': 'ann' } },
    ...more,
  })
  const byUser = (user: string, more: Partial<PolicyInput> = {}): PolicyInput => ({
    ...gate,
    require: { quorum: 1, from: { users: [user] } },
    ...more,
  })

  it.each<[string, boolean, readonly PolicyInput[], PolicyPeople]>([
    ['nobody is asked', true, [{ ...gate, match: {} }], there({}, { changers: ['ann'] })],
    ['somebody else approves', true, [gate], there({ lead: ['ben'] }, { changers: ['ann'] })],
    [
      'the only one who may ask is the only one who is asked',
      false,
      [gate],
      there({ lead: ['ann'] }, { changers: ['ann'] }),
    ],
    ['two accounts of one person', false, [gate], there({ lead: ['ann-2'] }, { changers: ['ann'] })],
    [
      'who approves their own',
      true,
      [{ ...gate, rules: { selfApproval: true } }],
      there({ lead: ['ann'] }, { changers: ['ann'] }),
    ],
    ['a second one may ask', true, [gate], there({ lead: ['ann'] }, { changers: ['ann', 'zoe'] })],
    ['anybody may ask', true, [gate], there({ lead: ['ann'] })],
    ['nobody holds the role', false, [gate], there({ lead: [] })],
    ['whom the directory does not know any more', false, [byUser('gone')], there({}, { changers: ['ann'] })],
    ['nobody may ask', false, [byUser('ben')], there({}, { changers: [] })],
    [
      'each gate by itself could be passed, and never both',
      false,
      [byUser('ann'), byUser('ben', { id: 'other' })],
      there({}, { changers: ['ann', 'ben'] }),
    ],
    [
      'one of the gates lets its own approver ask, and the other one forbids it for both',
      false,
      [byUser('ann', { rules: { selfApproval: true } }), byUser('ben', { id: 'other' })],
      there({}, { changers: ['ann', 'ben'] }),
    ],
    [
      'all gates let their own approvers ask',
      true,
      ['gate', 'other'].map((id) => byUser('ann', { id, rules: { selfApproval: true } })),
      there({}, { changers: ['ann'] }),
    ],
  ])('[BY-19] [BY-08] is looked for: %s', (_name, possible, policies, people) => {
    const found = checkLockOut(policies, people)
    expect(found === undefined).toBe(possible)
    if (found)
      expect(found).toMatchObject({ severity: 'error', path: '/require', problem: expect.stringContaining('"gate"') })
  })
})

describe('what stands in for a policy', () => {
  const asked = (gates: readonly PolicyInput[], overrides: readonly string[] = ['target']) => {
    const target: PolicyInput = { id: 'target', match: { resource: 'flag' }, require: lead }
    const set = compilePolicies([target, ...gates].map((one) => ({ ...one, version: 1 })))
    return evaluateOverrides(set, { overrides })
  }
  const other: PolicyInput = { ...gate, id: 'other', overrides: ['gate'], rules: { reasonRequired: true } }

  it('[E9] asks what a change of that one could, under the strictest rules', () => {
    const { requirements, rules } = asked([
      { ...gate, rules: { selfApproval: true } },
      { ...other, overrides: [] },
    ])
    expect(requirements.map(({ policy }) => policy)).toEqual(['gate', 'other'])
    expect(rules).toMatchObject({ selfApproval: false, reasonRequired: true })
    expect(asked([{ ...gate, match: { ...gate.match, action: 'create' } }]).requirements).toEqual([])
    expect(asked([gate], ['nowhere']).requirements).toEqual([])
    expect(asked([gate], []).requirements).toEqual([])
  })

  it('[E9] is asked each owner of a field, once', () => {
    const from = { roles: ['lead'] }
    const owners = ['/when', '/require'].map((field) => ({ field, quorum: 1, from }))
    const { requirements } = asked([{ ...gate, require: { owners, otherwise: { quorum: 2, from } } }])
    expect(requirements.map(({ require }) => ('about' in require ? require.about : require))).toEqual([
      '/require',
      '/when',
      { quorum: 2, from },
    ])
  })

  it('[E9] is let past a gate by another one only where that certainly asks', () => {
    const policies = (gates: readonly PolicyInput[]) => asked(gates).requirements.map(({ policy }) => policy)
    expect(policies([gate, other])).toEqual(['other'])
    expect(policies([gate, { ...other, when: { type: 'any_change', field: '/when' } }])).toEqual(['gate', 'other'])
    expect(policies([gate, { ...other, safe: [{ field: '/when' }] }])).toEqual(['gate', 'other'])
    const owners = [{ field: '/when', quorum: 1, from: { roles: ['lead'] } }]
    expect(policies([gate, { ...other, require: { owners } }])).toEqual(['gate', 'other'])
  })
})
