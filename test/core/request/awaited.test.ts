import { expect, it } from 'vitest'
import { awaitedFrom, hasAnswered, listedFor } from '../../../src/core/request/decide/awaited-approvers.ts'
import { statuses } from '../../../src/core/request/model/status-table.ts'
import { approved, given, office, submitted } from './given.ts'

const tree = {
  stages: [
    { quorum: 1, from: { roles: ['lead'], users: ['eve'] } },
    {
      any: [
        { quorum: 1, from: { roles: ['lead', 'legal'] } },
        { quorum: 1, from: { users: ['user:eve'] } },
      ],
    },
  ],
}

it('a request waits for everybody whom its requirements name, each once, and for nobody who only holds a veto', () => {
  const { request } = given(submitted({ require: tree }))
  const requirements = request.requirements.map((one) => ({ ...one, veto: { roles: ['security'] } }))
  const names = ['user:eve', 'role:lead', 'role:legal', 'user:user:eve']
  expect(awaitedFrom({ ...request, requirements })).toEqual(names)
})

it('a request waits for those whom it has escalated to, once that has happened', () => {
  const { request } = given(submitted({ require: { quorum: 1, from: { roles: ['lead'] } } }))
  const escalate = { after: '1d', to: { users: ['eve'] } } as const
  const requirements = request.requirements.map((one) => ({ ...one, escalate }))
  expect(awaitedFrom({ ...request, requirements })).toEqual(['role:lead'])
  const escalated = requirements.map(({ policy, version }) => ({ policy, version }))
  expect(awaitedFrom({ ...request, requirements, escalated })).toEqual(['user:eve', 'role:lead'])
})

it('[ST-06] a request waits for nobody in a state in which it cannot be approved, and also while it is approved', () => {
  const { request } = given(submitted({ require: tree }))
  const waits = statuses.filter((status) => awaitedFrom({ ...request, status }).length > 0)
  expect(waits).toEqual(['pending', 'changes_requested', 'approved'])
})

it('[FA-11] a request is listed besides for whoever else has a say in it, as long as that matters', () => {
  const { request } = given(submitted({ require: { quorum: 1, from: { roles: ['lead'] } } }))
  const powers = {
    veto: { roles: ['security', 'lead'] },
    escalate: { after: '1d', to: { users: ['eve'] } },
  } as const
  const says = {
    ...request,
    requirements: request.requirements.map((one) => ({ ...one, ...powers })),
    rules: { ...request.rules, bypass: ['boss'], breakGlass: ['sre'] },
  }
  const others = ['say:role:security', 'say:user:eve', 'say:role:boss', 'say:role:sre']
  expect(listedFor(says)).toEqual(['role:lead', ...others])
  expect(listedFor({ ...says, status: 'approved' })).toEqual(['role:lead', ...others])
  expect(listedFor({ ...says, status: 'draft' })).toEqual(['draft:ann'])
  expect(listedFor({ ...says, status: 'applied' })).toEqual([])
  const followUp = { by: 'sue', person: 'sue', incident: 'INC-1', policies: ['p'], at: 1, dueAt: 2, reviews: [] }
  expect(listedFor({ ...says, status: 'applied', followUp })).toContain('say:role:lead')
  expect(listedFor({ ...says, status: 'applied', followUp: { ...followUp, doneAt: 3 } })).toEqual([])
})

it('whoever has answered has done so with all of their accounts, and for whom they answered', () => {
  const { request } = given(submitted({ require: { quorum: 2, from: { roles: ['lead'] } } }), approved('ben'))
  const [review] = request.reviews
  if (!review) throw new TypeError('Ben has not answered.')
  expect(hasAnswered('ben', request, office)).toBe(true)
  expect(hasAnswered('cat', request, office)).toBe(false)
  const forCat = { reviews: [{ ...review, onBehalfOf: 'cat' }] }
  expect(['ben', 'cat', 'dan'].filter((user) => hasAnswered(user, forCat, office))).toEqual(['ben', 'cat'])
  const known = new Map([...office, ['ben2', { id: 'ben2', person: 'ben', roles: ['lead'] }]])
  expect(hasAnswered('ben2', request, known)).toBe(true)
})
