import type { MachineConfig } from './machine-config.ts'
import type { Details } from './move.ts'

/** What the machine keeps beside its state. */
export interface MachineContext<T = unknown> {
  readonly document: T
}

/** What the machine is sent: an action, `approved`, the name of an ending, or `due`. */
export interface MachineEvent {
  readonly type: string
  readonly details?: Details | undefined
  readonly references?: readonly string[] | undefined
}

/** The state that a machine is in: `running`, or `{ running: 'stop' }` if something waits. */
export type MachineValue = string | { readonly [state: string]: MachineValue | undefined }

/** Whether a machine runs, as XState says it. */
export type MachineStatus =
  | { readonly status: 'active' | 'stopped'; readonly output: undefined; readonly error: undefined }
  | { readonly status: 'done'; readonly output: unknown; readonly error: undefined }
  | { readonly status: 'error'; readonly output: undefined; readonly error: unknown }

/** A machine at one moment, as XState has it. */
export type MachineSnapshot<T = unknown> = MachineStatus & {
  readonly value: MachineValue
  readonly context: MachineContext<T>
  /** The state that is shown. */
  readonly tags: ReadonlySet<string>
  /** Tells whether it is in this state. */
  matches(state: MachineValue): boolean
  /** Tells whether the event leads anywhere from here. */
  can(event: MachineEvent): boolean
}

/**
 * The XState machine of a life cycle: `createActor(lifecycle.machine, { input: { document } })`. It is described here
 * without a type of XState's, so that an application that does not use XState does not compile against it.
 */
export interface LifecycleMachine<T = unknown> {
  readonly id: string
  readonly config: MachineConfig
  /** Gives the snapshot after an event. */
  transition(snapshot: MachineSnapshot<T>, event: MachineEvent, scope: unknown): MachineSnapshot<T>
  /** Gives the snapshot in which the machine begins. */
  getInitialSnapshot(scope: unknown, input: { readonly document: T }): MachineSnapshot<T>
  /** Gives the snapshot that was kept before. */
  restoreSnapshot(persisted: unknown, scope: unknown): MachineSnapshot<T>
  /** Begins what a snapshot says; a life cycle has nothing to begin. */
  start(snapshot: MachineSnapshot<T>): void
  /** Gives a snapshot as it can be kept. */
  getPersistedSnapshot(snapshot: MachineSnapshot<T>, options?: unknown): MachineStatus
}
