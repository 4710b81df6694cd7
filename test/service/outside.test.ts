import Database from 'better-sqlite3'
import { beforeAll, describe, expect, it } from 'vitest'
import { defineResource } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { watchedStorage } from '../chaos/failing-storage.ts'
import { type PriceServer, priceServer, pricesAt } from '../outside-world.ts'
import { flags, pending, refusal, rollout, storages, world } from '../world.ts'

const minute = 60_000
/** How long those wait for the other system who are to give it up, in milliseconds. */
const impatient = 500

let server: PriceServer
let names = 0
beforeAll(async () => {
  server = await priceServer()
})

/** An office whose prices are kept by the server, each with a price of its own that is live there. */
async function office(open = memoryStorage, patience = 10_000) {
  const prices = pricesAt(server.port, patience)
  const w = world(open(), { ann: [], ben: ['lead'], cat: ['lead'], dan: ['security'] }, [flags, prices])
  const name = `price-${++names}`
  const place = `/acme/${name}`
  const path = decodeURIComponent(place)
  const basic = prices.ref(name)
  server.prices.set(path, { cents: 100 })
  server.asked.length = 0
  server.landed.length = 0
  const ask = async (cents: number) => pending(await w.as('ann').submit(basic, { value: { cents } }))
  const approve = async ({ id, digest }: { id: string; digest: string }, user = 'ben') =>
    (await w.as(user).requests.approve(id, { digest })).request
  const read = (id: string) => w.as('ann').requests.get(id)
  return {
    ...w,
    prices,
    basic,
    path,
    ask,
    approve,
    read,
    cents: () => server.prices.get(path)?.cents,
    poke: (cents: number) => void server.prices.set(path, { cents }),
    authors: async () => (await w.as('ann').resources.history(basic)).map(({ author }) => author),
    problems: async () => (await w.as('ann').audit.verify()).problems,
  }
}

