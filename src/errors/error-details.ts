import type { AccessErrorDetails } from './access-error-details.ts'
import type { LifecycleErrorDetails } from './lifecycle-error-details.ts'
import type { SystemErrorDetails } from './system-error-details.ts'

/**
 * Everything that a refusal can say beyond its code: the shape of `details`, per code. Codes never change their
 * meaning.
 */
export interface ErrorDetails extends AccessErrorDetails, LifecycleErrorDetails, SystemErrorDetails {
  /**
   * What the caller passed as a document is not plain JSON, or is larger than the limits allow. `resource` names the
   * resource that it was meant for, if it was meant for one.
   */
  invalid_document: { readonly path: string; readonly problem: string; readonly resource?: string | undefined }
  /** A document breaks the shape of its resource type: a keyed list with a missing, duplicate or non-scalar key. */
  invalid_shape: { readonly path: string; readonly problem: string }
  /** The document does not pass the schema of its resource type. */
  invalid_by_schema: {
    readonly resource: string
    readonly issues: readonly { readonly path: string; readonly message: string }[]
  }
  /**
   * The schema of the resource type cannot be used as it is: it threw, what it made is no JSON, or it does not read
   * its own output as the same value. `path` is the place in what it made.
   */
  schema_failed: { readonly type: string; readonly id: string; readonly path: string; readonly problem: string }
  /** A patch is malformed, hostile, or does not apply to the document. */
  invalid_patch: { readonly operation: number; readonly path: string; readonly problem: string }
  /** A conflict does not take this answer. */
  invalid_resolution: { readonly conflict: string; readonly problem: string }
  /** A pattern of paths is malformed, or names a group that the resource type does not declare. */
  invalid_pattern: { readonly pattern: string; readonly problem: string }
  /** A policy, or a set of policies, cannot be accepted. Every mistake is listed, each with the way to mend it. */
  invalid_policy: {
    readonly policy: string
    readonly problems: readonly { readonly path: string; readonly problem: string; readonly fix: string }[]
  }
  /** An argument of a command is missing, misspelt or of the wrong type. */
  invalid_input: { readonly argument: string; readonly problem: string }

  /** No resource type of this name was given to `createApprovals`. */
  unknown_resource_type: { readonly type: string; readonly known: readonly string[] }
  /** No such resource, here. A resource of another tenant is as unknown as one that never was. */
  unknown_resource: { readonly type: string; readonly id: string }
  /** The resource has no such revision. */
  unknown_revision: { readonly type: string; readonly id: string; readonly revision: number }
  /** Retention has removed the document of the revision; its digest is kept. */
  revision_not_kept: {
    readonly type: string
    readonly id: string
    readonly revision: number
    /** When, in milliseconds since 1970. */
    readonly removedAt: number
  }
  /**
   * Retention has removed what the request wanted, since it ended long ago; its digest, events and reviews are kept.
   */
  content_not_kept: {
    readonly request: string
    /** When, in milliseconds since 1970. */
    readonly removedAt: number
  }
  /** No such request, here. A request of another tenant is as unknown as one that never was. */
  unknown_request: { readonly request: string }
  /** The actor has no such delegation, or it is over. */
  unknown_delegation: { readonly from: string; readonly to: string }
  /** This cannot be delegated, or not to this user. */
  not_delegable: { readonly from: string; readonly to: string; readonly problem: string }
  /** No such policy, here. */
  unknown_policy: { readonly policy: string }
  /** The policy is one that the application gives in code: nobody can change or remove it in a tenant. */
  policy_in_code: { readonly policy: string; readonly version: number }
  /**
   * The policies in code of this instance are older than those that the tenant has on record, or others of the same
   * version: nothing is applied by them. `version` is 0 if the instance has none.
   */
  policies_outdated: { readonly version: number; readonly recorded: number }
  /** A policy in force wants this change of a policy approved. `by` names what gates it. */
  policy_gated: {
    readonly policy: string
    /** Whose switch of the workflow it is, if it is one; empty for that of the whole tenant. `policy` is empty then. */
    readonly project?: string | undefined
    readonly by: readonly string[]
  }
  /** The directory does not know who acts. */
  unknown_actor: { readonly actor: string }
  /**
   * The resource belongs to another project than the one that the reference names. `removed` says that it is not there
   * any more: its id stays where it was, so that nobody gets round the policies there by making it anew elsewhere.
   */
  wrong_project: {
    readonly type: string
    readonly id: string
    readonly project: string
    readonly actual: string
    readonly removed?: true | undefined
  }

