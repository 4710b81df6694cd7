import { describe, expect, it } from 'vitest'
import { day, done, given, glassBroken, hour, leads, moved, office, owed, people, start, submitted } from './given.ts'

const rules = { breakGlass: ['admin'], settleWithin: '1d' } as const
const asked = { require: leads(2), rules }
const breaking = { type: 'break_glass', by: 'root', reason: 'it burns' } as const
const settling = (by: string) => ({ type: 'follow_up', by, reason: 'it was right' }) as const
const settled = (by: string) => done(settling(by))

/** The office, with some users as they are from now on. */
const with_ = (changed: Parameters<typeof people>[0]) => new Map([...office, ...people(changed)])
const without = (gone: string) => new Map([...office].filter(([id]) => id !== gone))

describe('breaking the glass', () => {
  it('[F4] is for whoever holds one of the roles that the policies name, and on record as what it is', () => {
    const either = given(submitted({ ...asked, rules: { ...rules, breakGlass: ['admin', 'on_call'] } }))
    const after = either.when(breaking).yields('glass_broken', 'applied')
    expect(after.followUp).toMatchObject({
      by: 'root',
      person: 'root',
      policies: ['reviewed'],
      dueAt: start + hour + day,
    })
    either.when({ ...breaking, by: 'ben' }).refuses('break_glass_forbidden', { actor: 'ben' })
    given(submitted()).when(breaking).refuses('break_glass_forbidden')
  })

  it('[A1] [F4] is bound to what was seen, and says why', () => {
    const line = given(submitted(asked))
    for (const seen of ['', 'sha256:other']) line.when({ ...breaking, seen }).refuses('digest_mismatch')
    line.when({ type: 'break_glass', by: 'root' }).refuses('reason_required')
    line.when({ ...breaking, reason: '\u200b \t' }).refuses('reason_required')
  })

  it('[F4] passes by nothing but the approvals', () => {
    const line = given(submitted(asked))
    line.when(breaking, { target: { lockedBy: 'r2' } }).refuses('locked')
    line.when(breaking, { target: moved }).refuses('stale')
    line.when(breaking, { target: 'unread' }).needs('target')
  })

  it('[F4] is not decided before it is known which reviews are owed', () => {
    given(submitted(asked)).when(breaking, { followUps: 'unread' }).needs('followUps')
  })

  it('[F4] waits for the reviews that the same person owes, whatever their account was or is', () => {
    const line = given(submitted(asked))
    line.when(breaking, { followUps: [owed] }).refuses('follow_up_pending', { request: 'r0', by: 'root' })
    const byAccount = { ...owed, by: 'rita' }
    line.when(breaking, { followUps: [byAccount] }).refuses('follow_up_pending', { by: 'rita' })
    const users = with_({ rita: { person: 'root', roles: [] } })
    line
      .when(breaking, { followUps: [{ ...byAccount, person: 'rita' }], users })
      .refuses('follow_up_pending', { by: 'rita' })
    const renamed = with_({ root: { person: 'somebody', roles: ['admin'] } })
    line.when(breaking, { followUps: [owed], users: renamed }).refuses('follow_up_pending')
  })

  it('[F4] waits for the reviews that anybody owes to one of its policies, and for no others', () => {
    const line = given(submitted(asked))
    const another = { ...owed, by: 'eve', person: 'eve' }
    line.when(breaking, { followUps: [another] }).yields('glass_broken', 'applied')
    line
      .when(breaking, { followUps: [{ ...another, policies: ['other', 'reviewed'] }] })
      .refuses('follow_up_pending', { policies: ['other', 'reviewed'] })
  })
})

describe('a review that is owed', () => {
  const line = given(submitted(asked), glassBroken)

  it('[F4] takes as many people as the policies had asked for, each of them once', () => {
    const once = given(submitted(asked), glassBroken, settled('ben'))
    expect(once.request.followUp).toMatchObject({ reviews: [{ by: 'ben' }] })
    expect(once.request.followUp?.doneAt).toBeUndefined()
    once.when(settling('ben')).refuses('already_reviewed')
    const users = with_({ cat: { person: 'ben', roles: ['lead'] } })
    once.when(settling('cat'), { users }).refuses('already_reviewed')
    const after = once.when(settling('cat')).yields('follow_up_reviewed', 'applied')
    expect(after.followUp).toMatchObject({ reviews: [{ by: 'ben' }, { by: 'cat' }], doneAt: start + hour })
  })

  it('[F4] is settled once', () => {
    given(submitted(asked), glassBroken, settled('ben'), settled('cat')).when(settling('dan')).refuses('no_follow_up')
  })

  it('[A1] [F4] is bound to what was applied, and says what was found', () => {
    for (const seen of ['', 'sha256:other']) line.when({ ...settling('ben'), seen }).refuses('digest_mismatch')
    line.when({ type: 'follow_up', by: 'ben' }).refuses('reason_required')
    line.when({ ...settling('ben'), reason: ' ' }).refuses('reason_required')
  })

  it('[F4] is not settled by whoever broke the glass, on no account that they have or had', () => {
    const leading = with_({ root: { roles: ['lead', 'admin'] } })
    line.when(settling('root'), { users: leading }).refuses('own_follow_up')
    const gone = new Map([...without('root'), ...people({ rita: { person: 'root', roles: ['lead'] } })])
    line.when(settling('rita'), { users: gone }).refuses('own_follow_up')
    const renamed = with_({ root: { person: 'somebody', roles: [] }, rita: { person: 'root', roles: ['lead'] } })
    line.when(settling('rita'), { users: renamed }).refuses('own_follow_up')
  })

  it('[C3] [F4] is not settled by whoever had a hand in the content, on the account of a person who is gone', () => {
    const users = with_({ eve: { person: 'ben', roles: [] } })
    const edited = given(submitted(asked), done({ type: 'edit', by: 'eve' }, { users }), glassBroken)
    edited.when(settling('ben'), { users: without('eve') }).refuses('contributor')
    edited.when(settling('amy')).refuses('self_approval')
    edited.when(settling('cat'), { users: without('eve') }).yields('follow_up_reviewed', 'applied')
  })
})
