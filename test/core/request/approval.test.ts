import { describe, expect, it } from 'vitest'
import type { Requirement } from '../../../src/core/policy/model/requirement.ts'
import {
  type Asked,
  approved,
  changesRequested,
  done,
  given,
  leads,
  office,
  people,
  rejected,
  rollout,
  submitted,
} from './given.ts'

const approve = (by: string) => ({ type: 'approve', by }) as const
const reject = (by: string, reason = 'no') => ({ type: 'reject', by, reason }) as const
const demand = (by: string, reason = 'smaller') => ({ type: 'request_changes', by, reason }) as const

/** The office, with some users as they are from now on. */
const with_ = (changed: Parameters<typeof people>[0]) => new Map([...office, ...people(changed)])
const without = (...ids: readonly string[]) => new Map([...office].filter(([id]) => !ids.includes(id)))

describe('an approval', () => {
  it('applies the change where it is the last one that is needed', () => {
    const line = given(submitted({ require: leads(2) }), approved('ben'))
    expect(line.request.status).toBe('pending')
    expect(line.when(approve('cat')).yields('approved', 'applied').revisions).toMatchObject([
      { type: 'flag', id: 'checkout', number: 2 },
    ])
  })

  it('records who, when, in which round, for which digest, and with which roles', () => {
    const line = given(submitted({ require: leads(2) }))
    const { reviews } = line.when({ ...approve('cat'), reason: 'fine' }).yields('approved', 'pending')
    const { digest, round } = line.request
    expect(reviews).toMatchObject([
      { by: 'cat', verdict: 'approve', digest, round, roles: ['lead', 'legal'], reason: 'fine' },
    ])
  })

  it('[C6] is refused to the requester, on every account, and to whoever is not asked', () => {
    const line = given(submitted())
    line.when(approve('ann')).refuses('self_approval', { actor: 'ann' })
    line.when(approve('amy')).refuses('self_approval', { actor: 'amy' })
    line.when(approve('eve')).refuses('not_an_approver', { actor: 'eve', roles: [] })
    line.when(approve('root')).refuses('not_an_approver', { roles: ['admin'] })
    line.when(approve('zoe')).refuses('unknown_actor', { actor: 'zoe' })
  })

  it('[C6] [D4] is refused to the other accounts of a requester, or of a contributor, who is gone', () => {
    given(submitted())
      .when(approve('amy'), { users: without('ann') })
      .refuses('self_approval')
    const line = given(submitted({ by: 'dan' }), done({ type: 'edit', by: 'ann' }))
    line.when(approve('amy'), { users: without('ann') }).refuses('contributor')
  })

  it('[C7] is refused to a requester who holds every role there is', () => {
    given(submitted())
      .when(approve('ann'), { users: with_({ ann: { roles: ['lead', 'admin', 'owner'] } }) })
      .refuses('self_approval')
  })

  it('is the requester’s where self-approval is on, and only as somebody who is asked', () => {
    const rules = { selfApproval: true } as const
    given(submitted({ rules })).when(approve('ann')).refuses('not_an_approver')
    given(submitted({ rules })).when(approve('amy')).yields('approved', 'applied')
    given(submitted({ rules, by: 'ben' }))
      .when(approve('ben'))
      .yields('approved', 'applied')
  })

  it('[A6] is refused without, or with another, digest', () => {
    const line = given(submitted())
    const { digest } = line.request
    for (const seen of ['', `${digest}0`, digest.toUpperCase()]) {
      line.when({ ...approve('ben'), seen }).refuses('digest_mismatch', { seen })
      line.when({ ...reject('ben'), seen }).refuses('digest_mismatch')
      line.when({ ...demand('ben'), seen }).refuses('digest_mismatch')
    }
  })

  it('counts a person once, whatever their accounts', () => {
    const users = with_({ ben2: { person: 'ben', roles: ['lead'] } })
    const line = given(submitted({ require: leads(2) }), approved('ben'))
    line.when(approve('ben')).refuses('already_reviewed', { actor: 'ben', verdict: 'approve' })
    line.when(approve('ben2'), { users }).refuses('already_reviewed', { actor: 'ben2', verdict: 'approve' })
    line.when(approve('cat'), { users }).yields('approved', 'applied')
  })

  it('[C4] stops counting when two who approved turn out to be one person', () => {
    const line = given(submitted({ require: leads(3) }), approved('ben'), approved('cat'))
    line.when(approve('dan')).yields('approved', 'applied')
    const linked = { users: with_({ cat: { person: 'ben', roles: ['lead'] } }) }
    line.when(approve('dan'), linked).yields('approved', 'pending')
  })

  it('[D1] is refused to somebody who has just lost the role', () => {
    given(submitted())
      .when(approve('ben'), { users: with_({ ben: { roles: [] } }) })
      .refuses('not_an_approver', { roles: [] })
  })

  it('[D2] [D4] does not count once its giver has lost the role, or is gone', () => {
    const line = given(submitted({ require: leads(2) }), approved('ben'))
    line.when(approve('cat'), { users: with_({ ben: { roles: [] } }) }).yields('approved', 'pending')
    const after = line.when(approve('cat'), { users: without('ben') }).yields('approved', 'pending')
    expect(after.reviews.map(({ by }) => by)).toEqual(['ben', 'cat'])
  })

  it('[E3] is never enough where nobody can be enough', () => {
    const nobody: readonly Requirement[] = [
      leads(4),
      { quorum: 1, from: {} },
      { quorum: 1, from: { roles: [], users: [] } },
      { quorum: 0, from: { roles: ['lead'] } },
      { quorum: 1.5, from: { roles: ['lead'] } },
      { all: [] },
      { any: [] },
      { stages: [] },
      { atLeast: 0, of: [leads(1)] },
      { all: [leads(1), { any: [] }] },
    ]
    for (const require of nobody) {
      const both = { any: [require, leads(4)] }
      const line = given(submitted({ require: both }), approved('ben'), approved('cat'), approved('dan'))
      expect(line.request.status).toBe('pending')
    }
  })

  it('[BY-04] counts for the stages that were open when it was given', () => {
    const stages: Requirement = {
      stages: [
        { quorum: 1, from: { roles: ['legal'] } },
        { quorum: 1, from: { users: ['ben'] } },
      ],
    }
    const early = given(submitted({ require: stages }), approved('ben'))
    early.when(approve('cat')).yields('approved', 'pending')
    given(submitted({ require: stages }), approved('cat'))
      .when(approve('ben'))
      .yields('approved', 'applied')
  })

  it('[E8] is judged by what the policies ask now', () => {
    const line = given(submitted())
    line.when(approve('ben'), { now: { require: leads(2) } }).yields('approved', 'pending')
    line.when(approve('ben'), { now: { require: { quorum: 1, from: { users: ['dan'] } } } }).refuses('not_an_approver')
    const rules = { selfApproval: true, apply: 'by_hand' } as const
    line.when(approve('ben'), { now: { rules } }).yields('approved', 'approved')
  })

  it('[E5] needs every one of several policies', () => {
    const requirements = [
      { policy: 'a', version: 1, require: leads(1) },
      { policy: 'b', version: 1, require: { quorum: 1, from: { roles: ['legal'] } } },
    ]
    given(submitted({ requirements })).when(approve('ben')).yields('approved', 'pending')
    given(submitted({ requirements })).when(approve('cat')).yields('approved', 'applied')
  })

  it('[B4] is refused while conflicts are open', () => {
    const rebase = { from: 1, draft: {}, resolutions: [], open: 2 }
    const changes = [rollout(80, { base: 2, rebase })]
    const line = given(submitted(), done({ type: 'rebase' }, { next: { changes } }))
    line.when(approve('ben')).refuses('conflicts_open', { conflicts: 2 })
    line.when(reject('ben')).yields('rejected', 'rejected')
    const requirements = [{ policy: 'a', version: 1, require: { quorum: 2, from: { roles: ['lead'] } } }]
    const first = given(submitted({ requirements }), done({ type: 'rebase' }, { next: { changes } }))
    first.when(approve('ben')).refuses('conflicts_open', { conflicts: 2 })
  })

  it('stops at approved while another request holds the lock; the last one is not decided without what is live', () => {
    given(submitted()).when(approve('ben'), { target: 'unread' }).needs('target')
    given(submitted())
      .when(approve('ben'), { target: { lockedBy: 'r2' } })
      .yields('approved', 'approved')
  })
})

