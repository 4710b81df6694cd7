import { describe, expect, it } from 'vitest'
import type { Request } from '../../../src/core/request/model/request.ts'
import { allows, verbNames } from '../../../src/core/request/model/status-table.ts'
import type { Refusal } from '../../../src/errors/result.ts'
import {
  approved,
  changesRequested,
  day,
  done,
  drafted,
  given,
  hour,
  leads,
  policyState,
  rejected,
  rollout,
  start,
  submitted,
} from './given.ts'

const approve = { type: 'approve', by: 'ben' } as const
const deadline = start + 14 * day

describe('ending a request', () => {
  it('is the requester’s, before anybody has answered', () => {
    given(submitted()).when({ type: 'cancel' }).yields('cancelled', 'cancelled')
    given(submitted()).when({ type: 'cancel', by: 'ben' }).refuses('not_the_requester')
    given(submitted({ require: leads(2) }), approved('ben'))
      .when({ type: 'cancel' })
      .refuses('already_reviewed_by_others', { reviews: 1, verb: 'cancel' })
    const lenient = given(submitted({ require: leads(2), rules: { cancel: 'any_time' } }), approved('ben'))
    lenient.when({ type: 'cancel' }).yields('cancelled', 'cancelled')
    lenient.when({ type: 'recall' }).yields('recalled', 'draft')
    lenient.when({ type: 'cancel' }, { now: { require: leads(2) } }).refuses('already_reviewed_by_others')
  })

  it('[ST-11] is not to be had by recalling what was reviewed, until it was submitted anew', () => {
    const asked = { require: leads(2) } as const
    const recall = done({ type: 'recall' })
    const line = given(submitted(asked), approved('ben'), recall)
    expect(line.request).toMatchObject({ status: 'draft', reviews: [], recalledReviews: 1 })
    line.when({ type: 'discard' }).refuses('already_reviewed_by_others', { reviews: 1, verb: 'discard' })
    const edited = given(
      submitted(asked),
      approved('ben'),
      recall,
      done({ type: 'edit' }, { next: { changes: [rollout(70)] } }),
    )
    edited.when({ type: 'discard' }).refuses('already_reviewed_by_others', { reviews: 1, verb: 'discard' })
    const again = given(submitted(asked), approved('ben'), recall, done({ type: 'submit' }))
    again.when({ type: 'cancel' }).yields('cancelled', 'cancelled')
    given(submitted(asked), approved('ben'), recall, done({ type: 'submit' }), recall)
      .when({ type: 'discard' })
      .yields('discarded', 'cancelled')
    given(submitted(asked), recall).when({ type: 'discard' }).yields('discarded', 'cancelled')
    given(submitted({ ...asked, rules: { cancel: 'any_time' } }), approved('ben'), recall)
      .when({ type: 'discard' })
      .yields('discarded', 'cancelled')
  })

  it('is the author’s for a draft', () => {
    given(drafted()).when({ type: 'discard', by: 'ben' }).refuses('not_the_requester')
    given(drafted()).when({ type: 'discard' }).yields('discarded', 'cancelled')
  })

  it('[B10] [B11] [E1] is final, unless the requester puts it to the reviewers anew', () => {
    const endings = [
      given(submitted({ require: leads(2) }), approved('ben'), rejected('cat')),
      given(submitted(), done({ type: 'cancel' })),
      given(submitted({ require: leads(2) }), approved('ben'), done({ type: 'expire', at: deadline })),
    ]
    for (const line of endings) {
      line.when({ type: 'approve', by: 'dan' }, { now: { require: leads(1) } }).refuses('not_open')
      line.when({ type: 'reopen', by: 'ben' }).refuses('not_the_requester')
      const at = deadline + day
      const asks = { require: leads(1) }
      const reopened = line.when({ type: 'reopen', at }, { next: { asks } }).yields('reopened', 'pending')
      expect(reopened).toMatchObject({ round: 2, reviews: [], expiresAt: at + 14 * day })
    }
  })
})

