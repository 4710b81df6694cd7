import { isArray } from '../json/equal.ts'
import type { JsonArray, JsonValue } from '../json/json.ts'
import { formatPointer } from '../json/pointer.ts'
import { collide, type Merging, refuseAnswer } from './collide.ts'
import { commonOrder, insertBeside } from './merge-order.ts'
import type { ShapeNode } from './shape.ts'

/** A list whose items have numbers, the same for items of the same name; those of live are their places. */
export interface Numbered {
  readonly items: JsonArray
  readonly names: readonly string[]
  readonly numbers: readonly number[]
}

/** The three sides of a list. */
export type NumberedSides = Readonly<Record<'base' | 'live' | 'draft', Numbered>>

/**
 * Orders the merged items. `live` and `draft` are those of either side in its order; `liveCommon` those of live that
 * draft has too.
 */
export function mergeOrders(
  sides: NumberedSides,
  orders: Readonly<Record<'live' | 'draft' | 'liveCommon', readonly number[]>>,
  { kind }: ShapeNode,
  merging: Merging,
): readonly number[] {
  const common = {
    base: sides.base.numbers,
    live: orders.liveCommon,
    draft: orders.draft.filter((number) => number < sides.live.items.length),
  }
  const agreed = commonOrder(common) ?? (kind.kind === 'set' ? common.live : undefined)
  return insertBeside(agreed ?? chooseOrder(sides, common.live, merging), orders.live, orders.draft)
}

/** Asks for the order that does not follow from the sides: any order of all the items that both have. */
function chooseOrder(
  { base, live, draft }: NumberedSides,
  common: readonly number[],
  merging: Merging,
): readonly number[] {
  const names = { base: base.names, live: live.names, draft: draft.names }
  const chosen = collide('incompatible_order', names, merging)
  const numbers = new Map(common.map((number) => [live.names[number] as JsonValue, number]))
  const order = isArray(chosen) ? chosen.flatMap((name) => numbers.get(name) ?? []) : []
  if (order.length === common.length && new Set(order).size === common.length) return order
  const needed = [...numbers.keys()].join(', ')
  refuseAnswer(`order:${formatPointer(merging.path)}`, `the order has to name each of ${needed} once`, merging)
  return common
}
