import { describe, expect, it } from 'vitest'
import {
  type Condition,
  checkPolicy,
  compileShape,
  type DirectoryFacts,
  keyedBy,
  lintPolicies,
  type PolicyFacts,
  type PolicyInput,
} from '../../../src/core.ts'

const lead = { quorum: 1, from: { roles: ['lead'] } }
const input = (rest: Partial<PolicyInput> = {}): PolicyInput => ({ id: 'p', match: {}, require: lead, ...rest })

function found(policy: PolicyInput, facts: PolicyFacts = {}): readonly string[] {
  return checkPolicy(policy, facts).map(({ severity, path, problem }) => `${severity} ${path}: ${problem}`)
}

const directory = (rest: Partial<DirectoryFacts> = {}): DirectoryFacts => ({
  unknownUsers: [],
  unknownRoles: [],
  holders: { lead: ['ann', 'ben'], legal: ['ann'], nobody: [] },
  ...rest,
})

describe('fields', () => {
  const rule = (id: string) => ({ id, rollout: 1 })
  const documents = [
    { enabled: true, rollout: 40, rules: [rule('eu'), rule('us')] },
    { enabled: false, rules: [] },
  ]
  const shape = compileShape({ '/rules': keyedBy('id') })
  const flag = { documents, shape, groups: { reach: ['/rollout', '/reach'], lost: ['/nowhere'] } }
  const watching = (...fields: readonly string[]) => ({
    match: { resource: 'flag' },
    when: { any: fields.map((field) => ({ type: 'any_change', field }) as const) },
  })
  const facts = { resources: { flag } }

  it('at which no live document has anything are pointed out, with what there is instead', () => {
    const policy = input(
      watching(
        '/rollout',
        '/rules/*/rollout',
        '/rules/eu',
        '@reach',
        '/rollot',
        '/rules/*/roll',
        '/rules/uk/x',
        '@lost',
      ),
    )
    expect(
      checkPolicy(policy, facts).map(({ path, severity, problem, fix }) => [path, severity, problem, fix]),
    ).toEqual([
      [
        '/when/any/4/field',
        'hint',
        'none of the 2 live documents that were looked at (flag) has anything at /rollot',
        'correct it: there are enabled, rollout, rules; keep it where such documents are still to come',
      ],
      [
        '/when/any/5/field',
        'hint',
        'none of the 2 live documents that were looked at (flag) has anything at /rules/*/roll',
        'correct it: under /rules/* there are id, rollout; keep it where such documents are still to come',
      ],
      [
        '/when/any/6/field',
        'hint',
        'none of the 2 live documents that were looked at (flag) has anything at /rules/uk/x',
        'correct it: under /rules there are eu, us; keep it where such documents are still to come',
      ],
      [
        '/when/any/7/field',
        'hint',
        'none of the 2 live documents that were looked at (flag) has anything at @lost',
        'correct what the group names; keep it where such documents are still to come',
      ],
    ])
  })

  it('are left alone where there is nothing to compare them with, or another type has them', () => {
    expect(found(input(watching('/rollot')), { resources: { flag: { ...flag, documents: [] } } })).toEqual([])
    const other = { documents: [{ rollot: 1 }] }
    const both = { ...watching('/rollot'), match: {} }
    expect(found(input(both), { resources: { flag, other } })).toEqual([])
    expect(found(input(both), facts)).toHaveLength(1)
  })

  it('are named up to eight where there are many', () => {
    const wide = { documents: [Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`field${at}`, at]))] }
    const [hint] = checkPolicy(input(watching('/feld')), { resources: { flag: wide } })
    expect(hint?.fix).toMatch(/^correct it: there are (field\d, ){8}…; keep/)
  })
})

