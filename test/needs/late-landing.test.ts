import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createApprovals, defineResource, type Storage, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { day, pending, refusal, start, storages } from '../world.ts'

type Rate = { readonly percent: number }

/** What becomes of one attempt to write. */
const attempts = ['refused', 'thrown', 'silent', 'unreadable'] as const
type Attempt = (typeof attempts)[number]
const ways = ['approved', 'bypassed', 'broken'] as const
type Way = (typeof ways)[number]

/** A rate that is kept by a system which does with each write what it is told to; what it did not refuse can land later. */
async function bank(storage: Storage) {
  const state = { rate: { percent: 1 } as Rate, blind: false, time: start }
  const moods: Attempt[] = []
  const sent: Rate[] = []
  const rates = defineResource({
    type: 'rate',
    schema: z.strictObject({ percent: z.number() }),
    external: {
      patience: 1,
      read() {
        if (state.blind) throw new RangeError('503')
        return state.rate
      },
      async write(_, rate) {
        const mood = moods.shift()
        if (mood === undefined) {
          state.rate = rate as Rate
          return
        }
        if (mood === 'refused') throw Object.assign(new RangeError('422'), { refused: true })
        sent.push(rate as Rate)
        state.blind = mood === 'unreadable'
        if (mood === 'silent') await new Promise(() => {})
        throw new RangeError('504')
      },
    },
  })
  const directory = staticDirectory({ ann: ['dev'], ben: ['lead'], cat: ['lead'], zoe: ['admin'] })
  const admins = { roles: ['admin'] }
  const approvals = createApprovals({ storage, resources: [rates], admins, directory, now: () => state.time })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const base = rates.ref('base')
  await as('zoe').policies.save({
    id: 'leads',
    match: { resource: 'rate' },
    require: { quorum: 1, from: { roles: ['lead'] } },
    rules: { breakGlass: ['lead'], bypass: ['lead'], expiresAfter: '60d' },
  })
  const tick = async () => {
    state.blind = false
    state.time += day / 12
    await approvals.tick()
  }
  return {
    as,
    base,
    state,
    tick,
    /** Asks for a rate, which is applied in this way, and gets as far as these attempts do. */
    async send(way: Way, percent: number, ...outcomes: readonly Attempt[]) {
      const { id, digest: seen } = pending(await as('ann').submit(base, { value: { percent } }))
      moods.push(...outcomes)
      const why = { digest: seen, reason: 'now' }
      if (way === 'approved') await as('cat').requests.approve(id, { digest: seen })
      else if (way === 'bypassed') await as('cat').requests.bypass(id, why)
      else await as('cat').requests.breakGlass(id, { ...why, incident: 'INC-7' })
      for (let more = 1; more < outcomes.length; more++) await tick()
      state.blind = false
      return id
    },
    /** What was sent last and not refused lands now. */
    land() {
      state.rate = sent.at(-1) ?? state.rate
    },
    history: async () =>
      (await as('ann').resources.history(base)).map(({ author, request, message }) => ({ author, request, message })),
  }
}

const eight = (attempt: Attempt) => Array<Attempt>(8).fill(attempt)

describe.each(storages)('[FA-09] a write that comes late, on $name', ({ open }) => {
  it('[FA-09] leaves the review of a broken glass owed, and is on record as what it is once it is there', async () => {
    const b = await bank(open())
    const id = await b.send('broken', 3, ...eight('thrown'))
    const failed = await b.as('ann').requests.get(id)
    expect(failed).toMatchObject({ status: 'failed', mayLand: true, failure: { code: 'host_failed' } })
    expect(await b.as('ben').requests.followUps()).toMatchObject([{ by: 'cat', request: id }])
    b.land()
    expect((await b.as('ann').resources.get(b.base))?.document).toEqual({ percent: 3 })
    expect(await b.history()).toEqual([
      {
        author: 'countersign',
        request: id,
        message: `found in the host: the write of request ${id}, which had failed, landed late; cat had sent it by breaking the glass for INC-7`,
      },
      { author: 'countersign', request: undefined, message: 'found in the host' },
    ])
    await b.as('ben').requests.followUp(id, { digest: failed.digest, reason: 'it did burn' })
    expect(await b.as('ben').requests.followUps()).toEqual([])
    expect((await b.as('zoe').audit.verify()).problems).toEqual([])
  })
})

describe('[FA-09] what may still land', () => {
  it('[FA-09] is forgotten only if every attempt was refused, however the approvals were passed by', async () => {
    const outcomes = fc.array(fc.constantFrom(...attempts), { minLength: 7, maxLength: 7 })
    const last = fc.constantFrom('refused', 'thrown', 'silent' as const)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ways), outcomes, last, fc.boolean(), async (way, first, then, mixed) => {
        const b = await bank(memoryStorage())
        const all: readonly Attempt[] = [...(mixed ? first : first.map(() => 'refused' as const)), then]
        const id = await b.send(way, 3, ...all)
        while ((await b.as('ann').requests.get(id)).status === 'applying') await b.tick()
        const request = await b.as('ann').requests.get(id)
        if (request.status === 'applied') return expect(all).toContain('unreadable')
        const mayLand = all.some((attempt) => attempt !== 'refused')
        expect(request).toMatchObject({ status: 'failed', failure: { code: 'host_failed' } })
        expect(request.mayLand ?? false).toBe(mayLand)
        expect(request.bypassedBy).toBe(way === 'bypassed' && mayLand ? 'cat' : undefined)
        expect(await b.as('ann').requests.followUps()).toHaveLength(way === 'broken' && mayLand ? 1 : 0)
        b.land()
        const [newest] = (await b.as('ann').resources.get(b.base)) ? await b.history() : []
        expect(newest?.request).toBe(mayLand ? id : undefined)
        expect((await b.as('zoe').audit.verify()).problems).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('[FA-09] is attributed after it was given up, and says that it was made against an older revision', async () => {
    const b = await bank(memoryStorage())
    const id = await b.send('bypassed', 3, 'silent')
    await b.as('ann').requests.abandon(id, { reason: 'enough' })
    expect((await b.as('ann').requests.get(id)).mayLand).toBe(true)
    const other = await b.send('approved', 5)
    expect((await b.as('ann').requests.get(other)).status).toBe('applied')
    b.land()
    await b.as('ann').resources.get(b.base)
    const [late] = await b.history()
    expect(late).toMatchObject({ author: 'countersign', request: id })
    expect(late?.message).toContain('cat had sent it without the approvals that it needed')
    expect(late?.message).toContain('made against revision 1')
    b.state.rate = { percent: 1 }
    await b.as('ann').resources.get(b.base)
    b.land()
    await b.as('ann').resources.get(b.base)
    expect((await b.history())[0]).toMatchObject({ request: undefined, message: 'found in the host' })
  })

  it('[FA-09] keeps nobody from trying again, and what was refused then says nothing of what was sent before', async () => {
    const b = await bank(memoryStorage())
    const id = await b.send('approved', 3, ...eight('thrown'))
    const moods = eight('refused')
    await b.send('approved', 4, ...moods)
    await b.as('ann').requests.apply(id)
    expect((await b.as('ann').requests.get(id)).status).toBe('applied')
    expect((await b.as('ann').requests.get(id)).mayLand).toBeUndefined()
    expect(await refusal(b.as('ann').requests.apply(id))).toBe('not_open')
  })
})
