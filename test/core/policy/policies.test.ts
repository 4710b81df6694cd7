import { describe, expect, it } from 'vitest'
import {
  compilePolicies,
  evaluate,
  type JsonValue,
  type Policy,
  type PolicyMatch,
  type PolicySubject,
  type Requirement,
  requirementsJoin,
  type SafeChange,
  withoutPolicy,
  withPolicy,
} from '../../../src/core.ts'
import { flagChange, policy, vocabulary } from './flag-change.ts'

const lead: Requirement = { quorum: 1, from: { roles: ['lead'] } }
const rollout = flagChange({ rollout: 10 }, { rollout: 90 })

function asking(policies: readonly Policy[], change: PolicySubject): readonly string[] {
  return evaluate(compilePolicies(policies, vocabulary), change).requirements.map(({ policy }) => policy)
}

function asks(rest: Partial<Policy>, change: PolicySubject): boolean {
  return asking([policy(rest)], change).length > 0
}

describe('what a policy is about', () => {
  it.each<[PolicyMatch, boolean]>([
    [{}, true],
    [{ resource: 'feature_flag' }, true],
    [{ resource: 'experiment' }, false],
    [{ resource: ['experiment', 'feature_flag'] }, true],
    [{ action: 'update' }, true],
    [{ action: 'enable' }, true],
    [{ action: 'delete' }, false],
    [{ action: ['delete', 'enable'] }, true],
    [{ project: 'web' }, true],
    [{ project: 'app' }, false],
    [{ project: ['app', 'web'] }, true],
    [{ facets: { environment: 'production' } }, true],
    [{ facets: { environment: 'staging' } }, false],
    [{ facets: { environment: ['staging', 'production'] } }, true],
    [{ facets: { tags: 'beta' } }, true],
    [{ facets: { tags: ['gamma'] } }, false],
    [{ facets: { tags: 'beta', environment: 'staging' } }, false],
    [
      {
        resource: 'feature_flag',
        action: 'enable',
        project: 'web',
        facets: { environment: 'production', tags: 'ops' },
      },
      true,
    ],
  ])('%j: %s', (match, expected) => {
    const facets = { environment: 'production', tags: ['beta', 'ops'] }
    expect(asks({ match }, { ...rollout, actions: ['update', 'enable'], facets })).toBe(expected)
  })

  it('[AA-01] leaves other projects, and resources of no project, alone', () => {
    const match = { project: 'web' }
    expect(asks({ match }, rollout)).toBe(true)
    expect(asks({ match }, { ...rollout, project: 'app' })).toBe(false)
    expect(asks({ match }, { ...rollout, project: undefined })).toBe(false)
  })

  it.each(['Web', 'web ', ' web', 'we', 'webb', 'ｗｅｂ', 'web\u200b', '*', ''])(
    '[B2] compares names to the letter: %j is another project than web',
    (project) => {
      expect(asks({ match: { project: 'web' } }, { ...rollout, project })).toBe(false)
      expect(asks({ match: { project } }, rollout)).toBe(false)
    },
  )

  it('[B3] knows a resource by its type, whatever its id is called', () => {
    const named = { ...rollout, resource: { type: 'experiment', id: 'feature_flag' } }
    expect(asking([policy(), policy({ id: 'e', match: { resource: 'experiment' } })], named)).toEqual(['e'])
    expect(asks({ match: { resource: 'checkout' } }, rollout)).toBe(false)
    for (const type of ['constructor', '__proto__', 'toString']) {
      expect(asks({ match: { resource: 'feature_flag' } }, { ...rollout, resource: { type, id: 'x' } })).toBe(false)
      expect(asks({ match: {} }, { ...rollout, resource: { type, id: 'x' } })).toBe(true)
    }
  })

  it('[E4] closes the gate where a facet is missing or could not be computed', () => {
    const match = { facets: { environment: 'production' } }
    for (const facets of [{}, { environment: null }, { other: 'production' }])
      expect(asks({ match }, { ...rollout, facets })).toBe(true)
    expect(asks({ match }, rollout)).toBe(true)
    expect(asks({ match }, { ...rollout, facets: { environment: [] } })).toBe(false)
    expect(asks({ match: { facets: { constructor: 'x' } } }, { ...rollout, facets: {} })).toBe(true)
  })

  it('closes the gate where nobody knows the action', () => {
    expect(asks({ match: { action: 'delete' } }, { ...rollout, actions: [] })).toBe(true)
  })

  it('may name more things than an index holds', () => {
    const many = (name: string) => Array.from({ length: 200 }, (_, index) => `${name}-${index}`)
    const match = {
      resource: [...many('type'), 'feature_flag'],
      action: [...many('action'), 'update'],
      project: [...many('project'), 'web'],
    }
    expect(asks({ match }, rollout)).toBe(true)
    expect(asks({ match }, { ...rollout, project: 'app' })).toBe(false)
    expect(asks({ match }, { ...rollout, actions: ['action-7'], project: 'project-8' })).toBe(true)
  })
})

