import type { AsyncLocalStorage } from 'node:async_hooks'
import { fail } from '../../errors.ts'

/** Knows which calls come out of an effect of the same storage: they would wait for themselves for ever. */
export interface EffectScope {
  /** Runs an effect so that what it calls is recognised. */
  run(effect: () => Promise<void>): Promise<void>
  /** Refuses a call that comes out of a running effect. */
  refuseInside(operation: string): void
}

/** An effect that a call can come out of, and the one that this came out of itself. */
interface RunningEffect {
  readonly scope: object
  outer: RunningEffect | undefined
  isRunning: boolean
}

const hooks = globalThis.process?.getBuiltinModule?.('node:async_hooks')
/** One for all storages, of which a host can have one per transaction: at each promise, Node before 24 goes through every one ever used. */
const inside: AsyncLocalStorage<RunningEffect> | undefined = hooks && new hooks.AsyncLocalStorage()

/** Makes the scope of one storage. Where the platform cannot follow asynchronous calls (a browser), it refuses nothing. */
export function createEffectScope(): EffectScope {
  const scope = {}
  return {
    async run(effect) {
      const own: RunningEffect = { scope, outer: running(inside?.getStore()), isRunning: true }
      try {
        await (inside ? inside.run(own, effect) : effect())
      } finally {
        own.isRunning = false
      }
    },
    refuseInside(operation) {
      for (let each = running(inside?.getStore()); each; each = each.outer) {
        if (each.scope !== scope) continue
        fail('storage_failed', {
          operation,
          problem:
            'it was called by an effect of a commit that waits for that effect; use the connection that the effect is given',
        })
      }
    },
  }
}

/** Leaves out those that have ended: where each effect sets off the next one, there would be more and more of them. */
function running(effect: RunningEffect | undefined): RunningEffect | undefined {
  let first = effect
  while (first && !first.isRunning) first = first.outer
  if (first) first.outer = running(first.outer)
  return first
}
