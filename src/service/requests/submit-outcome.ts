import { defined } from '../../core/defined.ts'
import type { LeftOut } from '../../core/request/model/event.ts'
import type { VerbOptions, WantedTime } from '../arguments/verb-options.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import type { WantedChange } from '../resource-types/wanted-change.ts'
import { freeze } from '../values/freeze.ts'
import type { OtherRequest } from './other-requests.ts'
import type { ChangeRequest, RequestedChange, RequestSummary } from './request-summary.ts'

/** Options of `submit`, `preview` and `draft`. */
export interface SubmitOptions extends VerbOptions {
  /**
   * The revision that the change is based on. If another one is live by now, the submission is refused with `stale`.
   *
   * @defaultValue none: whatever revision is live
   */
  readonly base?: number | undefined
  /**
   * When it is to be applied once approved, in milliseconds since 1970. Part of what reviewers agree to. If nobody has
   * to approve it, it waits for its time all the same; the policies are asked anew then.
   *
   * If policies say so (`applyTime: 'open'`), the time can be left open: `'open'`, or `{ from, until }`. Whoever may
   * apply the change sets it later on, by `requests.setTime`, or applies it by hand.
   *
   * @defaultValue none: as soon as it is approved
   */
  readonly applyAt?: WantedTime | undefined
  /**
   * From when on it is not applied any more, whether or not it is approved, in milliseconds since 1970. Part of what
   * reviewers agree to. The request expires then.
   *
   * @defaultValue none: when the request expires
   */
  readonly applyBy?: number | undefined
  /**
   * When the change is taken back by itself, in milliseconds since 1970: a change for a time. Part of what reviewers
   * agree to, and policies are asked about both ways, so that nobody has to approve the revert later, and nobody can
   * call it off. It takes back what the change did, by merge if others have changed the resource meanwhile. The request
   * expires if it is not applied by then.
   *
   * Not for policies, switches and actions of a life cycle, not within a freeze that is known, and at most a year off.
   *
   * @defaultValue none: it stays
   */
  readonly revertAt?: number | undefined
  /**
   * Ids of the approvers to notify. Approvers not listed can still review.
   *
   * @defaultValue none: all approvers are notified
   */
  readonly notify?: readonly string[] | undefined
}

/** One of several changes that land together. */
export interface ChangeOf<T> {
  readonly ref: ResourceRef<T>
  readonly change: WantedChange<NoInfer<T>>
  /**
   * The revision that the change is based on.
   *
   * @defaultValue none: whatever revision is live
   */
  readonly base?: number | undefined
}

/** What became of a submission. */
export type SubmitOutcome =
  | {
      readonly status: 'applied'
      /** Number of the revision that is live from then on; of several changes, that of the first. */
      readonly revision: number
      readonly changes: readonly RequestedChange[]
      /** Of several changes, the resources of which nothing would have changed: they were left out. Absent if none. */
      readonly leftOut?: readonly LeftOut[]
      /**
       * Open requests about the same resources that the actor may read, the newest first: at most twenty. What they
       * were made against is not live any more.
       */
      readonly others: readonly OtherRequest[]
      /**
       * The request that the log keeps it as: of a bypass, and of a change for a time. Absent if nothing gated a change
       * that stays.
       */
      readonly request?: ChangeRequest
    }
  | { readonly status: 'pending'; readonly request: ChangeRequest }
  /** A change that nobody has to approve, and that waits for its time. */
  | { readonly status: 'approved'; readonly request: ChangeRequest }
  /**
   * Of a resource that is kept outside of the database, a change that nobody has to approve: it is still on its way,
   * and `tick` sees to it, or it could not be made, and the request says why.
   */
  | { readonly status: 'applying' | 'failed'; readonly request: ChangeRequest }

/** What became of a change that was made without asking: it is live, on its way, or could not be made. */
export type BypassedOutcome = Exclude<SubmitOutcome, { readonly status: 'pending' }>

/** What a request has come to that was made for a change, by now if more is known of it than when it was made. */
export function outcomeOf(request: ChangeRequest, summary?: RequestSummary): SubmitOutcome {
  const now = summary ? { ...request, ...summary } : request
  const { status, revisions = [], bypassedBy, revertAt, changes, others = [], leftOut } = now
  const [first] = revisions
  if (first) {
    const recorded = bypassedBy === undefined && revertAt === undefined ? {} : { request: now }
    const made = { changes, others, ...defined({ leftOut }) }
    return freeze({ status: 'applied', revision: first.number, ...made, ...recorded })
  }
  const own = ['applying', 'failed', 'approved'] as const
  return freeze({ status: own.find((one) => one === status) ?? 'pending', request: now })
}
