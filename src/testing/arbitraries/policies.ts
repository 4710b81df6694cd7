import fc from 'fast-check'
import type { JsonValue } from '../../core/json/json.ts'
import { checkPolicy } from '../../core/policy/check/check-policy.ts'
import { type Condition, operators } from '../../core/policy/model/condition.ts'
import type { Policy, PolicyInput, PolicyMatch, SafeChange } from '../../core/policy/model/policy.ts'
import type { Approvers, Requirement } from '../../core/policy/model/requirement.ts'
import { type RulesOfConduct, rulesOfConduct } from '../../core/policy/model/rules-of-conduct.ts'

/** What generated policies can name: the types, people and fields of a host. */
export interface PolicyWords {
  readonly resources: readonly string[]
  readonly actions: readonly string[]
  readonly projects: readonly string[]
  readonly facets: Readonly<Record<string, readonly string[]>>
  /** Patterns of fields, and groups. */
  readonly fields: readonly string[]
  /** Values that the fields are compared with; numbers are thresholds too. */
  readonly values: readonly JsonValue[]
  readonly users: readonly string[]
  readonly roles: readonly string[]
  readonly predicates: readonly string[]
}

/** The words of a host with feature flags. */
export const flagWords: PolicyWords = {
  resources: ['feature_flag', 'experiment'],
  actions: ['create', 'update', 'delete', 'enable', 'disable'],
  projects: ['web', 'app'],
  facets: { environment: ['production', 'staging'], owner: ['growth', 'payments'] },
  fields: [
    '/enabled',
    '/rollout',
    '/rules',
    '/rules/*/rollout',
    '/rules/eu-*/**',
    '/steps/*/rollout',
    '/stages/*/rollout',
    '/weights/0',
    '/tags',
    '/owner/team',
    '/**',
    '@metadata',
  ],
  values: [0, 10, 20, 50, 0.1, 99.5, true, false, null, 'growth', ''],
  users: ['ann', 'ben', 'cat', 'dan'],
  roles: ['lead', 'security', 'legal'],
  predicates: ['office_hours'],
}

/**
 * Generates conditions, combinations included.
 *
 * @example
 * ```ts
 * const [condition] = fc.sample(conditions(), 1)
 * ```
 */
export function conditions({ fields, values, predicates }: PolicyWords = flagWords): fc.Arbitrary<Condition> {
  const field = fc.constantFrom(...fields)
  const operator = fc.constantFrom(...operators)
  const numbers = values.filter((value) => typeof value === 'number')
  const number = fc.oneof(fc.constantFrom(0, ...numbers), fc.integer({ min: -200, max: 200 }))
  const direction = fc.constantFrom('increase' as const, 'decrease' as const, 'either' as const)
  const tests: fc.Arbitrary<Condition>[] = [
    fc.record({ type: fc.constant('any_change' as const), field }),
    fc.record({ type: fc.constant('before_after' as const), field, operator, value: number }),
    fc.record({
      type: fc.constant('before_after' as const),
      field,
      operator: fc.constantFrom('==' as const, '!=' as const),
      value: fc.constantFrom(null, ...values),
    }),
    fc.record(
      {
        type: fc.constant('change_amount' as const),
        field,
        operator,
        value: number.map(Math.abs),
        direction,
        unit: fc.constantFrom('points' as const, 'percent' as const),
      },
      { requiredKeys: ['type', 'field', 'operator', 'value'] },
    ),
    fc.record(
      { type: fc.constant('crosses' as const), field, value: number, direction },
      { requiredKeys: ['type', 'field', 'value'] },
    ),
  ]
  if (predicates.length > 0) {
    tests.push(fc.record({ type: fc.constant('predicate' as const), name: fc.constantFrom(...predicates) }))
  }
  const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.oneof(...tests),
      fc.record({ all: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ any: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ not: tie('condition') }),
    ),
  }))
  return condition
}

/**
 * Generates requirement trees that these people could meet.
 *
 * @example
 * ```ts
 * fc.assert(fc.property(requirements(), (requirement) => describeRequirement(requirement) !== ''))
 * ```
 */
export function requirements(words: PolicyWords = flagWords): fc.Arbitrary<Requirement> {
  const need = approvers(words).chain((from) => {
    const most = from.roles ? 3 : (from.users?.length ?? 1)
    return fc.record({ quorum: fc.integer({ min: 1, max: most }), from: fc.constant(from) })
  })
  const { requirement } = fc.letrec<{ requirement: Requirement }>((tie) => {
    const parts = fc.array(tie('requirement'), { minLength: 1, maxLength: 3 })
    return {
      requirement: fc.oneof(
        { maxDepth: 2, withCrossShrink: true },
        need,
        fc.record({ all: parts }),
        fc.record({ any: parts }),
        fc.record({ stages: parts }),
        parts.chain((of) => fc.record({ atLeast: fc.integer({ min: 1, max: of.length }), of: fc.constant(of) })),
      ),
    }
  })
  return requirement
}

/**
 * Generates approvers: users, roles, or both.
 *
 * @example
 * ```ts
 * const [some] = fc.sample(approvers({ ...flagWords, roles: ['lead'] }), 1)
 * ```
 */
