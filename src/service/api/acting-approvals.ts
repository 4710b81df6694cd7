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
import type { ActingRequests, AskOptions } from './acting-requests.ts'
import type { ActingResources } from './acting-resources.ts'
import type { ActingWorkflow } from './acting-workflow.ts'

/** What one actor can do. Every call throws `ApprovalError` if it is refused. */
export interface ActingApprovals {
  /**
   * Makes a change or does an action of the life cycle, or asks for it: it is applied at once if no policy gates it,
   * and otherwise becomes
   * a request.
   *
   * An edit function may run more than once, each time on the document that is live then. `{ revertTo: 3 }` brings
   * the document of an earlier revision
   * back, as a new one; history stays.
   *
   * @example
   * const outcome = await ann.submit(flags.ref('checkout'), { merge: { rollout: 50 } }, { reason: 'launch' })
   */
  submit<T>(ref: ResourceRef<T>, change: WantedChange<NoInfer<T>>, options?: SubmitOptions): Promise<SubmitOutcome>
  /**
   * The same for several changes, on different resources, that land together or not at all. Each policy sees its own
   * resource.
   */
  submitAll<const T extends readonly unknown[]>(
    changes: { readonly [K in keyof T]: ChangeOf<T[K]> },
    options?: SubmitAllOptions,
  ): Promise<SubmitOutcome>
  /** Says what `submit` would do, and whom it would ask. Writes nothing. */
  preview<T>(ref: ResourceRef<T>, change: WantedChange<NoInfer<T>>, options?: SubmitOptions): Promise<Preview>
  /** Begins a request that is not put to anybody yet. Everybody can see and edit it; what is live does not change. */
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
  /** When it is to be applied once approved, in milliseconds since 1970. Left out: at once. */
  readonly applyAt?: number | undefined
}
