import type { Write } from '../../ports/storage.ts'
import type { HostNeed } from '../values/needs.ts'

/** One thing that `tick` does. */
export interface Chore {
  /** Tells it from every other one. */
  readonly name: string
  readonly tenant: string
  /** What a report calls it. */
  readonly id: string
  /**
   * Chores of one lane are begun one after the other, so that they are done in the order of their due times. A lane
   * belongs to one tenant.
   */
  readonly lane: string
  /** How many of its lane may be under way at once. */
  readonly abreast: number
  /** Whose code it asks: what failed there once is not asked again in the same call. */
  readonly needs: readonly HostNeed[]
  /** Whether it can do something as soon as one of its needs is open; else all of them have to be. */
  readonly partly?: true
  /** Does it, with those of its needs that are open. */
  run(open: readonly HostNeed[]): Promise<ChoreOutcome>
  /** The writes that put it off. */
  later(why: Why): readonly Write[]
}

/** What became of a chore. */
export interface ChoreOutcome {
  /** How many things were done, by the name that the report has for them. */
  readonly done?: Readonly<Partial<Record<Counted, number>>>
  /** What failed. */
  readonly failed?: readonly { readonly id?: string; readonly error: unknown }[]
  /** Which of its needs failed so that nobody has to ask again. */
  readonly broken?: readonly { readonly need: HostNeed; readonly error: unknown }[]
  /** Which of its needs answered. */
  readonly worked?: readonly HostNeed[]
  /** Why it is put off; left out if it is done, or has seen to that itself. */
  readonly why?: Why
  /** What is left of it, to be done later in the same call. */
  readonly rest?: Chore
}

/** What a report counts. */
export type Counted =
  | 'expired'
  | 'applied'
  | 'unapplied'
  | 'returned'
  | 'reclaimed'
  | 'moved'
  | 'escalated'
  | 'lapsed'
  | 'reminded'
  | 'warned'
  | 'stale'
  | 'delivered'
  | 'sealed'
  | 'removed'
  | 'forgotten'
/** Why something due was not done: it failed, or it waits for somebody else to be done. */
export type Why = 'failed' | 'waiting'
