import type { Details } from '../../core/lifecycle/move.ts'
import { checkKeys, checkText } from '../arguments/check-arguments.ts'
import { checkDetails } from '../arguments/check-change.ts'
import { type CommentPlace, checkAnchor, checkComment } from '../arguments/check-comment.ts'
import type { KeyOptions, VerbOptions } from '../arguments/verb-options.ts'
import type { ActorCommands, RequestOutcome } from './actor-commands.ts'
import { behalfOf, checkOptions, seenOf } from './check-submission.ts'

/** How one actor answers a request. `ActingRequests` lists the codes that all of its verbs can throw. */
export interface RequestReviews {
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
   * - `invalid_input` for details that the action does not leave to approvers, or that are named already;
   *   `transition_rejected` for those that its guard refuses.
   */
  approve(request: string, options: ApproveOptions): Promise<RequestOutcome>
  /**
   * Rejects the content with this digest. Ends the request, unless a policy has rejections block it instead. Takes a
   * reason, unless all policies do without.
   *
   * @example
   * ```ts
   * await ben.requests.reject(request.id, { digest: request.digest, reason: 'not during the sale' })
   * ```
   *
   * @throws `self_approval`, `not_an_approver`, `not_delegated`, `digest_mismatch`, `reason_required`,
   * `already_reviewed`.
   */
  reject(request: string, options: AnsweringOptions): Promise<RequestOutcome>
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
  requestChanges(request: string, options: RequestChangesOptions): Promise<RequestOutcome>
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
   * Adds a comment, in whatever state the request is. A comment is not a review. `comments` of `get` lists them.
   *
   * @example
   * ```ts
   * await ben.requests.comment(request.id, 'Which market first?', { anchor: { path: '/rollout' } })
   * ```
   *
   * @throws `reason_required` if the text is blank; `limit_reached` if the request has too many comments;
   * `invalid_input` if the anchor is no place of the change; `digest_mismatch` if it speaks of other content.
   */
  comment(request: string, text: string, options?: CommentOptions): Promise<RequestOutcome>
  /**
   * Resolves a comment: nothing is left to be done about it. Its author, the requester, the contributors and everybody
   * who has reviewed the request or could reject it can do that. Applies nothing by itself: `tick` does, if the comment
   * was the last thing that kept an approved request waiting.
   *
   * @example
   * ```ts
   * const [comment] = (await ben.requests.get(request.id)).comments
   * if (comment) await ben.requests.resolveComment(request.id, comment.id)
   * ```
   *
   * @throws `unknown_comment`, `comment_resolved` if it is resolved already, `not_a_participant`.
   */
  resolveComment(request: string, comment: string, options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Takes a resolved comment up again. Whoever can comment can do that.
   *
   * @example
   * ```ts
   * const [comment] = (await ben.requests.get(request.id)).comments
   * if (comment?.resolved) await ben.requests.reopenComment(request.id, comment.id, { reason: 'not quite' })
   * ```
   *
   * @throws `unknown_comment`, `comment_open` if it is not resolved.
   */
  reopenComment(request: string, comment: string, options?: VerbOptions): Promise<RequestOutcome>
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
export interface ApproveOptions extends AnsweringOptions {
  /**
   * Details that the action leaves to approvers, and that nobody has named yet: `{ winner: 'b' }`. They become part of
   * the content, which gets another digest: earlier approvals have to be given again, for that content. Takes no
   * permission to edit, and makes nobody a contributor.
   *
   * @defaultValue none: the content is approved as it is
   */
  readonly details?: Details | undefined
}

/** Options of `reject`. */
export interface AnsweringOptions extends VerbOptions, AnswerOptions {
  /** Digest of the content being reviewed; refused with `digest_mismatch` if it changed. */
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

/** Options of `comment`. */
export interface CommentOptions extends KeyOptions {
  /**
   * The place that the comment is about.
   *
   * @defaultValue none: the comment is about the request as a whole
   */
  readonly anchor?: CommentPlace | undefined
}

/** Options of `requestChanges`. */
export interface RequestChangesOptions extends AnsweringOptions {
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

/** The verbs by which people answer. */
export function requestReviews(ask: ActorCommands['ask']): RequestReviews {
  const review =
    (type: 'reject' | 'request_changes') => async (id: string, options: AnsweringOptions | RequestChangesOptions) => {
      checkOptions(options, 'digest', 'onBehalfOf')
      return await ask(id, { type, seen: seenOf(options), ...behalfOf(options) }, options)
    }
  const settling =
    (type: 'resolve_comment' | 'reopen_comment') =>
    async (id: string, comment: string, options: VerbOptions = {}) => {
      checkOptions(options)
      return await ask(id, { type, comment: checkComment(id, comment) }, options)
    }
  return {
    async approve(id, options) {
      checkOptions(options, 'digest', 'onBehalfOf', 'details')
      const details = options.details === undefined ? undefined : checkDetails('options.details', options.details)
      const named = details && { details, rewrite: { type: 'name', details } as const }
      return await ask(id, { type: 'approve', seen: seenOf(options), ...behalfOf(options), ...named }, options)
    },
    reject: review('reject'),
    requestChanges: review('request_changes'),
    async withdraw(id, options = {}) {
      checkOptions(options, 'onBehalfOf')
      return await ask(id, { type: 'withdraw', ...behalfOf(options) }, options)
    },
    async comment(id, text, options = {}) {
      checkKeys('options', options, ['idempotencyKey', 'anchor'])
      const { anchor: place, ...key } = options
      const anchor = place === undefined ? {} : { anchor: checkAnchor(place) }
      return await ask(id, { type: 'comment', ...anchor }, { ...key, reason: checkText('text', text) })
    },
    resolveComment: settling('resolve_comment'),
    reopenComment: settling('reopen_comment'),
    async followUp(id, options) {
      checkOptions(options, 'digest')
      return await ask(id, { type: 'follow_up', seen: seenOf(options) }, options)
    },
  }
}
