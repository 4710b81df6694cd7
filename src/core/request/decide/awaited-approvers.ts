import { widened } from '../../policy/model/escalation.ts'
import { empowered } from '../../policy/requirements/named-approvers.ts'
import { needsOf } from '../../review/needs.ts'
import type { KnownUsers } from '../../review/under-review.ts'
import type { Request } from '../model/request.ts'
import { allows, isOpen } from '../model/status-table.ts'

/**
 * Names those whose approval a request waits for: the users and roles of its requirements, with those whom it has
 * escalated to. Nobody in a state in which it cannot be approved. Who holds a veto is not among them: nothing waits
 * for that.
 */
export function awaitedFrom({
  status,
  requirements,
  escalated,
}: Pick<Request, 'status' | 'requirements' | 'escalated'>): readonly string[] {
  if (!allows(status, 'approve')) return []
  const named = needsOf(widened(requirements, escalated)).flatMap(({ from: { users = [], roles = [], except } }) => [
    ...users.filter((user) => !except?.users?.includes(user)).map(awaitedUser),
    ...roles.map(awaitedRole),
  ])
  return [...new Set(named)]
}

/**
 * Names those for whom a request is listed: whose approval it waits for or, if it is a draft, whoever began it;
 * besides, as long as it is open, whoever else has a say in it.
 */
export function listedFor(
  request: Pick<Request, 'status' | 'requester' | 'requirements' | 'escalated' | 'rules' | 'followUp' | 'projects'>,
): readonly string[] {
  if (request.status === 'draft') return [awaitedAuthor(request.requester)]
  const awaited = awaitedFrom(request)
  const others = empoweredIn(request).filter((name) => !awaited.includes(name))
  const names = [...awaited, ...others.map(sayOf)]
  return request.projects ? names.map(awaitedAcross) : names
}

/** Lists all names under which a request can be listed in which a role or a user has a say. */
export function namesListing(named: { readonly role: string } | { readonly user: string }): readonly string[] {
  const name = 'role' in named ? awaitedRole(named.role) : awaitedUser(named.user)
  return [name, sayOf(name)].flatMap((one) => [one, awaitedAcross(one)])
}

/**
 * Names everybody to whom the policies of a request give power over it, as long as that matters, and whom they except:
 * these have a say as soon as they are somebody else, or hold the role no longer.
 */
function empoweredIn({ status, requirements, rules, followUp }: Parameters<typeof listedFor>[0]): readonly string[] {
  if (!isOpen(status) && (followUp === undefined || followUp.doneAt !== undefined)) return []
  const approvers = requirements.flatMap((pinned) => empowered({ ...pinned, rules }))
  const named = approvers.flatMap((one) => [one, one.except ?? {}])
  return [
    ...new Set(named.flatMap(({ users = [], roles = [] }) => [...users.map(awaitedUser), ...roles.map(awaitedRole)])),
  ]
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

/**
 * The name under which a request over several projects waits for whom another name is of: it is in no project's list,
 * and whoever has a say in one of them looks here as well.
 */
export function awaitedAcross(name: string): string {
  return `across:${name}`
}

/**
 * The name under which a request is listed in which somebody has a say for whose approval it does not wait: by a
 * veto, a way past it, or later on.
 */
function sayOf(name: string): string {
  return `say:${name}`
}

/**
 * Tells whether an answer stands that a user gave, or that was given for them, whichever of their accounts had a hand
 * in it.
 */
export function hasAnswered(user: string, { reviews }: Pick<Request, 'reviews'>, users: KnownUsers): boolean {
  const { person = user } = users.get(user) ?? {}
  return reviews.some(({ by, onBehalfOf = by }) =>
    [by, onBehalfOf].some((other) => other === user || users.get(other)?.person === person),
  )
}
