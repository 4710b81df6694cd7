import { defined } from '../../defined.ts'
import type { Digest } from '../../json/digest.ts'
import type { JsonObject } from '../../json/json.ts'
import type { Escalated } from '../../policy/model/escalation.ts'
import type { PinnedRequirement } from '../../policy/model/requirement.ts'
import type { RulesOfConduct } from '../../policy/model/rules-of-conduct.ts'
import type { Review } from '../../review/under-review.ts'
import type { CommentAnchor } from './comment.ts'
import type { GlassBroken } from './follow-up.ts'
import type { Outcome } from './outcome.ts'
import type { PolicySetState } from './policy-set-state.ts'
import type { Schedule } from './schedule.ts'
import type { Whereabouts } from './whereabouts.ts'

/** Who did something, and through which door. */
export interface Actor {
  readonly tenant: string
  readonly user: string
  /** The door: the app unless the host says otherwise. */
  readonly via: string
}

/**
 * The part of a request that its content brings with it, and that every new content replaces as a whole. In an event,
 * it says where the request is only if that is somewhere else than before.
 */
export interface Pinned extends Whereabouts, Schedule {
  /** Counts how often the request was put to reviewers; 0 for a draft that never was. */
  readonly round: number
  /** Counts its contents; the content is kept under it. */
  readonly edition: number
  readonly digest: Digest
  /** The digest of what the content does, whoever asks for it and when it is to be applied. */
  readonly effect: Digest
  readonly resources: readonly Target[]
  /** What was to be changed with them, and left out, since nothing of it would have changed. Left out: nothing. */
  readonly leftOut?: readonly LeftOut[]
  readonly requirements: readonly PinnedRequirement[]
  readonly rules: RulesOfConduct
  /**
   * What the policies in shadow would have asked of this content as well, when it was put to its reviewers. It decides
   * nothing. Left out: nothing.
   */
  readonly shadow?: readonly PinnedRequirement[]
  /** The state of the policies that the requirements were pinned from. */
  readonly policySet: PolicySetState
  /** When it expires, in milliseconds since 1970; 0 for a draft that never was put to reviewers. */
  readonly expiresAt: number
  /** What the requester says about it. */
  readonly reason?: string
  /** Goes into the commitment to the reason, which the digest binds. */
  readonly salt?: string
  /** The commitment to the reason, if that was erased. */
  readonly erased?: Digest
  /** How many conflicts nobody has answered. */
  readonly conflicts: number
  /** Who edited the content after it was written first; the last one last. */
  readonly contributors: readonly string[]
  /**
   * Who the requester and the contributors were when they acted: a user who is gone since is still the person behind
   * it.
   */
  readonly persons: readonly KnownPerson[]
  /**
   * The answers that stand: the objections to content that does the same at the same time, and what a policy carries
   * over.
   */
  readonly reviews: readonly Review[]
}

/** The name of a resource. */
export interface ResourceName {
  readonly type: string
  readonly id: string
}

/** A resource that is left out of a request, since nothing of it would change. */
export interface LeftOut extends ResourceName {
  /** Its project, if the request is not in it: only who may read there is told of it. */
  readonly project?: string
}

/** A user, and the person behind it. */
export interface KnownPerson {
  readonly user: string
  readonly person: string
}

/** A resource that a request would change, and the revision that it was made against. */
export interface Target {
  readonly type: string
  readonly id: string
  readonly base: number
  /** The action of its life cycle that waits for approval, and keeps others off until then. */
  readonly waiting?: string
  /** Whether it keeps nobody off: it has passed the lock of another request, since it is declared safe. */
  readonly lockless?: true
}

/**
 * The resources that a request keeps others off while it is open: by its rules, or by the life cycle of the resource.
 * One that passes the lock of another request has none of its own.
 */
export function locksOf({ rules, resources }: Pick<Pinned, 'rules' | 'resources'>): readonly Target[] {
  return resources.filter(({ waiting, lockless }) => !lockless && (rules.lock === 'resource' || waiting !== undefined))
}

interface Happened {
  readonly by: string
  readonly via: string
  /** In milliseconds since 1970. */
  readonly at: number
  /** What the actor said. */
  readonly reason?: string
  readonly outcome: Outcome
}

/** A request was made, as a draft or at once put to its reviewers. */
export interface BeganEvent extends Happened, Whereabouts {
  readonly type: 'drafted' | 'submitted'
  readonly id: string
  readonly tenant: string
  /** The request whose change it takes back, at the time that was approved with that. */
  readonly revertOf?: string
  /** Whether nobody had to approve that: the policies are asked anew at its time. */
  readonly unasked?: true
  readonly pinned: Pinned
}

