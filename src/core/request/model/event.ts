import type { Refusal } from '../../../errors/result.ts'
import type { Digest } from '../../change/digest.ts'
import { defined } from '../../defined.ts'
import type { StreamHead } from '../../log/event-chain.ts'
import type { Escalated } from '../../policy/model/escalation.ts'
import type { PinnedRequirement } from '../../policy/model/requirement.ts'
import type { RulesOfConduct } from '../../policy/model/rules-of-conduct.ts'
import type { Review } from '../../review/under-review.ts'
import type { GlassBroken } from './follow-up.ts'

/** Who did something, and through which door. */
export interface Actor {
  readonly tenant: string
  readonly user: string
  /** The door: the app unless the host says otherwise. */
  readonly via: string
}

/** What became of a request by an event: the state that it is in from then on, with what belongs to that state. */
export type Outcome =
  | {
      readonly status: 'draft' | 'pending' | 'changes_requested' | 'approved' | 'rejected' | 'cancelled' | 'expired'
    }
  | Applying
  | Applied
  | Failed

/** The change is on its way to a resource that the host keeps outside of the database. */
export interface Applying {
  readonly status: 'applying'
  readonly application: Application
}

/**
 * A change that is being written to an external system: who may confirm it, until when, and which revisions it makes.
 */
export interface Application {
  /** The resource that is kept outside. */
  readonly resource: { readonly type: string; readonly id: string }
  /** Grows with every claim of the resource: nobody with an older one confirms anything. */
  readonly fence: number
  /** Until when whoever claimed it may confirm; from then on it is claimed anew. In milliseconds since 1970. */
  readonly until: number
  /** How often it was claimed. */
  readonly attempts: number
  /** What it makes of the resources, all of them, once it is confirmed. */
  readonly revisions: readonly AppliedRevision[]
  /** Why the last attempt did not get there, if one did not. */
  readonly problem?: string
  /** Whether something that was sent before may still land. */
  readonly mayLand?: true
}

/** The change is live. */
export interface Applied {
  readonly status: 'applied'
  readonly revisions: readonly AppliedRevision[]
}

/** The change could not be applied, and why. Nothing of it is live, as far as anybody knows. */
export interface Failed {
  readonly status: 'failed'
  readonly failure: Refusal
  /** Whether what was sent outside of the database may still land there. */
  readonly mayLand?: true
}

/** The revision that a request made of one resource. */
export interface AppliedRevision {
  readonly type: string
  readonly id: string
  readonly number: number
  /** Digest of the document as it is live from then on. */
  readonly digest: Digest
}

/** The part of a request that its content brings with it, and that every new content replaces as a whole. */
export interface Pinned {
  /** Counts how often the request was put to reviewers; 0 for a draft that never was. */
  readonly round: number
  /** Counts its contents; the content is kept under it. */
  readonly edition: number
  readonly digest: Digest
  /** The digest of what the content does, whoever asks for it and when it is to be applied. */
  readonly effect: Digest
  readonly resources: readonly Target[]
  readonly requirements: readonly PinnedRequirement[]
  readonly rules: RulesOfConduct
  /** The state of the policies that the requirements were pinned from. */
  readonly policySet: StreamHead
  /** When it expires, in milliseconds since 1970; 0 for a draft that never was put to reviewers. */
  readonly expiresAt: number
  /** What the requester says about it. */
  readonly reason?: string
  /** Goes into the commitment to the reason, which the digest binds. */
  readonly salt?: string
  /** The commitment to the reason, if that was erased. */
  readonly erased?: Digest
  /** When it is to be applied once approved; left out: at once. */
  readonly applyAt?: number
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
}

/**
 * The resources that a request keeps others off while it is open: by its rules, or by the life cycle of the resource.
 */
export function locksOf({ rules, resources }: Pick<Pinned, 'rules' | 'resources'>): readonly Target[] {
  return resources.filter(({ waiting }) => rules.lock === 'resource' || waiting !== undefined)
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
export interface BeganEvent extends Happened {
  readonly type: 'drafted' | 'submitted'
  readonly id: string
  readonly tenant: string
  readonly project: string
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
  /** Whether what follows from it waits until the workflow is on again. */
  readonly unsettled?: true
}

/** Somebody broke glass. A follow-up review is required. */
export interface GlassEvent extends Happened, Omit<GlassBroken, 'at' | 'by'> {
  readonly type: 'glass_broken'
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

/** Something else happened that leaves content and answers as they are. */
export interface OtherEvent extends Happened {
  readonly type:
    | 'commented'
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
}

/** What happened to a request that was there before. */
export type LaterEvent = ContentEvent | ReviewEvent | GlassEvent | FollowUpEvent | EscalatedEvent | OtherEvent

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
