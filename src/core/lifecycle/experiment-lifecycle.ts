import type { Lifecycle } from './define-lifecycle.ts'
import { type ExtensionOptions, extendLifecycle } from './extend-lifecycle.ts'
import type { Move } from './move.ts'
import { winnerTakesAll } from './winner-takes-all.ts'

/** What hosts may choose in the life cycle of an experiment. */
export interface ExperimentOptions<T> extends ExtensionOptions<T> {
  /**
   * What finishing does to the document.
   *
   * @defaultValue winnerTakesAll()
   */
  readonly finish?: Pick<Move<T>, 'takes' | 'leaves' | 'guard' | 'effect'>
  /**
   * Whether nothing but the strict table is possible: what is scheduled runs at its time, a draft stays, and while
   * anything waits, nothing passes.
   *
   * @defaultValue none: what is scheduled can be stopped, moved and edited, a draft deleted, and pausing passes locks
   */
  readonly strict?: true | undefined
}

/**
 * Makes the life cycle of an experiment: drafted, scheduled or started, paused and resumed, finished, deleted. While
 * anything waits for approval the experiment is locked, but stopping is always possible: a pause and a schedule taken
 * back pass every lock. Edits of a scheduled, running or paused experiment are staged and published.
 *
 * @example
 * ```ts
 * const lifecycle = experimentLifecycle({ finish: winnerTakesAll({ variants: 'arms' }) })
 * ```
 *
 * @throws TypeError if rows are added that contradict the table.
 */
export function experimentLifecycle<T = unknown>(options: ExperimentOptions<T> = {}): Lifecycle<T> {
  const { finish = winnerTakesAll<T>(), strict } = options
  const stops = strict ? {} : ({ safe: true } as const)
  const live = strict ? ['running', 'paused'] : ['scheduled', 'running', 'paused']
  const moves: readonly Move<T>[] = [
    { from: 'draft', action: 'edit', edits: 'any' },
    { from: 'draft', action: 'start', pending: 'approval_pending', to: 'running' },
    { from: 'draft', action: 'schedule', pending: 'scheduling_pending', to: 'scheduled' },
    { from: 'scheduled', action: 'start', by: 'clock', to: 'running' },
    { from: 'running', action: 'pause', pending: 'pause_pending', to: 'paused', ...stops },
    { from: 'paused', action: 'resume', pending: 'resume_pending', to: 'running' },
    { from: live, action: 'publish', pending: 'approval_pending', edits: 'any' },
    { from: ['running', 'paused'], action: 'finish', pending: 'finish_pending', to: 'finished', ...finish },
    { from: 'finished', action: 'delete', pending: 'delete_pending', to: 'deleted' },
  ]
  const more: readonly Move<T>[] = [
    { from: 'draft', action: 'delete', to: 'deleted' },
    { from: 'scheduled', action: 'schedule', pending: 'scheduling_pending', to: 'scheduled' },
    { from: 'scheduled', action: 'unschedule', to: 'draft', safe: true },
  ]
  const ready = { name: 'experiment', initial: 'draft', moves: strict ? moves : [...moves, ...more] }
  return extendLifecycle('experimentLifecycle', ready, options)
}
