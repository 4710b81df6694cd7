import type { ErrorDetails } from '../../../errors/error-details.ts'
import type { Refusal } from '../../../errors/result.ts'
import type { JsonObject } from '../../json/json.ts'
import type { Evaluation } from '../../policy/model/policy.ts'
import type { FreezeVersion, PinnedRequirement } from '../../policy/model/requirement.ts'
import type { RulesOfConduct } from '../../policy/model/rules-of-conduct.ts'
import type { Delegation } from '../../review/delegation.ts'
import type { KnownUsers } from '../../review/under-review.ts'
import type { CommentState, WantedAnchor } from './comment.ts'
import type { Content, ProposedChange } from './content.ts'
import type { Actor, LeftOut, ResourceName } from './event.ts'
import type { PendingFollowUp } from './follow-up.ts'
import type { Frozen } from './frozen.ts'
import type { Hold } from './hold.ts'
import type { PolicySetState } from './policy-set-state.ts'

interface Asked {
  readonly by: Actor
  /** When it was asked, in milliseconds since 1970. */
  readonly at: number
  readonly reason?: string
  /** Goes into the commitment to the reason, if that becomes part of what reviewers agree to. */
  readonly salt?: string
}

/** Puts new content in the place of the old, or the same content to its reviewers again. */
export interface ContentCommand extends Asked {
  readonly type:
    | 'edit'
    | 'submit'
    | 'resubmit'
    | 'reopen'
    | 'rebase'
    | 'resolve'
    | 'schedule'
    | 'unschedule'
    | 'take_over'
  /** Of an edit, the digest of the content that it was based on, if it does not go on from whatever is there. */
  readonly seen?: string
  /** Whether it says when the request is to be applied, although that is not what its verb is for. */
  readonly timed?: true
}

/** Makes a request that is not put to reviewers yet. */
export interface DraftCommand extends Asked {
  readonly type: 'draft'
}

/** Answers. */
export interface ReviewCommand extends Asked {
  readonly type: 'approve' | 'reject' | 'request_changes'
  /** The digest of what the reviewer saw. */
  readonly seen: string
  /** Whose answer it is, if they delegated it to the actor. */
  readonly onBehalfOf?: string
  /** Of an approval, the details that it names, since the action leaves them to approvers. */
  readonly details?: JsonObject
}

/** Applies by hand. */
export interface ApplyCommand extends Asked {
  readonly type: 'apply' | 'retry'
}

/** Applies what was scheduled. */
export interface ComeDueCommand extends Asked {
  readonly type: 'come_due'
}

/** Applies without the approvals that are missing. */
export interface BypassCommand extends Asked {
  readonly type: 'bypass'
  /** The digest of what the actor saw. */
  readonly seen: string
}

/** Applies in an emergency. */
export interface GlassCommand extends Asked {
  readonly type: 'break_glass'
  /** The digest of what the actor saw. */
  readonly seen: string
  /** What the host calls the emergency. */
  readonly incident: string
}

/** Reviews afterwards what was applied in an emergency. */
export interface FollowUpCommand extends Asked {
  readonly type: 'follow_up'
  /** The digest of what the reviewer saw. */
  readonly seen: string
}

/** Says what became of a change on its way, by whoever claimed it. */
export interface ConfirmCommand extends Asked {
  readonly type: 'confirm'
  /** The number of the claim. */
  readonly fence: number
  /**
   * The document that the host has: the next one, still the one before, or another; `unknown` if it does not say.
   */
  readonly found: 'next' | 'before' | 'other' | 'unknown'
  /** What went wrong, if something did. */
  readonly problem?: string
  /** Whether this attempt is certain never to land: nothing was sent, or the host refused it. */
  readonly isOver?: true
  /** Until when nothing is sent, since a freeze has begun meanwhile. It counts as no attempt. */
  readonly frozenUntil?: number
}

/** Sends a change on its way again, of which nobody has said in time what became of it. */
export interface ReclaimCommand extends Asked {
  readonly type: 'reclaim'
}

/** Gives up a change on its way of which nobody can say what became of it. */
export interface AbandonCommand extends Asked {
  readonly type: 'abandon'
}

/** Takes an answer back. */
export interface WithdrawCommand extends Asked {
  readonly type: 'withdraw'
  /** Whose answer it is. Left out: the only one that the actor gave, or that was given for them. */
  readonly onBehalfOf?: string
}

/** Comments. The text is the reason. */
export interface CommentCommand extends Asked {
  readonly type: 'comment'
  /** The place that the comment is about. */
  readonly anchor?: WantedAnchor
}

/** Says that a comment needs no further answer, or that it does after all. */
export interface SettleCommentCommand extends Asked {
  readonly type: 'resolve_comment' | 'reopen_comment'
  /** The number of the comment. */
  readonly comment: number
}

/** Adds to the reason. The text is the reason of the command. */
export interface DescribeCommand extends Asked {
  readonly type: 'describe'
}

/** Takes the request back. */
export interface OtherCommand extends Asked {
  readonly type: 'recall' | 'cancel' | 'discard'
}

/** Records what time does to a request. */
export type TimeCommand = OfType<'expire' | 'escalate' | 'remind' | 'resume' | 'return' | 'lapse' | 'warn'>

/** A command for each of some verbs, so that its type tells it from the others. */
export type OfType<V extends string> = V extends string ? AskedOf<V> : never

/** A command that says nothing but its verb. */
export interface AskedOf<V extends string> extends Asked {
  readonly type: V
}

