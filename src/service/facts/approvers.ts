import { inForce } from '../../core/request/decide/request-outcome.ts'
import type { Request } from '../../core/request/model/request.ts'
import { approvalStanding } from '../../core/review/approval-standing.ts'
import type { Giver } from '../../core/review/giver.ts'
import type { KnownUser } from '../../core/review/voter.ts'
import type { Context } from '../context/context.ts'
import { candidates, scopeOf } from '../people/ask-directory.ts'
import { standInsFor } from './delegations.ts'
import { peopleOf } from './people-of-request.ts'

/** Those whom a request is put to. */
export interface AskedPeople {
  /** Whom the policies ask. */
  readonly asked: readonly KnownUser[]
  /** Who may answer for one of them now. */
  readonly standIns: readonly Giver[]
}

/** Asks who is asked about a request, and who stands in for them. */
export async function approversOf(context: Context, request: Request, at: number): Promise<AskedPeople> {
  const { tenant, project, resources } = request
  const { requirements } = inForce(request, request)
  const scope = scopeOf(tenant, project)
  const asked = await candidates(context.directory, scope, requirements)
  const standIns = await standInsFor(context, scope, { asked, at, project, resources })
  return { asked, standIns }
}

/**
 * The ids of those who are to be reminded: who could supply what is missing and has not, or could review what is
 * owed. Empty if nobody could: then others have to help.
 */
export async function toBeReminded(context: Context, request: Request, at: number): Promise<readonly string[]> {
  const { followUp } = request
  const approvers = await approversOf(context, request, at)
  if (followUp) {
    const done = [followUp.by, ...followUp.reviews.map(({ by }) => by)]
    return toBeTold(approvers, request.requester).filter((id) => !done.includes(id))
  }
  const users = await peopleOf(context, request, [])
  const { satisfiable, policies, standIns } = approvalStanding(
    { ...request, ...inForce(request, request) },
    users,
    approvers,
  )
  const candidates = policies.flatMap(({ missing }) => missing.flatMap((need) => need.candidates))
  return satisfiable ? [...new Set([...candidates, ...standIns.map(({ user }) => user)])] : []
}

/** The ids of those who are to hear of a request that is put to them, without its requester. */
export function toBeTold({ asked, standIns }: AskedPeople, requester: string): readonly string[] {
  const ids = [...asked, ...standIns.map(({ user }) => user)].map(({ id }) => id)
  return [...new Set(ids)].filter((id) => id !== requester)
}
