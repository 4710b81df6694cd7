import type { JsonValue } from '../../json/json.ts'
import type { Duration } from './duration.ts'

/** How a value is compared. */
export type Operator = '>' | '<' | '>=' | '<=' | '==' | '!='

/** Every operator. */
export const operators: readonly Operator[] = ['>', '<', '>=', '<=', '==', '!=']

/** Which way a number moves. */
export type Direction = 'increase' | 'decrease' | 'either'

/**
 * One test on a change, or a combination of tests.
 *
 * A `field` is a pattern over the keyed view of the document, `/rules/{key}/rollout` with `*` for the key, or the
 * name of a group of fields that the resource type declares, `@metadata`. A condition looks only at the places that
 * the change touches, and holds if one of them makes it hold.
 */
export type Condition =
  | AnyChange
  | BeforeAfter
  | ChangeAmount
  | Crosses
  | HostPredicate
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }

/** Holds if the field is touched at all. */
export interface AnyChange {
  readonly type: 'any_change'
  readonly field: string
}

/** Holds if the new value of the field compares so. */
export interface BeforeAfter {
  readonly type: 'before_after'
  readonly field: string
  readonly operator: Operator
  readonly value: JsonValue
}

/** Holds if a number moves so far. Looks only at values that are there before and after. */
export interface ChangeAmount {
  readonly type: 'change_amount'
  readonly field: string
  readonly operator: Operator
  readonly value: number
  /**
   * Which way the number has to move.
   *
   * @defaultValue 'either'
   */
  readonly direction?: Direction | undefined
  /**
   * `points`: the difference itself. `percent`: the difference in percent of the value before.
   *
   * @defaultValue 'points'
   */
  readonly unit?: 'points' | 'percent' | undefined
  /**
   * How far back it looks as well: it holds too if the new value is so far from any that was live within this time.
   * What was deleted and made anew counts with the values that it had before. With `>` and `>=` only. If the resource
   * had more than 100 revisions in this time, it holds.
   *
   * @defaultValue none: it looks at the step alone
   */
  readonly within?: Duration | undefined
}

/** Holds if a number passes from below the threshold to the threshold or above it (increase), or back (decrease). */
export interface Crosses {
  readonly type: 'crosses'
  readonly field: string
  readonly value: number
  /**
   * Which way the number has to pass the threshold.
   *
   * @defaultValue 'either'
   */
  readonly direction?: Direction | undefined
}

/** Holds if the host's own function of this name says so. */
export interface HostPredicate {
  readonly type: 'predicate'
  readonly name: string
  /**
   * What the function is given besides the change.
   *
   * @defaultValue none
   */
  readonly with?: JsonValue | undefined
}
