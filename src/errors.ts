/**
 * Everything that a refusal can say beyond its code: the shape of `details`, per code. Codes never change their
 * meaning.
 */
export interface ErrorDetails {
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
  /** The reviewer saw other content than the request now has, or did not say which content was seen. */
  digest_mismatch: { readonly request: string; readonly seen: string | null; readonly digest: string }
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
  /** Somebody who had a hand in the content cannot approve it. */
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
  /** The request owes no review. */
  no_follow_up: { readonly request: string }
  /** Whoever broke the glass cannot review that. */
  own_follow_up: { readonly request: string; readonly actor: string }
  /** It is too early. */
  not_due: { readonly request: string; readonly verb: string; readonly dueAt: number }
  /** Somebody has already reviewed, and the policy lets the requester cancel only before that. */
  already_reviewed_by_others: { readonly request: string; readonly reviews: number }

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
  preview_outdated: { readonly seen: string; readonly digest: string }
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

  /**
   * The host could not read or write a resource that it keeps itself, or say its project. Nothing was applied. `path`
   * is the place in what its `read` gave, if the schema of the type cannot take that.
   */
  host_failed: {
    readonly type: string
    readonly id: string
    readonly operation: 'read' | 'write' | 'projectOf'
    readonly problem: string
    /**
     * Whether what was written outside of the database may still land there: it was not there yet, and the host did
     * not refuse it.
     */
    readonly mayLand?: true | undefined
    readonly path?: string | undefined
  }
  /**
   * A function that the application gave (`now`, `newId`, a signer) threw, or answered with something that is not an
   * answer. `fix` says what it must do.
   */
  host_function_failed: { readonly function: string; readonly problem: string; readonly fix: string }
  /** The directory threw, timed out, or answered with something that is not an answer. Nothing was counted. */
  directory_failed: { readonly question: string; readonly problem: string }
  /** Other writers were faster every time. Nothing was written: try again. */
  contention: { readonly verb: string; readonly attempts: number }

  /** Storage: the key, or a unique index, is taken. */
  duplicate_key: { readonly collection: string; readonly index: string }
  /** Storage: the stored version is not the expected one. */
  version_conflict: { readonly collection: string; readonly key: string }
  /**
   * A stored record is not what was written: its text is cut off, or it lacks what a record of its kind has. Nothing
   * was taken from it.
   */
  unreadable_record: { readonly collection: string; readonly key: string; readonly problem: string }
  /** Storage: the database failed. The driver's error is the `cause`. */
  storage_failed: { readonly operation: string; readonly problem: string }
}

/** The closed list of what can go wrong. */
export type ErrorCode = keyof ErrorDetails

