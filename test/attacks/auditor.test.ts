import { setImmediate } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import type { Write } from '../../src/ports/storage.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { exported, verifier } from '../verify-export.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const verified = verifier()

/** A request that was edited, and keeps everybody else off its resource. */
async function edited(storage: Storage) {
  const w = world(storage)
  const ref = await w.flag('checkout')
  await w.policy({ rules: { lock: 'resource' } })
  const { id } = pending(await w.as('ann').submit(ref, rollout(80)))
  await w.as('ann').requests.edit(id, ref, rollout(70))
  return { w, id, stream: `request/${id}` }
}

async function forge(storage: Storage, writes: readonly Write[]): Promise<void> {
  await storage.commit(writes)
}

describe.each(storages)('who looks after the log on $name', ({ open }) => {
  it('[O4] finds a content that was changed after it was edited away', async () => {
    const storage = open()
    const { w, id, stream } = await edited(storage)
    const [first] = await storage.get([{ collection: 'contents', key: ['acme', id, 1] }])
    const value = JSON.parse(JSON.stringify(first?.value).replaceAll('80', '81'))
    await forge(storage, [{ type: 'replace', collection: 'contents', value, expected: 1 }])
    expect((await w.as('ann').audit.verify()).problems).toEqual([
      { stream, seq: 1, problem: 'the content is not what was reviewed' },
    ])
  })

  it('[O4] finds a content that nobody wrote, and a lock that was taken off', async () => {
    const storage = open()
    const { w, id, stream } = await edited(storage)
    expect(await w.as('ann').audit.verify()).toMatchObject({ ok: true })
    const [last] = await storage.get([{ collection: 'contents', key: ['acme', id, 2] }])
    await forge(storage, [{ type: 'insert', collection: 'contents', value: { ...last?.value, edition: 3 } }])
    expect((await w.as('ann').audit.verify()).problems).toEqual([{ stream, problem: 'content 3 was made by no event' }])
    await forge(storage, [
      { type: 'remove', collection: 'contents', key: ['acme', id, 3], expected: 1 },
      { type: 'remove', collection: 'locks', key: ['acme', 'feature_flag', 'checkout'], expected: 1 },
    ])
    expect((await w.as('ann').audit.verify()).problems).toEqual([
      { stream, problem: 'a resource that it keeps others off is not locked by it' },
    ])
  })
})