describe('approvers', () => {
  it('[D8] whom the directory does not know are listed, each where it is named', () => {
    const policy = input({
      require: {
        all: [
          { quorum: 1, from: { users: ['ann', 'zoe'], roles: ['lead'] } },
          { any: [{ quorum: 1, from: { roles: ['ghosts'] } }] },
        ],
      },
      veto: { users: ['zoe'] },
      rules: { bypass: ['ghosts'] },
    })
    const facts = { directory: directory({ unknownUsers: ['zoe'], unknownRoles: ['ghosts'] }) }
    expect(found(policy, facts)).toEqual([
      'error /require/all/0/from/users/1: the directory knows no user "zoe"',
      'error /require/all/1/any/0/from/roles/0: the directory knows no role "ghosts"',
      'error /veto/users/0: the directory knows no user "zoe"',
      'error /rules/bypass/0: the directory knows no role "ghosts"',
    ])
  })

  it.each<[string, PolicyInput['require'], boolean]>([
    ['two of two leads', { quorum: 2, from: { roles: ['lead'] } }, true],
    ['three of two leads', { quorum: 3, from: { roles: ['lead'] } }, false],
    ['three of two leads and one more', { quorum: 3, from: { roles: ['lead'], users: ['cat'] } }, true],
    ['three of two leads and one of them', { quorum: 3, from: { roles: ['lead'], users: ['ann'] } }, false],
    ['a role that nobody holds', { quorum: 1, from: { roles: ['nobody'] } }, false],
    [
      'one person in two places',
      {
        all: [
          { quorum: 1, from: { roles: ['legal'] } },
          { quorum: 1, from: { users: ['ann'] } },
        ],
      },
      false,
    ],
    ['two people in two places, whatever the order', { all: [lead, { quorum: 1, from: { roles: ['legal'] } }] }, true],
    ['stages that need more than there are', { stages: [{ quorum: 2, from: { roles: ['lead'] } }, lead] }, false],
    ['a choice of which one works', { any: [{ quorum: 1, from: { roles: ['nobody'] } }, lead] }, true],
    [
      'two of three of which one works not',
      { atLeast: 2, of: [lead, lead, { quorum: 1, from: { roles: ['nobody'] } }] },
      true,
    ],
    [
      'owners of whom one is nobody',
      {
        owners: [
          { field: '/a', ...lead },
          { field: '/b', quorum: 1, from: { roles: ['nobody'] } },
        ],
      },
      false,
    ],
  ])('[BY-08] [E3] are enough, or the policy is refused: %s', (_, require, enough) => {
    const policy = input({ require, rules: { selfApproval: true } })
    const errors = checkPolicy(policy, { directory: directory() }).filter(({ severity }) => severity === 'error')
    expect(errors.map(({ problem }) => problem)).toEqual(enough ? [] : ['the people who could approve are too few'])
  })

  it('are counted as people, not as users', () => {
    const people = { ann: 'one', 'ann-admin': 'one' }
    const policy = input({ require: { quorum: 2, from: { users: ['ann', 'ann-admin'] } } })
    expect(found(policy, { directory: directory({ people }) })).toEqual([
      'error /require: the people who could approve are too few',
    ])
    expect(found(policy)).toHaveLength(1)
  })

  it('who could never ask for a change themselves are told', () => {
    expect(found(input({ require: { quorum: 2, from: { roles: ['lead'] } } }), { directory: directory() })).toEqual([
      'warning /require: nobody else can approve what ann or ben asks for',
    ])
    expect(found(input({ require: { quorum: 1, from: { users: ['ann'] } } }))).toEqual([
      'warning /require: nobody else can approve what ann asks for',
    ])
    expect(found(input({ require: { quorum: 1, from: { users: ['ann'] } }, rules: { selfApproval: true } }))).toEqual(
      [],
    )
    expect(found(input(), { directory: directory() })).toEqual([])
  })
})

describe('words of the host', () => {
  const resources = {
    feature_flag: {
      actions: ['enable'],
      facets: { environment: ['production', 'staging'], owner: undefined },
      groups: { metadata: ['/owner'] },
    },
    experiment: { actions: ['start'], facets: { owner: undefined } },
  }

  it.each<[Partial<PolicyInput>, readonly string[]]>([
    [{ match: { resource: 'feature_flags' } }, ['error /match/resource: there is no resource type "feature_flags"']],
    [
      { match: { resource: 'feature_flag', action: ['enable', 'start'] } },
      ['error /match/action: there is no action "start"'],
    ],
    [{ match: { action: ['enable', 'start', 'create', 'update', 'delete'] } }, []],
    [
      { match: { resource: 'feature_flag', facets: { environment: 'prod' } } },
      ['error /match/facets/environment: there is no value "prod"'],
    ],
    [{ match: { resource: 'feature_flag', facets: { environment: 'production', owner: 'anybody' } } }, []],
    [
      { match: { facets: { environment: 'production' } } },
      [
        'error /match/facets/environment: experiment computes no facet "environment", so every change of it would match',
      ],
    ],
    [{ match: { project: 'webb' } }, ['error /match/project: there is no project "webb"']],
    [{ match: { project: ['web'] } }, []],
    [{ match: { resource: 'feature_flag' }, when: { type: 'any_change', field: '@metadata' } }, []],
    [
      { when: { not: { type: 'any_change', field: '@metadata' } } },
      [
        'error /when/not/field: experiment declares no group @metadata, so nobody could say whether it is touched',
        'warning /when: a change that touches @metadata besides is exempt from it, whatever else it does',
      ],
    ],
    [
      {
        match: { resource: 'feature_flag' },
        safe: [{ field: '@meta' }],
        require: { owners: [{ field: '@m', ...lead }] },
      },
      [
        'error /safe/0/field: feature_flag declares no group @meta, so nobody could say whether it is touched',
        'error /require/owners/0/field: feature_flag declares no group @m, so nobody could say whether it is touched',
      ],
    ],
    [
      { when: { all: [{ type: 'predicate', name: 'offfice_hours' }] } },
      ['error /when/all/0/name: there is no predicate "offfice_hours"'],
    ],
  ])('[B2] are compared with %j', (rest, expected) => {
    expect(found(input(rest), { resources, projects: ['web'], predicates: ['office_hours'] })).toEqual(expected)
  })

  it('come with the way to mend them', () => {
    const [finding] = checkPolicy(input({ match: { resource: 'flag' } }), { resources })
    expect(finding?.fix).toBe('write one of feature_flag, experiment')
  })
})

