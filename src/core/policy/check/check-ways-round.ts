import type { Condition } from '../model/condition.ts'
import { conditionParts, type Placed } from '../model/condition-parts.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { isOwnType, isPolicyOn } from '../model/policy-type.ts'
import type { PolicyFacts } from './policy-facts.ts'

/** Finds ways round a policy that lie in its own words, unless another policy stands in them. */
export function checkWaysRound(policy: PolicyInput, { others = [] }: PolicyFacts): readonly Finding[] {
  const beside = others.filter((other) => other.id !== policy.id && isPolicyOn(other) && isAboutAll(other, policy))
  if (beside.some(asksAlways)) return []
  const parts = policy.when ? partsIn({ value: policy.when, path: '/when' }) : []
  return [
    ...checkUpdates(policy, beside),
    ...checkFacets(policy),
    ...parts.flatMap(checkExemption),
    ...parts.flatMap((part) => checkSteps(part, parts)),
  ]
}

/** Tells whether a policy asks about whatever it is about, so that there is no way round it. */
function asksAlways({ match: { action, requester }, when, safe, fallback }: PolicyInput): boolean {
  return (
    action === undefined &&
    requester === undefined &&
    when === undefined &&
    safe === undefined &&
    fallback === undefined
  )
}

const renewing = ['create', 'delete']

/** What nobody is asked about when it is removed and made anew can be updated that way. */
function checkUpdates({ match }: PolicyInput, beside: readonly PolicyInput[]): readonly Finding[] {
  const actions = namesOf(match.action)
  if (!actions?.includes('update') || namesOf(match.resource)?.every(isOwnType)) return []
  const asked = [...actions, ...beside.flatMap((other) => namesOf(other.match.action) ?? renewing)]
  if (renewing.some((action) => asked.includes(action))) return []
  const problem = 'it is about update alone: what is deleted and created anew with other values passes'
  return [{ path: '/match/action', severity: 'warning', problem, fix: 'name create and delete as well' }]
}

/** What is moved out of a facet, changed there and moved back meets no condition on what it changes. */
function checkFacets({ match: { facets = {} }, when }: PolicyInput): readonly Finding[] {
  const names = Object.keys(facets)
  if (when === undefined || names.length === 0) return []
  const problem = `it asks only if its condition holds: a resource that is moved out of ${names.join(' and ')}, changed there and moved back passes`
  const fix = 'leave when out, or save a second policy with these facets and no when'
  return [{ path: '/when', severity: 'warning', problem, fix }]
}

/** Whoever may touch a field that exempts a change exempts any change. */
function checkExemption({ value, path }: Placed<Condition>): readonly Finding[] {
  if (!('not' in value)) return []
  const fields = fieldsExempting(value.not)
  if (fields.length === 0) return []
  const problem = `a change that touches ${fields.join(' or ')} besides is exempt from it, whatever else it does`
  const fix = `list ${fields.length === 1 ? 'the field' : 'the fields'} in safe instead`
  return [{ path, severity: 'warning', problem, fix }]
}

function fieldsExempting(condition: Condition): readonly string[] {
  if ('any' in condition) return condition.any.flatMap(fieldsExempting)
  return 'type' in condition && condition.type === 'any_change' ? [condition.field] : []
}

/** A large step is as far as many small ones. */
function checkSteps({ value, path }: Placed<Condition>, parts: readonly Placed<Condition>[]): readonly Finding[] {
  if (!('type' in value) || value.type !== 'change_amount') return []
  const { field, operator, within } = value
  if ((operator !== '>' && operator !== '>=') || within !== undefined) return []
  const bounded = parts.some(({ value: other }) => {
    return 'type' in other && (other.type === 'crosses' || other.type === 'before_after') && other.field === field
  })
  if (bounded) return []
  const problem = `${field} can go any way in small steps, of which none is so large`
  const fix = 'add a window that the steps are added up in, as in { "within": "24h" }'
  return [{ path, severity: 'warning', problem, fix }]
}

/** Lists a condition and everything in it. */
function partsIn(condition: Placed<Condition>): readonly Placed<Condition>[] {
  return [condition, ...conditionParts(condition).flatMap(partsIn)]
}

/** Tells whether a policy is about the types, the projects and the facets that another one is about. */
function isAboutAll({ match }: PolicyInput, { match: other }: PolicyInput): boolean {
  const facets = Object.entries(match.facets ?? {})
  return (
    match.requester === undefined &&
    covers(match.resource, other.resource) &&
    (match.resource !== undefined || !namesOf(other.resource)?.some(isOwnType)) &&
    covers(match.project, other.project) &&
    facets.every(([name, values]) =>
      covers(values, Object.hasOwn(other.facets ?? {}, name) ? other.facets?.[name] : undefined),
    )
  )
}

function covers(names: Names, others: Names): boolean {
  return names === undefined || namesOf(others)?.every((name) => namesOf(names)?.includes(name)) === true
}

type Names = string | readonly string[] | undefined

function namesOf(names: Names): readonly string[] | undefined {
  return names === undefined ? undefined : [names].flat()
}
