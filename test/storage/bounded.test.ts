import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import type { CollectionName } from '../../src/ports/collections.ts'
import type { RecordKey, Write } from '../../src/ports/storage.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { type PostgresPool, type PostgresPoolClient, postgresStorage } from '../../src/storage/postgres.ts'
import { mostPrepared, preparing } from '../../src/storage/sql/shared/preparing.ts'
import { recent } from '../../src/storage/sql/shared/recent.ts'
import { deep } from '../runs.ts'
import { storages } from '../storages.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from './servers.ts'

const request = (id: string) => ({ tenant: 'acme', id, status: 'pending', createdAt: 1, project: '' })
const keysOf = (ids: readonly string[]): readonly RecordKey[] =>
  ids.map((id) => ({ collection: 'requests', key: ['acme', id] }))
const idsOf = (count: number) => Array.from({ length: count }, (_, at) => `r${String(at).padStart(5, '0')}`)

/** Numbers that follow on each other without a pattern, the same in every run. */
function dice(seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
}

const kinds: readonly CollectionName[] = [
  'requests',
  'contents',
  'targets',
  'locks',
  'policies',
  'grants',
  'streams',
  'outbox',
]

/** Keys of records that are not there, in a batch that nobody has asked for before. */
function randomKeys(roll: (most: number) => number): readonly RecordKey[] {
  return Array.from({ length: 1 + roll(24) }, (_, at): RecordKey => {
    const collection = kinds[roll(kinds.length)] ?? 'requests'
    const more = { requests: 1, contents: 1, targets: 3, locks: 2, policies: 1, grants: 1, streams: 1, outbox: 1 }[
      collection as 'requests'
    ]
    const key = ['acme', ...Array.from({ length: more }, (_, part) => `k${at}${part}`)]
    return { collection, key: collection === 'contents' ? [...key, 1] : key }
  })
}

/** Checks that cannot hold: the commit is refused, whatever its shape. */
function randomCommit(roll: (most: number) => number): readonly Write[] {
  return randomKeys(roll).map(
    ({ collection, key }): Write => ({ type: 'check', collection, key, expected: 1 + roll(3) }),
  )
}

const [postgres, mysql] = [await postgresDatabase(), await mysqlDatabase()]
afterAll(async () => {
  await Promise.all([postgres?.drop(), mysql?.drop()])
})

describe('what callers can make grow', () => {
  it('[ST-04] is remembered as far as there is room, the latest first', () => {
    const known = recent<string>(100, (value) => value.length)
    for (let round = 0; round < 10_000; round++) known.of(`key ${round}`, () => 'x'.repeat(1 + (round % 60)))
    expect(known.weight).toBeLessThanOrEqual(100)
    expect(known.of('a', () => 'first')).toBe('first')
    expect(known.of('a', () => 'again')).toBe('first')
    known.of('large', () => 'x'.repeat(51))
    expect(known.of('a', () => 'again')).toBe('first')
  })

  it('[ST-04] is kept prepared only if it comes up again, and no more of it than a server has room for', () => {
    const isPrepared = preparing()
    expect([isPrepared('a'), isPrepared('a'), isPrepared('a')]).toEqual([false, true, true])
    const kept = new Set<string>()
    for (let round = 0; round < 10_000; round++) if (isPrepared(`once ${round}`)) kept.add(`once ${round}`)
    expect(kept.size).toBe(0)
    for (let round = 0; round < 10_000; round++)
      if (isPrepared(`twice ${Math.floor(round / 2)}`)) kept.add(`twice ${Math.floor(round / 2)}`)
    expect(kept.size).toBe(mostPrepared - 1)
    expect([isPrepared('x'.repeat(50_000)), isPrepared('x'.repeat(50_000))]).toEqual([false, false])
    expect(isPrepared('a')).toBe(true)
  })

  if (!postgres) it.skip(`[ST-04] on PostgreSQL (${leftOut('PostgreSQL')})`)
  else
    it('[ST-04] are no statements of PostgreSQL: batches of all shapes have no more than a few hundred names', {
      timeout: 3_600_000,
    }, async () => {
      const names = new Map<string, string>()
      let isAnswered = false
      const storage = postgresStorage(
        answering(postgres.pool, ({ name, text }) => {
          if (name !== undefined) names.set(name, text)
          return isAnswered
        }),
      )
      await storage.get(keysOf(['a']))
      isAnswered = true
      const roll = dice(7)
      for (let round = 0; round < (deep ? 100_000 : 1_000); round++) await storage.get(randomKeys(roll))
      isAnswered = false
      for (let round = 0; round < 60; round++) {
        await storage.get(randomKeys(roll))
        await storage.commit(randomCommit(roll)).catch(() => {})
      }
      expect(names.size).toBeLessThanOrEqual(mostPrepared)
      for (const text of names.values()) expect(text.length).toBeLessThan(20_001)
    })

  if (postgres)
    it('[ST-04] are no statements of PostgreSQL: the server keeps what comes up again, and nothing else', async () => {
      const single = new pg.Pool({ ...postgres.pool.options, max: 1 })
      const storage = postgresStorage(single)
      const prepared = async () =>
        Number(
          (await single.query("select count(*)::int as n from pg_prepared_statements where name like 'countersign%'"))
            .rows[0]?.n,
        )
      for (let round = 0; round < 4; round++) await storage.get(keysOf(['a', 'b']))
      const before = await prepared()
      expect(before).toBeGreaterThan(0)
      const roll = dice(11)
      for (let round = 0; round < 100; round++) await storage.get(randomKeys(roll))
      expect((await prepared()) - before).toBeLessThan(10)
      await single.end()
    })

  if (postgres)
    it('[ST-04] makes a commit of 8,000 writes send twice what one of 4,000 sends', async () => {
      let characters = 0
      let longest = 0
      let isAnswered = false
      const storage = postgresStorage(
        answering(postgres.pool, ({ text }) => {
          characters += text.length
          if (isAnswered) longest = Math.max(longest, text.length)
          return isAnswered
        }),
      )
      await storage.migrate()
      isAnswered = true
      const sentFor = async (count: number) => {
        characters = 0
        await storage.commit(
          idsOf(count).map((id): Write => ({ type: 'insert', collection: 'requests', value: request(id) })),
        )
        return characters
      }
      expect((await sentFor(8_000)) / (await sentFor(4_000))).toBeCloseTo(2, 2)
      expect(longest).toBeLessThan(20_000)
    })

  if (!mysql) it.skip(`[ST-04] on MySQL (${leftOut('MySQL')})`)
  else
    it('[ST-04] are no statements of MySQL, of which the server has a limited number for all its clients', async () => {
      const single = mysql.openPool()
      const connection = await single.getConnection()
      const storage = mysqlStorage(connection)
      await storage.get(keysOf(['a']))
      const prepared = async () => {
        const [rows] = await connection.query("show session status like 'Com_stmt_prepare'")
        const [closed] = await connection.query("show session status like 'Com_stmt_close'")
        const countIn = (answer: unknown) => Number((answer as { Value: string }[])[0]?.Value)
        return countIn(rows) - countIn(closed)
      }
      const before = await prepared()
      const roll = dice(13)
      for (let round = 0; round < 150; round++) await storage.get(randomKeys(roll))
      expect((await prepared()) - before).toBeLessThan(20)
      connection.release()
      await single.end()
    })
})

