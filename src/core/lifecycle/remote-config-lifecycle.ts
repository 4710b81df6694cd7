import type { Lifecycle } from './define-lifecycle.ts'
import { type ExtensionOptions, extendLifecycle } from './extend-lifecycle.ts'
import type { Move } from './move.ts'

/**
 * Makes the life cycle of a remote-config variable: drafted, published, edited while live, deleted.
 *
 * @example
 * ```ts
 * const lifecycle = remoteConfigLifecycle()
 * ```
 *
 * @throws TypeError if rows are added that contradict the table.
 */
export function remoteConfigLifecycle<T = unknown>(options: ExtensionOptions<T> = {}): Lifecycle<T> {
  const moves: readonly Move<T>[] = [
    { from: 'draft', action: 'edit', edits: 'any' },
    { from: 'draft', action: 'delete', to: 'deleted' },
    { from: 'draft', action: 'publish', pending: 'approval_pending', to: 'live' },
    { from: 'live', action: 'publish', pending: 'approval_pending', edits: 'any' },
    { from: 'live', action: 'delete', pending: 'delete_pending', to: 'deleted', unreferenced: true },
  ]
  return extendLifecycle('remoteConfigLifecycle', { name: 'remote_config', initial: 'draft', moves }, options)
}
