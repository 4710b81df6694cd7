import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { isApprovalError } from '../../src/index.ts'
import { runs } from '../runs.ts'
import { hosts, hour, people, settled, start } from './hosts.ts'
import { besides, type Evidence, everyChange, flawsIn, flawsOfWrite } from './hosts-oracle.ts'
import { type Given, type HostWorld, hostWorld, kinds } from './hosts-world.ts'

const step = fc.record({
  verb: fc.constantFrom(
    ...(['submit', 'submit', 'approve', 'approve', 'approve', 'stand in', 'edit', 'bypass', 'reject'] as const),
    ...(['withdraw', 'reopen', 'cancel', 'give', 'pass', 'tick', 'retry', 'get', 'abandon'] as const),
  ),
  by: fc.constantFrom(...Object.keys(people)),
  kind: fc.constantFrom(...kinds),
  amount: fc.integer({ min: 1, max: 20 }),
  which: fc.nat(2),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const cases = fc.record({
  host: hosts,
  says: fc.constantFrom(...(['risky', 'owner', 'raise'] as const)),
  steps: fc.array(step, { minLength: 2, maxLength: 8 }),
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

/** Lives through a case, and checks what became of it. */
async function lived({ host, says, steps }: Case): Promise<void> {
  vi.clearAllTimers()
  const given: Given[] = []
  const flaws: string[] = []
  const world = hostWorld(host, async (written) => void flaws.push(...(await flawsOfWrite(evidence, written))))
  const evidence: Evidence = { storage: world.storage, besides: besides[says], given }
  await done(world.as('oz').policies.save(everyChange))
  await done(world.as('oz').policies.save(besides[says].policy))
  for (const one of steps) {
    world.behaves(false)
    const outcome = await settled(act(world, one))
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

async function act(world: HostWorld, { verb, by, kind, amount, which }: Step): Promise<unknown> {
  const actor = world.as(by)
  const ref = world.types[kind].ref('x')
  const { id, digest: seen } = await pick(world, which)
  switch (verb) {
    case 'submit':
      return await actor.submit(ref, { value: { amount } })
    case 'approve':
      return await actor.approve(id, { seen })
    case 'stand in':
      return await actor.approve(id, { seen, onBehalfOf: 'cat' })
    case 'edit':
      return await actor.edit(id, ref, { value: { amount } })
    case 'bypass':
      return await actor.bypass(id, { seen, reason: 'late' })
    case 'reject':
      return await actor.reject(id, { seen, reason: 'no' })
    case 'give':
      return await world.as('cat').delegations.give({ to: by, ends: start + hour })
    case 'pass':
      return world.pass(amount * 5 * 60_000)
    case 'tick':
      return await world.approvals.tick()
    case 'get':
      return await actor.requests.get(id)
    case 'abandon':
      return await actor.abandon(id, { reason: 'over' })
    case 'withdraw':
    case 'reopen':
    case 'cancel':
    case 'retry':
      return await actor[verb](id)
  }
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
