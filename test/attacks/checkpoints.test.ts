import { describe, expect, it } from 'vitest'
import { link } from '../../src/core/log/event-chain.ts'
import type { JsonObject, Storage } from '../../src/index.ts'
import type { RecordKey, StoredRecord, Write } from '../../src/ports/storage.ts'
import { storages } from '../storages.ts'
import { pending, refusal, rollout, type World, world } from '../world.ts'

const tables = ['requests', 'contents', 'targets', 'resources', 'revisions', 'events', 'streams'] as const
type Table = (typeof tables)[number] | 'seals' | 'checkpoints' | 'unsealed'

/** A tenant with two requests, everything about which is sealed. */
async function sealedTenant(storage: Storage) {
  const w = world(storage)
  const ref = await w.flag('checkout')
  await w.policy()
  const first = pending(await w.as('ann').submit(ref, rollout(80)))
  await w.as('ben').requests.approve(first.id, { digest: first.digest })
  await w.approvals.tick()
  const second = pending(await w.as('ann').submit(ref, rollout(90)))
  await w.as('cat').requests.reject(second.id, { digest: second.digest, reason: 'no' })
  await w.approvals.tick()
  return { w, ref, first: first.id, second: second.id }
}

async function recordsOf(storage: Storage, collection: Table): Promise<readonly StoredRecord[]> {
  const query = { collection, index: 'key', where: ['acme'], order: 'ascending', limit: 500 } as const
  return (await storage.list(query)).records
}

/** Takes every record away that a rule picks, as somebody could who may write to the database. */
async function erase(storage: Storage, collection: Table, picks: (value: JsonObject) => boolean): Promise<void> {
  const keys = {
    requests: ['tenant', 'id'],
    contents: ['tenant', 'request', 'edition'],
    targets: ['tenant', 'type', 'id', 'request'],
    resources: ['tenant', 'type', 'id'],
    revisions: ['tenant', 'type', 'id', 'number'],
    events: ['tenant', 'stream', 'seq'],
    streams: ['tenant', 'stream'],
    seals: ['tenant', 'place'],
    checkpoints: ['tenant', 'number'],
    unsealed: ['tenant', 'stream', 'seq'],
  }[collection]
  const gone = (await recordsOf(storage, collection)).filter(({ value }) => picks(value))
  const key = (value: JsonObject) => keys.map((name) => value[name]) as RecordKey['key']
  await storage.commit(
    gone.map(({ version, value }): Write => ({ type: 'remove', collection, key: key(value), expected: version })),
  )
}

async function replace(storage: Storage, collection: Table, to: (value: JsonObject) => JsonObject): Promise<void> {
  const records = await recordsOf(storage, collection)
  const changed = records.filter(({ value }) => JSON.stringify(to(value)) !== JSON.stringify(value))
  expect(changed.length, collection).toBeGreaterThan(0)
  await storage.commit(
    changed.map(({ version, value }): Write => ({ type: 'replace', collection, value: to(value), expected: version })),
  )
}

const problemsOf = async (w: World) => (await w.as('dan').audit.verify()).problems

