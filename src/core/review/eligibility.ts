import type { Giver } from './giver.ts'
import { needsOf, peopleAsked } from './needs.ts'
import type { KnownUsers, UnderReview, Verdict } from './under-review.ts'
import { isAmong, type KnownUser } from './voter.ts'

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
  const asked =
    verdict === 'approve' ? needsOf(request.requirements).map(({ from }) => from) : peopleAsked(request.requirements)
  return ({ user, principal }) => {
    const isBehind = (other: string) =>
      isPerson(user, other, facts) || (user !== principal && isPerson(principal, other, facts))
    if (request.excluded?.some(isBehind)) return 'excluded'
    if (!request.rules.selfApproval && isBehind(request.requester)) return 'requester'
    if (contributors.some(isBehind)) return 'contributor'
    return asked.some((from) => isAmong(principal, from)) ? 'eligible' : 'not_an_approver'
  }
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
