import type { Resolution } from '../../core/change/conflict.ts'
import type { Checkpoint } from '../../core/log/checkpoint.ts'
import type { LoggedEvent } from '../../core/log/event-chain.ts'
import type { SimulationComparison } from '../../core/policy/evaluate/simulate.ts'
import type { Policy, PolicyInput } from '../../core/policy/model/policy.ts'
import type { PolicyFinding } from '../../core/policy/model/policy-finding.ts'
import type { OpenDebt } from '../../core/request/model/owed-review.ts'
import type { Delegation } from '../../core/review/delegation.ts'
import type { InProject, KeyOptions, VerbOptions } from '../arguments/verb-options.ts'
import type { AuditReport } from '../audit/audit-report.ts'
import type { Erasable, Erased } from '../audit/erase-texts.ts'
import type { VerifyOptions } from '../audit/read-checkpoints.ts'
import type { ExportLine, LogFilter } from '../audit/read-log.ts'
import type { DelegationInput } from '../facts/delegations.ts'
import type { WaitingFilter, WaitingPage } from '../queries/inbox.ts'
import type { RequestFilter, RequestPage } from '../queries/list-requests.ts'
import type { Comparison, ListedRevision, LiveResource } from '../queries/resource-history.ts'
import type { PastChange, SimulateOptions } from '../queries/simulate-policies.ts'
import type { Waiting } from '../records/record-types.ts'
import type { ChangeRequest, RequestSummary } from '../requests/request-summary.ts'
import type { ChangeOf, Preview, SubmitOptions, SubmitOutcome } from '../requests/submit-command.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import type { Wanted } from '../resource-types/wanted-change.ts'
import type { ActingAccess } from './acting-access.ts'

/** What one actor can do. Every call throws `ApprovalError` where it is refused. */
export interface ActingApprovals {
  /**
   * Makes a change or does an action of the life cycle, or asks for it: it is applied at once where no policy gates it, and otherwise becomes
   * a request.
   *
   * An edit function may run more than once, each time on the document that is live then.
   */
  submit<T>(ref: ResourceRef<T>, change: Wanted<NoInfer<T>>, options?: SubmitOptions): Promise<SubmitOutcome>
  /** The same for several changes, on different resources, that land together or not at all. Each policy sees its own resource. */
  submitAll<const T extends readonly unknown[]>(
    changes: { readonly [K in keyof T]: ChangeOf<T[K]> },
    options?: ReasonAndTime & AskOptions,
  ): Promise<SubmitOutcome>
  /** Says what `submit` would do, and whom it would ask. Writes nothing. */
  preview<T>(ref: ResourceRef<T>, change: Wanted<NoInfer<T>>, options?: SubmitOptions): Promise<Preview>
  /** Begins a request that is not put to anybody yet. Everybody can see and edit it; what is live does not change. */
  draft<T>(
    ref: ResourceRef<T>,
    change: Wanted<NoInfer<T>>,
    options?: Omit<SubmitOptions, 'notify'>,
  ): Promise<ChangeRequest>
  /** Asks for an earlier revision to be live again, or drafts that. The result is a new revision; history stays. */
  revert<T>(ref: ResourceRef<T>, revision: number, options?: RevertOptions): Promise<SubmitOutcome>
  /** Says what `revert` would change, and whom it would ask. Writes nothing. */
  previewRevert<T>(ref: ResourceRef<T>, revision: number, options?: ReasonAndTime): Promise<Preview>

  /** Changes what a request would make of its resource, going on from what it makes of it so far. Takes reviews back, unless a policy keeps them. */
  edit<T>(request: string, ref: ResourceRef<T>, change: Wanted<NoInfer<T>>, options?: VerbOptions): Promise<Done>
  /** Puts a draft to its reviewers. */
  submitDraft(request: string, options?: AskOptions): Promise<Done>
  /** Puts a request to its reviewers again after they asked for changes. */
  resubmit(request: string, options?: AskOptions): Promise<Done>
  /** Puts a request that has ended without being applied to its reviewers anew. */
  reopen(request: string, options?: AskOptions): Promise<Done>
  /** Moves a request onto what is live by now, by three-way merge. May leave conflicts. */
  rebase(request: string, options?: VerbOptions): Promise<Done>
  /** Answers conflicts that a rebase left. An answer names the digest of the conflict that it answers. */
  resolve(request: string, resolutions: readonly Resolution[], options?: VerbOptions): Promise<Done>
  /** Sets when a request is to be applied once approved. The time is part of what reviewers agree to. */
  schedule(request: string, applyAt: number, options?: VerbOptions): Promise<Done>
  /** Takes the time back: the request is applied as soon as it is approved. */
  unschedule(request: string, options?: VerbOptions): Promise<Done>
  /** Makes a draft of a request again. */
  recall(request: string, options?: VerbOptions): Promise<Done>
  /** Ends one's own request. */
  cancel(request: string, options?: VerbOptions): Promise<Done>
  /** Ends one's own draft. */
  discard(request: string, options?: VerbOptions): Promise<Done>

