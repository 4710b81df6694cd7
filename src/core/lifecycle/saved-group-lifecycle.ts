import type { Lifecycle } from './define-lifecycle.ts'
import { type ExtensionOptions, extendLifecycle } from './extend-lifecycle.ts'
import type { Move } from './move.ts'

/**
 * Makes the life cycle of a saved group: edited, archived while nothing refers to it, unarchived. Whether an edit
 * needs approval is for the policies to say; several may wait at once.
 *
 * @example
 * ```ts
 * const lifecycle = savedGroupLifecycle()
 * ```
 *
 * @throws TypeError if rows are added that contradict the table.
 */
export function savedGroupLifecycle<T = unknown>(options: ExtensionOptions<T> = {}): Lifecycle<T> {
  const moves: readonly Move<T>[] = [
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
  ]
  return extendLifecycle('savedGroupLifecycle', { name: 'saved_group', initial: 'active', moves }, options)
}