describe('a draft', () => {
  it('is before nobody: nobody can answer it, and it does not expire', () => {
    const line = given(drafted())
    line.when(approve).refuses('not_open')
    line.when({ type: 'edit', at: start + 1000 * day }).yields('edited', 'draft')
    expect(line.request).toMatchObject({ round: 0, requirements: [], expiresAt: 0 })
  })

  it('[E6] is judged by the policies when it is put to the reviewers', () => {
    const line = given(drafted({ requirements: [] }))
    const next = { asks: { require: leads(1), rules: { reasonRequired: true } } }
    line.when({ type: 'submit' }, { next }).refuses('reason_required', { verb: 'submit' })
    const after = line.when({ type: 'submit', reason: 'why' }, { next }).yields('submitted', 'pending')
    expect(after).toMatchObject({ round: 1, expiresAt: start + hour + 14 * day, reason: 'why' })
    expect(after.requirements).toHaveLength(1)
  })

  it('[B2] is refused where its type is gated and no policy speaks of it', () => {
    given(drafted())
      .when({ type: 'submit' }, { next: { gated: true } })
      .refuses('no_policy', { actions: ['update'] })
  })

  it('cannot be put to the reviewers empty, unchanged, or with open conflicts', () => {
    const line = given(drafted())
    line.when({ type: 'submit' }, { next: { changes: [] } }).refuses('invalid_input', { argument: 'changes' })
    line.when({ type: 'submit' }, { next: { changes: [rollout(40, { places: [] })] } }).refuses('nothing_changed')
    const rebase = { from: 1, draft: {}, resolutions: [], open: 1 }
    line.when({ type: 'submit' }, { next: { changes: [rollout(80, { rebase })] } }).refuses('conflicts_open')
  })

  it('cannot be put to the reviewers while another request holds the lock', () => {
    const line = given(drafted())
    line.when({ type: 'submit' }, { target: { lockedBy: 'r2' } }).refuses('locked', { request: 'r2' })
    line.when({ type: 'edit' }, { target: { lockedBy: 'r2' } }).yields('edited', 'draft')
  })

  it('is edited whoever holds the lock that it will want', () => {
    const locks = { lock: 'resource', cancel: 'any_time' } as const
    const line = given(submitted({ rules: locks }), done({ type: 'recall' }))
    line.when({ type: 'edit' }, { target: { lockedBy: 'r2', heldBy: 'r2' } }).yields('edited', 'draft')
  })

  it('keeps its rules, its deadline and its reason until it is put to the reviewers', () => {
    const asked = { rules: { cancel: 'any_time', expiresAfter: '2d' }, reason: 'why' } as const
    const line = given(submitted(asked), done({ type: 'recall' }))
    const next = { asks: { rules: { expiresAfter: '1d', reasonRequired: true, feedbackLimit: 5 } } } as const
    const after = line.when({ type: 'edit', reason: 'not that of the request' }, { next }).yields('edited', 'draft')
    const { rules, expiresAt, reason } = line.request
    expect(after).toMatchObject({ rules, expiresAt, reason })
    expect(line.when({ type: 'submit' }, { next }).yields('submitted', 'pending')).toMatchObject({ reason: 'why' })
  })

  it('is not put to the reviewers where nothing gates it and its content is not there', () => {
    const line = given(drafted({ requirements: [] }))
    line.when({ type: 'submit' }, { target: 'unread' }).needs('target')
    line.when({ type: 'submit' }, { target: { changes: [rollout(81)] } }).refuses('content_tampered')
    line.when({ type: 'submit' }).yields('submitted', 'applied')
  })

  it('is not put to the reviewers with a document that could not be applied, but for what is rebased afterwards', () => {
    const invalid = { code: 'invalid_by_schema', message: 'no', details: { issues: [] } } as unknown as Refusal
    const other = rollout(80, { resource: { type: 'flag', id: 'search' } })
    const line = given(drafted({ changes: [rollout(80), other], require: leads(2) }))
    line.when({ type: 'submit' }, { target: { invalid } }).refuses('invalid_by_schema')
    line.when({ type: 'submit' }, { target: { invalid, live: [1, 2] } }).refuses('stale')
    const ended = given(submitted({ changes: [rollout(80), other], require: leads(2) }), done({ type: 'cancel' }))
    ended.when({ type: 'reopen' }, { target: { invalid } }).refuses('invalid_by_schema')
    ended.when({ type: 'reopen' }, { target: { invalid, live: [1, 2] } }).yields('reopened', 'pending')
    line.when({ type: 'edit' }, { target: { invalid } }).yields('edited', 'draft')
  })

  it('takes a request back from its reviewers, who are asked anew', () => {
    const asked = { require: leads(2), rules: { cancel: 'any_time' } } as const
    const line = given(submitted(asked), approved('ben'), done({ type: 'recall' }))
    expect(line.request).toMatchObject({ status: 'draft', reviews: [] })
    const again = line.when({ type: 'submit' }).yields('submitted', 'pending')
    expect(again).toMatchObject({ round: 2, reviews: [] })
  })
})

