import { duesOf } from '../../core/request/decide/due-verbs.ts'
import type { Facts } from '../../core/request/model/command.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Context } from '../context/context.ts'
import { askHolders, knownUsers, scopeOf } from '../people/ask-directory.ts'
import type { Remedy } from '../requests/request-summary.ts'

/**
 * Lists who can help a request that nobody can approve. Empty if it has to expire, or the directory has to change.
 */
export async function remedies(
  { directory }: Context,
  request: Request,
  { rules, ...clock }: Pick<Facts, 'rules'> & { readonly now: number; readonly holds: Facts['holds'] },
): Promise<readonly Remedy[]> {
  const { tenant, project, requester } = request
  const scope = scopeOf(tenant, project)
  const [bypassers, breakers, known] = await Promise.all([
    askHolders(directory, scope, rules.bypass),
    askHolders(directory, scope, rules.breakGlass),
    knownUsers(directory, scope, [requester]),
  ])
  const escalations = duesOf(request, clock).filter(({ verb }) => verb === 'escalate')
  return [
    ...escalations.map(({ at }): Remedy => ({ type: 'escalation', at })),
    ...usersOf('bypass', bypassers),
    ...usersOf('break_glass', breakers),
    ...(known.has(requester) ? [{ type: 'requester' as const, user: requester }] : []),
  ]
}

/** Says what a change on its way waits for, if it did not get there at once. */
export function delays({ application }: Request): readonly Remedy[] {
  const { problem, until } = application ?? {}
  return problem === undefined || until === undefined ? [] : [{ type: 'host', at: until, problem }]
}

function usersOf(
  type: 'bypass' | 'break_glass',
  holders: Readonly<Record<string, readonly string[]>>,
): readonly Remedy[] {
  const users = [...new Set(Object.values(holders).flat())]
  return users.length > 0 ? [{ type, users }] : []
}
