/**
 * What is known of a statement. Conditions fail closed: unknown counts as yes wherever a policy is decided, also below
 * a `not`.
 */
export type Truth = typeof no | typeof unknown | typeof yes

/** It does not hold. */
export const no = 0
/** Nobody can say: a value of the wrong type, a missing field, a function that failed. */
export const unknown = 1
/** It holds. */
export const yes = 2

/** Turns a truth around. What is unknown stays unknown. */
export function opposite(truth: Truth): Truth {
  return truth === yes ? no : truth === no ? yes : unknown
}