  /** The next value equals the live one: there is nothing to apply and nothing to approve. */
  nothing_changed: { readonly type: string; readonly id: string }
  /** The request is based on what is live: a rebase would change nothing. */
  up_to_date: { readonly request: string }
  /** The request has no conflicts that a resolution could answer. */
  no_conflicts: { readonly request: string }
  /** The resource type is gated and no policy matches: nobody has said who may approve this. */
  no_policy: { readonly type: string; readonly id: string; readonly actions: readonly string[] }
  /** A policy asks for a reason, or the verb does, and none was given. */
  reason_required: { readonly verb: string }

  /**
   * There are as many already as `createApprovals({ limits })` allows: comments on the request, open drafts or
   * delegations of the actor; or as many objections as a request remembers, or additions as its reason takes.
   */
  limit_reached: {
    readonly what: 'comments' | 'open_drafts' | 'delegations' | 'objections' | 'additions'
    readonly limit: number
  }
  /** The verb does not exist in the state that the request is in. */
  not_open: { readonly request: string; readonly status: string; readonly verb: string }
  /** The deadline of the request has passed. */
  expired: { readonly request: string; readonly expiredAt: number }
  /** The reviewer saw other content than the request has now. */
  digest_mismatch: { readonly request: string; readonly seen: string }
  /**
   * The stored content no longer has the digest that was reviewed. Nothing was applied: the store was tampered with.
   */
  content_tampered: { readonly request: string; readonly digest: string; readonly found: string }
  /** The requester cannot review their own request. */
  self_approval: { readonly request: string; readonly actor: string }
  /** The policies do not ask the actor. `roles` are theirs in all projects of the request, `projects` those in each. */
  not_an_approver: {
    readonly request: string
    readonly actor: string
    readonly roles: readonly string[]
    readonly projects?: readonly { readonly project: string; readonly roles: readonly string[] }[]
  }
  /** The approvals that the policies ask for are not, or no longer, there. */
  approval_missing: { readonly request: string; readonly policies: readonly string[] }
  /** A policy asks for all comments to be resolved before the change is applied, and some are not. */
  comments_unresolved: { readonly request: string; readonly comments: number }
  /** The time of the request is part of what reviewers agree to: it was not left open. */
  time_not_open: { readonly request: string }
  /** The request takes back what another one applied for a time, as it was approved with that: it stays as it is. */
  revert_planned: { readonly request: string; readonly revertOf: string; readonly at: number; readonly verb: string }
  /** The request has no comment with this id. */
  unknown_comment: { readonly request: string; readonly comment: string }
  /** The comment is not resolved; or, if none is named, no comment on the request is. */
  comment_open: { readonly request: string; readonly comment?: string }
  /** The comment is resolved already; or, if none is named, every comment on the request is. */
  comment_resolved: { readonly request: string; readonly comment?: string }
  /** The actor neither wrote the comment, nor asked for the change, edited it, has reviewed it or could reject it. */
  not_a_participant: { readonly request: string; readonly comment: string; readonly actor: string }
  /** The live revision is not the one that the change was made against. */
  stale: { readonly type: string; readonly id: string; readonly base: number; readonly live: number }
  /**
   * The request was made for a resource that is another one by now, so that it can neither be applied nor rebased:
   * `gone` if it was removed or went to another project, `replaced` if it was removed and made anew, `created` if the
   * request was to create it, and somebody else has.
   */
  cannot_land: {
    readonly type: string
    readonly id: string
    /** The project that the request was made for; empty for none. */
    readonly project: string
    readonly problem: 'gone' | 'replaced' | 'created'
  }
  /** The actor has already given this answer to this content. */
  already_reviewed: { readonly request: string; readonly actor: string; readonly verdict: string }
  /** Only the requester can do this. */
  not_the_requester: {
    readonly request: string
    readonly actor: string
    readonly requester: string
    readonly verb: string
  }
  /** The actor objects to the request, and could not take that back as its requester. */
  own_objection: { readonly request: string; readonly actor: string }
  /** Whoever asked for it is still there: nobody takes it over from them. */
  requester_present: { readonly request: string; readonly requester: string }
  /** The policies let others edit the request while it waits, or nobody: `editors` says whom. */
  edit_restricted: {
    readonly request: string
    readonly actor: string
    readonly editors: 'nobody' | 'requester' | 'contributors'
  }
  /** Somebody who edited the content cannot approve it. */
  contributor: { readonly request: string; readonly actor: string }
  /**
   * Nobody has delegated this answer to the actor, or not for this moment or this matter, or it cannot be delegated.
   * `left` says that whoever it is for is not there any more, so that nobody answers for them.
   */
  not_delegated: {
    readonly request: string
    readonly actor: string
    readonly onBehalfOf: string
    readonly left?: true | undefined
  }
  /** There is no answer of this actor to take back. */
  no_review: { readonly request: string; readonly actor: string }
  /** The content has conflicts that nobody has answered. */
  conflicts_open: { readonly request: string; readonly conflicts: number }
  /**
   * Another request keeps everybody else off the resource until it ends; it is not named to those who may not read it.
   * `until` is when it takes back what is there for a time, in milliseconds since 1970, if that is what it does.
   */
  locked: {
    readonly type: string
    readonly id: string
    readonly request?: string | undefined
    readonly until?: number | undefined
  }
  /**
   * The change was claimed by somebody else meanwhile, or could have been: whoever claimed it before does not say any
   * more what became of it. `fence` is the number of their claim, `current` that of the last.
   */
  claim_lost: { readonly request: string; readonly fence: number; readonly current: number; readonly until: number }
  /**
   * Somebody is carrying the change to where it is kept, and has until then to say what became of it: it cannot be
   * given up before.
   */
  delivery_in_progress: { readonly request: string; readonly until: number }
  /**
   * The change was given up while it was on its way. `problem` is the last that was heard of it; whether it got there
   * nobody knows.
   */
  abandoned: { readonly type: string; readonly id: string; readonly problem: string }
  /** Not every matching policy lets the actor bypass it. No `request` if there is none yet. */
  bypass_forbidden: {
    readonly request?: string
    readonly actor: string
    readonly roles: readonly string[]
    /** The freezes that ask for approvals, where no policy lets anybody bypass them. */
    readonly freezes?: readonly string[]
  }
  /** Not every matching policy lets the actor break the glass. */
  break_glass_forbidden: { readonly request: string; readonly actor: string; readonly roles: readonly string[] }
  /**
   * The glass was broken before, by the same person or against the same policy, and the review of that is still owed.
   * `request` owes it; it is not named, nor who did so, to those who may not read it.
   */
  follow_up_pending: {
    readonly request?: string | undefined
    readonly by?: string | undefined
    readonly policies: readonly string[]
  }
  /** The request needs no follow-up review, or none any more. */
  no_follow_up: { readonly request: string }
  /** Whoever broke the glass cannot review that. */
  own_follow_up: { readonly request: string; readonly actor: string }
  /** It is too early. */
  not_due: { readonly request: string; readonly verb: string; readonly dueAt: number }
  /**
   * Somebody has already reviewed, or had when it was recalled (`verb` is `discard`), and the policy lets the requester
   * cancel only before that.
   */
  already_reviewed_by_others: {
    readonly request: string
    readonly reviews: number
    readonly verb: 'cancel' | 'discard'
  }

  /**
   * A freeze covers the resource: nothing lands there until it is over, in milliseconds since 1970. Left out: no end is
   * in sight. `problem` says why nobody can tell when it freezes, if so.
   */
  frozen: {
    readonly type: string
    readonly id: string
    readonly freeze: string
    readonly mode: 'block' | 'queue' | 'ask'
    readonly reason: string
    readonly until?: number | undefined
    readonly problem?: string | undefined
  }
  /** No such freeze, here. */
  unknown_freeze: { readonly freeze: string }
  /** The approval workflow is switched off in the project: what waits there neither moves nor vanishes. */
  workflow_off: { readonly request: string; readonly project: string; readonly verb: string }
  /** The approval workflow was switched off while the request waited: it is about to be a draft again. */
  switched_off: { readonly request: string; readonly verb: string }
  /** A request cannot go back to being a draft by itself where the workflow was not switched off while it waited. */
  not_switched_off: { readonly request: string }

  /** The idempotency key was used for another command before. */
  idempotency_mismatch: { readonly key: string }
}

/** The closed list of what can go wrong. */
export type ErrorCode = keyof ErrorDetails
