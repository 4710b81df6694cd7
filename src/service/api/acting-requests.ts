import type { Resolution } from '../../core/change/conflict.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { PendingFollowUp } from '../../core/request/model/follow-up.ts'
import { checkId, checkKeys, checkRef, checkText, checkTime, checkUser } from '../arguments/check-arguments.ts'
import { checkDigest, checkResolutions, checkWanted } from '../arguments/check-change.ts'
import type { KeyOptions, VerbOptions } from '../arguments/verb-options.ts'
import { readAgain } from '../commands/read-again.ts'
import type { Context } from '../context/context.ts'
import { listFollowUps } from '../facts/follow-ups.ts'
import { type InboxFilter, type InboxPage, listInbox } from '../queries/inbox.ts'
import { listRequests, type RequestFilter, type RequestPage } from '../queries/list-requests.ts'
import { readRequest } from '../queries/read-request.ts'
import type { ChangeRequest } from '../requests/request-summary.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import type { WantedChange } from '../resource-types/wanted-change.ts'
import type { ActorCommands, RequestOutcome } from './actor-commands.ts'
import { checkOptions, told } from './check-submission.ts'

/**
 * What one actor can do with requests.
 *
 * Besides the codes that every call can throw ({@link ActingApprovals}), every verb on a request can throw
 * `unknown_request`, `not_open` (the verb does not exist in the state of the request), `expired`, `switched_off` and
 * `workflow_off` (approvals are switched off), `content_tampered` (the stored content is not what was reviewed) and
 * `unknown_resource_type` (the application does not declare the type of one of its resources any more).
 *
 * A change that turns out to be impossible when it is applied throws nothing: the request has failed then, and its
 * `failure` says why.
 */
export interface ActingRequests {
  /**
   * Reads a request as a reviewer needs it: its content, what it still lacks, and what the reader can do.
   *
   * @example
   * ```ts
   * const { status, changes, can } = await ben.requests.get(request.id)
   * ```
   *
   * @throws `unknown_request`.
   */
  get(id: string): Promise<ChangeRequest>
  /**
   * Lists requests, the newest first.
   *
   * @example
   * ```ts
   * const { requests, next } = await ann.requests.list({ status: 'pending', limit: 20 })
   * ```
   */
  list(filter?: RequestFilter): Promise<RequestPage>
  /**
   * Lists the requests that wait for the actor's approval, the oldest first: the actor `can` approve, has not answered
   * yet, and an approval would count now. Requests that they may answer for somebody else are listed too, and say for
   * whom.
   *
   * @example
   * ```ts
   * const { requests } = await ben.requests.inbox()
   * ```
   */
  inbox(filter?: InboxFilter): Promise<InboxPage>
  /**
   * Lists the follow-up reviews that are still to be done after somebody broke glass, the oldest first.
   *
   * @example
   * ```ts
   * const [oldest] = await ben.requests.followUps()
   * ```
   */
  followUps(): Promise<readonly PendingFollowUp[]>

