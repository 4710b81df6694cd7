import type { Request } from '../../core/request/model/request.ts'
import type { Context } from '../context/context.ts'
import { knownUsers, scopeOf } from '../people/ask-directory.ts'

/** Asks who everybody is that a decision about a request looks at. */
export async function peopleOf({ directory }: Context, request: Request, others: readonly string[]) {
  const { tenant, project } = request
  return await knownUsers(directory, scopeOf(tenant, project), [...peopleIn(request), ...others])
}

/** The ids of everybody who had to do with a request. */
export function peopleIn({ requester, contributors, reviews, followUp }: Request): readonly string[] {
  return [
    requester,
    ...contributors,
    ...reviews.flatMap(({ by, onBehalfOf = by }) => [by, onBehalfOf]),
    ...(followUp ? [followUp.by, ...followUp.reviews.map(({ by }) => by)] : []),
  ]
}
