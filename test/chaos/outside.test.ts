import { describe, expect, it } from 'vitest'
import { number, object } from 'zod'
import { defineResource, hasCode } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { pending, storages, world } from '../world.ts'
import { type Failure, failingStorage, failures } from './failing-storage.ts'

const minute = 60_000

/** Another system, that lands each key once. Its call number `at` goes wrong: it is refused before or after it is done. */
function elsewhere(wrong: 'before' | 'after' | 'never' = 'never', at = 0) {
  const rates = new Map([['base', { percent: 1 }]])
  const keys = new Set<string>()
  const fences: number[] = []
  const state = { writes: true }
  let calls = 0
  let landed = 0
  const called = <T>(work: () => T): T => {
    calls++
    if (calls === at && wrong === 'before') throw new RangeError('refused')
    const done = work()
    if (calls === at && wrong === 'after') throw new RangeError('no answer')
    return done
  }
  const type = defineResource({
    type: 'rate',
    schema: object({ percent: number() }),
    external: {
      read: async ({ id }) => called(() => rates.get(id)),
      write: async ({ id }, rate, { idempotencyKey, fence }) =>
        called(() => {
          if (!state.writes) throw new RangeError('gone')
          fences.push(fence)
          if (keys.has(idempotencyKey)) return
          keys.add(idempotencyKey)
          landed++
          if (rate === undefined) rates.delete(id)
          else rates.set(id, rate)
        }),
    },
  })
  return {
    type,
    rates,
    fences,
    state,
    get calls() {
      return calls
    },
    get landed() {
      return landed
    },
  }
}

const users = { ann: [], ben: ['lead'] }

/** A request that one approval is missing of, and another process that takes up what is left of it. */
async function approving(host: ReturnType<typeof elsewhere>, storage = memoryStorage()) {
  const w = world(storage, users, [host.type])
  await w.policy()
  const { id, digest: seen } = pending(await w.as('ann').submit(host.type.ref('base'), { value: { percent: 2 } }))
  const approve = (by = w) => by.as('ben').requests.approve(id, { digest: seen, idempotencyKey: 'once' })
  const recovered = async (told: string) => {
    await approve()
    for (let ticks = 0; ticks < 3; ticks++) {
      w.pass(2 * minute)
      await w.approvals.tick()
    }
    expect((await w.as('ann').requests.get(id)).status, told).toBe('applied')
    expect((await approve()).request.status, told).toBe('applied')
    expect([host.rates.get('base'), host.landed], told).toEqual([{ percent: 2 }, 1])
    expect(new Set(host.fences).size, told).toBe(host.fences.length)
    expect(host.fences, told).toEqual(host.fences.toSorted((a, b) => a - b))
    expect(
      (await w.as('ann').resources.history(host.type.ref('base'))).map(({ number }) => number),
      told,
    ).toEqual([2, 1])
    const events = await w.as('ann').audit.events({ request: id })
    expect(
      events.filter(({ event }) => event['type'] === 'applied'),
      told,
    ).toHaveLength(1)
    expect((await w.as('ann').audit.verify()).problems, told).toEqual([])
  }
  return { w, id, storage, approve, recovered }
}

describe.each(storages)('an application outside of the database, with requests on $name', ({ open }) => {
  it.each(Object.keys(failures) as Failure[])(
    '[P1, G8, G12] lands once where the storage %s, whichever call it is',
    async (failure) => {
      for (let at = 1; ; at++) {
        const host = elsewhere()
        const { storage, approve, recovered } = await approving(host, open())
        const failing = failingStorage(storage, failure, at)
        await approve(world(failing, users, [host.type])).catch((error) => {
          if (!hasCode(error, 'storage_failed')) throw error
        })
        if (failing.calls < at) {
          expect(at).toBeGreaterThan(8)
          return
        }
        await recovered(`call ${at} ${failure}`)
      }
    },
  )
})

describe.each(storages)('a change that is given up on its way, with requests on $name', ({ open }) => {
  it.each(Object.keys(failures) as Failure[])(
    '[P1, BY-08] fails once where the storage %s, whichever call it is, and lets others on',
    async (failure) => {
      for (let at = 1; ; at++) {
        const told = `call ${at} ${failure}`
        const host = elsewhere()
        const { w, id, storage, approve } = await approving(host, open())
        host.state.writes = false
        expect((await approve()).request.status, told).toBe('applying')
        const abandon = async (by = w) =>
          (await by.as('ann').requests.abandon(id, { reason: 'gone', idempotencyKey: 'enough' })).request.status
        const failing = failingStorage(storage, failure, at)
        await abandon(world(failing, users, [host.type])).catch((error) => {
          if (!hasCode(error, 'storage_failed')) throw error
        })
        expect(await abandon(), told).toBe('failed')
        const events = await w.as('ann').audit.events({ request: id })
        expect(
          events.filter(({ event }) => event['type'] === 'failed'),
          told,
        ).toHaveLength(1)
        host.state.writes = true
        const next = pending(await w.as('ann').submit(host.type.ref('base'), { value: { percent: 3 } }))
        expect((await w.as('ben').requests.approve(next.id, { digest: next.digest })).request.status, told).toBe(
          'applied',
        )
        expect([host.rates.get('base'), host.landed], told).toEqual([{ percent: 3 }, 1])
        expect((await w.as('ann').audit.verify()).problems, told).toEqual([])
        if (failing.calls >= at) continue
        expect(at).toBeGreaterThan(3)
        return
      }
    },
  )
})

describe.each(['before', 'after'] as const)(
  'an application outside of the database, whose system fails %s it has done its work',
  (wrong) => {
    it('[P1, G8] lands once, whichever call it is', async () => {
      for (let at = 1; ; at++) {
        const quiet = elsewhere()
        await (await approving(quiet)).approve()
        const host = elsewhere(wrong, at)
        const prepared = await approving(host).catch((error) => {
          if (!hasCode(error, 'host_failed')) throw error
          return undefined
        })
        if (at > quiet.calls) return
        await prepared?.approve().catch((error) => {
          if (!hasCode(error, 'host_failed')) throw error
        })
        await prepared?.recovered(`call ${at} of the host, ${wrong}`)
      }
    })
  },
)