describe('new content', () => {
  it('[B1] keeps what was asked where no policy matches it any more', () => {
    const line = given(submitted({ require: leads(2) }))
    const after = line.when({ type: 'edit' }, { next: { asks: { requirements: [] } } }).yields('edited', 'pending')
    expect(after.requirements).toEqual(line.request.requirements)
  })

  it('[B1] takes what the policies ask of it', () => {
    const stricter = { require: leads(3), rules: { selfApproval: false, apply: 'by_hand' } } as const
    const after = given(submitted())
      .when({ type: 'edit' }, { next: { asks: stricter } })
      .yields('edited', 'pending')
    expect(after).toMatchObject({ requirements: [{ require: leads(3) }], rules: { apply: 'by_hand' } })
  })

  it.each([
    ['pending', given(submitted())],
    ['changes requested', given(submitted(), changesRequested('ben'))],
  ])('[B2] is refused where its type is gated and no policy speaks of it, also while %s', (_status, line) => {
    line.when({ type: 'edit' }, { next: { gated: true } }).refuses('no_policy')
    line.when({ type: 'rebase' }, { next: { gated: true } }).refuses('no_policy')
  })

  it('cannot take a lock that another request holds', () => {
    const locks = { rules: { lock: 'resource' } } as const
    const line = given(submitted())
    line.when({ type: 'edit' }, { next: { asks: locks }, target: { lockedBy: 'r2' } }).refuses('locked')
    line.when({ type: 'edit' }, { target: { lockedBy: 'r2' } }).yields('edited', 'pending')
    line.when({ type: 'edit' }, { target: { heldBy: 'r2' } }).yields('edited', 'pending')
    line.when({ type: 'edit' }, { next: { asks: locks }, target: { heldBy: 'r2' } }).refuses('locked')
    given(submitted(), rejected('ben'))
      .when({ type: 'reopen' }, { target: { lockedBy: 'r2' } })
      .refuses('locked')
  })

  it('needs the reason that the policies ask for', () => {
    const next = { asks: { rules: { reasonRequired: true } } }
    given(submitted()).when({ type: 'edit', reason: 'not that of the request' }, { next }).refuses('reason_required')
    given(submitted({ reason: 'why' }))
      .when({ type: 'edit' }, { next })
      .yields('edited', 'pending')
  })

  it('is not decided without that content', () => {
    given(submitted()).when({ type: 'edit' }, { next: 'unread' }).needs('next')
  })

  it('may leave nothing but conflicts that wait for an answer', () => {
    const rebase = { from: 1, draft: { rollout: 80 }, resolutions: [], open: 1 }
    const changes = [rollout(40, { base: 2, places: [], rebase })]
    const line = given(submitted({ require: leads(2) }), done({ type: 'rebase' }, { next: { changes } }))
    expect(line.request).toMatchObject({ status: 'pending', conflicts: 1 })
    line.when({ type: 'approve', by: 'ben' }).refuses('conflicts_open', { conflicts: 1 })
    line.when({ type: 'edit' }, { next: { changes: [rollout(40, { places: [] })] } }).refuses('nothing_changed')
  })

  it('keeps the reason that a draft was given, and only another draft or submission states another', () => {
    expect(given(drafted({ reason: 'why' })).request.reason).toBe('why')
    const edited = given(submitted({ reason: 'why' }), done({ type: 'edit', reason: 'a typo' }))
    expect(edited.request.reason).toBe('why')
    edited.when({ type: 'approve', by: 'ben' }).yields('approved', 'applied')
    expect(given(drafted({ reason: 'why' }), done({ type: 'submit', reason: 'because' })).request.reason).toBe(
      'because',
    )
  })

  it('keeps what the reason is bound by, also once it is erased, until another one is stated', () => {
    const held = drafted({ reason: 'why' })()
    const stating = (stated: Pick<Request, 'salt' | 'erased'>) => () => ({
      ...held,
      request: { ...held.request, ...stated },
    })
    for (const stated of [{ salt: 'grain' }, { erased: 'sha256:0' }] as const) {
      const line = given(stating(stated))
      expect(line.when({ type: 'edit' }).yields('edited', 'draft')).toMatchObject({ reason: 'why', ...stated })
      const { salt, erased } = line.when({ type: 'submit', reason: 'because' }).yields('submitted', 'pending')
      expect([salt, erased]).toEqual([undefined, undefined])
    }
  })

  it('is more than nothing where the life cycle moves, unless that was only found from places that are the same now', () => {
    const move = { action: 'start', from: 'draft', to: 'running' } as const
    const unplaced = (more: object) => ({
      next: { changes: [rollout(40, { places: [], move: { ...move, ...more } })] },
    })
    given(submitted()).when({ type: 'edit' }, unplaced({})).yields('edited', 'pending')
    given(submitted())
      .when({ type: 'edit' }, unplaced({ edits: true }))
      .refuses('nothing_changed')
    const moving = [rollout(80, { move })]
    given(submitted())
      .when({ type: 'edit' }, { next: { changes: moving } })
      .yields('edited', 'pending')
  })

  it('names the action that waits, where the life cycle shows it', () => {
    const move = { action: 'start', from: 'draft', to: 'running' } as const
    const resourcesOf = (pending: object) =>
      given(submitted({ changes: [rollout(80, { move: { ...move, ...pending } })] })).request.resources
    const target = { type: 'flag', id: 'checkout', base: 1 }
    expect(resourcesOf({ pending: 'starting' })).toEqual([{ ...target, waiting: 'start' }])
    expect(resourcesOf({})).toEqual([target])
  })

  it('cannot be a comment that says nothing', () => {
    const line = given(submitted())
    line.when({ type: 'comment', by: 'eve' }).refuses('reason_required', { verb: 'comment' })
    line.when({ type: 'comment', by: 'eve', reason: ' ' }).refuses('reason_required')
  })
})

