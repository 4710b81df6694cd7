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
const holding = { rules: { whenMissed: 'hold' } } as const
const late = { rules: { whenMissed: 'apply' } } as const
/** Two have to approve by now. */
const asksTwo = { now: { require: leads(2), ...holding } } as const
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

  it('[H6] [TI-01] expires where nobody has approved it by its time, whether or not that is recorded', () => {
    const line = given(scheduled)
    line.when({ ...approve, at: due - 1 }).yields('approved', 'approved')
    line.when({ ...approve, at: due }).refuses('expired', { expiredAt: due })
    line.when({ type: 'expire', at: due - 1 }).refuses('not_due', { dueAt: due })
    line.when({ type: 'expire', at: due }).yields('expired', 'expired')
    expect(line.when({ type: 'expire', at: due }).decision).toMatchObject({ value: { missed: true } })
    expect(given(submitted()).when({ type: 'expire', at: deadline }).decision).not.toHaveProperty('value.missed')
    const returned = given(scheduled, changesRequested('ben'))
    for (const type of ['edit', 'resubmit', 'schedule', 'unschedule', 'withdraw', 'recall', 'cancel'] as const) {
      returned.when({ type, at: due }).refuses('expired', { expiredAt: due })
    }
  })

  it('[H6] [TI-01] is applied by hand where policies hold what is late, and at once where they apply it', () => {
    const held = given(submitted({ applyAt: due, ...holding }))
    expect(held.when({ ...approve, at: due }).yields('approved', 'approved').scheduleDropped).toBe(true)
    expect(held.when({ ...approve, at: due - 1 }).yields('approved', 'approved').scheduleDropped).toBeUndefined()
    given(submitted({ applyAt: due, ...late }))
      .when({ ...approve, at: due })
      .yields('approved', 'applied')
    const stricter = { now: { ...holding } }
    given(submitted({ applyAt: due, ...late }))
      .when({ ...approve, at: due }, stricter)
      .yields('approved', 'approved')
    held.when({ type: 'expire', at: deadline - 1 }).refuses('not_due', { dueAt: deadline })
  })

  it('[TI-01] was in time where it was approved before, whatever is answered until the clock comes by', () => {
    const inTime = given(
      submitted({ applyAt: due, ...holding }),
      approved('ben'),
      done({ type: 'approve', by: 'cat' }, asksTwo),
    )
    inTime.when({ type: 'withdraw', by: 'cat', at: due }).yields('withdrawn', 'applied')
    given(scheduled, approved('ben')).when({ type: 'withdraw', by: 'ben', at: due }).yields('withdrawn', 'pending')
  })

  it('[H7] [TI-01] is missed where the request is not approved any more when its time comes', () => {
    const demoted = { users: new Map([...office, ...people({ ben: { roles: [] } })]) }
    const comes = { type: 'come_due', at: due } as const
    const missed = given(scheduled, approved('ben')).when(comes, demoted)
    expect(missed.yields('expired', 'expired').scheduleDropped).toBeUndefined()
    expect(missed.decision).toMatchObject({ value: { missed: true } })
    const held = given(submitted({ applyAt: due, ...holding }), approved('ben'))
    const dropped = held.when(comes, demoted).yields('schedule_dropped', 'pending')
    expect(dropped).toMatchObject({ scheduleDropped: true, reviews: [{ by: 'ben' }] })
    const again = given(
      submitted({ applyAt: due, ...holding }),
      approved('ben'),
      done(comes, demoted),
      done({ type: 'approve', by: 'cat', at: due + hour }),
    )
    expect(again.request.status).toBe('approved')
    again.when({ type: 'come_due', at: due + 2 * hour }).refuses('not_due', { dueAt: due })
    again.when({ type: 'apply', by: 'eve', at: due + 2 * hour }).yields('applied', 'applied')
    const applied = given(submitted({ applyAt: due, ...late }), approved('ben'), done(comes, demoted))
    expect(applied.request).toMatchObject({ status: 'pending' })
    expect(applied.request.scheduleDropped).toBeUndefined()
    applied.when({ type: 'approve', by: 'cat', at: due + hour }).yields('approved', 'applied')
  })

  it('[H7] counts again when a new one is set', () => {
    const dropped = done({ type: 'come_due', at: due }, { now: { require: leads(2), ...holding } })
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

  it('[TI-05] is kept by a change that nobody has to approve, whose policies are asked anew at its time', () => {
    const line = given(drafted({ requirements: [], applyAt: due }), done({ type: 'submit' }))
    const none = { asks: { requirements: [] } }
    expect(line.request).toMatchObject({ status: 'approved', requirements: [] })
    for (const type of ['come_due', 'apply'] as const) {
      line.when({ type, at: due - 1 }, { next: none }).refuses('not_due')
      line.when({ type, at: due }).needs('next')
      line.when({ type, at: due }, { next: none }).yields('applied', 'applied')
    }
    const asked = line.when({ type: 'come_due', at: due }, { next: { asks: {} } }).yields('asked_anew', 'pending')
    expect(asked).toMatchObject({ round: 2, reviews: [], requirements: [{ policy: 'reviewed' }] })
    line
      .when({ type: 'apply', at: due }, { next: { asks: {} } })
      .refuses('approval_missing', { policies: ['reviewed'] })
    const gated = { next: { ...none, gated: true } }
    line.when({ type: 'come_due', at: due }, gated).yields('schedule_dropped', 'approved')
    line.when({ type: 'apply', at: due }, gated).refuses('no_policy')
  })

  it('comes due for what only waited for a lock to go, and not for what is to be applied by hand', () => {
    const waiting = approved('ben', { target: { lockedBy: 'r2' } })
    given(submitted(), waiting).when({ type: 'come_due' }).yields('applied', 'applied')
    given(submitted(), waiting)
      .when({ type: 'come_due' }, { target: { lockedBy: 'r2' } })
      .refuses('locked')
    given(submitted(byHand), approved('ben')).when({ type: 'come_due' }).refuses('not_due')
  })

  it('[TI-01] has to be another one where the request is put to its reviewers after its time, unless it may be late', () => {
    const ended = done({ type: 'expire', at: due })
    const reopen = { type: 'reopen', at: due + hour } as const
    given(scheduled, ended).when(reopen).refuses('invalid_input', { argument: 'applyAt' })
    given(scheduled, ended)
      .when(reopen, { next: { atOnce: true } })
      .yields('reopened', 'pending')
    given(scheduled, ended)
      .when(reopen, { next: { applyAt: due + day } })
      .yields('reopened', 'pending')
    for (const asked of [holding, late]) {
      const again = given(submitted({ applyAt: due, ...asked }), changesRequested('ben'))
      expect(again.when({ type: 'resubmit', at: due + hour }).yields('resubmitted', 'pending').applyAt).toBe(due)
    }
  })
})

