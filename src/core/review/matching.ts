import type { Need, PinnedRequirement } from '../policy/model/requirement.ts'
import { countsFor } from './approval-limits.ts'
import { asFarAs, isAmong, type Voter } from './voter.ts'

/** A need that has to be filled by different people who approved at `opensAt` or later. */
export interface Slot {
  readonly need: Need
  /** The requirement that it belongs to. */
  readonly of: PinnedRequirement
  readonly opensAt: number
}

/**
 * Assigns each voter to at most one slot so that as many places as possible are filled, and says how many each slot
 * got.
 *
 * A maximum bipartite matching by augmenting paths (Kuhn 1955): the number of filled places does not depend on any
 * order.
 */
export function fillSlots(slots: readonly Slot[], voters: readonly Voter[]): readonly number[] {
  const holders: Voter[][] = slots.map(() => [])

  const place = (voter: Voter, tried: Set<number>): boolean => {
    for (const [index, slot] of slots.entries()) {
      if (tried.has(index) || !fits(voter, slot)) continue
      tried.add(index)
      const seated = holders[index] ?? []
      if (seated.length < slot.need.quorum) {
        seated.push(voter)
        return true
      }
      for (const [seat, other] of seated.entries()) {
        if (!place(other, tried)) continue
        seated[seat] = voter
        return true
      }
    }
    return false
  }

  for (const voter of voters) place(voter, new Set())
  return holders.map((seated) => seated.length)
}

/** Tells whether a voter fills a place, by what counts for it of their votes. */
function fits(voter: Voter, { need, of, opensAt }: Slot): boolean {
  const counted = asFarAs(voter, ({ limits, index }) => index >= opensAt && countsFor(limits, of, need))
  return counted !== undefined && isAmong(counted, need.from)
}

/** Counts the places that different people cannot fill. */
export function shortage(slots: readonly Slot[], voters: readonly Voter[]): number {
  const filled = fillSlots(slots, voters)
  return slots.reduce((sum, { need }, index) => sum + need.quorum - (filled[index] ?? 0), 0)
}
