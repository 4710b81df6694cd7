import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { number, object } from 'zod'
import { defineResource, type PolicyInput, policyResource, type Storage, workflowResource } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { everything } from '../chaos/desk.ts'
import { type Failure, failingStorage, failures } from '../chaos/failing-storage.ts'
import { switches } from '../lifecycle-world.ts'
import { priceServer, pricesAt } from '../outside-world.ts'
import { day, experiments, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const fire = { reason: 'the checkout is on fire' }
const bypassable = { rules: { bypass: ['security'] } } as const satisfies Partial<PolicyInput>

/** A live flag whose changes a lead approves, and which Dan of the security may change without asking. */
async function gated(storage: Storage, policy: Partial<PolicyInput> = bypassable) {
  const w = world(storage)
  await w.flag('checkout')
  await w.policy(policy)
  const live = async () => (await w.approvals.reader('acme').resources.get(ref))?.document?.rollout
  const problems = async () => (await w.as('ann').audit.verify()).problems
  return { w, live, problems }
}

describe.each(storages)('[WO-13] a change that is bypassed in one call, on $name', ({ open }) => {
  it('[WO-13] is live at once, and on record as a bypass that nobody was asked about', async () => {
    const { w, live, problems } = await gated(open())
    await w.notices()
    const outcome = await w.as('dan').bypass(ref, rollout(80), fire)
    if (outcome.status !== 'applied' || !outcome.request) throw new TypeError(`It is ${outcome.status}.`)
    const { id } = outcome.request
    expect(outcome).toMatchObject({ revision: 2, changes: [{ before: { rollout: 40 }, after: { rollout: 80 } }] })
    expect(outcome.request).toMatchObject({ status: 'applied', requester: 'dan', bypassedBy: 'dan', ...fire })
    expect(await live()).toBe(80)
    expect(await w.as('ben').requests.get(id)).toMatchObject({ status: 'applied', bypassedBy: 'dan', reviews: [] })
    const { events } = await eventsOf(w, id)
    expect(events).toEqual(['submitted', 'bypassed'])
    expect((await w.as('ben').requests.inbox()).requests).toEqual([])
    const [revision] = await w.as('ben').resources.history(ref)
    expect(revision).toMatchObject({ number: 2, author: 'dan', request: id, message: fire.reason })
    const told = (await w.notices()).filter(({ request }) => request === id)
    expect(told.map(({ type, to }) => [type, [...to].toSorted()])).toEqual([['bypassed', ['amy', 'ben', 'cat', 'dan']]])
    expect(pending(await w.as('ann').submit(ref, rollout(81))).status).toBe('pending')
    expect(await problems()).toEqual([])
  })

  it('[WO-13] is refused and leaves nothing where a policy does not let the actor bypass it', async () => {
    const { w, live, problems } = await gated(open())
    const before = await everything(w.storage)
    const refused = w.as('ben').bypass(ref, rollout(80), fire)
    await expect(refused).rejects.toMatchObject({
      code: 'bypass_forbidden',
      message: '"ben" cannot bypass the policies of this change: they let only "security" do so.',
      details: { actor: 'ben', roles: ['security'] },
    })
    const records = (await everything(w.storage)).filter((record) => !before.includes(record))
    expect(records.filter((record) => !/^(streams|events|unsealed) .*refus/s.test(record))).toEqual([])
    await w.policy({ id: 'second', match: { action: 'update' } })
    expect(await refusal(w.as('dan').bypass(ref, rollout(80), fire))).toBe('bypass_forbidden')
    await w.policy({ id: 'second', match: { action: 'update' }, rules: { bypass: ['developer'] } })
    expect(await refusal(w.as('dan').bypass(ref, rollout(80), fire))).toBe('bypass_forbidden')
    expect(await refusal(w.as('ann').bypass(ref, rollout(80), fire))).toBe('bypass_forbidden')
    await w.policy({ id: 'second', match: { action: 'update' }, rules: { bypass: ['developer', 'security'] } })
    expect((await w.as('dan').bypass(ref, rollout(80), fire)).status).toBe('applied')
    expect([await live(), await problems()]).toEqual([80, []])
  })

  it('[WO-13] is a plain write where nothing gates it, and creates and removes like any other', async () => {
    const { w, problems } = await gated(open(), { when: { type: 'any_change', field: '/rollout' }, ...bypassable })
    const plain = await w.as('eve').bypass(ref, { merge: { description: 'new' } }, fire)
    expect(plain).toMatchObject({ status: 'applied', revision: 2 })
    expect(plain).not.toHaveProperty('request')
    expect((await w.as('ann').requests.list()).requests).toEqual([])
    await w.policy(bypassable)
    const made = flags.ref('made', { project: 'web' })
    await w.as('dan').bypass(made, { value: { enabled: true, rollout: 1 } }, fire)
    expect(await w.as('ann').resources.get(made)).toMatchObject({ revision: 1, project: 'web' })
    await w.as('dan').bypass(made, { remove: true }, fire)
    expect(await w.as('ann').resources.get(made)).toBeUndefined()
    const { requests } = await w.as('ann').requests.list({ resource: made })
    expect(requests.map(({ status, bypassedBy }) => [status, bypassedBy])).toEqual([
      ['applied', 'dan'],
      ['applied', 'dan'],
    ])
    expect(await problems()).toEqual([])
  })

  it('[WO-13] is done once under a key, and refused under another change', async () => {
    const { w, live, problems } = await gated(open())
    const change = { merge: { rollout: 80 } }
    const key = { ...fire, idempotencyKey: 'once' }
    const first = await w.as('dan').bypass(ref, change, key)
    expect(await w.as('dan').bypass(ref, change, key)).toEqual(first)
    expect(await refusal(w.as('dan').bypass(ref, { merge: { rollout: 81 } }, key))).toBe('idempotency_mismatch')
    expect(await refusal(w.as('dan').submit(ref, change, key))).toBe('idempotency_mismatch')
    expect([await live(), (await w.as('ann').resources.history(ref)).length]).toEqual([80, 2])
    expect(await problems()).toEqual([])
  })
})

async function eventsOf(w: ReturnType<typeof world>, request: string) {
  const found = await w.as('ann').audit.events({ request })
  return { events: found.map(({ event }) => event['type']) }
}

describe('[WO-13] what a bypass in one call does not pass by', () => {
  it('[WO-13] a reason, what is based on, locks, what the schema refuses, and types without a policy', async () => {
    const { w, live } = await gated(memoryStorage(), { rules: { lock: 'resource', bypass: ['security'] } })
    const dan = w.as('dan')
    expect(await refusal(dan.bypass(ref, rollout(80), { reason: ' ' }))).toBe('reason_required')
    expect(await refusal(dan.bypass(ref, { merge: { description: 'x' } }, {} as never))).toBe('reason_required')
    expect(await refusal(dan.bypass(ref, rollout(80), undefined as never))).toBe('invalid_input')
    const timed = dan.bypass(ref, rollout(80), { ...fire, applyAt: w.now() + day } as never)
    await expect(timed).rejects.toThrow('has no property "applyAt"; known are reason, idempotencyKey, base')
    expect(await refusal(dan.bypass(ref, rollout(80), { ...fire, base: 7 }))).toBe('stale')
    expect(await refusal(dan.bypass(ref, rollout(40), fire))).toBe('nothing_changed')
    expect(await refusal(dan.bypass(ref, rollout(400), fire))).toBe('invalid_by_schema')
    expect(await refusal(w.as('nobody').bypass(ref, rollout(80), { reason: '' }))).toBe('unknown_actor')
    const exp = { value: { name: 'x', traffic: 1 } }
    await w.policy({ match: { resource: 'feature_flag' }, rules: { lock: 'resource', bypass: ['security'] } })
    expect(await refusal(dan.bypass(experiments.ref('x'), exp, fire))).toBe('no_policy')
    const waits = pending(await w.as('ann').submit(ref, rollout(50)))
    await expect(dan.bypass(ref, rollout(80), fire)).rejects.toMatchObject({
      code: 'locked',
      details: { request: waits.id },
    })
    await dan.requests.bypass(waits.id, { digest: waits.digest, ...fire })
    expect(await live()).toBe(50)
  })

  it('[WO-13] makes a waiting request stale, and takes actions of a life cycle', async () => {
    const { w } = await gated(memoryStorage())
    const waits = pending(await w.as('ann').submit(ref, rollout(50)))
    await w.as('dan').bypass(ref, { merge: { description: 'new' } }, fire)
    expect((await w.as('ann').requests.get(waits.id)).stale).toBe(true)

    const cycle = world(memoryStorage(), undefined, [switches])
    const flag = switches.ref('kill')
    const document = { segments: [], variants: [], exposureEvent: '', bucketingSalt: '', stickyBucketing: false }
    await cycle.as('ann').submit(flag, { value: { live: false, description: '', ...document } })
    await cycle.policy({ ...bypassable, match: { action: 'activate' } })
    expect(await cycle.as('dan').bypass(flag, { action: 'activate' }, fire)).toMatchObject({
      status: 'applied',
      request: { bypassedBy: 'dan' },
    })
    expect((await cycle.as('ann').resources.get(flag))?.lifecycle?.state).toBe('active')
  })

  it('[WO-13] puts policies in force, turns the switch, and asks for what that takes', async () => {
    const { w, problems } = await gated(memoryStorage(), {
      ...bypassable,
      match: { resource: ['countersign.policy', 'feature_flag'] },
    })
    const second = { match: { resource: 'feature_flag' }, require: { quorum: 2, from: { roles: ['lead'] } } } as const
    const put = await w.as('dan').bypass(policyResource.ref('second'), { value: { ...second, id: 'second' } }, fire)
    expect(put).toMatchObject({ status: 'applied', request: { bypassedBy: 'dan' } })
    expect((await w.as('ann').policies.get('second'))?.require).toEqual(second.require)
    expect(await refusal(w.as('dan').bypass(ref, rollout(80), fire))).toBe('bypass_forbidden')
    const off = await w.as('dan').bypass(workflowResource.ref(''), { value: { on: false, waiting: 'hold' } }, fire)
    expect(off).toMatchObject({ status: 'applied', request: { bypassedBy: 'dan' } })
    expect(await w.as('ann').workflow.isEnabled()).toBe(false)
    expect(await problems()).toEqual([])
  })

  it('[WO-13] needs the permission to bypass in the project, besides what the policies say', async () => {
    const w = await accessWorld(memoryStorage())
    const there = flags.ref('there', { project: 'web' })
    await w.as('ann').submit(there, { value: { enabled: true, rollout: 1 } })
    const rules = { bypass: ['member', 'admin'] }
    await w.as('zoe').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['manager'] } }, rules })
    const before = (await w.as('ann').resources.get(there))?.revision
    await expect(w.as('ann').bypass(there, rollout(2), fire)).rejects.toMatchObject({
      code: 'not_permitted',
      details: { missing: ['requests.bypass'] },
    })
    expect(await refusal(w.as('vic').bypass(there, rollout(2), fire))).toBe('not_permitted')
    expect((await w.as('ann').resources.get(there))?.revision).toBe(before)
    expect((await w.as('ann').requests.list()).requests).toEqual([])
    const made = flags.ref('made', { project: 'web' })
    await w.as('zoe').bypass(made, { value: { enabled: true, rollout: 1 } }, fire)
    expect(await w.as('ann').access.editors.get(made)).toEqual(await w.as('ann').access.editors.get(there))
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})

