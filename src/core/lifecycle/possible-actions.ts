import { type Result, refuse, success } from '../../errors/result.ts'
import type { Lifecycle } from './define-lifecycle.ts'
import type { LifecycleState } from './move.ts'
import { stepFrom, stepsFrom } from './transition-table.ts'

/**
 * Lists the actions that people can ask for.
 *
 * @example
 * ```ts
 * possibleActions(flagLifecycle(), { live: 'scheduled' })
 * ```
 */
export function possibleActions<T>(lifecycle: Lifecycle<T>, state: LifecycleState): readonly string[] {
  const steps = stepsFrom(lifecycle.table, state)
  return lifecycle.actions.filter((action) => steps.has(action))
}

/**
 * Gives the state that is shown: the live one, or what the action shows that waits for approval.
 *
 * @example
 * ```ts
 * shownState(flagLifecycle(), { live: 'inactive', waiting: 'activate' }) // pending_approval
 * ```
 */
export function shownState<T>(lifecycle: Lifecycle<T>, state: LifecycleState): string {
  const { live, waiting } = state
  if (waiting === undefined) return live
  return stepFrom(lifecycle.table, state, 'approved')?.move?.pending ?? live
}

/**
 * Finds the action that carries a change of the document, by whether the change touches a critical place.
 *
 * @example
 * ```ts
 * const action = editAction(lifecycle, { live: 'active' }, 'critical')
 * ```
 *
 * @returns The action, or a refusal: `invalid_transition`, `waiting_for_approval`.
 */
export function editAction<T>(
  lifecycle: Lifecycle<T>,
  state: LifecycleState,
  edits: 'critical' | 'other',
): Result<string, 'invalid_transition' | 'waiting_for_approval'> {
  const move = lifecycle.moves.find(
    (candidate) => candidate.from === state.live && (candidate.edits === 'any' || candidate.edits === edits),
  )
  if (move && stepFrom(lifecycle.table, state, move.action)) return success(move.action)
  return impossible(lifecycle, state, move?.action ?? 'edit')
}

/** Refuses an action in a state that does not have it, or not while another one waits. */
export function impossible<T>(
  lifecycle: Lifecycle<T>,
  state: LifecycleState,
  action: string,
): Result<never, 'invalid_transition' | 'waiting_for_approval'> {
  const shown = { lifecycle: lifecycle.name, state: shownState(lifecycle, state), action }
  if (state.waiting !== undefined) return refuse('waiting_for_approval', { ...shown, waiting: state.waiting })
  return refuse('invalid_transition', { ...shown, possible: possibleActions(lifecycle, state) })
}
