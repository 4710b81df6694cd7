import { type Placed, testsIn } from './condition-parts.ts'
import type { PolicyInput } from './policy.ts'
import type { Approvers, Requirement } from './requirement.ts'

/** Lists the fields that a policy speaks of, each with where it does. */
export function fieldsIn({ when, safe = [], require, veto }: Omit<PolicyInput, 'match'>): readonly Placed<string>[] {
  const owners = 'owners' in require ? require.owners : []
  const tests = when ? testsIn({ value: when, path: '/when' }) : []
  return [
    ...tests.flatMap(({ value, path }) => ('field' in value ? { value: value.field, path: `${path}/field` } : [])),
    ...safe.map(({ field }, index) => ({ value: field, path: `/safe/${index}/field` })),
    ...owners.map(({ field }, index) => ({ value: field, path: `/require/owners/${index}/field` })),
    ...approversNamed({ require, veto }).flatMap(({ value: { field }, path }) =>
      field === undefined ? [] : { value: field, path: `${path}/field` },
    ),
  ]
}

/** Lists all approvers whom a policy names, each with where it does. */
export function approversNamed({ require, veto }: Pick<PolicyInput, 'require' | 'veto'>): readonly Placed<Approvers>[] {
  return [...askedTrees({ require }).flatMap(approversIn), ...(veto ? [{ value: veto, path: '/veto' }] : [])]
}

/** Lists the approvers of a tree, each with its place. */
export function approversIn({ value, path }: Placed<Requirement>): readonly Placed<Approvers>[] {
  if ('quorum' in value) return [{ value: value.from, path: `${path}/from` }]
  const [name, parts] =
    'all' in value
      ? (['all', value.all] as const)
      : 'any' in value
        ? (['any', value.any] as const)
        : 'stages' in value
          ? (['stages', value.stages] as const)
          : (['of', value.of] as const)
  return (parts ?? []).flatMap((part, index) => approversIn({ value: part, path: `${path}/${name}/${index}` }))
}

/** Lists everything that a policy asks for, each tree with its place. */
export function askedTrees({ require }: Pick<PolicyInput, 'require'>): readonly Placed<Requirement>[] {
  if (!('owners' in require)) return [{ value: require, path: '/require' }]
  const owners = require.owners.map(({ field: _, ...need }, index) => ({
    value: need,
    path: `/require/owners/${index}`,
  }))
  return [...owners, ...(require.otherwise ? [{ value: require.otherwise, path: '/require/otherwise' }] : [])]
}
