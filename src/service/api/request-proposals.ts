import type { Resolution } from '../../core/change/conflict.ts'
import { defined } from '../../core/defined.ts'
import { checkKeys, checkRef, checkText, checkTime } from '../arguments/check-arguments.ts'
import { checkResolutions, checkWanted } from '../arguments/check-change.ts'
import type { KeyOptions, VerbOptions, WantedTime } from '../arguments/verb-options.ts'
import type { Context } from '../context/context.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import type { WantedChange } from '../resource-types/wanted-change.ts'
import type { ActorCommands, RequestOutcome } from './actor-commands.ts'
import { checkOptions, rescheduled, retimed, seenOf, told, wishOf } from './check-submission.ts'

/**
 * What one actor can do with what a request proposes. `ActingRequests` lists the codes that all of its verbs can
 * throw.
 */
export interface RequestProposals {
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
   * - `cannot_land`, `stale`, `invalid_by_schema`, `schema_failed`, `invalid_policy`, `invalid_transition`,
   *   `still_referenced`, `transition_rejected`: the content could not be applied.
   * - `invalid_input` if the time that was said has passed, and no other one is given.
   */
  submit(request: string, options?: AskOptions): Promise<RequestOutcome>
  /**
   * Edits the proposed content of a request, going on from what it makes of the resource so far. Dismisses reviews,
   * unless every policy keeps them. Policies can say who may edit what waits.
   *
   * An edit function and a patch run on the newest content. Any other change names the digest of the content that it
   * was based on, so that nobody wipes out a colleague's edit.
   *
   * @example
   * ```ts
   * const { id, digest } = await ann.requests.get(request.id)
   * await ann.requests.edit(id, flags.ref('checkout'), { merge: { rollout: 30 } }, { digest })
   * ```
   *
   * @throws
   * - `unknown_resource_type`, `unknown_revision`; `invalid_input` if the request is not about the resource.
   * - `invalid_document`, `invalid_patch`, `invalid_shape`, `invalid_by_schema`, `schema_failed`, `invalid_policy`.
   * - `digest_mismatch` if somebody has edited the request since.
   * - `edit_restricted`, `not_permitted`, `not_an_editor`; `cannot_land` if what comes of it could never be applied.
   * - `nothing_changed`, `no_policy`, `reason_required`, `locked`, `conflicts_open`, `limit_reached`.
   * - `invalid_transition`, `still_referenced`, `transition_rejected`, `follows_state`.
   */
  edit<T>(
    request: string,
    ref: ResourceRef<T>,
    change: WantedChange<NoInfer<T>>,
    options?: EditOptions,
  ): Promise<RequestOutcome>
  /**
   * Makes a request about one more resource: a draft, or one that waits. It is an edit: reviews are dismissed as by
   * `edit`, and `can.add` and the rule `edit` say who may. No approval stands for a resource that its giver has not
   * seen. The policies are asked anew, and locks are taken. A request can be in several projects: then a role counts
   * if it is held in each.
   *
   * @example
   * ```ts
   * await ann.requests.add(request.id, flags.ref('search'), { merge: { rollout: 30 } })
   * ```
   *
   * @throws
   * - `invalid_input` if the request is about the resource already, or about 100 others, or they cannot land together.
   * - `stale` if another revision than the base is live; `unknown_resource`, `wrong_project`.
   * - The codes of {@link ActingRequests.edit}.
   */
  add<T>(
    request: string,
    ref: ResourceRef<T>,
    change: WantedChange<NoInfer<T>>,
    options?: AddOptions,
  ): Promise<RequestOutcome>
  /**
   * Makes a request about one resource less, as an edit: see `add`. Its lock is released. So a request goes on of which
   * one resource was removed, or went to another project.
   *
   * @example
   * ```ts
   * await ann.requests.takeOut(request.id, flags.ref('search'))
   * ```
   *
   * @throws `invalid_input` if the request is not about the resource, or about nothing else: cancel it instead. The
   * codes of {@link ActingRequests.edit}.
   */
  takeOut(request: string, ref: ResourceRef, options?: VerbOptions): Promise<RequestOutcome>
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
   * - `cannot_land` if a resource was removed meanwhile, was made anew, or went to another project.
   * - `up_to_date`, `nothing_changed`, `no_policy`, `reason_required`, `locked`, `follow_up_pending`,
   *   `limit_reached`.
   * - `not_permitted`, `not_an_editor`.
   * - `schema_failed`, `invalid_shape`, `invalid_transition`, `still_referenced`, `transition_rejected`.
   */
  rebase(request: string, options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Answers conflicts that a rebase has left or, of a request that is stale, would leave: then it rebases it besides.
   * An answer names the digest of the conflict that it answers.
   *
   * @example
   * ```ts
   * const { changes } = await ann.requests.get(request.id)
   * const conflicts = changes.flatMap((change) => change.conflicts)
   * const answers = conflicts.map(({ digest }) => ({ conflict: digest, take: 'draft' }) as const)
   * await ann.requests.resolve(request.id, answers)
   * ```
   *
   * @throws
   * - `edit_restricted`, `no_conflicts`.
   * - `invalid_resolution` if an answer is about no conflict of the request, or the conflict does not take it.
   * - The codes of {@link ActingRequests.rebase}.
   */
  resolve(request: string, resolutions: readonly Resolution[], options?: VerbOptions): Promise<RequestOutcome>
  /**
   * Adds to the reason of a request that waits. What reviewers agreed to stays as it is, and is shown first: no digest
   * binds what is added. Each later review says how much had been added. Whoever has reviewed the request is told.
   *
   * @example
   * ```ts
   * await ann.requests.describe(request.id, 'Support has asked for it as well: ticket 812.')
   * ```
   *
   * @throws `not_the_requester`; `reason_required` if the text is blank; `limit_reached` if the reason was added to ten
   * times.
   */
  describe(request: string, text: string, options?: KeyOptions): Promise<RequestOutcome>
  /**
   * Sets when a request is to be applied once approved; with `null`, it is applied as soon as it is approved. The
   * time is part of what reviewers agree to, also one that is left open (`'open'`, `{ from, until }`), and so are
   * `applyBy` and `revertAt`.
   *
   * @example
   * ```ts
   * await ann.requests.schedule(request.id, Date.UTC(2030, 0, 15, 9))
   * ```
   *
   * @throws `not_the_requester`, `not_permitted`, `not_an_editor`, `nothing_changed`, `no_policy`, `reason_required`,
   * `locked`, `limit_reached`, `cannot_land`; `invalid_input` if the time is in the past, or after the deadline of the
   * request.
   */
  schedule(request: string, applyAt: WantedTime | null, options?: ScheduleOptions): Promise<RequestOutcome>
  /**
   * Says when a request is applied whose time was left open; with `null`, it is open again. For whoever may apply it.
   * What reviewers agreed to stays the same, and so do their reviews. A time that comes before the request is approved
   * is missed, and another one can be set.
   *
   * @example
   * ```ts
   * await ann.requests.setTime(request.id, Date.UTC(2030, 0, 15, 9))
   * ```
   *
   * @throws `time_not_open`, `cannot_land`, `not_permitted`, `not_an_editor`; `invalid_input` if the time is in the
   * past, or outside of what was left open.
   */
  setTime(request: string, applyAt: number | null, options?: VerbOptions): Promise<RequestOutcome>
}

/** Options of `schedule`. */
export interface ScheduleOptions extends VerbOptions, Pick<AskOptions, 'applyBy' | 'revertAt'> {}

/** Options of `edit`. */
export interface EditOptions extends VerbOptions {
  /**
   * Digest of the content that the edit was based on; refused with `digest_mismatch` if it changed. Needed unless the
   * change is an edit function or a patch.
   *
   * @defaultValue none: the newest content
   */
  readonly digest?: string | undefined
}

/** Options of `add`. */
export interface AddOptions extends VerbOptions {
  /**
   * The revision that the change is based on. If another one is live by now, it is refused with `stale`.
   *
   * @defaultValue none: whatever revision is live
   */
  readonly base?: number | undefined
}

/** Options of verbs that put a request to its reviewers. */
export interface AskOptions extends VerbOptions {
  /**
   * Ids of the approvers to notify. Approvers not listed can still review.
   *
   * @defaultValue none: all approvers are notified
   */
  readonly notify?: readonly string[] | undefined
  /**
   * When it is to be applied once approved, as in `submit`; `null` for as soon as it is approved. Needed if the time
   * that it was scheduled for has passed, unless its policies let it be applied late.
   *
   * @defaultValue none: the time that it was scheduled for, if it was
   */
  readonly applyAt?: WantedTime | null | undefined
  /**
   * From when on it is not applied any more, as in `submit`; `null` for when it expires. Needed if that has passed.
   *
   * @defaultValue none: what was said before
   */
  readonly applyBy?: number | null | undefined
  /**
   * When the change is taken back by itself, as in `submit`; `null` for never. Needed if that has passed.
   *
   * @defaultValue none: what was said before
   */
  readonly revertAt?: number | null | undefined
}

/** The verbs that bring content, or put it to its reviewers. */
export function requestProposals(context: Context, ask: ActorCommands['ask']): RequestProposals {
  return {
    async submit(id, options = {}) {
      checkOptions(options, 'notify', 'applyAt', 'applyBy', 'revertAt')
      return await ask(id, { type: 'submit', ...told(options), ...retimed(options) }, options)
    },
    async edit(id, given, change, options = {}) {
      checkOptions(options, 'digest')
      const { ref } = checkRef(context, given)
      const wanted = checkWanted(change, ref)
      const edits = [{ resource: { type: ref.type, id: ref.id }, change: wanted }]
      const based = basedOn(wanted, options)
      return await ask(id, { type: 'edit', rewrite: { type: 'edit', edits }, ...based }, options)
    },
    async add(id, given, change, options = {}) {
      checkOptions(options, 'base')
      const { type: _type, ...wish } = wishOf(context, given, { change, base: options.base })
      return await ask(id, { type: 'edit', rewrite: { type: 'add', wish } }, options)
    },
    async takeOut(id, given, options = {}) {
      checkOptions(options)
      const { type, id: name, project } = checkRef(context, given).ref
      const resource = { type, id: name, ...defined({ project }) }
      return await ask(id, { type: 'edit', rewrite: { type: 'take_out', resource } }, options)
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
    async describe(id, text, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      return await ask(id, { type: 'describe' }, { ...options, reason: checkText('text', text) })
    },
    async schedule(id, time, options = {}) {
      checkOptions(options, 'applyBy', 'revertAt')
      const { applyBy, revertAt } = options
      const schedule = rescheduled({ applyAt: time, applyBy, revertAt })
      const type = time === null ? 'unschedule' : 'schedule'
      return await ask(id, { type, rewrite: { type: 'schedule', schedule } }, options)
    },
    async setTime(id, time, options = {}) {
      checkOptions(options)
      const set = time === null ? {} : { applyAt: checkTime('applyAt', time) }
      return await ask(id, { type: 'set_time', ...set }, options)
    },
  }
}

/** What an edit was based on. One that says what comes out, whatever is there by now, has to say. */
function basedOn(change: WantedChange<never>, { digest }: EditOptions): { readonly seen?: string } {
  const says = typeof change === 'object' && change !== null && !('patch' in change)
  if (digest === undefined && !says) return {}
  return { seen: seenOf({ digest: digest as string }) }
}
