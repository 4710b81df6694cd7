import type { ResourceAccess } from '../../core/access/resource-access.ts'
import type { RoleDefinition } from '../../core/access/role.ts'
import type { Digest } from '../../core/json/digest.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { Checkpoint, Seal } from '../../core/log/checkpoint.ts'
import type { LoggedEvent, StreamHead } from '../../core/log/event-chain.ts'
import type { Policy } from '../../core/policy/model/policy.ts'
import type { CommentAnchor, CommentResolution } from '../../core/request/model/comment.ts'
import type { Content, ProposedChange } from '../../core/request/model/content.ts'
import type { PendingFollowUp } from '../../core/request/model/follow-up.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Resource, Revision } from '../../core/request/model/revision.ts'
import type { RequestStatus } from '../../core/request/model/status-table.ts'
import type { Position } from '../../ports/storage.ts'
import type * as access from './access-records.ts'
import type { Freeze } from './freeze-records.ts'
import type { OutboxRecord } from './outbox-records.ts'
import type { PutOff } from './put-off.ts'
import type { ReturnsRecord, WorkflowSwitch } from './workflow-records.ts'

/** A request, with the end of its stream and when something is due. */
export interface RequestRecord extends Request {
  /** When something has to happen to it by itself; absent once it has ended. */
  readonly dueAt?: number
  readonly putOff?: PutOff
  /** The version of its records in `targets` and `acrossProjects`, which move together. */
  readonly targetVersion: number
  /**
   * The versions that these had when others came to them, by the names of those: each of them has a version that is so
   * much lower. Absent if all are there since the beginning.
   */
  readonly joined?: Readonly<Record<string, number>>
  /** The names under which it is in `inbox`; absent if it is not. */
  readonly awaited?: readonly string[]
  readonly head: StreamHead
}

/** One content of a request. */
export interface ContentRecord extends Content {
  readonly tenant: string
  readonly request: string
  readonly edition: number
  /** When retention removed the changes; absent while they are kept. */
  readonly notKept?: number
}

/** A comment on a request. */
export interface CommentRecord {
  readonly tenant: string
  readonly request: string
  /** Comments are numbered from 1 on. */
  readonly number: number
  readonly by: string
  readonly via: string
  readonly at: number
  readonly text: string
  readonly anchor?: CommentAnchor
  readonly resolved?: CommentResolution
}

/** That a request is about a resource. */
export interface TargetRecord {
  readonly tenant: string
  readonly type: string
  readonly id: string
  readonly request: string
  readonly status: RequestStatus
  readonly createdAt: number
  readonly updatedAt: number
  /** The project of the request; empty if its resources belong to none, absent if they are in several. */
  readonly project?: string
  readonly requester: string
  /** When the request was made, while it is open. */
  readonly openSince?: number
  /** 1 for one of the resources of each type: a list of a type has the request once. */
  readonly isFirst?: 1
}

/** That a request is in a project, and in others too. */
export interface AcrossRecord {
  readonly tenant: string
  readonly project: string
  readonly request: string
  readonly status: RequestStatus
  readonly createdAt: number
  readonly updatedAt: number
  readonly requester: string
}

/** That a request waits for an approval. */
export interface InboxRecord {
  readonly tenant: string
  /** The user or the role whose approval it is, as `awaitedFrom` names them. */
  readonly approver: string
  readonly request: string
  /** Empty if its resources belong to no project, or to several. */
  readonly project: string
  readonly createdAt: number
}

/** That a request was rejected when it was about to do this, and that nobody took it back. */
export interface ObjectionRecord {
  readonly tenant: string
  readonly effect: Digest
  readonly request: string
}

/** That a request keeps everybody else off a resource. */
export interface LockRecord {
  readonly tenant: string
  readonly type: string
  readonly id: string
  readonly request: string
}

/** How often a resource that is kept outside of the database was claimed, and which change is on its way to it. */
export interface ClaimRecord {
  readonly tenant: string
  readonly type: string
  readonly id: string
  /** The number of the last claim. */
  readonly fence: number
  /** The request whose change is on its way; absent while none is. */
  readonly request?: string
  /** The changes as they land, if they were moved onto the live revisions when they were claimed. */
  readonly rebased?: readonly ProposedChange[]
  /** What was sent for requests that failed, and may still land: the last one last. */
  readonly late?: readonly LateWrite[]
}

/** A document that was sent outside of the database for a request that failed, and may still land. */
export interface LateWrite {
  readonly request: string
  readonly round: number
  /** The revision that it was to be. */
  readonly number: number
  readonly digest: Digest
  /** Who passed the approvals by that it needed, and for which incident. */
  readonly passedBy?: string
  readonly incident?: string
}

