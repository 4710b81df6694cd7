import type { Refusal } from '../../../errors/result.ts'
import type { Digest } from '../../json/digest.ts'
import type { FreezeVersion } from '../../policy/model/requirement.ts'

/** What became of a request by an event: the state that it is in from then on, with what belongs to that state. */
export type Outcome =
  | {
      readonly status: 'draft' | 'changes_requested' | 'rejected' | 'cancelled' | 'expired'
    }
  | Pending
  | Approved
  | Applying
  | Applied
  | Failed

/** It waits for approvals. */
export interface Pending {
  readonly status: 'pending'
  /** Whether only what a freeze asks is missing, so that time settles it once the freeze is over. */
  readonly unsettled?: true
}

/** Everybody whom it takes has approved it, and it waits for its time, for somebody, or for another request. */
export interface Approved {
  readonly status: 'approved'
  /** Why it is not applied by itself: whoever asked for it could not make it any more. */
  readonly withheld?: Refusal
  /** Whether a freeze blocks it, so that it is applied by hand afterwards. */
  readonly byHand?: true
}

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
  /** Whether it passes every freeze on its way, since it bypassed one. */
  readonly passes?: true
  /** The freezes whose approvals it has: they keep it off no more. Left out: none has asked. */
  readonly cleared?: readonly FreezeVersion[]
  /** Whether it waits for the end of a freeze. */
  readonly frozen?: true
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
