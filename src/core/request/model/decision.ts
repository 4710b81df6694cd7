import type { Result } from '../../../errors/result.ts'

/** A fact that some decisions need besides what every decision is given. */
export type FactName =
  /** The content that the command brings. */
  | 'next'
  /** The stored content, and what is live. */
  | 'target'
  /** The follow-up reviews that are still to be done. */
  | 'followUps'
  /** The comment that the command names. */
  | 'comment'
  /** The stored changes. */
  | 'changes'

/** That a decision cannot be made yet: `needs` names the fact that it was not given. */
export interface Undecided {
  readonly ok: false
  readonly needs: FactName
  readonly refusal?: undefined
}

/** What a decision comes to: a value, the reason why there is none, or the fact that it still needs. */
export type Decision<T> = Result<T> | Undecided

/** Says that a decision needs a fact that it was not given. */
export function needs(fact: FactName): Undecided {
  return { ok: false, needs: fact }
}