describe('a condition', () => {
  it('that looks at amounts alone comes with a hint that new values pass', () => {
    const amount = { type: 'change_amount', field: '/rules/*/rollout', operator: '>', value: 20 } as const
    expect(found(input({ when: amount }))).toEqual([
      'hint /when: it looks only at values that are there before and after: a new or removed /rules/*/rollout passes',
      'warning /when: /rules/*/rollout can go any way in small steps, of which none is so large',
    ])
    expect(
      found(
        input({
          when: { any: [amount, { type: 'before_after', field: '/rules/*/rollout', operator: '>', value: 9 }] },
        }),
      ),
    ).toEqual([])
  })
})

describe('policies beside each other', () => {
  it('name no more people between them than a request can be listed for', () => {
    const naming = (id: string, from: number, to: number) =>
      input({
        id,
        require: { quorum: 1, from: { users: Array.from({ length: to - from }, (_, n) => `u${from + n}`) } },
      })
    const others = Array.from({ length: 9 }, (_, n) => naming(`p${n}`, n * 1_000, (n + 1) * 1_000))
    const wrong = (policy: PolicyInput) =>
      checkPolicy(policy, { others })
        .filter(({ severity }) => severity === 'error')
        .map(({ problem }) => problem)
    expect(wrong(naming('again', 7_500, 8_500))).toEqual([])
    expect(wrong(naming('one-more', 8_500, 9_001))).toEqual([
      'with it, the policies name 9001 users and roles: more than 9000',
    ])
    expect(wrong(naming('p8', 8_500, 9_001))).toEqual([])
    expect(wrong({ ...naming('veto', 0, 1), veto: { roles: ['security'] } })).toHaveLength(1)
  })

  const narrow = input({ id: 'narrow', match: { resource: 'flag', project: 'web' } })
  const wide = input({ id: 'wide', match: { resource: ['flag', 'experiment'] } })

  it('override only what is there, not themselves, and not in a circle', () => {
    const circle = [
      input({ id: 'a', overrides: ['b'] }),
      input({ id: 'b', overrides: ['c'] }),
      input({ id: 'c', overrides: ['a', 'a2', 'c'] }),
    ]
    expect(
      lintPolicies(circle)
        .filter(({ severity }) => severity === 'error')
        .map(({ policy, path, problem }) => `${policy}${path} ${problem}`),
    ).toEqual([
      'a/overrides/0 "b" overrides this policy in turn',
      'b/overrides/0 "c" overrides this policy in turn',
      'c/overrides/0 "a" overrides this policy in turn',
      'c/overrides/1 there is no policy "a2"',
      'c/overrides/2 a policy cannot override itself',
    ])
    expect(
      lintPolicies([input({ id: 'a', overrides: ['b'] }), input({ id: 'b', match: { project: 'web' } })]).filter(
        ({ policy }) => policy === 'a',
      ),
    ).toEqual([])
  })

  it('are told where one makes another pointless', () => {
    expect(lintPolicies([narrow, wide]).map(({ policy, severity, problem }) => [policy, severity, problem])).toEqual([
      ['narrow', 'warning', '"wide" asks the same or more of every change that this one is about'],
    ])
    expect(lintPolicies([wide, { ...wide, id: 'copy' }]).map(({ policy }) => policy)).toEqual(['wide'])
    expect(lintPolicies([narrow, { ...wide, require: { quorum: 2, from: { roles: ['lead'] } } }])).toHaveLength(1)
  })

  it.each<[string, PolicyInput, PolicyInput]>([
    ['asks for more', { ...narrow, require: { quorum: 2, from: { roles: ['lead'] } } }, wide],
    ['asks others', { ...narrow, require: { quorum: 1, from: { roles: ['legal'] } } }, wide],
    ['has stricter rules', { ...narrow, rules: { expiresAfter: '1d' } }, wide],
    ['has a veto', { ...narrow, veto: { roles: ['legal'] } }, wide],
    ['overrides a third one', { ...narrow, overrides: ['third'] }, wide],
    ['overrides the other one', { ...narrow, overrides: ['wide'] }, wide],
    ['is about more', wide, { ...narrow, id: 'narrower' }],
    ['asks always', narrow, { ...wide, when: { type: 'any_change', field: '/a' } }],
    ['sees more', narrow, { ...wide, safe: [{ field: '/a' }] }],
    ['is no fallback', narrow, { ...wide, fallback: true }],
    ['is not in shadow', narrow, { ...wide, mode: 'shadow' }],
    ['is not off', narrow, { ...wide, overrides: ['narrow'], mode: 'off' }],
    ['is about other facets', narrow, { ...wide, match: { facets: { environment: 'production' } } }],
  ])('are left alone where the first one has a point of its own: it %s', (_, first, second) => {
    const warnings = checkPolicy(first, {
      others: [first, second, input({ id: 'third', match: { resource: 'other' } })],
    }).filter(({ severity }) => severity === 'warning')
    expect(warnings).toEqual([])
  })

  it('are told where one never gets to ask', () => {
    const silent = { ...narrow, id: 'silent' }
    expect(found(silent, { others: [{ ...wide, overrides: ['silent'] }] })).toEqual([
      'warning : "wide" overrides it wherever it matches: it never asks',
    ])
    expect(found({ ...silent, when: { type: 'any_change', field: '/a' } }, { others: [wide] })).toEqual([
      'warning : "wide" asks the same or more of every change that this one is about',
    ])
  })
})

