import type { Digest } from '../../json/digest.ts'
import type { Review } from '../../review/under-review.ts'
import type { Schedule } from './schedule.ts'

/** What an answer is about: what the content does, and when. */
export interface Subject extends Schedule {
  readonly effect: Digest
}

/**
 * A rejection that was not taken back, and what it was about. It stands again as soon as the request is about that
 * again.
 */
export interface Objection extends Review {
  /** What its giver saw; and what it stood in the way of last, if that was something else. */
  readonly about: readonly Subject[]
  /** Whether the request ended since: it is shown, and does not stand again. */
  readonly isOver?: true
  /**
   * Whether it stood when the request was taken back. If answers are kept over edits, it stands again whatever is
   * put to the reviewers then.
   */
  readonly stood?: true
}
