import { fail } from '../../errors/approval-error.ts'
import { type RunningEffects, runningEffects } from '../../ports/running-effects.ts'

/** Knows which calls of a storage come out of an effect of one of its commits. */
export interface EffectScope extends Pick<RunningEffects, 'run'> {
  /**
   * Refuses a call that comes out of a running effect.
   *
   * @throws ApprovalError `storage_failed`.
   */
  refuseInside(operation: string): void
}

/**
 * Makes the scope of one storage. If the platform cannot follow asynchronous calls (a browser), it refuses
 * nothing.
 *
 * @example
 * ```ts
 * const scope = createEffectScope()
 * scope.refuseInside('get') // at the beginning of each call of the storage
 * ```
 */
export function createEffectScope(): EffectScope {
  const { run, isInside } = runningEffects()
  return {
    run,
    refuseInside(operation) {
      if (!isInside()) return
      const problem =
        'it was called by an effect of a commit that waits for that effect; use the connection that the effect is given'
      fail('storage_failed', { operation, problem })
    },
  }
}
