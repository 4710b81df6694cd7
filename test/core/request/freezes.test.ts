import { describe, expect, it } from 'vitest'
import { nextDue } from '../../../src/core/request/decide/due-verbs.ts'
import { approved, day, drafted, given, hour, moved, outside, queued, start, submitted, unfit } from './given.ts'

const blocked = { frozen: { ...queued.frozen, mode: 'block' } } as const

const due = start + day

describe.each([
  ['queues', queued],
  ['blocks', blocked],
])('[TI-02] a freeze that %s', (_, target) => {
  it('keeps what the last approval would apply, approved', () => {
    const { decision, request } = given(submitted()).when({ type: 'approve', by: 'ben' }, { target })
    expect(decision).toMatchObject({ ok: true, value: { type: 'approved', outcome: { status: 'approved' } } })
    expect(request.reviews).toHaveLength(1)
  })

  it('refuses to apply by hand, and to try again what failed, whatever else is wrong', () => {
    const line = given(submitted(), approved('ben', { target }))
    const details = { type: 'flag', freeze: 'release', mode: target.frozen.mode, until: start + hour }
    line.when({ type: 'apply', by: 'eve' }, { target }).refuses('frozen', details)
    line.when({ type: 'apply', by: 'eve' }, { target: { ...target, ...moved } }).refuses('frozen', details)
    line.when({ type: 'apply', by: 'eve' }, { target: { ...target, ...outside } }).refuses('frozen', details)
    const failed = given(submitted(), approved('ben', { target: unfit }))
    failed.when({ type: 'retry', by: 'eve' }, { target }).refuses('frozen', details)
  })

  it('lets a bypass pass, which names it', () => {
    const { decision } = given(submitted({ rules: { bypass: ['admin'] } })).when(
      { type: 'bypass', by: 'root', reason: 'it burns' },
      { target },
    )
    expect(decision).toMatchObject({ ok: true, value: { freezes: ['release'], outcome: { status: 'applied' } } })
    const sent = given(submitted({ rules: { bypass: ['admin'] } })).when(
      { type: 'bypass', by: 'root', reason: 'it burns' },
      { target: { ...target, ...outside } },
    )
    expect(sent.request.application).toMatchObject({ passes: true })
  })
})

describe('[TI-02] when its time comes in a freeze', () => {
  const scheduled = given(submitted({ applyAt: due }), approved('ben'))

  it('what is queued waits', () => {
    const line = scheduled.when({ type: 'come_due', at: due }, { target: queued })
    line.refuses('frozen')
    expect(nextDue(line.request)).toBe(due)
  })

  it('what is blocked is applied by hand from then on, with the approvals that it has', () => {
    const { request } = scheduled.when({ type: 'come_due', at: due }, { target: blocked })
    expect(request).toMatchObject({ status: 'approved', scheduleDropped: true, reviews: [{ by: 'ben' }] })
    const now = given(submitted(), approved('ben', { target: blocked }))
    const dropped = now.when({ type: 'come_due', at: start + hour }, { target: blocked })
    expect(dropped.request).toMatchObject({ status: 'approved', scheduleDropped: true, reviews: [{ by: 'ben' }] })
    expect(nextDue(dropped.request)).toBe(dropped.request.expiresAt - day)
  })
})

describe('[TI-02] what nobody has to approve', () => {
  it('waits for the end of a freeze that queues, if it lives to see it', () => {
    const line = given(drafted({ requirements: [] }))
    expect(line.when({ type: 'submit' }, { target: queued }).request.status).toBe('approved')
    line.when({ type: 'submit' }, { target: blocked }).refuses('frozen')
    const { until: _until, ...endless } = queued.frozen
    line.when({ type: 'submit' }, { target: { frozen: endless } }).refuses('frozen')
    const late = { ...queued.frozen, until: start + 1_000 * 24 * hour }
    line.when({ type: 'submit' }, { target: { frozen: late } }).refuses('frozen')
  })
})
