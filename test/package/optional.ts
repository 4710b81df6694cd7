import type {
  AccessOptions,
  ActingApprovals,
  ActionDefinition,
  ActionInput,
  ActorInput,
  ApproveOptions,
  Approvers,
  AskOptions,
  BreakGlassOptions,
  BypassOptions,
  ChangeOf,
  DatabaseClockOptions,
  DelegationInput,
  DirectoryUser,
  DisableOptions,
  External,
  FollowUpOptions,
  HistoryOptions,
  HostOptions,
  InboxFilter,
  KeyOptions,
  Label,
  Lifecycle,
  LimitOptions,
  LogFilter,
  Move,
  PeopleOptions,
  PolicyInput,
  PolicyMatch,
  ReferredResource,
  RejectOptions,
  RequestFilter,
  ResourceOptions,
  ResourceRef,
  RoleOf,
  RulesOfConduct,
  Scope,
  SimulateOptions,
  SubmitAllOptions,
  SubmitOptions,
  TimeoutOptions,
  VerbOptions,
  VerifyOptions,
} from 'countersign'
import type * as core from 'countersign/core'
import type { EmitterOptions } from 'countersign/notifiers/emitter'

/** The optional properties that refuse `undefined`, where an application is compiled with `exactOptionalPropertyTypes`. */
type Exact<T> = T extends unknown
  ? {
      [K in keyof T]-?: object extends Pick<T, K>
        ? { readonly [P in K]: undefined } extends { readonly [P in K]?: T[P] | undefined }
          ? { readonly [P in K]: undefined } extends Pick<T, K>
            ? never
            : K
          : K
        : never
    }[keyof T]
  : never

/** Compiles for `never` alone. */
type None<T extends never> = T

/** Everything that applications hand in: whatever may be left out may be `undefined`. */
export type HandedIn = readonly [
  None<Exact<HostOptions>>,
  None<Exact<Omit<PeopleOptions, 'access' | 'admins'>>>,
  None<Exact<AccessOptions>>,
  None<Exact<TimeoutOptions>>,
  None<Exact<LimitOptions>>,
  None<Exact<EmitterOptions>>,
  None<Exact<DatabaseClockOptions>>,
  None<Exact<ResourceOptions<unknown>>>,
  None<Exact<ActionDefinition<unknown>>>,
  None<Exact<External<unknown>>>,
  None<Exact<Label>>,
  None<Exact<Move>>,
  None<Exact<ActorInput>>,
  None<Exact<ResourceRef>>,
  None<Exact<ReferredResource>>,
  None<Exact<Scope>>,
  None<Exact<DirectoryUser>>,
  None<Exact<SubmitOptions>>,
  None<Exact<ChangeOf<unknown>>>,
  None<Exact<ActionInput<unknown>>>,
  None<Exact<VerbOptions>>,
  None<Exact<KeyOptions>>,
  None<Exact<ApproveOptions>>,
  None<Exact<RejectOptions>>,
  None<Exact<BypassOptions>>,
  None<Exact<BreakGlassOptions>>,
  None<Exact<FollowUpOptions>>,
  None<Exact<AskOptions>>,
  None<Exact<SubmitAllOptions>>,
  None<Exact<DisableOptions>>,
  None<Exact<HistoryOptions>>,
  None<Exact<RequestFilter>>,
  None<Exact<InboxFilter>>,
  None<Exact<LogFilter>>,
  None<Exact<VerifyOptions>>,
  None<Exact<SimulateOptions>>,
  None<Exact<RoleOf>>,
  None<Exact<DelegationInput>>,
  None<Exact<PolicyInput>>,
  None<Exact<PolicyMatch>>,
  None<Exact<Approvers>>,
  None<Exact<NonNullable<PolicyInput['rules']>>>,
]

/** What is only read is compiled as well. */
export type Read = readonly [ActingApprovals, Lifecycle, RulesOfConduct, typeof core.defineLifecycle]