describe('contributors', () => {
  const edited = (by: string) => done({ type: 'edit', by })
  const rules = (excludeContributors: 'all' | 'last_editor' | 'none'): Asked => ({ rules: { excludeContributors } })

  it('[C8] cannot approve what they had a hand in, on no account of theirs', () => {
    const line = given(submitted(), edited('ben'), edited('cat'))
    expect(line.request.contributors).toEqual(['ben', 'cat'])
    line.when(approve('ben')).refuses('contributor', { actor: 'ben' })
    line.when(approve('cat')).refuses('contributor')
    const users = with_({ ben2: { person: 'ben', roles: ['lead'] } })
    line.when(approve('ben2'), { users }).refuses('contributor')
    line.when(approve('dan')).yields('approved', 'applied')
  })

  it('[C8] are the last editor alone, or nobody, where a policy says so', () => {
    const last = given(submitted(rules('last_editor')), edited('ben'), edited('cat'))
    last.when(approve('cat')).refuses('contributor')
    last.when(approve('ben')).yields('approved', 'applied')
    const again = given(submitted(rules('last_editor')), edited('ben'), edited('cat'), edited('ben'))
    again.when(approve('ben')).refuses('contributor')
    given(submitted(rules('last_editor')), edited('ben'), edited('ann'))
      .when(approve('ben'))
      .yields('approved', 'applied')
    given(submitted(rules('none')), edited('ben'))
      .when(approve('ben'))
      .yields('approved', 'applied')
  })

  it('[C8] keep being contributors in the rounds that follow', () => {
    const line = given(submitted(), edited('ben'), changesRequested('cat'), done({ type: 'resubmit' }))
    line.when(approve('ben')).refuses('contributor')
    const reopened = given(submitted(), edited('ben'), rejected('cat'), done({ type: 'reopen' }))
    reopened.when(approve('ben')).refuses('contributor')
    const recalled = given(submitted(), edited('ben'), done({ type: 'recall' }), done({ type: 'submit' }))
    recalled.when(approve('ben')).refuses('contributor')
  })

  it('[C8] lose the answer that they gave before they edited', () => {
    const line = given(submitted({ require: leads(2) }), approved('ben'), edited('ben'))
    expect(line.request.reviews).toEqual([])
    line.when(approve('ben')).refuses('contributor')
  })

  it('[C3] stop counting when somebody turns out to be one of them', () => {
    const line = given(submitted({ require: leads(2) }), edited('eve'), approved('ben'))
    line
      .when(approve('cat'), { users: with_({ ben: { person: 'eve', roles: ['lead'] } }) })
      .yields('approved', 'pending')
  })

  it('[C3] are kept out under every account that they turn out to have, and had when they acted', () => {
    const line = given(submitted(), edited('ben'))
    line.when(approve('cat'), { users: with_({ ben: { person: 'cat', roles: ['lead'] } }) }).refuses('contributor')
    const twins = with_({ ben: { person: 'twin', roles: ['lead'] }, cat: { person: 'twin', roles: ['lead'] } })
    const byTwin = given(submitted(), done({ type: 'edit', by: 'ben' }, { users: twins }))
    const since = with_({ ben: { roles: [] }, cat: { person: 'twin', roles: ['lead'] } })
    byTwin.when(approve('cat'), { users: since }).refuses('contributor')
  })

  it('[C3] are remembered once for every person that they were, and once as contributors', () => {
    const twin = with_({ eve: { person: 'twin', roles: [] } })
    const asTwin = done({ type: 'edit', by: 'eve' }, { users: twin })
    const asBen = done({ type: 'edit', by: 'eve' }, { users: with_({ eve: { person: 'ben', roles: [] } }) })
    const line = given(submitted(), edited('eve'), edited('ben'), edited('eve'), asTwin, asTwin, asBen)
    expect(line.request.contributors).toEqual(['ben', 'eve'])
    expect(line.request.persons.map(({ user, person }) => `${user}: ${person}`)).toEqual([
      'ann: ann',
      'eve: eve',
      'ben: ben',
      'eve: twin',
      'eve: ben',
    ])
  })

  it('may reject and ask for changes', () => {
    const line = given(submitted(), edited('ben'))
    line.when(reject('ben')).yields('rejected', 'rejected')
    line.when(demand('ben')).yields('changes_requested', 'changes_requested')
  })

  it('are those who resolve conflicts too, and not those who rebase or schedule', () => {
    const line = given(submitted(), done({ type: 'rebase', by: 'ben' }), done({ type: 'resolve', by: 'cat' }))
    expect(line.request.contributors).toEqual(['cat'])
    line.when(approve('cat')).refuses('contributor')
    line.when(approve('ben')).yields('approved', 'applied')
  })
})
