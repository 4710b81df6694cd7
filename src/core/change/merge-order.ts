import { longestIncreasing } from './align.ts'

/**
 * Items on three sides, by their numbers, in their order. `live` and `draft` have the same ones; `base` may lack some
 * and have others.
 */
export interface Orders {
  readonly base: readonly number[]
  readonly live: readonly number[]
  readonly draft: readonly number[]
}

/** Beyond so many comparisons, orders are not combined: as many as 1,000 items in reverse need. */
const most = 1_000_000

/**
 * Finds the order that agrees with both sides for the items that both have; `undefined` when there is none.
 *
 * Of two items whose order the sides see differently, the side decides that changed it against the base. All those
 * decisions may make a circle, or be about items that both sides inserted: then there is no such order.
 */
export function commonOrder({ base, live, draft }: Orders): readonly number[] | undefined {
  let start = 0
  let end = live.length
  while (start < end && live[start] === draft[start]) start++
  while (end > start && live[end - 1] === draft[end - 1]) end--
  if (start === end) return live
  const all = new Set(live)
  const old = base.filter((item) => all.has(item))
  if (sameOrder(old, live)) return draft
  if (sameOrder(old, draft)) return live
  const middle = ranked(live.slice(start, end), { base, live, draft })
  return middle && [...live.slice(0, start), ...middle, ...live.slice(end)]
}

function sameOrder(base: readonly number[], side: readonly number[]): boolean {
  return base.length === side.length && base.every((item, i) => item === side[i])
}

/**
 * Ranks items, given in the order of live, by the number of items that they come before: all numbers differ exactly
 * when the decisions make an order. Items that both sides have in the same order need not be compared with each
 * other.
 */
function ranked(items: readonly number[], { base, draft }: Orders): readonly number[] | undefined {
  const [inBase, inDraft] = [placesOf(items, base), placesOf(items, draft) as readonly number[]]
  const steady = new Set(longestIncreasing(inDraft))
  if ((items.length - steady.size) * items.length > most) return undefined
  const before = items.map(() => 0)
  let behind = steady.size
  for (let i = 0; i < items.length; i++) {
    if (steady.has(i)) before[i] = (before[i] as number) + --behind
    else if (!compareWithOthers(i)) return undefined
  }
  if (new Set(before).size < items.length) return undefined
  const order: number[] = []
  for (const [i, item] of items.entries()) order[items.length - 1 - (before[i] as number)] = item
  return order

  function compareWithOthers(i: number): boolean {
    for (let other = 0; other < items.length; other++) {
      if (other === i || (other < i && !steady.has(other))) continue
      const winner = winnerOf(Math.min(i, other), Math.max(i, other))
      if (winner === undefined) return false
      before[winner] = (before[winner] as number) + 1
    }
    return true
  }

  function winnerOf(i: number, j: number): number | undefined {
    if ((inDraft[i] as number) < (inDraft[j] as number)) return i
    const [old, other] = [inBase[i], inBase[j]]
    if (old === undefined || other === undefined) return undefined
    return old < other ? j : i
  }
}

/** Finds the place of each item in an order that may lack it. */
function placesOf(items: readonly number[], order: readonly number[]): readonly (number | undefined)[] {
  const places = new Map(order.map((item, place) => [item, place]))
  return items.map((item) => places.get(item))
}

/**
 * Puts the items that only one side has beside the neighbours that they have there: each behind the item that it
 * follows, or at the beginning; if both sides put items at the same place, those of live come first.
 */
export function insertBeside(
  common: readonly number[],
  live: readonly number[],
  draft: readonly number[],
): readonly number[] {
  if (live.length === common.length && draft.length === common.length) return common
  const anchors = new Set(common)
  const [fromLive, fromDraft] = [followers(live, anchors), followers(draft, anchors)]
  const order: number[] = []
  for (const anchor of [undefined, ...common]) {
    if (anchor !== undefined) order.push(anchor)
    for (const item of fromLive.get(anchor) ?? []) order.push(item)
    for (const item of fromDraft.get(anchor) ?? []) order.push(item)
  }
  return order
}

/** Lists, for each anchor and for the beginning, the items that follow it and are no anchors themselves. */
function followers(items: readonly number[], anchors: ReadonlySet<number>): ReadonlyMap<number | undefined, number[]> {
  const found = new Map<number | undefined, number[]>()
  let anchor: number | undefined
  for (const item of items) {
    const run = found.get(anchor)
    if (anchors.has(item)) anchor = item
    else if (run === undefined) found.set(anchor, [item])
    else run.push(item)
  }
  return found
}
