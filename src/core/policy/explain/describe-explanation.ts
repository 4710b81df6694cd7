import { itemInWords } from '../../change/describe.ts'
import type { Condition, Direction, Operator } from '../model/condition.ts'
import type { LifecycleStep } from '../model/policy.ts'
import { describePinned } from '../requirements/describe-requirement.ts'
import type { Explanation, PolicyExplanation, ScopeExplanation } from './explain.ts'
import type { ConditionExplanation, TestExplanation, ValueExplanation } from './explain-condition.ts'

/**
 * Says in sentences why a change needs approval, or does not: one for each policy that came into question.
 *
 * @example
 * ```ts
 * for (const reason of describeExplanation(explain(inForce, change))) console.log(reason)
 * ```
 */
export function describeExplanation({ evaluation, policies, shadow = [] }: Explanation): readonly string[] {
  const [first] = policies
  const shadows = shadow.map(describePolicy)
  if (first === undefined) return ['No policy is about this change.', ...shadows]
  const sentences = [...policies.map(describePolicy), ...shadows]
  return evaluation.requirements.length > 0 ? sentences : ['No policy asks for approval.', ...sentences]
}

/**
 * Says in a sentence why one policy asks for approval of a change, or does not.
 *
 * @example
 * ```ts
 * const explanation = explainPolicy(inForce, 'big-rollouts', change)
 * if (explanation) console.log(describePolicy(explanation))
 * ```
 */
export function describePolicy({
  policy,
  outcome,
  asks,
  scope,
  safe,
  unnamed,
  step,
  condition,
  overriddenBy,
}: PolicyExplanation): string {
  const isShadow = policy.mode === 'shadow'
  const kind = policy.source === 'freeze' ? 'Freeze' : 'Policy'
  const name = `${kind} ${quote(policy.id)}${isShadow ? ', in shadow,' : ''}`
  const [asking, never] = isShadow ? ['would ask', 'would not ask'] : ['asks', 'does not ask']
  const reasons = [
    ...new Set([
      ...(condition ? [describeCondition(condition)] : []),
      ...(step && safe.length > 0 ? [describeStep(step)] : []),
      ...unnamed.map(noIdentity),
    ]),
  ]
  const reason = reasons.length > 0 ? reasons.join(', and ') : 'it asks for every change that it is about'
  switch (outcome) {
    case 'asks':
      return `${name} ${asking} for ${asks.map(describePinned).join(' and ')}, because ${reason}.`
    case 'asks_in_doubt': {
      const doubts = [...scope.map(describeScope), ...reasons].join(', and ')
      return `${name} ${asking} for ${asks.map(describePinned).join(' and ')}, because nobody can say that it does not apply: ${doubts}.`
    }
    case 'out_of_scope':
      return `${name} ${isShadow ? never : 'does not apply'}: ${scope.map(describeScope).join(', and ')}.`
    case 'only_safe_changes':
      return `${name} ${never}: it counts the change of ${safe.join(', ')} as safe.`
    case 'condition_not_met':
      return `${name} ${never}: ${condition ? describeCondition(condition) : reason}.`
    case 'nobody_owns':
      return `${name} ${never}: it asks the owners of fields, and the change touches none of those.`
    case 'idle_fallback':
      return `${name} ${never}: it asks where no policy of the project does, and one does.`
    case 'overridden':
      return `${name} ${isShadow ? 'would give' : 'gives'} way to ${overriddenBy.map(quote).join(' and ')}.`
    case 'off':
      return `${name} does not ask: it is off.`
  }
}

function describeScope({ dimension, name, expected, found, holds }: ScopeExplanation): string {
  const what = dimension === 'facet' ? `the facet ${name}` : `the ${dimension}`
  const wanted = expected.join(' or ')
  if (holds === 'unknown') return `${what} is not known, and the policy is about ${wanted}`
  return `${what} is ${found.join(' and ') || 'none'}, not ${wanted}`
}

/** States the facts that decided a condition: for its opposite they are the same. */
function describeCondition(explanation: ConditionExplanation): string {
  switch (explanation.type) {
    case 'test':
      return describeTest(explanation)
    case 'not':
      return describeCondition(explanation.of)
    case 'all':
    case 'any': {
      const telling = explanation.of.filter(({ holds }) => holds === explanation.holds)
      return telling.map(describeCondition).join(', and ')
    }
  }
}

