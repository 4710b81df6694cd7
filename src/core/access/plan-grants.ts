import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import { defined } from '../defined.ts'
import { lastAdminRefusal } from './admins.ts'
import { type Grant, rolesIn } from './grant.ts'
import { type GrantEdit, type WantedRoles, wantedRoles } from './grant-edit.ts'
import { holdingsOf, requirePermissions } from './holdings.ts'
import type { Permission } from './permissions.ts'
import type { Roles } from './role.ts'

/** Something that policies can name to give a say: a role, or a user. */
export type RoleOrUser = { readonly role: string } | { readonly user: string }

/** What is known when a plan is made. */
export interface GrantFacts {
  readonly roles: Roles
  /** Every grant of the users concerned and of the actor, and every grant in the whole tenant. */
  readonly grants: readonly Grant[]
  readonly actor: string
  /** Users who do not exist any more, and agents: they count as nobody. */
  readonly gone?: ReadonlySet<string>
  /**
   * Lists the policies that give a role or a user power in a place which the actor has not there, and which the actor
   * may not change either. The core of access knows no policies: whoever reads the facts does.
   */
  readonly beyondPolicies: (named: RoleOrUser, project: string) => readonly string[]
}

/** What would become of one user in one project. */
export interface GrantLine {
  readonly user: string
  /** Empty for the whole tenant. */
  readonly project: string
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** Whether the whole plan makes the user a member there, or ends that; absent if it does neither. */
  readonly membership?: 'begins' | 'ends'
  /** Why the actor may not do this, if so. */
  readonly refusal?: Refusal
}

/** What an edit of many users and projects would do. Nothing is done yet. */
export interface GrantPlan {
  /** Only if something changes, in the order of the edits, their users and their projects. */
  readonly lines: readonly GrantLine[]
  readonly give: readonly Grant[]
  readonly take: readonly Grant[]
  /** Why none of it can be done, if so: the first refusal of a line, or what the whole would break. */
  readonly refusal?: Refusal
}

/**
 * Works out what a change of access would do, for many users and projects at once, and whether the actor may do it.
 *
 * @example
 * ```ts
 * const edits = [{ users: ['ann'], projects: ['shop'], roles: ['manager'] }]
 * const plan = planGrants(edits, grantFacts)
 * if (plan.ok) console.log(plan.value.lines, plan.value.refusal)
 * ```
 *
 * @returns The plan, or a refusal if the edits make no sense: `invalid_input`, `unknown_role`. Why the actor may not do
 * it is part of the plan.
 */
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
  const next = grantsAfter(wanted.value, held)
  const lines = wanted.value.flatMap((want) => {
    const theirs = { before: held.get(want.user) ?? [], after: next.get(want.user) ?? [] }
    return lineOf(want, theirs, { ...facts, grants: actors })
  })

  const give = lines.flatMap(({ user, project, before, after }) =>
    without(after, before).map((role): Grant => ({ user, role, project })),
  )
  const take = lines.flatMap(({ user, project, before, after }) =>
    without(before, after).map((role): Grant => ({ user, role, project })),
  )
  const refusal = lines.find((line) => line.refusal)?.refusal ?? lockOut(facts, { give, take })
  return success({ lines, give, take, ...defined({ refusal }) })
}

/**
 * Gives what a plan writes, if all of it may be done.
 *
 * @example
 * ```ts
 * const done = carryOutPlan(plan)
 * if (done.ok) console.log(done.value.give, done.value.take)
 * ```
 *
 * @returns The grants to write, or the refusal of the plan: `not_permitted`, `beyond_own_permissions`, `last_admin`.
 */
export function carryOutPlan(plan: GrantPlan): Result<Pick<GrantPlan, 'give' | 'take'>> {
  return plan.refusal ? { ok: false, refusal: plan.refusal } : success({ give: plan.give, take: plan.take })
}

/** What each of the users holds once everything wanted is done. */
function grantsAfter(
  wanted: readonly WantedRoles[],
  held: ReadonlyMap<string, readonly Grant[]>,
): ReadonlyMap<string, readonly Grant[]> {
  const next = new Map<string, readonly Grant[]>()
  for (const { user, project, roles } of wanted) {
    const kept = (next.get(user) ?? held.get(user) ?? []).filter((grant) => grant.project !== project)
    next.set(user, [...kept, ...roles.map((role): Grant => ({ user, role, project }))])
  }
  return next
}

/** One line, or none if nothing changes. The grants of `facts` are those of the actor. */
function lineOf(
  { user, project, roles: after }: WantedRoles,
  theirs: { readonly before: readonly Grant[]; readonly after: readonly Grant[] },
  { roles, grants, actor, beyondPolicies }: GrantFacts,
): readonly GrantLine[] {
  const before = theirs.before.filter((grant) => grant.project === project).map(({ role }) => role)
  const changed = [...without(before, after), ...without(after, before)]
  if (changed.length === 0) return []
  const held = rolesIn({ roles, grants }, { user: actor, project })
  const holdings = holdingsOf(roles, { user: actor, project, held })
  const isNew = project === '' ? theirs.before.length === 0 : before.length === 0
  const allowed = requirePermissions(holdings, [permissionFor(project, isNew)])
  const membership = membershipIn(roles, theirs, { user, project })
  const named: readonly RoleOrUser[] = [...changed.map((role) => ({ role })), ...(membership ? [{ user }] : [])]
  const refusal = allowed.ok ? beyond({ roles, beyondPolicies }, holdings, named) : allowed.refusal
  return [{ user, project, before, after, ...defined({ membership, refusal }) }]
}

/**
 * Tells whether a user becomes somebody in a place, or nobody. A role in the whole tenant makes them somebody in
 * every project; and in what belongs to no project, whoever holds a role anywhere is somebody.
 */
function membershipIn(
  roles: Roles,
  { before, after }: { readonly before: readonly Grant[]; readonly after: readonly Grant[] },
  { user, project }: { readonly user: string; readonly project: string },
): GrantLine['membership'] {
  const holds = (grants: readonly Grant[]) => rolesIn({ roles, grants }, { user, project }).length > 0
  const isKnown = (grants: readonly Grant[]) => project === '' && grants.length > 0
  for (const is of [holds, isKnown]) {
    const [was, will] = [is(before), is(after)]
    if (was !== will) return will ? 'begins' : 'ends'
  }
  return undefined
}

function permissionFor(project: string, isNew: boolean): Permission {
  if (project === '') return isNew ? 'organization_users.add' : 'organization_roles.edit'
  return isNew ? 'project_users.add' : 'project_roles.edit'
}

function beyond(
  { roles, beyondPolicies }: Pick<GrantFacts, 'roles' | 'beyondPolicies'>,
  { user, project, permissions }: ReturnType<typeof holdingsOf>,
  changed: readonly RoleOrUser[],
): Refusal | undefined {
  for (const named of changed) {
    const needed = 'role' in named ? (roles.get(named.role)?.permissions ?? []) : []
    const missing = needed.filter((permission) => !permissions.has(permission))
    const policies = beyondPolicies(named, project)
    if (missing.length > 0 || policies.length > 0)
      return refuse('beyond_own_permissions', { actor: user, ...named, missing, policies }).refusal
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
