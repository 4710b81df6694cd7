import {
  assign,
  type EventObject,
  getNextTransitions,
  type NonReducibleUnknown,
  type StateMachine,
  type StateSchema,
  type StateValue,
  setup,
} from 'xstate'
import { carriedOut, judgeMove } from './judge.ts'
import type { MachineContext, MachineEvent } from './lifecycle-machine.ts'
import type { MachineConfig, MoveParams } from './machine-config.ts'
import type { LifecycleState, ResolvedMove } from './move.ts'

/** The machine, as XState knows it. */
export type BuiltMachine<T = unknown> = StateMachine<
  MachineContext<T>,
  MachineEvent,
  Record<string, never>,
  never,
  { type: 'carryOut'; params: MoveParams },
  { type: 'permitted'; params: MoveParams },
  never,
  StateValue,
  string,
  { readonly document: T },
  NonReducibleUnknown,
  EventObject,
  MoveParams,
  StateSchema
>

/** One transition of the machine. */
export interface MachineTransition {
  readonly from: LifecycleState
  readonly event: string
  readonly to: LifecycleState
  /** The place of the move that it asks for or carries out; absent if waiting ends without one. */
  readonly move?: number
}

/** Builds the XState machine of a life cycle. This file alone knows XState. */
export function buildMachine<T>(config: MachineConfig, moves: readonly ResolvedMove<T>[]): BuiltMachine<T> {
  const place = { lifecycle: config.id, state: '' }
  const situationOf = (context: MachineContext<T>, { details = {}, references = [] }: MachineEvent) => ({
    document: context.document,
    details,
    references,
  })
  const machine = setup({
    types: {} as {
      context: MachineContext<T>
      events: MachineEvent
      input: { readonly document: T }
      tags: string
      meta: MoveParams
    },
    guards: {
      permitted({ context, event }, params: MoveParams) {
        const move = moves[params.move]
        const situation = situationOf(context, event)
        return (
          move !== undefined && judgeMove(move, situation, place) === undefined && carriedOut(move, situation, place).ok
        )
      },
    },
    actions: {
      carryOut: assign(({ context, event }, params: MoveParams) => {
        const move = moves[params.move]
        const carried = move && carriedOut(move, situationOf(context, event), place)
        return { document: carried?.ok ? carried.value : context.document }
      }),
    },
  }).createMachine({ ...config, context: ({ input }) => ({ document: input.document }) })
  // XState infers the values of states from a literal configuration; this one is made at run time, and has any.
  return machine as unknown as BuiltMachine<T>
}

/** Lists every transition of the machine, from each state that it can be in. */
export function transitionsOf<T>(machine: BuiltMachine<T>): readonly MachineTransition[] {
  const leaves = Object.values(machine.states).flatMap((node) => {
    const inner = Object.keys(node.states)
    return inner.length === 0 ? [[node.key]] : inner.map((key) => [node.key, key])
  })
  return leaves.flatMap((path) => {
    const [live = '', inner] = path
    const value = inner === undefined ? live : { [live]: inner }
    const snapshot = machine.resolveState({ value, context: { document: undefined as T } })
    return getNextTransitions(snapshot).map(({ eventType, target, meta }) => ({
      from: stateAt(path),
      event: eventType,
      to: stateAt(target?.[0]?.path ?? path),
      ...meta,
    }))
  })
}

function stateAt([live = '', inner = 'settled']: readonly string[]): LifecycleState {
  return inner === 'settled' ? { live } : { live, waiting: inner }
}