/** The content of a request was replaced, or put to its reviewers again. */
export interface ContentEvent extends Happened {
  readonly type:
    | 'drafted'
    | 'edited'
    | 'submitted'
    | 'resubmitted'
    | 'reopened'
    | 'rebased'
    | 'resolved'
    | 'scheduled'
    | 'unscheduled'
    /** Whoever asked for it is gone: somebody else asks for it from now on. */
    | 'taken_over'
    /** The time of a change has come that nobody had to approve, and somebody has to by now. */
    | 'asked_anew'
  readonly pinned: Pinned
}

/** Somebody answered, or took their answer back. */
export interface ReviewEvent extends Happened {
  readonly type: 'approved' | 'rejected' | 'changes_requested' | 'withdrawn'
  readonly round: number
  readonly digest: Digest
  /** The person whom the directory saw behind the reviewer when this was decided. */
  readonly person: string
  /** Whose answer it is, if they delegated it to the reviewer. */
  readonly onBehalfOf?: string
  /** The person whom the directory saw behind them then. */
  readonly ownerPerson?: string
  /** The roles that the directory gave, when this was decided, to whoever's answer it is. */
  readonly roles: readonly string[]
  /** Whose approvals this answer takes the place of besides: the same people gave them, and the two count once. */
  readonly replaces?: readonly string[]
  /** Of an approval, the details that it named. */
  readonly details?: JsonObject
  /** The content with these details, which the approval is about; left out: the content of before. */
  readonly pinned?: Pinned
  /** How often the requester had added to the reason when this was said. Left out: never. */
  readonly additions?: number
  /** Whether what follows from it waits until the workflow is on again. */
  readonly unsettled?: true
}

/** Somebody broke glass. A follow-up review is required. */
export interface GlassEvent extends Happened, Omit<GlassBroken, 'at' | 'by'> {
  readonly type: 'glass_broken'
  /** The freezes that it passed. Left out: none. */
  readonly freezes?: readonly string[]
}

/** Somebody reviewed afterwards what was applied by breaking the glass. */
export interface FollowUpEvent extends Happened {
  readonly type: 'follow_up_reviewed'
  readonly person: string
  readonly roles: readonly string[]
  /** Whether nothing is owed any more. */
  readonly done: boolean
}

/** Nobody answered enough for too long: others may answer too from now on. */
export interface EscalatedEvent extends Happened {
  readonly type: 'escalated'
  readonly policies: readonly Escalated[]
}

/** Somebody commented. The text is the reason. */
export interface CommentedEvent extends Happened {
  readonly type: 'commented'
  /** Comments are numbered from 1 on. */
  readonly comment: number
  readonly anchor?: CommentAnchor
}

/** Somebody resolved a comment, or took it up again. */
export interface CommentSettledEvent extends Happened {
  readonly type: 'comment_resolved' | 'comment_reopened'
  readonly comment: number
}

/** Something else happened that leaves content and answers as they are. */
export interface OtherEvent extends Happened {
  readonly type:
    | 'described'
    | 'recalled'
    | 'returned'
    | 'cancelled'
    | 'discarded'
    | 'claimed'
    | 'put_off'
    | 'applied'
    | 'failed'
    | 'bypassed'
    | 'schedule_dropped'
    | 'expired'
    | 'reminded'
    | 'resumed'
    /** Approvals do not count any more, since they were given too long ago. */
    | 'approvals_lapsed'
  /** Of a bypass, the freezes that it passed. Left out: none. */
  readonly freezes?: readonly string[]
  /** Of an expiry, whether the time that it was scheduled for has passed. Left out: its deadline has. */
  readonly missed?: true
  /** Of a time that was missed, whether it is applied all the same as soon as it is approved. Left out: by hand. */
  readonly late?: true
}

/** Somebody said when, within the time that was left open, or took that back. */
export interface TimeSetEvent extends Happened {
  readonly type: 'time_set'
  /** In milliseconds since 1970. Left out: it is open again. */
  readonly applyAt?: number
}

/** People were warned that a deadline is near. */
export interface WarnedEvent extends Happened {
  readonly type: 'warned'
  /** In milliseconds since 1970. */
  readonly deadline: number
}

/** What happened to a request that was there before. */
export type LaterEvent =
  | ContentEvent
  | ReviewEvent
  | GlassEvent
  | FollowUpEvent
  | EscalatedEvent
  | CommentedEvent
  | CommentSettledEvent
  | TimeSetEvent
  | WarnedEvent
  | OtherEvent

/** What happened to a request. One command makes one event; what followed from it is its `outcome`. */
export type RequestEvent = BeganEvent | LaterEvent

/** The part of an event that says who, when and what for. */
export function happened({ by, at, reason }: Said): Pick<Happened, 'by' | 'via' | 'at' | 'reason'> {
  return { by: by.user, via: by.via, at, ...defined({ reason }) }
}

interface Said {
  readonly by: Actor
  readonly at: number
  readonly reason?: string
}