describe.each(storages)('checkpoints on $name', ({ open }) => {
  it('[O1] find a request that was taken away with everything that ever spoke of it', async () => {
    const storage = open()
    const { w, second } = await sealedTenant(storage)
    expect(await w.as('dan').audit.verify()).toMatchObject({ ok: true, checkpoints: 2, problems: [] })
    await erase(storage, 'events', ({ stream }) => stream === `request/${second}`)
    for (const table of ['contents', 'targets'] as const) {
      await erase(storage, table, ({ request }) => request === second)
    }
    await erase(storage, 'requests', ({ id }) => id === second)
    expect(await problemsOf(w)).toEqual([
      {
        stream: `request/${second}`,
        problem: 'a checkpoint sealed event 2, the record is missing, and all of its events are missing',
      },
    ])
  })

  it('[O1] find a tail that was cut off with the record that said where the stream ends', async () => {
    const storage = open()
    const { w, second } = await sealedTenant(storage)
    await erase(storage, 'events', ({ stream, seq }) => stream === `request/${second}` && seq === 2)
    const begin = (await w.as('dan').audit.events({ request: second }))[0]
    await replace(storage, 'requests', (value) =>
      value['id'] === second ? { ...value, head: { seq: 1, hash: begin?.hash ?? '' } } : value,
    )
    const found = (await problemsOf(w)).map(({ problem }) => problem)
    expect(found).toContain('the stream ends at event 1, and a checkpoint sealed 2')
  })

  it('[O4] find a stream that was written anew, with every later hash and its head', async () => {
    const storage = open()
    const { w } = await sealedTenant(storage)
    const [saved] = await w.as('dan').audit.events({ settings: true })
    const event = { ...saved?.event, by: 'eve' }
    const forged = link('acme', 'settings', { seq: 0, hash: '' }, event)
    await replace(storage, 'events', (value) =>
      value['stream'] === 'settings' ? (forged as unknown as JsonObject) : value,
    )
    const [set] = await storage.get([{ collection: 'policySets', key: ['acme'] }])
    await storage.commit([
      {
        type: 'replace',
        collection: 'policySets',
        value: { ...set?.value, head: { seq: 1, hash: forged.hash } },
        expected: set?.version ?? 0,
      },
    ])
    expect(await problemsOf(w)).toEqual([
      { stream: 'settings', seq: 1, problem: 'the event is not the one that a checkpoint sealed' },
    ])
  })

  it('[O4] are found out themselves: changed, missing, without their seals, or cut off', async () => {
    const attempts: readonly ((storage: Storage) => Promise<void>)[] = [
      (storage) => replace(storage, 'checkpoints', (value) => (value['number'] === 1 ? { ...value, at: 1 } : value)),
      (storage) => replace(storage, 'seals', (value) => (value['place'] === 0 ? { ...value, seq: 9 } : value)),
      (storage) => erase(storage, 'seals', ({ place }) => place === 0),
      (storage) => erase(storage, 'checkpoints', ({ number }) => number === 1),
      (storage) => erase(storage, 'checkpoints', ({ number }) => number === 2),
      (storage) => erase(storage, 'checkpoints', () => true),
    ]
    for (const attempt of attempts) {
      const storage = open()
      const { w } = await sealedTenant(storage)
      await attempt(storage)
      const problems = await problemsOf(w)
      expect(problems.filter(({ stream }) => stream === 'checkpoints').length).toBeGreaterThan(0)
    }
  })

  it('[O1] find the whole end of the log cut off, its checkpoints too, where one was kept elsewhere', async () => {
    const storage = open()
    const { w, second } = await sealedTenant(storage)
    const kept = await w.as('dan').audit.checkpoint()
    expect(kept).toMatchObject({ tenant: 'acme', number: 2 })
    if (!kept) return
    expect(await w.as('dan').audit.verify({ checkpoint: kept })).toMatchObject({ ok: true })
    const [first] = await recordsOf(storage, 'checkpoints')
    await erase(storage, 'events', ({ stream }) => stream === `request/${second}`)
    for (const table of ['contents', 'targets'] as const) {
      await erase(storage, table, ({ request }) => request === second)
    }
    await erase(storage, 'requests', ({ id }) => id === second)
    await erase(storage, 'checkpoints', ({ number }) => number === 2)
    await erase(storage, 'seals', ({ place }) => Number(place) >= Number(first?.value['size']))
    expect(await problemsOf(w)).toEqual([])
    expect((await w.as('dan').audit.verify({ checkpoint: kept })).problems).toEqual([
      { stream: 'checkpoints', problem: 'the log does not go on from checkpoint 2, which was kept elsewhere' },
    ])
    expect(await refusal(w.as('dan').audit.verify({ chekpoint: kept } as never))).toBe('invalid_input')
  })

  it('[O9] go by the order of what happened, also where the clock goes back', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.approvals.tick()
    w.pass(-60_000)
    await w.as('eve').requests.comment(id, 'earlier, and yet later')
    w.pass(-60_000)
    await w.as('ben').requests.approve(id, { digest })
    expect((await w.approvals.tick()).sealed).toBe(1)
    const events = await w.as('dan').audit.events({ request: id })
    expect(events.map(({ seq, event }) => [seq, event['type']])).toEqual([
      [1, 'submitted'],
      [2, 'commented'],
      [3, 'approved'],
    ])
    expect(events.map(({ event }) => Number(event['at']) - w.now())).toEqual([120_000, 60_000, 0])
    expect(await w.as('dan').audit.verify()).toMatchObject({ ok: true, checkpoints: 2 })
    expect(await recordsOf(storage, 'unsealed')).toEqual([])
  })

  it('[O6] go on from the true end after a process died in the middle of a command', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const { id } = pending(await w.as('ann').submit(ref, rollout(80)))
    for (const moment of ['before', 'after'] as const) {
      const dying: Storage = {
        ...storage,
        async commit(writes, effect) {
          if (moment === 'after') await storage.commit(writes, effect)
          throw new RangeError('the process died')
        },
      }
      const doomed = world(dying)
      await expect(doomed.as('eve').requests.comment(id, moment)).rejects.toThrow('the process died')
      await expect(doomed.as('eve').requests.approve(id, { digest: `sha256:${'0'.repeat(64)}` })).rejects.toThrow(
        'the process died',
      )
      await w.as('ann').requests.comment(id, `back, ${moment}`)
      await doomed.approvals.tick().catch(() => {})
      await w.approvals.tick()
    }
    const events = await w.as('dan').audit.events({ request: id })
    expect(events.map(({ seq, event }) => [seq, event['reason']])).toEqual([
      [1, undefined],
      [2, 'back, before'],
      [3, 'after'],
      [4, 'back, after'],
    ])
    expect(await w.as('dan').audit.verify()).toMatchObject({ ok: true, problems: [] })
    expect(await recordsOf(storage, 'unsealed')).toEqual([])
  })

  it('[O2] make one chain of 64 events that several processes append at once, and one chain of what is sealed meanwhile', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const { id } = pending(await w.as('ann').submit(ref, rollout(80)))
    const processes = Array.from({ length: 4 }, () => world(storage))
    const appended = await Promise.all(
      processes.flatMap((process, at) => [
        ...Array.from({ length: 16 }, (_, index) =>
          process
            .as('eve')
            .requests.comment(id, `${at} ${index}`)
            .then(
              () => 1,
              () => 0,
            ),
        ),
        process.approvals.tick().then(() => 0),
      ]),
    )
    const done = appended.reduce<number>((sum, one) => sum + one, 0)
    expect(done).toBeGreaterThan(16)
    const events = await w.as('dan').audit.events({ request: id })
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: done + 1 }, (_, index) => index + 1))
    const [last] = events.slice(-1)
    const fork = { ...last, seq: (last?.seq ?? 0) + 1 } as unknown as JsonObject
    expect(await refusal(storage.commit([{ type: 'insert', collection: 'events', value: fork }]))).toBe('duplicate_key')
    expect(await refusal(storage.commit([{ type: 'insert', collection: 'events', value: last as never }]))).toBe(
      'duplicate_key',
    )
    await w.approvals.tick()
    expect(await w.as('dan').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })
})
