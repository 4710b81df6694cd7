import type { Approvers, Need, Requirement } from '../model/requirement.ts'
import { type Alternative, alternatives } from './alternatives.ts'

/** Names the people who are among these approvers; `undefined` if that is not known, and may be any number. */
export type PeopleAmong = (approvers: Approvers) => ReadonlySet<string> | undefined

/**
 * Tells whether different people can fill every place of a requirement on one of the ways of meeting it.
 *
 * @example
 * ```ts
 * const leads = new Set(['ann', 'ben'])
 * canBeMet({ quorum: 2, from: { roles: ['lead'] } }, () => leads) // true
 * ```
 */
export function canBeMet(requirement: Requirement, peopleAmong: PeopleAmong): boolean {
  return alternatives(requirement).some((way) => {
    const seats = needsIn(way).flatMap(({ quorum, from }) => {
      const people = peopleAmong(from)
      return people ? Array.from({ length: quorum }, () => people) : []
    })
    return canSeat(seats)
  })
}

function needsIn(way: Alternative): readonly Need[] {
  return way.type === 'need' ? [way.need] : way.of.flatMap(needsIn)
}

/**
 * Tells whether every seat can be given to somebody of its own. Maximum bipartite matching by augmenting paths (Kuhn
 * 1955).
 */
function canSeat(seats: readonly ReadonlySet<string>[]): boolean {
  const seatOf = new Map<string, number>()
  const give = (seat: number, asked: Set<string>): boolean => {
    for (const person of seats[seat] ?? []) {
      if (asked.has(person)) continue
      asked.add(person)
      const other = seatOf.get(person)
      if (other !== undefined && !give(other, asked)) continue
      seatOf.set(person, seat)
      return true
    }
    return false
  }
  return seats.every((_, seat) => give(seat, new Set()))
}
