import { eligibility } from './eligibility.ts'
import { type Giver, ownerOf } from './giver.ts'
import { couldBeApproved, type Standing, standing, whoCould } from './standing.ts'
import type { MissingNeed, PolicyTally } from './tally.ts'
import type { JudgedAt, KnownUsers, Review, UnderReview } from './under-review.ts'
import { isAmong, type KnownUser } from './voter.ts'

/** How far a request is approved, judged by the people and the policies of this moment. */
export interface ApprovalStanding extends Omit<Standing, 'policies'> {
  /**
   * False if the requirement would not be met if everybody whom it asks approved, if a rejection stands in the way
   * that nobody can take back any more, or if the change cannot land any more.
   */
  readonly satisfiable: boolean
  readonly policies: readonly PolicyStanding[]
  /** Who could answer for one of the candidates, because that one has delegated it to them. */
  readonly standIns: readonly StandIn[]
}

/** Somebody who may answer for somebody else. */
export interface StandIn {
  readonly user: string
  readonly onBehalfOf: string
}

/** How far one policy's requirement is met. */
export interface PolicyStanding extends Omit<PolicyTally, 'missing'> {
  readonly missing: readonly SuppliableNeed[]
}

/** A need that still lacks people, and who could fill it now. */
export interface SuppliableNeed extends MissingNeed {
  /** Ids of users who are asked and have not approved. */
  readonly candidates: readonly string[]
}

/** Judges a request, and says who among those who are asked could supply what is missing, and who could for them. */
export function approvalStanding(
  request: JudgedAt,
  users: KnownUsers,
  { asked, standIns }: { readonly asked: readonly KnownUser[]; readonly standIns: readonly Giver[] },
): ApprovalStanding {
  const { policies, ...rest } = standing(request, users)
  const free = whoCould(request, users, asked)
  const mayApprove = eligibility(request, users, 'approve')
  return {
    ...rest,
    satisfiable:
      couldBeApproved(request, users, asked) && rest.blocking.every((review) => canBeLifted(review, request, users)),
    standIns: standIns
      .filter(({ principal }) => free.some(({ id }) => id === principal.id))
      .filter((giver) => mayApprove(giver) === 'eligible')
      .map(({ user, principal }) => ({ user: user.id, onBehalfOf: principal.id })),
    policies: policies.map(({ missing, ...policy }) => ({
      ...policy,
      missing: missing.map((need) => ({
        ...need,
        candidates: free.filter((user) => isAmong(user, need.need.from)).map(({ id }) => id),
      })),
    })),
  }
}

/**
 * Tells whether whoever's rejection it is may still reject, and so take it back. A request for changes is answered by
 * putting the request to its reviewers again.
 */
function canBeLifted(review: Review, request: UnderReview, users: KnownUsers): boolean {
  const owner = users.get(ownerOf(review))
  if (review.verdict !== 'reject') return true
  return owner !== undefined && eligibility(request, users, 'reject')({ user: owner, principal: owner }) === 'eligible'
}
