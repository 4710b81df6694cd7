import type { Lifecycle } from './define-lifecycle.ts'
import { type ExtensionOptions, extendLifecycle } from './extend-lifecycle.ts'
import type { Move } from './move.ts'

/** What hosts may choose in the life cycle of a feature flag. */
export interface FlagOptions<T = unknown> extends ExtensionOptions<T> {
  /**
   * Patterns of the places that need approval once the flag is live.
   *
   * @defaultValue criticalFlagPlaces
   */
  readonly critical?: readonly string[]
  /**
   * What a critical change keeps others off while it waits: the whole flag, or its critical places. Turning the flag
   * off, or taking its schedule back, passes either.
   *
   * @defaultValue 'resource'
   */
  readonly lock?: 'resource' | 'critical'
  /**
   * A property of the document that says whether the flag is live: true while it is active, false otherwise. Nothing
   * but an action sets it: a change that sets it to something else is refused with `follows_state`.
   *
   * @defaultValue none: no property follows the state
   */
  readonly enabled?: string | undefined
}

/** The critical places of a live flag, if its document names them so. */
export const criticalFlagPlaces: readonly string[] = [
  '/segments/**',
  '/variants/**',
  '/exposureEvent/**',
  '/bucketingSalt',
  '/stickyBucketing',
]

/**
 * Makes the life cycle of a feature flag: edited and tested freely, activated or scheduled with approval, live from
 * then on. While its activation waits, it can still be edited and tested. A live flag asks for approval of critical
 * changes, and of no others. A critical change that waits keeps everybody off, but for the safe direction: turning the
 * flag off passes every lock.
 *
 * @example
 * ```ts
 * const lifecycle = flagLifecycle({ enabled: 'enabled', critical: ['/rollout'] })
 * ```
 */
export function flagLifecycle<T = unknown>(options: FlagOptions<T> = {}): Lifecycle<T> {
  const { critical = criticalFlagPlaces, lock = 'resource', enabled } = options
  const offline = { from: ['inactive', 'testing'], pending: 'pending_approval' }
  const meanwhile = ['edit', 'enter_testing', 'leave_testing']
  const moves: readonly Move<T>[] = [
    { from: ['inactive', 'testing'], action: 'edit', edits: 'any' },
    { from: 'inactive', action: 'enter_testing', to: 'testing' },
    { from: 'testing', action: 'leave_testing', to: 'inactive' },
    { ...offline, action: 'activate', to: 'active', meanwhile },
    { ...offline, action: 'schedule', to: 'scheduled', meanwhile },
    { from: 'scheduled', action: 'activate', by: 'clock', to: 'active' },
    { from: 'scheduled', action: 'schedule', pending: 'pending_approval', to: 'scheduled' },
    { from: 'scheduled', action: 'unschedule', to: 'inactive', safe: true },
    { from: 'active', action: 'deactivate', to: 'inactive', safe: true },
    {
      from: ['scheduled', 'active'],
      action: 'publish',
      pending: 'pending_approval',
      edits: 'critical',
      meanwhile: lock === 'critical' ? ['edit'] : [],
    },
    { from: ['scheduled', 'active'], action: 'edit', edits: 'other' },
    {
      from: ['inactive', 'testing'],
      action: 'archive',
      pending: 'archive_pending',
      to: 'archived',
    },
    { from: 'archived', action: 'unarchive', pending: 'unarchive_pending', to: 'inactive' },
    { from: ['inactive', 'testing', 'archived'], action: 'delete', pending: 'delete_pending', to: 'deleted' },
  ]
  const follows = enabled === undefined ? {} : { [enabled]: onlyActive(moves, options) }
  return extendLifecycle('flagLifecycle', { name: 'flag', initial: 'inactive', critical, follows, moves }, options)
}

/** On in the state `active`, and off in all others, those of added rows included. */
function onlyActive<T>(moves: readonly Move<T>[], { transitions }: FlagOptions<T>): Readonly<Record<string, boolean>> {
  const added = Array.isArray(transitions) ? transitions : []
  const states = [...moves, ...added].flatMap((move) => [move?.from ?? [], move?.to ?? []].flat())
  return Object.fromEntries(states.map((state) => [state, state === 'active']))
}
