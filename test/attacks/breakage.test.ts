import Database from 'better-sqlite3'
import { describe, expect, it, vi } from 'vitest'
import { identifierProblem } from '../../src/core/identifier.ts'
import { createApprovals, type Notice, type Storage, staticDirectory } from '../../src/index.ts'
import type { RecordKey } from '../../src/ports/storage.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { flags, pending, refusal, rollout, start, storages, world } from '../world.ts'

const hour = 60 * 60 * 1000

/** A storage that reads as it stood before, for so many reads, like a replica that lags behind. */
function lagging(
  storage: Storage,
  then: ReadonlyMap<string, Awaited<ReturnType<Storage['get']>>[number]>,
  reads: number,
): Storage {
  let left = reads
  return {
    ...storage,
    async get(keys) {
      if (left-- <= 0) return await storage.get(keys)
      const now = await storage.get(keys)
      return keys.map((key, at) => (then.has(JSON.stringify(key)) ? then.get(JSON.stringify(key)) : now[at]))
    },
  }
}

async function remembered(storage: Storage, ...keys: readonly RecordKey[]) {
  const records = await storage.get(keys)
  return new Map(keys.map((key, at) => [JSON.stringify(key), records[at]]))
}

describe.each(storages)('what is out of date, on $name', ({ open }) => {
  async function approvedBehindItsBack() {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy({ rules: { apply: 'by_hand', cancel: 'any_time' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    const old = await remembered(storage, { collection: 'requests', key: ['acme', request.id] })
    await w.as('ann').requests.cancel(request.id)
    return { storage, w, ref, request, old }
  }

  it('[P5] decides anew where it has decided on what a replica still said', async () => {
    const { storage, w, ref, request, old } = await approvedBehindItsBack()
    const behind = world(lagging(storage, old, 3))
    expect(await refusal(behind.as('ann').requests.apply(request.id))).toBe('not_open')
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[G14, P5] writes nothing on a version that is not the one any more, however often it is tried', async () => {
    const { storage, w, ref, request, old } = await approvedBehindItsBack()
    const behind = world(lagging(storage, old, Number.POSITIVE_INFINITY))
    const { id, digest: seen } = request
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => behind.as('ann').requests.apply(id),
      () => behind.as('cat').requests.reject(id, { digest: seen, reason: 'no' }),
    ]
    for (const attempt of attempts) expect(await refusal(attempt())).toBe('contention')
    expect((await w.as('ann').requests.get(id)).status).toBe('cancelled')
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('lets a worker that was taken for dead, and whose notice another one has delivered, finish nothing of it', async () => {
    const storage = open()
    let now = start
    const delivered: Notice[] = []
    const worker = (deliver: (notice: Notice) => Promise<void>) =>
      createApprovals({
        storage,
        resources: [flags],
        directory: staticDirectory({ ann: [], ben: ['lead'] }),
        admins: 'anyone',
        notifiers: [{ name: 'mail', deliver }],
        now: () => now,
      })
    let wake = () => {}
    const asleep = new Promise<void>((resolve) => {
      wake = resolve
    })
    let stalls = () => {}
    const stalled = new Promise<void>((resolve) => {
      stalls = resolve
    })
    const first = worker(async () => {
      stalls()
      await asleep
    })
    const second = worker(async (notice) => void delivered.push(notice))
    const ann = second.as({ tenant: 'acme', user: 'ann' })
    await ann.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    await ann.submit(flags.ref('checkout'), { value: { enabled: true, rollout: 1 } })

    const late = first.tick()
    await stalled
    expect((await second.tick()).delivered).toBe(0)
    now += hour
    expect((await second.tick()).delivered).toBe(1)
    wake()
    expect((await late).delivered).toBe(0)
    expect((await second.tick()).delivered).toBe(0)
    expect(delivered.map(({ type }) => type)).toEqual(['submitted'])
  })

  it('[G13] needs no queue to be right: nobody waits for anybody, and nothing is lost or done twice', async () => {
    const names = Array.from({ length: 8 }, (_, at) => `lead-${at}`)
    const crowd = Object.fromEntries([['ann', []], ...names.map((name) => [name, ['lead']])])
    const storage = open()
    const w = world(storage, crowd)
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: names.length, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const alone = (name: string) =>
      world(storage, crowd).as(name).requests.approve(request.id, { digest: request.digest })
    for (let left = names; left.length > 0; ) {
      const results = await Promise.allSettled(left.map(alone))
      left = left.filter((_, at) => results[at]?.status === 'rejected')
    }
    const after = await w.as('ann').requests.get(request.id)
    expect(after.reviews.map(({ by }) => by).toSorted()).toEqual(names.toSorted())
    expect(after.status).toBe('applied')
    expect((await w.as('ann').resources.history(ref)).map(({ number }) => number)).toEqual([2, 1])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[O2] links 64 events that are added at once into one chain', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const desks = Array.from({ length: 4 }, () => world(storage))
    const results = await Promise.allSettled(
      Array.from({ length: 64 }, (_, at) => desks[at % 4]?.as('eve').requests.comment(request.id, `comment ${at}`)),
    )
    const kept = results.filter(({ status }) => status === 'fulfilled').length
    const events = await w.as('ann').audit.events({ request: request.id })
    expect(events).toHaveLength(kept + 1)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1))
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})

it('[O3, P6] gives one effect to what is sent again after a backup was restored, and says that the log has lost its end', async () => {
  const database = new Database(':memory:')
  const w = world(sqliteStorage(database))
  const ref = await w.flag('checkout')
  await w.policy({ when: { type: 'any_change', field: '/description' } })
  const [change, next] = [{ merge: { rollout: 80 } }, { merge: { rollout: 81 } }]
  const first = await w.as('ann').submit(ref, change, { idempotencyKey: 'first' })
  const backup = database.serialize()
  await w.as('ann').submit(ref, next, { idempotencyKey: 'second' })
  await w.approvals.tick()
  const checkpoint = await w.as('ann').audit.checkpoint()
  if (!checkpoint) throw new TypeError('There is no checkpoint.')

  const restored = world(sqliteStorage(new Database(backup)))
  expect(await restored.as('ann').submit(ref, change, { idempotencyKey: 'first' })).toEqual(first)
  expect((await restored.as('ann').audit.verify()).problems).toEqual([])
  expect((await restored.as('ann').audit.verify({ checkpoint })).ok).toBe(false)
  const resent = await restored.as('ann').submit(ref, next, { idempotencyKey: 'second' })
  expect(resent).toMatchObject({ status: 'applied', revision: 3 })
  expect((await restored.as('ann').resources.history(ref)).map(({ number }) => number)).toEqual([3, 2, 1])
})

it('answers that the storage failed when it does not answer at all', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const storage = memoryStorage()
    const ref = await world(storage).flag('checkout')
    let silent = true
    const deaf: Storage = { ...storage, get: (keys) => (silent ? new Promise(() => {}) : storage.get(keys)) }
    const w = world(deaf)
    const [code] = await Promise.all([
      refusal(w.as('ann').submit(ref, rollout(80))),
      vi.advanceTimersByTimeAsync(60_000),
    ])
    expect(code).toBe('storage_failed')
    silent = false
    expect((await w.as('ann').submit(ref, rollout(80))).status).toBe('applied')
  } finally {
    vi.useRealTimers()
  }
})

describe.each(storages)('what belongs to something else, on $name', ({ open }) => {
  async function two() {
    const w = world(open())
    const [one, other] = [await w.flag('one'), await w.flag('other')]
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const first = pending(await w.as('ann').submit(one, rollout(80)))
    const second = pending(await w.as('ann').submit(other, rollout(81)))
    return { w, one, other, first, second }
  }

  it('[I6] takes no cursor of another tenant or list, and none that was edited or cut off', async () => {
    const { w } = await two()
    const { next = '' } = await w.as('ann').requests.list({ limit: 1 })
    expect((await w.as('ann').requests.list({ limit: 1, after: next })).requests).toHaveLength(1)
    const at = JSON.parse(decodeURIComponent(atob(next)))
    const forged = btoa(encodeURIComponent(JSON.stringify({ ...at, position: [0, 'a'] })))
    for (const after of [next.slice(0, -4), next.slice(4), forged, `${next}x`, '', 'null'])
      expect(await refusal(w.as('ann').requests.list({ limit: 1, after })), after).toBe('invalid_input')
    expect(await refusal(w.as('ann', { tenant: 'other' }).requests.list({ after: next }))).toBe('invalid_input')
    expect(await refusal(w.as('ann').requests.list({ after: next, status: 'pending' }))).toBe('invalid_input')
    expect(await refusal(w.as('ann').requests.list({ after: next, project: 'web' }))).toBe('invalid_input')
  })

  it('[I9] takes nothing of one request for another one’s: no digest, no conflict, no resource', async () => {
    const { w, one, other, first, second } = await two()
    expect(await refusal(w.as('ben').requests.approve(first.id, { digest: second.digest }))).toBe('digest_mismatch')
    expect(await refusal(w.as('ben').requests.reject(first.id, { digest: second.digest, reason: 'no' }))).toBe(
      'digest_mismatch',
    )
    expect(await refusal(w.as('ann').requests.edit(first.id, other, rollout(70)))).toMatch(/^(unknown|not|invalid)_/)

    await w.as('ann').policies.remove('reviewed')
    for (const ref of [one, other]) await w.as('eve').submit(ref, rollout(60))
    await w.policy()
    for (const { id } of [first, second]) await w.as('ann').requests.rebase(id)
    const conflictsOf = async (id: string) =>
      (await w.as('ann').requests.get(id)).changes.flatMap(({ conflicts }) => conflicts.map(({ digest }) => digest))
    const [own, foreign] = [await conflictsOf(first.id), await conflictsOf(second.id)]
    expect([own.length, foreign.length]).toEqual([1, 1])
    expect(foreign).not.toEqual(own)
    const answers = foreign.map((conflict) => ({ conflict, take: 'draft' as const }))
    expect(await refusal(w.as('ann').requests.resolve(first.id, answers))).toBe('invalid_resolution')
  })
})

describe('names', () => {
  it('[L1] are kept as they are or refused: no character makes two ids one', () => {
    const { approvals } = world(memoryStorage())
    const known = new Set<string>()
    const collisions: string[] = []
    for (let point = 0; point <= 0x10_ff_ff; point++) {
      const user = `a${String.fromCodePoint(point)}b`
      if (identifierProblem(user) !== undefined) continue
      for (const form of new Set([user.normalize('NFC'), user.normalize('NFD')])) {
        if (known.has(form)) collisions.push(user)
        known.add(form)
      }
    }
    expect(collisions).toEqual([])
    expect(known.size).toBeGreaterThan(100_000)
    for (const user of ['a\u212ab', 'a\u0301b', 'a\u200bb'])
      expect(() => approvals.as({ tenant: 'acme', user })).toThrow('user')
  })
})

describe.each(storages)('names that look alike, on $name', ({ open }) => {
  it('[L2, L4] are different people in every verb, whatever case, accents and blanks they have', async () => {
    const look = ['Ann', 'ANN', 'an\u0148', 'ann.']
    const leads = ['Ben', 'b\u00e9n', 'ben-', '\u017fam', 'sam']
    const w = world(
      open(),
      Object.fromEntries([['ann', []], ...look.map((id) => [id, []]), ...leads.map((id) => [id, ['lead']])]),
    )
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: leads.length, from: { roles: ['lead'] } }, rules: { cancel: 'any_time' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const { id, digest: seen } = request
    for (const other of look) {
      expect(await refusal(w.as(other).requests.cancel(id)), other).toBe('not_the_requester')
      expect(await refusal(w.as(other).requests.approve(id, { digest: seen })), other).toBe('not_an_approver')
    }
    expect(await refusal(w.as('ben').requests.approve(id, { digest: seen }))).toBe('unknown_actor')
    for (const lead of leads) await w.as(lead).requests.approve(id, { digest: seen })
    expect((await w.as('ann').requests.get(id)).status).toBe('applied')
    expect(
      await refusal(
        w.as('ann').policies.save({ id: 'x', match: {}, require: { quorum: 1, from: { roles: ['Lead'] } } }),
      ),
    ).toBe('invalid_policy')
  })
})
