import type { PolicyInput } from './policy.ts'

/** The type of the resources that policies are. */
export const policyType = 'countersign.policy'

/** What the names of Countersign's own types begin with: no type of a host does. */
const own = 'countersign.'

/** Tells whether a type of resource is one of Countersign's own. A policy is about these only where it names them. */
export function isOwnType(type: string): boolean {
  return type.startsWith(own)
}

/** Tells whether a policy can ask for approval of changes of policies. */
export function gatesPolicies({ match: { resource = [] } }: Pick<PolicyInput, 'match'>): boolean {
  return [resource].flat().includes(policyType)
}
