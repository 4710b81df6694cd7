import type { Refusal } from '../../../errors/result.ts'
import type { StreamHead } from '../../log/event-chain.ts'
import type { Evaluation } from '../../policy/model/policy.ts'
import type { PinnedRequirement } from '../../policy/model/requirement.ts'
import type { RulesOfConduct } from '../../policy/model/rules-of-conduct.ts'
import type { Delegation } from '../../review/delegation.ts'
import type { KnownUsers } from '../../review/under-review.ts'
import type { Content, ProposedChange } from './content.ts'
import type { Actor } from './event.ts'
import type { PendingFollowUp } from './follow-up.ts'
import type { Hold } from './hold.ts'

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
  readonly type: 'edit' | 'submit' | 'resubmit' | 'reopen' | 'rebase' | 'resolve' | 'schedule' | 'unschedule'
  /** Of an edit, the digest of the content that it was based on, if it does not go on from whatever is there. */
  readonly seen?: string
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

/** Comments, or takes the request back. */
export interface OtherCommand extends Asked {
  readonly type: 'comment' | 'recall' | 'cancel' | 'discard'
}

/** Records what time does to a request. */
export type TimeCommand = OfType<'expire' | 'escalate' | 'remind' | 'resume' | 'return'>

/** A command for each of some verbs, so that its type tells it from the others. */
export type OfType<V extends string> = V extends string ? AskedOf<V> : never

/** A command that says nothing but its verb. */
export interface AskedOf<V extends string> extends Asked {
  readonly type: V
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
  | OtherCommand
  | TimeCommand

/** What was true when the command was decided. Every stored fact among these is stated again in the commit. */
export interface Facts {
  /** The actor, the requester, the contributors and the reviewers, as the directory knows them now. */
  readonly users: KnownUsers
  /** What the policies ask of the content that is under review, by the rule of policy drift. */
  readonly requirements: readonly PinnedRequirement[]
  readonly rules: RulesOfConduct
  /** What applying needs to know. Left out until it is read; without it an approval stops at `approved`. */
  readonly target?: TargetFacts
  /**
   * The state of the settings in which the workflow was switched off so that what waited goes back to being a draft:
   * every request that was put to its reviewers before. Left out if that never happened.
   */
  readonly switchedOff?: number
  /** Whether the workflow is off in the project of the request, and what waits there is held. */
  readonly held?: true
  /** When the workflow was off there, the oldest first. Left out if it never was. */
  readonly holds?: readonly Hold[]
  /** The delegations to the actor from those whom an answer is given for, or was. Left out: none. */
  readonly delegations?: readonly Delegation[]
  /**
   * The reviews that are still owed in this tenant. Left out until they are read; without them nobody breaks the
   * glass.
   */
  readonly followUps?: readonly PendingFollowUp[]
  /** The content that a content command brings; left out for the others. */
  readonly next?: NextContent
}

/** New content, and what the policies ask of it. */
export interface NextContent extends Content {
  /** The content before, to compare it with. */
  readonly before: readonly ProposedChange[]
  readonly evaluation: Evaluation
  /** The state of the policies that were evaluated. */
  readonly policySet: StreamHead
  /** Whether no policy speaks of one of the changes, and its resource type refuses that. */
  readonly gated: boolean
}

/** The stored content, and the resources as they are now. */
export interface TargetFacts extends Content {
  /** The live revision of each changed resource, 0 if it never existed. In the order of the changes. */
  readonly live: readonly number[]
  /** The other request that keeps everybody off one of the resources, if there is one. */
  readonly lockedBy?: string
  /** The other request that holds a lock on one of the resources, whether or not that keeps this one off. */
  readonly heldBy?: string
  /** The resource that is kept outside of the database, if one is. */
  readonly outside?: OutsideFacts
  /** Why the documents cannot be accepted any more, if so. */
  readonly invalid?: Refusal
  /** The changes moved onto the live revisions, if a policy allows that and nothing collided. */
  readonly rebased?: readonly ProposedChange[]
}

/** What claiming a resource has to know that is kept outside of the database. */
export interface OutsideFacts {
  readonly resource: { readonly type: string; readonly id: string }
  /** The number of its last claim; 0 if there was none. */
  readonly fence: number
  /** For how long a claim is good, in milliseconds. */
  readonly lease: number
}
