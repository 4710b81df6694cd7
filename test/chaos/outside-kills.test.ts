import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApprovals, type Storage, staticDirectory } from '../../src/index.ts'
import { type Mood, type PriceServer, priceServer, pricesAt } from '../outside-world.ts'
import { leftOut, postgresDatabase } from '../storage/servers.ts'
import { pending } from '../world.ts'
import { storageAt } from './address.ts'
import { ended, type Program, program } from './processes.ts'

const hour = 60 * 60 * 1000

const folder = mkdtempSync(join(tmpdir(), 'countersign-outside-'))
const postgres = await postgresDatabase()
let courier: Program
let server: PriceServer
beforeAll(async () => {
  courier = await program('courier')
  server = await priceServer()
})
afterAll(async () => {
  courier.remove()
  rmSync(folder, { recursive: true })
  await postgres?.drop()
})
if (!postgres) it.skip(`changes on their way, on PostgreSQL (${leftOut('PostgreSQL')})`)

const places: readonly (readonly [string, string])[] = [
  ['SQLite', join(folder, 'outside.db')],
  ...(postgres ? [['PostgreSQL', postgres.address] as const] : []),
]

/** A request of a tenant of its own that one approval is missing of, and the process that gives it. */
async function approving(storage: Storage, address: string, { tenant, stop }: { tenant: string; stop: number }) {
  const prices = pricesAt(server.port)
  const office = (now: () => number) => {
    const directory = staticDirectory({ ann: [], ben: ['lead'] })
    return createApprovals({ storage, resources: [prices], directory, admins: 'anyone', now })
  }
  const asking = office(Date.now).as({ tenant, user: 'ann' })
  const later = office(() => Date.now() + hour)
  const [ann, ben] = [later.as({ tenant, user: 'ann' }), later.as({ tenant, user: 'ben' })]
  const price = `/${tenant}/basic`
  server.prices.set(price, { cents: 100 })
  await asking.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
  const request = pending(await asking.submit(prices.ref('basic'), { value: { cents: 200 } }))
  const { id, digest: seen } = request
  const child = courier.start(address, String(server.port), tenant, id, seen, String(stop))
  return {
    child,
    status: async () => (await ann.requests.get(id)).status,
    /** Takes up what the process has left, an hour later, and looks whether it happened once. */
    async recovered(told: string) {
      const { failed } = await later.tick()
      expect(failed, told).toEqual([])
      const again = await ben.requests.approve(id, { digest: seen, idempotencyKey: 'once' })
      expect([again.request.status, server.prices.get(price)], told).toEqual(['applied', { cents: 200 }])
      const landed = server.landed.filter(({ place }) => place === price)
      expect(landed, told).toHaveLength(1)
      const events = await ann.audit.events({ request: id })
      expect(events.filter(({ event }) => event['type'] === 'applied').length, told).toBeLessThan(2)
      expect(
        (await ann.resources.history(prices.ref('basic'))).map(({ number }) => number),
        told,
      ).toEqual([2, 1])
      expect((await ann.audit.verify()).problems, told).toEqual([])
    },
  }
}

describe.each(places)('a change on its way to another system, with requests on %s', (name, address) => {
  let storage: Storage
  beforeAll(async () => {
    storage = storageAt(address)
    await storage.get([{ collection: 'requests', key: ['acme', 'none'] }])
  })
  afterAll(() => storage.close())

  it('[P2, G8] lands once, before whichever call its process is killed', { timeout: 600_000 }, async () => {
    const calls: string[] = []
    for (let stop = 0; ; stop++) {
      const { child, status, recovered } = await approving(storage, address, { tenant: `${name}-${stop}`, stop })
      const [call] = await once(child, 'message')
      calls.push(call)
      if (call === 'end') {
        expect([await ended(child), await status()]).toEqual([0, 'applied'])
        break
      }
      child.kill('SIGKILL')
      expect(await ended(child)).toBe('SIGKILL')
      if (!calls.includes('commit')) expect(await status()).toBe('applying')
      await recovered(`killed before call ${stop + 1}, ${call}`)
    }
    for (const call of ['get', 'read', 'write', 'commit']) expect(calls).toContain(call)
  })

  it.each<Mood>(['sleeps', 'hangs'])(
    '[P2, G8] lands once, where its process is killed while the system %s',
    { timeout: 600_000 },
    async (mood) => {
      const tenant = `${name}-${mood}`
      server.meet(mood)
      const asked = server.nextWrite()
      const { child, status, recovered } = await approving(storage, address, { tenant, stop: Number.MAX_SAFE_INTEGER })
      await asked
      child.kill('SIGKILL')
      expect(await ended(child)).toBe('SIGKILL')
      expect(await status()).toBe('applying')
      await recovered(`killed while the system ${mood}`)
    },
  )
})
