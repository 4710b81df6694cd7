import type { Policy, PolicyMatch } from '../../core/policy/model/policy.ts'
import type { Requirement } from '../../core/policy/model/requirement.ts'
import type { FreezeMode } from '../../core/request/model/frozen.ts'
import type { RecurringWindow, SingleWindow } from '../values/time-windows.ts'

/** What a freeze covers: as policies match, and one resource by its id. */
export interface FreezeMatch extends Omit<PolicyMatch, 'requester'> {
  /**
   * Ids of resources, of the types that `resource` names.
   *
   * @defaultValue none: every resource of these types
   */
  readonly id?: string | readonly string[] | undefined
}

/** A freeze as its author writes it. Plain JSON. */
export interface FreezeInput {
  readonly id: string
  readonly match: FreezeMatch
  /** When it freezes: once, or again and again. 1 to 20 windows. */
  readonly windows: readonly (SingleWindow | RecurringWindow)[]
  /**
   * What becomes of changes meanwhile. `block`: they are refused, and what is approved is applied by hand afterwards.
   * `queue`: what is approved, or needs nobody, waits, and `tick` applies it when the freeze is over. `ask`: they take
   * the approvals that `require` says, besides those that policies ask for.
   */
  readonly mode: FreezeMode
  /**
   * Whose approvals a change takes meanwhile, as the requirement of a policy says it.
   *
   * @defaultValue none: a freeze that asks has to say it, and no other one does
   */
  readonly require?: Requirement | undefined
  /** Why, in the words that people read who are refused. */
  readonly reason: string
}

/** A freeze that is saved. */
export interface Freeze extends FreezeInput {
  /** Grows with each text that is saved under this id, also if it was removed in between. */
  readonly version: number
}

/** The freezes of a tenant with one more, or another text of one, by their ids. */
export function withFreeze(freezes: readonly Freeze[] | undefined, freeze: Freeze): readonly Freeze[] {
  return [...withoutFreeze(freezes, freeze.id), freeze].toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** The freezes of a tenant without one. */
export function withoutFreeze(freezes: readonly Freeze[] | undefined, id: string): readonly Freeze[] {
  return (freezes ?? []).filter((one) => one.id !== id)
}

/** The policies that the freezes of a tenant stand for which ask: whenever they do, they give a say as policies do. */
export function askingAsPolicies(freezes: readonly Freeze[] | undefined): readonly Policy[] {
  return (freezes ?? []).filter(asks).map(asPolicy)
}

/** Tells whether a freeze asks for approvals. */
export function asks({ mode }: Freeze): boolean {
  return mode === 'ask'
}

/**
 * The policy that a freeze stands for which asks. One without a requirement cannot be saved: if there is one, nobody
 * can approve it.
 */
export function asPolicy({ id, version, match: { id: _ids, ...match }, require }: Freeze): Policy {
  return { id, version, match, require: require ?? { quorum: 1, from: { users: [] } }, source: 'freeze' }
}