describe('a schedule with an end', () => {
  const ending = submitted({ applyBy: due, ...byHand })

  it('[TI-04] expires from that instant on, approved or not, and is part of what is approved', () => {
    for (const line of [given(ending), given(ending, approved('ben'))]) {
      line.when({ type: 'expire', at: due - 1 }).refuses('not_due', { dueAt: due })
      line.when({ type: 'expire', at: due }).yields('expired', 'expired')
    }
    given(ending, approved('ben'))
      .when({ type: 'apply', at: due - 1 })
      .yields('applied', 'applied')
    given(ending, approved('ben')).when({ type: 'apply', at: due }).refuses('expired', { expiredAt: due })
    const late = given(submitted({ applyAt: due - 1, applyBy: due }), approved('ben'))
    late.when({ type: 'come_due', at: due }).refuses('expired')
    expect(given(ending).request.digest).not.toBe(given(submitted(byHand)).request.digest)
    given(ending, done({ type: 'expire', at: due }))
      .when({ type: 'reopen', at: due })
      .refuses('invalid_input', { argument: 'applyBy' })
  })

  it('[TI-04] is not put off by a workflow that was off', () => {
    const holds = { holds: [{ from: start + hour, to: start + 2 * hour }] }
    given(ending).when({ type: 'expire', at: due }, holds).yields('expired', 'expired')
  })
})

describe('an approval that counts for a while', () => {
  const lasting = { rules: { approvalsExpireAfter: '1d', apply: 'by_hand' } } as const
  const given1 = given(submitted(lasting), approved('ben'))
  const lapses = start + hour + day

  it('[TI-04] is none from that instant on, and can be given anew', () => {
    given1.when({ type: 'apply', at: lapses - 1 }).yields('applied', 'applied')
    given1.when({ type: 'apply', at: lapses }).refuses('approval_missing')
    given1.when({ ...approve, at: lapses - 1 }).refuses('not_open')
    given1.when({ ...approve, at: lapses }).yields('approved', 'approved')
  })

  it('[TI-04] is recorded once, and the request waits again', () => {
    given1.when({ type: 'lapse', at: lapses - 1 }).refuses('not_due', { dueAt: lapses })
    const lapsed = given(submitted(lasting), approved('ben'), done({ type: 'lapse', at: lapses }))
    expect(lapsed.request).toMatchObject({ status: 'pending', lapsedAt: lapses, reviews: [{ by: 'ben' }] })
    lapsed.when({ type: 'lapse', at: lapses + day }).refuses('not_due', { dueAt: 0 })
    given(submitted()).when({ type: 'lapse', at: lapses }).refuses('not_due', { dueAt: 0 })
  })
})

describe('a time that is left open', () => {
  const openTime = { from: due, until: due + day }
  const line = given(submitted({ openTime, rules: { applyTime: 'open' } }), approved('ben'))

  it('[TI-06] waits for somebody to say when, within its bounds, which changes no digest', () => {
    expect(line.request).toMatchObject({ status: 'approved', openTime })
    const set = line.when({ type: 'set_time', by: 'eve', time: due }).yields('time_set', 'approved')
    expect(set).toMatchObject({ applyAt: due, digest: line.request.digest })
    line.when({ type: 'set_time', by: 'eve', time: due + day - 1 }).yields('time_set', 'approved')
    for (const time of [due - 1, due + day, 0, Number.NaN]) {
      line.when({ type: 'set_time', by: 'eve', time }).refuses('invalid_input', { argument: 'applyAt' })
    }
    line.when({ type: 'set_time', by: 'eve', time: due, at: due }).refuses('invalid_input', { argument: 'applyAt' })
  })

  it('[TI-06] is applied by hand within its bounds, and by nobody outside of them', () => {
    line.when({ type: 'apply', at: due - 1 }).refuses('not_due', { dueAt: due })
    line.when({ type: 'come_due', at: due }).refuses('not_due')
    line.when({ type: 'apply', at: due }).yields('applied', 'applied')
    line.when({ type: 'apply', at: due + day }).refuses('expired')
  })

  it('[TI-06] takes a policy that says so', () => {
    given(submitted())
      .when({ type: 'schedule' }, { next: { openTime } })
      .refuses('invalid_input', { argument: 'applyAt' })
    const late = { openTime: { from: deadline } }
    line.when({ type: 'schedule' }, { next: late }).refuses('invalid_input', { argument: 'applyAt' })
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
      { type: 'edit' },
      { type: 'rebase' },
      { type: 'resolve' },
      { type: 'unschedule' },
      { type: 'describe', reason: 'late' },
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
