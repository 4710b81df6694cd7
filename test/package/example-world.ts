import type fastCheck from 'fast-check'
import type { Pool as MysqlPool } from 'mysql2/promise'
import type { Pool } from 'pg'
import type * as zod from 'zod'
import type { Checkpoint, LoggedEvent, Seal } from '../../src/audit.ts'
import type {
  Actor,
  BeganEvent,
  EditQuestion,
  Facts,
  GrantFacts,
  GrantPlan,
  Holdings,
  LaterEvent,
  PolicySet,
  PolicySubject,
  Request,
  RequestCommand,
  RoleFacts,
  Roles,
  SubmitFacts,
} from '../../src/core.ts'
import type {
  ActingApprovals,
  Approvals,
  ChangeRequest,
  Directory,
  Grant,
  JsonObject,
  Lifecycle,
  Policy,
  PolicyInput,
  ResourceType,
  Storage,
} from '../../src/index.ts'
import type { IndexQuery, StoredRecord, Write } from '../../src/storage/adapter.ts'

// What the examples in the comments of the source may use without saying where it comes from. It is only compiled.

/** The document of a feature flag. */
export interface Flag {
  enabled: boolean
  rollout: number
}

export declare const storage: Storage
export declare const directory: Directory
export declare const pool: Pool
export declare const mysqlPool: MysqlPool

/** What people use beside the package. */
export declare const z: typeof zod
export declare const fc: typeof fastCheck
export declare const it: (name: string, run: () => Promise<void>) => void

export declare const flags: ResourceType<Flag>
export declare const approvals: Approvals
export declare const ann: ActingApprovals
export declare const ben: ActingApprovals
/** A request of Ann's that waits for Ben. */
export declare const request: ChangeRequest

/** A policy as its author writes it, those that a tenant has, and the same compiled. */
export declare const policy: PolicyInput
export declare const policies: readonly Policy[]
export declare const inForce: PolicySet
/** A change as policies look at it. */
export declare const change: PolicySubject
export declare const lifecycle: Lifecycle<Flag>
/** The document of a flag. */
export declare const flag: Flag & JsonObject

export declare const roles: Roles
export declare const grants: readonly Grant[]
export declare const holdings: Holdings
export declare const question: EditQuestion
export declare const plan: GrantPlan
export declare const roleFacts: RoleFacts
export declare const grantFacts: GrantFacts

/** What an adapter of a storage is given, and finds. */
export declare const query: IndexQuery
export declare const writes: readonly Write[]
export declare const record: JsonObject
export declare const found: readonly StoredRecord[]

/** A request as the core knows it, what happened to it, and what is asked of it. */
export declare let state: Request
export declare const beganEvent: BeganEvent
export declare const laterEvents: readonly LaterEvent[]
export declare const actor: Actor
export declare const command: RequestCommand
export declare const facts: Facts
export declare const submitFacts: SubmitFacts

/** What the log holds. */
export declare const event: LoggedEvent
export declare const seal: Seal
export declare const checkpoint: Checkpoint
