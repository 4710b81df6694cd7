import { type GrantFacts, planGrants } from '../core/access/plan-grants.ts'
import type { Actor } from '../core/request/event.ts'
import { type Result, refuse, success } from '../errors.ts'
import type { Context } from './context.ts'
import type { Command } from './execute.ts'
import { freeze } from './freeze.ts'
import { keptRoles, readGrants } from './grants.ts'
import { mostOwners } from './people.ts'
import { keyOf, put, read } from './records.ts'
import { aboutSettings, settingsWrites } from './settings.ts'
import { maySet } from './settings-guard.ts'

/** Whose an account is: a person's, or, where it is an agent, its owner's. With neither, it is a person of its own. */
export interface Account {
  readonly user: string
  /** The person behind it, equal for two accounts of one person: they count once, and neither approves what the other asked for. */
  readonly person?: string
  /** The user who owns it, where it is a service account or an agent: it acts for its owner, and approves only where a policy names it. */
  readonly owner?: string
}

/** Reads whose an account is. */
export async function readAccount({ storage }: Context, tenant: string, user: string): Promise<Account> {
  const { found } = await read(storage, { found: keyOf('grants', tenant, user) })
  return freeze({ user, ...belongsTo(found?.value ?? {}) })
}

/** Makes the command that says whose an account is. Whoever makes an agent of a user, or a user of an agent, needs what taking or giving its roles needs. */
export function setAccountCommand(context: Context, actor: Actor, account: Account): Command<Account> {
  const { tenant } = actor
  const { user, owner } = account
  return {
    verb: 'say whose an account is',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const kept = keptRoles(context)
      if (!kept.ok) return kept
      const { facts, settings, stored } = await readGrants(context, actor, { roles: kept.value, users: [user] })
      const permission = 'organization_roles.edit'
      const allowed = await maySet(context, actor, { settings: settings?.value, permission, projects: [''] })
      if (!allowed.ok) return allowed
      const before = stored.get(user)
      const { person: _person, owner: ownedBy, ...rest } = before?.value ?? { tenant, user, grants: [] }
      const owned = owner === undefined ? success(undefined) : await mayOwn(context, tenant, { user, owner })
      if (!owned.ok) return owned
      if ((owner === undefined) !== (ownedBy === undefined)) {
        const turned = mayTurn(user, facts, owner === undefined ? 'give' : 'take')
        if (!turned.ok) return turned
      }
      const event = { type: 'account_set', ...account }
      const writes = [
        ...settingsWrites(actor, settings, { at, event }),
        put('grants', { ...rest, ...belongsTo(account) }, before),
      ]
      return success({ writes, answer: account })
    },
  }
}

/** The part of a record, or of an event, that says whose an account is. */
export function belongsTo({ person, owner }: Omit<Account, 'user'>): Omit<Account, 'user'> {
  return { ...(person === undefined ? {} : { person }), ...(owner === undefined ? {} : { owner }) }
}

/** Follows the owners of an agent: there has to be somebody at the end. */
async function mayOwn(
  { storage }: Context,
  tenant: string,
  { user, owner }: { readonly user: string; readonly owner: string },
): Promise<Result<undefined>> {
  const argument = 'account.owner'
  let next = owner
  for (let generation = 0; generation < mostOwners; generation++) {
    if (next === user) return refuse('invalid_input', { argument, problem: 'is owned by this very account' })
    const { found } = await read(storage, { found: keyOf('grants', tenant, next) })
    if (!found || found.value.grants.length === 0) return refuse('unknown_actor', { actor: next })
    if (found.value.owner === undefined) return success(undefined)
    next = found.value.owner
  }
  return refuse('invalid_input', { argument, problem: `is an agent of agents, more than ${mostOwners} in a row` })
}

/** Roles of an agent make nobody an admin, or an approver: to make one is to take them, and the other way round. */
function mayTurn(user: string, facts: GrantFacts, does: 'give' | 'take'): Result<undefined> {
  const theirs = facts.grants.filter((grant) => grant.user === user)
  const others = facts.grants.filter((grant) => grant.user !== user)
  const gone = new Set([...(facts.gone ?? [])].filter((one) => one !== user))
  const edits = [...new Set(theirs.map(({ project }) => project))].map((project) => {
    const held = theirs.filter((grant) => grant.project === project).map(({ role }) => role)
    return { users: [user], projects: [project], roles: does === 'give' ? held : [] }
  })
  const plan = planGrants(edits, { ...facts, gone, ...(does === 'give' ? { grants: others } : {}) })
  if (!plan.ok) return plan
  return plan.value.refusal ? { ok: false, refusal: plan.value.refusal } : success(undefined)
}
