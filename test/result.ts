import type { Refusal, Result } from '../src/errors/result.ts'

/** Gives the value of a result, and fails where there is none. */
export function done<T>(result: Result<T>): T {
  if (!result.ok) throw new TypeError(result.refusal.message)
  return result.value
}

/** Gives the refusal of a result; undefined where it was not refused. */
export function refusal(result: Result<unknown>): Refusal | undefined {
  return result.ok ? undefined : result.refusal
}
