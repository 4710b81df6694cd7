import { type Approvers, mapNeeds, type PinnedRequirement } from '../policy/model/requirement.ts'
import { usersExcepted } from './needs.ts'
import type { KnownUsers, UnderReview } from './under-review.ts'

/**
 * Gives the requirements of a request with the person behind each user whom they except among those excepted, so that
 * no other account of that person is an approver.
 */
export function exceptingPersons(
  { requirements, persons }: Pick<UnderReview, 'requirements' | 'persons'>,
  users: KnownUsers,
): readonly PinnedRequirement[] {
  if (usersExcepted(requirements).length === 0) return requirements
  const widened = (from: Approvers): Approvers => {
    const { users: excepted } = from.except ?? {}
    if (!excepted) return from
    const behind = excepted.flatMap((user) => [
      user,
      users.get(user)?.person ?? user,
      ...persons.flatMap((known) => (known.user === user ? known.person : [])),
    ])
    return { ...from, except: { ...from.except, users: [...new Set(behind)] } }
  }
  return requirements.map((pinned) => {
    const { require, veto } = pinned
    return {
      ...pinned,
      require: mapNeeds(require, (need) => ({ ...need, from: widened(need.from) })),
      ...(veto ? { veto: widened(veto) } : {}),
    }
  })
}