describe.each(storages)('a resource that is kept outside of the database, with requests on $name', ({ open }) => {
  it('[ST-01] is free for the next request in the call of tick in which the one before it arrives, however often both were put off', async () => {
    const o = await office(open)
    await o.policy()
    const [first, second] = [await o.ask(200), await o.ask(300)]
    server.meet('refuses', 'refuses', 'refuses')
    expect((await o.approve(first)).status).toBe('applying')
    expect((await o.approve(second)).status).toBe('approved')
    for (let time = 0; time < 2; time++) {
      o.pass(minute)
      expect(await o.approvals.tick()).toMatchObject({ reclaimed: 1, waiting: 1 })
    }
    o.pass(60 * minute)
    expect(await o.approvals.tick()).toMatchObject({ reclaimed: 1, unapplied: 1, waiting: 0 })
    expect([(await o.read(first.id)).status, (await o.read(second.id)).status]).toEqual(['applied', 'failed'])
    expect(o.cents()).toBe(200)
    expect(await o.problems()).toEqual([])
  })

  it('is written once, by the approval that is enough, which tells what became of it', async () => {
    const o = await office(open)
    await o.policy()
    const request = await o.ask(200)
    expect(o.cents()).toBe(100)
    const after = await o.approve(request)
    expect([after.status, after.revisions?.[0]?.number, o.cents()]).toEqual(['applied', 2, 200])
    expect(server.asked).toMatchObject([{ fence: 1, document: { cents: 200 } }])
    expect((await o.as('ann').resources.get(o.basic))?.document).toEqual({ cents: 200 })
    expect(await o.authors()).toEqual(['ann', 'countersign'])
    expect(await o.problems()).toEqual([])
  })

  it('is written directly where nobody has to approve, and removed', async () => {
    const o = await office(open)
    const outcome = await o.as('ann').submit(o.basic, { value: { cents: 5 } })
    expect(outcome).toMatchObject({ status: 'applied', revision: 2 })
    expect(await o.as('ann').submit(o.basic, { remove: true })).toMatchObject({ status: 'applied', revision: 3 })
    expect(o.cents()).toBeUndefined()
    expect((await o.as('ann').submit(o.basic, { value: { cents: 6 } })).status).toBe('applied')
    expect(server.landed.map(({ fence }) => fence)).toEqual([1, 2, 3])
    expect(server.keys().size).toBe(3)
    expect(await o.problems()).toEqual([])
  })

  it.each(['forgets', 'cuts'] as const)(
    'is confirmed by reading, where the system %s what it has done',
    async (mood) => {
      const o = await office(open)
      await o.policy()
      const request = await o.ask(200)
      server.meet(mood)
      expect((await o.approve(request)).status).toBe('applied')
      expect(server.landed).toHaveLength(1)
      expect(await o.problems()).toEqual([])
    },
  )

  it('is written later, under the same key, where the system refuses for a while', async () => {
    const o = await office(open)
    await o.policy()
    const request = await o.ask(200)
    server.meet('refuses', 'refuses')
    expect((await o.approve(request)).status).toBe('applying')
    const seen = await o.read(request.id)
    expect(seen.remedies).toMatchObject([
      { type: 'host', problem: 'it says 503: closed for lunch' },
      { type: 'people', method: 'abandon', users: ['ann'] },
    ])
    expect((await o.approvals.tick()).reclaimed).toBe(0)
    o.pass(minute)
    const report = await o.approvals.tick()
    expect(report).toMatchObject({ reclaimed: 1, failed: [{ id: request.id, error: { code: 'host_failed' } }] })
    o.pass(minute)
    expect(await o.approvals.tick()).toMatchObject({ reclaimed: 1, failed: [] })
    expect((await o.read(request.id)).status).toBe('applied')
    expect(server.asked.map(({ fence }) => fence)).toEqual([1, 2, 3])
    expect(server.keys().size).toBe(1)
    expect(server.landed).toHaveLength(1)
    expect(await o.problems()).toEqual([])
  })

  it('keeps everybody off while a change is on its way, and lets them on again', async () => {
    const o = await office(open)
    await o.policy()
    const [first, second] = [await o.ask(200), await o.ask(300)]
    server.meet('refuses')
    expect((await o.approve(first)).status).toBe('applying')
    expect((await o.approve(second)).status).toBe('approved')
    expect(await refusal(o.as('ann').submit(o.basic, { value: { cents: 7 } }))).toBe('locked')
    o.poke(100)
    expect((await o.as('ann').resources.get(o.basic))?.revision).toBe(1)
    o.pass(minute)
    await o.approvals.tick()
    expect((await o.read(first.id)).status).toBe('applied')
    await o.approvals.tick()
    expect((await o.read(second.id)).failure?.code).toBe('stale')
    expect(o.cents()).toBe(200)
    expect(await o.problems()).toEqual([])
  })

  it('lands together with managed resources, once it is there', async () => {
    const o = await office(open)
    const flag = flags.ref('checkout')
    await o.as('ann').submit(flag, { value: { enabled: true, rollout: 40 } })
    const wanted = [
      { ref: flag, change: rollout(80) },
      { ref: o.basic, change: { value: { cents: 9 } } },
    ] as const
    server.meet('refuses')
    const outcome = await o.as('ann').submitAll(wanted as never)
    expect(outcome.status).toBe('applying')
    expect((await o.as('ann').resources.get(flag))?.document).toMatchObject({ rollout: 40 })
    expect(await refusal(o.as('ann').submit(flag, rollout(10)))).toBe('locked')
    o.pass(minute)
    await o.approvals.tick()
    expect([o.cents(), (await o.as('ann').resources.get(flag))?.document.rollout]).toEqual([9, 80])
    expect(await o.problems()).toEqual([])
  })
})

