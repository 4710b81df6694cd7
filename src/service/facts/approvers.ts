import { defined } from '../../core/defined.ts'
import { inForce } from '../../core/request/decide/request-outcome.ts'
import type { Request } from '../../core/request/model/request.ts'
import { approvalStanding } from '../../core/review/approval-standing.ts'
import type { Giver } from '../../core/review/giver.ts'
import type { KnownUser } from '../../core/review/voter.ts'
import type { Context } from '../context/context.ts'
import { scopesOf } from '../people/ask-directory.ts'
import { candidates } from '../people/ask-holders.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { standInsFor } from './delegations.ts'
import { askedNow } from './effective-requirements.ts'
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
  const { tenant, project, projects, resources } = request
  const { requirements } = inForce(request, request)
  const scopes = scopesOf(tenant, request)
  const asked = await candidates(context.directory, scopes, requirements)
  const standIns = await standInsFor(context, {
    tenant,
    scopes,
    asked,
    at,
    resources,
    ...defined({ project, projects }),
  })
  return { asked, standIns }
}

/** Those who are to be reminded of a request. */
export interface Reminded {
  /** Whether nothing is missing: it waits for its time, or for somebody who applies it. */
  readonly met: boolean
  /**
   * Ids of those who could supply what is missing and have not, or could review what is owed. Empty if nobody could.
   */
  readonly people: readonly string[]
}

/** Finds those who are to be reminded, by what the policies ask today. If nobody could help, others have to. */
export async function toBeReminded(
  context: Context,
  pinned: Request,
  { at, settings }: { readonly at: number; readonly settings: PolicySetRecord | undefined },
): Promise<Reminded> {
  const { followUp } = pinned
  const request = followUp ? pinned : { ...pinned, ...(await askedNow(context, pinned, settings)) }
  const approvers = await approversOf(context, request, at)
  if (followUp) {
    const done = [followUp.by, ...followUp.reviews.map(({ by }) => by)]
    return { met: false, people: toBeTold(approvers, request.requester).filter((id) => !done.includes(id)) }
  }
  const users = await peopleOf(context, request, [])
  const { met, satisfiable, policies, standIns } = approvalStanding(
    { ...request, ...inForce(request, request), at },
    users,
    approvers,
  )
  const candidates = policies.flatMap(({ missing }) => missing.flatMap((need) => need.candidates))
  return { met, people: satisfiable ? [...new Set([...candidates, ...standIns.map(({ user }) => user)])] : [] }
}

/** The ids of those who are to hear of a request that is put to them, without its requester. */
export function toBeTold({ asked, standIns }: AskedPeople, requester: string): readonly string[] {
  const ids = [...asked, ...standIns.map(({ user }) => user)].map(({ id }) => id)
  return [...new Set(ids)].filter((id) => id !== requester)
}
