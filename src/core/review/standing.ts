import { countsAsOwner, type Eligibility, eligibility } from './eligibility.ts'
import { exceptingPersons } from './excepted.ts'
import { type Giver, giverOf, ownerOf, voteOf } from './giver.ts'
import { isLapsed } from './lapsed.ts'
import { countsForAll } from './needs.ts'
import { comesCloser, type Tally, tally } from './tally.ts'
import type { JudgedAt, KnownUsers, Review, UnderReview } from './under-review.ts'
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
export function standing(request: JudgedAt, users: KnownUsers): Standing {
  const blocking = current(request).filter(({ verdict }) => verdict !== 'approve')
  const counted = tally(exceptingPersons(request, users), countedVoters(request, users))
  return { ...counted, met: counted.met && blocking.length === 0, blocking }
}

/** Tells whether the request could be approved if everyone among `candidates` approved it from now on. */
export function couldBeApproved(request: JudgedAt, users: KnownUsers, candidates: readonly KnownUser[]): boolean {
  const counted = countedVotes(request, users)
  const others = whoCould(request, users, candidates).map((user): Vote => ({ ...user, persons: [user.person] }))
  const after = (position: number) => (position < counted.length ? position : Number.POSITIVE_INFINITY)
  return tally(exceptingPersons(request, users), votersOf([...counted, ...others], after)).met
}

/** Lists those among `candidates` who could approve, and are not counted yet, or not for everything. */
export function whoCould(request: JudgedAt, users: KnownUsers, candidates: readonly KnownUser[]): readonly KnownUser[] {
  const votes = countedVoters(request, users).flatMap((voter) => voter.votes ?? [voter])
  const whole = votes.filter((vote) => countsForAll(vote.limits, vote, request.requirements))
  const known = new Set(whole.flatMap(({ persons }) => persons))
  const mayApprove = eligibility(request, users, 'approve')
  const asOwner = countsAsOwner(request, users)
  return candidates
    .filter((user) => !known.has(user.person) && mayApprove({ user, principal: user }) === 'eligible')
    .map((user) => (asOwner(user) ? { ...user, asOwner: true } : user))
}

/**
 * Tells whether an approval by this giver, as things stand, would fill a place that is still open: at its stage, and
 * beside those that are given already.
 */
export function wouldCount(request: JudgedAt, users: KnownUsers, giver: Giver): boolean {
  const votes = countedVotes(request, users)
  const more = [...votes, countedVote(request, users)(giver)]
  return comesCloser(exceptingPersons(request, users), votersOf(votes), votersOf(more))
}

/**
 * Leaves out those approvals of which their owners are asked about more than they count for by now: that they can
 * approve, too.
 */
export function wholeAnswers(
  { reviews, requirements }: Pick<UnderReview, 'reviews' | 'requirements'>,
  users: KnownUsers,
): readonly Review[] {
  return reviews.filter((review) => {
    const owner = users.get(ownerOf(review))
    return review.verdict !== 'approve' || !owner || countsForAll(review.limits, owner, requirements)
  })
}

/** The answers to this content in this round. */
function current({ reviews, digest, round }: UnderReview): readonly Review[] {
  return reviews.filter((review) => review.digest === digest && review.round === round)
}

function countedVoters(request: JudgedAt, users: KnownUsers): readonly Voter[] {
  return votersOf(countedVotes(request, users))
}

function countedVotes(request: JudgedAt, users: KnownUsers): readonly Vote[] {
  return judgedApprovals(request, users).flatMap(({ vote }) => vote ?? [])
}

/** An approval with the vote that it is, or why it is none. */
interface JudgedApproval {
  readonly review: Review
  readonly vote?: Vote
  readonly why?: NotCounted
}

/** The one place that says which approvals of this content count. */
function judgedApprovals(request: JudgedAt, users: KnownUsers): readonly JudgedApproval[] {
  const approvals = current(request).filter(({ verdict }) => verdict === 'approve')
  if (approvals.length === 0) return []
  const mayApprove = eligibility(request, users, 'approve')
  const vote = countedVote(request, users)
  return approvals.map((review) => {
    const giver = giverOf(review, users, request.rules)
    if (!giver) return { review, why: 'unknown_user' }
    if (isLapsed(review, request)) return { review, why: 'lapsed' }
    const why = mayApprove(giver)
    return why === 'eligible' ? { review, vote: vote(giver, review.limits) } : { review, why }
  })
}

/**
 * Why an approval that stands does not count now: its giver is not known any more, or may not approve; the same person
 * counts already; it was given too long ago (`lapsed`); or there was no place for it when it was given, since its stage
 * was not open yet or others had filled it.
 */
export type NotCounted = Exclude<Eligibility, 'eligible'> | 'unknown_user' | 'same_person' | 'lapsed' | 'no_open_place'

/** Finds the approvals that stand and do not count, and says why, in the order in which they were given. */
export function uncountedApprovals(request: JudgedAt, users: KnownUsers): ReadonlyMap<Review, NotCounted> {
  const requirements = exceptingPersons(request, users)
  const uncounted = new Map<Review, NotCounted>()
  const votes: Vote[] = []
  for (const { review, vote, why } of judgedApprovals(request, users)) {
    if (why) uncounted.set(review, why)
    if (!vote) continue
    const [before, after] = [votersOf(votes), votersOf([...votes, vote])]
    votes.push(vote)
    if (comesCloser(requirements, before, after)) continue
    uncounted.set(review, after.length > before.length ? 'no_open_place' : 'same_person')
  }
  return uncounted
}

/** The vote of a giver, which counts for the owner of an agent only where owners are asked. */
function countedVote(request: UnderReview, users: KnownUsers): (giver: Giver, limits?: Review['limits']) => Vote {
  const asOwner = countsAsOwner(request, users)
  return (giver, limits) => {
    const vote = voteOf(giver, limits)
    return asOwner(giver.principal) ? { ...vote, asOwner: true } : vote
  }
}
