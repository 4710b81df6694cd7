import type { Chore, ChoreOutcome, Counted } from '../context/chore.ts'

/** What one call of `tick` has done so far. */
export interface ShiftTally {
  readonly done: Record<Counted, number>
  readonly failed: { readonly tenant: string; readonly id: string; readonly error: unknown }[]
  /** How many things were done. */
  count(): number
  /** How many things were done for a tenant. */
  countFor(tenant: string): number
  /** How many things wait for somebody else. */
  waiting(): number
  /** Writes down what became of a chore. `seen` is what `countFor` its tenant gave when it began. */
  take(chore: Chore, outcome: ChoreOutcome, seen: number): void
  /**
   * Gives the chores, once each, that waited for somebody else while something of their tenant was under way and has
   * been done since.
   */
  again(): readonly Chore[]
}

/** Counts what was done, but for what was only cleared away: that uses up no part of what a call may do. */
export function countOf({ removed: _removed, forgotten: _forgotten, ...done }: ShiftTally['done']): number {
  return Object.values(done).reduce((sum, count) => sum + count, 0)
}

/** Begins to count. */
export function createTally(): ShiftTally {
  const done: Record<Counted, number> = {
    expired: 0,
    applied: 0,
    unapplied: 0,
    returned: 0,
    reclaimed: 0,
    moved: 0,
    escalated: 0,
    lapsed: 0,
    reminded: 0,
    warned: 0,
    stale: 0,
    delivered: 0,
    sealed: 0,
    removed: 0,
    forgotten: 0,
  }
  const failed: { readonly tenant: string; readonly id: string; readonly error: unknown }[] = []
  const waits = new Map<string, { readonly chore: Chore; readonly seen: number }>()
  const retried = new Set<string>()
  const doneOf = new Map<string, number>()
  const countFor = (tenant: string) => doneOf.get(tenant) ?? 0
  return {
    done,
    failed,
    count: () => countOf(done),
    countFor,
    waiting: () => waits.size,
    take(chore, { done: counts = {}, failed: failures = [], why }, seen) {
      const { name, tenant, id } = chore
      for (const [counted, count] of Object.entries(counts)) {
        done[counted as Counted] += count
        doneOf.set(tenant, countFor(tenant) + count)
      }
      for (const failure of failures) failed.push({ tenant, id, ...failure })
      if (why === 'waiting' && failures.length === 0) waits.set(name, { chore, seen })
      else waits.delete(name)
    },
    again() {
      const found = [...waits.values()].flatMap(({ chore, seen }) => {
        return !retried.has(chore.name) && countFor(chore.tenant) > seen ? [chore] : []
      })
      for (const { name } of found) retried.add(name)
      return found
    },
  }
}