describe('[WO-13] what is kept elsewhere', () => {
  const users = { ann: [], ben: ['lead'], dan: ['security'] }
  const elsewhere = async () => {
    const server = await priceServer()
    const prices = pricesAt(server.port)
    const priced = (id: string) => {
      server.prices.set(`/acme/${id}`, { cents: 100 })
      return prices.ref(id)
    }
    return { server, prices, priced }
  }

  it('[WO-13] is written there in the same call, once, or by tick, or not at all', async () => {
    const { server, prices, priced } = await elsewhere()
    const price = priced('basic')
    const w = world(memoryStorage(), users, [prices])
    await w.policy(bypassable)
    expect(await refusal(w.as('ann').bypass(price, { value: { cents: 200 } }, fire))).toBe('bypass_forbidden')
    expect(server.asked).toEqual([])
    const done = await w.as('dan').bypass(price, { value: { cents: 200 } }, fire)
    expect(done).toMatchObject({ status: 'applied', revision: 2, request: { bypassedBy: 'dan' } })
    server.meet('refuses')
    const late = await w.as('dan').bypass(price, { value: { cents: 300 } }, fire)
    expect(late).toMatchObject({ status: 'applying', request: { bypassedBy: 'dan' } })
    expect(await refusal(w.as('dan').bypass(price, { value: { cents: 400 } }, fire))).toBe('locked')
    w.pass(60_000)
    await w.approvals.tick()
    expect(server.landed.map(({ document }) => document?.cents)).toEqual([200, 300])
    server.meet(...Array.from({ length: 8 }, () => 'declines' as const))
    const declined = await w.as('dan').bypass(price, { value: { cents: 500 } }, fire)
    if (declined.status !== 'applying') throw new TypeError(`It is ${declined.status}.`)
    for (let hours = 0; hours < 9; hours++) {
      w.pass(60 * 60_000)
      await w.approvals.tick()
    }
    const read = await w.as('ann').requests.get(declined.request.id)
    expect(read).toMatchObject({ status: 'failed', failure: { code: 'host_failed' } })
    expect(read).not.toHaveProperty('bypassedBy')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it.each(Object.keys(failures) as Failure[])(
    '[WO-13] lands once where the storage %s, whichever call it is',
    async (failure) => {
      const { server, prices, priced } = await elsewhere()
      for (let at = 1; ; at++) {
        const price = priced(`${at}`)
        server.landed.length = 0
        const storage = memoryStorage()
        const w = world(storage, users, [prices])
        await w.policy(bypassable)
        const key = { ...fire, idempotencyKey: 'once' }
        const failing = failingStorage(storage, failure, at)
        const act = (by: typeof w) => by.as('dan').bypass(price, { value: { cents: 200 } }, key)
        const told = `call ${at} ${failure}`
        await act(world(failing, users, [prices])).catch((error) => expect(error.code, told).toBe('storage_failed'))
        await act(w)
        for (let ticks = 0; ticks < 3; ticks++) {
          w.pass(120_000)
          await w.approvals.tick()
        }
        expect(server.landed.length, told).toBe(1)
        const { requests } = await w.as('ann').requests.list()
        expect(
          requests.map(({ status, bypassedBy }) => [status, bypassedBy]),
          told,
        ).toEqual([['applied', 'dan']])
        expect((await w.as('ann').audit.verify()).problems, told).toEqual([])
        if (failing.calls < at) return
      }
    },
  )

  it('[WO-13] is written into the tables of the host in the same commit', async () => {
    const prices = new Map<string, { percent: number }>()
    const rates = defineResource({
      type: 'rate',
      schema: object({ percent: number() }),
      read: async ({ id }) => prices.get(id),
      write: async ({ id }, rate) => void (rate ? prices.set(id, rate) : prices.delete(id)),
    })
    const w = world(memoryStorage(), users, [rates])
    prices.set('base', { percent: 1 })
    await w.policy(bypassable)
    expect(await refusal(w.as('ann').bypass(rates.ref('base'), { value: { percent: 2 } }, fire))).toBe(
      'bypass_forbidden',
    )
    expect(prices.get('base')).toEqual({ percent: 1 })
    await w.as('dan').bypass(rates.ref('base'), { value: { percent: 2 } }, fire)
    expect(prices.get('base')).toEqual({ percent: 2 })
    await w.as('dan').bypass(rates.ref('base'), { remove: true }, fire)
    expect(prices.has('base')).toBe(false)
  })
})

describe('[WO-13] one call and two', () => {
  const role = fc.constantFrom('security', 'lead', 'developer')
  const rules = fc.record({
    bypass: fc.uniqueArray(role, { minLength: 1 }),
    reasonRequired: fc.boolean(),
    lock: fc.constantFrom('none' as const, 'resource' as const),
    apply: fc.constantFrom('by_hand' as const, 'on_approval' as const),
  })
  const policies = fc.array(fc.record({ rules, field: fc.constantFrom('/rollout', '/description') }), { maxLength: 3 })
  const change = fc.constantFrom({ merge: { rollout: 80 } }, { merge: { description: 'x' } }, { remove: true } as const)

  it('[WO-13] come to the same: what is applied, who did it, and what is refused', async () => {
    await fc.assert(
      fc.asyncProperty(policies, change, fc.constantFrom('ann', 'ben', 'dan', 'eve'), async (all, wanted, user) => {
        const prepared = async () => {
          const w = world(memoryStorage())
          await w.flag('checkout')
          for (const [index, { rules, field }] of all.entries())
            await w.policy({
              id: `p${index}`,
              match: { resource: 'feature_flag' },
              when: { type: 'any_change', field },
              rules,
            })
          return w
        }
        const look = async (w: ReturnType<typeof world>) => {
          const { requests } = await w.as('ann').requests.list()
          const live = await w.as('ann').resources.get(ref)
          return {
            live: live?.document,
            requests: requests.map(({ status, bypassedBy, revisions, rules }) => [
              status,
              bypassedBy,
              revisions,
              rules,
            ]),
          }
        }
        const [one, two] = [await prepared(), await prepared()]
        const atOnce = await one
          .as(user)
          .bypass(ref, wanted, fire)
          .then(
            ({ status }) => status,
            ({ code }) => code,
          )
        const outcome = await two.as(user).submit(ref, wanted, fire)
        const { status } = outcome
        const later =
          outcome.status === 'pending'
            ? await two
                .as(user)
                .requests.bypass(outcome.request.id, { digest: outcome.request.digest, ...fire })
                .then(
                  ({ request }) => request.status,
                  ({ code }) => code,
                )
            : status
        expect(atOnce).toBe(later)
        if (atOnce === 'applied') expect(await look(one)).toEqual(await look(two))
        else expect((await look(one)).requests).toEqual([])
      }),
      { numRuns: 40 },
    )
  })
})

describe('[WO-13] a bypass of what is kept elsewhere', () => {
  it('[WO-13] [ST-08] has it recorded first that a request has expired which held the lock', async () => {
    const rate = { now: 1 }
    const rates = defineResource({
      type: 'rate',
      schema: object({ percent: number() }),
      external: {
        read: () => ({ percent: rate.now }),
        write(_, next) {
          rate.now = next?.percent ?? 0
        },
      },
    })
    const base = rates.ref('base')
    const w = world(memoryStorage(), undefined, [rates])
    await w.policy({ rules: { lock: 'resource', expiresAfter: '1d', bypass: ['security'] } })
    const waits = pending(await w.as('ann').submit(base, { value: { percent: 5 } }))
    w.pass(2 * day)
    expect((await w.as('dan').bypass(base, { value: { percent: 9 } }, fire)).status).toBe('applied')
    expect(rate.now).toBe(9)
    expect((await w.as('ann').requests.get(waits.id)).status).toBe('expired')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})
