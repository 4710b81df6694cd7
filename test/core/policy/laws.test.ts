import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { constantOf } from '../../../src/core/policy/check/constant-condition.ts'
import { candidatesFor } from '../../../src/core/policy/evaluate/evaluate.ts'
import { judgeCondition } from '../../../src/core/policy/evaluate/judge-condition.ts'
import { judgePolicy } from '../../../src/core/policy/evaluate/judge-policy.ts'
import { pinRequirements } from '../../../src/core/policy/evaluate/pin-requirement.ts'
import { no, yes } from '../../../src/core/policy/evaluate/truth.ts'
import { rulesOfConduct } from '../../../src/core/policy/model/rules-of-conduct.ts'
import {
  compilePolicies,
  type Evaluation,
  evaluate,
  explain,
  joinRules,
  type Policy,
  type PolicySubject,
  parsePolicy,
  requirementsJoin,
  withoutPolicy,
  withPolicy,
} from '../../../src/core.ts'
import { changes } from '../../../src/testing/arbitraries/changes.ts'
import { conditions, fullRules, policiesInForce, policyInputs } from '../../../src/testing/arbitraries/policies.ts'
import { runs } from '../../runs.ts'
import { policy, vocabulary as resources } from './flag-change.ts'

const vocabulary = { ...resources, predicates: { office_hours: () => true } }
const plain = policiesInForce().map((policies) => policies.map(({ overrides: _, fallback: __, ...rest }) => rest))

function asked(policies: readonly Policy[], change: PolicySubject): Evaluation {
  return evaluate(compilePolicies(policies, vocabulary), change)
}

function ids({ requirements }: Evaluation): readonly string[] {
  return requirements.map(({ policy }) => policy)
}

const timeout = 60 * 60_000