describe('a request that waits while the workflow is switched off', () => {
  const off = { switchedOff: 2 }
  const waiting = () => given(submitted({ require: leads(2) }), approved('ben'))

  it('[CT-12] goes back to being a draft that was answered by nobody', () => {
    const draft = waiting()
      .when({ type: 'return', by: 'root', reason: 'moving house' }, off)
      .yields('returned', 'draft')
    expect(draft).toMatchObject({ reviews: [], round: 1 })
    const submittedAgain = given(
      submitted({ require: leads(2) }),
      approved('ben'),
      done({ type: 'return' }, off),
      done({ type: 'submit' }, { ...off, next: { policySet: policyState(2) } }),
    )
    expect(submittedAgain.request).toMatchObject({ status: 'pending', round: 2, reviews: [] })
    submittedAgain.when({ ...approve, by: 'cat' }, off).yields('approved', 'pending')
  })

  it('[E10] is neither answered nor applied from that moment on, also before that is recorded', () => {
    for (const verb of verbNames) {
      if (verb === 'return' || verb === 'expire' || !allows('pending', verb)) continue
      waiting().when({ type: verb, by: 'ann', reason: 'x' }, off).refuses('switched_off', { verb })
    }
    const approvedOne = given(submitted({ rules: { apply: 'by_hand' } }), approved('ben'))
    approvedOne.when({ type: 'apply' }, off).refuses('switched_off')
    approvedOne.when({ type: 'come_due' }, off).refuses('switched_off')
  })

  it('stays before its reviewers where it was put to them since, or the workflow never was off', () => {
    waiting().when({ type: 'return' }, { switchedOff: 1 }).refuses('not_switched_off')
    waiting().when({ type: 'return' }).refuses('not_switched_off')
    waiting()
      .when({ ...approve, by: 'cat' }, { switchedOff: 1 })
      .yields('approved', 'applied')
  })

  it('is expired where its deadline comes before that is recorded', () => {
    waiting().when({ type: 'return', at: deadline }, off).refuses('expired')
    waiting().when({ type: 'expire', at: deadline }, off).yields('expired', 'expired')
    waiting()
      .when({ type: 'reopen', at: deadline }, { ...off, next: { policySet: policyState(2) } })
      .yields('reopened', 'pending')
  })

  it('keeps what was decided before', () => {
    given(submitted(), rejected('ben')).when({ type: 'return' }, off).refuses('not_open')
    given(submitted(), rejected('ben'))
      .when({ type: 'reopen' }, { ...off, next: { policySet: policyState(2) } })
      .yields('reopened', 'pending')
    given(drafted()).when({ type: 'return' }, off).refuses('not_open')
  })
})
