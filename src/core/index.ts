export type { ErrorCode, ErrorDetails } from '../errors/error-details.ts'
export type { Refusal, Result } from '../errors/result.ts'
export { type RoleFacts, removeRole, saveRole } from './access/change-roles.ts'
export { type Grant, holdersOf, rolesIn } from './access/grant.ts'
export type { GrantEdit } from './access/grant-edit.ts'
export { type Holdings, hasAccess, holdingsOf, requirePermissions } from './access/holdings.ts'
export { type Permission, permissions } from './access/permissions.ts'
export {
  carryOutPlan,
  type GrantFacts,
  type GrantLine,
  type GrantPlan,
  planGrants,
  type RoleOrUser,
} from './access/plan-grants.ts'
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
} from './access/resource-access.ts'
export { defineRoles, type RoleDefinition, type Roles, rolesWith } from './access/role.ts'
export { admit } from './change/admit.ts'
export { canonical } from './change/canonical.ts'
export { type ChangeInput, nextValue } from './change/change-input.ts'
export type { ChangedPlace, PlaceDifference, PlacePath } from './change/changed-place.ts'
export { checkShape } from './change/check-shape.ts'
export {
  type Choice,
  type Conflict,
  type ConflictType,
  type Resolution,
  resultConflict,
  type SchemaIssue,
  type Sides,
} from './change/conflict.ts'
export { describe } from './change/describe.ts'
export { diff } from './change/diff.ts'
export { type Digest, digest } from './change/digest.ts'
export { equal } from './change/equal.ts'
export type { JsonArray, JsonObject, JsonValue } from './change/json.ts'
export { applyPatch } from './change/json-patch.ts'
export type { Label, Labels } from './change/labels.ts'
export { type Admission, defaultLimits, defaultPatchLimits, type Limits, type PatchLimits } from './change/limits.ts'
export { type Merge, merge } from './change/merge.ts'
export { parseJson } from './change/parse-json.ts'
export { patchOf } from './change/patch-of.ts'
export type { PatchOperation } from './change/patch-steps.ts'
export { compilePattern, matchesPattern, type Pattern, touchesPattern } from './change/pattern.ts'
export { formatPointer, parsePointer } from './change/pointer.ts'
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
} from './change/shape.ts'
export { type LocatedValue, valuesAt } from './change/values-at.ts'
export type { Lifecycle } from './lifecycle/define-lifecycle.ts'
export type { Follows } from './lifecycle/follow-state.ts'
export type {
  LifecycleMachine,
  MachineContext,
  MachineEvent,
  MachineSnapshot,
  MachineStatus,
  MachineValue,
} from './lifecycle/lifecycle-machine.ts'
export type { MachineConfig, MachineState, MachineStep, MoveParams } from './lifecycle/machine-config.ts'
export {
  type Details,
  type Edits,
  type Effect,
  type Ending,
  endings,
  type Guard,
  type LifecycleState,
  type Move,
  type ResolvedMove,
  type Situation,
} from './lifecycle/move.ts'
export {
  type PerformedMove,
  type ProposedMove,
  performDueMove,
  performMove,
  proposeMove,
  stateAfter,
  type WantedMove,
} from './lifecycle/perform-move.ts'
export { editAction, possibleActions, shownState } from './lifecycle/possible-actions.ts'
export { type Step, stepFrom, type TransitionTable } from './lifecycle/transition-table.ts'
export { checkPolicy, lintPolicies } from './policy/check/check-policy.ts'
export { parsePolicy } from './policy/check/parse-policy.ts'
export type { DirectoryFacts, PolicyFacts, ResourceWords } from './policy/check/policy-facts.ts'
export type { Predicate, Vocabulary } from './policy/compile/compile-condition.ts'
export { compilePolicies, type PolicySet, withoutPolicy, withPolicy } from './policy/compile/policy-set.ts'
export { evaluate } from './policy/evaluate/evaluate.ts'
export type { Value } from './policy/evaluate/judge-value.ts'
export {
  compareSimulations,
  type SimulatedChange,
  type Simulation,
  type SimulationComparison,
  type SimulationCount,
  type SimulationDifference,
  simulate,
} from './policy/evaluate/simulate.ts'
export { describeExplanation, describePolicy } from './policy/explain/describe-explanation.ts'
export {
  type Explanation,
  explain,
  explainPolicy,
  type PolicyExplanation,
  type PolicyOutcome,
  type ScopeExplanation,
} from './policy/explain/explain.ts'
export type {
  Answer,
  ConditionExplanation,
  TestExplanation,
  ValueExplanation,
} from './policy/explain/explain-condition.ts'
export type {
  AnyChange,
  BeforeAfter,
  ChangeAmount,
  Condition,
  Crosses,
  Direction,
  HostPredicate,
  Operator,
} from './policy/model/condition.ts'
export { type Duration, milliseconds } from './policy/model/duration.ts'
export type { Escalated } from './policy/model/escalation.ts'
export type {
  Evaluation,
  Facets,
  LifecycleStep,
  PathOwnership,
  Policy,
  PolicyInput,
  PolicyMatch,
  PolicySubject,
  SafeChange,
} from './policy/model/policy.ts'
export type { PolicyFinding, PolicyProblem } from './policy/model/policy-finding.ts'
export {
  type Approvers,
  type Escalation,
  type Need,
  type PinnedRequirement,
  type Requirement,
  requirementsJoin,
} from './policy/model/requirement.ts'
export { defaultRules, joinRules, type RulesOfConduct } from './policy/model/rules-of-conduct.ts'
export { canBeMet, type PeopleAmong } from './policy/requirements/can-be-met.ts'
export { describePinned, describeRequirement } from './policy/requirements/describe-requirement.ts'
export { fewestApprovals } from './policy/requirements/fewest-approvals.ts'
export { namedApprovers } from './policy/requirements/named-approvers.ts'
export { decide } from './request/decide/decide.ts'
export {
  draft,
  type Submission,
  type SubmitCommand,
  type SubmitFacts,
  submit,
} from './request/decide/decide-submission.ts'
export type {
  AbandonCommand,
  ApplyCommand,
  AskedOf,
  BypassCommand,
  ComeDueCommand,
  ConfirmCommand,
  ContentCommand,
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
  TargetFacts,
  TimeCommand,
  WithdrawCommand,
} from './request/model/command.ts'
export type { ClockMove, Content, OpenRebase, PinnedMove, ProposedChange } from './request/model/content.ts'
export type { Decision, FactName, Undecided } from './request/model/decision.ts'
export type {
  Actor,
  Application,
  Applied,
  AppliedRevision,
  Applying,
  BeganEvent,
  ContentEvent,
  EscalatedEvent,
  Failed,
  FollowUpEvent,
  GlassEvent,
  KnownPerson,
  LaterEvent,
  OtherEvent,
  Outcome,
  Pinned,
  RequestEvent,
  ReviewEvent,
  Target,
} from './request/model/event.ts'
export { begin, evolve } from './request/model/evolve.ts'
export type { FollowUp, GlassBroken, PendingFollowUp } from './request/model/follow-up.ts'
export type { Hold } from './request/model/hold.ts'
export type { Objection, Subject } from './request/model/objection.ts'
export type { Request } from './request/model/request.ts'
export {
  type MethodOf,
  type PeopleVerb,
  type RequestMethod,
  type RequestStatus,
  type RequestVerb,
  type Role,
  type VerbRow,
  verbs,
} from './request/model/status-table.ts'
export type { ApprovalStanding, PolicyStanding, StandIn, SuppliableNeed } from './review/approval-standing.ts'
export type { MissingNeed, PolicyTally, Tally } from './review/tally.ts'
export type { KnownUsers, Review, UnderReview, Verdict } from './review/under-review.ts'
export type { KnownUser } from './review/voter.ts'