describe('several policies', () => {
  it('all hold, each with its own tree, in the order of their ids', () => {
    const legal: Requirement = { quorum: 2, from: { roles: ['legal'] } }
    const set = compilePolicies([policy({ id: 'b', require: legal, version: 7 }), policy({ id: 'a' })], vocabulary)
    expect(evaluate(set, rollout).requirements).toEqual([
      { policy: 'a', version: 1, require: lead },
      { policy: 'b', version: 7, require: legal },
    ])
  })

  it('take the stricter value of each rule of conduct', () => {
    const set = compilePolicies([
      policy({ id: 'a', rules: { selfApproval: true, expiresAfter: '2w', apply: 'by_hand' } }),
      policy({ id: 'b', rules: { selfApproval: true, expiresAfter: '36h', reasonRequired: true } }),
    ])
    expect(evaluate(set, rollout).rules).toMatchObject({
      selfApproval: true,
      expiresAfter: '36h',
      apply: 'by_hand',
      reasonRequired: true,
    })
    const withSilent = withPolicy(set, policy({ id: 'c' }))
    expect(evaluate(withSilent, rollout).rules.selfApproval).toBe(false)
  })

  it('keep the last text of an id, and let it go', () => {
    const set = compilePolicies([policy({ when: { type: 'any_change', field: '/enabled' } }), policy({ version: 2 })])
    expect(evaluate(set, rollout).requirements[0]?.version).toBe(2)
    expect(evaluate(withPolicy(set, policy({ version: 3, match: { project: 'app' } })), rollout).requirements).toEqual(
      [],
    )
    expect(evaluate(withoutPolicy(set, 'p'), rollout).requirements).toEqual([])
    expect(withoutPolicy(set, 'nobody')).toBe(set)
  })

  it('carry their veto along', () => {
    const veto = { roles: ['security'] }
    const set = compilePolicies([policy({ veto })])
    expect(evaluate(set, rollout).requirements).toEqual([{ policy: 'p', version: 1, require: lead, veto }])
  })
})

describe('an override', () => {
  const wide = policy({ id: 'wide' })
  const narrow = (rest: Partial<Policy> = {}) =>
    policy({ id: 'narrow', match: { project: 'web' }, overrides: ['wide'], ...rest })

  it('is explicit: a narrower policy by itself silences nobody', () => {
    expect(asking([wide, policy({ id: 'narrow', match: { project: 'web' } })], rollout)).toEqual(['narrow', 'wide'])
    expect(asking([wide, narrow()], rollout)).toEqual(['narrow'])
  })

  it('counts only where its policy asks itself', () => {
    expect(asking([wide, narrow()], { ...rollout, project: 'app' })).toEqual(['wide'])
    expect(asking([wide, narrow({ when: { type: 'any_change', field: '/enabled' } })], rollout)).toEqual(['wide'])
    const nobodys = { owners: [{ field: '/enabled', quorum: 1, from: { roles: ['eu'] } }] }
    expect(asking([wide, narrow({ require: nobodys })], rollout)).toEqual(['wide'])
  })

  it('does not count where its policy asks only because nobody knows better', () => {
    expect(asking([wide, narrow({ when: { type: 'predicate', name: 'gone' } })], rollout)).toEqual(['narrow', 'wide'])
    expect(asking([wide, narrow({ match: { facets: { environment: 'production' } } })], rollout)).toEqual([
      'narrow',
      'wide',
    ])
  })

  it('does not count where its policy is overridden itself', () => {
    const third = policy({ id: 'third', overrides: ['narrow'] })
    expect(asking([wide, narrow(), third], rollout)).toEqual(['third', 'wide'])
  })

  it('takes its rules of conduct along', () => {
    const set = compilePolicies([{ ...wide, rules: { reasonRequired: true } }, narrow()])
    expect(evaluate(set, rollout).rules.reasonRequired).toBe(false)
  })

  it('[E5] leads nowhere in a circle: all of its policies stand', () => {
    const circle = [
      policy({ id: 'a', overrides: ['b'] }),
      policy({ id: 'b', overrides: ['c'] }),
      policy({ id: 'c', overrides: ['a'] }),
    ]
    expect(asking(circle, rollout)).toEqual(['a', 'b', 'c'])
    expect(asking([policy({ id: 'a', overrides: ['a'] })], rollout)).toEqual(['a'])
    expect(asking([...circle, policy({ id: 'd', overrides: ['a'] })], rollout)).toEqual(['b', 'd'])
  })
})

