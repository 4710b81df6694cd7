import fc from 'fast-check'
import { expect, it } from 'vitest'
import { standing } from '../../src/core/review/standing.ts'
import { type ChangeRequest, isApprovalError, type PolicyInput, type Requirement } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { runs } from '../runs.ts'
import { day, flags, refusal, rollout, type World, world } from '../world.ts'

const people = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay']
const roles = ['lead', 'security']
const oneOf = <const T extends readonly unknown[]>(...values: T): fc.Arbitrary<T[number]> => fc.constantFrom(...values)
const person = oneOf(...people)
const value = fc.integer({ min: 1, max: 39 })

const need = fc.record({
  quorum: fc.integer({ min: 1, max: 2 }),
  from: oneOf({ roles: ['lead'] }, { roles: ['security'] }, { roles }, { users: ['ben', 'dan', 'eve', 'fay'] }),
})
/** Trees without a choice: of those there is one way on which an approval counts, or does not. */
const tree: fc.Arbitrary<Requirement> = fc.oneof(
  { weight: 2, arbitrary: need },
  { weight: 1, arbitrary: fc.record({ all: fc.tuple(need, need) }) },
  { weight: 1, arbitrary: fc.record({ stages: fc.tuple(need, need) }) },
)
const policy: fc.Arbitrary<PolicyInput> = fc.record({
  id: fc.constant('reviewed'),
  match: fc.constant({}),
  require: tree,
  escalate: fc.constant({ after: '1d' as const, to: { users: ['ann'] } }),
  rules: fc.record({
    selfApproval: fc.boolean(),
    onReject: oneOf('block', 'close'),
    excludeContributors: oneOf('all', 'last_editor', 'none'),
    onEdit: oneOf('reset', 'keep'),
    cancel: fc.constant('any_time' as const),
    policyDrift: oneOf('strictest', 'pinned'),
  }),
})

/** What happens, by whom, and to which of the requests. */
const happening = fc.record({
  verb: oneOf(
    ...([
      'submit',
      'submit',
      'approve',
      'approve',
      'approve',
      'approve',
      'answer',
      'reject',
      'requestChanges',
    ] as const),
    ...(['withdraw', 'edit', 'cancel', 'reopen', 'resubmit', 'delegate', 'end', 'role', 'link', 'leave'] as const),
    ...(['pass', 'tick', 'hold'] as const),
  ),
  by: person,
  whom: person,
  at: fc.nat({ max: 2 }),
  value,
})
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

/** The world as the directory and the delegations have it. */
interface Around {
  readonly w: World
  readonly made: string[]
  readonly roles: Map<string, readonly string[]>
  readonly persons: Map<string, string>
  readonly gone: Set<string>
}

async function happen({ w, made, roles: held, persons, gone }: Around, one: Happening): Promise<void> {
  const { verb, by, whom, at, value } = one
  const acting = w.as(by)
  const id = made[at % Math.max(1, made.length)] ?? 'none'
  const seen = async () => ({ digest: (await acting.requests.get(id)).digest, reason: 'so' })
  switch (verb) {
    case 'submit': {
      const outcome = await acting.submit(flags.ref('checkout'), rollout(value))
      if (outcome.status === 'pending') made.push(outcome.request.id)
      return
    }
    case 'approve':
    case 'reject':
    case 'requestChanges':
      await acting.requests[verb](id, await seen())
      return
    case 'answer':
      await acting.requests.approve(id, { ...(await seen()), onBehalfOf: whom })
      return
    case 'withdraw':
    case 'cancel':
      await acting.requests[verb](id)
      return
    case 'reopen':
    case 'resubmit':
      await acting.requests.submit(id)
      return
    case 'edit':
      await acting.requests.edit(id, flags.ref('checkout'), rollout(value))
      return
    case 'delegate':
      await acting.delegations.save({ to: whom, ends: w.now() + day })
      return
    case 'end':
      await acting.delegations.remove(whom)
      return
    case 'role': {
      const now = value % 3 === 0 ? [] : value % 3 === 1 ? ['lead'] : ['security', 'lead']
      held.set(by, now)
      w.roles(by, now)
      return
    }
    case 'link':
      persons.set(by, whom)
      w.person(by, whom)
      return
    case 'leave':
      gone.add('cat')
      w.leave('cat')
      return
    case 'pass':
      w.pass(day / 2)
      return
    case 'tick':
      await w.approvals.tick()
      return
    case 'hold': {
      const { workflow } = w.as('ann')
      await ((await workflow.isEnabled()) ? workflow.disable({ waiting: 'hold' }) : workflow.enable())
    }
  }
}

