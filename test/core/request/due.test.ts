import { describe, expect, it } from 'vitest'
import { duesOf, dueVerb, nextDue } from '../../../src/core/request/decide/due-verbs.ts'
import type { Request } from '../../../src/core/request/model/request.ts'
import {
  approved,
  type Beginning,
  changesRequested,
  day,
  done,
  drafted,
  given,
  glassBroken,
  hour,
  leads,
  outside,
  rejected,
  start,
  submitted,
  unfit,
} from './given.ts'

const deadline = start + 14 * day
const warned = ['warn', deadline - day] as const
/** When people are warned of a time that is a day after the request was submitted. */
const soon = start + 18 * hour
const byHand = { rules: { apply: 'by_hand' } } as const
const reminding = { rules: { remindEvery: '1d' } } as const
const glass = { rules: { breakGlass: ['admin'], settleWithin: '2d' } } as const
const escalate = { after: '2d', to: { users: ['eve'] } } as const
const demoted = { now: { require: leads(2), rules: { apply: 'by_hand', whenMissed: 'hold' } } } as const

const verbsOf = (request: Request) => duesOf(request).map(({ verb, at }) => [verb, at])

describe('what time does to a request', () => {
  it.each<[string, Request, readonly (readonly [string, number])[]]>([
    ['a draft', given(drafted()).request, []],
    ['one that waits', given(submitted()).request, [['expire', deadline], warned]],
    [
      'one that waits, and is escalated and reminded of',
      given(submitted({ ...reminding, escalate })).request,
      [['expire', deadline], ['escalate', start + 2 * day], ['remind', start + day], warned],
    ],
    [
      'one with changes requested',
      given(submitted(reminding), changesRequested('ben')).request,
      [['expire', deadline], warned],
    ],
    [
      'an approved one that is applied by hand',
      given(submitted(byHand), approved('ben')).request,
      [['expire', deadline], warned],
    ],
    [
      'an approved one that another request keeps off',
      given(submitted(), approved('ben', { target: { lockedBy: 'r2' } })).request,
      [['expire', deadline], ['come_due', start + hour], warned],
    ],
    [
      'a scheduled one',
      given(submitted({ applyAt: start + day }), approved('ben')).request,
      [['expire', deadline], ['come_due', start + day], warned],
    ],
    [
      '[TI-04] one whose approval counts for a while',
      given(submitted({ rules: { apply: 'by_hand', approvalsExpireAfter: '2d' } }), approved('ben')).request,
      [['expire', deadline], ['lapse', start + hour + 2 * day], warned],
    ],
    [
      '[TI-04] one that nothing lets be applied after a time',
      given(submitted({ applyBy: start + day })).request,
      [
        ['expire', start + day],
        ['warn', soon],
      ],
    ],
    [
      '[TI-06] one whose time is open, and that is approved',
      given(submitted({ openTime: { until: start + day }, rules: { applyTime: 'open' } }), approved('ben')).request,
      [
        ['expire', start + day],
        ['warn', soon],
      ],
    ],
    [
      '[TI-01] one that waits for approval and would miss its time',
      given(submitted({ applyAt: start + day })).request,
      [
        ['expire', start + day],
        ['warn', soon],
      ],
    ],
    [
      '[TI-01] one that waits for approval and may be late',
      given(submitted({ applyAt: start + day, rules: { whenMissed: 'apply' } })).request,
      [['expire', deadline], ['warn', soon], warned],
    ],
    [
      'one whose schedule was dropped',
      given(
        submitted({ applyAt: start + day }),
        approved('ben'),
        done({ type: 'come_due', at: start + day }, demoted),
        done({ type: 'approve', by: 'cat', at: start + day }),
      ).request,
      [['expire', deadline], warned],
    ],
    [
      'one on its way',
      given(submitted(), approved('ben', { target: outside })).request,
      [['reclaim', start + 2 * hour]],
    ],
    ['an applied one', given(submitted(reminding), approved('ben')).request, []],
    ['one that owes a review', given(submitted(glass), glassBroken).request, [['remind', start + hour + 2 * day]]],
    [
      'one whose review is there',
      given(submitted(glass), glassBroken, done({ type: 'follow_up', by: 'ben', reason: 'fine' })).request,
      [],
    ],
    ['a rejected one', given(submitted(reminding), rejected('ben')).request, []],
    ['a cancelled one', given(submitted(reminding), done({ type: 'cancel' })).request, []],
    ['an expired one', given(submitted(reminding), done({ type: 'expire', at: deadline })).request, []],
    ['a failed one', given(submitted(reminding), approved('ben', { target: unfit })).request, []],
  ])('to %s', (_, request, expected) => {
    expect(verbsOf(request)).toEqual(expected)
    const times = expected.map(([, at]) => at).toSorted((a, b) => a - b)
    expect(nextDue(request)).toBe(times[0])
  })

  it('is done from its moment on, and what ends the request first', () => {
    const { request } = given(submitted({ ...reminding, escalate }))
    expect(dueVerb(request, start + day - 1)).toBeUndefined()
    expect(dueVerb(request, start + day)).toBe('remind')
    expect(dueVerb(request, start + 2 * day)).toBe('escalate')
    expect(dueVerb(request, deadline)).toBe('expire')
  })
})

