import { defineLifecycle, type Lifecycle } from './define-lifecycle.ts'

/**
 * Makes the life cycle of a saved group: edited, archived while nothing refers to it, unarchived. Whether an edit
 * needs approval is for the policies to say; several may wait at once.
 *
 * @example
 * ```ts
 * const lifecycle = savedGroupLifecycle()
 * ```
 */
export function savedGroupLifecycle<T = unknown>(): Lifecycle<T> {
  return defineLifecycle<T>({
    name: 'saved_group',
    initial: 'active',
    moves: [
      { from: 'active', action: 'edit', edits: 'any' },
      {
        from: 'active',
        action: 'archive',
        pending: 'archive_pending',
        to: 'archived',
        unreferenced: true,
        meanwhile: ['edit'],
      },
      { from: 'archived', action: 'unarchive', pending: 'unarchive_pending', to: 'active' },
    ],
  })
}
