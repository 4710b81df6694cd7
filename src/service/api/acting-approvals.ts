import type { VerbOptions } from '../arguments/verb-options.ts'
import type { ChangeRequest } from '../requests/request-summary.ts'
import type { Preview } from '../requests/submit-command.ts'
import type { BypassedOutcome, ChangeOf, SubmitOptions, SubmitOutcome } from '../requests/submit-outcome.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import type { WantedChange } from '../resource-types/wanted-change.ts'
import type { ActingAccess } from './acting-access.ts'
import type { ActingAudit } from './acting-audit.ts'
import type { ActingDelegations } from './acting-delegations.ts'
import type { ActingFreezes } from './acting-freezes.ts'
import type { ActingNotices } from './acting-notices.ts'
import type { ActingPolicies } from './acting-policies.ts'
import type { ActingRequests } from './acting-requests.ts'
import type { ActingResources } from './acting-resources.ts'
import type { ActingWorkflow } from './acting-workflow.ts'
import type { AskOptions } from './request-proposals.ts'

/**
 * What one actor can do. A call that is refused throws an `ApprovalError`.
 *
 * Each method lists the codes of its own. Besides these, every call can throw `invalid_input` (an argument is missing,
 * misspelt or of the wrong type), `directory_failed`, `host_failed`, `host_function_failed`, `storage_failed` and
 * `unreadable_record` (something that Countersign was given does not do what it must), and `unknown_actor` (the
 * directory does not know who acts). Every command can throw `contention` (other writers were faster every time;
 * nothing was written) and `idempotency_mismatch` (the key was used for another command).
 */