describe('a reminder', () => {
  const remind = (at: number) => ({ type: 'remind', at }) as const

  it('[BY-15] is due again and again, counted from the last one, and new content begins anew', () => {
    const line = given(submitted(reminding))
    line.when(remind(start + day - 1)).refuses('not_due', { verb: 'remind', dueAt: start + day })
    line.when(remind(start + day)).yields('reminded', 'pending')
    const again = given(submitted(reminding), done(remind(start + 5 * day)))
    expect(again.request).toMatchObject({ status: 'pending', remindedAt: start + 5 * day })
    again.when(remind(start + 6 * day - 1)).refuses('not_due', { dueAt: start + 6 * day })
    again.when(remind(start + 6 * day)).yields('reminded', 'pending')
    const edited = given(submitted(reminding), done(remind(start + day)), done({ type: 'edit', at: start + 2 * day }))
    expect(nextDue(edited.request)).toBe(start + 3 * day)
  })

  it('[BY-15] is never due where no policy asks for it', () => {
    given(submitted())
      .when(remind(deadline - 1))
      .refuses('not_due', { dueAt: 0 })
  })

  it('[BY-10] of a review that is owed is due when that should be there, and leaves what was applied as it is', () => {
    const owing = given(submitted(glass), glassBroken)
    const due = start + hour + 2 * day
    owing.when(remind(due - 1)).refuses('not_due', { dueAt: due })
    const after = owing.when(remind(due)).yields('reminded', 'applied')
    expect(after.revisions).toEqual(owing.request.revisions)
    expect(after.revisions).toHaveLength(1)
    expect(after.followUp?.remindedAt).toBe(due)
    expect(verbsOf(after)).toEqual([['remind', due + 2 * day]])
  })
})

