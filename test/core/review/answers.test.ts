import { describe, expect, it } from 'vitest'
import type { Approvers } from '../../../src/core/policy/model/requirement.ts'
import { covers, type Delegation } from '../../../src/core/review/delegation.ts'
import { eligibility } from '../../../src/core/review/eligibility.ts'
import { giverOf, voteOf } from '../../../src/core/review/giver.ts'
import { couldBeApproved, standing, whoCould } from '../../../src/core/review/standing.ts'
import type { Verdict } from '../../../src/core/review/under-review.ts'
import { isAmong, isKnown, type KnownUser, votersOf } from '../../../src/core/review/voter.ts'
import {
  approved,
  day,
  done,
  given,
  leads,
  office,
  people,
  rejected,
  type Step,
  start,
  submitted,
} from '../request/given.ts'

const known = (id: string): KnownUser => {
  const user = office.get(id)
  if (!user) throw new TypeError(`Nobody knows ${id}.`)
  return user
}
const [ann, amy, ben, cat, eve] = ['ann', 'amy', 'ben', 'cat', 'eve'].map(known) as [
  KnownUser,
  KnownUser,
  KnownUser,
  KnownUser,
  KnownUser,
]

describe('what a delegation is about', () => {
  const about = (match: Delegation['match'], project: string, ...types: readonly string[]) => {
    const delegation: Delegation = { from: 'ben', to: 'eve', begins: start, ends: start + day, match }
    return covers(delegation, { at: start, project, resources: types.map((type) => ({ type })) })
  }

  it('[BY-14] is the project and the type that it names, and not those whose names it contains', () => {
    expect(about({ project: 'webshop' }, 'web', 'flag')).toBe(false)
    expect(about({ project: 'web' }, 'web', 'flag')).toBe(true)
    expect(about({ project: ['webshop', 'web'] }, 'web', 'flag')).toBe(true)
    expect(about({ project: ['webshop'] }, 'web', 'flag')).toBe(false)
    expect(about({ resource: 'flags' }, 'web', 'flag')).toBe(false)
    expect(about({}, 'web', 'flag')).toBe(true)
  })

  it('[BY-14] is all that the answer is about, or nothing', () => {
    expect(about({ resource: 'flag' }, 'web', 'flag', 'price')).toBe(false)
    expect(about({ resource: ['flag', 'price'] }, 'web', 'flag', 'price')).toBe(true)
  })
})

describe('who may answer', () => {
  const mayApprove = (user: KnownUser, principal = user, request = given(submitted()).request) =>
    eligibility(request, office, 'approve')({ user, principal })

  it('[C6] [C11] is nobody who is behind the request, neither by themselves nor on either side of a delegation', () => {
    expect(mayApprove(ben)).toBe('eligible')
    expect(mayApprove(eve, ben)).toBe('eligible')
    expect(mayApprove(amy)).toBe('requester')
    expect(mayApprove(ann, ben)).toBe('requester')
    expect(mayApprove(ben, amy)).toBe('requester')
    const edited = given(submitted(), done({ type: 'edit', by: 'eve' })).request
    expect(mayApprove(eve, ben, edited)).toBe('contributor')
    expect(mayApprove(ben, eve, edited)).toBe('contributor')
  })

  it.each(['all', 'last_editor'] as const)(
    '[C8] is the requester of what they edited themselves, where they may approve it: contributors excluded %s',
    (excludeContributors) => {
      const rules = { selfApproval: true, excludeContributors } as const
      const edited = done({ type: 'edit', by: 'ben' })
      const { request } = given(submitted({ by: 'ben', rules }), edited)
      expect(mayApprove(ben, ben, request)).toBe('eligible')
      const others = given(submitted({ by: 'ben', rules }), done({ type: 'edit', by: 'cat' })).request
      expect(mayApprove(cat, cat, others)).toBe('contributor')
    },
  )
})

describe('who gave an answer', () => {
  const lets = { delegation: { from: 'ben', to: 'eve', begins: start, ends: start + day, match: {} } }
  const reviewOf = (...steps: readonly Step[]) => {
    const [review] = given(submitted({ require: leads(2) }), ...steps).request.reviews
    if (!review) throw new TypeError('Nobody has answered.')
    return review
  }
  const { rules } = given(submitted()).request
  const own = reviewOf(approved('ben'))
  const delegated = reviewOf(done({ type: 'approve', by: 'eve', onBehalfOf: 'ben' }, lets))
  const nobody = people({})

  it('[D2] is known as the directory knows them now, and not at all once it does not', () => {
    const demoted = people({ ben: { roles: [] }, eve: { roles: [] } })
    expect(giverOf(own, demoted, { ...rules, eligibleAt: 'both' })?.principal.roles).toEqual([])
    expect(giverOf(own, nobody, { ...rules, eligibleAt: 'both' })).toBeUndefined()
    for (const gone of ['ben', 'eve']) {
      const rest = new Map([...office].filter(([id]) => id !== gone))
      expect(giverOf(delegated, rest, { ...rules, eligibleAt: 'both' })).toBeUndefined()
    }
  })

  it('[D2] [D4] is known as they were when they answered, where a policy says so', () => {
    const then = { ...rules, eligibleAt: 'review' } as const
    const lead = { id: 'ben', person: 'ben', roles: ['lead'] }
    expect(giverOf(own, nobody, then)).toEqual({ user: lead, principal: lead })
    expect(giverOf({ ...own, by: 'amy', person: 'ann' }, nobody, then)?.principal.person).toBe('ann')
    const eves = { id: 'eve', person: 'eve', roles: [] }
    expect(giverOf(delegated, nobody, then)).toEqual({ user: eves, principal: lead })
    const linked = people({ ben: { person: 'cat', roles: [] }, eve: { person: 'dan', roles: ['x'] } })
    expect(giverOf(own, linked, then)?.principal).toEqual({ ...lead, person: 'cat' })
    expect(giverOf(delegated, linked, then)?.user).toEqual({ ...eves, person: 'dan', roles: ['x'] })
  })

  it('[C11] is every person behind it, once', () => {
    expect(voteOf({ user: ben, principal: ben })).toEqual({ id: 'ben', persons: ['ben'], roles: ['lead'] })
    expect(voteOf({ user: eve, principal: ben })).toEqual({ id: 'ben', persons: ['eve', 'ben'], roles: ['lead'] })
    expect(voteOf({ user: amy, principal: ann }).persons).toEqual(['ann'])
  })
})

