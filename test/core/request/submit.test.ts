import { describe, expect, it } from 'vitest'
import { draft, submit } from '../../../src/core/request/decide/decide-submission.ts'
import type { NextContent } from '../../../src/core/request/model/command.ts'
import { begin } from '../../../src/core/request/model/evolve.ts'
import { asks, day, leads, office, policyState, rollout, start } from './given.ts'

const ann = { tenant: 'acme', user: 'ann', via: 'app' }
const command = { id: 'r1', by: ann, at: start }
const content: NextContent = {
  changes: [rollout(80)],
  before: [],
  evaluation: asks(),
  policySet: policyState(3),
  gated: false,
}
const nothingAsked = asks({ requirements: [] })
const facts = (next: Partial<NextContent> = {}) => ({ users: office, next: { ...content, ...next } })

function refusal(decision: ReturnType<typeof submit>): string {
  return decision.ok ? `accepted as ${decision.value.type}` : decision.refusal.code
}

describe('submitting', () => {
  it('applies at once what no policy speaks of', () => {
    expect(submit(command, facts({ evaluation: nothingAsked }))).toEqual({ ok: true, value: { type: 'direct' } })
  })

  it('becomes a request that pins what the policies ask', () => {
    const decision = submit({ ...command, reason: 'why' }, facts())
    expect(decision).toMatchObject({ ok: true, value: { type: 'request', event: { type: 'submitted' } } })
    if (!decision.ok || decision.value.type !== 'request') return
    expect(begin(decision.value.event)).toMatchObject({
      id: 'r1',
      tenant: 'acme',
      project: 'web',
      requester: 'ann',
      via: 'app',
      status: 'pending',
      round: 1,
      edition: 1,
      policySet: policyState(3),
      reason: 'why',
      createdAt: start,
      expiresAt: start + 14 * day,
      resources: [{ type: 'flag', id: 'checkout', base: 1 }],
      requirements: [{ policy: 'reviewed', version: 1, require: leads(1) }],
      contributors: [],
      reviews: [],
    })
  })

  it('[E3] never takes a gate for open because nobody is asked', () => {
    for (const require of [{ all: [] }, { any: [] }, { quorum: 1, from: {} }]) {
      const decision = submit(command, facts({ evaluation: asks({ require }) }))
      expect(decision).toMatchObject({ ok: true, value: { event: { outcome: { status: 'pending' } } } })
    }
  })

  it('[B2] refuses what no policy speaks of where its type is gated', () => {
    expect(refusal(submit(command, facts({ evaluation: nothingAsked, gated: true })))).toBe('no_policy')
    expect(refusal(submit(command, facts({ gated: true })))).toBe('no_policy')
  })

  it('refuses whom the directory does not know, what changes nothing, and what is locked', () => {
    expect(refusal(submit({ ...command, by: { ...ann, user: 'zoe' } }, facts()))).toBe('unknown_actor')
    expect(refusal(submit(command, facts({ changes: [] })))).toBe('invalid_input')
    const unchanged = rollout(40, { places: [], resource: { type: 'flag', id: 'search' } })
    expect(refusal(submit(command, facts({ changes: [rollout(80), unchanged] })))).toBe('nothing_changed')
    expect(refusal(submit(command, { ...facts(), lockedBy: 'r2' }))).toBe('locked')
    expect(refusal(submit(command, { ...facts({ evaluation: nothingAsked }), lockedBy: 'r2' }))).toBe('locked')
  })

  it('needs a reason where a policy asks for one, and as short a one as it says', () => {
    const evaluation = asks({ rules: { reasonRequired: true, feedbackLimit: 3 } })
    expect(refusal(submit(command, facts({ evaluation })))).toBe('reason_required')
    expect(refusal(submit({ ...command, reason: ' \u200b' }, facts({ evaluation })))).toBe('reason_required')
    expect(refusal(submit({ ...command, reason: 'long' }, facts({ evaluation })))).toBe('invalid_input')
    expect(refusal(submit({ ...command, reason: 'why' }, facts({ evaluation })))).toBe('accepted as request')
  })

  it('[H13] takes a schedule that lies in the future, before the request expires, with or without a gate', () => {
    for (const applyAt of [start, start - 1, 1.5, Number.NaN, start + 14 * day]) {
      expect(refusal(submit(command, facts({ applyAt })))).toBe('invalid_input')
    }
    expect(refusal(submit(command, facts({ applyAt: start + 1 })))).toBe('accepted as request')
    expect(refusal(submit(command, facts({ applyAt: start + 1, evaluation: nothingAsked })))).toBe(
      'accepted as request',
    )
    expect(refusal(submit(command, facts({ applyAt: start, evaluation: nothingAsked })))).toBe('invalid_input')
  })
})

describe('drafting', () => {
  it('is before nobody, and asks for nothing yet', () => {
    const decision = draft(command, facts())
    expect(decision).toMatchObject({ ok: true, value: { event: { type: 'drafted', outcome: { status: 'draft' } } } })
    if (!decision.ok || decision.value.type !== 'request') return
    expect(begin(decision.value.event)).toMatchObject({ status: 'draft', round: 0, requirements: [], expiresAt: 0 })
  })

  it('is possible where another request holds the lock, and for what is gated or changes nothing yet', () => {
    const unchanged = [rollout(40, { places: [] })]
    expect(refusal(draft(command, { ...facts({ gated: true, changes: unchanged }), lockedBy: 'r2' }))).toBe(
      'accepted as request',
    )
  })

  it('[H13] takes a schedule that lies in the future', () => {
    expect(refusal(draft(command, facts({ applyAt: start })))).toBe('invalid_input')
    expect(refusal(draft(command, facts({ applyAt: start + 1 })))).toBe('accepted as request')
  })

  it('is only for people whom the directory knows', () => {
    expect(refusal(draft({ ...command, by: { ...ann, user: 'zoe' } }, facts()))).toBe('unknown_actor')
  })
})