const messages: { readonly [C in ErrorCode]: (details: ErrorDetails[C]) => string } = {
  invalid_document: ({ path, problem, resource }) =>
    `The document${resource === undefined ? '' : ` of ${resource}`} is not acceptable at ${place(path)}: ${problem}.`,
  invalid_shape: ({ path, problem }) => `The document breaks its declared shape at ${place(path)}: ${problem}.`,
  invalid_by_schema: ({ resource, issues }) =>
    `The value of ${resource} does not pass its schema: ${issues.map((i) => `${place(i.path)}: ${i.message}`).join('; ')}.`,
  schema_failed: ({ type, id, path, problem }) =>
    `The schema of ${type} cannot be used for ${quote(id)} at ${place(path)}: ${problem}. Mend the schema; nothing was applied.`,
  invalid_patch: ({ operation, path, problem }) =>
    `Operation ${operation} of the patch cannot be applied at ${place(path)}: ${problem}.`,
  invalid_resolution: ({ conflict, problem }) => `The answer to conflict ${quote(conflict)} was not taken: ${problem}.`,
  invalid_pattern: ({ pattern, problem }) => `${quote(pattern)} is not acceptable as a pattern: ${problem}.`,
  invalid_policy: ({ policy, problems }) =>
    `Policy ${quote(policy)} was not saved. ${problems.map((p) => `${place(p.path)}: ${p.problem} (${p.fix})`).join('; ')}.`,
  invalid_input: ({ argument, problem }) => `${argument}: ${problem}.`,
  unknown_resource_type: ({ type, known }) =>
    `There is no resource type ${quote(type)}; known are ${known.map(quote).join(', ') || 'none'}. Pass it to createApprovals({ resources }).`,
  unknown_resource: ({ type, id }) => `There is no ${type} ${quote(id)}.`,
  unknown_revision: ({ type, id, revision }) => `${type} ${quote(id)} has no revision ${revision}.`,
  unknown_request: ({ request }) => `There is no request ${quote(request)}.`,
  unknown_delegation: ({ from, to }) => `${quote(from)} lets nobody called ${quote(to)} answer for them.`,
  not_delegable: ({ from, to, problem }) => `${quote(from)} cannot let ${quote(to)} answer for them: ${problem}.`,
  unknown_policy: ({ policy }) => `There is no policy ${quote(policy)}.`,
  policy_gated: ({ policy, project, by }) =>
    project !== undefined
      ? `Switching the workflow ${project === '' ? 'of the organization' : `of project ${quote(project)}`} needs the approval that ${by.map(quote).join(', ')} asks for: submit it with workflowResource.ref(${quote(project)}). Nothing was switched.`
      : `A change of policy ${quote(policy)} needs the approval that ${by.map(quote).join(', ')} asks for: submit it with policyResource.ref(${quote(policy)}). Nothing was saved.`,
  unknown_actor: ({ actor }) => `The directory does not know ${quote(actor)}: only people whom it knows can act.`,
  wrong_project: ({ type, id, project, actual }) =>
    `${type} ${quote(id)} belongs to ${projectNamed(actual)}, not to ${projectNamed(project)}: leave the project out, or correct it.`,
  nothing_changed: ({ type, id }) => `The change leaves ${type} ${quote(id)} as it is: there is nothing to apply.`,
  no_policy: ({ type, id, actions }) =>
    `${type} ${quote(id)} is gated, and no policy matches ${actions.join(', ')}: save one that says who may approve it.`,
  reason_required: ({ verb }) => `To ${verb}, give a reason that is not blank.`,
  limit_reached: ({ what, limit }) =>
    ({
      comments: `The request has ${limit} comments, and takes no more: go on where people talk, or raise createApprovals({ limits: { commentsPerRequest } }).`,
      open_drafts: `There are ${limit} open drafts of yours, and there can be no more: submit or discard some, or raise createApprovals({ limits: { openDraftsPerPerson } }).`,
      delegations: `There are ${limit} delegations of yours that are not over, and there can be no more: end some, or raise createApprovals({ limits: { delegationsPerPerson } }).`,
      objections: `The request remembers ${limit} objections, and none may be forgotten: cancel it, and submit the change anew.`,
    })[what],
  not_open: ({ request, status, verb }) =>
    `Request ${quote(request)} is ${words(status)}: nobody can ${words(verb)} it now.`,
  expired: ({ request, expiredAt }) =>
    `Request ${quote(request)} expired at ${new Date(expiredAt).toISOString()}: submit the change anew.`,
  digest_mismatch: ({ request, seen, digest }) =>
    seen === null
      ? `A review of request ${quote(request)} must say which content it is about: pass { seen: request.digest }.`
      : `Request ${quote(request)} is not what you saw: it has digest ${digest}, you saw ${seen}. Read it again.`,
  content_tampered: ({ request, digest, found }) =>
    `The stored content of request ${quote(request)} has digest ${found}, but ${digest} was reviewed. Nothing was applied.`,
  self_approval: ({ request, actor }) =>
    `${quote(actor)} asked for request ${quote(request)} and cannot review it: somebody else has to.`,
  not_an_approver: ({ request, actor, roles }) =>
    `${quote(actor)} (roles: ${roles.join(', ') || 'none'}) is not among the approvers of request ${quote(request)}.`,
  approval_missing: ({ request, policies }) =>
    policies.length === 0
      ? `Nobody was asked about request ${quote(request)}, so that there are no approvals to go by: reopen it, and it is decided anew.`
      : `Request ${quote(request)} lacks approvals that ${policies.map(quote).join(', ')} asks for: nothing was applied.`,
  stale: ({ type, id, base, live }) =>
    `${type} ${quote(id)} is at revision ${live}, and the change was made against revision ${base}: make it again on the live one.`,
  already_reviewed: ({ request, actor, verdict }) =>
    `${quote(actor)} has already answered "${verdict}" to request ${quote(request)}; one person counts once.`,
  not_the_requester: ({ request, actor, requester, verb }) =>
    `Only the requester ${quote(requester)} can ${words(verb)} request ${quote(request)}, not ${quote(actor)}.`,
  contributor: ({ request, actor }) =>
    `${quote(actor)} had a hand in the content of request ${quote(request)} and cannot approve it: somebody else has to.`,
  not_delegated: ({ request, actor, onBehalfOf }) =>
    `${quote(onBehalfOf)} has not delegated answers to request ${quote(request)} to ${quote(actor)} for now: answer for yourself, or ask for a delegation.`,
  no_review: ({ request, actor }) =>
    `${quote(actor)} has no answer to request ${quote(request)} that could be taken back.`,
  conflicts_open: ({ request, conflicts }) =>
    `Request ${quote(request)} has ${conflicts} conflict(s) with what is live by now: resolve them first.`,
  locked: ({ type, id, request }) =>
    `${type} ${quote(id)} is locked by request ${quote(request)} until that is applied, rejected, cancelled or expired.`,
  claim_lost: ({ request, fence, current, until }) =>
    `Claim ${fence} of request ${quote(request)} is over: the last one is ${current}, good until ${new Date(until).toISOString()}. Leave the request to whoever claims it next.`,
  delivery_in_progress: ({ request, until }) =>
    `The change of request ${quote(request)} is being carried out until ${new Date(until).toISOString()}: it can be given up after that, or once an attempt has failed.`,
  abandoned: ({ type, id, problem }) =>
    `The change of ${type} ${quote(id)} was given up on its way (${problem}). Read the resource to see whether it got there, then retry or reopen the request.`,
  bypass_forbidden: ({ request, actor, roles }) =>
    `${quote(actor)} cannot bypass the policies of request ${quote(request)}: they let ${roles.map(quote).join(', ') || 'nobody'} do so.`,
  break_glass_forbidden: ({ request, actor, roles }) =>
    `${quote(actor)} cannot break the glass for request ${quote(request)}: its policies let ${roles.map(quote).join(', ') || 'nobody'} do so.`,
  follow_up_pending: ({ request, by, policies }) =>
    `${quote(by)} broke the glass for request ${quote(request)} against ${policies.map(quote).join(', ')}, and the review of that is still owed: have it settled first.`,
  no_follow_up: ({ request }) => `Request ${quote(request)} owes no review.`,
  own_follow_up: ({ request, actor }) =>
    `${quote(actor)} broke the glass for request ${quote(request)} and cannot review that: somebody else has to.`,
  not_due: ({ request, verb, dueAt }) =>
    `It is too early to ${words(verb)} request ${quote(request)}: that is due at ${new Date(dueAt).toISOString()}.`,
  already_reviewed_by_others: ({ request, reviews }) =>
    `Request ${quote(request)} has ${reviews} review(s) and can no longer be cancelled: ask a reviewer to reject it.`,
  invalid_transition: ({ lifecycle, state, action, possible }) =>
    `In state ${state}, ${lifecycle} has no ${quote(action)}; possible there: ${possible.join(', ') || 'nothing'}.`,
  waiting_for_approval: ({ lifecycle, state, action, waiting }) =>
    `This ${lifecycle} is in state ${state}: ${quote(waiting)} waits for approval, and until then ${quote(action)} is impossible.`,
  still_referenced: ({ lifecycle, action, references }) =>
    `This ${lifecycle} is still in use by ${references.join(', ')}: it is too early to ${action}.`,
  follows_state: ({ type, id, property, says, state, possible }) =>
    `${quote(property)} of ${type} ${quote(id)} follows its state, and is ${says} in ${quote(state)}: leave it out, or ask for an action (${possible.join(', ') || 'none leads to another state'}).`,
  transition_rejected: ({ lifecycle, state, action, problem }) =>
    `In state ${state}, this ${lifecycle} refuses to ${action}: ${problem}.`,
  workflow_off: ({ request, project, verb }) =>
    `The approval workflow is off ${project === '' ? 'in the organization' : `in project ${quote(project)}`}: nobody can ${words(verb)} request ${quote(request)} until it is on again.`,
  switched_off: ({ request, verb }) =>
    `The approval workflow was switched off while request ${quote(request)} waited, so nobody can ${words(verb)} it: tick() makes a draft of it, which its requester can submit again.`,
  not_switched_off: ({ request }) =>
    `The approval workflow was not switched off since request ${quote(request)} was put to its reviewers: it stays before them.`,
  not_permitted: ({ actor, project, missing, policies }) =>
    `${quote(actor)} needs ${missing.map(quote).join(', ') || 'a permission'} ${project === '' ? 'in the organization' : `in project ${quote(project)}`} ${policies ? `to silence ${policies.map(quote).join(', ')}` : 'for this'}.`,
  not_an_editor: ({ type, id, actor, editors }) =>
    `${type} ${quote(id)} is restricted to ${editors.map(quote).join(', ')}: ${quote(actor)} cannot edit it.`,
  beyond_own_permissions({ actor, role = '', user, missing, policies }) {
    if (missing.length > 0)
      return `${quote(actor)} cannot give or take role ${quote(role)}, which holds ${missing.map(quote).join(', ')} and so can do more.`
    const ask = `Ask somebody who has that say too, or who may change ${policies.length === 1 ? 'this policy' : 'these policies'}.`
    return user === undefined
      ? `${quote(actor)} cannot give, take or redefine role ${quote(role)}: its holders have a say in ${policies.map(quote).join(', ')}. ${ask}`
      : `${quote(actor)} cannot let ${quote(user)} join or leave, or be another person: ${policies.map(quote).join(', ')} ${policies.length === 1 ? 'gives' : 'give'} this user a say by name. ${ask}`
  },
  own_account: ({ actor, account }) =>
    `${quote(actor)} is the person behind account ${quote(account)} and cannot part it from themselves: another admin has to.`,
  preview_outdated: ({ seen, digest }) =>
    `The change would not do what you saw any more: it has digest ${digest}, you saw ${seen}. Preview it again.`,
  unknown_role: ({ role, known }) =>
    `There is no role ${quote(role)}; known are ${known.map(quote).join(', ') || 'none'}.`,
  role_in_use: ({ role, holders }) =>
    `Role ${quote(role)} is held by ${holders.map(quote).join(', ')}: take it from them first.`,
  last_admin: ({ admins, permission }) =>
    `Without ${admins.map(quote).join(', ')} nobody ${permission === 'organization_roles.edit' ? '' : 'who can give roles '}would hold ${quote(permission)} any more: give it to somebody else first.`,
  idempotency_mismatch: ({ key }) =>
    `The idempotency key ${quote(key)} was used for another command before: take a new key for a new command.`,
  host_failed: ({ type, id, operation, path, problem, mayLand }) =>
    `The application could not ${operation === 'projectOf' ? 'say the project of' : operation} ${type} ${quote(id)}, which it keeps itself${path === undefined ? '' : `, at ${place(path)}`}: ${problem}. ${mayLand ? 'It is not there, and may still land' : 'Nothing was applied'}; try again.`,
  host_function_failed: ({ function: name, problem, fix }) =>
    `The application's ${name} ${problem}. Nothing was written: ${fix}.`,
  directory_failed: ({ question, problem }) =>
    `The directory could not say ${question}: ${problem}. Nothing was counted; try again when it answers.`,
  contention: ({ verb, attempts }) =>
    `Could not ${verb}: other writers were faster ${attempts} times. Nothing was written; try again.`,
  duplicate_key: ({ collection, index }) => `A record of ${collection} with this ${index} exists already.`,
  version_conflict: ({ collection, key }) => `${collection} ${key} is not at the expected version: read it again.`,
  unreadable_record: ({ collection, key, problem }) =>
    `Record ${key} of ${collection} cannot be read: ${problem}. Restore it from a backup; audit.verify() names every other one.`,
  storage_failed: ({ operation, problem }) => `The storage failed to ${operation}: ${problem}.`,
}

