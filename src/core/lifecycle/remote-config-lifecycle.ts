import { defineLifecycle, type Lifecycle } from './define-lifecycle.ts'

/**
 * Makes the life cycle of a remote-config variable: drafted, published, edited while live, deleted.
 *
 * @example
 * ```ts
 * const lifecycle = remoteConfigLifecycle()
 * ```
 */
export function remoteConfigLifecycle<T = unknown>(): Lifecycle<T> {
  return defineLifecycle<T>({
    name: 'remote_config',
    initial: 'draft',
    moves: [
      { from: 'draft', action: 'edit', edits: 'any' },
      { from: 'draft', action: 'delete', to: 'deleted' },
      { from: 'draft', action: 'publish', pending: 'approval_pending', to: 'live' },
      { from: 'live', action: 'publish', pending: 'approval_pending', edits: 'any' },
      { from: 'live', action: 'delete', pending: 'delete_pending', to: 'deleted', unreferenced: true },
    ],
  })
}
