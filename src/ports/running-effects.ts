import type { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Knows which calls come out of a running effect: whatever waits for that effect, they would wait for themselves for
 * ever.
 */
export interface RunningEffects {
  /** Runs an effect so that what it calls is recognised. */
  run(effect: () => Promise<void>): Promise<void>
  /** Tells whether this call comes out of a running effect of this scope. */
  isInside(): boolean
}

/** An effect that a call can come out of, and the one that this came out of itself. */
interface RunningEffect {
  readonly scope: object
  outer: RunningEffect | undefined
  isRunning: boolean
}

const hooks = globalThis.process?.getBuiltinModule?.('node:async_hooks')
/**
 * One for all storages, of which a host can have one per transaction: at each promise, Node before 24 goes through
 * every one ever used.
 */
const inside: AsyncLocalStorage<RunningEffect> | undefined = hooks && new hooks.AsyncLocalStorage()

/**
 * Follows the effects of one storage or application. If the platform cannot follow asynchronous calls (a browser),
 * it recognises nothing.
 */
export function runningEffects(): RunningEffects {
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
    isInside() {
      for (let each = running(inside?.getStore()); each; each = each.outer) if (each.scope === scope) return true
      return false
    },
  }
}

/** Leaves out those that have ended: when each effect sets off the next one, there would be more and more of them. */
function running(effect: RunningEffect | undefined): RunningEffect | undefined {
  let first = effect
  while (first && !first.isRunning) first = first.outer
  if (first) first.outer = running(first.outer)
  return first
}
