import Database from 'better-sqlite3'
import { describe, expect, it, vi } from 'vitest'
import { hasCode } from '../../src/index.ts'
import type { Storage, Write } from '../../src/ports/storage.ts'
import { type SqliteConnection, type SqliteStatement, sqliteSchema, sqliteStorage } from '../../src/storage/sqlite.ts'

const insert = (id: string, status = 'draft'): Write => ({
  type: 'insert',
  collection: 'requests',
  value: { tenant: 'acme', id, status },
})
const replace = (id: string, expected: number, status: string): Write => ({
  type: 'replace',
  collection: 'requests',
  value: { tenant: 'acme', id, status },
  expected,
})
const names = (count: number) => Array.from({ length: count }, (_, at) => `r${at}`)

/** What is there, as another connection would see it. */
async function stored(storage: Storage, ids: readonly string[]) {
  const records = await storage.get(ids.map((id) => ({ collection: 'requests', key: ['acme', id] })))
  return Object.fromEntries(
    records.flatMap((record, at) => (record ? [[ids[at], [record.version, record.value['status']]]] : [])),
  )
}

/** What became of commits: `made`, or the code of the refusal. */
async function outcomes(commits: readonly Promise<void>[]) {
  const settled = await Promise.allSettled(commits)
  return settled.map((one) => (one.status === 'fulfilled' ? 'made' : one.reason.code))
}

/** A connection that leaves word of what it runs, and on which something goes wrong with the statement that `breaks` picks. */
function watched(breaks: (text: string, run: number) => 'before' | 'rolled back' | undefined = () => undefined) {
  const database = new Database(':memory:')
  database.exec(sqliteSchema())
  const ran: string[] = []
  const connection: SqliteConnection = {
    prepare(text): SqliteStatement {
      const statement = database.prepare(text)
      const watch =
        <R>(method: (...values: never[]) => R) =>
        (...values: unknown[]): R => {
          ran.push(text)
          const broken = breaks(text, ran.filter((one) => one === text).length)
          if (broken === 'rolled back') database.exec('rollback')
          if (broken) throw new RangeError('the disk is full')
          return method.apply(statement, values as never[])
        }
      return { run: watch(statement.run), get: watch(statement.get), all: watch(statement.all) }
    },
    exec(text) {
      ran.push(text)
      return database.exec(text)
    },
    close: () => database.close(),
  }
  return { connection, ran, count: (text: string) => ran.filter((one) => one === text).length }
}

