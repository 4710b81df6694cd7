import { defineLifecycle, type Lifecycle } from './define-lifecycle.ts'
import type { Move } from './move.ts'
import { winnerTakesAll } from './winner-takes-all.ts'

/** What hosts may choose in the life cycle of an experiment. */
export interface ExperimentOptions<T> {
  /**
   * What finishing does to the document.
   *
   * @defaultValue winnerTakesAll()
   */
  readonly finish?: Pick<Move<T>, 'takes' | 'guard' | 'effect'>
}

/**
 * Makes the life cycle of an experiment: drafted, scheduled or started, paused and resumed, finished, deleted. While
 * anything waits for approval the experiment is locked. Edits of a running or paused experiment are staged and
 * published.
 *
 * @example
 * ```ts
 * const lifecycle = experimentLifecycle({ finish: winnerTakesAll({ variants: 'arms' }) })
 * ```
 */
export function experimentLifecycle<T = unknown>(options: ExperimentOptions<T> = {}): Lifecycle<T> {
  const { finish = winnerTakesAll<T>() } = options
  return defineLifecycle<T>({
    name: 'experiment',
    initial: 'draft',
    moves: [
      { from: 'draft', action: 'edit', edits: 'any' },
      { from: 'draft', action: 'start', pending: 'approval_pending', to: 'running' },
      { from: 'draft', action: 'schedule', pending: 'scheduling_pending', to: 'scheduled' },
      { from: 'scheduled', action: 'start', by: 'clock', to: 'running' },
      { from: 'running', action: 'pause', pending: 'pause_pending', to: 'paused' },
      { from: 'paused', action: 'resume', pending: 'resume_pending', to: 'running' },
      { from: ['running', 'paused'], action: 'publish', pending: 'approval_pending', edits: 'any' },
      { from: ['running', 'paused'], action: 'finish', pending: 'finish_pending', to: 'finished', ...finish },
      { from: 'finished', action: 'delete', pending: 'delete_pending', to: 'deleted' },
    ],
  })
}
