import type { PolicySet } from '../compile/policy-set.ts'
import type { Circumstances } from '../model/circumstances.ts'
import type { Evaluation, PolicyInput, PolicySubject } from '../model/policy.ts'
import { policyType } from '../model/policy-type.ts'
import { conclude, joinEvaluations, nothingAsked, settledMatches } from './evaluate.ts'
import { findInScope } from './find-candidates.ts'
import { judgeScope } from './judge-policy.ts'
import { pinAll } from './pin-requirement.ts'
import { no, unknown } from './truth.ts'

/**
 * Evaluates what it takes to put a policy in force that stands in for others: whatever updating or removing one of
 * those that are in force could take.
 *
 * What an override leaves of a policy is not known. So the conditions of the gates, and what they call safe, count as
 * unknown, and all their owners are asked.
 *
 * `among` holds the policies that can be stood in for, if they are not those that are asked.
 */
export function evaluateOverrides(
  set: PolicySet,
  { overrides = [] }: Pick<PolicyInput, 'overrides'>,
  around?: Circumstances,
  among: Pick<PolicySet, 'policies'> = set,
): Evaluation {
  return overrides
    .filter((id) => among.policies.has(id))
    .flatMap((id) => ['update', 'delete'].map((action) => evaluateInDoubt(set, subjectOf(id, action, around))))
    .reduce(joinEvaluations, nothingAsked)
}

function evaluateInDoubt(set: PolicySet, subject: PolicySubject): Evaluation {
  const matches = findInScope(set.index, subject).flatMap((compiled) => {
    const inScope = judgeScope(compiled, subject)
    if (inScope === no) return []
    const certain = compiled.when === undefined && compiled.safe.length === 0 && compiled.pinned !== undefined
    return [{ compiled, truth: certain ? inScope : unknown, pinned: pinAll(compiled, subject) }]
  })
  return conclude(settledMatches(matches, subject))
}

function subjectOf(id: string, action: string, around: Circumstances | undefined): PolicySubject {
  const resource = { type: policyType, id }
  return { resource, project: undefined, actions: [action], places: [], before: undefined, after: undefined, around }
}
