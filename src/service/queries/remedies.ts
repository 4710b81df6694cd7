import { duesOf } from '../../core/request/decide/due-verbs.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { RequestMethod } from '../../core/request/model/status-table.ts'
import { isKnown } from '../../core/review/voter.ts'
import type { Context } from '../context/context.ts'
import { custodianOf } from '../facts/custodian.ts'
import { knownUsers, scopesOf } from '../people/ask-directory.ts'
import { askHolders } from '../people/ask-holders.ts'
import { adminApprovers, peopleNamed } from '../people/settings-admins.ts'
import type { Remedy } from '../requests/request-summary.ts'
import { permitted, type Shown } from './permitted-verbs.ts'

/** Of how many people it is tried what they could do. */
const mostTried = 20

/** People, and the methods by which each of them could help. */
interface Helpers {
  readonly users: readonly string[]
  readonly methods: readonly RequestMethod[]
}

/**
 * Lists who can help a request that nobody can approve, or that has failed, and how. Each verb is tried as the helper
 * would use it, by the decision that would refuse it. Empty if it has to expire, or the directory has to change.
 */
export async function remedies(context: Context, shown: Shown): Promise<readonly Remedy[]> {
  const { request, facts, at: now } = shown
  const escalations = duesOf(request, { now, holds: facts.holds }).filter(({ verb }) => verb === 'escalate')
  const helpers = await helpersOf(context, shown)
  const users = [...new Set(helpers.flatMap((group) => group.users))]
  const known = await knownUsers(context.directory, scopesOf(request.tenant, request), users)
  // Of somebody whom the directory does not know, nothing is tried.
  const around = { ...shown, facts: { ...facts, users: new Map([...facts.users, ...known]) } }
  const tried = await Promise.all(
    users.map(async (user) => {
      const actor = { tenant: request.tenant, user, via: 'app' }
      const left = await custodianOf(context, actor, { request, settings: shown.settings, users: around.facts.users })
      const can = await permitted(context, actor, { ...around, facts: { ...around.facts, ...left } })
      return [user, can] as const
    }),
  )
  const can = new Map(tried)
  const open = helpers.flatMap((group) =>
    group.methods.map((method): Remedy => {
      return { type: 'people', method, users: group.users.filter((user) => can.get(user)?.[method] === true) }
    }),
  )
  return [
    ...escalations.map(({ at }): Remedy => ({ type: 'escalation', at })),
    ...open.filter((remedy) => remedy.type !== 'people' || remedy.users.length > 0),
  ]
}

/** Those who may be able to help: past the approvals, or as the requester, who goes on with what has failed. */
async function helpersOf(context: Context, { request, facts, settings, stale }: Shown): Promise<readonly Helpers[]> {
  const scope = scopesOf(request.tenant, request)
  const isLeft = !isKnown(facts.users, request.requester)
  const custodians = isLeft ? await peopleNamed(context.directory, scope, [adminApprovers(context, settings)]) : []
  const [bypassers, breakers] = await Promise.all(
    [facts.rules.bypass, facts.rules.breakGlass].map((roles) => askHolders(context.directory, scope, roles)),
  )
  const heirs = custodians.slice(0, mostTried)
  if (request.status === 'failed') {
    return [
      { users: heirs, methods: ['takeOver'] },
      { users: [request.requester], methods: stale ? ['rebase', 'resolve', 'submit'] : ['apply', 'submit'] },
    ]
  }
  return [
    { users: usersIn(bypassers), methods: ['bypass'] },
    { users: usersIn(breakers), methods: ['breakGlass'] },
    { users: heirs, methods: ['takeOver', 'cancel'] },
    { users: [request.requester], methods: ['submit', 'edit', 'recall', 'cancel'] },
  ]
}

/** Says what a change on its way waits for, if it did not get there at once. */
export function delays({ application }: Request): readonly Remedy[] {
  const { problem, until } = application ?? {}
  return problem === undefined || until === undefined ? [] : [{ type: 'host', at: until, problem }]
}

function usersIn(holders: Readonly<Record<string, readonly string[]>> | undefined): readonly string[] {
  return [...new Set(Object.values(holders ?? {}).flat())].slice(0, mostTried)
}