describe('[FA-13] a way round a policy that lies in its own words', () => {
  const match = { resource: 'feature_flag' }
  const facets = { environment: 'production' }
  const amount = { type: 'change_amount', field: '/rollout', operator: '>', value: 20 } as const
  const change: Condition = { type: 'any_change', field: '/rollout' }
  const ways = (policy: Partial<PolicyInput>, others: readonly PolicyInput[] = []) =>
    checkPolicy(input({ id: 'p', match, ...policy }), { others })
      .filter(({ severity }) => severity === 'warning')
      .map(({ path, fix }) => `${path}: ${fix}`)

  it.each<[string, Partial<PolicyInput>, readonly string[]]>([
    [
      'what is updated can be deleted and created anew',
      { match: { ...match, action: ['update'] } },
      ['/match/action: name create and delete as well'],
    ],
    [
      'what is in a facet can be moved out, changed, and moved back',
      { match: { ...match, facets }, when: change },
      ['/when: leave when out, or save a second policy with these facets and no when'],
    ],
    [
      'what a touched field exempts can be touched besides',
      { when: { all: [change, { not: { any: [{ type: 'any_change', field: '@metadata' }] } }] } },
      ['/when/all/1: list the field in safe instead'],
    ],
    [
      'what is far can be reached in small steps',
      { when: { any: [amount, change] } },
      ['/when/any/0: add a window that the steps are added up in, as in { "within": "24h" }'],
    ],
  ])('is told when it is saved, with the mend: %s', (_, policy, expected) => {
    expect(ways(policy)).toEqual(expected)
    expect(
      ways(policy, [input({ id: 'off', match, mode: 'off' }), input({ id: 'x', match: { resource: 'x' } })]),
    ).toEqual(expected)
    const always = { id: 'always', match, require: { quorum: 1, from: { roles: ['other'] } } }
    expect(ways(policy, [always])).toEqual([])
  })

  it.each<[string, Partial<PolicyInput>, readonly PolicyInput[]]>([
    ['deleting is asked about', { match: { ...match, action: ['update', 'delete'] } }, []],
    [
      'another policy asks about creating',
      { match: { ...match, action: 'update' } },
      [{ ...input({ id: 'new', match: { ...match, action: 'create' } }) }],
    ],
    ['it asks always', { match: { ...match, facets } }, []],
    ['it has bounds', { when: { any: [amount, { type: 'crosses', field: '/rollout', value: 50 }] } }, []],
    ['it looks at small steps', { when: { ...amount, operator: '<', value: 3 } }, []],
    ['it exempts nothing', { when: { not: { type: 'crosses', field: '/rollout', value: 50 } } }, []],
  ])('is none where %s', (_, policy, others) => {
    expect(ways(policy, others)).toEqual([])
  })
})