describe('a fallback', () => {
  const everywhere = policy({ id: 'everywhere', fallback: true })
  const own = (rest: Partial<Policy> = {}) =>
    policy({ id: 'own', match: { resource: 'feature_flag', project: 'web' }, ...rest })

  it('serves projects that have no policy of their own', () => {
    expect(asking([everywhere, own()], rollout)).toEqual(['own'])
    expect(asking([everywhere, own()], { ...rollout, project: 'app' })).toEqual(['everywhere'])
    expect(asking([everywhere, own()], { ...rollout, project: undefined })).toEqual(['everywhere'])
  })

  it('[FA-04] gives way to a policy of the project only where that one certainly asks', () => {
    const enabled = { type: 'any_change', field: '/enabled' } as const
    const rolledOut = { type: 'any_change', field: '/rollout' } as const
    const require = { owners: [{ field: '/enabled', quorum: 1, from: { roles: ['lead'] } }] }
    expect(asking([everywhere, own({ when: rolledOut })], rollout)).toEqual(['own'])
    expect(asking([everywhere, own({ when: enabled })], rollout)).toEqual(['everywhere'])
    expect(asking([everywhere, own({ safe: [{ field: '/rollout' }] })], rollout)).toEqual(['everywhere'])
    expect(asking([everywhere, own({ require })], rollout)).toEqual(['everywhere'])
    expect(asking([everywhere, own({ when: { type: 'predicate', name: 'gone' } })], rollout)).toEqual([
      'everywhere',
      'own',
    ])
  })

  it('goes on serving actions, types and facets of which the project says nothing', () => {
    const match = { resource: 'feature_flag', project: 'web' }
    const enabling = { ...rollout, actions: ['update', 'enable'] }
    expect(asking([everywhere, own({ match: { ...match, action: 'enable' } })], rollout)).toEqual(['everywhere'])
    expect(asking([everywhere, own({ match: { ...match, action: 'enable' } })], enabling)).toEqual([
      'everywhere',
      'own',
    ])
    expect(asking([everywhere, own({ match: { ...match, action: ['update', 'enable'] } })], enabling)).toEqual(['own'])
    expect(asking([everywhere, own({ match: { ...match, resource: 'experiment' } })], rollout)).toEqual(['everywhere'])
    const facets = { ...match, facets: { environment: 'production' } }
    expect(asking([everywhere, own({ match: facets })], { ...rollout, facets: { environment: 'staging' } })).toEqual([
      'everywhere',
    ])
    expect(asking([everywhere, own({ match: facets })], rollout)).toEqual(['everywhere', 'own'])
  })

  it('is not silenced by policies of all projects, nor by other fallbacks', () => {
    expect(asking([everywhere, policy({ id: 'wide' })], rollout)).toEqual(['everywhere', 'wide'])
    expect(asking([everywhere, own({ fallback: true })], rollout)).toEqual(['everywhere', 'own'])
  })
})

