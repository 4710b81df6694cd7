import type { Approvers } from '../../core/policy/model/requirement.ts'
import { namedApprovers } from '../../core/policy/requirements/named-approvers.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { allPolicies } from '../context/compiled-policies.ts'
import type { Context } from '../context/context.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { scopeOf } from './ask-directory.ts'
import { adminApprovers, peopleNamed } from './settings-admins.ts'

/** Finds whoever the policies of a project ask, and whoever may change its settings, as far as they are to be told. */
export async function concernedBy(
  context: Context,
  {
    tenant,
    type,
    settings,
    setVersion,
    project,
  }: {
    readonly tenant: string
    readonly type: 'workflow_on' | 'workflow_off'
    readonly settings: PolicySetRecord | undefined
    readonly setVersion: PolicySetState
    readonly project: string
  },
): Promise<readonly string[]> {
  const { storage, directory, policies, audiences } = context
  const inForce = allPolicies(await policies(storage, tenant, setVersion))
  const here = inForce.filter(({ match }) => {
    return project === '' || match.project === undefined || [match.project].flat().includes(project)
  })
  const people = { approvers: here.map(namedApprovers), admins: [adminApprovers(context, settings)] }
  const named = audiences[type].flatMap((party): readonly Approvers[] => people[party])
  return await peopleNamed(directory, scopeOf(tenant, project), named)
}
