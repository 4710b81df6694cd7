import type { Pool } from 'pg'
import type {
  ActingApprovals,
  Approvals,
  ChangeRequest,
  Directory,
  PolicyInput,
  ResourceType,
  Storage,
} from '../../src/index.ts'

/** The document of a feature flag. */
export interface Flag {
  enabled: boolean
  rollout: number
}

// What the examples in the comments of the source may use without saying where it comes from. It is only ever compiled.

export declare const storage: Storage
export declare const directory: Directory
export declare const pool: Pool

export declare const flags: ResourceType<Flag>
export declare const policy: PolicyInput
export declare const approvals: Approvals
export declare const ann: ActingApprovals
export declare const ben: ActingApprovals
/** A request of Ann's that waits for Ben. */
export declare const request: ChangeRequest
