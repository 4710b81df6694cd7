import type { Review } from '../../review/under-review.ts'

/** That somebody has broken the glass, and what for: a review is owed for it. */
export interface GlassBroken {
  readonly by: string
  /** Who was behind that user then. */
  readonly person: string
  /** What the host calls the incident that it was for. */
  readonly incident: string
  /** Ids of the policies that asked for approval and did not get it. */
  readonly policies: readonly string[]
  readonly at: number
  /** When the review has to be there; from then on people are reminded of it. */
  readonly dueAt: number
}

/** A review that is owed, with what has been given of it. */
export interface FollowUp extends GlassBroken {
  /** The reviews that were given afterwards; each says in its reason what its giver found. */
  readonly reviews: readonly Review[]
  readonly remindedAt?: number
  readonly doneAt?: number
}

/** A review that is still owed, and the request that owes it. */
export interface PendingFollowUp extends GlassBroken {
  readonly request: string
}
