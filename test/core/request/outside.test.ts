import { describe, expect, it } from 'vitest'
import { landingKey } from '../../../src/core/request/decide/decide-delivery.ts'
import { nextDue } from '../../../src/core/request/decide/due-verbs.ts'
import type { Application } from '../../../src/core/request/model/outcome.ts'
import type { Request } from '../../../src/core/request/model/request.ts'
import { pendingFollowUp } from '../../../src/core/request/model/request.ts'
import {
  approved,
  type Beginning,
  day,
  done,
  drafted,
  given,
  glassBroken,
  hour,
  outside,
  rollout,
  type Said,
  type Step,
  start,
  submitted,
} from './given.ts'

const claim = approved('ben', { target: outside })
const onTheWay = given(submitted(), claim)
const lease = start + 2 * hour
const unknown = done({ type: 'confirm', found: 'unknown', problem: 'no answer' })
const search = { type: 'flag', id: 'search' }

const applicationOf = ({ application }: Request): Application => {
  if (!application) throw new TypeError('Nothing is on its way.')
  return application
}

describe('a change of a resource that is kept outside of the database', () => {
  it('is claimed by the approval that is enough, and makes nothing yet', () => {
    const after = given(submitted())
      .when({ type: 'approve', by: 'ben' }, { target: outside })
      .yields('approved', 'applying')
    expect(after.revisions).toBeUndefined()
    expect(after.application).toMatchObject({ fence: 7, until: lease, attempts: 1, revisions: [{ number: 2 }] })
  })

  it('is claimed by whatever applies a change that nobody has to approve', () => {
    const ungated = given(drafted({ requirements: [] }))
    ungated.when({ type: 'submit' }, { target: outside }).yields('submitted', 'applying')
  })

  it('is not decided about any more while it is on its way', () => {
    for (const type of ['edit', 'cancel', 'reject', 'withdraw', 'apply', 'expire'] as const) {
      onTheWay.when({ type, by: 'ben', reason: 'no' }).refuses('not_open', { status: 'applying' })
    }
  })

  it('waits where another request holds a lock, also one that lets others pass meanwhile', () => {
    const held = { ...outside, heldBy: 'r2' }
    given(submitted()).when({ type: 'approve', by: 'ben' }, { target: held }).yields('approved', 'approved')
    const byHand = given(submitted({ rules: { apply: 'by_hand' } }), approved('ben'))
    byHand.when({ type: 'apply' }, { target: held }).refuses('locked', { request: 'r2' })
  })

  it('is applied once it is there, as it was claimed', () => {
    const after = onTheWay.when({ type: 'confirm' }, { target: outside }).yields('applied', 'applied')
    expect(after.revisions).toEqual(onTheWay.request.application?.revisions)
    expect(after.application).toBeUndefined()
  })

  it('[F5] is not applied where the stored content is not what was claimed', () => {
    const other = { target: { ...outside, changes: [rollout(81)] } }
    onTheWay.when({ type: 'confirm' }, other).refuses('content_tampered')
    onTheWay.when({ type: 'confirm' }, { target: 'unread' }).needs('target')
    const moved = { target: { ...outside, rebased: [{ ...rollout(80), after: { rollout: 80, enabled: false } }] } }
    onTheWay.when({ type: 'confirm' }, moved).refuses('content_tampered', { found: 'another change than was claimed' })
    const two = { changes: [rollout(80), rollout(3, { resource: search, base: 7 })] }
    const both = given(submitted(two), claim)
    both.when({ type: 'confirm' }, { target: { ...outside, live: [1, 8] } }).refuses('content_tampered')
  })

  it('[G12] is confirmed by whoever claimed it last, and only while nobody else may claim it', () => {
    for (const fence of [6, 8]) {
      onTheWay.when({ type: 'confirm', fence }).refuses('claim_lost', { fence, current: 7 })
    }
    onTheWay.when({ type: 'confirm', at: lease - 1 }).yields('applied', 'applied')
    onTheWay.when({ type: 'confirm', at: lease }).refuses('claim_lost', { until: lease })
  })

  it('[G12] is claimed anew when its time is over, by one worker, with a higher number', () => {
    const at = lease
    onTheWay.when({ type: 'reclaim', at: at - 1 }, { target: outside }).refuses('not_due', { dueAt: at })
    const again = done({ type: 'reclaim', at }, { target: { outside: { ...outside.outside, fence: 7 } } })
    const line = given(submitted(), claim, again)
    expect(line.request.application).toMatchObject({ fence: 8, until: lease + hour, attempts: 2 })
    line.when({ type: 'reclaim', at }, { target: outside }).refuses('not_due')
    line.when({ type: 'confirm', fence: 7, at }).refuses('claim_lost', { fence: 7, current: 8 })
    line.when({ type: 'confirm', fence: 8, at }).yields('applied', 'applied')
    onTheWay.when({ type: 'reclaim', at }, { target: {} }).needs('target')
  })

  it('is put off, longer from time to time, while nobody can say what became of it', () => {
    const { request } = given(submitted(), claim, unknown)
    expect(request.application).toMatchObject({ fence: 7, problem: 'no answer', until: start + hour + 2_000 })
    expect(nextDue(request)).toBe(start + hour + 2_000)
    const tenth = { ...request, application: { ...applicationOf(request), attempts: 30 } }
    const line = given(() => ({ ...onTheWay, request: tenth }))
    const after = line.when({ type: 'confirm', found: 'unknown' }).yields('put_off', 'applying')
    expect(after.application?.until).toBe(start + 2 * hour)
  })

  it('fails where the host keeps the document of before, after eight attempts', () => {
    const attempted = (attempts: number): Beginning => {
      const application = { ...applicationOf(onTheWay.request), attempts }
      return () => ({ ...onTheWay, request: { ...onTheWay.request, application } })
    }
    const said = { type: 'confirm', found: 'before', problem: 'it says 503' } as const
    given(attempted(7)).when(said).yields('put_off', 'applying')
    const { failure } = given(attempted(8)).when(said).yields('failed', 'failed')
    expect(failure).toMatchObject({ code: 'host_failed', details: { id: 'checkout', problem: 'it says 503' } })
  })

  it('fails where the host has another document, and can be retried', () => {
    const other = done({ type: 'confirm', found: 'other' })
    const line = given(submitted(), claim, other)
    expect(line.request.failure).toMatchObject({ code: 'stale', details: { id: 'checkout', base: 1, live: 2 } })
    expect(line.request.application).toBeUndefined()
    line.when({ type: 'retry' }, { target: outside }).yields('claimed', 'applying')
  })

  it('[BY-08] can be given up, with a reason, once nobody is at it, and tried again', () => {
    const giving = { type: 'abandon', by: 'eve', reason: 'that system is gone' } as const
    const read = { target: outside }
    onTheWay.when({ ...giving, at: lease - 1 }, read).refuses('delivery_in_progress', { until: lease })
    onTheWay.when({ ...giving, at: lease }, read).yields('failed', 'failed')
    const delayed = given(submitted(), claim, unknown)
    for (const reason of [undefined, ' ']) {
      delayed.when({ type: 'abandon', by: 'eve', ...(reason ? { reason } : {}) }, read).refuses('reason_required')
    }
    delayed.when({ ...giving, by: 'zoe' }, read).refuses('unknown_actor')
    delayed.when(giving, { target: 'unread' }).needs('target')
    const { failure, application } = delayed.when(giving, read).yields('failed', 'failed')
    expect(failure).toMatchObject({ code: 'abandoned', details: { id: 'checkout', problem: 'no answer' } })
    expect(application).toBeUndefined()
    const abandoned = given(submitted(), claim, unknown, done(giving, read))
    abandoned.when({ type: 'confirm', fence: 7 }, read).refuses('not_open', { status: 'failed' })
    abandoned.when({ type: 'retry' }, read).yields('claimed', 'applying')
  })

  it('is somebody’s again when it is claimed anew, and is not given up under their hands', () => {
    const at = start + 2 * hour
    const again = done({ type: 'reclaim', at }, { target: { outside: { ...outside.outside, fence: 7 } } })
    const line = given(submitted(), claim, unknown, again)
    expect(line.request.application?.problem).toBeUndefined()
    line.when({ type: 'abandon', by: 'eve', reason: 'enough', at }, { target: outside }).refuses('delivery_in_progress')
  })

  it('says of itself what it made, among other changes that are like it', () => {
    const others = [
      rollout(3, { resource: search, base: 7 }),
      rollout(4, { resource: { type: 'price', id: 'checkout' }, base: 5 }),
    ]
    const claimed = (to: number) => {
      const changes = [...others, rollout(to)]
      return given(submitted({ changes }), approved('ben', { target: { ...outside, live: [7, 5, 1] } }))
    }
    const line = claimed(80)
    const { failure } = line.when({ type: 'confirm', found: 'other' }).yields('failed', 'failed')
    expect(failure?.details).toMatchObject({ id: 'checkout', base: 1, live: 2 })
    const keys = [line, claimed(81)].map(({ request }) => landingKey(request, applicationOf(request)))
    expect(new Set(keys).size).toBe(2)
  })

  it('[BY-10] leaves what is owed for a broken glass, unless the host has the document of before', () => {
    const rules = { rules: { breakGlass: ['admin'] } }
    const pass = done({ type: 'break_glass', by: 'root', reason: 'now' }, { target: outside })
    const read = { target: outside }
    const gone = done({ type: 'abandon', by: 'root', reason: 'gone', at: lease }, read)
    for (const end of [gone, done({ type: 'confirm', found: 'other' })]) {
      const line = given(submitted(rules), pass, end)
      expect(pendingFollowUp(line.request)).toMatchObject({ by: 'root', request: line.request.id })
      line.when({ type: 'follow_up', by: 'root', reason: 'fine' }).refuses('own_follow_up')
      for (const type of ['reopen', 'rebase'] as const) line.when({ type }).refuses('follow_up_pending', { by: 'root' })
      const dueAt = line.request.followUp?.dueAt ?? 0
      expect(nextDue(line.request)).toBe(dueAt)
      line.when({ type: 'remind', at: dueAt }).yields('reminded', 'failed')
      const late = { type: 'follow_up', by: 'ben', reason: 'fine', at: start + 20 * day } as const
      const { failure, followUp } = line.when(late).yields('follow_up_reviewed', 'failed')
      expect(failure).toEqual(line.request.failure)
      expect(followUp?.doneAt).toBe(late.at)
      given(submitted(rules), pass, end, done(late)).when({ type: 'reopen' }).yields('reopened', 'pending')
    }
  })

  it('[FA-09] leaves nothing behind of whoever passed the approvals by, only if the host has refused every attempt', () => {
    const rules = { rules: { bypass: ['admin'], breakGlass: ['admin'] } }
    const passing: readonly Step[] = [
      done({ type: 'bypass', by: 'root', reason: 'now' }, { target: outside }),
      done({ type: 'break_glass', by: 'root', reason: 'now' }, { target: outside }),
    ]
    for (const pass of passing) {
      const passed = given(submitted(rules), pass).request
      const last = (said: Partial<Said>, more: Partial<Application> = {}) => {
        const application = { ...applicationOf(passed), attempts: 8, ...more }
        return given(
          () => ({ ...onTheWay, request: { ...passed, application } }),
          done({ type: 'confirm', found: 'before', fence: 7, ...said }),
        ).request
      }
      const refused = last({ isOver: true })
      expect([refused.status, refused.bypassedBy, refused.followUp]).toEqual(['failed', undefined, undefined])
      expect(refused.mayLand).toBeUndefined()
      const kept = [last({}), last({ isOver: true }, { mayLand: true }), last({ found: 'other', isOver: true })]
      for (const { status, bypassedBy, followUp } of kept) {
        expect([status, bypassedBy ?? followUp?.by]).toEqual(['failed', 'root'])
      }
      expect(kept.map(({ mayLand = false }) => mayLand)).toEqual([true, true, false])
      expect(kept[0]?.failure).toMatchObject({
        code: 'host_failed',
        message: expect.stringContaining('may still land'),
      })
    }
    expect(given(submitted(rules), glassBroken).request.followUp).toBeDefined()
  })

  it('[FA-09] may still land, once nobody has said in time what became of an attempt, until it is applied', () => {
    const read = { target: outside }
    const refused = { type: 'confirm', found: 'before', isOver: true } as const
    const again = (at: number, fence: number) =>
      done({ type: 'reclaim', at }, { target: { outside: { ...outside.outside, fence } } })
    const over = given(submitted(), claim, done(refused)).request
    expect(over.application?.mayLand).toBeUndefined()
    given(submitted(), claim, done(refused), done({ type: 'abandon', reason: 'enough' }, read), (held) => {
      expect(held.request.mayLand).toBeUndefined()
      return held
    })
    const lost = given(submitted(), claim, again(lease, 7), done({ ...refused, at: lease }))
    expect(lost.request.application).toMatchObject({ mayLand: true, attempts: 2 })
    const failed = given(submitted(), claim, done({ type: 'abandon', reason: 'enough', at: lease }, read))
    expect(failed.request).toMatchObject({ status: 'failed', mayLand: true })
    const retried = failed.when({ type: 'retry' }, { target: { outside: { ...outside.outside, fence: 7 } } })
    expect(retried.yields('claimed', 'applying').application).toMatchObject({ mayLand: true, attempts: 1 })
    expect(failed.when({ type: 'rebase' }, read).yields('rebased', 'pending').mayLand).toBe(true)
    const landed = given(() => failed, done({ type: 'retry' }, read), done({ type: 'confirm' }, read)).request
    expect([landed.status, landed.mayLand]).toEqual(['applied', undefined])
  })

  it('has one key for all its attempts, and no other change has it', () => {
    const keyOf = (request: Request) => landingKey(request, applicationOf(request))
    const again = done({ type: 'reclaim', at: lease }, { target: { outside: { ...outside.outside, fence: 9 } } })
    const [first, second] = [onTheWay.request, given(submitted(), claim, again).request]
    expect(keyOf(second)).toBe(keyOf(first))
    const others: readonly Request[] = [
      { ...first, tenant: 'globex' },
      { ...first, id: 'r2' },
      { ...first, round: 2 },
      given(submitted({ changes: [rollout(81)] }), claim).request,
      given(submitted({ changes: [rollout(80, { base: 2 })] }), approved('ben', { target: { ...outside, live: [2] } }))
        .request,
    ]
    expect(new Set([first, ...others].map(keyOf)).size).toBe(6)
  })
})
