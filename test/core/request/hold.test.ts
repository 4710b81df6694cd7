import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Hold, holdsAfter, isMissed, timeHeld } from '../../../src/core/request/model/hold.ts'

/** How long the workflow is on and off by turns. */
const turns = fc.array(fc.tuple(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 1_000 })), {
  minLength: 1,
  maxLength: 70,
  size: 'max',
})

describe('the times at which the workflow was off', () => {
  it('[FA-07] are a bounded list, which gives nobody time that passed, and takes none from who waited through all of them', () => {
    fc.assert(
      fc.property(turns, fc.nat(80_000), fc.nat(80_000), (lengths, from, later) => {
        let now = 0
        let holds: readonly Hold[] = []
        const all: Hold[] = []
        for (const [on, off] of lengths) {
          holds = holdsAfter(holds, { on: false, at: now + on })
          holds = holdsAfter(holds, { on: true, at: now + on + off })
          all.push({ from: now + on, to: now + on + off })
          now += on + off
        }
        expect(holds.length).toBeLessThanOrEqual(21)
        const at = Math.max(now, from + later)
        expect(timeHeld(holds, 0, at)).toBe(timeHeld(all, 0, at))
        expect(timeHeld(holds, from, at)).toBeLessThanOrEqual(timeHeld(all, from, at))
        if (isMissed({ applyAt: from }, all)) expect(isMissed({ applyAt: from }, holds)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})
