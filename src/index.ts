export type { Grant } from './core/access/grant.ts'
export type { GrantEdit } from './core/access/grant-edit.ts'
export type { Level, Permission } from './core/access/levels.ts'
export type { GrantLine } from './core/access/plan-grants.ts'
export type { AccessChange, ResourceAccess } from './core/access/resource-access.ts'
export type { RoleDefinition } from './core/access/role.ts'
export type { ChangeInput } from './core/change/change-input.ts'
export type { ChangedPlace, PlaceDifference, PlacePath } from './core/change/changed-place.ts'
export type { Choice, Conflict, ConflictType, Resolution, SchemaIssue, Sides } from './core/change/conflict.ts'
export type { Digest } from './core/change/digest.ts'
export type { JsonArray, JsonObject, JsonValue } from './core/change/json.ts'
export type { Label, Labels } from './core/change/labels.ts'
export { atomic, byPlace, type Groups, keyedBy, type ListKind, list, type Shape, set } from './core/change/shape.ts'
export type { Lifecycle } from './core/lifecycle/define-lifecycle.ts'
export type {
  LifecycleMachine,
  MachineContext,
  MachineEvent,
  MachineSnapshot,
  MachineStatus,
  MachineValue,
} from './core/lifecycle/lifecycle-machine.ts'
export type { MachineConfig, MachineState, MachineStep, MoveParams } from './core/lifecycle/machine-config.ts'
export type {
  Details,
  Edits,
  Effect,
  Guard,
  LifecycleState,
  Move,
  ResolvedMove,
  Situation,
} from './core/lifecycle/move.ts'
export type { Step, TransitionTable } from './core/lifecycle/transition-table.ts'
export type { Checkpoint, CheckpointSignature, Seal } from './core/log/checkpoint.ts'
export type { LoggedEvent, SaltedText, StreamHead } from './core/log/event-chain.ts'
export type { Condition, Operator } from './core/policy/model/condition.ts'
export type { Duration } from './core/policy/model/duration.ts'
export type { Escalated } from './core/policy/model/escalation.ts'
export type { Policy, PolicyInput, PolicyMatch } from './core/policy/model/policy.ts'
export type { Approvers, Escalation, Need, PinnedRequirement, Requirement } from './core/policy/model/requirement.ts'
export type { RulesOfConduct } from './core/policy/model/rules-of-conduct.ts'
export type { Permissions } from './core/request/decide/permitted-methods.ts'
export type { ClockMove, PinnedMove } from './core/request/model/content.ts'
export type { Application, AppliedRevision, KnownPerson, Target } from './core/request/model/event.ts'
export type { FollowUp, GlassBroken, PendingFollowUp } from './core/request/model/follow-up.ts'
export type { Objection, Subject } from './core/request/model/objection.ts'
export type { Request } from './core/request/model/request.ts'
export type { Revision } from './core/request/model/revision.ts'
export type {
  MethodOf,
  PeopleVerb,
  RequestMethod,
  RequestStatus,
  RequestVerb,
} from './core/request/model/status-table.ts'
export type { ApprovalStanding, PolicyStanding, StandIn, SuppliableNeed } from './core/review/approval-standing.ts'
export type { Delegation } from './core/review/delegation.ts'
export type { MissingNeed, PolicyTally, Tally } from './core/review/tally.ts'
export type { Review, Verdict } from './core/review/under-review.ts'
export { type AnyApprovalError, ApprovalError, hasCode, isApprovalError } from './errors/approval-error.ts'
export type { ErrorCode, ErrorDetails } from './errors/error-details.ts'
export type { Refusal } from './errors/result.ts'
export type { Clock, NewId } from './ports/clock.ts'
export { type Collection, type CollectionName, type Column, collections, type Index } from './ports/collections.ts'
export type { Directory, DirectoryUser, RolesInProject, Scope } from './ports/directory.ts'
export { type Notice, type NoticeType, type Notifier, noticeTypes } from './ports/notifier.ts'
export type { SignatureCheck, Signer } from './ports/signer.ts'
export type {
  IndexQuery,
  KeyPart,
  Page,
  Position,
  RecordKey,
  Storage,
  StoredRecord,
  TransactionalStorage,
  UnreadableRecord,
  Write,
} from './ports/storage.ts'
export type { GrantPreview } from './service/access/grants.ts'
export type { Account } from './service/access/persons.ts'
export type { ActingAccess, RoleOf } from './service/api/acting-access.ts'
export type { ActingApprovals, SubmitAllOptions } from './service/api/acting-approvals.ts'
export type { ActingAudit } from './service/api/acting-audit.ts'
export type { ActingDelegations } from './service/api/acting-delegations.ts'
export type { ActingNotices, NoticePreferences } from './service/api/acting-notices.ts'
export type { ActingPolicies } from './service/api/acting-policies.ts'
export type {
  ActingRequests,
  AnswerOptions,
  ApproveOptions,
  AskOptions,
  BreakGlassOptions,
  BypassOptions,
  FollowUpOptions,
  RejectOptions,
  WithdrawOptions,
} from './service/api/acting-requests.ts'
export type { ActingResources, HistoryOptions } from './service/api/acting-resources.ts'
export type { ActingWorkflow, DisableOptions } from './service/api/acting-workflow.ts'
export type { RequestOutcome } from './service/api/actor-commands.ts'
export type { ActorInput } from './service/arguments/check-arguments.ts'
export type { InProject, KeyOptions, VerbOptions } from './service/arguments/verb-options.ts'
export type { AuditProblem, AuditReport } from './service/audit/audit-report.ts'
export type { Erasable, Erased } from './service/audit/erase-texts.ts'
export type { VerifyOptions } from './service/audit/read-checkpoints.ts'
export type { ExportLine, LogFilter, LogSubject } from './service/audit/read-log.ts'
export { type DatabaseClockOptions, databaseClock } from './service/commands/database-clock.ts'
export type { AccessOptions, Admins } from './service/context/access-control.ts'
export type { Audiences, NoticeRecipient } from './service/context/notice-audiences.ts'
export {
  type Approvals,
  type ApprovalsOptions,
  createApprovals,
  type HostOptions,
  type PeopleOptions,
} from './service/create-approvals.ts'
export type { DelegationInput } from './service/facts/delegations.ts'
export { staticDirectory } from './service/people/static-directory.ts'
export type {
  InboxFilter,
  InboxPage,
  InboxRequest,
} from './service/queries/inbox.ts'
export type { RequestFilter, RequestPage } from './service/queries/list-requests.ts'
export type { Comparison, ListedRevision, LiveResource } from './service/queries/resource-history.ts'
export type { ResourceStanding } from './service/queries/resource-standing.ts'
export type { PastChange, SimulateOptions } from './service/queries/simulate-policies.ts'
export type { WaitingMode } from './service/records/record-types.ts'
export type { EarlierObjection } from './service/requests/earlier-objections.ts'
export type { ChangeRequest, Remedy, RequestedChange, RequestSummary } from './service/requests/request-summary.ts'
export type { ChangeOf, Preview, SubmitOptions, SubmitOutcome } from './service/requests/submit-command.ts'
export { defineResource } from './service/resource-types/define-resource.ts'
export type { BeforeAfter, FacetDefinition, FacetReader } from './service/resource-types/facets.ts'
export type { NeedsOf, PermissionsNeeded } from './service/resource-types/permissions-needed.ts'
export { policyResource } from './service/resource-types/policy-resource.ts'
export type {
  ActionDefinition,
  ActionDetector,
  External,
  ExternalWrite,
  Hosting,
  ProjectOf,
  References,
  ReferredResource,
  ResourceLifecycle,
  ResourceOptions,
  ResourceRef,
  ResourceType,
} from './service/resource-types/resource-type.ts'
export type { ActionInput, RevertInput, WantedChange } from './service/resource-types/wanted-change.ts'
export { type WorkflowDocument, workflowResource } from './service/resource-types/workflow-resource.ts'
export type { TickFailure, TickOptions, TickReport, TickRunning } from './service/tick/tick.ts'
export type { LimitOptions } from './service/values/limits.ts'
export type { TimeoutOptions } from './service/values/timeouts.ts'
