import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../../../src/core.ts'

const sound = {
  id: 'big-rollouts',
  match: {
    resource: 'feature_flag',
    action: ['update', 'enable'],
    project: 'web',
    facets: { environment: 'production' },
  },
  when: {
    any: [
      { type: 'change_amount', field: '/rollout', operator: '>', value: 20, direction: 'increase', unit: 'percent' },
      { type: 'before_after', field: '/rules/*/rollout', operator: '>', value: 50 },
      { all: [{ type: 'crosses', field: '/rollout', value: 50 }, { not: { type: 'any_change', field: '@metadata' } }] },
      { type: 'predicate', name: 'office_hours', with: { zone: 'UTC' } },
    ],
  },
  safe: [{ field: '/enabled', to: false }, { field: '/rollout', direction: 'decrease' }, { field: '@metadata' }],
  require: {
    stages: [{ quorum: 2, from: { roles: ['lead'] } }, { any: [{ quorum: 1, from: { users: ['ann', 'ben'] } }] }],
  },
  veto: { roles: ['security'] },
  rules: { selfApproval: true, expiresAfter: '36h' },
  overrides: ['everything'],
  fallback: true,
}

function problemsOf(input: unknown): readonly string[] {
  const parsed = parsePolicy(input)
  return parsed.ok ? [] : parsed.refusal.details.problems.map(({ path, problem }) => `${path} ${problem}`)
}

describe('a policy', () => {
  it('is read as it was written', () => {
    expect(parsePolicy(sound)).toEqual({ ok: true, value: sound })
  })

  it('is refused with every mistake, each with its path and the way to mend it', () => {
    const parsed = parsePolicy({
      id: ' padded ',
      match: { resource: [], projekt: 'web' },
      when: {
        any: [
          { type: 'any_chang', field: '/a' },
          { type: 'change_amount', field: 'b', operator: '=~', value: -1 },
        ],
      },
      require: { all: [{ quorum: 0, from: {} }] },
      rules: { selfApproval: 'yes', expiresAfter: '14 days' },
      quorum: 1,
    })
    expect(parsed.ok).toBe(false)
    if (parsed.ok) return
    const { problems } = parsed.refusal.details
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      '/id',
      '/match/projekt',
      '/match/resource',
      '/quorum',
      '/require/all/0/from',
      '/require/all/0/quorum',
      '/rules/expiresAfter',
      '/rules/selfApproval',
      '/when/any/0',
      '/when/any/1/field',
      '/when/any/1/operator',
      '/when/any/1/value',
    ])
    for (const { problem, fix } of problems) expect([problem, fix]).not.toContain('')
    for (const { path, fix } of problems)
      expect(parsed.refusal.message).toMatch(new RegExp(`${path}: .*\\(${escaped(fix)}\\)`))
  })

  it.each([undefined, null, 5, 'policy', [], [sound], () => sound, new Map([['id', 'x']])])(
    'is refused when it is %o',
    (input) => {
      expect(parsePolicy(input).ok).toBe(false)
    },
  )

  it('is refused where it is no plain JSON, without running any of its code', () => {
    const touched: string[] = []
    const getter = Object.defineProperty({ ...sound }, 'id', { enumerable: true, get: () => touched.push('id') })
    const cyclic: Record<string, unknown> = { ...sound }
    cyclic['when'] = { not: cyclic }
    let deep: unknown = { type: 'any_change', field: '/a' }
    for (let depth = 0; depth < 50_000; depth++) deep = { not: deep }
    const wide = { ...sound, overrides: Array.from({ length: 100_000 }, (_, index) => `p${index}`) }
    for (const input of [
      getter,
      cyclic,
      { ...sound, when: deep },
      wide,
      { ...sound, toJSON: () => touched.push('toJSON') },
    ]) {
      expect(parsePolicy(input).ok).toBe(false)
    }
    expect(touched).toEqual([])
  })

  it('is refused with a key that only looks like one of ours', () => {
    expect(
      problemsOf(JSON.parse(`{"__proto__": 1, "id": "x", "match": {}, "require": ${JSON.stringify(sound.require)}}`)),
    ).not.toEqual([])
    expect(problemsOf({ ...sound, constructor: 1 })).toEqual(['/constructor there is no "constructor" here'])
    expect(problemsOf({ ...sound, when: { type: 'constructor', field: '/a' } })).toHaveLength(1)
  })

  it('[E6] takes no version, rule ids or other bookkeeping from its author', () => {
    for (const key of ['version', 'ruleId', 'approvalsRequired', 'policyId', 'tenant']) {
      expect(problemsOf({ ...sound, [key]: 1 })).toEqual([`/${key} there is no "${key}" here`])
    }
  })
})

