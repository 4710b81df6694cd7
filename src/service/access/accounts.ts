import { type GrantFacts, planGrants } from '../../core/access/plan-grants.ts'
import { defined } from '../../core/defined.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { mostOwners } from '../people/ask-directory.ts'
import { aboutSettings, settingsWrites } from '../records/settings-writes.ts'
import { put, read, recordKey } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { maySet } from './check-permission.ts'
import { keptRoles, readGrants } from './grants.ts'
import { type Account, type Persons, readPersons } from './persons.ts'
import { judgedWithRequests } from './pinned-power.ts'

/** Reads whose an account is. */
export async function readAccount({ storage }: Context, tenant: string, user: string): Promise<Account> {
  const { found } = await read(storage, { found: recordKey('grants', tenant, user) })
  return freeze({ user, ...belongsTo(found?.value ?? {}) })
}

/**
 * Makes the command that says whose an account is. It takes what giving the roles of everybody concerned takes, and,
 * if a user becomes an agent, what taking them does. Nobody parts an account from themselves.
 */
export function setAccountCommand(context: Context, actor: Actor, account: Account): Command<Account> {
  const { storage } = context
  const { tenant } = actor
  const { user, owner } = account
  return {
    verb: 'say whose an account is',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const kept = keptRoles(context)
      if (!kept.ok) return kept
      const { settings, before, acting } = await read(storage, {
        settings: recordKey('policySets', tenant),
        before: recordKey('grants', tenant, user),
        acting: recordKey('grants', tenant, actor.user),
      })
      const permission = 'organization_roles.edit'
      const allowed = await maySet(context, actor, { settings: settings?.value, permission, projects: [''] })
      if (!allowed.ok) return allowed
      const { person: _person, owner: _owner, ...rest } = before?.value ?? { tenant, user, grants: [] }
      const was: Account = { user, ...belongsTo(before?.value ?? {}) }
      const owned = owner === undefined ? success(undefined) : await mayOwn(context, tenant, { user, owner })
      if (!owned.ok) return owned
      const persons = await readPersons(context, tenant)
      const [from, to] = [persons.behind(was), persons.behind(account)]
      const others = [was.owner, owner, from, to].filter((one) => one !== undefined)
      const users = [...new Set([user, ...others, ...persons.accountsOf([from, to])])]
      const { facts, power } = await readGrants(context, actor, { roles: kept.value, users })
      const judge = (beyondPolicies: GrantFacts['beyondPolicies']) =>
        mayMove({ ...facts, beyondPolicies }, { was, is: account, users })
      const moved = await judgedWithRequests(storage, tenant, { power, judge })
      if (!moved.ok) return moved
      const self = acting?.value.person ?? actor.user
      if (from === self && to !== self) return refuse('own_account', { actor: actor.user, account: user })
      const named = mayName(account, persons)
      if (!named.ok) return named
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
export function belongsTo({ person, owner }: Omit<Account, 'user'>): {
  readonly person?: string
  readonly owner?: string
} {
  return { ...defined({ person, owner }) }
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
    const { found } = await read(storage, { found: recordKey('grants', tenant, next) })
    if (!found || found.value.grants.length === 0) return refuse('unknown_actor', { actor: next })
    if (found.value.owner === undefined) return success(undefined)
    next = found.value.owner
  }
  return refuse('invalid_input', { argument, problem: `is an agent of agents, more than ${mostOwners} in a row` })
}

/**
 * Keeps persons one step away: the person of an account is never an account of somebody else, in whatever order the
 * two are said. Of a longer way, only the first step would count.
 */
function mayName({ user, person, owner }: Account, persons: Persons): Result<undefined> {
  if (person !== undefined && person !== user) {
    const named = persons.find(person)
    const behind = persons.behind(named ?? { user: person })
    if (named?.owner !== undefined || behind !== person) {
      const problem = `is an account of ${JSON.stringify(behind)}: name that person instead`
      return refuse('invalid_input', { argument: 'account.person', problem })
    }
  }
  const naming = person === undefined && owner === undefined ? [] : persons.naming(user)
  if (naming.length === 0 || (owner === undefined && person === user)) return success(undefined)
  const some = naming
    .slice(0, 5)
    .map((one) => JSON.stringify(one))
    .join(', ')
  const problem = `is the person of other accounts: say first whose those are (${some}${naming.length > 5 ? ', …' : ''})`
  return refuse('invalid_input', { argument: 'account.user', problem })
}

/**
 * Roles of an agent make nobody an admin, or an approver: to make one is to take them. Everything else that is said
 * of an account decides with whom it counts, so it takes what giving its roles does, and giving those of all accounts
 * of the persons it is tied to or parted from.
 */
function mayMove(
  facts: GrantFacts,
  { was, is, users }: { readonly was: Account; readonly is: Account; readonly users: readonly string[] },
): Result<undefined> {
  if (was.person === is.person && was.owner === is.owner) return success(undefined)
  const turnsAgent = was.owner === undefined && is.owner !== undefined
  for (const user of users) {
    const does = user === is.user && turnsAgent ? 'take' : 'give'
    if (user === facts.actor && does === 'give') continue
    const turned = mayTurn(user, facts, does)
    if (!turned.ok) return turned
  }
  return success(undefined)
}

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