/**
 * A resource, with the end of its stream. While the clock could not end its state, `stateDueAt` says when that is
 * tried again: ask `stateEndOf`.
 */
export interface ResourceRecord extends Resource {
  readonly putOff?: PutOff
  readonly head: StreamHead
}

/** A policy in force, or, if `policy` is null, the memory of a removed one. */
export interface PolicyRecord {
  readonly tenant: string
  readonly id: string
  readonly version: number
  /** The version of the tenant's set that this was written with. */
  readonly setVersion: number
  readonly policy: Policy | null
}

/**
 * The settings of a tenant but for its policies, with the end of their stream. Its version moves with every change of
 * any of them.
 */
export interface PolicySetRecord {
  readonly tenant: string
  /** The tenant's own roles. */
  readonly roles?: readonly RoleDefinition[]
  /** Where the approval workflow was switched on or off. */
  readonly workflow?: readonly WorkflowSwitch[]
  /** The set of policies in code that was recorded last. */
  readonly inCode?: RecordedPolicies
  /** When nothing lands, and where. */
  readonly freezes?: readonly Freeze[]
  /** Who was the first to hold the role of an admin. */
  readonly firstAdmin?: string
  /** How many users have left, as the host has said; absent if none has. Who they are is in `departures`. */
  readonly departed?: number
  /** Who edits new resources; everyone if that was never said. */
  readonly defaultAccess?: ResourceAccess['type']
  readonly head: StreamHead
}

/** Which policies in code a tenant has on record: the log has the policies. */
export interface RecordedPolicies {
  readonly version: number
  readonly digest: Digest
}

/** The end of a stream whose owner has no other record. */
export interface StreamRecord {
  readonly tenant: string
  readonly stream: string
  readonly head: StreamHead
  /** How many refusals there were lately, if the stream is one of refusals. */
  readonly window?: RefusalWindow
  /** When what was only counted is to be stated in an event; absent if nothing was. */
  readonly dueAt?: number
  readonly putOff?: PutOff
  /** How far retention has come, if the stream is its own. */
  readonly swept?: Swept
}

/** How far retention has come in a tenant. */
export interface Swept {
  /** For how long documents are kept, in milliseconds. */
  readonly documents: number
  /** The place of the first seal that was not looked at. */
  readonly seals: number
  /** The last revision that was looked at, in the order of their times; absent if none was. */
  readonly revisions?: Position
}

/** The refusals of one actor since the first of them, for some time. */
export interface RefusalWindow {
  readonly from: number
  /** How many have an event of their own. */
  readonly recorded: number
  /** How many more there were: code → number. */
  readonly counted: Readonly<Record<string, number>>
}

/** An event that no checkpoint has sealed yet. */
export interface UnsealedRecord {
  readonly tenant: string
  readonly stream: string
  readonly seq: number
  readonly hash: Digest
  /** When it may be sealed: when it happened. */
  readonly dueAt: number
  readonly putOff?: PutOff
}

/** A checkpoint, with what is needed to make the next one. */
export interface CheckpointRecord extends Checkpoint {
  readonly peaks: readonly Digest[]
}

/** The reviews that a tenant owes. */
export interface FollowUpsRecord {
  readonly tenant: string
  readonly open: readonly PendingFollowUp[]
}

/** The answer to a command that carried an idempotency key. */
export interface IdempotencyRecord {
  readonly tenant: string
  readonly actor: string
  readonly key: string
  /** Digest of the verb and everything that was asked. */
  readonly asked: Digest
  readonly answer: JsonValue
  /** When it may be forgotten. */
  readonly dueAt: number
}

export interface RecordTypes {
  readonly requests: RequestRecord
  readonly contents: ContentRecord
  readonly comments: CommentRecord
  readonly targets: TargetRecord
  readonly acrossProjects: AcrossRecord
  readonly inbox: InboxRecord
  readonly objections: ObjectionRecord
  readonly locks: LockRecord
  readonly claims: ClaimRecord
  readonly resources: ResourceRecord
  readonly revisions: Revision
  readonly events: LoggedEvent
  readonly streams: StreamRecord
  readonly unsealed: UnsealedRecord
  readonly seals: Seal
  readonly checkpoints: CheckpointRecord
  readonly policies: PolicyRecord
  readonly policySets: PolicySetRecord
  readonly returns: ReturnsRecord
  readonly outbox: OutboxRecord
  readonly delegations: access.DelegationRecord
  readonly grants: access.GrantRecord
  readonly holders: access.HolderRecord
  readonly departures: access.DepartureRecord
  readonly preferences: access.PreferencesRecord
  readonly followUps: FollowUpsRecord
  readonly accesses: access.AccessRecord
  readonly idempotencyKeys: IdempotencyRecord
}
