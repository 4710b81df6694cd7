import type { Condition } from '../model/condition.ts'
import { conditionParts, type Placed, testsIn } from '../model/condition-parts.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { constantOf } from './constant-condition.ts'

/** Finds conditions that say nothing, and conditions that say less than their author may think. */
export function checkConditions({ when }: PolicyInput): readonly Finding[] {
  if (when === undefined) return []
  const whole = { value: when, path: '/when' }
  const constants = findConstants(whole)
  return constants.length > 0 ? constants : findBlindSpots(whole)
}

function findConstants(condition: Placed<Condition>): readonly Finding[] {
  const { value, path } = condition
  const constant = constantOf(value)
  if (constant === undefined) return conditionParts(condition).flatMap(findConstants)
  const [problem, fix] =
    constant === 'always'
      ? ['it holds for every change', 'leave it out']
      : ['it can never hold', 'correct it, or leave it out']
  return [{ path, severity: 'error', problem, fix }]
}

/** An amount is compared only if a value is there before and after: new and removed values pass. */
function findBlindSpots(when: Placed<Condition>): readonly Finding[] {
  const tests = testsIn(when)
  return tests.flatMap(({ value: { type, ...test }, path }): readonly Finding[] => {
    if (type !== 'change_amount' || !('field' in test)) return []
    const { field } = test
    if (tests.some(({ value }) => value.type !== 'change_amount' && 'field' in value && value.field === field))
      return []
    const problem = `it looks only at values that are there before and after: a new or removed ${field} passes`
    const fix = 'where that matters, join it by "any" with before_after or any_change on the same field'
    return [{ path, severity: 'hint', problem, fix }]
  })
}