const words = (verb: string) => verb.replaceAll('_', ' ')
const quote = (text: string) => JSON.stringify(text)
const projectNamed = (project: string) => (project === '' ? 'no project' : `project ${quote(project)}`)
const place = (path: string) => (path === '' ? 'its root' : path)

/** Why something was not done, as data: what the pure core returns where the service throws. Narrows on `code`. */
export type Refusal<C extends ErrorCode = ErrorCode> = {
  readonly [K in C]: { readonly code: K; readonly message: string; readonly details: ErrorDetails[K] }
}[C]

/** A value, or the reason why there is none. */
export type Result<T, C extends ErrorCode = ErrorCode> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal<C> }

/** Wraps a value as a successful result. */
export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

/** Makes a refusal, with its message, out of a code and its details. */
export function refuse<C extends ErrorCode>(
  code: C,
  details: ErrorDetails[C],
): { readonly ok: false; readonly refusal: Refusal<C> } {
  return { ok: false, refusal: { code, message: messages[code](details), details } as Refusal<C> }
}

const MARK = Symbol.for('countersign.ApprovalError')

/**
 * The one error that this library throws when it refuses. Narrow on `code`; `details` follows it.
 *
 * Programmer mistakes (an option of the wrong type) are `TypeError` instead.
 */
export class ApprovalError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'ApprovalError'
  /** What happened; stable across versions. */
  readonly code: C
  /** The facts of the refusal; their shape depends on the code. */
  readonly details: ErrorDetails[C]

  constructor(refusal: Refusal<C>, options?: ErrorOptions) {
    super(refusal.message, options)
    this.code = refusal.code
    this.details = refusal.details
    Object.defineProperty(this, MARK, { value: true })
  }
}