describe('[E2] a quorum', () => {
  const quorum = (value: unknown) => ({ ...sound, require: { quorum: value, from: { roles: ['lead'] } } })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2', null, undefined, 1e9, 101, [1], {}, true, 2n])(
    'of %o is refused',
    (value) => {
      expect(parsePolicy(quorum(value)).ok).toBe(false)
      expect(parsePolicy({ ...sound, require: { atLeast: value, of: [quorum(1).require] } }).ok).toBe(false)
    },
  )

  it('is refused when it is missing, and when nobody is named', () => {
    expect(parsePolicy({ ...sound, require: { from: { roles: ['lead'] } } }).ok).toBe(false)
    for (const from of [
      {},
      { users: [] },
      { roles: [] },
      { users: [], roles: [] },
      { users: [''] },
      { users: ['ann', 'ann'] },
    ]) {
      expect(parsePolicy({ ...sound, require: { quorum: 1, from } }).ok).toBe(false)
    }
  })

  it('is accepted from 1 to 100', () => {
    for (const value of [1, 2, 100]) expect(parsePolicy(quorum(value)).ok).toBe(true)
  })

  it('is refused beyond the people who are named', () => {
    const users = { quorum: 3, from: { users: ['ann', 'ben'] } }
    expect(problemsOf({ ...sound, require: users })).toEqual(['/require/quorum asks for 3 people out of 2'])
    const twice = { quorum: 1, from: { users: ['ann'] } }
    expect(problemsOf({ ...sound, require: { all: [twice, twice] } })).toEqual([
      '/require it asks for more different people than it names',
    ])
    expect(parsePolicy({ ...sound, require: { any: [twice, twice] } }).ok).toBe(true)
    expect(problemsOf({ ...sound, require: { atLeast: 2, of: [twice] } })).toEqual(['/require/atLeast asks for 2 of 1'])
  })

  it.each([{ all: [] }, { any: [] }, { stages: [] }, { atLeast: 1, of: [] }, { owners: [] }, {}, null, []])(
    'never comes from an empty requirement: %j',
    (require) => {
      expect(parsePolicy({ ...sound, require }).ok).toBe(false)
    },
  )

  it('is refused in a requirement with more ways of being met than anybody could count', () => {
    const need = { quorum: 1, from: { roles: ['lead'] } }
    const choice = { any: [need, need, need, need] }
    expect(parsePolicy({ ...sound, require: { all: Array.from({ length: 20 }, () => choice) } }).ok).toBe(false)
  })
})

