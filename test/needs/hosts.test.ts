import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { isApprovalError } from '../../src/index.ts'
import { editNow } from '../edit-now.ts'
import { runs } from '../runs.ts'
import { honest, hosts, hour, settled, start } from './hosts.ts'
import { besides, type Evidence, everyChange, flawsIn, flawsOfWrite } from './hosts-oracle.ts'
import { type Given, type HostWorld, hostWorld, kinds, type Written } from './hosts-world.ts'

const amount = fc.integer({ min: 1, max: 20 })
const step = fc.record({
  verb: fc.constantFrom(
    ...(['submit', 'submit', 'edit', 'bypass', 'reject', 'stand in', 'stand in', 'tick', 'tick', 'pass'] as const),
    ...(['approve', 'approve', 'approve', 'approve', 'approve', 'approve', 'approve', 'approve'] as const),
    ...(['withdraw', 'reopen', 'cancel', 'give', 'retry', 'get', 'abandon', 'end', 'list'] as const),
  ),
  by: fc.constantFrom('ben', 'bob', 'cat', 'cat', 'dan', 'dan', 'ann', 'eve', 'oz'),
  amount,
  which: fc.nat(1),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const cases = fc.record({
  host: hosts,
  says: fc.constantFrom(...(['risky', 'owner', 'raise'] as const)),
  kind: fc.constantFrom(...kinds),
  amount,
  steps: fc.array(step, { minLength: 2, maxLength: 6 }),
})
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never

describe('whatever a host answers', () => {
  beforeAll(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterAll(() => void vi.useRealTimers())

  it('[FA-15] nothing ungated is applied, nothing hangs, and nothing but a refusal is thrown', async () => {
    const parts = 4
    for (let part = 0; part < parts; part++) {
      await fc.assert(fc.asyncProperty(cases, lived), { numRuns: runs(2_000) / parts })
    }
  }, 600_000)
})

/** Lives through a case, which begins with a request that waits, and checks what became of it. */
async function lived({ host, says, kind, amount, steps }: Case): Promise<void> {
  vi.clearAllTimers()
  const given: Given[] = [{ from: 'cat', to: 'eve', ends: start + hour }]
  const flaws: string[] = []
  const onOutside = async (written: Written) => void flaws.push(...(await flawsOfWrite(evidence, written)))
  const world = await hostWorld(host, { before: await begun(says), onOutside })
  const evidence: Evidence = { storage: world.storage, besides: besides[says], given }
  await done(world.as('ann').submit(world.types[kind].ref('x'), { value: { amount } }))
  for (const one of steps) {
    world.behaves(false)
    const outcome = await settled(act(world, kind, one))
    world.behaves(true)
    if (!outcome) throw new Error(`${one.verb} hangs`)
    if (outcome.status === 'rejected' && !isApprovalError(outcome.reason)) throw outcome.reason
    if (outcome.status === 'fulfilled' && one.verb === 'give')
      given.push({ from: 'cat', to: one.by, ends: start + hour })
  }
  await world.watched()
  expect([...flaws, ...(await flawsIn(evidence, world.kept))]).toEqual([])
  expect((await done(world.as('ann').audit.verify())).problems).toEqual([])
}

async function act(world: HostWorld, kind: Case['kind'], { verb, by, amount, which }: Step): Promise<unknown> {
  const actor = world.as(by)
  const ref = world.types[kind].ref('x')
  const { id, digest: seen } = await pick(world, which)
  switch (verb) {
    case 'submit':
      return await actor.submit(ref, { value: { amount } })
    case 'approve':
      return await actor.requests.approve(id, { digest: seen })
    case 'stand in':
      return await world.as(which === 0 ? 'eve' : by).requests.approve(id, { digest: seen, onBehalfOf: 'cat' })
    case 'edit':
      return await editNow(actor, id, ref, { value: { amount } })
    case 'bypass':
      return await actor.requests.bypass(id, { digest: seen, reason: 'late' })
    case 'reject':
      return await actor.requests.reject(id, { digest: seen, reason: 'no' })
    case 'give':
      return await world.as('cat').delegations.save({ to: by, ends: start + hour })
    case 'pass':
      return world.pass(amount * 5 * 60_000)
    case 'tick':
      return await world.approvals.tick()
    case 'end':
      return await world.as('cat').delegations.remove('eve')
    case 'list':
      return await actor.requests.inbox()
    case 'get':
      return await actor.requests.get(id)
    case 'abandon':
      return await actor.requests.abandon(id, { reason: 'over' })
    case 'reopen':
      return await actor.requests.submit(id)
    case 'retry':
      return await actor.requests.apply(id)
    case 'withdraw':
    case 'cancel':
      return await actor.requests[verb](id)
  }
}

const beginnings = new Map<Case['says'], HostWorld['commits']>()

/** The commits of a tenant with its policies and a delegation, which are the same in every case. */
async function begun(says: Case['says']): Promise<HostWorld['commits']> {
  const known = beginnings.get(says)
  if (known) return known
  const { as, commits } = await hostWorld(honest, { onOutside: async () => {} })
  await done(as('oz').policies.save(everyChange))
  await done(as('oz').policies.save(besides[says].policy))
  await done(as('cat').delegations.save({ to: 'eve', ends: start + hour }))
  beginnings.set(says, commits)
  return commits
}

/** One of the requests that there are. */
async function pick({ storage }: HostWorld, which: number): Promise<{ readonly id: string; readonly digest: string }> {
  const query = { collection: 'requests', index: 'key', where: ['t'], order: 'ascending', limit: 10 } as const
  const { records } = await storage.list(query)
  const { id = 'none', digest = 'none' } = records[which % Math.max(records.length, 1)]?.value ?? {}
  return { id: String(id), digest: String(digest) }
}

async function done<T>(call: Promise<T>): Promise<T> {
  const outcome = await settled(call)
  if (outcome?.status === 'fulfilled') return outcome.value
  throw outcome ? outcome.reason : new Error('an honest host hangs')
}