describe('a resource that is kept outside of the database', () => {
  it('is refused as stale where somebody else has written there, and what they wrote is on record', async () => {
    const o = await office()
    await o.policy()
    const request = await o.ask(200)
    server.meet('refuses')
    expect((await o.approve(request)).status).toBe('applying')
    o.poke(60)
    o.pass(minute)
    await o.approvals.tick()
    const after = await o.read(request.id)
    expect(after.failure).toMatchObject({ code: 'stale', details: { base: 1, live: 2 } })
    expect(o.cents()).toBe(60)
    expect(await o.authors()).toEqual(['countersign', 'countersign'])
    expect((await o.as('ann').resources.get(o.basic))?.document).toEqual({ cents: 60 })
    expect(server.asked).toHaveLength(1)
    expect(await o.problems()).toEqual([])
  })

  it('is moved onto what somebody else has written, where the policy lets it, and lands as that', async () => {
    const o = await office()
    await o.policy({ rules: { onStale: 'rebase' } })
    const request = await o.ask(200)
    o.poke(200)
    await o.as('ann').resources.get(o.basic)
    o.poke(100)
    server.meet('forgets')
    const after = await o.approve(request)
    expect([after.status, after.revisions?.[0]?.number, o.cents()]).toEqual(['applied', 4, 200])
    expect(await o.problems()).toEqual([])
  })

  it('fails in the end where the system goes on refusing, and can be retried', async () => {
    const o = await office()
    await o.policy()
    const request = await o.ask(200)
    server.meet(...Array(8).fill('refuses'))
    await o.approve(request)
    for (let attempt = 2; attempt <= 8; attempt++) {
      o.pass(60 * minute)
      await o.approvals.tick()
    }
    const { status, failure } = await o.read(request.id)
    expect([status, failure?.code]).toEqual(['failed', 'host_failed'])
    expect(server.asked).toHaveLength(8)
    const { request: after } = await o.as('cat').requests.apply(request.id)
    expect(after.status).toBe('applied')
    expect(server.asked.at(-1)?.fence).toBe(9)
    expect((await o.notices()).map(({ type }) => type)).toEqual(['submitted', 'failed', 'applied'])
    expect(await o.problems()).toEqual([])
  })

  it('is on its way for as long as nobody can say what became of it, and is not written again once it is there', async () => {
    const o = await office(memoryStorage, impatient)
    await o.policy()
    const request = await o.ask(200)
    server.meet('blinds')
    expect((await o.approve(request)).status).toBe('applying')
    o.pass(minute)
    expect((await o.approvals.tick()).failed).toMatchObject([{ id: request.id, error: { code: 'host_failed' } }])
    const seen = await o.read(request.id)
    expect(seen.remedies).toMatchObject([
      { type: 'host', problem: 'it says 503' },
      { type: 'people', method: 'abandon', users: ['ann'] },
    ])
    const { abandon, comment, resolveComment, reopenComment, ...others } = seen.can
    expect([comment, resolveComment, reopenComment].map((can) => can === true || can.code)).not.toContain('not_open')
    expect(abandon).toBe(true)
    for (const can of Object.values(others)) expect(can).toMatchObject({ code: 'not_open' })
    server.state.blind = false
    o.pass(minute)
    await o.approvals.tick()
    expect((await o.read(request.id)).status).toBe('applied')
    expect(server.asked).toHaveLength(1)
    expect(await o.problems()).toEqual([])
  })

  it('[P4] is sent anew beside others: one that does not answer holds up nobody', async () => {
    const [first, second] = [await office(memoryStorage), await office(memoryStorage)]
    const w = world(memoryStorage(), { ann: [], ben: ['lead'] }, [flags, first.prices])
    await w.policy()
    for (const { basic } of [first, second]) {
      const { id, digest } = pending(await w.as('ann').submit(basic, { value: { cents: 200 } }))
      server.meet('refuses')
      await w.as('ben').requests.approve(id, { digest })
    }
    w.pass(minute)
    server.asked.length = 0
    server.meet('sleeps', 'sleeps')
    const ticking = w.approvals.tick()
    await server.nextWrite()
    await server.nextWrite()
    expect(server.waiting()).toBe(2)
    server.wake()
    expect(await ticking).toMatchObject({ reclaimed: 2, failed: [{}, {}] })
  })

  it('[BY-08] can be given up where the system never says what became of it, and lets others on', async () => {
    const o = await office(memoryStorage, impatient)
    await o.policy()
    const request = await o.ask(200)
    server.meet('sleeps')
    await o.approve(request)
    const reason = { reason: 'the vendor shut it down' }
    expect(await refusal(o.as('zoe').requests.abandon(request.id, reason))).toBe('unknown_actor')
    expect(await refusal(o.as('cat').requests.abandon(request.id, {}))).toBe('reason_required')
    const { request: after } = await o.as('cat').requests.abandon(request.id, reason)
    expect([after.status, after.failure?.code, o.cents()]).toEqual(['failed', 'abandoned', 100])
    o.pass(60 * minute)
    expect((await o.approvals.tick()).reclaimed).toBe(0)
    const other = await o.ask(300)
    expect((await o.approve(other)).status).toBe('applied')
    expect(server.asked.map(({ fence }) => fence)).toEqual([1, 2])
    expect((await o.notices()).map(({ type }) => type)).toEqual(['submitted', 'failed', 'submitted', 'applied'])
    expect(await o.problems()).toEqual([])
  })

  it('[BY-10] leaves what is owed for a broken glass owed, whoever gives the change up', async () => {
    const o = await office(memoryStorage, impatient)
    await o.policy({ rules: { breakGlass: ['security'] } })
    const request = await o.ask(666)
    server.meet('blinds')
    const glass = { digest: request.digest, incident: 'INC-1', reason: 'fire' }
    expect((await o.as('dan').requests.breakGlass(request.id, glass)).request.status).toBe('applying')
    await o.as('dan').requests.abandon(request.id, { reason: 'enough' })
    server.state.blind = false
    expect((await o.as('ann').resources.get(o.basic))?.document).toEqual({ cents: 666 })
    expect(await o.as('ann').requests.followUps()).toMatchObject([{ request: request.id, by: 'dan' }])
    const other = await o.ask(999)
    expect(await refusal(o.as('dan').requests.breakGlass(other.id, { ...glass, digest: other.digest }))).toBe(
      'follow_up_pending',
    )
    expect(await refusal(o.as('ann').requests.submit(request.id))).toBe('follow_up_pending')
    await o.as('ben').requests.followUp(request.id, { digest: request.digest, reason: 'it did burn' })
    expect(await o.as('ann').requests.followUps()).toEqual([])
    expect((await o.as('ann').requests.submit(request.id)).request.status).toBe('pending')
    expect(await o.problems()).toEqual([])
  })

  it('is reopened where nobody had to approve it: there are no approvals to go by', async () => {
    const o = await office(memoryStorage, impatient)
    server.meet('sleeps')
    const outcome = await o.as('ann').submit(o.basic, { value: { cents: 5 } })
    const { id } = outcome.status === 'applying' ? outcome.request : { id: '' }
    await o.as('ann').requests.abandon(id, { reason: 'enough' })
    const told = await o
      .as('ann')
      .requests.apply(id)
      .catch((error: Error) => error)
    expect(told).toMatchObject({ code: 'approval_missing', message: expect.stringContaining('submit it again') })
    expect((await o.as('ann').requests.submit(id)).request.status).toBe('applied')
    expect(o.cents()).toBe(5)
  })

  it('is recorded as found, where it got there after it was given up', async () => {
    const o = await office(memoryStorage, impatient)
    await o.policy()
    const request = await o.ask(200)
    server.meet('blinds')
    await o.approve(request)
    await o.as('cat').requests.abandon(request.id, { reason: 'enough' })
    server.state.blind = false
    expect((await o.as('ann').resources.get(o.basic))?.document).toEqual({ cents: 200 })
    expect(await o.authors()).toEqual(['countersign', 'countersign'])
    expect((await o.read(request.id)).failure).toMatchObject({ code: 'abandoned' })
    expect(await o.problems()).toEqual([])
  })

  it.each(['hangs', 'sleeps'] as const)(
    '[P4] is waited for no longer than it may take, where the system %s',
    async (mood) => {
      const o = await office(memoryStorage, impatient)
      await o.policy()
      const request = await o.ask(200)
      server.meet(mood)
      const { status, application } = await o.approve(request)
      expect(status).toBe(mood === 'hangs' ? 'applied' : 'applying')
      expect(application?.problem ?? 'nothing').toMatch(mood === 'hangs' ? 'nothing' : /within 500 ms|timeout/)
      o.pass(minute)
      await o.approvals.tick()
      expect((await o.read(request.id)).status).toBe('applied')
      expect(server.landed).toHaveLength(1)
      expect(await o.problems()).toEqual([])
    },
  )

  it('gives, under the same idempotency key, what is true by now', async () => {
    const o = await office()
    await o.policy()
    const { id, digest: seen } = await o.ask(200)
    const approve = async () =>
      (await o.as('ben').requests.approve(id, { digest: seen, idempotencyKey: 'once' })).request.status
    server.meet('refuses', 'refuses')
    expect([await approve(), await approve()]).toEqual(['applying', 'applying'])
    expect(server.asked).toHaveLength(1)
    const submit = () => o.as('ann').submit(o.prices.ref('new'), { value: { cents: 1 } }, { idempotencyKey: 'direct' })
    await o.as('ann').policies.remove('reviewed')
    expect((await submit()).status).toBe('applying')
    o.pass(minute)
    await o.approvals.tick()
    expect(await approve()).toBe('applied')
    expect(await submit()).toMatchObject({ status: 'applied', revision: 1, changes: [{ after: { cents: 1 } }] })
    server.prices.delete('/acme/new')
  })

  it('lands alone among what the application keeps itself, since no transaction holds two of them', async () => {
    const o = await office()
    const both = [o.basic, o.prices.ref('other')].map((ref) => ({ ref, change: { value: { cents: 1 } } }))
    const asked = o.as('ann').submitAll(both)
    await expect(asked).rejects.toMatchObject({ code: 'invalid_input', details: { argument: 'changes' } })
    await expect(asked).rejects.toThrow(`price "${o.basic.id}" and price "other"`)
    expect(server.asked).toEqual([])
  })

  it('is previewed as what it would be', async () => {
    const o = await office()
    expect((await o.as('ann').preview(o.basic, { value: { cents: 1 } })).status).toBe('applied')
    await o.policy()
    expect((await o.as('ann').preview(o.basic, { value: { cents: 1 } })).status).toBe('pending')
    expect(server.asked).toEqual([])
  })

  it.each(['declines', 'refuses'] as const)(
    '[FA-09] takes back the follow-up review of a broken glass only if the system %s: then it never lands',
    async (mood) => {
      const o = await office()
      await o.policy({ rules: { breakGlass: ['security'], bypass: ['security'] } })
      const { id, digest: seen } = await o.ask(200)
      server.meet(...Array(8).fill(mood))
      const glass = { digest: seen, incident: 'INC-1', reason: 'fire' }
      expect((await o.as('dan').requests.breakGlass(id, glass)).request.status).toBe('applying')
      for (let attempt = 2; attempt <= 8; attempt++) {
        expect(await o.as('ann').requests.followUps()).toHaveLength(1)
        o.pass(60 * minute)
        await o.approvals.tick()
      }
      expect((await o.read(id)).failure).toMatchObject({ code: 'host_failed' })
      expect(o.cents()).toBe(100)
      expect(await o.as('ann').requests.followUps()).toHaveLength(mood === 'declines' ? 0 : 1)
      expect(await o.problems()).toEqual([])
    },
  )

  it('[G15] is claimed inside a transaction of the host, and written by tick once that is committed', async () => {
    const database = new Database(':memory:')
    const o = await office(() => sqliteStorage(database))
    await o.policy()
    const request = await o.ask(200)
    const approve = async () => {
      database.exec('begin immediate')
      const ben = o.approvals.within(database).as({ tenant: 'acme', user: 'ben' })
      return (await ben.requests.approve(request.id, { digest: request.digest })).request.status
    }
    const { reads } = server.state
    expect(await approve()).toBe('applying')
    // What is live is looked up for the decision, and nothing is asked after it.
    expect(server.state.reads - reads).toBe(1)
    database.exec('rollback')
    await o.approvals.tick()
    expect([(await o.read(request.id)).status, server.asked]).toEqual(['pending', []])
    expect(await approve()).toBe('applying')
    database.exec('commit')
    expect(server.asked).toEqual([])
    expect((await o.approvals.tick()).reclaimed).toBe(1)
    expect([(await o.read(request.id)).status, o.cents()]).toEqual(['applied', 200])
    expect(await o.problems()).toEqual([])
  })
})

