import type { Review } from '../../review/under-review.ts'

/** A record that somebody broke glass, and what for. A follow-up review is required. */
export interface GlassBroken {
  readonly by: string
  /** Who was behind that user then. */
  readonly person: string
  /** What the host calls the incident that it was for. */
  readonly incident: string
  /** Ids of the policies that asked for approval and did not get it. */
  readonly policies: readonly string[]
  readonly at: number
  /** When the review has to be done; people are reminded of it from then on. */
  readonly dueAt: number
}

/** A follow-up review that is required, with the reviews given so far. */
export interface FollowUp extends GlassBroken {
  /** The reviews that were given afterwards; each says in its reason what its giver found. */
  readonly reviews: readonly Review[]
  readonly remindedAt?: number
  readonly doneAt?: number
}

/** A follow-up review that is still to be done, and the request that it is about. */
export interface PendingFollowUp extends GlassBroken {
  readonly request: string
}
