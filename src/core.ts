export { type RoleFacts, removeRole, saveRole } from './core/access/change-roles.ts'
export { type Grant, holdersOf, rolesIn } from './core/access/grant.ts'
export type { GrantEdit } from './core/access/grant-edit.ts'
export { type Holdings, hasAccess, holdingsOf, requirePermissions } from './core/access/holdings.ts'
export { type Permission, permissions } from './core/access/permissions.ts'
export {
  carryOutPlan,
  type GrantFacts,
  type GrantLine,
  type GrantPlan,
  planGrants,
  type RoleOrUser,
} from './core/access/plan-grants.ts'
export {
  type AccessChange,
  accessOfNew,
  type ChangedAccess,
  changeAccess,
  type EditGround,
  type EditQuestion,
  editorsToTell,
  managementApi,
  mayEdit,
  maySetDefaultAccess,
  type ResourceAccess,
} from './core/access/resource-access.ts'
export { defineRoles, type RoleDefinition, type Roles, rolesWith } from './core/access/role.ts'
export { admit } from './core/change/admit.ts'
export { type ChangeInput, nextValue } from './core/change/change-input.ts'
export type { ChangedPlace, PlaceDifference, PlacePath } from './core/change/changed-place.ts'
export { checkShape } from './core/change/check-shape.ts'
export {
  type Choice,
  type Conflict,
  type ConflictType,
  type Resolution,
  resultConflict,
  type SchemaIssue,
  type Sides,
} from './core/change/conflict.ts'
export { describe } from './core/change/describe.ts'
export { diff } from './core/change/diff.ts'
export { applyPatch } from './core/change/json-patch.ts'
export type { Label, Labels } from './core/change/labels.ts'
export { type Merge, merge } from './core/change/merge.ts'
export { parseJson } from './core/change/parse-json.ts'
export { patchOf } from './core/change/patch-of.ts'
export type { PatchOperation } from './core/change/patch-steps.ts'
export { compilePattern, coversPath, matchesPattern, type Pattern, touchesPattern } from './core/change/pattern.ts'
export {
  atomic,
  byPlace,
  type CompiledShape,
  compileShape,
  type Groups,
  keyedBy,
  type ListKind,
  list,
  type Shape,
  set,
} from './core/change/shape.ts'
export { type LocatedValue, valuesAt } from './core/change/values-at.ts'
export { canonical } from './core/json/canonical.ts'
export { type Digest, digest } from './core/json/digest.ts'
export { equal } from './core/json/equal.ts'
export type { JsonArray, JsonObject, JsonValue } from './core/json/json.ts'
export {
  type Admission,
  defaultLimits,
  defaultPatchLimits,
  type Limits,
  type PatchLimits,
} from './core/json/limits.ts'
export { formatPointer, parsePointer } from './core/json/pointer.ts'
export type { Lifecycle } from './core/lifecycle/define-lifecycle.ts'
export type { Follows } from './core/lifecycle/follow-state.ts'
export type {
  LifecycleMachine,
  MachineContext,
  MachineEvent,
  MachineSnapshot,
  MachineStatus,
  MachineValue,
} from './core/lifecycle/lifecycle-machine.ts'
export type { MachineConfig, MachineState, MachineStep, MoveParams } from './core/lifecycle/machine-config.ts'
export {
  type Details,
  type EditKind as Edits,
  type Effect,
  type Ending,
  endings,
  type Guard,
  type LifecycleState,
  type Move,
  type ResolvedMove,
  type Situation,
} from './core/lifecycle/move.ts'
export {
  type PerformedMove,
  type ProposedMove,
  performDueMove,
  performMove,
  proposeMove,
  stateAfter,
  type WantedMove,
} from './core/lifecycle/perform-move.ts'
export { editAction, possibleActions, shownState } from './core/lifecycle/possible-actions.ts'
export { type Step, stepFrom, type TransitionTable } from './core/lifecycle/transition-table.ts'
export { checkPolicy, lintPolicies } from './core/policy/check/check-policy.ts'
export { parsePolicy } from './core/policy/check/parse-policy.ts'
export type { DirectoryFacts, PolicyFacts, ResourceWords } from './core/policy/check/policy-facts.ts'
export type { Predicate, Vocabulary } from './core/policy/compile/compile-condition.ts'
export { compilePolicies, type PolicySet, withoutPolicy, withPolicy } from './core/policy/compile/policy-set.ts'
export { evaluate } from './core/policy/evaluate/evaluate.ts'
export type { Value } from './core/policy/evaluate/judge-value.ts'
export {
  compareSimulations,
  type SimulatedChange,
  type Simulation,
  type SimulationComparison,
  type SimulationCount,
  type SimulationDifference,
  simulate,
} from './core/policy/evaluate/simulate.ts'
export { describeExplanation, describePolicy } from './core/policy/explain/describe-explanation.ts'
export {
  type Explanation,
  explain,
  explainPolicy,
  type PolicyExplanation,
  type PolicyOutcome,
  type ScopeExplanation,
} from './core/policy/explain/explain.ts'
export type {
  Answer,
  ConditionExplanation,
  TestExplanation,
  ValueExplanation,
} from './core/policy/explain/explain-condition.ts'
export type { Asking, Circumstances, EarlierDocument } from './core/policy/model/circumstances.ts'
export type {
  AnyChange,
  BeforeAfter,
  ChangeAmount,
  Condition,
  Crosses,
  Direction,
  HostPredicate,
  Operator,
} from './core/policy/model/condition.ts'
export { type Duration, milliseconds } from './core/policy/model/duration.ts'
export type { Escalated } from './core/policy/model/escalation.ts'
export type {
  CodedPolicyInput,
  Evaluation,
  Facets,
  LifecycleStep,
  PathOwnership,
  Policy,
  PolicyInput,
  PolicyMatch,
  PolicySubject,
  SafeChange,
} from './core/policy/model/policy.ts'
export type { PolicyFinding, PolicyProblem } from './core/policy/model/policy-finding.ts'
export {
  type Approvers,
  type Escalation,
  type Need,
  type PinnedRequirement,
  type Requirement,
  requirementsJoin,
} from './core/policy/model/requirement.ts'
export { defaultRules, joinRules, type RulesOfConduct } from './core/policy/model/rules-of-conduct.ts'
export { canBeMet, type PeopleAmong } from './core/policy/requirements/can-be-met.ts'
export { describePinned, describeRequirement } from './core/policy/requirements/describe-requirement.ts'
export { fewestApprovals } from './core/policy/requirements/fewest-approvals.ts'
export { namedApprovers } from './core/policy/requirements/named-approvers.ts'
export { decide } from './core/request/decide/decide.ts'
export {
  draft,
  type Submission,
  type SubmitCommand,
  type SubmitFacts,
  submit,
} from './core/request/decide/decide-submission.ts'
export type {
  AbandonCommand,
  ApplyCommand,
  AskedOf,
  BypassCommand,
  ComeDueCommand,
  CommentCommand,
  ConfirmCommand,
  ContentCommand,
  DescribeCommand,
  Facts,
  FollowUpCommand,
  GlassCommand,
  NextContent,
  OfType,
  OtherCommand,
  OutsideFacts,
  ReclaimCommand,
  RequestCommand,
  ReviewCommand,
  SetTimeCommand,
  SettleCommentCommand,
  TargetFacts,
  TimeCommand,
  WithdrawCommand,
} from './core/request/model/command.ts'
export type { CommentAnchor, CommentResolution, CommentState, WantedAnchor } from './core/request/model/comment.ts'
export type {
  ClockMove,
  Content,
  OpenRebase,
  PathStep,
  PinnedMove,
  ProposedChange,
  Reverted,
} from './core/request/model/content.ts'
export type { Decision, FactName, Undecided } from './core/request/model/decision.ts'
export type {
  Actor,
  BeganEvent,
  CommentedEvent,
  CommentSettledEvent,
  ContentEvent,
  EscalatedEvent,
  FollowUpEvent,
  GlassEvent,
  KnownPerson,
  LaterEvent,
  LeftOut,
  OtherEvent,
  Pinned,
  RequestEvent,
  ReviewEvent,
  Target,
  TimeSetEvent,
  WarnedEvent,
} from './core/request/model/event.ts'
export { begin, evolve } from './core/request/model/evolve.ts'
export type { FollowUp, GlassBroken, PendingFollowUp } from './core/request/model/follow-up.ts'
export type { Hold } from './core/request/model/hold.ts'
export type { Objection, Subject } from './core/request/model/objection.ts'
export type {
  Application,
  Applied,
  AppliedRevision,
  Applying,
  Approved,
  Failed,
  Outcome,
  Pending,
} from './core/request/model/outcome.ts'
export type { PolicySetState } from './core/request/model/policy-set-state.ts'
export type { Addition, Request } from './core/request/model/request.ts'
export type { OpenTime, Schedule } from './core/request/model/schedule.ts'
export {
  type MethodOf,
  type PeopleVerb,
  type RequestMethod,
  type RequestStatus,
  type RequestVerb,
  type Role,
  type VerbRow,
  verbs,
} from './core/request/model/status-table.ts'
export type { ApprovalLimits, AskedNeed, ResourcePlace } from './core/review/approval-limits.ts'
export type { ApprovalStanding, PolicyStanding, StandIn, SuppliableNeed } from './core/review/approval-standing.ts'
export type { MissingNeed, PolicyTally, Tally } from './core/review/tally.ts'
export type { JudgedAt, KnownUsers, Review, UnderReview, Verdict } from './core/review/under-review.ts'
export type { KnownUser } from './core/review/voter.ts'
export type { ErrorCode, ErrorDetails } from './errors/error-details.ts'
export type { Refusal, Result } from './errors/result.ts'