describe('commits that arrive together', () => {
  it('are on the disk after one transaction, and reported then', async () => {
    const { connection, count } = watched()
    const storage = sqliteStorage(connection)
    const ids = names(16)
    expect(await outcomes(ids.map((id) => storage.commit([insert(id)])))).toEqual(ids.map(() => 'made'))
    expect([count('begin immediate'), count('commit')]).toEqual([1, 1])
    expect(Object.keys(await stored(storage, ids))).toEqual(ids)
  })

  it('are made in the order in which they came, and build on each other', async () => {
    const storage = sqliteStorage(new Database(':memory:'))
    const commits = [insert('a'), replace('a', 1, 'pending'), replace('a', 1, 'cancelled'), replace('a', 2, 'approved')]
    expect(await outcomes(commits.map((write) => storage.commit([write])))).toEqual([
      'made',
      'made',
      'version_conflict',
      'made',
    ])
    expect(await stored(storage, ['a'])).toEqual({ a: [3, 'approved'] })
  })

  it('[P1] leave nothing of one that is refused, and everything of the others', async () => {
    const storage = sqliteStorage(new Database(':memory:'))
    await storage.commit([insert('taken')])
    const commits = [
      [insert('a')],
      [insert('b'), insert('taken')],
      [insert('c'), replace('missing', 1, 'x')],
      [insert('d')],
    ]
    expect(await outcomes(commits.map((writes) => storage.commit(writes)))).toEqual([
      'made',
      'duplicate_key',
      'version_conflict',
      'made',
    ])
    expect(Object.keys(await stored(storage, ['a', 'b', 'c', 'd']))).toEqual(['a', 'd'])
  })

  it('[P1, P2] are none of them reported where the whole does not get onto the disk', async () => {
    const { connection } = watched((text, run) => (text === 'commit' && run === 1 ? 'before' : undefined))
    const storage = sqliteStorage(connection)
    const ids = names(3)
    expect(await outcomes(ids.map((id) => storage.commit([insert(id)])))).toEqual(ids.map(() => 'storage_failed'))
    expect(await stored(storage, ids)).toEqual({})
    expect(await outcomes(ids.map((id) => storage.commit([insert(id)])))).toEqual(ids.map(() => 'made'))
  })

  it('[P1] are none of them made where SQLite rolls back the whole because of one', async () => {
    const { connection, count } = watched((text, run) =>
      text.startsWith('insert into "countersign_requests"') && run === 2 ? 'rolled back' : undefined,
    )
    const storage = sqliteStorage(connection)
    const ids = names(3)
    expect(await outcomes(ids.map((id) => storage.commit([insert(id)])))).toEqual(ids.map(() => 'storage_failed'))
    expect(await stored(storage, ids)).toEqual({})
    expect(count('commit')).toBe(0)
  })

  it('let the ones with an effect have a transaction of their own', async () => {
    const { connection, count } = watched()
    const storage = sqliteStorage(connection)
    const begun: number[] = []
    const effect = async () => {
      begun.push(count('begin immediate') - count('commit'))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const failing = async () => {
      throw new RangeError('no')
    }
    const settled = await Promise.allSettled([
      storage.commit([insert('a')]),
      storage.commit([insert('b')], effect),
      storage.commit([insert('c')]),
      storage.commit([insert('d')], failing),
      storage.commit([insert('e')]),
    ])
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(begun).toEqual([1])
    expect(Object.keys(await stored(storage, ['a', 'b', 'c', 'd', 'e']))).toEqual(['a', 'b', 'c', 'e'])
  })

  it('are made a few at a time where there are very many, so that nobody waits long', async () => {
    const { connection, count } = watched()
    const storage = sqliteStorage(connection)
    const ids = names(300)
    expect(new Set(await outcomes(ids.map((id) => storage.commit([insert(id)]))))).toEqual(new Set(['made']))
    expect(count('commit')).toBe(5)
    expect(Object.keys(await stored(storage, ids))).toHaveLength(300)
  })

  it('are all made before a close that is asked for later, however many they are', async () => {
    const storage = sqliteStorage(':memory:')
    const committing = outcomes(names(100).map((id) => storage.commit([insert(id)])))
    const closing = storage.close()
    expect(new Set(await committing)).toEqual(new Set(['made']))
    await closing
  })

  it('are not told what was wrong with another one where SQLite loses the whole because of it', async () => {
    const { connection } = watched((text) => (text.startsWith('rollback to') ? 'rolled back' : undefined))
    const storage = sqliteStorage(connection)
    await storage.commit([insert('taken')])
    const ids = ['a', 'taken', 'b']
    expect(await outcomes(ids.map((id) => storage.commit([insert(id)])))).toEqual(ids.map(() => 'storage_failed'))
    expect(Object.keys(await stored(storage, ['a', 'b']))).toEqual([])
  })

  it('are made where tests had put a clock in the place of the one of the process before anything was loaded', async () => {
    vi.resetModules()
    vi.stubGlobal('process', Object.create(process, { nextTick: { value: () => {}, writable: true } }))
    try {
      const loaded = await import('../../src/storage/sqlite.ts')
      await loaded.sqliteStorage(new Database(':memory:')).commit([insert('a')])
    } finally {
      vi.unstubAllGlobals()
      vi.resetModules()
    }
  })

  it('fail together where the database is gone, each with word of it', async () => {
    const database = new Database(':memory:')
    const storage = sqliteStorage(database)
    await storage.commit([insert('a')])
    database.close()
    const settled = await Promise.allSettled([storage.commit([insert('b')]), storage.commit([insert('c')])])
    for (const one of settled) {
      expect(one.status === 'rejected' && hasCode(one.reason, 'storage_failed') && one.reason.details.operation).toBe(
        'commit',
      )
    }
  })
})
