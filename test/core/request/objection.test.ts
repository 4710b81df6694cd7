import { describe, expect, it } from 'vitest'
import {
  approved,
  changesRequested,
  day,
  done,
  given,
  leads,
  office,
  people,
  rejected,
  rollout,
  start,
  submitted,
} from './given.ts'

const approve = (by: string) => ({ type: 'approve', by }) as const
const reject = (by: string, reason = 'no') => ({ type: 'reject', by, reason }) as const
const demand = (by: string, reason = 'smaller') => ({ type: 'request_changes', by, reason }) as const

/** The office, with some users as they are from now on. */
const with_ = (changed: Parameters<typeof people>[0]) => new Map([...office, ...people(changed)])

describe('a rejection', () => {
  it('ends the request', () => {
    const line = given(submitted({ require: leads(2) }), approved('ben'))
    expect(line.when(reject('cat')).yields('rejected', 'rejected').reviews).toHaveLength(2)
  })

  it('needs a reason that says something', () => {
    const line = given(submitted())
    for (const reason of ['', ' \n\t', '\u200b\u00ad', '\u2060 \ufe0f']) {
      line.when(reject('ben', reason)).refuses('reason_required', { verb: 'reject' })
      line.when(demand('ben', reason)).refuses('reason_required', { verb: 'request_changes' })
    }
    line.when({ type: 'reject', by: 'ben' }).refuses('reason_required')
    line.when(reject('ben', '.')).yields('rejected', 'rejected')
  })

  it('[E12] stands in the way until it is withdrawn, where a policy says that it does not end the request', () => {
    const rules = { onReject: 'block' } as const
    const line = given(submitted({ rules }), rejected('ben'), approved('cat'), approved('dan'))
    expect(line.request.status).toBe('pending')
    line.when({ type: 'withdraw', by: 'ben' }).yields('withdrawn', 'applied')
    const changed = given(submitted({ rules }), rejected('ben'))
    expect(changed.when(approve('ben')).yields('approved', 'applied').reviews).toHaveLength(1)
  })

  it('[E12] stands in the way of what was approved already', () => {
    const rules = { onReject: 'block', apply: 'by_hand' } as const
    const line = given(submitted({ rules }), approved('ben'))
    expect(line.request.status).toBe('approved')
    line.when(reject('cat')).yields('rejected', 'pending')
    given(submitted({ rules }), approved('ben'), rejected('cat'), done({ type: 'withdraw', by: 'cat' }))
      .when({ type: 'apply', by: 'eve' })
      .yields('applied', 'applied')
  })

  it('[E12] of one account is not lifted by an approval of another account of the same person', () => {
    const users = with_({ ben2: { person: 'ben', roles: ['lead'] } })
    const line = given(submitted({ rules: { onReject: 'block' } }), rejected('ben'))
    line.when(approve('ben2'), { users }).yields('approved', 'pending')
  })

  it('[BY-14] for one person stands, whatever its giver answers for another one', () => {
    const forSomebody = (from: string) => ({
      delegation: { from, to: 'cat', begins: start, ends: start + day, match: {} },
    })
    const objected = done({ type: 'reject', by: 'cat', onBehalfOf: 'ben', reason: 'no' }, forSomebody('ben'))
    const line = given(submitted({ rules: { onReject: 'block' } }), objected)
    line.when({ type: 'approve', by: 'cat', onBehalfOf: 'dan' }, forSomebody('dan')).yields('approved', 'pending')
    line.when(approve('cat')).yields('approved', 'pending')
    line.when(approve('ben')).yields('approved', 'applied')
  })

  it('closes where what the policies ask now is stricter than what they asked', () => {
    const line = given(submitted({ rules: { onReject: 'block' } }))
    line.when(reject('ben'), { now: {} }).yields('rejected', 'rejected')
  })

  it('[BY-04] is also for those who hold a veto, and they cannot approve for it', () => {
    const requirements = [{ policy: 'p', version: 1, require: leads(1), veto: { users: ['eve'] } }]
    const line = given(submitted({ requirements }))
    line.when(approve('eve')).refuses('not_an_approver')
    line.when(reject('eve')).yields('rejected', 'rejected')
    line.when(demand('eve')).yields('changes_requested', 'changes_requested')
    line.when(reject('root')).refuses('not_an_approver')
  })
})

