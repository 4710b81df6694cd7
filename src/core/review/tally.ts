import type { Need, PinnedRequirement } from '../policy/model/requirement.ts'
import { type Alternative, alternatives } from '../policy/requirements/alternatives.ts'
import { fillSlots, type Slot, shortage } from './matching.ts'
import { asFarAs, type Voter } from './voter.ts'

/** How far the approvals of these voters meet what was asked. */
export interface Tally {
  /** Whether every policy's requirement is met. Never true for an empty list. */
  readonly met: boolean
  readonly policies: readonly PolicyTally[]
}

/** How far one policy's requirement is met. */
export interface PolicyTally {
  readonly policy: string
  readonly version: number
  readonly met: boolean
  /**
   * What is missing on the shortest way to meet it. Empty if it is met, or if it has no way of being met at
   * all.
   */
  readonly missing: readonly MissingNeed[]
}

/** A need that still lacks people. */
export interface MissingNeed {
  readonly need: Need
  /** How many more people it takes. */
  readonly missing: number
  /** False while an earlier stage is not met: nobody's approval counts for it yet. */
  readonly open: boolean
}

/** Counts approvals against requirements. Each policy is met by itself; inside one policy a person fills one place. */
export function tally(requirements: readonly PinnedRequirement[], voters: readonly Voter[]): Tally {
  const policies = requirements.map((requirement) => tallyPolicy(requirement, voters))
  return { met: policies.length > 0 && policies.every(({ met }) => met), policies }
}

/**
 * Tells whether more voters leave fewer places open, on some way of meeting one of the policies that are not met yet;
 * or whether there is none of those left, so that whatever is answered next settles it.
 */
export function comesCloser(
  requirements: readonly PinnedRequirement[],
  voters: readonly Voter[],
  more: readonly Voter[],
): boolean {
  const open = requirements
    .map((requirement) => {
      const ways = alternatives(requirement.require)
      return ways.map((way) => [missingOn(requirement, way, voters), missingOn(requirement, way, more)] as const)
    })
    .filter((ways) => ways.every(([missing]) => missing > 0))
  return open.length === 0 || open.flat().some(([missing, left]) => left < missing)
}

function missingOn(of: PinnedRequirement, way: Alternative, voters: readonly Voter[]): number {
  return shortage(slotsOf(of, way, { opensAt: 0, voters }), voters)
}

function tallyPolicy(requirement: PinnedRequirement, voters: readonly Voter[]): PolicyTally {
  const { policy, version, require, over } = requirement
  if (over) return { policy, version, met: true, missing: [] }
  let nearest: { readonly slots: readonly Slot[]; readonly missing: number } | undefined
  for (const alternative of alternatives(require)) {
    const slots = slotsOf(requirement, alternative, { opensAt: 0, voters })
    const missing = shortage(slots, voters)
    if (missing === 0) return { policy, version, met: true, missing: [] }
    if (nearest === undefined || missing < nearest.missing) nearest = { slots, missing }
  }
  return { policy, version, met: false, missing: nearest ? missingNeeds(nearest.slots, voters) : [] }
}

function missingNeeds(slots: readonly Slot[], voters: readonly Voter[]): readonly MissingNeed[] {
  const filled = fillSlots(slots, voters)
  return slots
    .map(({ need, opensAt }, index) => ({
      need,
      missing: need.quorum - (filled[index] ?? 0),
      open: Number.isFinite(opensAt),
    }))
    .filter(({ missing }) => missing > 0)
}

/**
 * The places to be filled, each with the moment from which approvals count for it: a stage opens when those before it
 * are filled.
 */
function slotsOf(
  of: PinnedRequirement,
  alternative: Alternative,
  { opensAt, voters }: { readonly opensAt: number; readonly voters: readonly Voter[] },
): readonly Slot[] {
  switch (alternative.type) {
    case 'need':
      return [{ need: alternative.need, of, opensAt }]
    case 'all':
      return alternative.of.flatMap((part) => slotsOf(of, part, { opensAt, voters }))
    case 'stages': {
      const slots: Slot[] = []
      let opens = opensAt
      for (const stage of alternative.of) {
        slots.push(...slotsOf(of, stage, { opensAt: opens, voters }))
        opens = filledFrom(slots, voters)
      }
      return slots
    }
  }
}

/**
 * The position of the approval after the one that filled the last of these slots, Infinity while they are not filled.
 */
function filledFrom(slots: readonly Slot[], voters: readonly Voter[]): number {
  const given = voters
    .flatMap((voter) => voter.votes ?? [voter])
    .flatMap(({ index }) => (Number.isFinite(index) ? index : []))
  const order = given.toSorted((a, b) => a - b)
  const until = (last: number) => voters.flatMap((voter) => asFarAs(voter, ({ index }) => index <= last) ?? [])
  const isFilled = (count: number) => shortage(slots, until(order[count - 1] ?? -1)) === 0
  if (!isFilled(order.length)) return Number.POSITIVE_INFINITY
  let [tooFew, enough] = [0, order.length]
  while (enough - tooFew > 1) {
    const count = Math.floor((tooFew + enough) / 2)
    if (isFilled(count)) enough = count
    else tooFew = count
  }
  return (order[enough - 1] ?? 0) + 1
}
