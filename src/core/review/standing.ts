import { eligibility } from './eligibility.ts'
import { type Giver, giverOf, voteOf } from './giver.ts'
import { comesCloser, type Tally, tally } from './tally.ts'
import type { KnownUsers, Review, UnderReview } from './under-review.ts'
import { type KnownUser, type Vote, type Voter, votersOf } from './voter.ts'

/** How far a request is approved. */
export interface Standing extends Tally {
  /** The answers that stand in the way, whatever is approved, until they are withdrawn. */
  readonly blocking: readonly Review[]
}

/**
 * Counts the approvals that hold now: of this digest, in this round, by people who are still approvers, each person
 * once, and neither the requester nor a contributor if a matching policy keeps them out. Not met while an answer
 * stands in the way.
 */
export function standing(request: UnderReview, users: KnownUsers): Standing {
  const blocking = current(request).filter(({ verdict }) => verdict !== 'approve')
  const counted = tally(request.requirements, countedVoters(request, users))
  return { ...counted, met: counted.met && blocking.length === 0, blocking }
}

/** Tells whether the request could be approved if everyone among `candidates` approved it from now on. */
export function couldBeApproved(request: UnderReview, users: KnownUsers, candidates: readonly KnownUser[]): boolean {
  const counted = countedVoters(request, users)
  const others: readonly Vote[] = whoCould(request, users, candidates).map((user) => ({
    ...user,
    persons: [user.person],
  }))
  return tally(request.requirements, [...counted, ...votersOf(others, () => Number.POSITIVE_INFINITY)]).met
}

/** Lists those among `candidates` who could approve, and are not counted yet. */
export function whoCould(
  request: UnderReview,
  users: KnownUsers,
  candidates: readonly KnownUser[],
): readonly KnownUser[] {
  const known = new Set(countedVoters(request, users).flatMap(({ persons }) => persons))
  const mayApprove = eligibility(request, users, 'approve')
  return candidates.filter((user) => !known.has(user.person) && mayApprove({ user, principal: user }) === 'eligible')
}

/**
 * Tells whether an approval by this giver, as things stand, would fill a place that is still open: at its stage, and
 * beside those that are given already.
 */
export function wouldCount(request: UnderReview, users: KnownUsers, giver: Giver): boolean {
  const votes = countedVotes(request, users)
  return comesCloser(request.requirements, votersOf(votes), votersOf([...votes, voteOf(giver)]))
}

/** The answers to this content in this round. */
function current({ reviews, digest, round }: UnderReview): readonly Review[] {
  return reviews.filter((review) => review.digest === digest && review.round === round)
}

function countedVoters(request: UnderReview, users: KnownUsers): readonly Voter[] {
  return votersOf(countedVotes(request, users))
}

function countedVotes(request: UnderReview, users: KnownUsers): readonly Vote[] {
  const mayApprove = eligibility(request, users, 'approve')
  return current(request)
    .filter(({ verdict }) => verdict === 'approve')
    .flatMap((review) => giverOf(review, users, request.rules) ?? [])
    .filter((giver) => mayApprove(giver) === 'eligible')
    .map(voteOf)
}