export interface ActingApprovals {
  /**
   * Makes a change or does an action of the life cycle, or asks for it: it is applied at once if no policy gates it,
   * and otherwise becomes a request.
   *
   * An edit function may run more than once, each time on the document that is live then. `{ revertTo: 3 }` brings
   * the document of an earlier revision back, as a new one; history stays.
   *
   * @example
   * ```ts
   * const outcome = await ann.submit(flags.ref('checkout'), { merge: { rollout: 50 } }, { reason: 'launch' })
   * if (outcome.status === 'pending') console.log(outcome.request.id)
   * ```
   *
   * @throws
   * - `unknown_resource_type`, `wrong_project`, `unknown_revision`; `stale` if another revision than the base is live.
   * - `invalid_document`, `invalid_patch`, `invalid_shape`, `invalid_by_schema`, `schema_failed`; `invalid_policy` for
   *   a policy: the change makes no valid document.
   * - `not_permitted`, `not_an_editor`: the actor may not make the change.
   * - `nothing_changed`, `no_policy`, `reason_required`, `locked`; `frozen` if nobody has to approve it, and a freeze
   *   keeps it off.
   * - `unknown_resource`, `invalid_transition`, `still_referenced`, `transition_rejected`, `follows_state`: the life
   *   cycle does not let it.
   */
  submit<T>(ref: ResourceRef<T>, change: WantedChange<NoInfer<T>>, options?: SubmitOptions): Promise<SubmitOutcome>
  /**
   * Submits several changes, on different resources, that land together or not at all. Each policy sees its own
   * resource. A change that changes nothing is left out, and the answer says so in `leftOut`. The resources can be in
   * several projects: whoever asks must be allowed to change each, and a role counts if it is held in each project.
   *
   * @example
   * ```ts
   * await ann.submitAll([
   *   { ref: flags.ref('checkout'), change: { merge: { rollout: 50 } } },
   *   { ref: flags.ref('search'), change: { remove: true } },
   * ])
   * ```
   *
   * @throws The codes of {@link ActingApprovals.submit}; `invalid_input` if the changes cannot land together.
   */
  submitAll<const T extends readonly unknown[]>(
    changes: { readonly [K in keyof T]: ChangeOf<T[K]> },
    options?: SubmitAllOptions,
  ): Promise<SubmitOutcome>
  /**
   * Makes a change at once, and asks nobody. Every policy that gates it has to let the actor bypass it, in each project
   * that the change touches. The log and the history say that it was bypassed, and those who could have approved it are
   * told. If nothing gates the change, it is a plain write. If the actor may not, nothing is written: `submit` asks for
   * it.
   *
   * @example
   * ```ts
   * const off = { merge: { enabled: false } }
   * await ben.bypass(flags.ref('checkout'), off, { reason: 'it breaks the checkout, INC-4711' })
   * ```
   *
   * @throws `bypass_forbidden`, `reason_required`; the codes of {@link ActingApprovals.submit}.
   */
  bypass<T>(
    ref: ResourceRef<T>,
    change: WantedChange<NoInfer<T>>,
    options: BypassChangeOptions,
  ): Promise<BypassedOutcome>
  /**
   * Says what `submit` would do, and whom it would ask. Writes nothing.
   *
   * @example
   * ```ts
   * const { status, approvers } = await ann.preview(flags.ref('checkout'), { merge: { rollout: 50 } })
   * ```
   *
   * @throws The codes of {@link ActingApprovals.submit}.
   */
  preview<T>(ref: ResourceRef<T>, change: WantedChange<NoInfer<T>>, options?: SubmitOptions): Promise<Preview>
  /**
   * Says what `submitAll` would do, and whom it would ask. Writes nothing.
   *
   * @example
   * ```ts
   * const preview = await ann.preview([
   *   { ref: flags.ref('checkout'), change: { merge: { rollout: 50 } } },
   *   { ref: flags.ref('search'), change: { remove: true } },
   * ])
   * ```
   *
   * @throws The codes of {@link ActingApprovals.submitAll}.
   */
  preview<const T extends readonly unknown[]>(
    changes: { readonly [K in keyof T]: ChangeOf<T[K]> },
    options?: SubmitAllOptions,
  ): Promise<Preview>
  /**
   * Begins a request that is not put to anybody yet. Everybody can see and edit it; what is live does not change.
   *
   * @example
   * ```ts
   * const draft = await ann.draft(flags.ref('checkout'), { merge: { rollout: 50 } })
   * await ann.requests.submit(draft.id)
   * ```
   *
   * @throws `limit_reached` if the actor has too many open drafts; the codes of {@link ActingApprovals.submit} but for
   * `nothing_changed`, `no_policy`, `reason_required`, `locked` and `frozen`.
   */
  draft<T>(
    ref: ResourceRef<T>,
    change: WantedChange<NoInfer<T>>,
    options?: Omit<SubmitOptions, 'notify'>,
  ): Promise<ChangeRequest>
  /**
   * Begins a request about several resources that is not put to anybody yet. `requests.add` and `requests.takeOut`
   * change which they are.
   *
   * @example
   * ```ts
   * const draft = await ann.draft([
   *   { ref: flags.ref('checkout'), change: { merge: { rollout: 50 } } },
   *   { ref: flags.ref('search'), change: { remove: true } },
   * ])
   * ```
   *
   * @throws The codes of a draft of one resource; `invalid_input` if the changes cannot land together.
   */
  draft<const T extends readonly unknown[]>(
    changes: { readonly [K in keyof T]: ChangeOf<T[K]> },
    options?: Omit<SubmitAllOptions, 'notify'>,
  ): Promise<ChangeRequest>

  readonly requests: ActingRequests
  readonly resources: ActingResources
  readonly policies: ActingPolicies
  /** Who may do what. */
  readonly access: ActingAccess
  readonly delegations: ActingDelegations
  readonly workflow: ActingWorkflow
  /** When nothing lands, and where. */
  readonly freezes: ActingFreezes
  readonly notices: ActingNotices
  readonly audit: ActingAudit
}

/** Options of `bypass`. */
export interface BypassChangeOptions extends VerbOptions {
  /** Why; not blank. */
  readonly reason: string
  /**
   * The revision that the change is based on. If another one is live by now, the change is refused with `stale`.
   *
   * @defaultValue none: whatever revision is live
   */
  readonly base?: number | undefined
  /**
   * When the change is taken back by itself, as in `submit`.
   *
   * @defaultValue none: it stays
   */
  readonly revertAt?: number | undefined
}

/** Options of `submitAll`. */
export interface SubmitAllOptions
  extends VerbOptions,
    Pick<AskOptions, 'notify'>,
    Pick<SubmitOptions, 'applyAt' | 'applyBy' | 'revertAt'> {}