  /**
   * Puts a request to its reviewers: a draft, a request of which they asked changes, or one that has ended without
   * being applied. Today's policies say who they are.
   *
   * @example
   * ```ts
   * await ann.requests.submit(request.id, { reason: 'ready' })
   * ```
   *
   * @throws
   * - `not_the_requester`, `not_permitted`, `not_an_editor`.
   * - `nothing_changed`, `no_policy`, `reason_required`, `locked`, `conflicts_open`, `follow_up_pending`;
   *   `limit_reached` if the request remembers too many objections.
   * - `wrong_project`, `invalid_by_schema`, `schema_failed`, `invalid_policy`, `invalid_transition`,
   *   `still_referenced`, `transition_rejected`: the content could not be applied.
   */
  submit(request: string, options?: AskOptions): Promise<RequestOutcome>
  /**
   * Edits the proposed content of a request, going on from what it makes of the resource so far. Dismisses reviews,
   * unless every policy keeps them.
   *
   * @example
   * ```ts
   * await ann.requests.edit(request.id, flags.ref('checkout'), { merge: { rollout: 30 } })
   * ```
   *
   * @throws
   * - `unknown_resource_type`; `unknown_resource` if the request is not about the resource; `unknown_revision`.
   * - `invalid_document`, `invalid_patch`, `invalid_shape`, `invalid_by_schema`, `schema_failed`, `invalid_policy`.
   * - `not_permitted`, `not_an_editor`.
   * - `nothing_changed`, `no_policy`, `reason_required`, `locked`, `conflicts_open`, `limit_reached`.
   * - `invalid_transition`, `still_referenced`, `transition_rejected`, `follows_state`.
   */
  edit<T>(
    request: string,
    ref: ResourceRef<T>,
    change: WantedChange<NoInfer<T>>,
    options?: VerbOptions,
  ): Promise<RequestOutcome>
  /**
   * Rebases a request onto the live revisions, by three-way merge. May leave conflicts.
   *
   * @example
   * ```ts
   * const outcome = await ann.requests.rebase(request.id)
   * console.log(outcome.request.conflicts)
   * ```
   *
   * @throws
   * - `stale` if a resource was removed or made anew meanwhile; `wrong_project`.
   * - `nothing_changed` if the request is up to date; `no_policy`, `reason_required`, `locked`, `follow_up_pending`,
   *   `limit_reached`.
   * - `not_permitted`, `not_an_editor`.
   * - `schema_failed`, `invalid_shape`, `invalid_transition`, `still_referenced`, `transition_rejected`.
   */
  rebase(request: string, options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Answers conflicts that a rebase left. An answer names the digest of the conflict that it answers.
   *
   * @example
   * ```ts
   * const { changes } = await ann.requests.get(request.id)
   * const conflicts = changes.flatMap((change) => change.conflicts)
   * const answers = conflicts.map(({ digest }) => ({ conflict: digest, take: 'draft' }) as const)
   * await ann.requests.resolve(request.id, answers)
   * ```
   *
   * @throws `invalid_resolution` if an answer is about no conflict of the request, or the conflict does not take it;
   * the codes of {@link ActingRequests.rebase}.
   */
  resolve(request: string, resolutions: readonly Resolution[], options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Sets when a request is to be applied once approved; with `null`, it is applied as soon as it is approved. The
   * time is part of what reviewers agree to.
   *
   * @example
   * ```ts
   * await ann.requests.schedule(request.id, Date.UTC(2030, 0, 15, 9))
   * ```
   *
   * @throws `not_the_requester`, `not_permitted`, `not_an_editor`, `nothing_changed`, `no_policy`, `reason_required`,
   * `locked`, `limit_reached`; `invalid_input` if the time is in the past, or after the deadline of the request.
   */
  schedule(request: string, applyAt: number | null, options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Makes a draft of a request again.
   *
   * @example
   * ```ts
   * await ann.requests.recall(request.id)
   * ```
   *
   * @throws `not_the_requester`; `already_reviewed_by_others` if a policy lets the requester do it only before that.
   */
  recall(request: string, options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Ends one's own request, or one's own draft.
   *
   * @example
   * ```ts
   * await ann.requests.cancel(request.id, { reason: 'not needed any more' })
   * ```
   *
   * @throws `not_the_requester`; `already_reviewed_by_others` if a policy lets the requester do it only before that.
   */
  cancel(request: string, options?: VerbOptions): Promise<RequestOutcome>

  /**
   * Approves the content with this digest. The last approval that is needed applies the change, unless a policy has
   * that done by hand.
   *
   * @example
   * ```ts
   * const { id, digest } = await ben.requests.get(request.id)
   * const outcome = await ben.requests.approve(id, { digest })
   * console.log(outcome.request.status) // applied
   * ```
   *
   * @throws
   * - `self_approval`, `contributor`, `not_an_approver`, `not_delegated`: the actor may not give this answer.
   * - `digest_mismatch`, `conflicts_open`, `already_reviewed`.
   */
  approve(request: string, options: ApproveOptions): Promise<RequestOutcome>
  /**
   * Rejects the content with this digest. Ends the request, unless a policy has rejections block it instead.
   *
   * @example
   * ```ts
   * await ben.requests.reject(request.id, { digest: request.digest, reason: 'not during the sale' })
   * ```
   *
   * @throws `self_approval`, `not_an_approver`, `not_delegated`, `digest_mismatch`, `reason_required`,
   * `already_reviewed`.
   */
  reject(request: string, options: RejectOptions): Promise<RequestOutcome>
  /**
   * Asks the requester to change something and submit again.
   *
   * @example
   * ```ts
   * await ben.requests.requestChanges(request.id, { digest: request.digest, reason: 'begin with 10 %' })
   * ```
   *
   * @throws The codes of {@link ActingRequests.reject}.
   */
  requestChanges(request: string, options: RejectOptions): Promise<RequestOutcome>
  /**
   * Takes back an answer: one's own, one given on one's behalf, or one given for somebody else. That takes what giving
   * it takes: a delegation that is over lifts nothing, and whoever may not object any more cannot lift their objection.
   * One's own approval can always be taken back.
   *
   * `onBehalfOf` says whose answer it is; one's own id is one's own. It is required if the actor has more than one.
   *
   * @example
   * ```ts
   * await ben.requests.withdraw(request.id, { reason: 'I had overlooked the mobile app' })
   * ```
   *
   * @throws `no_review`, `not_delegated`, `not_an_approver`, `self_approval`, `contributor`; `invalid_input` if it is
   * not clear which answer is meant.
   */
  withdraw(request: string, options?: WithdrawOptions): Promise<RequestOutcome>
  /**
   * Adds a comment. A comment is not a review.
   *
   * @example
   * ```ts
   * await ben.requests.comment(request.id, 'Which market first?')
   * ```
   *
   * @throws `reason_required` if the text is blank; `limit_reached` if the request has too many comments.
   */
  comment(request: string, text: string, options?: KeyOptions): Promise<RequestOutcome>
  /**
   * Applies an approved request whose policies want that done by hand, or retries one that failed. Everything is
   * checked again.
   *
   * @example
   * ```ts
   * await ann.requests.apply(request.id)
   * ```
   *
   * @throws `approval_missing`, `conflicts_open`, `locked`, `not_permitted`, `not_an_editor`; `not_due` if the request
   * is scheduled for later.
   */
  apply(request: string, options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Stops retrying a write to an external system that has not confirmed it. The request fails and its resources are
   * unlocked. Takes a reason.
   *
   * @example
   * ```ts
   * await ann.requests.abandon(request.id, { reason: 'the legacy system was shut down' })
   * ```
   *
   * @throws `delivery_in_progress` while an attempt is running; `reason_required`, `not_permitted`, `not_an_editor`.
   */
  abandon(request: string, options: VerbOptions): Promise<RequestOutcome>
  /**
   * Applies the content with this digest without the approvals that it lacks. Every policy of the request has to let
   * the actor do that. The log says that it was bypassed.
   *
   * @example
   * ```ts
   * await ben.requests.bypass(request.id, { digest: request.digest, reason: 'agreed by phone' })
   * ```
   *
   * @throws
   * - `bypass_forbidden`, `not_permitted`, `digest_mismatch`, `reason_required`, `conflicts_open`, `locked`.
   * - `stale`, `wrong_project`, `invalid_by_schema`, `schema_failed`, `invalid_policy`, `invalid_transition`,
   *   `still_referenced`, `transition_rejected`: the content cannot be applied.
   */
  bypass(request: string, options: BypassOptions): Promise<RequestOutcome>
  /**
   * Applies the content with this digest in an emergency, without the approvals that it lacks. Every policy of the
   * request has to let the actor do that. Everyone concerned is told, and a follow-up review is required. Until it is
   * done, neither this person nor anyone under the same policy can break glass again.
   *
   * @example
   * ```ts
   * const { id, digest } = request
   * await ben.requests.breakGlass(id, { digest, incident: 'INC-4711', reason: 'checkout is down' })
   * ```
   *
   * @throws `break_glass_forbidden`; `follow_up_pending` if a follow-up review is still to be done; otherwise the codes
   * of {@link ActingRequests.bypass}.
   */
  breakGlass(request: string, options: BreakGlassOptions): Promise<RequestOutcome>
  /**
   * Reviews afterwards what was applied by breaking glass; the reason says what was found. Whoever could have approved
   * it can do that.
   *
   * @example
   * ```ts
   * await ben.requests.followUp(request.id, { digest: request.digest, reason: 'the change was right' })
   * ```
   *
   * @throws `no_follow_up`, `own_follow_up`, `self_approval`, `contributor`, `not_an_approver`, `digest_mismatch`,
   * `reason_required`, `already_reviewed`.
   */
  followUp(request: string, options: FollowUpOptions): Promise<RequestOutcome>
}

/** Options of `approve`. */
export interface ApproveOptions extends VerbOptions, AnswerOptions {
  /** Digest of the content being approved; rejected with `digest_mismatch` if it changed. */
  readonly digest: string
}

/** Whose answer it is. */
export interface AnswerOptions {
  /**
   * The user who has delegated this answer to the actor.
   *
   * @defaultValue none: the answer is the actor's own
   */
  readonly onBehalfOf?: string | undefined
}

/** Options of `withdraw`. */
export interface WithdrawOptions extends VerbOptions {
  /**
   * The user whose answer it is.
   *
   * @defaultValue none: the only answer that the actor gave, or that was given for them
   */
  readonly onBehalfOf?: string | undefined
}

/** Options of `reject` and `requestChanges`. */
export interface RejectOptions extends ApproveOptions {
  /** Why; not blank. */
  readonly reason: string
}

/** Options of `bypass`. */
export interface BypassOptions extends VerbOptions {
  /** Digest of the content being applied; rejected with `digest_mismatch` if it changed. */
  readonly digest: string
  /** Why; not blank. */
  readonly reason: string
}

/** Options of `followUp`. */
export interface FollowUpOptions extends VerbOptions {
  /** Digest of the content being reviewed. */
  readonly digest: string
  /** What the reviewer found; not blank. */
  readonly reason: string
}

/** Options of `breakGlass`. */
export interface BreakGlassOptions extends BypassOptions {
  /** What the host calls the emergency: the number of an incident, or a link to it. */
  readonly incident: string
}

/** Options of verbs that put a request to its reviewers. */
export interface AskOptions extends VerbOptions {
  /**
   * Ids of the approvers to notify. Approvers not listed can still review.
   *
   * @defaultValue none: all approvers are notified
   */
  readonly notify?: readonly string[] | undefined
}

type Ask = ActorCommands['ask']

/** Binds what is about requests to one actor. */
export function actingRequests(context: Context, actor: Actor, { ask }: ActorCommands): ActingRequests {
  const { tenant } = actor
  return {
    async get(id) {
      const request = checkId('request', id)
      return await readAgain(() => readRequest(context, actor, request))
    },
    list: (filter = {}) => listRequests(context, tenant, filter),
    inbox: (filter = {}) => readAgain(() => listInbox(context, actor, filter)),
    followUps: () => listFollowUps(context, tenant),
    ...writing(context, ask),
    ...reviewing(ask),
    ...ending(ask),
  }
}

/** The verbs that bring content, or put it to its reviewers. */
function writing(
  context: Context,
  ask: Ask,
): Pick<ActingRequests, 'submit' | 'edit' | 'rebase' | 'resolve' | 'schedule'> {
  return {
    async submit(id, options = {}) {
      checkOptions(options, 'notify')
      return await ask(id, { type: 'submit', ...told(options) }, options)
    },
    async edit(id, given, change, options = {}) {
      checkOptions(options)
      const { ref } = checkRef(context, given)
      const edits = [{ resource: { type: ref.type, id: ref.id }, change: checkWanted(change, ref) }]
      return await ask(id, { type: 'edit', rewrite: { type: 'edit', edits } }, options)
    },
    async rebase(id, options = {}) {
      checkOptions(options)
      return await ask(id, { type: 'rebase', rewrite: { type: 'rebase' } }, options)
    },
    async resolve(id, given, options = {}) {
      checkOptions(options)
      const resolutions = checkResolutions(given)
      return await ask(id, { type: 'resolve', rewrite: { type: 'resolve', resolutions } }, options)
    },
    async schedule(id, time, options = {}) {
      checkOptions(options)
      const [type, applyAt] =
        time === null ? (['unschedule', undefined] as const) : (['schedule', checkTime('applyAt', time)] as const)
      return await ask(id, { type, rewrite: { type: 'schedule', applyAt } }, options)
    },
  }
}

/** The verbs by which people answer. */
function reviewing(
  ask: Ask,
): Pick<ActingRequests, 'approve' | 'reject' | 'requestChanges' | 'withdraw' | 'comment' | 'followUp'> {
  const review =
    (type: 'approve' | 'reject' | 'request_changes') => async (id: string, options: ApproveOptions | RejectOptions) => {
      checkOptions(options, 'digest', 'onBehalfOf')
      return await ask(id, { type, seen: seenOf(options), ...behalfOf(options) }, options)
    }
  return {
    approve: review('approve'),
    reject: review('reject'),
    requestChanges: review('request_changes'),
    async withdraw(id, options = {}) {
      checkOptions(options, 'onBehalfOf')
      return await ask(id, { type: 'withdraw', ...behalfOf(options) }, options)
    },
    async comment(id, text, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      return await ask(id, { type: 'comment' }, { ...options, reason: checkText('text', text) })
    },
    async followUp(id, options) {
      checkOptions(options, 'digest')
      return await ask(id, { type: 'follow_up', seen: seenOf(options) }, options)
    },
  }
}

/** The verbs that take a request back, or bring it to its end. */
function ending(ask: Ask): Pick<ActingRequests, 'recall' | 'cancel' | 'apply' | 'abandon' | 'bypass' | 'breakGlass'> {
  /** A verb that takes nothing but what every verb takes. */
  const plain =
    (type: 'recall' | 'cancel' | 'apply' | 'abandon') =>
    async (id: string, options: VerbOptions = {}) => {
      checkOptions(options)
      return await ask(id, { type }, options)
    }
  return {
    recall: plain('recall'),
    cancel: plain('cancel'),
    apply: plain('apply'),
    abandon: plain('abandon'),
    async bypass(id, options) {
      checkOptions(options, 'digest')
      return await ask(id, { type: 'bypass', seen: seenOf(options) }, options)
    },
    async breakGlass(id, options) {
      checkOptions(options, 'digest', 'incident')
      const incident = checkId('options.incident', options.incident)
      return await ask(id, { type: 'break_glass', seen: seenOf(options), incident }, options)
    },
  }
}

/** The digest of what the actor saw. */
function seenOf({ digest }: { readonly digest: string }): string {
  return checkDigest('options.digest', digest, 'the request that you read: pass { digest: request.digest }')
}

function behalfOf({ onBehalfOf }: { readonly onBehalfOf?: string | undefined }): { readonly onBehalfOf?: string } {
  return onBehalfOf === undefined ? {} : { onBehalfOf: checkUser('options.onBehalfOf', onBehalfOf) }
}
