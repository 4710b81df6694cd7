import { describe, expect, it } from 'vitest'
import {
  approved,
  changesRequested,
  day,
  done,
  drafted,
  given,
  hour,
  leads,
  moved,
  office,
  people,
  start,
  submitted,
} from './given.ts'

const byHand = { rules: { apply: 'by_hand' } } as const
const approve = { type: 'approve', by: 'ben' } as const
const deadline = start + 14 * day
const due = start + day

describe('a schedule', () => {
  const scheduled = submitted({ applyAt: due })

  it('holds an approved change back until its time', () => {
    const line = given(scheduled, approved('ben'))
    expect(line.request).toMatchObject({ status: 'approved', applyAt: due })
    for (const type of ['apply', 'come_due'] as const) {
      line.when({ type, at: due - 1 }).refuses('not_due', { dueAt: due })
      line.when({ type, at: due }).yields('applied', 'applied')
      line.when({ type, at: due + 3 * day }).yields('applied', 'applied')
    }
  })

  it('[H6] applies at once where the last approval comes after its time', () => {
    given(scheduled)
      .when({ ...approve, at: due })
      .yields('approved', 'applied')
  })

  it('[H7] is dropped where the request is not approved any more, which stays open for a person to apply', () => {
    const demoted = new Map([...office, ...people({ ben: { roles: [] } })])
    const dropped = done({ type: 'come_due', at: due }, { users: demoted })
    const line = given(scheduled, approved('ben'), dropped)
    expect(line.request).toMatchObject({ status: 'pending', scheduleDropped: true, reviews: [{ by: 'ben' }] })
    const again = given(scheduled, approved('ben'), dropped, done({ type: 'approve', by: 'cat', at: due + hour }))
    expect(again.request.status).toBe('approved')
    again.when({ type: 'come_due', at: due + 2 * hour }).refuses('not_due', { dueAt: due })
    again.when({ type: 'apply', by: 'eve', at: due + 2 * hour }).yields('applied', 'applied')
  })

  it('[H7] counts again when a new one is set', () => {
    const dropped = done({ type: 'come_due', at: due }, { now: { require: leads(2) } })
    const reset = done({ type: 'schedule', at: due + hour }, { next: { applyAt: due + day } })
    const line = given(scheduled, approved('ben'), dropped, reset)
    expect(line.request.scheduleDropped).toBeUndefined()
    expect(line.request).toMatchObject({ applyAt: due + day, reviews: [], status: 'pending' })
  })

  it('[H7] is not applied onto a resource that has moved on', () => {
    given(scheduled, approved('ben')).when({ type: 'come_due', at: due }, { target: moved }).yields('failed', 'failed')
  })

  it('[H13] must be a time, in the future, before the request expires', () => {
    const line = given(submitted())
    const at = start + hour
    for (const applyAt of [at, at - 1, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, deadline, deadline + 1]) {
      line.when({ type: 'schedule' }, { next: { applyAt } }).refuses('invalid_input', { argument: 'applyAt' })
    }
    line.when({ type: 'schedule' }).refuses('invalid_input', { argument: 'applyAt', problem: 'must be given' })
    line.when({ type: 'schedule' }, { next: { applyAt: at + 1 } }).yields('scheduled', 'pending')
    line.when({ type: 'schedule' }, { next: { applyAt: deadline - 1 } }).yields('scheduled', 'pending')
  })

  it('[D3] is the requester’s alone', () => {
    const line = given(submitted())
    line.when({ type: 'schedule', by: 'ben' }, { next: { applyAt: due } }).refuses('not_the_requester')
    line.when({ type: 'unschedule', by: 'ben' }).refuses('not_the_requester')
    const gone = new Map([...office].filter(([id]) => id !== 'ann'))
    line.when({ type: 'schedule' }, { next: { applyAt: due }, users: gone }).refuses('unknown_actor')
  })

  it('is not for a change that nobody has to approve', () => {
    given(drafted({ requirements: [], applyAt: due }))
      .when({ type: 'submit' })
      .refuses('invalid_input', { argument: 'applyAt' })
  })

  it('comes due for what only waited for a lock to go, and not for what is to be applied by hand', () => {
    const waiting = approved('ben', { target: { lockedBy: 'r2' } })
    given(submitted(), waiting).when({ type: 'come_due' }).yields('applied', 'applied')
    given(submitted(), waiting)
      .when({ type: 'come_due' }, { target: { lockedBy: 'r2' } })
      .refuses('locked')
    given(submitted(byHand), approved('ben')).when({ type: 'come_due' }).refuses('not_due')
  })

  it('stays as it was agreed when the request is put to its reviewers again after its time', () => {
    const line = given(submitted({ applyAt: due }), done({ type: 'request_changes', by: 'ben', reason: 'smaller' }))
    const again = line.when({ type: 'resubmit', at: due + hour }).yields('resubmitted', 'pending')
    expect(again.applyAt).toBe(due)
  })
})

describe('a deadline', () => {
  it('[H1] [H2] refuses everything from that instant on, whether or not it is recorded', () => {
    const line = given(submitted({ require: leads(2), rules: { bypass: ['admin'] } }), approved('cat'))
    const asked = [
      approve,
      { type: 'reject', by: 'ben', reason: 'no' },
      { type: 'request_changes', by: 'ben', reason: 'no' },
      { type: 'withdraw', by: 'cat' },
      { type: 'comment', by: 'eve', reason: 'late' },
      { type: 'edit' },
      { type: 'rebase' },
      { type: 'resolve' },
      { type: 'unschedule' },
      { type: 'recall' },
      { type: 'cancel' },
      { type: 'bypass', by: 'root', reason: 'late' },
    ] as const
    for (const said of asked) line.when({ ...said, at: deadline }).refuses('expired', { expiredAt: deadline })
    line.when({ ...approve, at: deadline - 1 }).yields('approved', 'applied')
  })

  it('[H1] refuses to apply what was approved in time', () => {
    const line = given(submitted(byHand), approved('ben'))
    line.when({ type: 'apply', at: deadline - 1 }).yields('applied', 'applied')
    line.when({ type: 'apply', at: deadline }).refuses('expired')
    const scheduled = given(submitted({ applyAt: deadline - 1 }), approved('ben'))
    scheduled.when({ type: 'come_due', at: deadline }).refuses('expired')
  })

  it('[H2] is recorded from that instant on, and not before', () => {
    const line = given(submitted())
    line.when({ type: 'expire', at: deadline - 1 }).refuses('not_due', { dueAt: deadline })
    line.when({ type: 'expire', at: deadline }).yields('expired', 'expired')
  })

  it('moves when a request is put to its reviewers again, and not when it is edited', () => {
    const later = start + 2 * day
    const line = given(submitted(), changesRequested('ben'))
    expect(line.when({ type: 'edit', at: later }).request.expiresAt).toBe(deadline)
    expect(line.when({ type: 'resubmit', at: later }).request.expiresAt).toBe(later + 14 * day)
    const sooner = { next: { asks: { rules: { expiresAfter: '1d' } } } } as const
    expect(line.when({ type: 'edit', at: later }, sooner).request.expiresAt).toBe(later + day)
  })
})
