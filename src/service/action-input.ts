import type { ChangeInput } from '../core/change/change-input.ts'
import type { Details } from '../core/lifecycle/move.ts'

/** An action of the life cycle that somebody asks for: `{ action: 'finish', details: { winner: 'b' } }`. */
export interface ActionInput<T> {
  readonly action: string
  /** What is said with it, as far as its row in the life cycle takes that. */
  readonly details?: Details
  /** When the clock is to end the state that it enters, in milliseconds since 1970. Given if, and only if, the clock does. */
  readonly at?: number
  /** The change that it carries, where its row carries some. */
  readonly change?: ChangeInput<T>
}

/**
 * What somebody wants of a resource: a change of its document, or an action of its life cycle. A change without an action is carried by
 * the action that its state has for changes.
 */
export type Wanted<T> = ChangeInput<T> | ActionInput<T>

/** Gives what is wanted in its parts. */
export function partsOf<T>(wanted: Wanted<T>): Partial<ActionInput<T>> {
  return isAction(wanted) ? wanted : { change: wanted }
}

/** Tells whether an action is asked for by name. */
export function isAction<T>(wanted: Wanted<T>): wanted is ActionInput<T> {
  return typeof wanted === 'object' && wanted !== null && Object.hasOwn(wanted, 'action')
}
