import { exceptingPersons } from './excepted.ts'
import type { Giver } from './giver.ts'
import { askedAs, needsOf } from './needs.ts'
import type { KnownUsers, UnderReview, Verdict } from './under-review.ts'
import { isAmong, isExcepted, type KnownUser } from './voter.ts'

/** Whether somebody may answer, and why not. */
export type Eligibility = 'eligible' | 'requester' | 'contributor' | 'excluded' | 'not_an_approver'

/**
 * Makes the question whether somebody may give this answer to a request, to ask it of many.
 *
 * Whoever holds a veto may reject or ask for changes, and need not be an approver. Users of one person are one: what
 * the requester or a contributor may not do, their other accounts may not do either, and nobody for them.
 */
export function eligibility(request: UnderReview, users: KnownUsers, verdict: Verdict): (giver: Giver) => Eligibility {
  const facts = { request, users }
  const contributors = verdict === 'approve' ? keptOut(request) : []
  const requesters = requestersOf(request)
  const requirements = exceptingPersons(request, users)
  const needs = needsOf(requirements).map(({ from }) => from)
  return ({ user, principal }) => {
    const isBehind = (other: string) =>
      isPerson(user, other, facts) || (user !== principal && isPerson(principal, other, facts))
    if (request.excluded?.some(isBehind)) return 'excluded'
    const asking = request.rules.selfApproval ? [] : requesters.filter(isBehind)
    const involved = contributors.filter(isBehind)
    const theirs =
      verdict === 'approve' ? needs.filter((from) => isAmong(principal, from)) : askedAs(principal, requirements)
    const agents = [...asking, ...involved]
    if (agents.length > 0) {
      const answersForAgents =
        user === principal && theirs.some(({ owner }) => owner) && areAgentsOf(user, agents, users)
      if (!answersForAgents) return asking.length > 0 ? 'requester' : 'contributor'
    }
    const actsForThem = user === principal || (!user.partly && !theirs.some((from) => isExcepted(user, from)))
    return theirs.length > 0 && actsForThem ? 'eligible' : 'not_an_approver'
  }
}

/** Lists whoever asks for it, and those who did before it was taken over. */
function requestersOf({ requester, formerRequesters = [] }: UnderReview): readonly string[] {
  return [requester, ...formerRequesters]
}

/** Tells whether all of these are agents, and this user is none: an owner, who may answer in a place of their own. */
function areAgentsOf(user: KnownUser, agents: readonly string[], users: KnownUsers): boolean {
  return !user.agent && agents.every((id) => users.get(id)?.agent === true)
}

/**
 * Makes the question whether somebody counts only in places that name the owner of an agent: it asked, or edited, and
 * nobody approves in another place what they, or their agents, have asked for.
 */
export function countsAsOwner(request: UnderReview, users: KnownUsers): (user: KnownUser) => boolean {
  const behind = [...(request.rules.selfApproval ? [] : requestersOf(request)), ...keptOut(request)]
  const isBehind = (user: KnownUser) => behind.some((other) => isPerson(user, other, { request, users }))
  return (user) => behind.length > 0 && isBehind(user)
}

/** Tells whether two users are one person: as far as the directory knows now, or knew when the other one acted. */
function isPerson(
  user: KnownUser,
  other: string,
  { request, users }: { readonly request: UnderReview; readonly users: KnownUsers },
): boolean {
  if (user.id === other || user.person === (users.get(other)?.person ?? other)) return true
  return request.persons.some((known) => known.user === other && known.person === user.person)
}

function keptOut({ contributors, requester, rules }: UnderReview): readonly string[] {
  const others = contributors.filter((contributor) => contributor !== requester)
  switch (rules.excludeContributors) {
    case 'all':
      return others
    case 'last_editor':
      return contributors.slice(-1).filter((contributor) => contributor !== requester)
    case 'none':
      return []
  }
}