describe.each(storages)('a long batch, on $name', ({ open }) => {
  it('[ST-04] of 10,000 keys is read as it was asked for, and one of 400 writes made as one', {
    timeout: 120_000,
  }, async () => {
    const storage = open()
    const ids = idsOf(400)
    await storage.commit(ids.map((id): Write => ({ type: 'insert', collection: 'requests', value: request(id) })))
    const asked = [...ids.toReversed(), ...idsOf(9_600).map((id) => `none ${id}`)]
    const found = await storage.get(keysOf(asked))
    expect(found.map((record) => record?.value['id'])).toEqual(
      asked.map((id) => (id.startsWith('none') ? undefined : id)),
    )
    const next = ids.map(
      (id): Write => ({
        type: 'replace',
        collection: 'requests',
        value: request(id),
        expected: id === 'r00399' ? 2 : 1,
      }),
    )
    await expect(storage.commit(next)).rejects.toMatchObject({
      code: 'version_conflict',
      details: { key: '["acme","r00399"]' },
    })
    expect((await storage.get(keysOf(['r00000']))).map((record) => record?.version)).toEqual([1])
    await storage.close()
  })

  it('[ST-04] of more writes than a commit makes is refused before anything is sent', async () => {
    const storage = open()
    const writes = idsOf(20_001).map((id): Write => ({ type: 'insert', collection: 'requests', value: request(id) }))
    await expect(storage.commit(writes)).rejects.toMatchObject({ code: 'invalid_input' })
    expect(await storage.get(keysOf(['r00000']))).toEqual([undefined])
    await storage.close()
  })
})

/** A pool that notes its statements; what it is told to answer itself, it answers as a commit that was made. */
function answering(pool: pg.Pool, note: (query: { name?: string; text: string }) => boolean): PostgresPool {
  const over =
    (send: (query: never) => Promise<unknown>) =>
    (query: unknown): Promise<never> => {
      const isAnswered = typeof query === 'object' && note(query as { name?: string; text: string })
      return (
        isAnswered ? Promise.resolve({ rows: [{ done: 1 }], rowCount: 1 }) : send(query as never)
      ) as Promise<never>
    }
  return {
    query: over((query) => pool.query(query) as unknown as Promise<unknown>),
    end: () => pool.end(),
    async connect(): Promise<PostgresPoolClient> {
      const client = await pool.connect()
      return {
        query: over((query) => client.query(query) as unknown as Promise<unknown>),
        release: (broken) => client.release(broken),
        on: (event, listener) => client.on(event, listener),
        off: (event, listener) => client.off(event, listener),
      }
    },
  }
}
