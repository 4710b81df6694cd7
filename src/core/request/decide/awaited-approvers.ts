import { widened } from '../../policy/model/escalation.ts'
import { needsOf } from '../../review/needs.ts'
import type { KnownUsers } from '../../review/under-review.ts'
import type { Request } from '../model/request.ts'
import { allows } from '../model/status-table.ts'

/**
 * Names those whose approval a request waits for: the users and roles of its requirements, with those whom it has escalated to. Nobody in a state in which it
 * cannot be approved. Who holds a veto is not among them: nothing waits for that.
 */
export function awaitedFrom({
  status,
  requirements,
  escalated,
}: Pick<Request, 'status' | 'requirements' | 'escalated'>): readonly string[] {
  if (!allows(status, 'approve')) return []
  const named = needsOf(widened(requirements, escalated)).flatMap(({ from: { users = [], roles = [] } }) => [
    ...users.map(awaitedUser),
    ...roles.map(awaitedRole),
  ])
  return [...new Set(named)]
}

/** Names those for whom a request is listed: whose approval it waits for or, where it is a draft, whoever began it. */
export function listedFor(
  request: Pick<Request, 'status' | 'requester' | 'requirements' | 'escalated'>,
): readonly string[] {
  return request.status === 'draft' ? [awaitedAuthor(request.requester)] : awaitedFrom(request)
}

/** The name under which a draft waits for whoever began it. */
export function awaitedAuthor(user: string): string {
  return `draft:${user}`
}

/** The name under which something waits for a user. */
export function awaitedUser(user: string): string {
  return `user:${user}`
}

/** The name under which something waits for whoever holds a role. */
export function awaitedRole(role: string): string {
  return `role:${role}`
}

/** Tells whether an answer stands that a user gave, or that was given for them, whichever of their accounts had a hand in it. */
export function hasAnswered(user: string, { reviews }: Pick<Request, 'reviews'>, users: KnownUsers): boolean {
  const { person = user } = users.get(user) ?? {}
  return reviews.some(({ by, onBehalfOf = by }) =>
    [by, onBehalfOf].some((other) => other === user || users.get(other)?.person === person),
  )
}
