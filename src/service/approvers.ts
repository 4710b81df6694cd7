import type { Request } from '../core/request/request.ts'
import type { Giver } from '../core/review/giver.ts'
import type { KnownUser } from '../core/review/voter.ts'
import type { Context } from './context.ts'
import { standInsFor } from './delegations.ts'
import { candidates, scopeOf } from './people.ts'

/** Those whom a request is put to. */
export interface Approvers {
  /** Whom the policies ask. */
  readonly asked: readonly KnownUser[]
  /** Who may answer for one of them now. */
  readonly standIns: readonly Giver[]
}

/** Asks who is asked about a request, and who stands in for them. */
export async function approversOf(context: Context, request: Request, at: number): Promise<Approvers> {
  const { tenant, project, requirements, resources } = request
  const scope = scopeOf(tenant, project)
  const asked = await candidates(context.directory, scope, requirements)
  const ids = new Set(asked.map(({ id }) => id))
  const standIns = await standInsFor(context, scope, { at, project, resources })
  return { asked, standIns: standIns.filter(({ principal }) => ids.has(principal.id)) }
}

/** The ids of those who are to hear of a request that is put to them, without its requester. */
export function toBeTold({ asked, standIns }: Approvers, requester: string): readonly string[] {
  const ids = [...asked, ...standIns.map(({ user }) => user)].map(({ id }) => id)
  return [...new Set(ids)].filter((id) => id !== requester)
}
