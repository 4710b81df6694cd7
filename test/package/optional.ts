import type * as root from 'countersign'
import type {
  AccessOptions,
  ActingApprovals,
  ActorInput,
  ApprovalsOptions,
  ApproveOptions,
  Approvers,
  AskOptions,
  BreakGlassOptions,
  BypassOptions,
  DelegationInput,
  Directory,
  DirectoryUser,
  DisableOptions,
  External,
  FollowUpOptions,
  HistoryOptions,
  InboxFilter,
  KeyOptions,
  Labels,
  Lifecycle,
  LimitOptions,
  PolicyInput,
  PolicyMatch,
  RejectOptions,
  RequestFilter,
  ResourceOptions,
  ResourceRef,
  RoleOf,
  RulesOfConduct,
  SimulateOptions,
  SubmitAllOptions,
  SubmitOptions,
  TimeoutOptions,
  VerbOptions,
  WantedChange,
} from 'countersign'
import type { LogFilter, VerifyOptions } from 'countersign/audit'
import type * as lifecycles from 'countersign/lifecycles'
import type { Move } from 'countersign/lifecycles'
import type { EmitterOptions } from 'countersign/notifiers/emitter'

type ActionDefinition = Exclude<NonNullable<ResourceOptions<unknown>['actions']>[string], (...given: never) => unknown>
type ActionInput = Extract<WantedChange<unknown>, { readonly action: unknown }>
type ChangeOf = Parameters<ActingApprovals['submitAll']>[0][number]
type DatabaseClockOptions = NonNullable<Parameters<typeof root.databaseClock>[1]>
type Label = NonNullable<Labels[string]>
type ReferredResource = Parameters<NonNullable<ResourceOptions<unknown>['references']>>[0]
type Scope = Parameters<Directory['users']>[0]

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
  None<Exact<Omit<ApprovalsOptions, 'access' | 'admins'>>>,
  None<Exact<AccessOptions>>,
  None<Exact<TimeoutOptions>>,
  None<Exact<LimitOptions>>,
  None<Exact<EmitterOptions>>,
  None<Exact<DatabaseClockOptions>>,
  None<Exact<ResourceOptions<unknown>>>,
  None<Exact<ActionDefinition>>,
  None<Exact<External<unknown>>>,
  None<Exact<Label>>,
  None<Exact<Move>>,
  None<Exact<ActorInput>>,
  None<Exact<ResourceRef>>,
  None<Exact<ReferredResource>>,
  None<Exact<Scope>>,
  None<Exact<DirectoryUser>>,
  None<Exact<SubmitOptions>>,
  None<Exact<ChangeOf>>,
  None<Exact<ActionInput>>,
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
export type Read = readonly [ActingApprovals, Lifecycle, RulesOfConduct, typeof lifecycles.defineLifecycle]
