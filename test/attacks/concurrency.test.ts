import { describe, expect, it } from 'vitest'
import { ApprovalError } from '../../src/errors/approval-error.ts'
import { refuse } from '../../src/errors/result.ts'
import { isApprovalError, type Storage } from '../../src/index.ts'
import { day, pending, refusal, rollout, storages, world } from '../world.ts'

const names = Array.from({ length: 32 }, (_, index) => `lead-${index}`)
const crowd = Object.fromEntries([['ann', []], ...names.map((name) => [name, ['lead']])])

describe.each(storages)('many at once on $name', ({ open }) => {
  it('[G1] applies once, however many ask for it at once', async () => {
    const storage = open()
    const [w, other] = [world(storage, crowd), world(storage, crowd)]
    const ref = await w.flag('checkout')
    await w.policy({ rules: { apply: 'by_hand' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('lead-0').requests.approve(request.id, { digest: request.digest })

    const results = await Promise.allSettled(
      names.map((name, index) => (index % 2 ? w : other).as(name).requests.apply(request.id)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(isApprovalError(result.reason) && result.reason.code).toBe('not_open')
    }
    expect((await w.as('ann').resources.history(ref)).map(({ number }) => number)).toEqual([2, 1])
    const notices = (await w.notices()).filter(({ type }) => type === 'applied')
    expect(notices).toHaveLength(1)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[G2] keeps every vote of many who vote at once, and applies at the quorum', async () => {
    const storage = open()
    const [w, other] = [world(storage, crowd), world(storage, crowd)]
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: names.length, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const half = names.length / 2
    await Promise.all(
      names.slice(0, half).map((name) => w.as(name).requests.approve(request.id, { digest: request.digest })),
    )
    expect((await w.as('ann').requests.get(request.id)).reviews.map(({ by }) => by).toSorted()).toEqual(
      names.slice(0, half).toSorted(),
    )
    await Promise.all(
      names
        .slice(half)
        .map((name, index) =>
          (index % 2 ? w : other).as(name).requests.approve(request.id, { digest: request.digest }),
        ),
    )
    const after = await w.as('ann').requests.get(request.id)
    expect(after.status).toBe('applied')
    expect(after.reviews.map(({ by }) => by).toSorted()).toEqual(names.toSorted())
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[G3] lets one of two opposite verbs win, and tells the loser', async () => {
    for (const verb of ['reject', 'cancel', 'expire'] as const) {
      const w = world(open())
      const ref = await w.flag('checkout')
      await w.policy({ rules: { cancel: 'any_time' } })
      const request = pending(await w.as('ann').submit(ref, rollout(80)))
      const seen = request.digest
      if (verb === 'expire') w.pass(14 * day)
      const rival = {
        reject: () => w.as('cat').requests.reject(request.id, { digest: seen, reason: 'no' }),
        cancel: () => w.as('ann').requests.cancel(request.id),
        expire: () => w.approvals.tick(),
      }[verb]
      const [approval] = await Promise.allSettled([w.as('ben').requests.approve(request.id, { digest: seen }), rival()])
      const { status } = await w.as('ann').requests.get(request.id)
      expect(status).toBe(
        approval.status === 'fulfilled'
          ? 'applied'
          : { reject: 'rejected', cancel: 'cancelled', expire: 'expired' }[verb],
      )
      expect((await w.as('ann').audit.verify()).problems).toEqual([])
    }
  })

  it('[G9] decides anew on fresh facts when a fact moved before the commit, a bounded number of times', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))

    let rejected = false
    const overtaken: Storage = {
      ...storage,
      async commit(writes, effect) {
        if (!rejected && writes.some(({ type }) => type === 'replace')) {
          rejected = true
          await w.as('cat').requests.reject(request.id, { digest: request.digest, reason: 'first' })
        }
        return await storage.commit(writes, effect)
      },
    }
    expect(await refusal(world(overtaken).as('ben').requests.approve(request.id, { digest: request.digest }))).toBe(
      'not_open',
    )
    expect(rejected).toBe(true)
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)

    let commits = 0
    const alwaysBusy: Storage = {
      ...storage,
      async commit() {
        commits++
        throw new ApprovalError(refuse('version_conflict', { collection: 'requests', key: 'any' }).refusal)
      },
    }
    expect(await refusal(world(alwaysBusy).as('ann').submit(ref, rollout(81)))).toBe('contention')
    expect(commits).toBe(12)
  })

  it('[G5] applies nothing on policies that changed between the decision and the commit', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    let tightened = false
    const overtaken: Storage = {
      ...storage,
      async commit(writes, effect) {
        if (!tightened) {
          tightened = true
          await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
        }
        return await storage.commit(writes, effect)
      },
    }
    const { request: after } = await world(overtaken).as('ben').requests.approve(request.id, { digest: request.digest })
    expect(after.status).toBe('pending')
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)
  })
})

describe.each(storages)('deadlines on $name', ({ open }) => {
  it('[H1] refuses to approve and to apply after the deadline, with no sweep at all', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { apply: 'by_hand', expiresAfter: '2d' } })
    const approved = pending(await w.as('ann').submit(ref, rollout(80)))
    const waiting = pending(await w.as('ann').submit(ref, rollout(90)))
    await w.as('ben').requests.approve(approved.id, { digest: approved.digest })
    w.pass(2 * day)
    expect(await refusal(w.as('ann').requests.apply(approved.id))).toBe('expired')
    expect(await refusal(w.as('ben').requests.approve(waiting.id, { digest: waiting.digest }))).toBe('expired')
    expect(await refusal(w.as('ben').requests.reject(waiting.id, { digest: waiting.digest, reason: 'no' }))).toBe(
      'expired',
    )
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)
  })

  it.each([
    ['one millisecond before the deadline', -1, 'applied'],
    ['on the deadline', 0, 'expired'],
    ['one millisecond after it', 1, 'expired'],
  ] as const)('[H2] %s', async (_when, offset, expected) => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { expiresAfter: '1d' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    w.pass(day + offset)
    const [approval] = await Promise.allSettled([
      w.as('ben').requests.approve(request.id, { digest: request.digest }),
      w.approvals.tick(),
    ])
    expect(approval.status).toBe(expected === 'applied' ? 'fulfilled' : 'rejected')
    expect((await w.as('ann').requests.get(request.id)).status).toBe(expected)
  })
})