describe('[BY-07] a safe change', () => {
  const off: SafeChange = { field: '/enabled', to: false }
  const less: SafeChange = { field: '/rules/*/rollout', direction: 'decrease' }
  const rules = (value: JsonValue) => [{ id: 'eu-1', rollout: value }]

  it.each<[string, readonly SafeChange[], JsonValue, JsonValue, boolean]>([
    ['switching off', [off], { enabled: true }, { enabled: false }, false],
    ['switching on', [off], { enabled: false }, { enabled: true }, true],
    ['switching off, and more', [off], { enabled: true, rollout: 1 }, { enabled: false, rollout: 2 }, true],
    ['switching off what was nothing', [off], {}, { enabled: false }, true],
    ['switching off what was text', [off], { enabled: 'true' }, { enabled: false }, true],
    ['removing the switch', [off], { enabled: true }, {}, true],
    ['less', [less], { rules: rules(50) }, { rules: rules(40) }, false],
    ['more', [less], { rules: rules(40) }, { rules: rules(50) }, true],
    ['less, in text', [less], { rules: rules('50') }, { rules: rules('40') }, true],
    ['a rule less', [less], { rules: rules(50) }, { rules: [] }, true],
    ['less, and off', [less, off], { enabled: true, rules: rules(9) }, { enabled: false, rules: rules(1) }, false],
    ['metadata', [{ field: '@metadata' }], { description: 'a' }, { description: 'b', tags: ['ops'] }, false],
    ['metadata, and more', [{ field: '@metadata' }], { description: 'a' }, { description: 'b', rollout: 1 }, true],
    [
      'less at the same position of a list',
      [{ field: '/steps/*', direction: 'decrease' }],
      { steps: [9] },
      { steps: [1] },
      true,
    ],
    ['a field whose name begins like a safe one', [{ field: '/roll' }], { rollout: 1 }, { rollout: 2 }, true],
    ['a field that nobody knows', [{ field: '@nonsense' }], { rollout: 1 }, { rollout: 2 }, true],
  ])('%s', (_, safe, before, after, expected) => {
    expect(asks({ safe }, flagChange(before, after))).toBe(expected)
  })

  it('is out of sight of the condition', () => {
    const when = { type: 'any_change', field: '/**/rollout' } as const
    const change = flagChange({ rollout: 1, rules: rules(9) }, { rollout: 1, rules: rules(1) })
    expect(asks({ when }, change)).toBe(true)
    expect(asks({ when, safe: [less] }, change)).toBe(false)
  })

  it('is out of sight of its own policy only', () => {
    const when = { type: 'change_amount', field: '/rules/*/rollout', operator: '>', value: 5 } as const
    const two = (first: number, second: number) => [
      { id: 'eu-1', rollout: first },
      { id: 'us', rollout: second },
    ]
    const change = flagChange({ rules: two(9, 1) }, { rules: two(1, 2) })
    for (const [a, b] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      expect(asking([policy({ id: a, when, safe: [less] }), policy({ id: b, when })], change)).toEqual([b])
    }
  })

  it('[E3] does not make a change without places a safe one', () => {
    expect(asks({ safe: [off] }, flagChange({ enabled: true }, { enabled: true }))).toBe(true)
  })

  it('is as safe as it looks to the policy that declares it, and to no other', () => {
    expect(
      asking([policy({ safe: [off] }), policy({ id: 'q' })], flagChange({ enabled: true }, { enabled: false })),
    ).toEqual(['q'])
  })
})

