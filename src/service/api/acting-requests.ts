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

/** What one actor can do with requests. */
export interface ActingRequests {
  /** Reads a request as a reviewer needs it: its content, what it still lacks, and what the reader can do. */
  get(id: string): Promise<ChangeRequest>
  /** Lists requests, the newest first. */
  list(filter?: RequestFilter): Promise<RequestPage>
  /**
   * Lists the requests that wait for an approval of the actor's, the oldest first: those that they `can` approve and
   * have not answered yet, if an approval would count now: at its stage, and beside the ones that are given. Also
   * those that they may answer for somebody else, which say for whom.
   */
  inbox(filter?: InboxFilter): Promise<InboxPage>
  /** Lists the follow-up reviews that are still to be done because somebody broke the glass, the oldest first. */
  followUps(): Promise<readonly PendingFollowUp[]>

  /**
   * Puts a request to its reviewers: a draft, a request of which they asked changes, or one that has ended without
   * being applied. Today's policies say who they are.
   */
  submit(request: string, options?: AskOptions): Promise<RequestOutcome>
  /**
   * Edits the proposed content of a request, going on from what it makes of the resource so far. Dismisses reviews,
   * unless every policy keeps them.
   */
  edit<T>(
    request: string,
    ref: ResourceRef<T>,
    change: WantedChange<NoInfer<T>>,
    options?: VerbOptions,
  ): Promise<RequestOutcome>
  /** Moves a request onto what is live by now, by three-way merge. May leave conflicts. */
  rebase(request: string, options?: VerbOptions): Promise<RequestOutcome>
  /** Answers conflicts that a rebase left. An answer names the digest of the conflict that it answers. */
  resolve(request: string, resolutions: readonly Resolution[], options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Sets when a request is to be applied once approved; with `null`, it is applied as soon as it is approved. The
   * time is part of what reviewers agree to.
   */
  schedule(request: string, applyAt: number | null, options?: VerbOptions): Promise<RequestOutcome>
  /** Makes a draft of a request again. */
  recall(request: string, options?: VerbOptions): Promise<RequestOutcome>
  /** Ends one's own request, or one's own draft. */
  cancel(request: string, options?: VerbOptions): Promise<RequestOutcome>

  /**
   * Approves the content with this digest. The last approval that is needed applies the change, unless a policy has
   * that done by hand.
   */
  approve(request: string, options: ApproveOptions): Promise<RequestOutcome>
  /** Rejects the content with this digest. Ends the request, unless a policy has rejections block it instead. */
  reject(request: string, options: RejectOptions): Promise<RequestOutcome>
  /** Asks the requester to change something and submit again. */
  requestChanges(request: string, options: RejectOptions): Promise<RequestOutcome>
  /**
   * Takes back one's own answer, one that was given on one's behalf, or one that one gave for somebody else. That
   * takes what giving it takes: a delegation that is over lifts nothing, and whoever may not object any more cannot
   * lift what they objected. One's own approval can always be taken back.
   *
   * `onBehalfOf` says whose answer it is; one's own id is one's own. Needed if the actor has more than one.
   *
   * @throws `no_review`, `not_delegated`, `not_an_approver`, `self_approval`, `contributor`; `invalid_input` if it is
   * not clear which answer is meant.
   */
  withdraw(request: string, options?: WithdrawOptions): Promise<RequestOutcome>
  /** Adds a comment. A comment is not a review. */
  comment(request: string, text: string, options?: KeyOptions): Promise<RequestOutcome>
  /**
   * Applies an approved request whose policies want that done by hand, or tries one again that failed. Everything is
   * judged again.
   */
  apply(request: string, options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Stops retrying a write to an external system that has not confirmed it. The request fails and its resources are
   * unlocked. Takes a reason.
   *
   * @throws `delivery_in_progress` while an attempt is running.
   */
  abandon(request: string, options: VerbOptions): Promise<RequestOutcome>
  /**
   * Applies the content with this digest without the approvals that it lacks, for those whom all of its policies let
   * do so, on record as what it is.
   */
  bypass(request: string, options: BypassOptions): Promise<RequestOutcome>
  /**
   * Applies the content with this digest in an emergency, without the approvals that it lacks, for those whom all of
   * its policies let do so. Everyone concerned is told, and a follow-up review is required. Until it is done, neither
   * this person nor anyone under the same policy can break glass again.
   */
  breakGlass(request: string, options: BreakGlassOptions): Promise<RequestOutcome>
  /**
   * Reviews afterwards what was applied by breaking the glass; the reason says what was found. Done by those who
   * could have approved it.
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
  /** The user who has delegated this answer to the actor. Left out: it is the actor's own. */
  readonly onBehalfOf?: string | undefined
}

/** Options of `withdraw`. */
export interface WithdrawOptions extends VerbOptions {
  /** The user whose answer it is. Left out: the only one that the actor gave, or that was given for them. */
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
  /** Ids of the approvers to notify. Defaults to all of them. Approvers not listed can still review. */
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
