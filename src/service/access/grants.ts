import { adminPermissions } from '../../core/access/admins.ts'
import type { Grant } from '../../core/access/grant.ts'
import type { GrantEdit } from '../../core/access/grant-edit.ts'
import {
  carryOutPlan,
  type GrantFacts,
  type GrantLine,
  type GrantPlan,
  planGrants,
} from '../../core/access/plan-grants.ts'
import type { Roles } from '../../core/access/role.ts'
import { defined } from '../../core/defined.ts'
import { type Digest, digest } from '../../core/json/digest.ts'
import { asJson } from '../../core/json/json.ts'
import { policyType } from '../../core/policy/model/policy-type.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { noticeWrites } from '../commands/outbox.ts'
import type { Command } from '../commands/run-command.ts'
import { rolesOf } from '../context/access-control.ts'
import { allPolicies } from '../context/compiled-policies.ts'
import type { Context } from '../context/context.ts'
import { scopeOf } from '../people/ask-directory.ts'
import { adminApprovers, peopleNamed } from '../people/settings-admins.ts'
import { grantsOf } from '../people/stored-directory.ts'
import type { GrantRecord } from '../records/access-records.ts'
import { askingAsPolicies } from '../records/freeze-records.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { aboutSettings, settingsWrites } from '../records/settings-writes.ts'
import { put, read, recordKey, type Stored, settingsState, walk } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { grantsInSight } from './grants-in-sight.ts'
import { judgedWithRequests } from './pinned-power.ts'
import { type PolicyPower, policyPower } from './policy-power.ts'

/** What a change of access does, line by line. */
export interface GrantPreview {
  /** Only if something changes. */
  readonly lines: readonly GrantLine[]
  /** Why none of it can be done, if so. */
  readonly refusal?: Refusal
  /** What to say that was seen, when it is carried out. Moves with every line. */
  readonly digest: Digest
}

/** What is known of the grants of a tenant when some of them change. */
interface GrantsRead {
  readonly facts: Omit<GrantFacts, 'beyondPolicies'>
  readonly settings: Stored<PolicySetRecord> | undefined
  readonly stored: ReadonlyMap<string, Stored<GrantRecord> | undefined>
  readonly power: PolicyPower
}

/** The edits that somebody wants, which may depend on what is there. */
export type GrantEdits = (grants: readonly Grant[]) => readonly GrantEdit[]

/** Says what a change of access would do. Writes nothing. */
export async function previewGrants(
  context: Context,
  actor: Actor,
  edits: readonly GrantEdit[],
): Promise<Result<GrantPreview>> {
  const kept = keptRoles(context)
  if (!kept.ok) return kept
  const found = await readGrants(context, actor, { roles: kept.value, users: usersIn(edits) })
  const seen = await grantsInSight(context, actor, { edits, facts: found.facts, settings: found.settings?.value })
  if (!seen.ok && seen.refusal.code === 'unknown_actor') return seen
  if (!seen.ok) return success(freeze({ lines: [], refusal: seen.refusal, digest: digest('access', []) }))
  const plan = await plannedGrants(context, actor.tenant, { ...found, edits })
  return plan.ok ? success(previewOf(plan.value)) : plan
}

/**
 * Makes the command that changes who holds which role: all of it, or nothing. `seen` is the digest of the preview,
 * if one was seen.
 */
