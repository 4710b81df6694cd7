import { defineLifecycle, type Lifecycle } from './define-lifecycle.ts'

/** What hosts may choose in the life cycle of a feature flag. */
export interface FlagOptions {
  /**
   * Patterns of the places that need approval once the flag is live.
   *
   * @defaultValue criticalFlagPlaces
   */
  readonly critical?: readonly string[]
  /**
   * What a critical change keeps others off while it waits: the whole flag, or its critical places.
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

const offUntilActive = { inactive: false, testing: false, scheduled: false, active: true }

/**
 * Makes the life cycle of a feature flag: edited and tested freely, activated or scheduled with approval, live from
 * then on. While its activation waits, it can still be edited and tested. A live flag asks for approval of critical
 * changes, and of no others.
 *
 * @example
 * ```ts
 * const lifecycle = flagLifecycle({ enabled: 'enabled', critical: ['/rollout'] })
 * ```
 */
export function flagLifecycle<T = unknown>(options: FlagOptions = {}): Lifecycle<T> {
  const { critical = criticalFlagPlaces, lock = 'resource', enabled } = options
  const offline = { from: ['inactive', 'testing'], pending: 'pending_approval' }
  const meanwhile = ['edit', 'enter_testing', 'leave_testing']

  return defineLifecycle<T>({
    name: 'flag',
    initial: 'inactive',
    critical,
    follows: enabled === undefined ? {} : { [enabled]: offUntilActive },
    moves: [
      { from: ['inactive', 'testing'], action: 'edit', edits: 'any' },
      { from: 'inactive', action: 'enter_testing', to: 'testing' },
      { from: 'testing', action: 'leave_testing', to: 'inactive' },
      { ...offline, action: 'activate', to: 'active', meanwhile },
      { ...offline, action: 'schedule', to: 'scheduled', meanwhile },
      { from: 'scheduled', action: 'activate', by: 'clock', to: 'active' },
      { from: 'scheduled', action: 'unschedule', to: 'inactive' },
      { from: 'active', action: 'deactivate', to: 'inactive' },
      {
        from: ['scheduled', 'active'],
        action: 'publish',
        pending: 'pending_approval',
        edits: 'critical',
        meanwhile: lock === 'critical' ? ['edit'] : [],
      },
      { from: ['scheduled', 'active'], action: 'edit', edits: 'other' },
    ],
  })
}