describe.each(storages)('[G12] a worker that sleeps past its time, with requests on $name', ({ open }) => {
  /** Two processes over one storage, of which the first falls asleep when it writes. */
  async function sleeping() {
    const o = await office(open)
    await o.policy()
    const request = await o.ask(200)
    let wake = () => {}
    let asleep = () => {}
    const slept = new Promise<void>((resolve) => {
      asleep = resolve
    })
    const { external: outside } = o.prices
    if (!outside) throw new TypeError('Prices are kept outside.')
    const sleepy = {
      ...o.prices,
      external: {
        ...outside,
        write: async (...asked: Parameters<typeof outside.write>) => {
          asleep()
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          return await outside.write(...asked)
        },
      },
    }
    const first = world(o.storage, { ann: [], ben: ['lead'] }, [sleepy])
    const late = first.as('ben').requests.approve(request.id, { digest: request.digest })
    await slept
    o.pass(2 * minute)
    return { ...o, request, late, wake: () => wake() }
  }

  it('confirms nothing once somebody else has finished its work', async () => {
    const o = await sleeping()
    expect((await o.approvals.tick()).reclaimed).toBe(1)
    o.wake()
    expect((await o.late).request.status).toBe('applied')
    expect(server.landed).toMatchObject([{ fence: 2 }])
    expect(server.keys().size).toBe(1)
    const events = await o.as('ann').audit.events({ request: o.request.id })
    expect(events.map(({ event }) => event['type'])).toEqual(['submitted', 'approved', 'claimed', 'applied'])
    expect(await o.problems()).toEqual([])
  })

  it('confirms nothing while somebody else is at it, whatever it has found', async () => {
    const o = await sleeping()
    server.meet('refuses')
    expect((await o.approvals.tick()).failed).toHaveLength(1)
    o.wake()
    expect((await o.late).request.status).toBe('applying')
    o.pass(minute)
    await o.approvals.tick()
    expect((await o.read(o.request.id)).status).toBe('applied')
    expect(server.landed).toHaveLength(1)
    expect(await o.problems()).toEqual([])
  })

  it('leaves its work to one of those who come for it at once', async () => {
    const o = await sleeping()
    const others = [1, 2, 3].map(() => world(o.storage, { ann: [], ben: ['lead'] }, [o.prices]))
    for (const other of others) other.pass(2 * minute)
    const reports = await Promise.all(others.map(({ approvals }) => approvals.tick()))
    expect(reports.reduce((sum, { reclaimed }) => sum + reclaimed, 0)).toBe(1)
    o.wake()
    await o.late
    expect((await o.read(o.request.id)).status).toBe('applied')
    expect(server.landed).toHaveLength(1)
  })
})

