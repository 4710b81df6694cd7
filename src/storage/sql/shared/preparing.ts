import { recent } from './recent.ts'

/** Tells whether a server shall keep a statement prepared. */
export type Preparing = (text: string) => boolean

/**
 * How many statements a server keeps for one connection at most. Each takes up memory there until the connection
 * ends.
 */
export const mostPrepared = 200
/** The longest text of a statement that a server keeps, in characters. */
const longest = 20_000
/** How many of the other statements are remembered, to see which of them come up again. */
const mostSeenOnce = 500

/**
 * Picks the statements that a server keeps prepared: those that come up more than once, and no more than there is
 * room for. A statement whose text follows from what callers ask for is run and forgotten.
 */
export function preparing(): Preparing {
  const kept = new Set<string>()
  const seen = recent<{ times: number }>(mostSeenOnce, () => 1)
  return (text) => {
    if (kept.has(text)) return true
    if (kept.size >= mostPrepared || text.length > longest) return false
    const known = seen.of(text, () => ({ times: 0 }))
    known.times++
    if (known.times < 2) return false
    kept.add(text)
    return true
  }
}
