import type { Chore, ChoreOutcome } from './chore.ts'

/**
 * What `tick` does just now in this process, in all of its calls, and who gave it trouble. Nothing relies on it for
 * being right.
 */
export interface AtWork {
  /** By the names of the chores that are under way. */
  readonly chores: Map<string, { readonly tenant: string; readonly id: string }>
  /** How many chores of a lane are under way, and how many of these take long. */
  readonly lanes: Map<string, { readonly underWay: number; readonly slow: number }>
  /** Tenants for which something failed in the last call: the others come first. */
  troubled: ReadonlySet<string>
  /** What became of chores that were still under way when their call came back: the next one tells it. */
  readonly late: { readonly chore: Chore; readonly outcome: ChoreOutcome }[]
  /** After which tenant the next ones are looked for, and from when on again, in milliseconds since 1970. */
  round: { readonly after: string | undefined; readonly again: number }
}

/** Begins with nothing under way. */
export function createAtWork(): AtWork {
  return { chores: new Map(), lanes: new Map(), troubled: new Set(), late: [], round: { after: undefined, again: 0 } }
}

/** Changes what is known of a lane, and forgets it once nothing of it is under way. */
export function countLane(
  { lanes }: AtWork,
  lane: string,
  by: { readonly underWay?: number; readonly slow?: number },
): void {
  const before = lanes.get(lane) ?? { underWay: 0, slow: 0 }
  const after = { underWay: before.underWay + (by.underWay ?? 0), slow: before.slow + (by.slow ?? 0) }
  if (after.underWay === 0) lanes.delete(lane)
  else lanes.set(lane, after)
}