/** Nothing is too old to count. */
const at = 0

describe('what is missing', () => {
  it('[BY-05] is not less for an answer that stands in the way', () => {
    const { request } = given(submitted({ require: leads(2), rules: { onReject: 'block' } }), rejected('ben'))
    expect(standing({ ...request, at }, office).policies[0]?.missing).toMatchObject([{ missing: 2 }])
  })

  it('[BY-05] [BY-08] can be supplied by whoever may approve and has not, and counts with what is there', () => {
    const { request } = given(submitted({ require: leads(2) }), approved('ben'))
    expect(whoCould({ ...request, at }, office, [ann, amy, ben, cat, eve]).map(({ id }) => id)).toEqual(['cat'])
    expect(couldBeApproved({ ...request, at }, office, [cat])).toBe(true)
    expect(couldBeApproved({ ...request, at }, office, [ben])).toBe(false)
    expect(couldBeApproved({ ...request, at }, office, [eve, amy])).toBe(false)
    expect(couldBeApproved({ ...given(submitted({ require: leads(2) })).request, at }, office, [cat])).toBe(false)
  })
})

describe('who somebody is over several projects', () => {
  const of = (id: string, rolesByProject: readonly (readonly string[])[], partly = false): KnownUser => {
    const roles = partly ? [] : ['lead']
    return { id, person: id, roles, rolesByProject, ...(partly ? { partly: true } : {}) }
  }
  const lee = of('lee', [['lead'], ['lead', 'hired']])
  const cam = of('cam', [['lead'], ['lead']])
  const sec = of('sec', [['security']], true)
  const tom = of('tom', [['security', 'trainee'], ['lead']])
  const users = new Map([...office, ...[lee, cam, sec, tom].map((one) => [one.id, one] as const)])
  const veto = { roles: ['security'], except: { roles: ['trainee'] } }
  const asked = (from: Approvers) => ({ ...given(submitted({ require: { quorum: 1, from } })).request, at })
  const may = (
    verdict: Verdict,
    user: KnownUser,
    { principal = user, from = { roles: ['lead'] } as Approvers } = {},
  ) => {
    const request = asked(from)
    const requirements = request.requirements.map((one) => ({ ...one, veto }))
    return eligibility({ ...request, requirements }, users, verdict)({ user, principal })
  }

  it('[WO-06] is excepted who holds an excepted role in one of them, by themselves and as one of two accounts', () => {
    const from = { roles: ['lead'], except: { roles: ['hired'] } }
    expect([may('approve', lee, { from }), may('reject', lee, { from })]).toEqual([
      'not_an_approver',
      'not_an_approver',
    ])
    expect(may('approve', cam, { from })).toBe('eligible')
    expect(may('approve', lee, { from, principal: cam })).toBe('not_an_approver')
    expect(couldBeApproved(asked(from), users, [lee])).toBe(false)
    expect(couldBeApproved(asked(from), users, [cam])).toBe(true)
    const voters = (...all: readonly KnownUser[]) => {
      return votersOf(all.map((user) => voteOf({ user, principal: { ...user, person: 'lee' } })))
    }
    expect(voters(cam).map((voter) => isAmong(voter, from))).toEqual([true])
    for (const pair of [
      [lee, { ...cam, person: 'lee' }],
      [{ ...cam, person: 'lee' }, lee],
    ]) {
      expect(voters(...pair).map((voter) => isAmong(voter, from))).toEqual([false])
    }
  })

  it('[WO-06] [PE-03] vetoes who can in one of them, whatever they are elsewhere, and approves only who is known in all', () => {
    expect([may('reject', sec), may('request_changes', sec), may('approve', sec)]).toEqual([
      ...['eligible', 'eligible', 'not_an_approver'],
    ])
    expect(may('reject', of('una', [['staff']], true))).toBe('not_an_approver')
    expect(may('reject', { ...tom, roles: [] })).toBe('not_an_approver')
    const named = { users: ['sec'] }
    expect(may('approve', sec, { from: named })).toBe('not_an_approver')
    expect(couldBeApproved(asked(named), users, [sec])).toBe(false)
    expect(isKnown(users, 'sec')).toBe(false)
    expect([isKnown(users, 'lee'), isKnown(users, 'zed')]).toEqual([true, false])
  })

  it('[WO-06] [BY-14] stands in for somebody only who is known in all of them', () => {
    expect([may('approve', sec, { principal: cam }), may('reject', sec, { principal: cam })]).toEqual([
      ...['not_an_approver', 'not_an_approver'],
    ])
    expect(may('reject', cam, { principal: sec })).toBe('eligible')
  })
})