describe('evaluation', { timeout }, () => {
  it('finds through the index exactly what judging every policy by itself finds', () => {
    fc.assert(
      fc.property(plain, changes(), (policies, change) => {
        const set = compilePolicies(policies, vocabulary)
        const { sight } = candidatesFor(set, change)
        const oneByOne = [...set.policies.values()]
          .filter(({ policy: { mode = 'on' } }) => mode === 'on')
          .filter((compiled) => judgePolicy(compiled, sight) !== no)
          .flatMap((compiled) => pinRequirements(compiled, sight))
        expect(evaluate(set, change).requirements).toEqual(oneByOne.toSorted((a, b) => (a.policy < b.policy ? -1 : 1)))
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('does not depend on the order of the policies', () => {
    fc.assert(
      fc.property(policiesInForce(), changes(), fc.infiniteStream(fc.nat()), (policies, change, dice) => {
        const shuffled = policies
          .map((policy) => ({ policy, at: dice.next().value }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ policy }) => policy)
        expect(asked(shuffled, change)).toEqual(asked(policies, change))
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('does not depend on how the set of policies came about', () => {
    fc.assert(
      fc.property(policiesInForce(), policiesInForce(), changes(), (first, second, change) => {
        const empty = compilePolicies([], vocabulary)
        const before = first.reduce(withPolicy, empty)
        const snapshot = evaluate(before, change)
        const grown = second.reduce(withPolicy, before)
        const shrunk = first.reduce((set, { id }) => withoutPolicy(set, id), grown)
        const kept = second.filter(({ id }) => !first.some((policy) => policy.id === id))
        expect(evaluate(shrunk, change)).toEqual(asked(kept, change))
        expect(evaluate(before, change)).toEqual(snapshot)
        const emptied = second.reduce((set, { id }) => withoutPolicy(set, id), shrunk)
        expect({ ...emptied.index, edit: 0 }).toEqual({ ...empty.index, edit: 0 })
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('[E5] asks no less when a policy is added that overrides nothing', () => {
    fc.assert(
      fc.property(plain, policyInputs(), changes(), (policies, input, change) => {
        const { overrides: _, fallback: __, ...added } = { ...input, id: 'added', version: 1 }
        const before = asked(policies, change)
        const after = asked([...policies, added], change)
        expect(after.requirements).toEqual(expect.arrayContaining([...before.requirements]))
        if (before.requirements.length > 0) expect(joinRules(before.rules, after.rules)).toEqual(after.rules)
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('[FA-04] leaves to overrides and to fallbacks whom it asks, never whether it asks', () => {
    fc.assert(
      fc.property(policiesInForce(), changes(), (policies, change) => {
        const without = policies.map(({ overrides: _, fallback: __, ...rest }) => rest)
        expect(ids(asked(policies, change)).length > 0).toBe(ids(asked(without, change)).length > 0)
        expect(ids(asked(without, change))).toEqual(expect.arrayContaining([...ids(asked(policies, change))]))
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('[BY-34] decides with policies that are off or in shadow exactly as without them', () => {
    fc.assert(
      fc.property(policiesInForce(), changes(), (policies, change) => {
        const { shadow: _, ...decided } = asked(policies, change)
        const onlyOn = policies.filter(({ mode = 'on' }) => mode === 'on')
        expect(decided).toEqual(asked(onlyOn, change))
        expect(explain(compilePolicies(policies, vocabulary), change).policies).toEqual(
          explain(compilePolicies(onlyOn, vocabulary), change).policies,
        )
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('[BY-34] tells of those in shadow what they would ask if all of them were on', () => {
    fc.assert(
      fc.property(policiesInForce(), changes(), (policies, change) => {
        const shadows = policies.flatMap(({ id, mode }) => (mode === 'shadow' ? id : []))
        const turnedOn = policies.filter(({ mode }) => mode !== 'off').map(({ mode: _, ...policy }) => policy)
        const theirs = asked(turnedOn, change).requirements.filter(({ policy }) => shadows.includes(policy))
        expect(asked(policies, change).shadow ?? []).toEqual(theirs)
        const { shadow = [] } = explain(compilePolicies(policies, vocabulary), change)
        expect(shadow.flatMap(({ asks }) => asks)).toEqual(theirs)
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('changes neither the policies nor the change', () => {
    fc.assert(
      fc.property(policiesInForce(), changes(), (policies, change) => {
        const copies = structuredClone({ policies, change })
        asked(policies, change)
        explain(compilePolicies(policies, vocabulary), change)
        expect({ policies, change }).toEqual(copies)
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('never throws and never lets a predicate that fails open the gate', () => {
    fc.assert(
      fc.property(plain, changes(), (policies, change) => {
        const failing = { ...resources, predicates: { office_hours: () => fail() } }
        const holding = { ...resources, predicates: { office_hours: () => true } }
        const denying = { ...resources, predicates: { office_hours: () => false } }
        const [failed, held, denied] = [failing, holding, denying].map((words) =>
          ids(evaluate(compilePolicies(policies, words), change)),
        )
        expect(failed).toEqual(expect.arrayContaining([...(held ?? []), ...(denied ?? [])]))
      }),
      { numRuns: runs(1_000) },
    )
  })
})

describe('explanation', { timeout }, () => {
  it('[BY-05] reaches the same decision as the evaluation', () => {
    fc.assert(
      fc.property(policiesInForce(), changes(), (policies, change) => {
        const set = compilePolicies(policies, vocabulary)
        const { evaluation, policies: told } = explain(set, change)
        expect(evaluation).toEqual(evaluate(set, change))
        const asking = told.filter(({ outcome }) => outcome === 'asks' || outcome === 'asks_in_doubt')
        expect(asking.flatMap(({ asks }) => asks)).toEqual(evaluation.requirements)
      }),
      { numRuns: runs(1_000) },
    )
  })
})

describe('generated policies', { timeout }, () => {
  it('are accepted, and read back as they were written', () => {
    fc.assert(
      fc.property(policyInputs(), (input) => {
        expect(parsePolicy(input)).toEqual({ ok: true, value: input })
      }),
      { numRuns: runs(1_000) },
    )
  })
})

describe('a condition that is found to be constant', { timeout }, () => {
  it('is never the other thing', () => {
    fc.assert(
      fc.property(conditions(), changes(), (when, change) => {
        fc.pre(change.places.length > 0)
        const set = compilePolicies([{ ...policy(), when }], vocabulary)
        const compiled = set.policies.get('p')?.when
        const judged = compiled && judgeCondition(compiled, candidatesFor(set, change).sight)
        const constant = constantOf(when)
        if (constant === 'always') expect(judged).not.toBe(no)
        if (constant === 'never') expect(judged).not.toBe(yes)
      }),
      { numRuns: runs(1_000) },
    )
  })
})

describe('rules of conduct', { timeout }, () => {
  it('join commutatively, associatively and idempotently', () => {
    fc.assert(
      fc.property(fullRules(), fullRules(), fullRules(), (a, b, c) => {
        expect(joinRules(a, b)).toEqual(joinRules(b, a))
        expect(joinRules(joinRules(a, b), c)).toEqual(joinRules(a, joinRules(b, c)))
        expect(joinRules(joinRules(a, b), b)).toEqual(joinRules(a, b))
      }),
      { numRuns: runs(1_000) },
    )
  })

  it.each(Object.entries(rulesOfConduct))('%s accepts its default and its examples', (_, rule) => {
    expect([rule.default, ...rule.examples].filter((value) => !rule.accepts(value))).toEqual([])
  })
})

describe('joined requirements', { timeout }, () => {
  const requirements = fc
    .tuple(policiesInForce(), changes())
    .map(([policies, change]) => asked(policies, change).requirements)

  it('are commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(requirements, requirements, requirements, (a, b, c) => {
        expect(requirementsJoin(a, b)).toEqual(requirementsJoin(b, a))
        expect(requirementsJoin(requirementsJoin(a, b), c)).toEqual(requirementsJoin(a, requirementsJoin(b, c)))
        expect(requirementsJoin(requirementsJoin(a, b), b)).toEqual(requirementsJoin(a, b))
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('[E7] hold everything that was asked on either side', () => {
    fc.assert(
      fc.property(requirements, requirements, (pinned, current) => {
        const joined = requirementsJoin(pinned, current)
        for (const { policy, require, veto } of [...pinned, ...current]) {
          expect(joined).toContainEqual(expect.objectContaining({ policy, require, ...(veto && { veto }) }))
        }
      }),
      { numRuns: runs(1_000) },
    )
  })
})

function fail(): never {
  throw new RangeError('the calendar is not there')
}
