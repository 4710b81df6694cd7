import { formatPointer } from '../../json/pointer.ts'
import { builtInActions } from '../model/built-in-actions.ts'
import { type Placed, testsIn } from '../model/condition-parts.ts'
import { fieldsIn } from '../model/fields-in.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { isAboutPolicies, isOwnType, policyType } from '../model/policy-type.ts'
import type { PolicyFacts, ResourceWords } from './policy-facts.ts'

/**
 * Finds names that the host does not know: types, actions, projects, facets and their values, groups of fields,
 * predicates.
 */
export function checkWords(policy: PolicyInput, { resources, projects, predicates }: PolicyFacts): readonly Finding[] {
  const { match } = policy
  return [
    ...checkPlace(policy),
    ...(resources ? checkResourceWords(policy, resources) : []),
    ...(projects ? unknownNames('project', listed(match.project), projects, '/match/project') : []),
    ...(predicates
      ? predicatesIn(policy).flatMap(({ value, path }) => unknownNames('predicate', [value], predicates, path))
      : []),
  ]
}

/** Policies are the whole tenant's, and a policy about them that leaves some changes to anybody can be got around. */
function checkPlace(policy: PolicyInput): readonly Finding[] {
  if (!isAboutPolicies(policy)) return []
  return [...checkActions(policy), ...checkProject(policy), ...checkRequester(policy)]
}

function checkRequester({ match: { requester } }: PolicyInput): readonly Finding[] {
  if (requester === undefined) return []
  const problem = 'policies can be changed past it: nobody is asked about the changes of others'
  return [{ path: '/match/requester', severity: 'warning', problem, fix: 'leave the requester out' }]
}

function checkActions({ match: { action } }: PolicyInput): readonly Finding[] {
  const free = action === undefined ? [] : everyType.filter((name) => ![action].flat().includes(name))
  if (free.length === 0) return []
  const problem = `policies can be changed past it: nobody is asked about ${free.join(' and ')}`
  const fix = 'leave the actions out: what cannot be updated can be removed and created anew'
  return [{ path: '/match/action', severity: 'warning', problem, fix }]
}

function checkProject({ match: { project } }: PolicyInput): readonly Finding[] {
  if (project === undefined) return []
  const problem = `policies belong to no project, so it would never be about ${policyType}`
  const fix = `leave the project out, or take ${policyType} out of match.resource`
  return [{ path: '/match/project', severity: 'error', problem, fix }]
}

type Resources = Readonly<Record<string, ResourceWords>>

const everyType = ['create', 'update', 'delete']

function checkResourceWords({ match, ...policy }: PolicyInput, resources: Resources): readonly Finding[] {
  const unknown = unknownNames('resource type', listed(match.resource), Object.keys(resources), '/match/resource')
  if (unknown.length > 0) return unknown
  const hosts = Object.keys(resources).filter((type) => !isOwnType(type))
  const types = (listed(match.resource) ?? hosts).map((type) => [type, resources[type] ?? {}] as const)
  const actions = types.flatMap(([, words]) => words.actions ?? [])
  return [
    ...unknownNames('action', listed(match.action), [...builtInActions, ...actions], '/match/action'),
    ...Object.entries(match.facets ?? {}).flatMap(([name, values]) => checkFacet(name, listed(values) ?? [], types)),
    ...fieldsIn(policy).flatMap((field) => checkGroup(field, types)),
  ]
}

type Types = readonly (readonly [type: string, words: ResourceWords])[]

function checkFacet(name: string, values: readonly string[], types: Types): readonly Finding[] {
  const path = `/match/facets${formatPointer([name])}`
  const without = types.filter(([, { facets = {} }]) => !Object.hasOwn(facets, name)).map(([type]) => type)
  if (without.length > 0) {
    const problem = `${without.join(', ')} computes no facet ${JSON.stringify(name)}, so every change of it would match`
    return [
      {
        path,
        severity: 'error',
        problem,
        fix: 'name the resource types that compute it in match.resource, or correct the name',
      },
    ]
  }
  const known = types.map(([, { facets = {} }]) => facets[name])
  return known.every((some) => some !== undefined)
    ? unknownNames(
        'value',
        values,
        known.flatMap((some) => some ?? []),
        path,
      )
    : []
}

function checkGroup({ value: field, path }: Placed<string>, types: Types): readonly Finding[] {
  if (!field.startsWith('@')) return []
  const without = types.filter(([, { groups = {} }]) => !Object.hasOwn(groups, field.slice(1))).map(([type]) => type)
  if (without.length === 0) return []
  const problem = `${without.join(', ')} declares no group ${field}, so nobody could say whether it is touched`
  return [
    {
      path,
      severity: 'error',
      problem,
      fix: 'name the resource types that declare it in match.resource, or correct the name',
    },
  ]
}

function unknownNames(
  kind: string,
  names: readonly string[] | undefined,
  known: readonly string[],
  path: string,
): readonly Finding[] {
  const unknown = (names ?? []).filter((name) => !known.includes(name))
  const fix = `write one of ${[...new Set(known)].join(', ') || 'those that the host declares, which are none'}`
  return unknown.map((name) => ({
    path,
    severity: 'error',
    problem: `there is no ${kind} ${JSON.stringify(name)}`,
    fix,
  }))
}

function predicatesIn({ when }: PolicyInput): readonly Placed<string>[] {
  const tests = when ? testsIn({ value: when, path: '/when' }) : []
  return tests.flatMap(({ value, path }) =>
    value.type === 'predicate' ? { value: value.name, path: `${path}/name` } : [],
  )
}

function listed(names: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof names === 'string' ? [names] : names
}
