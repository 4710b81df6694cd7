import type { Lifecycle } from './define-lifecycle.ts'
import type { ResolvedMove } from './move.ts'

/**
 * Finds the shortest way by which people bring a resource to a live state, from where it begins or from another state:
 * the rows of the table, the first of them first. Of ways of one length, the one whose rows come first. No row of it
 * waits for the clock: only the last can enter a state that the clock ends.
 *
 * @returns The rows, none for the state that it is in; `undefined` if there is no such way.
 */
export function pathTo<T>(
  { initial, moves }: Lifecycle<T>,
  state: string,
  from: string = initial,
): readonly ResolvedMove<T>[] | undefined {
  const ways = new Map<string, readonly ResolvedMove<T>[]>([[from, []]])
  for (const [reached, way] of ways) {
    if (reached === state) return way
    if (way.at(-1)?.timed) continue
    for (const move of moves) {
      if (move.from !== reached || move.by !== undefined || ways.has(move.to)) continue
      ways.set(move.to, [...way, move])
    }
  }
  return undefined
}
