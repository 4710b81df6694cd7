import { type Refusal, type Result, refuse, success } from '../../errors.ts'
import { lastAdminRefusal } from './admins.ts'
import { type Grant, rolesIn } from './grant.ts'
import { type GrantEdit, type WantedRoles, wantedRoles } from './grant-edit.ts'
import { holdingsOf, requirePermissions } from './holdings.ts'
import type { Permission } from './levels.ts'
import type { Roles } from './role.ts'

/** What is known when a plan is made. */
export interface GrantFacts {
  readonly roles: Roles
  /** Every grant of the users concerned and of the actor, and every grant in the whole tenant. */
  readonly grants: readonly Grant[]
  readonly actor: string
  /** Users who do not exist any more, and agents: they count as nobody. */
  readonly gone?: ReadonlySet<string>
  /**
   * Lists the policies that give a role power in a place which the actor has not there, and which the actor may not change either.
   * The core of access knows no policies: whoever reads the facts does.
   */
  readonly beyondPolicies: (role: string, project: string) => readonly string[]
}

/** What would become of one user in one project. */
export interface GrantLine {
  readonly user: string
  /** Empty for the whole tenant. */
  readonly project: string
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** Why the actor may not do this, if so. */
  readonly refusal?: Refusal
}

/** What an edit of many users and projects would do. Nothing is done yet. */
export interface GrantPlan {
  /** Only where something changes, in the order of the edits, their users and their projects. */
  readonly lines: readonly GrantLine[]
  readonly give: readonly Grant[]
  readonly take: readonly Grant[]
  /** Why none of it can be done, if so: the first refusal of a line, or what the whole would break. */
  readonly refusal?: Refusal
}

/** Works out what a change of access would do, for many users and projects at once, and whether the actor may do it. */
export function planGrants(
  edits: readonly GrantEdit[],
  facts: GrantFacts,
): Result<GrantPlan, 'invalid_input' | 'unknown_role'> {
  const wanted = wantedRoles(edits, facts.roles)
  if (!wanted.ok) return wanted
  const held = new Map<string, Grant[]>()
  for (const grant of facts.grants) {
    const theirs = held.get(grant.user)
    if (theirs) theirs.push(grant)
    else held.set(grant.user, [grant])
  }
  const actors = facts.gone?.has(facts.actor) ? [] : (held.get(facts.actor) ?? [])
  const lines = wanted.value.flatMap((want) => lineOf(want, held.get(want.user) ?? [], { ...facts, grants: actors }))

  const give = lines.flatMap(({ user, project, before, after }) =>
    without(after, before).map((role): Grant => ({ user, role, project })),
  )
  const take = lines.flatMap(({ user, project, before, after }) =>
    without(before, after).map((role): Grant => ({ user, role, project })),
  )
  const refusal = lines.find((line) => line.refusal)?.refusal ?? lockOut(facts, { give, take })
  return success({ lines, give, take, ...(refusal ? { refusal } : {}) })
}

/** Gives what a plan writes, where all of it may be done. */
export function carryOutPlan(plan: GrantPlan): Result<Pick<GrantPlan, 'give' | 'take'>> {
  return plan.refusal ? { ok: false, refusal: plan.refusal } : success({ give: plan.give, take: plan.take })
}

/** One line, or none where nothing changes. The grants of `facts` are those of the actor. */
function lineOf(
  { user, project, roles: after }: WantedRoles,
  theirs: readonly Grant[],
  { roles, grants, actor, beyondPolicies }: GrantFacts,
): readonly GrantLine[] {
  const before = theirs.filter((grant) => grant.project === project).map(({ role }) => role)
  const changed = [...without(before, after), ...without(after, before)]
  if (changed.length === 0) return []
  const held = rolesIn({ roles, grants }, { user: actor, project })
  const holdings = holdingsOf(roles, { user: actor, project, held })
  const isNew = project === '' ? theirs.length === 0 : before.length === 0
  const allowed = requirePermissions(holdings, [permissionFor(project, isNew)])
  const refusal = allowed.ok ? beyond({ roles, beyondPolicies }, holdings, changed) : allowed.refusal
  return [{ user, project, before, after, ...(refusal ? { refusal } : {}) }]
}

function permissionFor(project: string, isNew: boolean): Permission {
  if (project === '') return isNew ? 'organization_users.add' : 'organization_roles.edit'
  return isNew ? 'project_users.add' : 'project_roles.edit'
}

function beyond(
  { roles, beyondPolicies }: Pick<GrantFacts, 'roles' | 'beyondPolicies'>,
  { user, project, permissions }: ReturnType<typeof holdingsOf>,
  changed: readonly string[],
): Refusal | undefined {
  for (const role of changed) {
    const missing = roles.get(role)?.permissions.filter((permission) => !permissions.has(permission)) ?? []
    const policies = beyondPolicies(role, project)
    if (missing.length > 0 || policies.length > 0)
      return refuse('beyond_own_permissions', { actor: user, role, missing, policies }).refusal
  }
  return undefined
}

function lockOut(
  { roles, grants, gone = new Set() }: GrantFacts,
  { give, take }: Pick<GrantPlan, 'give' | 'take'>,
): Refusal | undefined {
  const taken = new Set(take.map(keyOf))
  const after = [...grants.filter((grant) => !taken.has(keyOf(grant))), ...give]
  return lastAdminRefusal({ roles, grants, gone }, { roles, grants: after, gone })
}

function without(list: readonly string[], those: readonly string[]): readonly string[] {
  return list.filter((item) => !those.includes(item))
}

function keyOf({ user, role, project }: Grant): string {
  return JSON.stringify([user, role, project])
}
