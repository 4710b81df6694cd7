import type { Refusal } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import type { Escalated } from '../../policy/model/escalation.ts'
import type { Pinned } from './event.ts'
import type { FollowUp, PendingFollowUp } from './follow-up.ts'
import type { Objection } from './objection.ts'
import type { Application, Applied, AppliedRevision, Failed, Outcome } from './outcome.ts'
import type { RequestStatus } from './status-table.ts'

/** Something that the requester added to the reason of a request that waits. No digest binds it. */
export interface Addition {
  readonly by: string
  /** In milliseconds since 1970. */
  readonly at: number
  readonly text: string
}

/**
 * A change request: who is asked for what, what they answered, and what became of it. Its content is stored beside it,
 * under its digest.
 */
export interface Request extends Pinned {
  readonly tenant: string
  readonly id: string
  readonly status: RequestStatus
  readonly requester: string
  /** Who asked for it before somebody took it over, the first one first. Left out: nobody. */
  readonly formerRequesters?: readonly string[]
  /** The request whose change it takes back, at the time that was approved with that. Left out: none. */
  readonly revertOf?: string
  /** Whether nobody had to approve that change: the policies are asked anew at its time. Left out: somebody had to. */
  readonly unasked?: true
  readonly via: string
  /** In milliseconds since 1970, as all times. */
  readonly createdAt: number
  readonly updatedAt: number
  /** When the content was put to its reviewers, or came to wait for that. */
  readonly askedAt: number
  /** How many reviews it had when its requester recalled it, until it is submitted again. Left out: none. */
  readonly recalledReviews?: number
  /** What the requester has added to the reason since it was stated, the oldest first. Left out: nothing. */
  readonly additions?: readonly Addition[]
  /** How many comments were made on it. Left out: none. */
  readonly commentCount?: number
  /** How many of them are not resolved. Left out: none. */
  readonly openComments?: number
  /** When they were last reminded of it. */
  readonly remindedAt?: number
  /** The deadline that people were last warned of, in milliseconds since 1970. Left out: none. */
  readonly warnedOf?: number
  /** Who of its policies has let others answer too, since nobody answered enough. */
  readonly escalated?: readonly Escalated[]
  /** When it was last recorded that approvals do not count any more, since they were given too long ago. */
  readonly lapsedAt?: number
  /** Whether its time came when it could not be applied: from then on, it is applied by hand. */
  readonly scheduleDropped?: true
  /**
   * Why it was approved, or its time came, and it was not applied: whoever asked for it could not make it any more.
   * From then on, it is applied by hand, by somebody who may make it.
   */
  readonly withheld?: Refusal
  /**
   * Whether time settles it: an answer was taken back while the workflow was off, or only what a freeze asks is
   * missing.
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

/** Who asks for a request once somebody takes it over, and who did before. */
export function askersAfter(
  { requester, formerRequesters = [] }: Pick<Request, 'requester' | 'formerRequesters'>,
  user: string,
): Required<Pick<Request, 'requester' | 'formerRequesters'>> {
  const former = formerRequesters.filter((one) => one !== user && one !== requester)
  return { requester: user, formerRequesters: [...former, requester] }
}

/** Lists everybody who is behind the content of a request: who asks for it, who did before, and who edited it. */
export function peopleBehind({
  requester,
  formerRequesters = [],
  contributors,
}: Pick<Request, 'requester' | 'formerRequesters' | 'contributors'>): readonly string[] {
  return [requester, ...formerRequesters, ...contributors]
}

/** The outcome of an event that leaves a request as it is, whatever has become of it. */
export function unmoved(request: Request): Outcome | undefined {
  const { status, application } = request
  switch (status) {
    case 'applying':
      return application && { status, application }
    case 'applied':
    case 'failed':
      return asEnded(request)
    case 'approved':
      return { status, ...defined({ withheld: request.withheld }) }
    case 'draft':
    case 'pending':
    case 'changes_requested':
    case 'rejected':
    case 'cancelled':
    case 'expired':
      return { status }
  }
}

/** The review that a request still owes; `undefined` if it owes none. */
export function pendingFollowUp({ id, followUp }: Request): PendingFollowUp | undefined {
  if (!followUp || followUp.doneAt !== undefined) return undefined
  const { reviews: _reviews, remindedAt: _remindedAt, doneAt: _doneAt, ...broken } = followUp
  return { request: id, ...broken }
}