export function changeGrantsCommand(
  context: Context,
  actor: Actor,
  { edits, users, seen }: { readonly edits: GrantEdits; readonly users: readonly string[]; readonly seen?: string },
): Command<GrantPreview> {
  return {
    verb: 'change access',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const kept = keptRoles(context)
      if (!kept.ok) return kept
      const found = await readGrants(context, actor, { roles: kept.value, users })
      const { facts, settings, stored, power } = found
      const wanted = edits(facts.grants)
      const inSight = await grantsInSight(context, actor, { edits: wanted, facts, settings: settings?.value })
      if (!inSight.ok) return inSight
      const plan = await plannedGrants(context, actor.tenant, { ...found, edits: wanted })
      if (!plan.ok) return plan
      const preview = previewOf(plan.value)
      if (seen !== undefined && seen !== preview.digest) return refuse('preview_outdated', { seen })
      const done = carryOutPlan(plan.value)
      if (!done.ok) return done
      if (preview.lines.length === 0) return success({ writes: [], answer: preview })
      const given = withPower(plan.value, power)
      const powers = given.length === 0 ? {} : { powers: given }
      const writes = [
        ...settingsWrites(actor, settings, { at, event: { type: 'roles_changed', ...done.value, ...powers } }),
        ...grantWrites(actor.tenant, { ...done.value, stored }),
        ...(await powerNotices(context, actor, { settings, given, at })),
      ]
      return success({ writes, answer: preview })
    },
  }
}

/** Plans a change of access, as far as the policies let the actor: those in force, and those of open requests. */
function plannedGrants(
  { storage }: Context,
  tenant: string,
  { facts, power, edits }: Pick<GrantsRead, 'facts' | 'power'> & { readonly edits: readonly GrantEdit[] },
) {
  const judge = (beyondPolicies: GrantFacts['beyondPolicies']) => planGrants(edits, { ...facts, beyondPolicies })
  return judgedWithRequests(storage, tenant, { power, judge })
}

/** Writes what changes of who holds which role. */
export function grantWrites(
  tenant: string,
  { give, take, stored }: Pick<GrantPlan, 'give' | 'take'> & Pick<GrantsRead, 'stored'>,
): readonly Write[] {
  const users = [...new Set([...give, ...take].map(({ user }) => user))]
  const records = users.map((user) => {
    const before = stored.get(user)
    const kept = (before?.value.grants ?? []).filter(
      (grant) => !take.some((one) => one.user === user && isSameRole(one, grant)),
    )
    const given = give.filter((grant) => grant.user === user).map(({ role, project }) => ({ role, project }))
    return put('grants', { ...before?.value, tenant, user, grants: [...kept, ...given] }, before)
  })
  return [
    ...records,
    ...give.map(({ user, role, project }) => put('holders', { tenant, role, project, user }, undefined)),
    ...take.map(
      ({ user, role, project }): Write => ({
        type: 'remove',
        collection: 'holders',
        key: [tenant, role, project, user],
        expected: 1,
      }),
    ),
  ]
}

/** The roles that every tenant has, if grants are kept here. */
export function keptRoles({ access }: Context): Result<Roles> {
  if (access.type === 'roles' && access.stored) return success(access.roles)
  const problem = 'who holds which role is said by the directory of the host: change it there'
  return refuse('invalid_input', { argument: 'access', problem })
}

/** Reads everything that a change of some users' grants depends on. */
export async function readGrants(
  { storage, policies: inForce }: Context,
  { tenant, user: actor }: Actor,
  { roles: base, users }: { readonly roles: Roles; readonly users: readonly string[] },
): Promise<GrantsRead> {
  const ids = [...new Set([actor, ...users])]
  const { settings, found } = await read(storage, {
    settings: recordKey('policySets', tenant),
    found: ids.map((id) => recordKey('grants', tenant, id)),
  })
  const roles = rolesOf(base, settings?.value)
  const stored = new Map(ids.map((id, index) => [id, found[index]]))
  const theirs = found.flatMap((one) => (one ? grantsOf(one.value) : []))
  const others = await adminGrants({ storage }, tenant, roles)
  const grants = [...theirs, ...others.filter(({ user }) => !stored.has(user))]
  const agents = await agentsAmong({ storage }, tenant, [...stored.keys(), ...others.map(({ user }) => user)])
  const policies = await inForce(storage, tenant, settingsState(settings))
  const power = policyPower({
    policies: [...allPolicies(policies), ...askingAsPolicies(settings?.value.freezes)],
    roles,
    actor,
    grants: agents.has(actor) ? [] : grants.filter(({ user }) => user === actor),
  })
  return { facts: { roles, grants, actor, gone: agents }, settings, stored, power }
}

