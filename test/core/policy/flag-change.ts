import { diff, type JsonValue, type Policy, type PolicySubject } from '../../../src/core.ts'
import { flagGroups, flagShape } from '../../../src/testing/arbitraries/changes.ts'

/** The words that policies on flags use. */
export const vocabulary = { resources: { feature_flag: { shape: flagShape, groups: flagGroups } } }

/** Makes a change of a flag as policies look at it: the places are worked out from both sides. */
export function flagChange(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  rest: Partial<PolicySubject> = {},
): PolicySubject {
  const places = diff(before, after, flagShape)
  if (!places.ok) throw new TypeError(places.refusal.message)
  return {
    resource: { type: 'feature_flag', id: 'checkout' },
    project: 'web',
    actions: ['update'],
    places: places.value,
    before,
    after,
    ...rest,
  }
}

/** Makes a policy that asks one lead about every change of a flag, unless it says otherwise. */
export function policy(rest: Partial<Policy> = {}): Policy {
  return {
    id: 'p',
    version: 1,
    match: { resource: 'feature_flag' },
    require: { quorum: 1, from: { roles: ['lead'] } },
    ...rest,
  }
}
