import type { Refusal } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import type { Escalated } from '../../policy/model/escalation.ts'
import type { Application, Applied, AppliedRevision, Failed, Pinned } from './event.ts'
import type { FollowUp, PendingFollowUp } from './follow-up.ts'
import type { Objection } from './objection.ts'
import type { RequestStatus } from './status-table.ts'

/**
 * A change request: who is asked for what, what they answered, and what became of it. Its content is stored beside it,
 * under its digest.
 */
export interface Request extends Pinned {
  readonly tenant: string
  readonly id: string
  /** Empty if the resources belong to no project. */
  readonly project: string
  readonly status: RequestStatus
  readonly requester: string
  readonly via: string
  /** In milliseconds since 1970, as all times. */
  readonly createdAt: number
  readonly updatedAt: number
  /** When the content was put to its reviewers, or came to wait for that. */
  readonly askedAt: number
  /** How many reviews it had when its requester recalled it, until it is submitted again. Left out: none. */
  readonly recalledReviews?: number
  /** How many comments were made on it. Left out: none. */
  readonly comments?: number
  /** When they were last reminded of it. */
  readonly remindedAt?: number
  /** Who of its policies has let others answer too, since nobody answered enough. */
  readonly escalated?: readonly Escalated[]
  /** Whether its time came when it could not be applied: from then on, it is applied by hand. */
  readonly scheduleDropped?: true
  /**
   * Whether an answer was taken back while the workflow was off: what follows from that is settled when it is on
   * again.
   */
  readonly unsettled?: true
  /** Who applied it without the approvals that it needed. */
  readonly bypassedBy?: string
  /** The review that is owed, or was, since it was applied by breaking the glass. */
  readonly followUp?: FollowUp
  /** The change on its way, while it is applying. */
  readonly application?: Application
  /** Why it failed, while it is failed. */
  readonly failure?: Refusal
  /**
   * Whether a write to an external system may still land, because nobody confirmed that it never will. Until the
   * request is applied.
   */
  readonly mayLand?: true
  /** The rejections that nobody has taken back of what it was about before, or before it was taken back or ended. */
  readonly objections?: readonly Objection[]
  /** What it made, once it is applied. */
  readonly revisions?: readonly AppliedRevision[]
}

/**
 * The outcome of an event that leaves a request which has landed, or failed, as it is; `undefined` for one that has not
 * come so far.
 */
export function asEnded({ status, revisions = [], failure, mayLand }: Request): Applied | Failed | undefined {
  if (status === 'applied') return { status, revisions }
  return status === 'failed' && failure ? { status, failure, ...defined({ mayLand }) } : undefined
}

/** The review that a request still owes; `undefined` if it owes none. */
export function pendingFollowUp({ id, followUp }: Request): PendingFollowUp | undefined {
  if (!followUp || followUp.doneAt !== undefined) return undefined
  const { reviews: _reviews, remindedAt: _remindedAt, doneAt: _doneAt, ...broken } = followUp
  return { request: id, ...broken }
}
