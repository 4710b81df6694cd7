import type { ChangedPlace } from '../../change/changed-place.ts'
import type { JsonValue } from '../../json/json.ts'
import type { Circumstances } from './circumstances.ts'
import type { Condition } from './condition.ts'
import type { Approvers, Escalation, NamedPeople, Need, PinnedRequirement, Requirement } from './requirement.ts'
import type { RulesOfConduct } from './rules-of-conduct.ts'

/**
 * Which changes a policy is about. A part that is absent restricts nothing, except that policies and switches have to
 * be named.
 */
export interface PolicyMatch {
  /**
   * Resource types. `countersign.policy` and `countersign.workflow`, which policies and switches are, have to be named.
   *
   * @defaultValue none: all resource types of the application
   */
  readonly resource?: string | readonly string[] | undefined
  /**
   * Actions: `update`, `create`, `delete`, or one that the resource type declares.
   *
   * @defaultValue none: any action
   */
  readonly action?: string | readonly string[] | undefined
  /**
   * Ids of projects.
   *
   * @defaultValue none: every project, and what belongs to none
   */
  readonly project?: string | readonly string[] | undefined
  /**
   * Attributes that the resource type computes: each has to have one of these values.
   *
   * @defaultValue none: whatever they are
   */
  readonly facets?: Readonly<Record<string, string | readonly string[]>> | undefined
  /**
   * Who asks: it holds if the requester, or anybody who edited the request, is one of these users or holds one of
   * these roles. All accounts of a person are one, and an agent is its owner as well. Whom the directory does not know
   * could be anybody, and a role that it does not know could be anybody's. Judged again when the change is applied.
   *
   * @defaultValue none: whoever asks
   */
  readonly requester?: NamedPeople | undefined
}

/**
 * A kind of change that needs nobody, as far as a policy is concerned: it does not see these places. It still sees
 * whatever else the same change touches.
 */
export type SafeChange =
  /** Any change of the field. */
  | { readonly field: string }
  /** Setting the field to this value, from another one of the same type. */
  | { readonly field: string; readonly to: JsonValue }
  /** Moving the number that way. */
  | { readonly field: string; readonly direction: 'increase' | 'decrease' }

/**
 * Asks the owners of each field that the change touches. Each field is a requirement of its own: who owns several of
 * them speaks for all.
 */
export interface PathOwnership {
  readonly owners: readonly (Need & { readonly field: string })[]
  /**
   * Who is asked for places that nobody owns.
   *
   * @defaultValue none: nobody, as far as this policy is concerned
   */
  readonly otherwise?: Requirement | undefined
}

/** A policy as its author writes it. Plain JSON. */
export interface PolicyInput {
  readonly id: string
  readonly match: PolicyMatch
  /**
   * When approval is needed.
   *
   * @defaultValue none: always
   */
  readonly when?: Condition | undefined
  /**
   * Changes that this policy does not look at.
   *
   * @defaultValue none: it looks at every change
   */
  readonly safe?: readonly SafeChange[] | undefined
  readonly require: Requirement | PathOwnership
  /**
   * Whose rejection cannot be outvoted.
   *
   * @defaultValue none: no veto
   */
  readonly veto?: Approvers | undefined
  /**
   * Who may approve as well once a request has waited for so long.
   *
   * @defaultValue none: nobody else, however long it waits
   */
  readonly escalate?: Escalation | undefined
  /**
   * Rules of conduct. A rule that is not named takes its default.
   *
   * @defaultValue defaultRules
   */
  readonly rules?: { readonly [R in keyof RulesOfConduct]?: RulesOfConduct[R] | undefined } | undefined
  /**
   * Ids of policies that this one stands in for wherever it asks for approval itself.
   *
   * @defaultValue none: it stands in for no other policy
   */
  readonly overrides?: readonly string[] | undefined
  /**
   * Asks only if no policy of the project certainly does, for what a change does.
   *
   * @defaultValue none: it asks whatever others ask
   */
  readonly fallback?: true | undefined
  /**
   * Whether it asks. In `shadow` it asks nobody yet, and what it would have asked is recorded. `off`: it does nothing.
   * Either way it is absent for the other policies: nothing gives way to it, no fallback counts it, and a type that is
   * `gated` needs another one. Switching it off, or to shadow, takes what removing it takes.
   *
   * @defaultValue 'on'
   */
  readonly mode?: 'on' | 'shadow' | 'off' | undefined
}

/** A policy that the application gives in code: it holds in every tenant. */
export interface CodedPolicyInput extends PolicyInput {
  /**
   * Whether it asks while the approval workflow is off. With `asks`, the switch does not concern it: changes that it is
   * about wait for approval, and can be approved and applied, as if the workflow were on.
   *
   * @defaultValue 'silent'
   */
  readonly whileOff?: 'asks' | 'silent' | undefined
}

/** A policy in force. */
export interface Policy extends PolicyInput {
  /**
   * 1 for the first text saved under this id, one more for each later one. Of a policy in code, the `policiesVersion`
   * of its set.
   */
  readonly version: number
  /**
   * That the application gives it in code, or that it stands for a freeze that asks. Left out: it is saved in the
   * tenant.
   */
  readonly source?: 'code' | 'freeze' | undefined
  /** Whether it asks while the workflow is off. Left out: it does not. */
  readonly whileOff?: 'asks' | 'silent' | undefined
}

/** What policies look at: one change of one resource. */
export interface PolicySubject {
  readonly resource: { readonly type: string; readonly id: string }
  readonly project: string | undefined
  /** Every action that the change carries. A detector that failed counts as seen. */
  readonly actions: readonly string[]
  readonly places: readonly ChangedPlace[]
  /**
   * The step that the change takes in the life cycle of the resource. It is part of what the change touches, and lies
   * at no place. Left out: it takes none, and does nothing but change the document.
   */
  readonly step?: LifecycleStep | undefined
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
  /**
   * Whether nobody can say what it changes, so that every condition could be met: of what goes to another project, what
   * becomes of it there, and what it took to come to its state. Left out: its places say it.
   */
  readonly inDoubt?: true | undefined
  /** What the resource type computed for this change. A facet that is missing or null could be anything. */
  readonly facets?: Facets
  /** Who is behind the change, and what was live before. What is left out could be anything. */
  readonly around?: Circumstances | undefined
}

/** A step in the life cycle of a resource: an action, and the live states that it leads from and to. */
export interface LifecycleStep {
  readonly action: string
  /** Left out: it makes the resource. */
  readonly from?: string | undefined
  readonly to: string
}

/** The values of each facet; null if it could not be computed. */
export type Facets = Readonly<Record<string, string | readonly string[] | null>>

/** What the policies in force ask of a change. No requirement: nothing matched. */
export interface Evaluation {
  readonly requirements: readonly PinnedRequirement[]
  /** The strictest of the matching policies' rules. */
  readonly rules: RulesOfConduct
  /**
   * What the policies in shadow would ask as well if all of them were on. It decides nothing. Left out: nothing.
   */
  readonly shadow?: readonly PinnedRequirement[] | undefined
}
