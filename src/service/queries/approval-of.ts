import { peopleBehind, type Request } from '../../core/request/model/request.ts'
import { type ApprovalStanding, approvalStanding } from '../../core/review/approval-standing.ts'
import { usersExcepted } from '../../core/review/needs.ts'
import type { Context } from '../context/context.ts'
import { approversOf } from '../facts/approvers.ts'
import { knownAnywhere, scopesOf } from '../people/ask-directory.ts'

/** Judges how far a request is approved, and who could supply what is missing. */
export async function approvalOf(context: Context, request: Request, at: number): Promise<ApprovalStanding> {
  const scope = scopesOf(request.tenant, request)
  const approvers = await approversOf(context, request, at)
  const others = [
    ...peopleBehind(request),
    ...request.reviews.flatMap(({ by, onBehalfOf = by }) => [by, onBehalfOf]),
    ...usersExcepted(request.requirements),
  ]
  const users = await knownAnywhere(context.directory, scope, others)
  return approvalStanding({ ...request, at }, users, approvers)
}
