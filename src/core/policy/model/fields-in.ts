import { type Placed, testsIn } from './condition-parts.ts'
import type { PolicyInput } from './policy.ts'

/** Lists the fields that a policy speaks of, each with where it does. */
export function fieldsIn({ when, safe = [], require }: Omit<PolicyInput, 'match'>): readonly Placed<string>[] {
  const owners = 'owners' in require ? require.owners : []
  const tests = when ? testsIn({ value: when, path: '/when' }) : []
  return [
    ...tests.flatMap(({ value, path }) => ('field' in value ? { value: value.field, path: `${path}/field` } : [])),
    ...safe.map(({ field }, index) => ({ value: field, path: `/safe/${index}/field` })),
    ...owners.map(({ field }, index) => ({ value: field, path: `/require/owners/${index}/field` })),
  ]
}