export function approvers({ users, roles }: PolicyWords = flagWords): fc.Arbitrary<Approvers> {
  const some = (names: readonly string[]) => fc.subarray([...names], { minLength: 1 })
  return fc.oneof(
    fc.record({ users: some(users) }),
    fc.record({ roles: some(roles) }),
    fc.record({ users: some(users), roles: some(roles) }),
    fc.record({
      roles: some(roles),
      except: fc.oneof(fc.record({ users: some(users) }), fc.record({ roles: some(roles) })),
    }),
  )
}

/** Generates rules of conduct, some of them left out. */
export function rulesOfConductInputs(): fc.Arbitrary<Partial<RulesOfConduct>> {
  return fc.record(ruleArbitraries(), { requiredKeys: [] }) as fc.Arbitrary<Partial<RulesOfConduct>>
}

/**
 * Generates complete rules of conduct.
 *
 * @example
 * ```ts
 * const rules = fc.tuple(completeRules(), completeRules())
 * fc.assert(fc.property(rules, ([a, b]) => joinRules(a, b).selfApproval === (a.selfApproval && b.selfApproval)))
 * ```
 */
export function fullRules(): fc.Arbitrary<RulesOfConduct> {
  return fc.record(ruleArbitraries()) as unknown as fc.Arbitrary<RulesOfConduct>
}

/**
 * Generates policies that `parsePolicy` accepts.
 *
 * @example
 * ```ts
 * fc.assert(fc.property(policyInputs(), (input) => parsePolicy(input).ok))
 * ```
 */
export function policyInputs(words: PolicyWords = flagWords): fc.Arbitrary<PolicyInput> {
  const input: fc.Arbitrary<PolicyInput> = fc.record(
    {
      id: fc.constantFrom(...ids),
      match: matches(words),
      when: conditions(words),
      safe: fc.array(safeChanges(words), { minLength: 1, maxLength: 2 }),
      require: fc.oneof(requirements(words), ownership(words)),
      veto: approvers(words),
      rules: rulesOfConductInputs(),
      overrides: fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1, maxLength: 2 }),
      fallback: fc.constant(true as const),
      mode: fc.constantFrom('on' as const, 'on' as const, 'on' as const, 'shadow' as const, 'off' as const),
    },
    { requiredKeys: ['id', 'match', 'require'] },
  )
  return input.filter((policy) => checkPolicy(policy).every(({ severity }) => severity !== 'error'))
}

/**
 * Generates policies in force, each with an id of its own.
 *
 * @example
 * ```ts
 * const [policies = []] = fc.sample(policiesInForce(), 1)
 * const { requirements } = evaluate(compilePolicies(policies), change)
 * ```
 */
export function policiesInForce(words: PolicyWords = flagWords): fc.Arbitrary<readonly Policy[]> {
  const policy = fc
    .tuple(policyInputs(words), fc.integer({ min: 1, max: 9 }))
    .map(([input, version]) => ({ ...input, version }))
  return fc.uniqueArray(policy, { selector: ({ id }) => id, maxLength: 5 })
}

const ids = ['big-rollouts', 'eu', 'everything', 'kill-switch', 'legal', 'production', 'weekend']

function matches({ resources, actions, projects, facets }: PolicyWords): fc.Arbitrary<PolicyMatch> {
  const names = (known: readonly string[]) =>
    fc.oneof(fc.constantFrom(...known), fc.subarray([...known], { minLength: 1 }))
  const oneFacet = fc
    .constantFrom(...Object.entries(facets))
    .chain(([name, values]) => fc.tuple(fc.constant(name), names(values)))
  const some = {
    resource: names(resources),
    action: names(actions),
    project: names(projects),
    facets: fc
      .uniqueArray(oneFacet, { selector: ([name]) => name, minLength: 1 })
      .map((chosen) => Object.fromEntries(chosen)),
  }
  const one = fc
    .constantFrom(...Object.keys(some))
    .chain((name) => fc.record({ [name]: some[name as keyof typeof some] }))
  return fc.oneof<fc.Arbitrary<PolicyMatch>[]>(fc.constant({}), one, fc.record(some, { requiredKeys: [] }))
}

function safeChanges({ fields, values }: PolicyWords): fc.Arbitrary<SafeChange> {
  const field = fc.constantFrom(...fields)
  return fc.oneof<fc.Arbitrary<SafeChange>[]>(
    fc.record({ field }),
    fc.record({ field, to: fc.constantFrom(...values) }),
    fc.record({ field, direction: fc.constantFrom('increase' as const, 'decrease' as const) }),
  )
}

function ownership(words: PolicyWords) {
  const owner = fc.record({ field: fc.constantFrom(...words.fields), quorum: fc.constant(1), from: approvers(words) })
  return fc.record(
    { owners: fc.array(owner, { minLength: 1, maxLength: 3 }), otherwise: requirements(words) },
    { requiredKeys: ['owners'] },
  )
}

function ruleArbitraries() {
  const entries = Object.entries<{ readonly examples: readonly unknown[] }>(rulesOfConduct)
  return Object.fromEntries(entries.map(([name, { examples }]) => [name, fc.constantFrom(...examples)]))
}
