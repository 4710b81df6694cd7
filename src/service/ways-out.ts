import type { Facts } from '../core/request/command.ts'
import { duesOf } from '../core/request/due.ts'
import type { Request } from '../core/request/request.ts'
import type { Context } from './context.ts'
import { holdersOf, knownUsers, scopeOf } from './people.ts'

/** Who can help a request that could not be approved even if everybody whom it asks did so, or whose change does not get to where it is kept. */
export type WayOut =
  /** Others may approve from this time on, in milliseconds since 1970. */
  | { readonly type: 'escalation'; readonly at: number }
  /** These users may apply it without approval. */
  | { readonly type: 'bypass' | 'break_glass'; readonly users: readonly string[] }
  /** The application that keeps the resource outside of the database did not take the change, and why; it is asked again at this time. Who may change the resource can give the change up meanwhile. */
  | { readonly type: 'host'; readonly at: number; readonly problem: string }
  /** The requester can take it back, or edit it: what the policies ask is asked anew then. */
  | { readonly type: 'requester'; readonly user: string }

/** Lists who can help a request that nobody can approve. Empty where it has to expire, or the directory has to change. */
export async function waysOut(
  { directory }: Context,
  request: Request,
  { rules, ...clock }: Pick<Facts, 'rules'> & { readonly now: number; readonly holds: Facts['holds'] },
): Promise<readonly WayOut[]> {
  const { tenant, project, requester } = request
  const scope = scopeOf(tenant, project)
  const [bypassers, breakers, known] = await Promise.all([
    holdersOf(directory, scope, rules.bypass),
    holdersOf(directory, scope, rules.breakGlass),
    knownUsers(directory, scope, [requester]),
  ])
  const escalations = duesOf(request, clock).filter(({ verb }) => verb === 'escalate')
  return [
    ...escalations.map(({ at }): WayOut => ({ type: 'escalation', at })),
    ...usersOf('bypass', bypassers),
    ...usersOf('break_glass', breakers),
    ...(known.has(requester) ? [{ type: 'requester' as const, user: requester }] : []),
  ]
}

/** Says what a change on its way waits for, where it did not get there at once. */
export function delays({ application }: Request): readonly WayOut[] {
  const { problem, until } = application ?? {}
  return problem === undefined || until === undefined ? [] : [{ type: 'host', at: until, problem }]
}

function usersOf(
  type: 'bypass' | 'break_glass',
  holders: Readonly<Record<string, readonly string[]>>,
): readonly WayOut[] {
  const users = [...new Set(Object.values(holders).flat())]
  return users.length > 0 ? [{ type, users }] : []
}