function describeStep({ action, from, to }: LifecycleStep): string {
  return from === undefined ? `${action} makes it ${to}` : `${action} leads from ${from} to ${to}`
}

function noIdentity(list: string): string {
  return `the items of ${list || 'the document'} have no identity`
}

function describeTest({ condition, values, more: others, step, problem, holds }: TestExplanation): string {
  if (problem === 'not_understood') return `this version does not understand the condition ${JSON.stringify(condition)}`
  if (!('type' in condition)) return `${JSON.stringify(condition)} holds: ${holds}`
  if (problem === 'in_doubt') return 'the resource goes to another project, where nobody can say what becomes of it'
  if (condition.type === 'predicate') {
    if (problem === 'unknown_predicate') return `the host has no predicate ${quote(condition.name)}`
    if (problem === 'predicate_failed') return `the predicate ${quote(condition.name)} failed`
    return `the predicate ${quote(condition.name)} says ${holds}`
  }
  if (problem === 'unknown_group') return `the resource type has no group ${condition.field}`
  if (problem === 'too_large') return `the change is too large to look for ${condition.field} in it`
  if (step) return describeStep(step)
  const telling = values.filter((value) => value.holds === holds)
  if (telling.length === 0) return `nothing touches ${condition.field}`
  const told = telling.slice(0, most).map((value) => describeValue(condition, value))
  const more = telling.length > most ? [`${others ? 'more than ' : ''}${telling.length - most} more`] : []
  return [...told, ...more].join(' and ')
}

const most = 3

type FieldCondition = Exclude<Extract<Condition, { type: string }>, { type: 'predicate' }>

function describeValue(condition: FieldCondition, value: ValueExplanation): string {
  const { before, after, holds, problem } = value
  const path = pathInWords(value)
  if (problem === 'no_identity') return noIdentity(path)
  if (problem) return `${path} ${problems[problem]} (${inWords(before)} → ${inWords(after)})`
  const change = `${path || 'the document'} ${moved(before, after)}`
  const not = holds === 'yes' ? '' : 'not '
  switch (condition.type) {
    case 'any_change':
      return change
    case 'before_after':
      return `${change}, which is ${not}${comparisons[condition.operator]}${inWords(condition.value)}`
    case 'change_amount': {
      const amount = `${comparisons[condition.operator]}${condition.value}${condition.unit === 'percent' ? ' %' : ''}`
      if (value.within && holds === 'unknown')
        return `${change}, and not all that was live within ${value.within} is known`
      if (value.within) return `${change}, ${ways[condition.direction ?? 'either']}by ${amount} within ${value.within}`
      return `${change}, ${not}${ways[condition.direction ?? 'either']}by ${amount}`
    }
    case 'crosses': {
      const way = ways[condition.direction ?? 'either']
      return `${change}, which ${holds === 'yes' ? 'goes' : 'does not go'} ${way}across ${condition.value}`
    }
  }
}

function pathInWords({ path, byPlace = [] }: ValueExplanation): string {
  const segments = path.split('/')
  return segments.map((segment, i) => (byPlace.includes(i - 1) ? itemInWords(segment) : segment)).join('/')
}

const comparisons: Readonly<Record<Operator, string>> = {
  '>': 'more than ',
  '<': 'less than ',
  '>=': 'at least ',
  '<=': 'at most ',
  '==': '',
  '!=': 'other than ',
}

const problems: Readonly<Record<Exclude<ValueExplanation['problem'], undefined | 'no_identity'>, string>> = {
  missing: 'is missing on one side',
  wrong_type: 'has a value of the wrong type',
  percent_of_zero: 'was zero, of which there is no percentage',
}

const ways: Readonly<Record<Direction, string>> = { increase: 'up ', decrease: 'down ', either: '' }

function moved(before: ValueExplanation['before'], after: ValueExplanation['after']): string {
  if (before === undefined) return `is added as ${inWords(after)}`
  if (after === undefined) return `is removed, and was ${inWords(before)}`
  return `goes from ${inWords(before)} to ${inWords(after)}`
}

function inWords(value: ValueExplanation['after']): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function quote(text: string): string {
  return JSON.stringify(text)
}
