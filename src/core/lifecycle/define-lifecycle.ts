import type { Follows } from './follow-state.ts'
import type { LifecycleMachine } from './lifecycle-machine.ts'
import { buildMachine, transitionsOf } from './machine.ts'
import { type MachineConfig, machineConfig } from './machine-config.ts'
import type { ResolvedMove } from './move.ts'
import { type LifecycleOptions, resolveMoves } from './resolve-moves.ts'
import { type TransitionTable, transitionTable } from './transition-table.ts'

/** A life cycle, ready for use. */
export interface Lifecycle<T = unknown> {
  readonly name: string
  /** The state in which a resource begins. */
  readonly initial: string
  /** The live states. */
  readonly states: readonly string[]
  /** The actions that people can ask for. */
  readonly actions: readonly string[]
  /** Patterns of the critical places of the document. */
  readonly critical: readonly string[]
  /** Properties of the document that say in which live state it is, with their values. */
  readonly follows: Follows
  /** The table, spelt out: one move for each state of each row. */
  readonly moves: readonly ResolvedMove<T>[]
  /** The machine as plain JSON: what `createMachine` takes and Stately opens. */
  readonly config: MachineConfig
  /** The XState machine. */
  readonly machine: LifecycleMachine<T>
  /** Every transition of the machine. */
  readonly table: TransitionTable<T>
}

/**
 * Makes a life cycle out of its table.
 *
 * @example
 * ```ts
 * const moves = [
 *   { from: ['off', 'on'], action: 'edit', edits: 'any' },
 *   { from: 'off', action: 'enable', pending: 'enabling', to: 'on' },
 * ] as const
 * const lifecycle = defineLifecycle({ name: 'switch', initial: 'off', moves })
 * ```
 *
 * @throws TypeError if the table contradicts itself.
 */
export function defineLifecycle<T = unknown>(options: LifecycleOptions<T>): Lifecycle<T> {
  const moves = resolveMoves(options)
  const { name, initial, critical = [], follows = {} } = options
  const config = machineConfig({ name, initial }, moves)
  const machine = buildMachine(config, moves)
  return {
    name,
    initial,
    states: Object.keys(config.states),
    actions: [...new Set(moves.filter(({ by }) => by !== 'clock').map(({ action }) => action))],
    critical,
    follows,
    moves,
    config,
    machine: machine as unknown as LifecycleMachine<T>,
    table: transitionTable(transitionsOf(machine), moves),
  }
}