describe('a condition', () => {
  const on = (when: unknown) => problemsOf({ ...sound, when })
  const rollout = (operator: string, value: unknown) => ({ type: 'before_after', field: '/rollout', operator, value })
  const amount = (operator: string, value: unknown) => ({ type: 'change_amount', field: '/rollout', operator, value })

  it.each([
    [rollout('>', 'x'), '/when/value'],
    [rollout('>=', null), '/when/value'],
    [rollout('=', 1), '/when/operator'],
    [amount('>', '20'), '/when/value'],
    [amount('>', -20), '/when/value'],
    [{ ...amount('>', 20), direction: 'up' }, '/when/direction'],
    [{ ...amount('>', 20), unit: '%' }, '/when/unit'],
    [{ type: 'any_change' }, '/when/field'],
    [{ type: 'any_change', field: 'rollout' }, '/when/field'],
    [{ type: 'any_change', field: '/a~2' }, '/when/field'],
    [{ type: 'any_change', field: '@' }, '/when/field'],
    [{ type: 'crosses', field: '/a', value: null }, '/when/value'],
    [{ type: 'predicate', name: '' }, '/when/name'],
    [{ all: [] }, '/when/all'],
    [{ any: {} }, '/when/any'],
    [{ not: [] }, '/when/not'],
    [{ all: [amount('>', 2)], any: [amount('>', 2)] }, '/when/any'],
    [{}, '/when'],
  ])('%j is refused at %s', (when, path) => {
    const parsed = parsePolicy({ ...sound, when })
    expect(parsed.ok ? [] : parsed.refusal.details.problems.map((problem) => problem.path)).toEqual([path])
  })

  it.each([
    [amount('<', 0)],
    [amount('<=', 0)],
    [amount('==', 0)],
    [{ all: [rollout('>', 50), rollout('<', 20)] }],
    [{ all: [rollout('>', 50), rollout('<=', 50)] }],
    [{ all: [rollout('==', 50), rollout('!=', 50)] }],
    [{ all: [rollout('==', 'on'), rollout('==', 'off')] }],
    [{ all: [rollout('==', 'on'), rollout('!=', 'on')] }],
    [{ all: [rollout('==', 50), rollout('>', 60)] }],
    [{ all: [rollout('>', 50), { not: rollout('>', 50) }] }],
    [{ all: [rollout('>', 50), { all: [{ not: { not: rollout('<', 20) } }] }] }],
    [{ not: { any: [rollout('>', 50), { not: rollout('>', 50) }] } }],
    [{ all: [amount('>', 50), amount('<', 20)] }],
  ])('that can never hold is refused: %j', (when) => {
    expect(on(when).join()).toContain('it can never hold')
  })

  it.each([
    [{ type: 'any_change', field: '/**' }],
    [{ type: 'any_change', field: '' }],
    [{ any: [rollout('>', 50), { not: rollout('>', 50) }] }],
    [{ not: amount('<', 0) }],
    [{ any: [{ not: rollout('==', 'on') }, { not: rollout('!=', 'on') }] }],
    [{ any: [amount('>', 1), { type: 'any_change', field: '/**/**' }] }],
  ])('that always holds is refused: %j', (when) => {
    expect(on(when).join()).toMatch(/it holds for every change|it can never hold/)
  })

  it.each([
    [{ all: [rollout('>', 20), rollout('<', 50)] }],
    [{ all: [rollout('>=', 50), rollout('<=', 50)] }],
    [{ any: [rollout('>', 50), rollout('<', 20)] }],
    [
      {
        all: [
          { ...rollout('>', 50), field: '/rules/*/rollout' },
          { ...rollout('<', 20), field: '/rules/*/rollout' },
        ],
      },
    ],
    [{ all: [amount('>', 0), { ...rollout('>', 50), field: '/other' }] }],
    [{ not: rollout('>', 50) }],
    [{ type: 'any_change', field: '/**/rollout' }],
  ])('that may hold or not is accepted: %j', (when) => {
    expect(on(when)).toEqual([])
  })
})

describe('a rule of conduct', () => {
  it.each([
    ['selfApproval', 1],
    ['expiresAfter', '0d'],
    ['expiresAfter', '1y'],
    ['expiresAfter', -1],
    ['expiresAfter', '9999999d'],
    ['somethingElse', true],
  ])('%s: %j is refused', (name, value) => {
    expect(problemsOf({ ...sound, rules: { [name]: value } }).join()).toContain(`/rules/${name}`)
  })
})

function escaped(text: string): string {
  return text.replaceAll(/[^a-zA-Z0-9 ]/g, '\\$&')
}
