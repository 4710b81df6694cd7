import { describe, expect, it } from 'vitest'
import type { Delegation } from '../../../src/core/review/delegation.ts'
import type { KnownUser } from '../../../src/core/review/voter.ts'
import { approved, day, done, given, leads, type Otherwise, office, people, start, submitted } from './given.ts'

/** Ben has let Eve answer for him, unless said otherwise. */
const lets = (more: Partial<Delegation> = {}): Otherwise => ({
  delegation: { from: 'ben', to: 'eve', begins: start, ends: start + day, match: {}, ...more },
})

const forBen = { type: 'approve', by: 'eve', onBehalfOf: 'ben' } as const
const againstForBen = { ...forBen, type: 'reject', reason: 'no' } as const
const own = { type: 'approve', by: 'ben' } as const
const blocking = { require: leads(2), rules: { onReject: 'block' } } as const
const line = given(submitted({ require: leads(2) }))

describe('an answer for somebody else', () => {
  it('[BY-14] counts as theirs, and names who gave it', () => {
    const { reviews } = line.when(forBen, lets()).yields('approved', 'pending')
    expect(reviews).toMatchObject([{ by: 'eve', onBehalfOf: 'ben', person: 'eve', roles: ['lead'] }])
    given(submitted()).when(forBen, lets()).yields('approved', 'applied')
  })

  it.each<[string, Otherwise]>([
    ['nobody delegated anything', {}],
    ['somebody else delegated theirs', lets({ from: 'cat' })],
    ['it was delegated to somebody else', lets({ to: 'cat' })],
    ['it is about another project', lets({ match: { project: 'mobile' } })],
    ['it is about other resources', lets({ match: { resource: ['price'] } })],
    ['it begins later', lets({ begins: start + 2 * day, ends: start + 3 * day })],
  ])('[C2] [BY-14] is refused where %s', (_, otherwise) => {
    line.when(forBen, otherwise).refuses('not_delegated', { actor: 'eve', onBehalfOf: 'ben' })
  })

  it('[C11] is given from the first moment of a delegation until its end, which is too late', () => {
    const now = start + 5
    const at = { ...forBen, at: now }
    line.when(at, lets({ begins: now })).yields('approved', 'pending')
    line.when(at, lets({ begins: now + 1 })).refuses('not_delegated')
    line.when(at, lets({ ends: now + 1 })).yields('approved', 'pending')
    line.when(at, lets({ ends: now })).refuses('not_delegated')
  })

  it('[BY-18] is neither given by an agent nor for one, nor for somebody who is gone', () => {
    const as = (id: string, more: Partial<KnownUser>) => {
      return { ...lets(), users: new Map([...office, [id, { id, person: id, roles: ['lead'], ...more }]]) }
    }
    line.when(forBen, as('eve', { agent: true })).refuses('not_delegated')
    line.when(forBen, as('ben', { agent: true })).refuses('not_delegated')
    const without = new Map([...office].filter(([id]) => id !== 'ben'))
    line.when(forBen, { ...lets(), users: without }).refuses('not_delegated')
  })

  it('[BY-14] takes the place neither of their own answer nor of the same one', () => {
    const answered = given(submitted(blocking), approved('ben'))
    for (const again of [forBen, againstForBen]) {
      answered.when(again, lets()).refuses('already_reviewed', { actor: 'eve', verdict: 'approve' })
    }
    const delegated = given(submitted(blocking), done(forBen, lets()))
    delegated.when(forBen, lets()).refuses('already_reviewed', { verdict: 'approve' })
    expect(delegated.when(againstForBen, lets()).yields('rejected', 'pending').reviews).toMatchObject([
      { by: 'eve', onBehalfOf: 'ben', verdict: 'reject' },
    ])
  })

  it('[BY-14] gives way to their own, also to the same', () => {
    const delegated = given(submitted(blocking), done(forBen, lets()))
    const { reviews } = delegated.when(own).yields('approved', 'pending')
    expect(reviews).toHaveLength(1)
    expect(reviews[0]?.onBehalfOf).toBeUndefined()
    given(submitted(blocking), approved('ben')).when(own).refuses('already_reviewed', { verdict: 'approve' })
  })

  it('[C4] is the same one for another account of that person', () => {
    const users = new Map([...office, ...people({ ben2: { person: 'ben', roles: ['lead'] } })])
    const answered = given(submitted(blocking), approved('ben'))
    answered.when({ type: 'approve', by: 'ben2' }, { users }).refuses('already_reviewed')
  })

  it('[FA-09] replaces no answer that somebody gave themselves, also where another account of theirs is answered for', () => {
    const users = new Map([...office, ...people({ ben2: { person: 'ben', roles: ['lead'] } })])
    const forBen2 = { type: 'request_changes', by: 'eve', onBehalfOf: 'ben2', reason: 'smaller' } as const
    const objected = given(
      submitted(blocking),
      done(forBen2, { ...lets({ from: 'ben2' }), users }),
      done({ type: 'reject', by: 'ben', reason: 'no' }, { users }),
    )
    for (const again of [forBen, againstForBen]) {
      objected.when(again, { ...lets(), users }).refuses('already_reviewed', { verdict: 'reject' })
    }
  })

  it.each(['review', 'both'] as const)(
    '[C4] counts once with what the same person approves by another account, also once theirs is gone (eligible at %s)',
    (eligibleAt) => {
      const users = new Map([
        ...office,
        ...people({ ben: { person: 'employee-7', roles: ['lead'] }, ben2: { person: 'employee-7', roles: ['lead'] } }),
      ])
      const without = new Map([...users].filter(([id]) => id !== 'ben'))
      const rules = { onReject: 'block', eligibleAt } as const
      const delegated = given(submitted({ require: leads(2), rules }), done(forBen, { ...lets(), users }))
      delegated.when({ type: 'approve', by: 'ben2' }, { users: without }).yields('approved', 'pending')
    },
  )
})

describe('an answer that is taken back', () => {
  it('names the person behind the account, and the roles that it had', () => {
    const amys = given(submitted({ require: leads(2), by: 'eve' }), approved('amy'))
    const { decision } = amys.when({ type: 'withdraw', by: 'amy' })
    expect(decision).toMatchObject({ ok: true, value: { by: 'amy', person: 'ann', roles: ['lead'] } })
  })
})