describe('[BY-06] owners of fields', () => {
  const owner = (field: string, role: string) => ({ field, quorum: 1, from: { roles: [role] } })
  const about = (field: string, role: string) => ({ quorum: 1, from: { roles: [role] }, about: field })
  const require = {
    owners: [owner('/rules/eu-*/**', 'eu'), owner('/rules/us', 'us'), owner('/limits/amount', 'finance')],
  }
  const rules = [
    { id: 'eu-1', rollout: 1 },
    { id: 'us', rollout: 1 },
  ]
  const asked = (before: JsonValue | undefined, after: JsonValue | undefined, otherwise?: Requirement) => {
    const set = compilePolicies([policy({ require: otherwise ? { ...require, otherwise } : require })], vocabulary)
    return evaluate(set, flagChange(before, after)).requirements.map(({ require }) => require)
  }

  it('are asked for what is theirs', () => {
    expect(asked({ rules }, { rules: [{ id: 'eu-1', rollout: 2 }, rules[1] ?? null] })).toEqual([
      about('/rules/eu-*/**', 'eu'),
    ])
    expect(asked({ rules }, { rules: [...rules, { id: 'eu-2' }] })).toEqual([about('/rules/eu-*/**', 'eu')])
    expect(asked({ rules }, { rules: rules.slice(1) })).toEqual([about('/rules/eu-*/**', 'eu')])
    expect(asked({ rules }, { rules: [rules[0] ?? null, { id: 'us', rollout: 2 }] })).toEqual([
      about('/rules/us', 'us'),
    ])
  })

  it('are all asked where several parts change', () => {
    const all = [about('/rules/eu-*/**', 'eu'), about('/rules/us', 'us')]
    expect(asked({ rules }, { rules: [] })).toEqual(all)
    expect(asked({ rules }, {})).toEqual(all)
    expect(asked({ rules }, undefined)).toEqual(all)
    expect(asked(undefined, { rules })).toEqual(all)
  })

  it('leave what is nobody’s to the others, or to nobody', () => {
    expect(asked({ rollout: 1 }, { rollout: 2 })).toEqual([])
    expect(asked({ rollout: 1 }, { rollout: 2 }, lead)).toEqual([lead])
    const both = asked({ rollout: 1, rules }, { rollout: 2, rules: rules.slice(1) }, lead)
    expect(both).toEqual([about('/rules/eu-*/**', 'eu'), lead])
    expect(asked({ rules }, { rules: rules.slice(1) }, lead)).toEqual([about('/rules/eu-*/**', 'eu')])
  })

  it('[J7] are the same on whichever way a place is reached', () => {
    const before = { limits: { amount: 100, currency: 'EUR' }, other: { amount: 900 } }
    const finance = about('/limits/amount', 'finance')
    const ways: Readonly<Record<string, JsonValue | undefined>> = {
      'the field itself': { ...before, limits: { amount: 900, currency: 'EUR' } },
      'the object around it': { ...before, limits: { amount: 900 } },
      'another type in its place': { ...before, limits: 900 },
      'the whole document': { limits: { amount: 900, currency: 'EUR' } },
      'a move from elsewhere': { limits: { amount: 900, currency: 'EUR' }, other: {} },
      'a copy from elsewhere': { ...before, limits: before.other },
      'removing the field': { ...before, limits: { currency: 'EUR' } },
      'removing the object': { other: before.other },
      'removing everything': undefined,
    }
    for (const [way, after] of Object.entries(ways)) expect([way, asked(before, after)]).toEqual([way, [finance]])
    expect(asked(undefined, before)).toEqual([finance])
    expect(asked(before, { ...before, other: { amount: 1 } })).toEqual([])
  })

  it('[E4] are asked where nobody can say what they own', () => {
    const unknown = policy({ require: { owners: [owner('@nonsense', 'eu')] } })
    expect(evaluate(compilePolicies([unknown], vocabulary), rollout).requirements[0]?.require).toEqual(
      about('@nonsense', 'eu'),
    )
  })

  it('[J7] of an item are asked wherever it stands in its list', () => {
    const shifted = [{ id: 'new', rollout: 5 }, { id: 'eu-1', rollout: 2 }, rules[1] ?? null]
    expect(asked({ rules }, { rules: shifted })).toEqual([about('/rules/eu-*/**', 'eu')])
    expect(asked({ rules }, { rules: rules.toReversed() })).toEqual([])
  })
})

describe('what was pinned and what is asked now', () => {
  const pinned = { policy: 'p', version: 1, require: lead }

  it('[E1] [E7] hold together: nothing that was asked is forgotten', () => {
    const two: Requirement = { quorum: 2, from: { roles: ['lead'] } }
    expect(requirementsJoin([pinned], [])).toEqual([pinned])
    expect(requirementsJoin([pinned], [{ ...pinned, version: 2, require: two }])).toEqual([
      pinned,
      { ...pinned, version: 2, require: two },
    ])
    expect(requirementsJoin([{ ...pinned, require: two }], [{ ...pinned, version: 2, require: lead }])).toHaveLength(2)
  })

  it('hold together where the veto changed', () => {
    const guarded = { ...pinned, veto: { roles: ['security'] } }
    expect(requirementsJoin([pinned], [guarded])).toHaveLength(2)
    expect(requirementsJoin([guarded], [{ ...guarded, version: 3 }])).toEqual([guarded])
  })

  it('count once where nothing but the version changed', () => {
    const reordered = { policy: 'p', version: 2, require: { from: { roles: ['lead'] }, quorum: 1 } }
    expect(requirementsJoin([pinned], [reordered])).toEqual([pinned])
  })
})
