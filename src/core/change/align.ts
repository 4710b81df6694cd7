/** One edit of a list: what stood at `from` … `to` before stands at `start` … `end` now; ends are exclusive. */
export interface Edit {
  readonly from: number
  readonly to: number
  readonly start: number
  readonly end: number
}

/**
 * Lists the edits that make the second list out of the first, in order. Between two edits is at least one item that
 * stayed.
 */
export function edits(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const found: Edit[] = []
  let from = 0
  let start = 0
  const close = (to: number, end: number) => {
    if (from < to || start < end) found.push({ from, to, start, end })
    from = to + 1
    start = end + 1
  }
  for (const [i, pair] of align(before, after).entries()) if (pair >= 0) close(pair, i)
  close(before.length, after.length)
  return found
}

/**
 * Aligns two lists of texts: for each place of the second, the place of the first that it is paired with, or -1.
 *
 * Paired places hold the same text, and both lists have their pairs in the same order. Equal beginnings and ends are
 * paired first, then the longest run in order of what is left, repeated texts counted apart. Takes n log n steps.
 */
export function align(before: readonly string[], after: readonly string[]): readonly number[] {
  const pairs = new Array<number>(after.length).fill(-1)
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) {
    pairs[start] = start
    start++
  }
  let beforeEnd = before.length
  let afterEnd = after.length
  while (beforeEnd > start && afterEnd > start && before[beforeEnd - 1] === after[afterEnd - 1]) {
    pairs[--afterEnd] = --beforeEnd
  }
  const places = placesOf(before, start, beforeEnd)
  const candidates: number[] = []
  const homes: number[] = []
  for (let i = start; i < afterEnd; i++) {
    const place = places.get(after[i] as string)?.pop()
    if (place === undefined) continue
    candidates.push(place)
    homes.push(i)
  }
  for (const kept of longestIncreasing(candidates)) pairs[homes[kept] as number] = candidates[kept] as number
  return pairs
}

/** Lists the places of each text, the last one first. */
function placesOf(texts: readonly string[], start: number, end: number): Map<string, number[]> {
  const places = new Map<string, number[]>()
  for (let i = end - 1; i >= start; i--) {
    const text = texts[i] as string
    const known = places.get(text)
    if (known === undefined) places.set(text, [i])
    else known.push(i)
  }
  return places
}

/** Finds a longest increasing subsequence of different numbers, as indexes into them. */
export function longestIncreasing(values: readonly number[]): readonly number[] {
  const tails: number[] = []
  const previous: number[] = []
  for (let i = 0; i < values.length; i++) {
    let low = 0
    let high = tails.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((values[tails[middle] as number] as number) < (values[i] as number)) low = middle + 1
      else high = middle
    }
    previous.push(low > 0 ? (tails[low - 1] as number) : -1)
    tails[low] = i
  }
  const run: number[] = []
  for (let i = tails.at(-1) ?? -1; i >= 0; i = previous[i] as number) run.push(i)
  return run.reverse()
}