  /** Approves the content that was seen. The last approval that is needed applies the change, unless a policy wants that done by hand. */
  approve(request: string, options: ApproveOptions): Promise<Done>
  /** Rejects the content that was seen. Ends the request, unless a policy has rejections stand in its way instead. */
  reject(request: string, options: RejectOptions): Promise<Done>
  /** Asks the requester to change something and resubmit. */
  requestChanges(request: string, options: RejectOptions): Promise<Done>
  /**
   * Takes back one's own answer, one that was given on one's behalf, or one that one gave for somebody else. That takes what giving it takes: a delegation
   * that is over lifts nothing, and whoever may not object any more cannot lift what they objected. One's own approval can always be taken back.
   *
   * `onBehalfOf` says whose answer it is; one's own id is one's own. Needed where the actor has more than one.
   *
   * @throws `no_review`, `not_delegated`, `not_an_approver`, `self_approval`, `contributor`; `invalid_input` where it is not clear which answer is meant.
   */
  withdraw(request: string, options?: WithdrawOptions): Promise<Done>
  /** Says something that is neither yes nor no. */
  comment(request: string, text: string, options?: KeyOptions): Promise<Done>
  /** Applies an approved request whose policies want that done by hand. Everything is judged again. */
  apply(request: string, options?: VerbOptions): Promise<Done>
  /** Tries a failed request again. Everything is judged again. */
  retry(request: string, options?: VerbOptions): Promise<Done>
  /**
   * Gives up a change on its way to a resource that the host keeps outside of the database, where the host does not take it and nobody knows what became of it: the request
   * fails, and others may change the resource again. Takes a reason. Refused with `on_its_way` while somebody is at it.
   */
  abandon(request: string, options: VerbOptions): Promise<Done>
  /** Applies the content that was seen without the approvals that it lacks, for those whom all of its policies let do so, on record as what it is. */
  bypass(request: string, options: BypassOptions): Promise<Done>
  /**
   * Applies the content that was seen in an emergency, without the approvals that it lacks, for those whom all of its policies let do so. Everyone concerned is told, and a
   * review is owed: until it is settled, the same person breaks no glass, and nobody does against the same policy.
   */
  breakGlass(request: string, options: BreakGlassOptions): Promise<Done>
  /** Reviews afterwards what was applied by breaking the glass; the reason says what was found. Done by those who could have approved it. */
  settleDebt(request: string, options: SettleOptions): Promise<Done>

  readonly requests: {
    /** Reads a request as a reviewer needs it: content, standing, and what the reader can do. */
    get(id: string): Promise<ChangeRequest>
    /** Lists requests, the newest first. */
    list(filter?: RequestFilter): Promise<RequestPage>
    /**
     * Lists the requests that wait for an approval of the actor's, the oldest first: those that they `can` approve, and have not answered yet, where an approval
     * would count now: at its stage, and beside the ones that are given. Also those that they may answer for somebody else, which say for whom.
     */
    waiting(filter?: WaitingFilter): Promise<WaitingPage>
    /** Lists the reviews that are owed because somebody broke the glass, the oldest first. */
    debts(): Promise<readonly OpenDebt[]>
  }
  readonly resources: {
    /** Reads a live resource; undefined where there is none. */
    get<T>(ref: ResourceRef<T>): Promise<LiveResource<T> | undefined>
    /** Lists the revisions of a resource, the newest first. */
    history<T>(ref: ResourceRef<T>, options?: HistoryOptions): Promise<readonly ListedRevision<T>[]>
    /** Compares two revisions of a resource; 0 is the resource that does not exist yet. */
    compare<T>(ref: ResourceRef<T>, from: number, to: number): Promise<Comparison>
  }
  readonly policies: {
    /**
     * Saves a policy: a new one, or the next version of the one with its id; one that is in force as it is stays as it is. Open requests are held to the
     * stricter of both. Where a policy in force gates that, `policy_gated`: submit the change with `policyResource.ref(id)`.
     */
    save(policy: PolicyInput, options?: KeyOptions): Promise<Policy>
    /** Says what is wrong, or only odd, about a policy, beside those in force: errors, warnings, hints. Saves nothing. */
    check(policy: PolicyInput): Promise<readonly PolicyFinding[]>
    /** Compares what other policies would have made of the last applied changes with what those in force make of them. Saves nothing. */
    simulate(policies: readonly PolicyInput[], options?: SimulateOptions): Promise<SimulationComparison<PastChange>>
    /** Lists the policies in force. */
    list(): Promise<readonly Policy[]>
    /** Removes a policy. Requests that it gated keep what it asked. Where a policy in force gates that, `policy_gated`. */
    remove(id: string, options?: KeyOptions): Promise<void>
  }
  /** Who may do what. */
  readonly access: ActingAccess
  readonly workflow: {
    /** Tells whether approvals are asked for in a project, or in the whole tenant where none is named. */
    isOn(where?: InProject): Promise<boolean>
    /**
     * Switches approvals on: policies ask again, and what was held goes on. A project without a switch of its own follows the tenant. If it
     * is on already, nothing happens.
     *
     * @throws ApprovalError `policy_gated` if a policy names `countersign.workflow`: submit the change with `workflowResource.ref(project)`.
     */
    turnOn(options?: InProject & VerbOptions): Promise<void>
    /**
     * Switches approvals off: no policy asks for anything, but of changes of policies, and types that are `gated` stay refused. Requests that wait are neither applied nor lost:
     * they are drafts again, which nobody has approved.
     *
     * @throws ApprovalError `not_permitted` if the actor could not remove each policy that this silences; `policy_gated` if removing one of
     * them, or the switch itself, has to be approved: submit the change with `workflowResource.ref(project)`.
     */
    turnOff(options?: TurnOffOptions): Promise<void>
  }
  readonly delegations: {
    /** Lets somebody else answer for the actor for a time. Whoever answers for somebody counts once, together with them. */
    give(delegation: DelegationInput, options?: KeyOptions): Promise<Delegation>
    /** Ends a delegation of the actor's. What was answered under it stands, until the actor takes it back. */
    end(to: string, options?: KeyOptions): Promise<void>
    /** Lists the delegations that are not over, of everybody. */
    list(): Promise<readonly Delegation[]>
  }
  readonly audit: {
    /** Verifies everything that this tenant has against its log. */
    verify(options?: VerifyOptions): Promise<AuditReport>
    /**
     * Reads the last checkpoint that `tick` has made; undefined where there is none yet. Kept where nobody can change it who can write to
     * the database, it proves later that nothing before it was changed or taken away.
     */
    checkpoint(): Promise<Checkpoint | undefined>
    /** Reads what happened to a request, to a resource, to the policies, what somebody tried and was refused, or whom they let answer for them; the oldest first. */
    events(filter: LogFilter): Promise<readonly LoggedEvent[]>
    /**
     * Erases what people wrote: the reasons, comments and messages of a request, of a resource, of another part of the log, or all that one user wrote.
     * The log says who erased what and why, and can be verified as before. Documents stay.
     */
    erase(what: Erasable, options?: Pick<VerbOptions, 'reason'>): Promise<Erased>
    /** Exports the log with everything that it speaks of, to be written line by line as JSON and verified elsewhere. */
    export(): AsyncIterable<ExportLine>
  }
}

