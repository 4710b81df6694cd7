import type { PolicyInput } from './policy.ts'

/** The type of the resources that policies are. */
export const policyType = 'countersign.policy'

/** The type of the resources that the switches of the workflow are. */
export const workflowType = 'countersign.workflow'

/** What the names of Countersign's own types begin with: no type of a host does. */
const own = 'countersign.'

/** Tells whether a type of resource is one of Countersign's own. A policy is about these only if it names them. */
export function isOwnType(type: string): boolean {
  return type.startsWith(own)
}

/** Tells whether a policy asks. One whose mode this version does not know does. */
export function isPolicyOn({ mode }: Pick<PolicyInput, 'mode'>): boolean {
  return mode !== 'shadow' && mode !== 'off'
}

/** Tells whether a policy is about changes of policies, whether or not it is on. */
export function isAboutPolicies({ match: { resource = [] } }: Pick<PolicyInput, 'match'>): boolean {
  return [resource].flat().includes(policyType)
}

/** Tells whether a policy can ask for approval of changes of policies. */
export function gatesPolicies(policy: Pick<PolicyInput, 'match' | 'mode'>): boolean {
  return isPolicyOn(policy) && isAboutPolicies(policy)
}

/**
 * Lists the policies that ask for nothing if the workflow is off: in one project or, if that is empty, in the
 * whole tenant.
 */
export function silencedIn<P extends Pick<PolicyInput, 'match' | 'mode'>>(
  policies: readonly P[],
  project: string,
): readonly P[] {
  return policies.filter(isPolicyOn).filter(({ match: { resource, project: where } }) => {
    const speaksOfHosts = resource === undefined || [resource].flat().some((type) => !isOwnType(type))
    return speaksOfHosts && (project === '' || where === undefined || [where].flat().includes(project))
  })
}
