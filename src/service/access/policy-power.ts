import { type Grant, rolesIn } from '../../core/access/grant.ts'
import { holdingsOf } from '../../core/access/holdings.ts'
import { type Roles, rolesWith } from '../../core/access/role.ts'
import type { Policy } from '../../core/policy/model/policy.ts'
import type { Approvers } from '../../core/policy/model/requirement.ts'
import { empowered } from '../../core/policy/requirements/named-approvers.ts'
import { approverRole } from '../people/stored-directory.ts'
import { projectsOf } from './check-permission.ts'

/** What policies let the holders of a role do, in a place: a project or, where that is empty, the whole tenant. */
export interface PolicyPower {
  /** Lists the policies in which holders of the role have a say there. */
  of(role: string, project: string): readonly string[]
  /** Lists those of them in which the actor has not the same say there, and which the actor may not change. */
  beyond(role: string, project: string): readonly string[]
}

interface PowerFacts {
  readonly policies: readonly Policy[]
  readonly roles: Roles
  readonly actor: string
  /** The grants of the actor; none where an agent acts. */
  readonly grants: readonly Grant[]
}

/** Works out whom the policies of a tenant give power, seen by somebody who gives roles. */
export function policyPower({ policies, roles, actor, grants }: PowerFacts): PolicyPower {
  const approving = rolesWith(roles, approverRole)
  const heldBy = (project: string) => {
    const held = rolesIn({ roles, grants }, { user: actor, project })
    return held.some((role) => approving.includes(role)) ? [...held, approverRole] : held
  }
  const saysOf = (policy: Policy, role: string) =>
    empowered(policy).filter(({ roles: named = [] }) => {
      return named.includes(role) || (named.includes(approverRole) && approving.includes(role))
    })
  const named = (role: string, project: string) =>
    policies.filter((policy) => isAbout(policy, project) && saysOf(policy, role).length > 0)
  const mayChange = (policy: Policy) => {
    const edits = (project: string) => {
      const held = rolesIn({ roles, grants }, { user: actor, project })
      return holdingsOf(roles, { user: actor, project, held }).permissions.has('approval_settings.edit')
    }
    return edits('') || projectsOf([policy]).every(edits)
  }
  return {
    of: (role, project) => named(role, project).map(({ id }) => id),
    beyond(role, project) {
      const held = heldBy(project)
      const lacks = ({ users = [], roles: some = [] }: Approvers) => {
        return !users.includes(actor) && !some.some((one) => held.includes(one))
      }
      return named(role, project)
        .filter((policy) => saysOf(policy, role).some(lacks) && !mayChange(policy))
        .map(({ id }) => id)
    },
  }
}

/** Tells whether a policy can be about something in a place. */
function isAbout({ match }: Policy, project: string): boolean {
  return project === '' || match.project === undefined || [match.project].flat().includes(project)
}