/** Throws the `ApprovalError` of a code and its details. */
export function fail<C extends ErrorCode>(code: C, details: ErrorDetails[C], options?: ErrorOptions): never {
  throw new ApprovalError(refuse(code, details).refusal as Refusal<C>, options)
}

/** An {@link ApprovalError} whose `details` narrow with its `code`. */
export type AnyApprovalError = { [C in ErrorCode]: ApprovalError<C> }[ErrorCode]

/** Tells whether something thrown is an `ApprovalError`, also one of another installed copy of this library. */
export function isApprovalError(thrown: unknown): thrown is AnyApprovalError {
  try {
    return typeof thrown === 'object' && thrown !== null && MARK in thrown
  } catch {
    return false
  }
}

/** Tells whether something thrown is an `ApprovalError` of this code. */
export function hasCode<C extends ErrorCode>(thrown: unknown, code: C): thrown is ApprovalError<C> {
  return isApprovalError(thrown) && thrown.code === code
}

/** How much is kept of what foreign code says, in UTF-16 code units. */
const longestMessage = 2_000

/** Says what foreign code threw, whatever that is, as a text that can be stored: reading it may throw again. */
export function messageOf(thrown: unknown): string {
  try {
    const said = String(thrown instanceof Error ? thrown.message : thrown)
    const cut = said.length > longestMessage ? `${said.slice(0, longestMessage)}…` : said
    return cut.toWellFormed().replaceAll('\0', '\ufffd')
  } catch {
    return 'something that cannot be read was thrown'
  }
}
