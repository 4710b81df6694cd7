import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { revertIdOf } from '../../../src/core/request/model/planned-revert.ts'
import { verbNames } from '../../../src/core/request/model/status-table.ts'
import { day, given, moved, type Otherwise, office, plannedRevert, queued, rollout, start } from './given.ts'

const due = start + 2 * day
const line = given(plannedRevert(due))

/** Whatever can become of a tenant meanwhile. */
const meanwhile: fc.Arbitrary<Otherwise> = fc.record(
  {
    users: fc.subarray([...office]).map((some) => new Map(some)),
    switchedOff: fc.constant(9),
    held: fc.constant(true as const),
    holds: fc.constant([{ from: start, to: due + day }]),
    custodian: fc.constant(true as const),
    outdated: fc.constant({ recorded: 'sha256:0', own: 'sha256:1' } as never),
  },
  { requiredKeys: [] },
)

const talking = ['comment', 'resolve_comment', 'reopen_comment']

describe('[TI-03] a planned revert', () => {
  it('has an id that says whose it is, if there is room for that', () => {
    expect(revertIdOf('r1')).toBe('r1-revert')
    const long = 'r'.repeat(255)
    expect(revertIdOf(long)).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(revertIdOf(long)).not.toBe(revertIdOf(`${'r'.repeat(254)}s`))
  })

  it('is approved from the start, until its time comes, by nobody in particular', () => {
    expect(line.request).toMatchObject({
      status: 'approved',
      revertOf: 'r1',
      applyAt: due,
      reviews: [],
      requirements: [],
    })
  })

  it('is moved by nothing but its time, whoever tries what, and whatever becomes of the tenant', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...verbNames),
        fc.constantFrom('ann', 'ben', 'root', 'eve', 'zoe'),
        fc.integer({ min: start, max: due + 9 * day }),
        meanwhile,
        (type, by, at, otherwise) => {
          const { decision, request } = line.when({ type, by, at, reason: 'why' }, otherwise)
          if (!decision.ok) return
          const isTime = at >= due && (type === 'come_due' || type === 'apply')
          expect(talking.includes(type) || isTime).toBe(true)
          expect(request.status).toBe(isTime ? 'applied' : 'approved')
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('lands at its time whatever becomes of the tenant', () => {
    fc.assert(
      fc.property(fc.integer({ min: due, max: due + 99 * day }), meanwhile, (at, otherwise) => {
        line.when({ type: 'come_due', by: 'countersign', at }, otherwise).yields('applied', 'applied')
      }),
    )
  })

  it('lands as far as there is something to take back, and fails where that collides', () => {
    const come = { type: 'come_due', by: 'countersign', at: due } as const
    const merged = rollout(40, { base: 5, after: { rollout: 40, more: true } })
    const kept = line
      .when(come, { target: { live: [5], rebased: [merged], reverts: true } })
      .yields('applied', 'applied')
    expect(kept.revisions).toMatchObject([{ number: 6 }])
    const nothing = rollout(40, { base: 5, places: [], actions: [] })
    const gone = line
      .when(come, { target: { live: [5], rebased: [nothing], reverts: true } })
      .yields('applied', 'applied')
    expect(gone.revisions).toEqual([])
    const failed = line.when(come, { target: { ...moved, reverts: true } }).yields('failed', 'failed')
    expect(failed.failure).toMatchObject({ code: 'stale' })
  })

  it('is a request as every other with other content: policies ask, and a freeze holds it', () => {
    const come = { type: 'come_due', by: 'countersign', at: due } as const
    const at = due + day
    const failed = given(plannedRevert(due), (held) => ({
      ...held,
      request: line.when(come, { target: moved }).request,
    }))
    const again = failed.when({ type: 'rebase', at }, { next: { asks: {}, atOnce: true } })
    expect(again.yields('rebased', 'pending')).toMatchObject({ revertOf: 'r1', requirements: [{ policy: 'reviewed' }] })
    const free = { asks: { requirements: [] }, atOnce: true } as const
    failed.when({ type: 'rebase', at }, { next: free, target: queued }).yields('rebased', 'approved')
    failed.when({ type: 'retry', at }).refuses('approval_missing')
  })
})
