import { type Refusal, refuse } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'

/**
 * What a freeze does with changes whose time it is: `block` refuses them, `queue` lets what is approved wait until it
 * is over, `ask` takes more approvals for them. Of several each does its own: what one blocks is blocked and what one
 * queues waits, whatever another one asks.
 */
export type FreezeMode = 'block' | 'queue' | 'ask'

/** That a change must not land now, since a freeze covers one of its resources. */
export interface Frozen {
  readonly resource: { readonly type: string; readonly id: string }
  /** The freeze: of several, the first one that blocks, or else the first one. */
  readonly freeze: string
  /** `ask` only of what happens by itself, or was on its way when the freeze began: nobody can approve it there. */
  readonly mode: FreezeMode
  readonly reason: string
  /** The ids of all that keep it off now. */
  readonly freezes: readonly string[]
  /**
   * The first moment at which none does, in milliseconds since 1970; left out if there is none in sight.
   */
  readonly until?: number
  /** Why nobody can tell when it freezes, if so: it counts as freezing then. */
  readonly problem?: string
}

/** Refuses what is frozen. */
export function refuseFrozen({ resource, freeze, mode, reason, until, problem }: Frozen): {
  readonly ok: false
  readonly refusal: Refusal<'frozen'>
} {
  return refuse('frozen', { ...resource, freeze, mode, reason, ...defined({ until, problem }) })
}
