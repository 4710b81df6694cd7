import { describe, expect, it } from 'vitest'
import type { ProposedChange } from '../../../src/core/request/model/content.ts'
import { refuse } from '../../../src/errors/result.ts'
import {
  approved,
  changesRequested,
  day,
  done,
  drafted,
  given,
  leads,
  moved,
  type Otherwise,
  office,
  people,
  rollout,
  start,
  submitted,
  unfit,
} from './given.ts'

const byHand = { rules: { apply: 'by_hand' } } as const
const approve = { type: 'approve', by: 'ben' } as const
const deadline = start + 14 * day
const due = start + day
const search = { type: 'flag', id: 'search' }
const checkout = { type: 'flag', id: 'checkout' }
const late = { onStale: 'fail_when_applied' } as const

describe('applying', () => {
  it('makes one new revision of every resource, and names its digest', () => {
    const changes = [rollout(80), rollout(3, { resource: search, base: 7 })]
    const { revisions } = given(submitted({ changes })).when(approve).yields('approved', 'applied')
    expect(revisions).toMatchObject([
      { type: 'flag', id: 'checkout', number: 2 },
      { ...search, number: 8 },
    ])
    expect(new Set(revisions?.map(({ digest }) => digest)).size).toBe(2)
  })

  it('is for anyone, once it is approved, and only then', () => {
    const line = given(submitted({ ...byHand, require: leads(2) }), approved('ben'))
    line.when({ type: 'apply', by: 'eve' }).refuses('not_open')
    given(submitted(byHand), approved('ben')).when({ type: 'apply', by: 'eve' }).yields('applied', 'applied')
  })

  it('[D2] [E8] judges everything again', () => {
    const line = given(submitted(byHand), approved('ben'))
    const demoted = new Map([...office, ...people({ ben: { roles: [] } })])
    line.when({ type: 'apply' }, { users: demoted }).refuses('approval_missing', { policies: ['reviewed'] })
    line.when({ type: 'apply' }, { now: { require: leads(2), ...byHand } }).refuses('approval_missing')
    line.when({ type: 'apply' }, { target: 'unread' }).needs('target')
  })

  it('[A5] [F5] believes only stored content that has the digest that was reviewed', () => {
    const line = given(submitted(byHand), approved('ben'))
    const tampered = [
      { changes: [rollout(81)] },
      { changes: [rollout(80, { after: { rollout: 99 } })] },
      { changes: [rollout(80, { base: 2 })], live: [2] },
      { applyAt: due },
      { changes: [] },
    ]
    for (const target of tampered) line.when({ type: 'apply' }, { target }).refuses('content_tampered')
    given(submitted())
      .when(approve, { target: { changes: [rollout(81)] } })
      .refuses('content_tampered')
  })

  it('fails if a resource has moved on, and says which', () => {
    const changes = [rollout(80), rollout(3, { resource: search, base: 7 })]
    const after = given(submitted({ changes, rules: late }))
      .when(approve, { target: { live: [1, 8] } })
      .yields('approved', 'failed')
    expect(after.failure).toMatchObject({ code: 'stale', details: { ...search, base: 7, live: 8 } })
    expect(after.revisions).toBeUndefined()
  })

  it('[WO-01] is approved and applied by nobody once it could only fail, unless policies let it fail then', () => {
    const target = { live: [2] }
    const stale = { ...checkout, base: 1, live: 2 }
    const asks = { require: leads(2) }
    for (const rules of [{}, { onStale: 'rebase' }] as const) {
      given(submitted({ ...asks, rules }))
        .when(approve, { target })
        .refuses('stale', stale)
      given(submitted({ ...asks, rules }))
        .when({ type: 'resubmit' }, { target })
        .refuses('stale', stale)
      given(drafted({ ...asks, rules }))
        .when({ type: 'submit' }, { target })
        .refuses('stale', stale)
      const waits = given(submitted({ rules: { ...rules, apply: 'by_hand' } }), approved('ben'))
      waits.when({ type: 'apply' }, { target }).refuses('stale', stale)
      const failed = given(submitted({ rules }), approved('ben', { target: unfit }))
      failed.when({ type: 'retry' }, { target }).refuses('stale', stale)
      failed.when({ type: 'rebase' }, { target }).yields('rebased', 'pending')
      given(submitted({ ...asks, rules }))
        .when({ type: 'reject', by: 'ben', reason: 'no' }, { target })
        .yields('rejected', 'rejected')
    }
    given(submitted({ ...asks, rules: late }))
      .when(approve, { target })
      .yields('approved', 'pending')
    given(drafted({ ...asks, rules: late }))
      .when({ type: 'submit' }, { target })
      .yields('submitted', 'pending')
    const waits = given(submitted({ rules: { ...late, apply: 'by_hand' } }), approved('ben'))
    waits.when({ type: 'apply' }, { target }).yields('failed', 'failed')
  })

  it('[WO-01] asks for what is live before an approval, if it may have moved on', () => {
    const asked = given(submitted({ require: leads(2) }))
    const says = (otherwise: Otherwise) => asked.when(approve, { target: 'unread', ...otherwise }).decision
    expect(says({ moved: true })).toMatchObject({ ok: false, needs: 'target' })
    expect(says({})).toMatchObject({ ok: true })
    const other = given(submitted({ require: leads(2), rules: late }))
    expect(other.when(approve, { target: 'unread', moved: true }).decision).toMatchObject({ ok: true })
  })

  it('[G16] fails as a whole where a document is not valid any more', () => {
    const { refusal: invalid } = refuse('invalid_by_schema', { resource: 'flag "checkout"', issues: [] })
    const after = given(submitted()).when(approve, { target: { invalid } }).yields('approved', 'failed')
    expect(after.failure).toEqual(invalid)
  })

  it('is refused while another request holds the lock', () => {
    const line = given(submitted(byHand), approved('ben'))
    line.when({ type: 'apply' }, { target: { lockedBy: 'r2' } }).refuses('locked', { request: 'r2' })
    line.when({ type: 'apply' }, { target: { heldBy: 'r2' } }).yields('applied', 'applied')
  })

  it('names the policies that are not met, and no others', () => {
    const now = {
      ...byHand,
      requirements: [
        { policy: 'met', version: 1, require: leads(1) },
        { policy: 'unmet', version: 1, require: { quorum: 1, from: { users: ['cat'] } } },
      ],
    }
    const { decision } = given(submitted(byHand), approved('ben')).when({ type: 'apply' }, { now })
    expect(decision).toMatchObject({ refusal: { code: 'approval_missing', details: { policies: ['unmet'] } } })
  })

  it('[BY-26] moves onto the live revision where the effect there is equal', () => {
    const healed = rollout(80, { base: 2, after: { rollout: 80, owner: 'eve' } })
    const line = given(submitted({ rules: { onStale: 'rebase' } }))
    const after = line.when(approve, { target: { live: [2], rebased: [healed] } }).yields('approved', 'applied')
    expect(after.revisions).toMatchObject([{ number: 3 }])
  })

  it.each([
    ['another value', [rollout(81, { base: 2 })]],
    ['another value before', [rollout(80, { base: 2, places: [{ type: 'removed', path: '/rollout', before: 50 }] })]],
    ['other actions', [rollout(80, { base: 2, actions: ['enable'] })]],
    ['another resource', [rollout(80, { base: 2, resource: search })]],
    ['another project', [rollout(80, { base: 2, project: 'mobile' })]],
    ['another incarnation', [rollout(80, { base: 2, incarnation: 2 })]],
    ['a change more', [rollout(80, { base: 2 }), rollout(80, { base: 2, resource: search })]],
    ['a change less', []],
  ])('[B8] is stale if the rebase would mean something else: %s', (_what, rebased) => {
    given(submitted({ rules: { onStale: 'rebase' } }))
      .when(approve, { target: { live: [2], rebased } })
      .refuses('stale')
  })

  it('[B8] is stale if the rebase of one of several changes would mean something else', () => {
    const second = (to: number) => rollout(to, { resource: search, base: 2 })
    const line = given(submitted({ changes: [rollout(80), second(3)], rules: { onStale: 'rebase' } }))
    const rebased = (to: number) => ({ target: { live: [2, 2], rebased: [rollout(80, { base: 2 }), second(to)] } })
    line.when(approve, rebased(3)).yields('approved', 'applied')
    line.when(approve, rebased(4)).refuses('stale')
  })

  it('[B8] is stale if the rebase would make something else of the life cycle', () => {
    const begins = { action: 'start', from: 'draft', to: 'running' } as const
    const stays = { action: 'edit', from: 'running', to: 'running' } as const
    const after = { rollout: 80, owner: 'eve' }
    const outcome = (move: ProposedChange['move'], more: Partial<ProposedChange>) => {
      const changes = [rollout(80, move ? { move } : {})]
      const line = given(submitted({ changes, rules: { onStale: 'rebase' } }))
      return line.when(approve, { target: { live: [2], rebased: [rollout(80, { base: 2, ...more })] } }).request.status
    }
    expect(outcome(begins, { move: begins })).toBe('applied')
    expect(outcome(begins, { move: { ...begins, to: 'stopped' } })).toBe('pending')
    expect(outcome(begins, {})).toBe('pending')
    expect(outcome(undefined, { move: stays })).toBe('pending')
    expect(outcome(begins, { move: begins, after })).toBe('pending')
    expect(outcome(stays, { move: stays, after })).toBe('applied')
  })

  it('[G6] can be tried again once it is possible, and is judged again', () => {
    const failed = given(submitted(), approved('ben', { target: unfit }))
    expect(failed.request.failure).toMatchObject({ code: 'invalid_by_schema' })
    expect(failed.when({ type: 'retry', by: 'eve' }).yields('applied', 'applied').failure).toBeUndefined()
    failed.when({ type: 'retry' }, { target: unfit }).yields('failed', 'failed')
    failed.when({ type: 'retry' }, { now: { require: leads(2) } }).refuses('approval_missing')
    const demoted = new Map([...office, ...people({ ben: { roles: [] } })])
    failed.when({ type: 'retry' }, { users: demoted }).refuses('approval_missing')
  })

  it('[H5] is not tried again after the deadline', () => {
    const failed = given(submitted(), approved('ben', { target: unfit }))
    failed.when({ type: 'retry', at: deadline - 1 }).yields('applied', 'applied')
    failed.when({ type: 'retry', at: deadline }).refuses('expired', { expiredAt: deadline })
    failed.when({ type: 'rebase', at: deadline }).refuses('expired')
    expect(failed.when({ type: 'reopen', at: deadline }).yields('reopened', 'pending').expiresAt).toBe(
      deadline + 14 * day,
    )
  })

  it('[E13] happens once', () => {
    const line = given(submitted(), approved('ben'))
    for (const type of ['apply', 'retry', 'bypass', 'come_due', 'approve', 'reopen', 'rebase', 'edit'] as const) {
      line.when({ type, by: 'cat', reason: 'again' }).refuses('not_open', { status: 'applied' })
    }
  })
})

