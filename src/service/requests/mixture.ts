import { policyType } from '../../core/policy/model/policy-type.ts'
import type { ResourceName } from '../../core/request/model/event.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'
import { isSwitchChange } from '../resource-types/workflow-resource.ts'

/** A resource that is to be changed with others. */
export interface Member {
  readonly type: ResourceType
  readonly ref: ResourceName
}

/** Why some resources cannot land together; `undefined` if they can. */
export function mixture(members: readonly Member[]): string | undefined {
  return mixtureWithPolicies(members) ?? mixtureWithOutside(members)
}

/** A rule and what it would allow are two requests: whoever agrees to the one has not agreed to the other. */
function mixtureWithPolicies(members: readonly Member[]): string | undefined {
  const [first, second] = members
  const isTurn = (one: Member) => isSwitchChange({ resource: one.ref })
  if (first && second && members.some(isTurn)) {
    return `must not hold both ${nameOf(first)} and ${nameOf(second)}: the workflow is switched by itself, so ask for them one by one`
  }
  const policy = members.find(({ ref }) => ref.type === policyType)
  const other = members.find(({ ref }) => ref.type !== policyType)
  if (!policy || !other) return undefined
  return `must not hold both ${nameOf(policy)} and ${nameOf(other)}: policies are changed by themselves, so ask for them one by one`
}

function mixtureWithOutside(members: readonly Member[]): string | undefined {
  const outside = members.filter(({ type }) => type.external)
  const [first, second] = outside
  if (!first) return undefined
  const other = second ?? members.find(({ type }) => type.hosting)
  if (!other) return undefined
  const names = [first, other].map(nameOf).join(' and ')
  return `must not hold both ${names}: at most one of the resources that the application keeps itself can land together with others where one is kept outside of the database, since no transaction holds both; ask for them one by one`
}

function nameOf({ ref }: Member): string {
  return `${ref.type} ${JSON.stringify(ref.id)}`
}
