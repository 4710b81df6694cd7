import type { ChangedPlace } from '../../core/change/changed-place.ts'
import type { JsonObject } from '../../core/json/json.ts'
import type { Escalated } from '../../core/policy/model/escalation.ts'
import type { CommentAnchor } from '../../core/request/model/comment.ts'
import type { RequestEvent } from '../../core/request/model/event.ts'
import type { AppliedRevision } from '../../core/request/model/outcome.ts'
import type { Schedule } from '../../core/request/model/schedule.ts'
import type { RequestStatus } from '../../core/request/model/status-table.ts'
import type { NotCounted } from '../../core/review/standing.ts'
import type { Verdict } from '../../core/review/under-review.ts'
import type { Refusal } from '../../errors/result.ts'

/** What every entry of a timeline says. */
interface TimelineEvent<Type extends RequestEvent['type']> {
  /** Its number in the log of the request: 1 is the first. */
  readonly seq: number
  /** What happened, by the name that the log has for it. */
  readonly event: Type
  readonly by: string
  /** Through which entry point they came. */
  readonly via: string
  /** In milliseconds since 1970. */
  readonly at: number
  /** What they said, or `[erased]`. */
  readonly text?: string
  /** The state of the request from then on. */
  readonly status: RequestStatus
}

/** What an edition of a request says about one resource that the one before did not. */
export interface TimelineChange {
  readonly resource: { readonly type: string; readonly id: string }
  /** Every place of the proposed document that is another one; of the first edition, every place that it touches. */
  readonly places: readonly ChangedPlace[]
  /** The same for people, one line a place. */
  readonly lines: readonly string[]
  /** Whether the request is not about the resource any more. */
  readonly takenOut?: true
}

/** The content that an entry brought. */
export interface BroughtContent extends Schedule {
  readonly round: number
  /** The digest that reviews are bound to from then on. */
  readonly digest: string
  /** What is different from the content before. Empty if the content is the same, put to its reviewers again. */
  readonly changed: readonly TimelineChange[]
  /** Present if retention has removed one of the two contents, so that `changed` cannot be told. */
  readonly notKept?: true
  /** What the requester says about it. */
  readonly reason?: string
  /** The freezes that asked for approvals of it as well. Absent if none did. */
  readonly freezes?: readonly string[]
}

/**
 * Whether an answer counts now, and if not, why. It has ended if its owner took it back (`withdrawn`) or answered anew
 * (`answered_again`), if the content became another one (`edited`), or if the request was taken back (`taken_back`):
 * `since` is the entry that did it. If it stands, see {@link NotCounted}.
 */
export type ReviewCounts =
  | { readonly counts: true }
  | {
      readonly counts: false
      readonly because: 'withdrawn' | 'answered_again' | 'edited' | 'taken_back'
      readonly since: number
    }
  | { readonly counts: false; readonly because: NotCounted }

/** The request was put to its reviewers, or begun as a draft. */
export interface SubmissionEntry
  extends TimelineEvent<'drafted' | 'submitted' | 'resubmitted' | 'reopened' | 'taken_over' | 'asked_anew'>,
    BroughtContent {
  readonly type: 'submission'
}

/** The content became another one. */
export interface EditEntry extends TimelineEvent<'edited' | 'rebased' | 'resolved'>, BroughtContent {
  readonly type: 'edit'
}

/** The time at which the request is to be applied was set, taken off, or missed. */
export type ScheduleEntry =
  | (TimelineEvent<'scheduled' | 'unscheduled'> & BroughtContent & { readonly type: 'schedule' })
  | (TimelineEvent<'time_set'> & {
      readonly type: 'schedule'
      /** The time that was set within the one that was left open; absent if it is open again. */
      readonly applyAt?: number
    })
  | (TimelineEvent<'schedule_dropped'> & {
      readonly type: 'schedule'
      /** Whether it is applied all the same as soon as it is approved. Absent: by hand. */
      readonly late?: true
    })

/** Somebody answered, or took their answer back. */
export type ReviewEntry =
  | (TimelineEvent<'approved' | 'rejected' | 'changes_requested'> & {
      readonly type: 'review'
      readonly verdict: Verdict
      readonly digest: string
      /** Whose answer it is, if they delegated it. */
      readonly onBehalfOf?: string
      /** The details that an approval named, since its action leaves them to approvers: the content has them since. */
      readonly details?: JsonObject
      /** Whether it counts now. Absent for an answer that stood when the request ended: nobody judges it any more. */
      readonly standing?: ReviewCounts
    })
  | (TimelineEvent<'withdrawn'> & { readonly type: 'review'; readonly onBehalfOf?: string })

/** Somebody commented, resolved a comment, or took it up again. */
export interface CommentEntry extends TimelineEvent<'commented' | 'comment_resolved' | 'comment_reopened'> {
  readonly type: 'comment'
  /** The id of the comment. */
  readonly comment: string
  readonly anchor?: CommentAnchor
}

/** The requester added to the reason: `text`. */
export interface DescriptionEntry extends TimelineEvent<'described'> {
  readonly type: 'description'
}

/**
 * Too long nobody answered: people were reminded, others were let answer too, approvals stopped counting, or people
 * were warned that a deadline is near.
 */
export interface EscalationEntry extends TimelineEvent<'escalated' | 'reminded' | 'approvals_lapsed' | 'warned'> {
  readonly type: 'escalation'
  /** Of a warning, the deadline, in milliseconds since 1970. */
  readonly deadline?: number
  /** Which policies let others answer. */
  readonly policies?: readonly Escalated[]
}

/** The change was applied, tried, or could not be. */
export interface ApplicationEntry
  extends TimelineEvent<'claimed' | 'put_off' | 'applied' | 'failed' | 'bypassed' | 'glass_broken' | 'resumed'> {
  readonly type: 'application'
  /** The incident for which somebody broke glass. */
  readonly incident?: string
  /** The freezes that it passed. Absent if there was none. */
  readonly freezes?: readonly string[]
}

/** Somebody reviewed afterwards what was applied by breaking glass. */
export interface FollowUpEntry extends TimelineEvent<'follow_up_reviewed'> {
  readonly type: 'follow_up'
  /** Whether no more reviews are required. */
  readonly done: boolean
}

/** The request was taken back, or ended without being applied. */
export interface EndingEntry extends TimelineEvent<'recalled' | 'returned' | 'cancelled' | 'discarded' | 'expired'> {
  readonly type: 'ending'
  /** Of an expiry, whether the time that it was scheduled for has passed. Absent: its deadline has. */
  readonly missed?: true
}

/** Something that happened to a request. Whatever it was, an entry that applied the request says its `revisions`. */
export type TimelineEntry = (
  | SubmissionEntry
  | EditEntry
  | ScheduleEntry
  | ReviewEntry
  | CommentEntry
  | DescriptionEntry
  | EscalationEntry
  | ApplicationEntry
  | FollowUpEntry
  | EndingEntry
) & {
  /** The revisions that it made live; absent if it made none. */
  readonly revisions?: readonly AppliedRevision[]
  /** Why the change could not be applied; absent if it did not fail. */
  readonly failure?: Refusal
}
