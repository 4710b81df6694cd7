import { defined } from '../../core/defined.ts'
import { duesOf } from '../../core/request/decide/due-verbs.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { RequestMethod } from '../../core/request/model/status-table.ts'
import type { Context } from '../context/context.ts'
import { approversOf, toBeTold } from '../facts/approvers.ts'
import { custodianOf } from '../facts/custodian.ts'
import { knownUsers, scopesOf } from '../people/ask-directory.ts'
import { askHolders } from '../people/ask-holders.ts'
import { adminApprovers, peopleNamed } from '../people/settings-admins.ts'
import type { Permissions, Remedy } from '../requests/request-summary.ts'
import { leadsOn, type TimeOption } from './leads-on.ts'
import { permitted, type Shown } from './permitted-verbs.ts'

/** Of how many people of a kind it is tried what they could do. */
const mostTried = 20

/** A method, and those who may be able to help by it. */
interface Helpers {
  readonly method: RequestMethod | 'takeOut'
  readonly users: readonly string[]
}

/**
 * Lists who can help a request that nobody can approve, that cannot land any more, that has failed or does not get to
 * where it is kept; and how. Each verb is tried as the helper would use it, by the decision that would refuse it, and
 * by what would come of it. Empty if it has to expire, or if the directory or the policies have to change.
 */
export async function remedies(context: Context, shown: Shown): Promise<readonly Remedy[]> {
  const { request, facts, at: now } = shown
  const escalations = duesOf(request, { now, holds: facts.holds }).filter(({ verb }) => verb === 'escalate')
  const helpers = await helpersOf(context, shown)
  const users = [...new Set(helpers.flatMap((group) => group.users))]
  const known = await knownUsers(context.directory, scopesOf(request.tenant, request), users)
  // Of somebody whom the directory does not know, nothing is tried.
  const around = { ...shown, facts: { ...facts, users: new Map([...facts.users, ...known]) } }
  const tried = await Promise.all(users.map(async (user) => [user, await helpOf(context, user, around)] as const))
  const can = new Map(tried)
  const ways = await Promise.all(
    helpers.map(async ({ method, users }): Promise<readonly Remedy[]> => {
      const found = await Promise.all(users.map(async (user) => [user, await can.get(user)?.(method)] as const))
      const able = found.filter(([, way]) => way !== undefined)
      const needs = able.flatMap(([, way]) => (way === undefined || way === 'as_it_is' ? [] : [way]))[0]
      return able.length === 0
        ? []
        : [{ type: 'people', method, users: able.map(([user]) => user), ...defined({ needs }) }]
    }),
  )
  return [
    ...delays(request),
    ...escalations.map(({ at }): Remedy => ({ type: 'escalation', at })),
    ...direct(ways.flat(), shown),
  ]
}

type Way = 'as_it_is' | TimeOption | undefined

/** Says of each method whether somebody can use it now, and whether that would help. */
async function helpOf(
  context: Context,
  user: string,
  shown: Shown,
): Promise<(method: keyof Permissions) => Promise<Way>> {
  const { request, settings, facts } = shown
  const actor = { tenant: request.tenant, user, via: 'app' }
  const left = await custodianOf(context, actor, { request, settings, users: facts.users })
  const own = { ...shown, facts: { ...facts, ...left } }
  const can = await permitted(context, actor, own)
  return async (method) => (can[method] === true ? await leadsOn(context, actor, { shown: own, method }) : undefined)
}

/** Leaves out asking anew for what is stale if somebody can rebase it at once: nobody could approve it before that. */
function direct(ways: readonly Remedy[], { stale }: Shown): readonly Remedy[] {
  const moves = ways.some((one) => one.type === 'people' && (one.method === 'rebase' || one.method === 'resolve'))
  return stale && moves ? ways.filter((one) => one.type !== 'people' || one.method !== 'submit') : ways
}

/** Those who may be able to help: past the approvals, as whoever asked for it, or as those who change the settings. */
async function helpersOf(context: Context, shown: Shown): Promise<readonly Helpers[]> {
  const { request, settings } = shown
  const scope = scopesOf(request.tenant, request)
  const named = await peopleNamed(context.directory, scope, [adminApprovers(context, settings)])
  const admins = named.slice(0, mostTried)
  const own = [request.requester]
  const both = [...new Set([...own, ...admins])]
  const anew: readonly Helpers[] = [
    { method: 'rebase', users: both },
    { method: 'resolve', users: both },
  ]
  if (request.status === 'applying') return [{ method: 'abandon', users: both }]
  if (request.status === 'failed') {
    const again = shown.stale ? anew : [{ method: 'apply', users: both } as const]
    return [{ method: 'takeOver', users: admins }, ...again, { method: 'submit', users: own }]
  }
  return [
    ...(await passing(context, shown)),
    { method: 'takeOver', users: admins },
    ...(shown.stale ? anew : []),
    { method: 'submit', users: own },
    { method: 'edit', users: own },
    ...(shown.unlandable ? [{ method: 'takeOut', users: both } as const] : []),
    { method: 'recall', users: own },
    { method: 'cancel', users: both },
    ...(await rejecting(context, shown)),
  ]
}

/** Those who may pass by the approvals. */
async function passing(context: Context, { request, facts: { rules } }: Shown): Promise<readonly Helpers[]> {
  const scope = scopesOf(request.tenant, request)
  const [bypassers, breakers] = await Promise.all(
    [rules.bypass, rules.breakGlass].map((roles) => askHolders(context.directory, scope, roles)),
  )
  return [
    { method: 'bypass', users: usersIn(bypassers) },
    { method: 'breakGlass', users: usersIn(breakers) },
  ]
}

/** Those who may reject it, if that ends it. */
async function rejecting(context: Context, { request, facts: { rules }, at }: Shown): Promise<readonly Helpers[]> {
  if (rules.onReject !== 'close') return []
  const approvers = toBeTold(await approversOf(context, request, at), request.requester)
  return [{ method: 'reject', users: approvers.slice(0, mostTried) }]
}

/** Says what a change on its way waits for, if it did not get there at once. */
function delays({ application }: Request): readonly Remedy[] {
  const { problem, until } = application ?? {}
  return problem === undefined || until === undefined ? [] : [{ type: 'host', at: until, problem }]
}

function usersIn(holders: Readonly<Record<string, readonly string[]>> | undefined): readonly string[] {
  return [...new Set(Object.values(holders ?? {}).flat())].slice(0, mostTried)
}
