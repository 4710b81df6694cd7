import { checkId } from '../arguments/check-arguments.ts'
import type { VerbOptions } from '../arguments/verb-options.ts'
import type { ActorCommands, RequestOutcome } from './actor-commands.ts'
import { checkOptions, retimed, seenOf } from './check-submission.ts'
import type { AskOptions } from './request-proposals.ts'

/**
 * How one actor takes a request back, or brings it to its end. `ActingRequests` lists the codes that all of its verbs
 * can throw.
 */
export interface RequestEndings {
  /**
   * Makes a draft of a request again. Its reviews are over, and whoever gave one gets a notice.
   *
   * @example
   * ```ts
   * await ann.requests.recall(request.id)
   * ```
   *
   * @throws `not_the_requester`.
   */
  recall(request: string, options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Ends one's own request, or one's own draft; for users who may change the approval settings, also those of somebody
   * who is gone. Recalling a request that has been reviewed does not make it possible.
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
   * Asks from now on for what somebody has left behind whom the directory does not know any more: a draft, a request
   * that waits, has expired or has failed. For users who may change the approval settings, and may make the change. It
   * is a round of its own: what was approved has to be approved again, and the requester of before counts no more than
   * they did. The reason of the change stays; the one that is given here is in the log. Such users can cancel it as
   * well.
   *
   * @example
   * ```ts
   * await ben.requests.takeOver(request.id, { reason: 'Ann has left' })
   * ```
   *
   * @throws
   * - `requester_present` if the requester is still there; `own_objection` if the actor has rejected it and not taken
   *   that back; `not_permitted`, `not_an_editor`.
   * - Every code of {@link ActingRequests.submit}.
   */
  takeOver(request: string, options?: TakeOverOptions): Promise<RequestOutcome>
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
   * - `stale`, `cannot_land`, `invalid_by_schema`, `schema_failed`, `invalid_policy`, `invalid_transition`,
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
}

/** Options of `takeOver`. */
export interface TakeOverOptions extends VerbOptions, Pick<AskOptions, 'applyAt' | 'applyBy' | 'revertAt'> {}

/** Options of `bypass`. */
export interface BypassOptions extends VerbOptions {
  /** Digest of the content being applied; rejected with `digest_mismatch` if it changed. */
  readonly digest: string
  /** Why; not blank. */
  readonly reason: string
}

/** Options of `breakGlass`. */
export interface BreakGlassOptions extends BypassOptions {
  /** What the host calls the emergency: the number of an incident, or a link to it. */
  readonly incident: string
}

/** The verbs that take a request back, or bring it to its end. */
export function requestEndings(ask: ActorCommands['ask']): RequestEndings {
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
    async takeOver(id, options = {}) {
      checkOptions(options, 'applyAt', 'applyBy', 'revertAt')
      return await ask(id, { type: 'take_over', ...retimed(options) }, options)
    },
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
