export { defineLifecycle, type Lifecycle } from './core/lifecycle/define-lifecycle.ts'
export { type ExperimentOptions, experimentLifecycle } from './core/lifecycle/experiment-lifecycle.ts'
export type { ExtensionOptions } from './core/lifecycle/extend-lifecycle.ts'
export { criticalFlagPlaces, type FlagOptions, flagLifecycle } from './core/lifecycle/flag-lifecycle.ts'
export type { Follows } from './core/lifecycle/follow-state.ts'
export type {
  LifecycleMachine,
  MachineContext,
  MachineEvent,
  MachineSnapshot,
  MachineStatus,
  MachineValue,
} from './core/lifecycle/lifecycle-machine.ts'
export type { MachineConfig, MachineState, MachineStep, MoveParams } from './core/lifecycle/machine-config.ts'
export { mermaid } from './core/lifecycle/mermaid.ts'
export type {
  Details,
  EditKind as Edits,
  Effect,
  Ending,
  Guard,
  LifecycleState,
  Move,
  ResolvedMove,
  Situation,
} from './core/lifecycle/move.ts'
export { remoteConfigLifecycle } from './core/lifecycle/remote-config-lifecycle.ts'
export type { LifecycleOptions } from './core/lifecycle/resolve-moves.ts'
export { savedGroupLifecycle } from './core/lifecycle/saved-group-lifecycle.ts'
export type { Step, TransitionTable } from './core/lifecycle/transition-table.ts'
export { type VariantsOptions, winnerTakesAll } from './core/lifecycle/winner-takes-all.ts'