/** What a reviewer says. */
export interface ApproveOptions extends VerbOptions, AnswerOptions {
  /** The `digest` of the request as the reviewer saw it. A request that has another one by now is not approved. */
  readonly seen: string
}

/** Whose answer it is. */
export interface AnswerOptions {
  /** The user who has delegated this answer to the actor. Left out: it is the actor's own. */
  readonly onBehalfOf?: string | undefined
}

/** Which answer is taken back. */
export interface WithdrawOptions extends VerbOptions {
  /** The user whose answer it is. Left out: the only one that the actor gave, or that was given for them. */
  readonly onBehalfOf?: string | undefined
}

/** What a reviewer says who does not approve. */
export interface RejectOptions extends VerbOptions, AnswerOptions {
  /** The `digest` of the request as the reviewer saw it. */
  readonly seen: string
  /** Why; not blank. */
  readonly reason: string
}

/** What somebody says who applies a request without approval. */
export interface BypassOptions extends VerbOptions {
  /** The `digest` of the request as the actor saw it. A request that has another one by now is not applied. */
  readonly seen: string
  /** Why; not blank. */
  readonly reason: string
}

/** What somebody says who reviews afterwards. */
export interface SettleOptions extends VerbOptions {
  /** The `digest` of the request as the reviewer saw it. */
  readonly seen: string
  /** What they found; not blank. */
  readonly reason: string
}

/** What somebody says who breaks the glass. */
export interface BreakGlassOptions extends BypassOptions {
  /** What the host calls the emergency: the number of an incident, or a link to it. */
  readonly incident: string
}

/** What goes with putting a request to its reviewers. */
export interface AskOptions extends VerbOptions {
  /** Those among the approvers who are told, by id; all of them where left out. The others may answer as well. */
  readonly notify?: readonly string[] | undefined
}

/** How approvals are switched off. */
export interface TurnOffOptions extends VerbOptions, InProject {
  /**
   * What becomes of requests that wait: `return`, the default, makes drafts of them, on record; with `hold` they stay as they are, can
   * be cancelled, recalled and commented on, and go on with the approvals that they have when the workflow is on again. Their clocks stand
   * still meanwhile; a moment that one was scheduled for is not made up for.
   */
  readonly waiting?: Waiting | undefined
}

/** What goes with several changes. */
export interface ReasonAndTime extends VerbOptions {
  /** When it is to be applied once approved, in milliseconds since 1970. */
  readonly applyAt?: number | undefined
}

/** What goes with a revert. */
export interface RevertOptions extends ReasonAndTime {
  /** Begins a draft that is not put to anybody yet. */
  readonly draft?: boolean | undefined
}

/** Which revisions to list. */
export interface HistoryOptions {
  /** At most so many, 1 to 200; 50 where left out. */
  readonly limit?: number | undefined
  /** Those before this revision. */
  readonly before?: number | undefined
}

/** The request after a verb. */
export interface Done {
  readonly request: RequestSummary
}