describe('a bypass', () => {
  const rules = { bypass: ['admin'] } as const
  const bypass = { type: 'bypass', by: 'root', reason: 'the site is down' } as const

  it('[F4] applies without the approvals that are missing, on record as what it is', () => {
    const line = given(submitted({ rules, require: leads(2) }), approved('ben'))
    const after = line.when(bypass).yields('bypassed', 'applied')
    expect(after.bypassedBy).toBe('root')
    expect(after.reviews).toEqual(line.request.reviews)
  })

  it('[F4] is refused without the role, without a reason, and where no policy names a role', () => {
    const line = given(submitted({ rules }))
    line.when({ ...bypass, by: 'ben' }).refuses('bypass_forbidden', { actor: 'ben', roles: ['admin'] })
    line.when({ ...bypass, reason: '\u200b ' }).refuses('reason_required', { verb: 'bypass' })
    line.when({ type: 'bypass', by: 'root' }).refuses('reason_required')
    given(submitted()).when(bypass).refuses('bypass_forbidden', { roles: [] })
    line
      .when(bypass, { users: new Map([...office, ...people({ root: { roles: ['administrator'] } })]) })
      .refuses('bypass_forbidden')
    line.when(bypass, { now: { rules: {} } }).refuses('bypass_forbidden')
  })

  it('[A1] [F4] is bound to what was seen', () => {
    const before = given(submitted({ rules }))
    const line = given(submitted({ rules }), done({ type: 'edit', by: 'eve' }))
    for (const seen of ['', before.request.digest]) {
      line.when({ ...bypass, seen }).refuses('digest_mismatch', { seen })
    }
    line.when({ ...bypass, by: 'ben', seen: '' }).refuses('bypass_forbidden')
  })

  it('passes by answers that stand in the way, and by a schedule', () => {
    given(submitted({ rules }), changesRequested('ben')).when(bypass).yields('bypassed', 'applied')
    given(submitted({ rules, applyAt: due }))
      .when(bypass)
      .yields('bypassed', 'applied')
  })

  it('[F4] passes by nothing else: neither lock, conflict, deadline, moved resource nor tampered content', () => {
    const line = given(submitted({ rules }))
    line.when(bypass, { target: { lockedBy: 'r2' } }).refuses('locked')
    line.when(bypass, { target: moved }).refuses('stale')
    line.when(bypass, { target: { changes: [rollout(81)] } }).refuses('content_tampered')
    line.when({ ...bypass, at: deadline }).refuses('expired')
    const rebase = { from: 1, draft: {}, resolutions: [], open: 1 }
    const changes = [rollout(80, { base: 2, rebase })]
    given(submitted({ rules }), done({ type: 'rebase' }, { next: { changes } }))
      .when(bypass)
      .refuses('conflicts_open')
  })
})
