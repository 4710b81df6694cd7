import { defined } from '../defined.ts'
import { type Digest, digest } from '../json/digest.ts'
import type { JsonValue } from '../json/json.ts'

/** What made two sides collide. */
export type ConflictType =
  /** Both sides made something else of it. */
  | 'both_changed'
  /** One side removed it and the other changed it. */
  | 'removed_and_changed'
  /** Both sides changed it, to values of different types. */
  | 'incompatible_type'
  /**
   * Both sides put the items of a keyed list in order, and no order agrees with both. `base`, `live` and `draft` are
   * its keys.
   */
  | 'incompatible_order'
  /** The two sides merge, and the whole does not pass the schema. `base`, `live` and `draft` are the documents. */
  | 'invalid_result'

/**
 * A way to answer a conflict: the live value, that of the draft, both (the items of live, then those of the draft),
 * or another value.
 */
export type Choice = 'live' | 'draft' | 'both' | 'value'

/** What a schema says against a document. */
export interface SchemaIssue {
  readonly path: string
  readonly message: string
}

/** The three values of one place. `undefined` if this side has none. */
export interface Sides {
  /** What both sides started from. */
  readonly base: JsonValue | undefined
  /** What has become of it since. */
  readonly live: JsonValue | undefined
  /** What the draft makes of it. */
  readonly draft: JsonValue | undefined
}

/** A place that both sides changed differently. */
export interface Conflict extends Sides {
  /** The same for the same place, however its values move on. */
  readonly id: string
  /** What a resolution names: another one as soon as one of the three values is another one. */
  readonly digest: Digest
  readonly type: ConflictType
  /**
   * JSON Pointer into the keyed view. In a `list()` it ends with the position, in the base, at which the clashing
   * runs of items begin.
   */
  readonly path: string
  readonly choices: readonly Choice[]
  /** What the schema said, if `type` is `invalid_result`. */
  readonly issues?: readonly SchemaIssue[]
}

/** An answer to the one conflict that has this digest. */
export type Resolution =
  | { readonly conflict: Digest; readonly take: 'live' | 'draft' | 'both' }
  | { readonly conflict: Digest; readonly take: 'value'; readonly value: JsonValue }

/**
 * Makes a conflict out of what is known of it. `about` is what is merged, among several things: an answer to a conflict
 * of one is none to that of another.
 */
export function makeConflict(type: ConflictType, path: string, sides: Sides, about?: JsonValue): Conflict {
  const { base, live, draft } = sides
  const content = { type, path, base: maybe(base), live: maybe(live), draft: maybe(draft), ...defined({ about }) }
  return {
    id: `${subjects[type]}:${path}`,
    digest: digest('conflict', content),
    type,
    path,
    base,
    live,
    draft,
    choices: ['live', 'draft', 'value'],
  }
}

/**
 * Makes the conflict of a merge whose value does not pass the schema. It is resolved like any other. `about` is what
 * `merge` was told that it merges.
 *
 * @example
 * ```ts
 * const sides = { base: { rollout: 40 }, live: { rollout: 60 }, draft: { rollout: 80 } }
 * const conflict = resultConflict(sides, [{ path: '/rollout', message: 'must be at most 50' }])
 * ```
 */
export function resultConflict(sides: Sides, issues: readonly SchemaIssue[], about?: JsonValue): Conflict {
  return { ...makeConflict('invalid_result', '', sides, about), issues }
}

/** What a conflict is about: a list can have one of its order besides one of its value. */
const subjects = {
  both_changed: 'value',
  removed_and_changed: 'value',
  incompatible_type: 'value',
  incompatible_order: 'order',
  invalid_result: 'result',
} as const

function maybe(value: JsonValue | undefined): JsonValue {
  return value === undefined ? [] : [value]
}
