import type { Hold } from '../../core/request/model/hold.ts'
import type { RequestStatus } from '../../core/request/model/status-table.ts'
import type { PutOff } from './put-off.ts'

/** How the approval workflow was switched last, in a project or, if that is empty, in the whole tenant. */
export interface WorkflowSwitch {
  readonly project: string
  readonly on: boolean
  /**
   * The state of the settings in which it was last switched off so that what waited goes back to being a draft;
   * absent if it never was.
   */
  readonly switchedOff?: number
  /** What becomes of what waits, while it is off. */
  readonly waiting?: WaitingMode
  /** When it was off, the oldest first; the clocks of what waited stood still meanwhile. */
  readonly holds?: readonly Hold[]
}

/**
 * What happens to requests that wait when the workflow is switched off: they become drafts again, or are held until it
 * is on again.
 */
export type WaitingMode = 'return' | 'hold'

/** That the workflow was switched off, and what waited is not all back to being drafts yet. */
export interface ReturnsRecord {
  readonly tenant: string
  /** Empty if it was switched off in the whole tenant. */
  readonly project: string
  readonly dueAt: number
  readonly putOff?: PutOff
  /** How far the requests that are open have been gone through; absent at the beginning. */
  readonly sweep?: Sweep
  /** Whether requests that waited for the workflow are to be tried again, since it was switched. */
  readonly wake?: true
  /** Who switched it off, through which door. */
  readonly by: string
  readonly via: string
  readonly reason?: string
}

/** A place among the open requests of a project: their status, and the last one of it. */
export interface Sweep {
  readonly status: RequestStatus
  readonly after?: readonly [createdAt: number, id: string]
  /** Whether there was anything to do since the beginning. */
  readonly found: boolean
}
