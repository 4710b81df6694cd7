import type { Refusal } from '../../errors.ts'
import type { Evaluation } from '../policy/policy.ts'
import type { PinnedRequirement } from '../policy/requirement.ts'
import type { RulesOfConduct } from '../policy/rules-of-conduct.ts'
import type { Delegation } from '../review/delegation.ts'
import type { KnownUsers } from '../review/standing.ts'
import type { Content, ProposedChange } from './content.ts'
import type { OpenDebt } from './debt.ts'
import type { Actor } from './event.ts'

interface Asked {
  readonly by: Actor
  /** When it was asked, in milliseconds since 1970. */
  readonly at: number
  readonly reason?: string
}

/** Puts new content in the place of the old, or the same content to its reviewers again. */
export interface ContentCommand extends Asked {
  readonly type: 'edit' | 'submit' | 'resubmit' | 'reopen' | 'rebase' | 'resolve' | 'schedule' | 'unschedule'
}

/** Makes a request that is not put to reviewers yet. */
export interface DraftCommand extends Asked {
  readonly type: 'draft'
}

/** Answers. */
export interface ReviewCommand extends Asked {
  readonly type: 'approve' | 'reject' | 'request_changes'
  /** The digest of what the reviewer saw. */
  readonly seen: string | undefined
  /** Whose answer it is, where they delegated it to the actor. */
  readonly onBehalfOf?: string
}

/** Applies, for one reason or another. */
export interface ApplyCommand extends Asked {
  readonly type: 'apply' | 'retry' | 'bypass' | 'come_due'
}

/** Applies in an emergency. */
export interface GlassCommand extends Asked {
  readonly type: 'break_glass'
  /** The digest of what the actor saw. */
  readonly seen: string | undefined
  /** What the host calls the emergency. */
  readonly incident: string
}

/** Reviews afterwards what was applied in an emergency. */
export interface SettleCommand extends Asked {
  readonly type: 'settle_debt'
  /** The digest of what the reviewer saw. */
  readonly seen: string | undefined
}

/** Everything else. */
export interface OtherCommand extends Asked {
  readonly type: 'withdraw' | 'comment' | 'recall' | 'cancel' | 'discard' | 'expire' | 'escalate' | 'remind'
}

/** What somebody wants done with a request that exists. */
export type RequestCommand = ContentCommand | ReviewCommand | ApplyCommand | GlassCommand | SettleCommand | OtherCommand

/** What was true when the command was decided. Every stored fact among these is stated again in the commit. */
export interface Facts {
  /** The actor, the requester, the contributors and the reviewers, as the directory knows them now. */
  readonly users: KnownUsers
  /** What the policies ask of the content that is under review, by the rule of policy drift. */
  readonly requirements: readonly PinnedRequirement[]
  readonly rules: RulesOfConduct
  /** What applying needs to know. Left out until it is read; without it an approval stops at `approved`. */
  readonly target?: TargetFacts
  /** The delegation from whom an answer is given for to the actor, where there is one. */
  readonly delegation?: Delegation
  /** The reviews that are still owed in this tenant. Left out until they are read; without them nobody breaks the glass. */
  readonly debts?: readonly OpenDebt[]
  /** The content that a content command brings; left out for the others. */
  readonly next?: NextContent
}

/** New content, and what the policies ask of it. */
export interface NextContent extends Content {
  /** The content before, to compare it with. */
  readonly before: readonly ProposedChange[]
  readonly evaluation: Evaluation
  /** The state of the policies that were evaluated. */
  readonly policySet: number
  /** Whether no policy speaks of one of the changes, and its resource type refuses that. */
  readonly gated: boolean
}

/** The stored content, and the resources as they are now. */
export interface TargetFacts extends Content {
  /** The live revision of each changed resource, 0 where it never existed. In the order of the changes. */
  readonly live: readonly number[]
  /** The other request that keeps everybody off one of the resources, if there is one. */
  readonly lockedBy?: string
  /** The other request that holds a lock on one of the resources, whether or not that keeps this one off. */
  readonly heldBy?: string
  /** Why the documents cannot be accepted any more, if so. */
  readonly invalid?: Refusal
  /** The changes moved onto the live revisions, where a policy allows that and nothing collided. */
  readonly rebased?: readonly ProposedChange[]
}