describe('a worker that sleeps before it writes', () => {
  it("[G12] writes nothing once its claim is somebody else's, or could be", async () => {
    for (const others of ['finish it', 'are not there'] as const) {
      const o = await office()
      await o.policy()
      const request = await o.ask(200)
      let slept = false
      const first = world(
        watchedStorage(o.storage, async () => {
          const claims = await o.storage.get([{ collection: 'claims', key: ['acme', 'price', o.basic.id] }])
          if (slept || claims[0] === undefined) return
          slept = true
          if (others === 'are not there') return first.pass(2 * minute)
          o.pass(2 * minute)
          await o.approvals.tick()
          await o.approve(await o.ask(300))
        }),
        { ann: [], ben: ['lead'] },
        [o.prices],
      )
      const { request: told } = await first.as('ben').requests.approve(request.id, { digest: request.digest })
      const finished = others === 'finish it'
      expect([told.status, o.cents()]).toEqual(finished ? ['applied', 300] : ['applying', 100])
      expect(server.asked.filter((one) => JSON.stringify(one).includes('"fence":1'))).toEqual([])
      expect(server.landed).toHaveLength(finished ? 2 : 0)
    }
  })
})

describe('defineResource with outside', () => {
  const options = { type: 'price', schema: pricesAt(0).schema }
  const outside = { read: () => undefined, write: () => {} }

  it('wants both of its functions, no others, and no life cycle', () => {
    const wrong = (more: object) => () => defineResource({ ...options, ...more } as never)
    expect(wrong({ external: { read: outside.read } })).toThrow('needs both read and write')
    expect(wrong({ external: outside, ...outside })).toThrow('not both')
    expect(wrong({ external: { ...outside, patience: 0 } })).toThrow('patience')
  })
})