describe('a request for changes', () => {
  it('waits for the requester, and stands in the way meanwhile', () => {
    const line = given(submitted(), changesRequested('ben'))
    expect(line.request.status).toBe('changes_requested')
    line.when(approve('cat')).yields('approved', 'changes_requested')
    line.when({ type: 'apply' }).refuses('not_open')
    line.when({ type: 'resubmit', by: 'eve' }).refuses('not_the_requester')
    expect(line.when({ type: 'resubmit' }).yields('resubmitted', 'pending').reviews).toEqual([])
  })

  it('[BY-27] is lifted when it is withdrawn, or turned into an approval', () => {
    const line = given(submitted(), changesRequested('ben'), approved('cat'))
    line.when({ type: 'withdraw', by: 'ben' }).yields('withdrawn', 'applied')
    line.when(approve('ben')).yields('approved', 'applied')
    const both = given(submitted(), changesRequested('ben'), changesRequested('cat'))
    both.when({ type: 'withdraw', by: 'ben' }).yields('withdrawn', 'changes_requested')
  })

  it('leaves new content where it is until the requester puts it to the reviewers again', () => {
    const edited = done({ type: 'edit' }, { next: { changes: [rollout(50)] } })
    const line = given(submitted(), changesRequested('ben'), edited)
    expect(line.request).toMatchObject({ status: 'changes_requested', reviews: [], round: 2 })
    expect(line.when({ type: 'resubmit' }).yields('resubmitted', 'pending').round).toBe(3)
  })
})

describe('taking an answer back', () => {
  it('[BY-27] lowers the count again', () => {
    const line = given(submitted({ require: leads(2) }), approved('ben'), done({ type: 'withdraw', by: 'ben' }))
    expect(line.request).toMatchObject({ status: 'pending', reviews: [] })
    line.when(approve('cat')).yields('approved', 'pending')
  })

  it('[BY-27] opens again what was approved', () => {
    const line = given(submitted({ rules: { apply: 'by_hand' } }), approved('ben'))
    line.when({ type: 'withdraw', by: 'ben' }).yields('withdrawn', 'pending')
  })

  it('[F10] is nobody else’s', () => {
    const line = given(submitted({ require: leads(2) }), approved('ben'))
    for (const by of ['ann', 'cat', 'root']) line.when({ type: 'withdraw', by }).refuses('no_review', { actor: by })
    line.when({ type: 'withdraw', by: 'zoe' }).refuses('unknown_actor')
  })

  it('stays possible for somebody who is not asked any more', () => {
    const line = given(submitted({ require: leads(2) }), approved('ben'))
    const users = with_({ ben: { roles: [] } })
    expect(line.when({ type: 'withdraw', by: 'ben' }, { users }).yields('withdrawn', 'pending').reviews).toEqual([])
  })
})

describe('what somebody says', () => {
  const family = '👨‍👩‍👧‍👦'
  const accent = 'e\u0301'

  it.each([family, accent, 'ß', '\r\n', '한'])('is counted as people count characters: %j', (character) => {
    const line = given(submitted({ rules: { feedbackLimit: 3 } }))
    line.when({ ...approve('ben'), reason: character.repeat(3) }).yields('approved', 'applied')
    line.when({ ...approve('ben'), reason: character.repeat(4) }).refuses('invalid_input', { argument: 'reason' })
  })

  it('has at most 1,024 characters where the policy says so', () => {
    const line = given(submitted({ rules: { feedbackLimit: 1024 } }))
    line.when({ ...reject('ben'), reason: family.repeat(1024) }).yields('rejected', 'rejected')
    line.when({ ...reject('ben'), reason: `${family.repeat(1024)}!` }).refuses('invalid_input')
  })

  it('is as short for every verb as the strictest policy says now', () => {
    const now = { rules: { feedbackLimit: 2 } }
    const line = given(submitted({ require: leads(2) }), approved('ben'))
    for (const type of ['edit', 'rebase', 'comment', 'withdraw', 'cancel', 'recall', 'schedule', 'bypass'] as const) {
      const by = type === 'withdraw' ? 'ben' : 'ann'
      const argument = type === 'comment' ? 'text' : 'reason'
      line.when({ type, by, reason: 'abc' }, { now }).refuses('invalid_input', { argument })
    }
  })
})
