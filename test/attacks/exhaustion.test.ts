import { describe, expect, it } from 'vitest'
import { createApprovals, type Notice, type Storage, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { flags, pending, refusal, rollout, start, storages, world } from '../world.ts'

const hour = 60 * 60 * 1000

/** A tenant with admins, a clock, and somebody who tries what they may not. */
async function flooded(storage: Storage, users: Readonly<Record<string, readonly string[]>> = {}) {
  const delivered: Notice[] = []
  let time = start
  const process = () =>
    createApprovals({
      storage,
      resources: [flags],
      directory: staticDirectory({ ann: [], ben: ['lead'], zoe: ['admin'], yan: ['admin'], eve: [], ...users }),
      admins: { roles: ['admin'] },
      notices: { submitted: ['approvers', 'admins'] },
      notifiers: [
        {
          name: 'kept',
          deliver: async (notice) => {
            delivered.push(notice)
          },
        },
      ],
      now: () => time,
    })
  const approvals = process()
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  await as('zoe').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
  const request = pending(await as('ann').submit(flags.ref('a'), { value: { enabled: true, rollout: 1 } }))
  const attempt = (from: typeof approvals = approvals, user = 'eve') =>
    refusal(from.as({ tenant: 'acme', user }).requests.approve(request.id, { digest: request.digest }))
  const count = async () => {
    const { records } = await storage.list({
      collection: 'events',
      index: 'key',
      where: ['acme', 'refusals/eve'],
      order: 'ascending',
      limit: 1_000,
    })
    return records.map(({ value }) => value['event'] as { readonly type: string; readonly counted?: object })
  }
  return {
    approvals,
    process,
    as,
    attempt,
    request,
    delivered,
    count,
    pass: (milliseconds: number) => {
      time += milliseconds
    },
  }
}

describe.each(storages)('somebody who is refused again and again, on $name,', ({ open }) => {
  it('[O13] fills no log: a hundred an hour are recorded, the rest is counted, and the answer stays the same', async () => {
    const storage = open()
    const { attempt, count, pass, approvals, as, delivered } = await flooded(storage)
    for (let index = 0; index < 120; index++) expect(await attempt()).toBe('not_an_approver')
    expect(await count()).toHaveLength(100)
    expect(await refusal(as('eve').requests.approve('nothing', { digest: `sha256:${'0'.repeat(64)}` }))).toBe(
      'unknown_request',
    )
    expect(await attempt(approvals, 'ann')).toBe('self_approval')
    await approvals.tick()
    expect(await count()).toHaveLength(100)
    expect(delivered.filter(({ type }) => type === 'refusals_counted')).toEqual([
      expect.objectContaining({ to: ['zoe', 'yan'], by: 'eve' }),
    ])
    pass(hour)
    await approvals.tick()
    await approvals.tick()
    expect((await count()).slice(100)).toEqual([
      {
        type: 'refusals_counted',
        by: 'eve',
        at: start + hour,
        from: start,
        until: start + hour,
        counted: { not_an_approver: 20, unknown_request: 1 },
      },
    ])
    expect(await attempt()).toBe('not_an_approver')
    expect(await count()).toHaveLength(102)
    expect(await as('zoe').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })

  it('[O13] is counted exactly, in whichever processes they try at once', async () => {
    const { attempt, count, process, pass, approvals, as } = await flooded(open())
    for (let index = 0; index < 95; index++) await attempt()
    const [one, two, three] = [process(), process(), process()]
    const tried = [one, two, three].flatMap((from) => Array.from({ length: 10 }, () => attempt(from)))
    expect(new Set(await Promise.all(tried))).toEqual(new Set(['not_an_approver']))
    expect(await count()).toHaveLength(100)
    pass(hour)
    // Without a tick the next refusal states the count.
    await attempt()
    const [stated, next] = (await count()).slice(100)
    expect(stated).toMatchObject({ type: 'refusals_counted', counted: { not_an_approver: 25 } })
    expect(next).toMatchObject({ type: 'refused' })
    await approvals.tick()
    expect(await count()).toHaveLength(102)
    expect(await as('zoe').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })
})

describe('what grows', () => {
  it('[M4] tells a thousand people of a request at most, those whom a policy names among them', async () => {
    const leads = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`lead-${index}`, ['lead']]))
    const { as, approvals, delivered } = await flooded(memoryStorage(), { ...leads, last: ['lead'] })
    const from = { users: ['last'], roles: ['lead'] }
    await as('zoe').policies.save({ id: 'p', match: {}, require: { quorum: 1, from } })
    const { id, digest } = pending(await as('ann').submit(flags.ref('b'), { value: { enabled: true, rollout: 1 } }))
    await approvals.tick()
    const told = delivered.find((notice) => notice.type === 'submitted' && notice.request === id)?.to ?? []
    expect(told).toHaveLength(1_000)
    expect(told).toContain('last')
    expect(told).not.toContain('lead-9999')
    const { request } = await as('lead-9999').requests.approve(id, { digest })
    expect(request.status).toBe('applied')
    await as('zoe').workflow.disable()
    await approvals.tick()
    expect(delivered.find(({ type }) => type === 'workflow_off')?.to).toHaveLength(1_000)
  })

  it('[M4] gives lists page by page, and no page that is too long', async () => {
    const w = world(memoryStorage())
    const ref = await w.flag('checkout')
    const ann = w.as('ann')
    const lists: readonly (readonly [number, (limit: number) => Promise<unknown>])[] = [
      [200, (limit) => ann.resources.history(ref, { limit })],
      [500, (limit) => ann.audit.events({ settings: true, limit })],
      [200, (limit) => ann.requests.list({ limit })],
    ]
    for (const [most, list] of lists) {
      await list(most)
      for (const wrong of [0, -1, 1.5, Number.NaN, most + 1, 1e9, '10' as never]) {
        expect(await refusal(list(wrong)), `${most} ${wrong}`).toBe('invalid_input')
      }
    }
  })
})

