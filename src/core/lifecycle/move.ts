/**
 * One row of a life cycle, as people write it down: from these states this action leads there, and this is what is
 * shown while it waits for approval.
 */
export interface Move<T = unknown> {
  /** The live state, or states, in which the action exists. */
  readonly from: string | readonly string[]
  readonly action: string
  /**
   * What is shown while the action waits for approval.
   *
   * @defaultValue none: the life cycle itself asks nobody
   */
  readonly pending?: string | undefined
  /**
   * The live state from then on. If the clock ends that state, the action is given the time at which; also if it is the
   * state of before, named here: it then gets another time.
   *
   * @defaultValue the same state as before
   */
  readonly to?: string | undefined
  /**
   * Who does it. `clock`: it happens by itself, at the time that was given when the state was entered.
   *
   * @defaultValue none: people do it
   */
  readonly by?: 'clock' | undefined
  /**
   * Whether the action carries changes of the document: any, or those that touch a critical place, or those that
   * touch none. It then has no effect.
   *
   * @defaultValue none: it carries no changes
   */
  readonly edits?: EditKind | undefined
  /**
   * Actions that stay possible while this one waits.
   *
   * @defaultValue none: the resource is locked
   */
  readonly meanwhile?: readonly string[] | undefined
  /**
   * Whether the action leads in the safe direction, as a kill switch does: it passes every lock, also one that a policy
   * asks for. What waits is stale then. Whether somebody has to approve it is for the policies to say. It carries no
   * changes: `safe` of a policy says which changes of the document are safe.
   *
   * @defaultValue none: it waits until a lock is gone
   */
  readonly safe?: true | undefined
  /**
   * Names of the details that the action takes: `['winner']`. Whoever asks for it or edits the request may give them.
   *
   * @defaultValue none: it takes no details
   */
  readonly takes?: readonly string[] | undefined
  /**
   * Names of those among them that are left to approvers: whoever approves may name one that nobody has given yet,
   * without the permission to edit. Whoever has approved before approves again then.
   *
   * @defaultValue none: approvers name none
   */
  readonly leaves?: readonly string[] | undefined
  /**
   * Refuses the action, by name, while something refers to the resource.
   *
   * @defaultValue none: whatever refers to it
   */
  readonly unreferenced?: true | undefined
  /**
   * Says why the action is impossible just now; `undefined` if it is possible. Asked at submission and again at
   * apply.
   *
   * @defaultValue none: it is always possible
   */
  readonly guard?: Guard<T> | undefined
  /**
   * What the action makes of the document.
   *
   * @defaultValue none: the document stays as it is
   */
  readonly effect?: Effect<T> | undefined
}

/** Which changes of the document an action carries. */
export type EditKind = 'any' | 'critical' | 'other'

/** What was said with an action beyond the action itself. Plain JSON. */
export type Details = Readonly<Record<string, unknown>>

/** What guards and effects look at. */
export interface Situation<T = unknown> {
  /** The document as it is live or, if the action carries changes, as it would be. */
  readonly document: T
  readonly details: Details
  /** What refers to the resource, as people would call it. */
  readonly references: readonly string[]
}

/**
 * Says in a few words why an action is impossible just now; `undefined` if it is possible. If it throws, the action is
 * refused.
 */
export type Guard<T = unknown> = (situation: Situation<T>) => string | undefined

/** Gives the document that an action leads to. If it throws, the action is refused. */
export type Effect<T = unknown> = (situation: Situation<T>) => T

/**
 * Where a resource is in its life cycle.
 *
 * The resource behaves as `live` says. People are shown the `pending` of the action that waits for approval, if there
 * is one, and `live` otherwise.
 */
export interface LifecycleState {
  readonly live: string
  /** The action that waits for approval. */
  readonly waiting?: string
}

/** How waiting ends without the action: nothing has happened, so nothing is undone. */
export type Ending = 'rejected' | 'cancelled' | 'expired' | 'failed' | 'switched_off'

/** Every {@link Ending}. `switched_off` is the end of the approval workflow itself. */
export const endings: readonly Ending[] = ['rejected', 'cancelled', 'expired', 'failed', 'switched_off']

/** A row for one of the states that it starts from, with everything spelt out. */
export interface ResolvedMove<T = unknown> extends Omit<Move<T>, 'from' | 'to' | 'meanwhile'> {
  readonly from: string
  readonly to: string
  readonly meanwhile: readonly string[]
  /** Whether it enters a state that the clock ends: it is then given the time at which. */
  readonly timed: boolean
  /** What the properties that follow the state say after it. */
  readonly says: Readonly<Record<string, unknown>>
}
