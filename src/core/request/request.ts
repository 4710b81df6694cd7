import type { Refusal } from '../../errors.ts'
import type { AppliedRevision, Pinned } from './event.ts'
import type { RequestStatus } from './status.ts'

/** A change request: what is asked of whom, what has been answered, and what became of it. Its content is kept beside it, under its digest. */
export interface Request extends Pinned {
  readonly tenant: string
  readonly id: string
  /** Empty where the resources belong to no project. */
  readonly project: string
  readonly status: RequestStatus
  readonly requester: string
  readonly via: string
  /** In milliseconds since 1970, as all times. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Whether its time came when it could not be applied: from then on, it is applied by hand. */
  readonly scheduleDropped?: true
  /** Who applied it without the approvals that it needed. */
  readonly bypassedBy?: string
  /** Why it failed, while it is failed. */
  readonly failure?: Refusal
  /** What it made, once it is applied. */
  readonly revisions?: readonly AppliedRevision[]
}