/** The agents among users: whatever roles they hold, these make no admins of them. */
async function agentsAmong(
  { storage }: Pick<Context, 'storage'>,
  tenant: string,
  users: readonly string[],
): Promise<ReadonlySet<string>> {
  const ids = [...new Set(users)]
  const { found } = await read(storage, { found: ids.map((user) => recordKey('grants', tenant, user)) })
  return new Set(ids.filter((_, index) => found[index]?.value.owner !== undefined))
}

/** Reads the grants, in the whole tenant, of the roles that hold something of what makes an admin. */
export async function adminGrants(
  { storage }: Pick<Context, 'storage'>,
  tenant: string,
  roles: Roles,
): Promise<readonly Grant[]> {
  const grants: Grant[] = []
  for (const { id, permissions } of roles.values()) {
    if (!adminPermissions.some((one) => permissions.includes(one))) continue
    grants.push(...(await grantsOfRole(storage, tenant, id, '')))
  }
  return grants
}

/** Reads what one user holds. */
export async function grantsOfUser(
  storage: Context['storage'],
  tenant: string,
  user: string,
): Promise<readonly Grant[]> {
  const { found } = await read(storage, { found: recordKey('grants', tenant, user) })
  return found ? grantsOf(found.value) : []
}

/** Reads all grants of a role: those in one place, or everywhere. */
export async function grantsOfRole(
  storage: Context['storage'],
  tenant: string,
  ...where: readonly string[]
): Promise<readonly Grant[]> {
  const grants: Grant[] = []
  const query = inKeyOrder('holders', tenant, ...where)
  for await (const { value } of walk(storage, query)) {
    const { user, role, project } = value
    grants.push({ user, role, project })
  }
  return grants
}

/** The users whom edits are about. */
export function usersIn(edits: readonly GrantEdit[]): readonly string[] {
  return edits.flatMap(({ users }) => users)
}

function previewOf({ lines, refusal }: GrantPlan): GrantPreview {
  const shown = lines.map(({ user, project, before, after }) => ({ user, project, before, after }))
  const preview = { lines, digest: digest('access', asJson(shown)), ...defined({ refusal }) }
  return freeze(preview)
}

function isSameRole(a: Pick<Grant, 'role' | 'project'>, b: Pick<Grant, 'role' | 'project'>): boolean {
  return a.role === b.role && a.project === b.project
}

/** A grant that lets its holder have a say in policies. */
interface PowerfulGrant extends Grant {
  readonly policies: readonly string[]
}

function withPower({ lines }: GrantPlan, power: PolicyPower): readonly PowerfulGrant[] {
  return lines.flatMap(({ user, project, before, after, membership }) => {
    const byName = membership === 'begins' ? power.of({ user }, project) : []
    const roles = after.filter((role) => !before.includes(role))
    return roles.flatMap((role) => {
      const policies = [...new Set([...power.of({ role }, project), ...byName])]
      return policies.length === 0 ? [] : [{ user, role, project, policies }]
    })
  })
}

/** Tells those who may change the settings there that somebody has a say in policies from now on. */
async function powerNotices(
  context: Context,
  { tenant, user }: Actor,
  {
    settings,
    given,
    at,
  }: {
    readonly settings: Stored<PolicySetRecord> | undefined
    readonly given: readonly PowerfulGrant[]
    readonly at: number
  },
): Promise<readonly Write[]> {
  if (given.length === 0 || context.notifiers.length === 0) return []
  const admins = adminApprovers(context, settings?.value)
  const to = new Set<string>()
  for (const project of new Set(given.map((grant) => grant.project))) {
    for (const one of await peopleNamed(context.directory, scopeOf(tenant, project), [admins])) to.add(one)
  }
  to.delete(user)
  const policies = [...new Set(given.flatMap((grant) => grant.policies))]
  return noticeWrites(context, {
    id: `settings/${(settings?.value.head.seq ?? 0) + 1}`,
    tenant,
    type: 'policy_power_given',
    to: [...to],
    resources: policies.map((id) => ({ type: policyType, id })),
    at,
    by: user,
  })
}
