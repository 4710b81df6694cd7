import type { JsonValue } from '../json/json.ts'

/**
 * One place that a change touches. `path` is a JSON Pointer (RFC 6901) into the keyed view of the document:
 * `/rules/eu-only/rollout`, never `/rules/3/rollout`.
 *
 * A place is as deep as the difference: a changed field of an item is the field; a new item is the item. Items are
 * addressed
 * - in a keyed list by their key: `/rules/eu-only`;
 * - in a set by their value, a text as it is and anything else in canonical form: `/tags/beta`, `/codes/404`;
 * - in a `list()` by their position: that in the next document for added and changed items, that in the document
 *   before for removed ones. An item that took the place of another is `changed`, as a whole;
 * - in a `byPlace()` list by their position, at which the items of both documents are paired: `/steps/1/title`;
 * - in an atomic list not at all: the list is the place.
 */
export type ChangedPlace = PlacePath & PlaceDifference

/** Where a place is. */
export interface PlacePath {
  readonly path: string
  /** Which segments of `path`, counted from 0, are positions in a `byPlace()` list. Left out: none. */
  readonly byPlace?: readonly number[]
}

/** What is different there. */
export type PlaceDifference =
  | {
      readonly type: 'added'
      readonly after: JsonValue
      /** For an item of a keyed list: where it stands in the next document, from 0. */
      readonly position?: number
    }
  | { readonly type: 'removed'; readonly before: JsonValue }
  | { readonly type: 'changed'; readonly before: JsonValue; readonly after: JsonValue }
  /**
   * The items that a keyed list had before stand in another order; `path` is the list, `before` and `after` are its
   * keys in order.
   */
  | {
      readonly type: 'moved'
      readonly before: readonly string[]
      readonly after: readonly string[]
    }