/** Says when, within the time that was left open. */
export interface SetTimeCommand extends Asked {
  readonly type: 'set_time'
  /** In milliseconds since 1970. Left out: it is open again. */
  readonly applyAt?: number
}

/** What somebody wants done with a request that exists. */
export type RequestCommand =
  | ContentCommand
  | ReviewCommand
  | ApplyCommand
  | ComeDueCommand
  | BypassCommand
  | GlassCommand
  | FollowUpCommand
  | ConfirmCommand
  | ReclaimCommand
  | AbandonCommand
  | WithdrawCommand
  | CommentCommand
  | SettleCommentCommand
  | DescribeCommand
  | SetTimeCommand
  | OtherCommand
  | TimeCommand

/** What was true when the command was decided. Every stored fact among these is stated again in the commit. */
export interface Facts {
  /**
   * Why whoever asked for the change could not make it any more. Left out if they could, or if it does not matter: who
   * applies it by hand must be able to make it themselves.
   */
  readonly withheld?: Refusal
  /**
   * Whether the actor may see to what somebody who is gone has left behind: true, or why not. Left out if that does
   * not matter.
   */
  readonly custodian?: true | Refusal
  /** The actor, the requester, the contributors and the reviewers, as the directory knows them now. */
  readonly users: KnownUsers
  /** What the policies ask of the content that is under review, by the rule of policy drift. */
  readonly requirements: readonly PinnedRequirement[]
  readonly rules: RulesOfConduct
  /**
   * When a freeze that asks now is over, in milliseconds since 1970: the first one, if there are several. Left out:
   * none asks, or no end is in sight.
   */
  readonly asksUntil?: number
  /** What applying needs to know. Left out until it is read; without it an approval stops at `approved`. */
  readonly target?: TargetFacts
  /** Whether a resource has moved on, as far as that is recorded. Left out: none has. */
  readonly moved?: true
  /**
   * The state of the settings in which the workflow was switched off so that what waited goes back to being a draft:
   * every request that was put to its reviewers before. Left out if that never happened.
   */
  readonly switchedOff?: number
  /** Whether the workflow is off in the project of the request, and what waits there is held. */
  readonly held?: true
  /**
   * Why this instance of the application may not judge by its policies in code: the tenant has later or other ones on
   * record. Left out: they are those on record.
   */
  readonly outdated?: ErrorDetails['policies_outdated']
  /** When the workflow was off there, the oldest first. Left out if it never was. */
  readonly holds?: readonly Hold[]
  /** The delegations to the actor from those whom an answer is given for, or was. Left out: none. */
  readonly delegations?: readonly Delegation[]
  /**
   * The reviews that are still owed in this tenant. Left out until they are read; without them nobody breaks the
   * glass.
   */
  readonly followUps?: readonly PendingFollowUp[]
  /** The comment that the command names, null if there is none. Left out until it is read. */
  readonly comment?: CommentState | null
  /** The stored changes, for a comment on a place of them. Left out until they are read. */
  readonly changes?: readonly ProposedChange[]
  /** The content that a content command brings, or an approval that names details; left out for the others. */
  readonly next?: NextContent
}

/** New content, and what the policies ask of it. */
export interface NextContent extends Content {
  /** What is left out of it, since nothing of it would change. Left out: nothing. */
  readonly leftOut?: readonly LeftOut[]
  /** The content before, to compare it with. */
  readonly before: readonly ProposedChange[]
  readonly evaluation: Evaluation
  /** The state of the policies that were evaluated. */
  readonly policySet: PolicySetState
  /** Whether no policy speaks of one of the changes, and its resource type refuses that. */
  readonly gated: boolean
}

/** The stored content, and the resources as they are now. */
export interface TargetFacts extends Content {
  /** The live revision of each changed resource, 0 if it never existed. In the order of the changes. */
  readonly live: readonly number[]
  /** The other request that keeps everybody off one of the resources, if there is one. */
  readonly lockedBy?: string
  /** Which resource that is. Left out: the first one. */
  readonly lockedOn?: ResourceName
  /** The other request that holds a lock on one of the resources, whether or not that keeps this one off. */
  readonly heldBy?: string
  /** Which resource that is. Left out: the first one. */
  readonly heldOn?: ResourceName
  /** Whether it passes the locks that others hold, since it is declared safe. It then takes none itself. */
  readonly passes?: true
  /** The resource that is kept outside of the database, if one is. */
  readonly outside?: OutsideFacts
  /** The freeze that keeps everything but a bypass from landing now, if there is one. */
  readonly frozen?: Frozen
  /** When the next freeze begins: what is decided now holds until then. Left out: none is in sight. */
  readonly frozenFrom?: number
  /** The freezes whose approvals it has. Left out: none has asked. */
  readonly cleared?: readonly FreezeVersion[]
  /** Whether a freeze blocked it at the time that it was scheduled for. */
  readonly blockedThen?: true
  /** Why the changes cannot land any more, wherever they are moved, if so. */
  readonly unlandable?: Refusal<'cannot_land'>
  /** Why the documents cannot be accepted any more, if so. */
  readonly invalid?: Refusal
  /** The changes moved onto the live revisions, if a policy allows that and nothing collided. */
  readonly rebased?: readonly ProposedChange[]
  /**
   * Whether they take back what was applied for a time, so that they land as far as there is something to take back.
   */
  readonly reverts?: true
}

/** What claiming a resource has to know that is kept outside of the database. */
export interface OutsideFacts {
  readonly resource: { readonly type: string; readonly id: string }
  /** The number of its last claim; 0 if there was none. */
  readonly fence: number
  /** For how long a claim is good, in milliseconds. */
  readonly lease: number
}
