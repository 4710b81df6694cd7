/** Remembers what was asked for last, as much of it as there is room for. */
export interface Recent<V> {
  /** Gives what is known under a key, and makes it if nothing is. */
  of(key: string, make: () => V): V
  /** How much room is taken up. */
  readonly weight: number
}

/**
 * Makes a memory with room for so much. What was not asked for the longest goes first, and what would fill half of
 * the room is not kept at all.
 */
export function recent<V>(room: number, weigh: (value: V, key: string) => number): Recent<V> {
  const known = new Map<string, V>()
  let weight = 0
  return {
    of(key, make) {
      const found = known.get(key)
      if (found !== undefined) {
        known.delete(key)
        known.set(key, found)
        return found
      }
      const made = make()
      const own = weigh(made, key)
      if (own * 2 > room) return made
      known.set(key, made)
      weight += own
      for (const [oldest, value] of known) {
        if (weight <= room) break
        known.delete(oldest)
        weight -= weigh(value, oldest)
      }
      return made
    },
    get weight() {
      return weight
    },
  }
}