describe('[TI-07] a warning', () => {
  const warn = (at: number) => ({ type: 'warn', at }) as const
  const late = { rules: { whenMissed: 'hold' } } as const
  const comments = { rules: { comments: 'resolved' } } as const

  it('is given a day before the deadline, once', () => {
    const line = given(submitted())
    line.when(warn(deadline - day - 1)).refuses('not_due', { verb: 'warn', dueAt: deadline - day })
    const after = line.when(warn(deadline - day)).yields('warned', 'pending')
    expect(after).toMatchObject({ warnedOf: deadline })
    expect(verbsOf(after)).toEqual([['expire', deadline]])
    given(submitted(), done(warn(deadline - 1)))
      .when(warn(deadline - 1))
      .refuses('not_due', { dueAt: 0 })
  })

  it('is never given when it is too late', () => {
    given(submitted()).when(warn(deadline)).refuses('expired')
    expect(dueVerb(given(submitted()).request, deadline)).toBe('expire')
  })

  it('leaves at least three quarters of the time before it', () => {
    expect(verbsOf(given(submitted({ applyBy: start + 4 * hour })).request)).toEqual([
      ['expire', start + 4 * hour],
      ['warn', start + 3 * hour],
    ])
    expect(verbsOf(given(submitted({ applyBy: start + 3 })).request)).toEqual([['expire', start + 3]])
  })

  it('is of another deadline as well if that has moved', () => {
    const line = given(submitted({ applyBy: start + day }), done(warn(soon)))
    line.when(warn(soon)).refuses('not_due')
    const later = given(submitted({ ...late, applyAt: start + day }), done(warn(soon)))
    expect(later.request).toMatchObject({ warnedOf: start + day })
    expect(verbsOf(later.request)).toEqual([['expire', deadline], warned])
    later.when(warn(deadline - day - 1)).refuses('not_due', { dueAt: deadline - day })
    later.when(warn(deadline - day)).yields('warned', 'pending')
  })

  it('is of the deadline once a time is missed that was nearer', () => {
    const end = start + 14 * day
    const late = { rules: { whenMissed: 'apply' }, applyAt: end - hour } as const
    const line = given(submitted(late), done(warn(end - day)))
    expect(line.request).toMatchObject({ warnedOf: end - hour })
    line.when(warn(end - hour - 1)).refuses('not_due', { dueAt: end - hour })
    line.when(warn(end - hour)).yields('warned', 'pending')
  })

  it('moves with the time that the workflow was off', () => {
    const holds = [{ from: start + day, to: start + 3 * day }]
    const moved = deadline + 2 * day
    const line = given(submitted())
    line.when(warn(moved - day - 1), { holds }).refuses('not_due', { dueAt: moved - day })
    const after = line.when(warn(moved - day), { holds }).yields('warned', 'pending')
    expect(after).toMatchObject({ warnedOf: moved })
    given(submitted(), done(warn(moved - day), { holds }))
      .when(warn(moved - 1), { holds })
      .refuses('not_due')
    line.when(warn(deadline - day), { holds: [{ from: start + day }], held: true }).refuses('workflow_off')
  })

  it('is not given of what is applied by itself before the deadline', () => {
    const line = given(submitted({ applyAt: start + day, applyBy: start + 26 * hour }), approved('ben'))
    line.when(warn(start + day - 1)).refuses('not_due', { dueAt: start + day })
    line.when(warn(start + day)).yields('warned', 'approved')
    given(submitted({ applyAt: start + day, applyBy: start + day + 1 }), approved('ben'))
      .when(warn(start + day - 1))
      .refuses('not_due')
  })

  it('is given of what somebody has to apply, whose comments are not settled, or that nobody approves', () => {
    const by = { by: 'ann' } as const
    given(submitted({ ...byHand, applyBy: start + day }), approved('ben'))
      .when(warn(soon))
      .yields('warned', 'approved')
    given(
      submitted({ ...comments, applyAt: start + day }),
      done({ type: 'comment', ...by, reason: '?' }),
      approved('ben'),
    )
      .when(warn(soon))
      .yields('warned', 'approved')
    given(submitted({ applyAt: start + day }), approved('ben'), done({ type: 'withdraw', by: 'ben' }))
      .when(warn(soon))
      .yields('warned', 'pending')
    given(submitted({ applyAt: start + day }), changesRequested('ben'))
      .when(warn(soon))
      .yields('warned', 'changes_requested')
  })

  it('leaves what follows from the answers open', () => {
    const open = { held: true } as const
    const line = given(
      submitted({ rules: { onReject: 'block' } }),
      rejected('ben'),
      approved('cat'),
      done({ type: 'withdraw', by: 'ben' }, open),
      done(warn(deadline - day)),
    )
    expect(line.request).toMatchObject({ status: 'pending', unsettled: true })
  })
})

describe('an escalation', () => {
  const at = (time: number) => ({ type: 'escalate', at: time }) as const
  const policy = (id: string, version: number, after: '1d' | '3d') => {
    return { policy: id, version, require: leads(2), escalate: { after, to: { users: ['eve'] } } } as const
  }
  const twice: Beginning = submitted({
    requirements: [policy('a', 1, '1d'), policy('a', 2, '3d'), policy('b', 1, '3d')],
  })

  it('[BY-15] is refused before its time, and where no policy asks for it', () => {
    const line = given(submitted({ escalate }))
    line.when(at(start + 2 * day - 1)).refuses('not_due', { verb: 'escalate', dueAt: start + 2 * day })
    line.when(at(start + 2 * day)).yields('escalated', 'pending')
    given(submitted())
      .when(at(deadline - 1))
      .refuses('not_due', { dueAt: deadline - day })
  })

  it('[BY-15] is of those policies whose time has come, in the version that was asked, once each', () => {
    const line = given(twice, done(at(start + day)))
    expect(line.request.escalated).toEqual([{ policy: 'a', version: 1 }])
    line.when(at(start + 3 * day - 1)).refuses('not_due', { dueAt: start + 3 * day })
    expect(verbsOf(line.request)).toEqual([
      ['expire', deadline],
      ['escalate', start + 3 * day],
      ['escalate', start + 3 * day],
      warned,
    ])
    expect(line.when(at(start + 3 * day)).yields('escalated', 'pending').escalated).toEqual([
      { policy: 'a', version: 1 },
      { policy: 'a', version: 2 },
      { policy: 'b', version: 1 },
    ])
  })

  it('[BY-15] is counted from when the reviewers were asked last', () => {
    const line = given(submitted({ escalate }), done({ type: 'edit', at: start + day }))
    line.when(at(start + 3 * day - 1)).refuses('not_due')
    line.when(at(start + 3 * day)).yields('escalated', 'pending')
  })
})
