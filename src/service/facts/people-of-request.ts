import { peopleBehind, type Request } from '../../core/request/model/request.ts'
import { usersExcepted } from '../../core/review/needs.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import type { Context } from '../context/context.ts'
import { knownAnywhere, scopesOf } from '../people/ask-directory.ts'

/** Asks who everybody is that a decision about a request looks at. */
export async function peopleOf({ directory }: Context, request: Request, others: readonly string[]) {
  return await knownAnywhere(directory, scopesOf(request.tenant, request), [...peopleIn(request), ...others])
}

/** Asks as well who those are whom requirements except, as far as they are not known yet. */
export async function withExcepted(
  { directory }: Context,
  { tenant, ...where }: Pick<Request, 'tenant' | 'project' | 'projects'>,
  { users, requirements }: { readonly users: KnownUsers; readonly requirements: Request['requirements'] },
): Promise<KnownUsers> {
  const others = usersExcepted(requirements).filter((id) => !users.has(id))
  if (others.length === 0) return users
  return new Map([...users, ...(await knownAnywhere(directory, scopesOf(tenant, where), others))])
}

/** The ids of everybody who had to do with a request. */
export function peopleIn(request: Request): readonly string[] {
  const { reviews, followUp, requirements } = request
  return [
    ...peopleBehind(request),
    ...reviews.flatMap(({ by, onBehalfOf = by }) => [by, onBehalfOf]),
    ...usersExcepted(requirements),
    ...(followUp ? [followUp.by, ...followUp.reviews.map(({ by }) => by)] : []),
  ]
}
