import type { SystemErrorDetails } from './system-error-details.ts'

/**
 * Everything that a refusal can say beyond its code: the shape of `details`, per code. Codes never change their
 * meaning.
 */
export interface ErrorDetails extends SystemErrorDetails {
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
  /** No such request, here. A request of another tenant is as unknown as one that never was. */
  unknown_request: { readonly request: string }
  /** The actor has no such delegation, or it is over. */
  unknown_delegation: { readonly from: string; readonly to: string }
  /** This cannot be delegated, or not to this user. */
  not_delegable: { readonly from: string; readonly to: string; readonly problem: string }
  /** No such policy, here. */
  unknown_policy: { readonly policy: string }
  /** A policy in force wants this change of a policy approved. `by` names what gates it. */
  policy_gated: {
    readonly policy: string
    /** Whose switch of the workflow it is, if it is one; empty for that of the whole tenant. `policy` is empty then. */
    readonly project?: string | undefined
    readonly by: readonly string[]
  }
  /** The directory does not know who acts. */
  unknown_actor: { readonly actor: string }
  /** The resource belongs to another project than the one that the reference names. */
  wrong_project: { readonly type: string; readonly id: string; readonly project: string; readonly actual: string }

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
   * delegations of the actor; or as many objections as a request remembers.
   */
  limit_reached: { readonly what: 'comments' | 'open_drafts' | 'delegations' | 'objections'; readonly limit: number }
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
  /** The actor is not among those whom the policies ask. */
  not_an_approver: { readonly request: string; readonly actor: string; readonly roles: readonly string[] }
  /** The approvals that the policies ask for are not, or no longer, there. */
  approval_missing: { readonly request: string; readonly policies: readonly string[] }
  /** The live revision is not the one that the change was made against. */
  stale: { readonly type: string; readonly id: string; readonly base: number; readonly live: number }
  /** The actor has already given this answer to this content. */
  already_reviewed: { readonly request: string; readonly actor: string; readonly verdict: string }
  /** Only the requester can do this. */
  not_the_requester: {
    readonly request: string
    readonly actor: string
    readonly requester: string
    readonly verb: string
  }
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
   */
  not_delegated: { readonly request: string; readonly actor: string; readonly onBehalfOf: string }
  /** There is no answer of this actor to take back. */
  no_review: { readonly request: string; readonly actor: string }
  /** The content has conflicts that nobody has answered. */
  conflicts_open: { readonly request: string; readonly conflicts: number }
  /** Another request keeps everybody else off the resource until it ends. */
  locked: { readonly type: string; readonly id: string; readonly request: string }
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
  /** Not every matching policy lets the actor bypass it. */
  bypass_forbidden: { readonly request: string; readonly actor: string; readonly roles: readonly string[] }
  /** Not every matching policy lets the actor break the glass. */
  break_glass_forbidden: { readonly request: string; readonly actor: string; readonly roles: readonly string[] }
  /**
   * The glass was broken before, by the same person or against the same policy, and the review of that is still owed.
   * `request` owes it.
   */
  follow_up_pending: { readonly request: string; readonly by: string; readonly policies: readonly string[] }
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

  /** The life cycle has no such action in the state that the resource is in. */
  invalid_transition: {
    readonly lifecycle: string
    readonly state: string
    readonly action: string
    readonly possible: readonly string[]
  }
  /** Another action waits for approval and keeps everything else off the resource until then. */
  waiting_for_approval: {
    readonly lifecycle: string
    readonly state: string
    readonly action: string
    readonly waiting: string
  }
  /** Something still refers to the resource. */
  still_referenced: {
    readonly lifecycle: string
    readonly state: string
    readonly action: string
    readonly references: readonly string[]
  }
  /**
   * A property of the document says in which state of its life cycle the resource is: nothing but an action changes
   * it.
   */
  follows_state: {
    readonly type: string
    readonly id: string
    readonly property: string
    /** What the state says, as JSON. */
    readonly says: string
    readonly state: string
    /** The actions that lead to another state. */
    readonly possible: readonly string[]
  }
  /** A guard of the life cycle says that the action is impossible just now, or its effect failed. */
  transition_rejected: {
    readonly lifecycle: string
    readonly state: string
    readonly action: string
    readonly problem: string
  }

  /** The approval workflow is switched off in the project: what waits there neither moves nor vanishes. */
  workflow_off: { readonly request: string; readonly project: string; readonly verb: string }
  /** The approval workflow was switched off while the request waited: it is about to be a draft again. */
  switched_off: { readonly request: string; readonly verb: string }
  /** A request cannot go back to being a draft by itself where the workflow was not switched off while it waited. */
  not_switched_off: { readonly request: string }

  /** The roles of the actor do not hold a permission that this needs. */
  not_permitted: {
    readonly actor: string
    readonly project: string
    readonly missing: readonly string[]
    /**
     * Who may change the settings, if `createApprovals({ admins })` says so: `user "ben"`, or
     * `role "boss", which nobody holds`.
     */
    readonly admins?: readonly string[] | undefined
    /** The policies that nobody without it can switch off. */
    readonly policies?: readonly string[] | undefined
  }
  /** The resource is restricted to its editors, and the actor is not one of them. */
  not_an_editor: {
    readonly type: string
    readonly id: string
    readonly actor: string
    readonly editors: readonly string[]
  }
  /**
   * The actor would give or take a role that can do more than the actor, by its permissions or by what policies let
   * its holders do; or would let a user join, leave or be another person whom policies let do more by name.
   */
  beyond_own_permissions: {
    readonly actor: string
    /** The role; left out if it is about a user. */
    readonly role?: string
    /** The user whom policies name. */
    readonly user?: string
    readonly missing: readonly string[]
    /**
     * Ids of policies that let the role or the user approve, veto or go past them, which the actor can neither do nor
     * change. They are in force, or an open request was submitted under them.
     */
    readonly policies: readonly string[]
  }
  /** The actor is the person behind the account, and would not be any more: nobody parts an account from themselves. */
  own_account: { readonly actor: string; readonly account: string }
  /** What a change of access does has moved since it was previewed. */
  preview_outdated: { readonly seen: string }
  /** No such role, here. */
  unknown_role: { readonly role: string; readonly known: readonly string[] }
  /** The role is still held. */
  role_in_use: { readonly role: string; readonly holders: readonly string[] }
  /**
   * Nobody would be left who can give roles in the organization, or nobody of those who may say who approves:
   * `permission` is what they would lack.
   */
  last_admin: { readonly admins: readonly string[]; readonly permission: string }

  /** The idempotency key was used for another command before. */
  idempotency_mismatch: { readonly key: string }
}

/** The closed list of what can go wrong. */
export type ErrorCode = keyof ErrorDetails