describe.each(storages)('an id on $name', ({ open }) => {
  it('[M7] of a request is made here: nobody chooses one, and one that is made twice replaces nothing', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const first = pending(await w.as('ann').submit(ref, rollout(80), { reason: 'first' }))
    for (const options of [{ id: 'request-2' }, { request: 'request-2' }]) {
      expect(await refusal(w.as('eve').submit(ref, rollout(1), options as never))).toBe('invalid_input')
    }
    const again = world(storage)
    const { id } = pending(await again.as('eve').submit(ref, rollout(10)))
    expect(id).not.toBe(first.id)
    expect(await w.as('ann').requests.get(first.id)).toMatchObject({ requester: 'ann', reason: 'first' })
  })

  it('[M7] of a command is its actor’s: nobody takes the key of another, and nobody ends what another has begun', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy()
    const idempotencyKey = 'order-4711'
    const squatted = pending(await w.as('eve').submit(ref, { merge: { rollout: 1 } }, { idempotencyKey }))
    const own = pending(await w.as('ann').submit(ref, { merge: { rollout: 80 } }, { idempotencyKey }))
    expect(own).toMatchObject({ requester: 'ann' })
    expect(own.id).not.toBe(squatted.id)
    expect(pending(await w.as('ann').submit(ref, { merge: { rollout: 80 } }, { idempotencyKey })).id).toBe(own.id)
    for (const user of ['eve', 'ben', 'dan']) {
      expect(await refusal(w.as(user).requests.cancel(own.id))).toBe('not_the_requester')
      expect(await refusal(w.as(user, { tenant: 'rival' }).requests.cancel(own.id))).toBe('unknown_request')
    }
    const draft = await w.as('ann').draft(ref, rollout(70))
    expect(await refusal(w.as('eve').requests.cancel(draft.id))).toBe('not_the_requester')
    expect((await w.as('ann').requests.cancel(own.id)).request.status).toBe('cancelled')
  })
})