describe('who looks after the log of a tenant in which much happens', () => {
  /** A storage far away: whatever it is asked, others come in between. */
  const far = (storage: Storage): Storage => ({
    ...storage,
    get: (keys) => setImmediate().then(() => storage.get(keys)),
    list: (query) => setImmediate().then(() => storage.list(query)),
    commit: (writes, effect) => setImmediate().then(() => storage.commit(writes, effect)),
  })

  it('[O4] is told of nothing while one resource is written again and again, and of what somebody altered', async () => {
    const storage = far(memoryStorage())
    const w = world(storage)
    const ref = flags.ref('busy')
    for (let rollout = 0; rollout < 100; rollout++) await w.as('ann').submit(ref, { value: { enabled: true, rollout } })
    let goesOn = true
    const writing = (async () => {
      for (let rollout = 0; goesOn; rollout++) {
        await w.as('ann').submit(ref, { value: { enabled: false, rollout: rollout % 100 } })
      }
    })()
    for (let look = 0; look < 3; look++) expect((await w.as('ben').audit.verify()).problems).toEqual([])
    const [live] = await storage.get([{ collection: 'revisions', key: ['acme', 'feature_flag', 'busy', 50] }])
    await forge(storage, [
      { type: 'replace', collection: 'revisions', value: { ...live?.value, author: 'eve' }, expected: 1 },
    ])
    expect((await w.as('ben').audit.verify()).problems).toMatchObject([{ seq: 50 }])
    goesOn = false
    await writing
  })

  it('[O4, ST-01] is told of nothing by a clock that was put right after a notice was written', async () => {
    const storage = memoryStorage()
    const w = world(storage)
    await w.flag('checkout')
    await w.policy()
    w.pass(day / 8)
    pending(await w.as('ann').submit(flags.ref('checkout'), rollout(80)))
    w.pass(-day / 8)
    const notices = { collection: 'outbox', index: 'key', where: ['acme'], order: 'ascending', limit: 10 } as const
    expect((await storage.list(notices)).records.length).toBeGreaterThan(0)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[O4, ST-01] is told of nothing by a clock that is a moment behind, while requests are held', async () => {
    const w = world(memoryStorage())
    await w.flag('checkout')
    await w.policy({ rules: { expiresAfter: '1d' } })
    pending(await w.as('ann').submit(flags.ref('checkout'), rollout(80)))
    await w.as('dan').workflow.disable({ waiting: 'hold' })
    w.pass(day + 1_000)
    await w.approvals.tick()
    w.pass(-1_000)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})

describe('who looks after a log whose rows somebody copied', () => {
  /** Rows of a table, written again under other keys: what is in them stays as it is, with every hash. */
  const copy = (
    database: Database.Database,
    table: string,
    columns: Readonly<Record<string, string>>,
    where: string,
  ) => {
    const names = database.prepare(`select name from pragma_table_info('${table}')`).pluck().all() as string[]
    const values = names.map((name) => columns[name] ?? name)
    const { changes } = database
      .prepare(`insert into ${table} (${names.join(', ')}) select ${values.join(', ')} from ${table} where ${where}`)
      .run()
    expect(changes, table).toBeGreaterThan(0)
  }

  it('[O4] finds a request of another tenant', async () => {
    const database = new Database(':memory:')
    const w = world(sqliteStorage(database))
    const rival = w.as('ann', { tenant: 'rival' })
    await rival.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const { id } = pending(await rival.submit(flags.ref('theirs'), { value: { enabled: true, rollout: 1 } }))
    await w.flag('ours')
    const own = { tenant: "'acme'" }
    copy(database, 'countersign_events', own, `stream = 'request/${id}'`)
    copy(database, 'countersign_requests', own, `id = '${id}'`)
    copy(database, 'countersign_contents', own, `request = '${id}'`)
    copy(database, 'countersign_targets', own, `request = '${id}'`)
    const { problems } = await w.as('ann').audit.verify()
    const strange = (collection: string) =>
      expect.stringContaining(`of ${collection} cannot be read: it says that it is another`)
    for (const collection of ['events', 'requests', 'contents', 'targets']) {
      expect(problems).toContainEqual(expect.objectContaining({ problem: strange(collection) }))
    }
    expect(problems).toContainEqual({ stream: `request/${id}`, seq: 1, problem: strange('events') })
  })

  it('[O4] finds a request that is listed with somebody for whose approval it does not wait', async () => {
    const database = new Database(':memory:')
    const w = world(sqliteStorage(database))
    await w.flag('checkout')
    await w.policy()
    const { id } = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(80)))
    copy(database, 'countersign_inbox', { approver: "'user:eve'" }, `request = '${id}'`)
    expect(await refusal(w.as('eve').requests.inbox())).toBe('unreadable_record')
    expect((await w.as('ann').audit.verify()).problems).toEqual([
      { stream: `request/${id}`, problem: expect.stringContaining('of inbox cannot be read: it says') },
    ])
  })

  it('[O4] finds a live document that is that of another resource', async () => {
    const database = new Database(':memory:')
    const w = world(sqliteStorage(database))
    for (const [id, tenant] of [
      ['checkout', 'acme'],
      ['checkout', 'rival'],
    ] as const) {
      await w.as('ann', { tenant }).submit(flags.ref(id), { value: { enabled: true, rollout: 1 } })
    }
    expect(await w.as('ann').audit.verify()).toMatchObject({ ok: true })
    const { changes } = database
      .prepare(`update countersign_resources set value = json_set(value, '$.tenant', 'rival') where tenant = 'acme'`)
      .run()
    expect(changes).toBe(1)
    expect((await w.as('ann').audit.verify()).problems).toEqual([
      { stream: 'resource/feature_flag/checkout', problem: expect.stringContaining('of resources cannot be read') },
    ])
  })
})

describe('who is given an export', () => {
  it('[O4, O11] finds streams of another tenant in it, and a header that says whose it is not', async () => {
    const { w } = await edited(memoryStorage())
    const rival = w.as('ann', { tenant: 'rival' })
    await rival.submit(flags.ref('theirs'), { value: { enabled: true, rollout: 1 } })
    const [header = '', ...lines] = await exported(w.as('ann'))
    const [otherHeader = '', ...others] = await exported(rival)
    expect(verified([header, ...lines])).toMatchObject({ ok: true })
    expect(verified([otherHeader, ...others])).toMatchObject({ ok: true })
    expect(verified([header, ...lines, ...others]).output).toContain('theirs #1: the event is not what was written')
    expect(verified([header, ...others]).output).toContain('theirs #1: the event is not what was written')
    expect(verified([...lines]).output).toContain('settings #1: the event is not what was written')
  })

  it('[O4, O11, J12] finds what a line says twice, lines that are there twice, and what no event speaks of', async () => {
    const { w, id } = await edited(memoryStorage())
    const lines = await exported(w.as('ann'))
    const at = lines.findIndex((line) => line.includes('"kind":"content"'))
    const content = lines[at] ?? ''
    const twice = content.replace('"edition":1', '"edition":9,"edition":1')
    expect(twice).not.toBe(content)
    expect(verified(lines.with(at, twice)).output).toContain('the line is not as it was exported')
    expect(verified(lines.toSpliced(at, 0, content.replaceAll('80', '81'))).output).toContain('is there twice')
    expect(verified([...lines, content.replace('"edition":1', '"edition":9')]).output).toContain(
      `content request/${id} #9: is not what the log says`,
    )
    const revision = lines.findLast((line) => line.includes('"kind":"revision"')) ?? ''
    expect(verified([...lines, revision.replace('"number":1', '"number":2')]).output).toContain(
      'revision resource/feature_flag/checkout #2: is not what the log says',
    )
  })
})
