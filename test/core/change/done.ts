import type { Result } from '../../../src/errors/result.ts'

/** Answers the value of a result that has one. */
export function done<T>(result: Result<T>): T {
  if (!result.ok) throw new TypeError(result.refusal.message)
  return result.value
}
