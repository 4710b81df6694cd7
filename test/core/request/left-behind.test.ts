import { describe, expect, it } from 'vitest'
import { refuse } from '../../../src/errors/result.ts'
import { approved, day, done, drafted, given, hour, leads, type Otherwise, office, start, submitted } from './given.ts'

const without = (user: string) => new Map([...office].filter(([id]) => id !== user))
const gone: Otherwise = { users: without('ann') }
const { refusal: whyNot } = refuse('unknown_actor', { actor: 'ann' })
const withheld: Otherwise = { ...gone, withheld: whyNot }
const keeper: Otherwise = { ...gone, custodian: true }
const byHand = { rules: { apply: 'by_hand', remindEvery: '1d' } } as const

describe('what somebody asked for who could not make it any more', () => {
  it('[FA-12] is approved by the last approval, and not applied by it, whoever takes what back', () => {
    const last = given(submitted()).when({ type: 'approve', by: 'ben' }, withheld)
    expect(last.request).toMatchObject({ status: 'approved', withheld: whyNot })
    const left = given(
      submitted({ require: leads(1), rules: { onReject: 'block' } }),
      done({ type: 'reject', by: 'cat', reason: 'no' }),
      approved('ben'),
    )
    expect(left.when({ type: 'withdraw', by: 'cat' }, withheld).request).toMatchObject({
      status: 'approved',
      withheld: whyNot,
    })
  })

  it('[FA-12] loses its time, is not tried again, and is applied by somebody who may make it', () => {
    const due = start + 2 * hour
    const waits = given(submitted({ applyAt: due }), approved('ben'))
    const dropped = waits.when({ type: 'come_due', by: 'root', at: due }, withheld)
    expect(dropped.request).toMatchObject({ status: 'approved', withheld: whyNot, scheduleDropped: true })
    const orphan = given(submitted(), done({ type: 'approve', by: 'ben' }, withheld))
    orphan.when({ type: 'come_due', by: 'root' }, gone).refuses('not_due')
    expect(orphan.when({ type: 'comment', by: 'eve', reason: 'hm' }).request).toMatchObject({ withheld: whyNot })
    const landed = orphan.when({ type: 'apply', by: 'eve' }, gone).request
    expect(landed.status).toBe('applied')
    expect(landed).not.toHaveProperty('withheld')
  })

  it('[FA-12] is not by hand for ever if it had no time: an approval of another day applies it', () => {
    const waits = given(submitted(), done({ type: 'approve', by: 'ben' }, { target: { lockedBy: 'r2' } }))
    const held = waits.when({ type: 'come_due', by: 'root' }, withheld).request
    expect(held).toMatchObject({ status: 'approved', withheld: whyNot })
    expect(held).not.toHaveProperty('scheduleDropped')
  })

  it('[ST-12] is taken over by those who see to it, once nobody is there', () => {
    const waits = given(submitted({ require: leads(1) }), done({ type: 'request_changes', by: 'cat', reason: 'less' }))
    waits.when({ type: 'take_over', by: 'root' }, { custodian: true }).refuses('requester_present')
    waits.when({ type: 'take_over', by: 'root' }, gone).refuses('not_the_requester')
    const { refusal: no } = refuse('not_permitted', { actor: 'eve', project: '', missing: ['approval_settings.edit'] })
    waits.when({ type: 'take_over', by: 'eve' }, { ...gone, custodian: no }).refuses('not_permitted')
    const before = waits.request
    const taken = waits.when({ type: 'take_over', by: 'root', at: start + day }, keeper).request
    expect(taken).toMatchObject({ status: 'pending', requester: 'root', formerRequesters: ['ann'], reviews: [] })
    expect(taken).toMatchObject({ round: before.round + 1, askedAt: start + day })
    expect(taken.digest).not.toBe(before.digest)
    const draft = given(drafted()).when({ type: 'take_over', by: 'root' }, keeper).request
    expect(draft).toMatchObject({ status: 'draft', requester: 'root' })
  })

  it('[ST-12] counts nobody who asked for it before, whatever account they come with', () => {
    const taken = given(submitted({ require: leads(1) }), done({ type: 'take_over', by: 'root' }, keeper))
    taken.when({ type: 'approve', by: 'amy' }).refuses('self_approval')
    expect(taken.when({ type: 'approve', by: 'ben' }).request.status).toBe('applied')
    const back = given(
      submitted(),
      done({ type: 'take_over', by: 'ben' }, keeper),
      done({ type: 'take_over', by: 'root' }, { users: without('ben'), custodian: true }),
    )
    back.when({ type: 'approve', by: 'ben' }).refuses('self_approval')
    expect(back.request.formerRequesters).toEqual(['ann', 'ben'])
  })

  it('[ST-12] is ended by them, also where its requester could only have done so before it was reviewed', () => {
    const line = given(submitted({ require: leads(2) }), approved('ben'))
    line.when({ type: 'cancel', by: 'root' }, { custodian: true }).refuses('not_the_requester')
    expect(line.when({ type: 'cancel', by: 'root' }, keeper).request.status).toBe('cancelled')
    expect(given(drafted()).when({ type: 'discard', by: 'root' }, keeper).request.status).toBe('cancelled')
  })
})

describe('an approval that stops counting', () => {
  it('[ST-06] is given again by others while the request is approved, and only then', () => {
    const line = given(submitted(byHand), approved('ben'))
    line.when({ type: 'approve', by: 'cat' }).refuses('not_open', { status: 'approved', verb: 'approve' })
    expect(line.when({ type: 'approve', by: 'cat' }, { users: without('ben') }).request.status).toBe('approved')
    const more = { ...byHand, require: leads(3) }
    expect(line.when({ type: 'approve', by: 'cat' }, { now: more }).request.status).toBe('pending')
  })

  it('[ST-06] is reminded of while the request is approved', () => {
    const line = given(submitted(byHand), approved('ben'))
    expect(line.when({ type: 'remind', by: 'root', at: start + day }).request).toMatchObject({
      status: 'approved',
      remindedAt: start + day,
    })
    line.when({ type: 'remind', by: 'root', at: start + day - 1 }).refuses('not_due')
  })

  it('[ST-07] leaves a request that its requester can have asked anew, as it is', () => {
    for (const line of [given(submitted(byHand)), given(submitted(byHand), approved('ben'))]) {
      const asked = line.when({ type: 'resubmit' }).request
      expect(asked).toMatchObject({ status: 'pending', round: 2, reviews: [] })
    }
  })
})