/** What waits for somebody, said the long way: every request is read, and asked what its reader can do. */
async function expected(around: Around, user: string): Promise<readonly string[]> {
  const { w, made } = around
  const found: ChangeRequest[] = []
  for (const id of made) {
    const request = await w.as(user).requests.get(id)
    const { approve } = request.can
    // What is stale waits all the same: it can be rejected, and nobody is told anything else about it.
    const may = approve === true || approve.code === 'stale'
    if (may && !answered(around, request, user) && counts(around, request, user)) {
      found.push(request)
    }
  }
  return found.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)).map(({ id }) => id)
}

const personOf = ({ persons }: Around, user: string) => persons.get(user) ?? user

function answered(around: Around, { reviews }: ChangeRequest, user: string): boolean {
  const { gone } = around
  return reviews.some(({ by, onBehalfOf = by }) =>
    [by, onBehalfOf].some(
      (other) => other === user || (!gone.has(other) && personOf(around, other) === personOf(around, user)),
    ),
  )
}

/** Whether fewer people are missing once the user has approved, or none is missing anyway. */
function counts(around: Around, request: ChangeRequest, user: string): boolean {
  const { roles: held, gone } = around
  const known = people.filter((id) => !gone.has(id))
  const users = new Map(
    known.map((id) => [id, { id, person: personOf(around, id), roles: held.get(id) ?? [] }] as const),
  )
  const { requirements, escalated = [] } = request
  const asked = requirements.map((one) => (escalated.length === 0 ? one : { ...one, require: withAnn(one.require) }))
  const missing = (reviews: ChangeRequest['reviews']) =>
    standing({ ...request, requirements: asked, reviews, at: 0 }, users).policies.flatMap(({ missing }) =>
      missing.flatMap((one) => Array.from({ length: one.missing }, () => one.need)),
    ).length
  const { digest, round, reviews } = request
  const { person, roles: own } = users.get(user) ?? { person: user, roles: [] }
  const review = { by: user, person, verdict: 'approve', digest, round, at: 0, roles: own } as const
  return missing(reviews) === 0 || missing([...reviews, review]) < missing(reviews)
}

function withAnn(require: Requirement): Requirement {
  if ('all' in require) return { all: require.all.map(withAnn) }
  if ('stages' in require) return { stages: require.stages.map(withAnn) }
  if (!('quorum' in require)) throw new TypeError('There is no choice in these trees.')
  const { users = [], ...rest } = require.from
  return { ...require, from: { ...rest, users: [...new Set([...users, 'ann'])] } }
}

it('what waits for somebody is what they can approve, have not answered, and would count for, after whatever happened', {
  timeout: 120_000,
}, async () => {
  let met = 0
  await fc.assert(
    fc.asyncProperty(policy, fc.array(happening, { minLength: 3, maxLength: 14 }), async (policy, log) => {
      const held = { ann: ['lead'], ben: ['lead'], cat: roles, dan: ['security'], eve: ['security'], fay: roles }
      const w = world(memoryStorage(), held)
      const around = { w, made: [], roles: new Map(Object.entries(held)), persons: new Map(), gone: new Set<string>() }
      await w.flag('checkout')
      await w.as('ann').policies.save(policy)
      const first: Happening = { verb: 'submit', by: 'ann', whom: 'ann', at: 0, value: 20 }
      for (const one of [first, ...log]) {
        await happen(around, one).catch((error) => {
          if (!isApprovalError(error)) throw error
        })
      }
      for (const user of people) {
        if (around.gone.has(user)) {
          expect(await refusal(w.as(user).requests.inbox())).toBe('unknown_actor')
          continue
        }
        const { requests } = await w.as(user).requests.inbox()
        const own = requests.flatMap(({ id, onBehalfOf }) => (onBehalfOf === undefined ? [id] : []))
        expect(own, `for ${user}`).toEqual(await expected(around, user))
        met += own.length
        for (const { id, digest, onBehalfOf } of requests) {
          if (onBehalfOf === undefined) continue
          const { approval } = await w.as(user).requests.get(id)
          expect(approval?.standIns).toContainEqual({ user, onBehalfOf })
          expect(digest).toMatch(/^sha256:/)
        }
      }
      expect((await w.as('ann').audit.verify()).problems).toEqual([])
    }),
    { numRuns: runs(150) },
  )
  expect(met).toBeGreaterThan(20)
})
