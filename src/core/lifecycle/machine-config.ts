import { isStillPossible, movesMeanwhile } from './check-meanwhile.ts'
import { endings, type ResolvedMove } from './move.ts'

/**
 * A life cycle as an XState machine, in plain JSON: what `createMachine` takes and Stately opens.
 *
 * Each live state is a state of the machine. Inside it are `settled` and one state for each action that can wait for
 * approval: the resource stays in its live state, and does what that says, until the approval.
 */
export interface MachineConfig {
  readonly id: string
  readonly initial: string
  readonly states: Readonly<Record<string, MachineState>>
}

/** A state of the machine. Its tag is what is shown. */
export interface MachineState {
  readonly type?: 'final'
  readonly initial?: 'settled'
  readonly description?: string
  readonly tags?: string[]
  readonly on?: Readonly<Record<string, MachineStep>>
  readonly states?: Readonly<Record<string, MachineState>>
}

/** A transition of the machine. */
export interface MachineStep {
  readonly target: string
  readonly guard?: { readonly type: 'permitted'; readonly params: MoveParams }
  readonly actions?: { readonly type: 'carryOut'; readonly params: MoveParams }[]
  readonly meta?: MoveParams
}

/** Names a move: its place among the resolved moves. */
export type MoveParams = { readonly move: number }

/** Writes the configuration of the machine out of the moves of a life cycle. */
export function machineConfig<T>(
  { name, initial }: { readonly name: string; readonly initial: string },
  moves: readonly ResolvedMove<T>[],
): MachineConfig {
  const states = [...new Set([initial, ...moves.flatMap(({ from, to }) => [from, to])])]
  const configOf = liveStates(name, moves)
  return { id: name, initial, states: Object.fromEntries(states.map((state) => [state, configOf(state)])) }
}

function liveStates<T>(name: string, moves: readonly ResolvedMove<T>[]): (state: string) => MachineState {
  const step = (move: ResolvedMove<T>, target: string, carriesOut: boolean): MachineStep => {
    const params = { move: moves.indexOf(move) }
    const { guard, unreferenced } = move
    const effect = move.effect !== undefined || Object.keys(move.says).length > 0
    return {
      target,
      ...(guard || unreferenced || effect ? { guard: { type: 'permitted', params } } : {}),
      ...(carriesOut && effect ? { actions: [{ type: 'carryOut', params }] } : {}),
      meta: params,
    }
  }

  /** Where something leads that happens while a move waits: the move waits on, unless it is not possible there. */
  const targetOf = (waiting: ResolvedMove<T>, { to }: ResolvedMove<T>) =>
    isStillPossible(moves, waiting, to) ? `#${name}.${to}.${waiting.action}` : `#${name}.${to}`

  const waitingState = (move: ResolvedMove<T>): MachineState => {
    const { from, to, pending = '' } = move
    return {
      description: `Shown as ${pending}; behaves as ${from}.`,
      tags: [pending],
      on: Object.fromEntries<MachineStep>([
        ['approved', step(move, `#${name}.${to}`, true)],
        ...endings.map((ending) => [ending, { target: 'settled' }] as const),
        ...movesMeanwhile(moves, move).map(
          (other) => [eventOf(other), step(other, targetOf(move, other), true)] as const,
        ),
      ]),
    }
  }

  return (state) => {
    const here = moves.filter(({ from }) => from === state)
    const waiting = here.filter(({ pending }) => pending !== undefined)
    const tags = [state]
    if (here.length === 0) return { type: 'final', tags }
    const on = Object.fromEntries(
      here.map((move) => [
        eventOf(move),
        move.pending === undefined ? step(move, `#${name}.${move.to}`, true) : step(move, move.action, false),
      ]),
    )
    if (waiting.length === 0) return { tags, on }
    return {
      initial: 'settled',
      states: Object.fromEntries<MachineState>([
        ['settled', { tags, on }],
        ...waiting.map((move) => [move.action, waitingState(move)] as const),
      ]),
    }
  }
}

function eventOf({ by, action }: { readonly by?: 'clock' | undefined; readonly action: string }): string {
  return by === 'clock' ? 'due' : action
}
