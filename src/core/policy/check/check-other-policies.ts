import { equal } from '../../json/equal.ts'
import type { JsonValue } from '../../json/json.ts'
import type { PolicyInput, PolicyMatch } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { isOwnType, isPolicyOn } from '../model/policy-type.ts'
import { completeRules, joinRules } from '../model/rules-of-conduct.ts'
import { empowered } from '../requirements/named-approvers.ts'
import type { PolicyFacts } from './policy-facts.ts'

/**
 * Finds what is odd about a policy beside the others: overrides that lead nowhere or in a circle, and policies that
 * make it pointless.
 */
export function checkOthers(policy: PolicyInput, { others: given }: PolicyFacts): readonly Finding[] {
  if (given === undefined) return []
  const others = given.filter(({ id }) => id !== policy.id)
  return [
    ...checkOverrides(policy, others),
    ...checkPoint(policy, others.filter(isPolicyOn)),
    ...checkNumber(policy, others),
  ]
}

/**
 * How many users and roles the policies of a tenant can name between them: a request is listed for each, and listed
 * otherwise once it is approved.
 */
const mostNames = 9_000

function checkNumber(policy: PolicyInput, others: readonly PolicyInput[]): readonly Finding[] {
  const names = new Set<string>()
  for (const approvers of [policy, ...others].flatMap(empowered)) {
    for (const user of approvers.users ?? []) names.add(`user ${user}`)
    for (const role of approvers.roles ?? []) names.add(`role ${role}`)
  }
  if (names.size <= mostNames) return []
  const problem = `with it, the policies name ${names.size} users and roles: more than ${mostNames}`
  return [{ path: '/require', severity: 'error', problem, fix: 'give these users a role, and name that' }]
}

function checkOverrides(policy: PolicyInput, others: readonly PolicyInput[]): readonly Finding[] {
  const known = new Map(others.map((other) => [other.id, other]))
  return (policy.overrides ?? []).flatMap((id, index): readonly Finding[] => {
    const path = `/overrides/${index}`
    const fix = 'take it out of overrides'
    if (id === policy.id) return [{ path, severity: 'error', problem: 'a policy cannot override itself', fix }]
    const target = known.get(id)
    if (!target) return [{ path, severity: 'error', problem: `there is no policy ${JSON.stringify(id)}`, fix }]
    if (!leadsTo(target, policy.id, known)) return []
    return [{ path, severity: 'error', problem: `${JSON.stringify(id)} overrides this policy in turn`, fix }]
  })
}

function leadsTo(from: PolicyInput, id: string, known: ReadonlyMap<string, PolicyInput>): boolean {
  const reached = new Set([from])
  for (const { overrides = [] } of reached) {
    if (overrides.includes(id)) return true
    for (const next of overrides.flatMap((name) => known.get(name) ?? [])) reached.add(next)
  }
  return false
}

function checkPoint(policy: PolicyInput, others: readonly PolicyInput[]): readonly Finding[] {
  const all = [...others, policy]
  const overrider = others.find(
    (other) => other.overrides?.includes(policy.id) && isUnconditional(other) && covers(other, policy),
  )
  if (overrider) {
    const problem = `${JSON.stringify(overrider.id)} overrides it wherever it matches: it never asks`
    return [{ path: '', severity: 'warning', problem, fix: 'remove it, or narrow the other one down' }]
  }
  const stronger = others.find(
    (other) => isStronger(other, policy) && !all.some(({ overrides }) => overrides?.includes(other.id)),
  )
  if (!stronger || (isStronger(policy, stronger) && policy.id < stronger.id)) return []
  const problem = `${JSON.stringify(stronger.id)} asks the same or more of every change that this one is about`
  return [{ path: '', severity: 'warning', problem, fix: 'remove one of the two' }]
}

/** Tells whether one policy asks at least what another does, wherever that does. */
function isStronger(policy: PolicyInput, than: PolicyInput): boolean {
  const [rules, others] = [completeRules(policy.rules), completeRules(than.rules)]
  return (
    covers(policy, than) &&
    (isUnconditional(policy) || (same(policy.when, than.when) && same(policy.safe, than.safe) && !policy.fallback)) &&
    asksAsMuch(policy.require, than.require) &&
    (than.veto === undefined || same(policy.veto, than.veto)) &&
    same(joinRules(rules, others), rules) &&
    than.overrides === undefined
  )
}

function isUnconditional({ when, safe, fallback }: PolicyInput): boolean {
  return when === undefined && safe === undefined && fallback === undefined
}

function asksAsMuch(require: PolicyInput['require'], than: PolicyInput['require']): boolean {
  if (same(require, than)) return true
  return 'quorum' in require && 'quorum' in than && require.quorum >= than.quorum && same(require.from, than.from)
}

/** Tells whether one policy is about everything that another one is about. */
function covers({ match }: PolicyInput, { match: other }: PolicyInput): boolean {
  const dimensions = ['resource', 'action', 'project'] as const
  return (
    (match.resource !== undefined || ![other.resource ?? []].flat().some(isOwnType)) &&
    (match.requester === undefined || same(match.requester, other.requester)) &&
    dimensions.every((dimension) => namesAll(match[dimension], other[dimension])) &&
    Object.entries(match.facets ?? {}).every(([name, values]) => namesAll(values, facetOf(other, name)))
  )
}

function facetOf({ facets = {} }: PolicyMatch, name: string): string | readonly string[] | undefined {
  return Object.hasOwn(facets, name) ? facets[name] : undefined
}

type Names = string | readonly string[] | undefined

function namesAll(names: Names, others: Names): boolean {
  if (names === undefined) return true
  return others !== undefined && [others].flat().every((name) => [names].flat().includes(name))
}

function same(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b
  return equal(a as JsonValue, b as JsonValue)
}
