import { type Grant, rolesIn } from '../../core/access/grant.ts'
import { holdingsOf } from '../../core/access/holdings.ts'
import type { RoleOrUser } from '../../core/access/plan-grants.ts'
import { isApproving, type Roles } from '../../core/access/role.ts'
import type { Policy } from '../../core/policy/model/policy.ts'
import type { Approvers, NamedPeople } from '../../core/policy/model/requirement.ts'
import { empowered } from '../../core/policy/requirements/named-approvers.ts'
import { projectsConcerned } from './check-permission.ts'

/** What gives somebody a say: a policy, or what was pinned of one. */
export type SaySource = Parameters<typeof empowered>[0] & Partial<Pick<Policy, 'match'>>

/**
 * What policies let a user, or the holders of a role, do in a place: a project or, if that is empty, the whole
 * tenant.
 */
export interface PolicyPower {
  /** Lists the policies in force in which whoever is named has a say there. */
  of(named: RoleOrUser, project: string): readonly string[]
  /** Lists those of them in which the actor has not the same say there, and which the actor may not change. */
  beyond(named: RoleOrUser, project: string): readonly string[]
  /** Tells whether something gives whoever is named a say which the actor has not in that place. */
  lacks(source: SaySource, named: RoleOrUser, project: string): boolean
  /**
   * Tells whether the actor may change policies that reach so far: into these projects or, with an empty one,
   * everywhere.
   */
  mayChange(projects: readonly string[]): boolean
  /** The names by which something that gives whoever is named a say names them. */
  namesOf(named: RoleOrUser): readonly RoleOrUser[]
}

interface PowerFacts {
  readonly policies: readonly Policy[]
  readonly roles: Roles
  readonly actor: string
  /** The grants of the actor; none if an agent acts. */
  readonly grants: readonly Grant[]
}

/** Works out whom the policies of a tenant give power, seen by somebody who gives roles. */
export function policyPower({ policies, roles, actor, grants }: PowerFacts): PolicyPower {
  const approvingIn = (role: string) => roles.get(role)?.permissions.filter(isApproving) ?? []
  const heldBy = (project: string) => {
    const held = rolesIn({ roles, grants }, { user: actor, project })
    return [...held, ...held.flatMap(approvingIn)]
  }
  const namesOf = (named: RoleOrUser): readonly RoleOrUser[] =>
    'role' in named ? [named, ...approvingIn(named.role).map((role) => ({ role }))] : [named]
  const saysOf = (source: SaySource, named: RoleOrUser) => {
    const names = namesOf(named)
    const says = [...empowered(source), ...asksRequester(source)]
    return says.filter((approvers) => names.some((name) => isNamed(approvers, name)))
  }
  const having = (named: RoleOrUser, project: string) =>
    policies.filter((policy) => isAbout(policy, project) && saysOf(policy, named).length > 0)
  const edits = (project: string) => {
    const held = rolesIn({ roles, grants }, { user: actor, project })
    return holdingsOf(roles, { user: actor, project, held }).permissions.has('approval_settings.edit')
  }
  const mayChange = (projects: readonly string[]) => edits('') || projects.every(edits)
  const lacks = (source: SaySource, named: RoleOrUser, project: string) => {
    const held = heldBy(project)
    return saysOf(source, named).some(
      ({ except = {}, ...approvers }) => !hasSay(approvers, actor, held) || hasSay(except, actor, held),
    )
  }
  return {
    of: (named, project) => having(named, project).map(({ id }) => id),
    beyond: (named, project) =>
      having(named, project)
        .filter((policy) => lacks(policy, named, project) && !mayChange(projectsConcerned([policy])))
        .map(({ id }) => id),
    lacks,
    mayChange,
    namesOf,
  }
}

/** Whose changes a policy is about is let off as soon as they lose the role, and so has a say in it. */
function asksRequester({ match }: SaySource): readonly Approvers[] {
  return match?.requester ? [{ except: match.requester }] : []
}

/** Whoever is excepted has a say as soon as they lose the role, and keeps others out as long as they hold it. */
function isNamed({ except = {}, ...approvers }: Approvers, named: RoleOrUser): boolean {
  return [approvers, except].some(({ users = [], roles = [] }) =>
    'role' in named ? roles.includes(named.role) : users.includes(named.user),
  )
}

function hasSay({ users = [], roles = [] }: NamedPeople, user: string, held: readonly string[]): boolean {
  return users.includes(user) || roles.some((role) => held.includes(role))
}

/** Tells whether a policy can be about something in a place. */
function isAbout({ match }: Policy, project: string): boolean {
  return project === '' || match.project === undefined || [match.project].flat().includes(project)
}
