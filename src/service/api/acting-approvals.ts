import type { VerbOptions } from '../arguments/verb-options.ts'
import type { ChangeRequest } from '../requests/request-summary.ts'
import type { ChangeOf, Preview, SubmitOptions, SubmitOutcome } from '../requests/submit-command.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import type { WantedChange } from '../resource-types/wanted-change.ts'
import type { ActingAccess } from './acting-access.ts'
import type { ActingAudit } from './acting-audit.ts'
import type { ActingDelegations } from './acting-delegations.ts'
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
 * `unreadable_record` (something that Countersign was given does not do what it must). Every command can throw
 * `unknown_actor` (the directory does not know who acts), `contention` (other writers were faster every time; nothing
 * was written) and `idempotency_mismatch` (the key was used for another command).
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
   * - `nothing_changed`, `no_policy`, `reason_required`, `locked`.
   * - `unknown_resource`, `invalid_transition`, `still_referenced`, `transition_rejected`, `follows_state`: the life
   *   cycle does not let it.
   */
  submit<T>(ref: ResourceRef<T>, change: WantedChange<NoInfer<T>>, options?: SubmitOptions): Promise<SubmitOutcome>
  /**
   * Submits several changes, on different resources, that land together or not at all. Each policy sees its own
   * resource.
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
   * Begins a request that is not put to anybody yet. Everybody can see and edit it; what is live does not change.
   *
   * @example
   * ```ts
   * const draft = await ann.draft(flags.ref('checkout'), { merge: { rollout: 50 } })
   * await ann.requests.submit(draft.id)
   * ```
   *
   * @throws `limit_reached` if the actor has too many open drafts; the codes of {@link ActingApprovals.submit} but for
   * `nothing_changed`, `no_policy`, `reason_required` and `locked`.
   */
  draft<T>(
    ref: ResourceRef<T>,
    change: WantedChange<NoInfer<T>>,
    options?: Omit<SubmitOptions, 'notify'>,
  ): Promise<ChangeRequest>

  readonly requests: ActingRequests
  readonly resources: ActingResources
  readonly policies: ActingPolicies
  /** Who may do what. */
  readonly access: ActingAccess
  readonly delegations: ActingDelegations
  readonly workflow: ActingWorkflow
  readonly notices: ActingNotices
  readonly audit: ActingAudit
}

/** Options of `submitAll`. */
export interface SubmitAllOptions extends VerbOptions, AskOptions {
  /**
   * When the changes are to be applied once approved, in milliseconds since 1970. Part of what reviewers agree to.
   *
   * @defaultValue none: as soon as they are approved
   */
  readonly applyAt?: number | undefined
}
