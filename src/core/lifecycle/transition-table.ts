import { defined } from '../defined.ts'
import type { MachineTransition } from './machine.ts'
import type { LifecycleState, ResolvedMove } from './move.ts'

/** What an event leads to. */
export interface Step<T = unknown> {
  readonly to: LifecycleState
  /** The move that is asked for or carried out; absent if waiting ends without one. */
  readonly move?: ResolvedMove<T>
}

/** Every transition of the machine, found in the time of two look-ups. Whatever it does not hold is refused. */
export type TransitionTable<T = unknown> = ReadonlyMap<string, ReadonlyMap<string, Step<T>>>

/** Makes the table out of the transitions of the machine. */
export function transitionTable<T>(
  transitions: readonly MachineTransition[],
  moves: readonly ResolvedMove<T>[],
): TransitionTable<T> {
  const table = new Map<string, Map<string, Step<T>>>()
  for (const { from, event, to, move: index } of transitions) {
    const key = keyOf(from)
    const steps = table.get(key) ?? new Map<string, Step<T>>()
    const move = index === undefined ? undefined : moves[index]
    steps.set(event, Object.freeze({ to: Object.freeze(to), ...defined({ move }) }))
    table.set(key, steps)
  }
  return table
}

/**
 * Looks up what an event leads to; `undefined` if nothing happens.
 *
 * @example
 * ```ts
 * const step = stepFrom(lifecycle.table, { live: 'inactive' }, 'activate')
 * ```
 */
export function stepFrom<T>(table: TransitionTable<T>, state: LifecycleState, event: string): Step<T> | undefined {
  return table.get(keyOf(state))?.get(event)
}

/** Looks up everything that a state does something at. */
export function stepsFrom<T>(table: TransitionTable<T>, state: LifecycleState): ReadonlyMap<string, Step<T>> {
  return table.get(keyOf(state)) ?? new Map()
}

function keyOf({ live, waiting }: LifecycleState): string {
  return waiting === undefined ? live : `${live}.${waiting}`
}
