import type { AsyncLocalStorage } from 'node:async_hooks'
import { fail } from '../errors.ts'

/** Knows which calls come out of an effect of the same storage: they would wait for themselves for ever. */
export interface EffectScope {
  /** Runs an effect so that what it calls is recognised. */
  run(effect: () => Promise<void>): Promise<void>
  /** Refuses a call that comes out of a running effect. */
  refuseInside(operation: string): void
}

/** Makes the scope of one storage. Where the platform cannot follow asynchronous calls (a browser), it refuses nothing. */
export function createEffectScope(): EffectScope {
  const hooks = globalThis.process?.getBuiltinModule?.('node:async_hooks')
  const inside: AsyncLocalStorage<true> | undefined = hooks && new hooks.AsyncLocalStorage()
  return {
    run: (effect) => (inside ? inside.run(true, effect) : effect()),
    refuseInside(operation) {
      if (!inside?.getStore()) return
      fail('storage_failed', {
        operation,
        problem:
          'it was called by an effect of a commit that waits for that effect; use the connection that the effect is given',
      })
    },
  }
}
