import { type RoleFacts, removeRole, saveRole } from '../../core/access/change-roles.ts'
import { rolesIn } from '../../core/access/grant.ts'
import { holdingsOf } from '../../core/access/holdings.ts'
import type { RoleDefinition, Roles } from '../../core/access/role.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Command } from '../commands/run-command.ts'
import { rolesOf } from '../context/access-control.ts'
import type { Context } from '../context/context.ts'
import { aboutSettings, settingsWrites } from '../records/settings-writes.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { grantsOfRole, keptRoles, readGrants } from './grants.ts'
import { type BeyondPolicies, judgedWithRequests } from './pinned-power.ts'

/** How many roles of its own a tenant can have. */
const mostRoles = 100

/** Makes the command that saves a role of the tenant's own. */
export function saveRoleCommand(context: Context, actor: Actor, role: RoleDefinition): Command<RoleDefinition> {
  const change = (facts: RoleFacts) => saveRole(role, facts)
  return changeRoleCommand(context, actor, {
    verb: 'save a role',
    id: role.id,
    change,
    told: (roles) => {
      const saved = roles.get(role.id) ?? role
      return { event: { type: 'role_saved', role: saved }, answer: saved }
    },
  })
}

/** Makes the command that removes a role of the tenant's own. */
export function removeRoleCommand(context: Context, actor: Actor, id: string): Command<void> {
  return changeRoleCommand(context, actor, {
    verb: 'remove a role',
    id,
    change: (facts) => removeRole(id, facts),
    told: () => ({ event: { type: 'role_removed', role: id }, answer: undefined }),
  })
}

/** Lists the roles of a tenant: those that every tenant has, then its own. */
export async function listRoles({ storage, access }: Context, tenant: string): Promise<readonly RoleDefinition[]> {
  if (access.type === 'admins') return []
  const { settings } = await read(storage, { settings: recordKey('policySets', tenant) })
  return freeze([...access.roles.values(), ...(settings?.value.roles ?? [])])
}

interface RoleChange<T> {
  readonly verb: string
  readonly id: string
  change(facts: RoleFacts): Result<Roles>
  told(roles: Roles): { readonly event: { readonly type: string; readonly role: unknown }; readonly answer: T }
}

function changeRoleCommand<T>(context: Context, actor: Actor, { verb, id, change, told }: RoleChange<T>): Command<T> {
  return {
    verb,
    actor,
    about: aboutSettings,
    async attempt(at) {
      const kept = keptRoles(context)
      if (!kept.ok) return kept
      const base = kept.value
      if (base.has(id)) {
        const problem = `${JSON.stringify(id)} is a role that every tenant has: it is defined by the application`
        return refuse('invalid_input', { argument: 'role.id', problem })
      }
      const { facts, settings, power } = await readGrants(context, actor, { roles: base, users: [] })
      const concerned = (await grantsOfRole(context.storage, actor.tenant, id)).filter(
        ({ user }) => user !== actor.user,
      )
      const { roles, grants, gone = new Set() } = facts
      const held = gone.has(actor.user) ? [] : rolesIn({ roles, grants }, { user: actor.user, project: '' })
      const known = {
        roles,
        gone,
        grants: [...grants, ...concerned.filter((one) => !grants.some((grant) => isSame(grant, one)))],
        holdings: holdingsOf(roles, { user: actor.user, project: '', held }),
        known: context.access.type === 'roles' ? context.access.known : [],
      }
      const judge = (beyond: BeyondPolicies) => change({ ...known, beyondPolicies: (role) => beyond({ role }, '') })
      const changed = await judgedWithRequests(context.storage, actor.tenant, { power, judge })
      if (!changed.ok) return changed
      const own = [...changed.value.values()].filter((role) => !base.has(role.id))
      if (own.length > mostRoles) {
        return refuse('invalid_input', {
          argument: 'role',
          problem: `a tenant can have at most ${mostRoles} of its own`,
        })
      }
      const { event, answer } = told(rolesOf(base, { roles: own }))
      return success({ writes: settingsWrites(actor, settings, { at, event, next: { roles: own } }), answer })
    },
  }
}

function isSame(
  a: { user: string; role: string; project: string },
  b: { user: string; role: string; project: string },
) {
  return a.user === b.user && a.role === b.role && a.project === b.project
}
