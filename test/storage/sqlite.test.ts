import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import Libsql from 'libsql'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { Storage, Write } from '../../src/ports/storage.ts'
import {
  type SqliteConnection,
  type SqliteStatement,
  type SqliteValue,
  sqliteStorage,
} from '../../src/storage/sqlite.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const freshPath = () => join(folder, `${files++}.db`)

const insert = (id: string): Write => ({ type: 'insert', collection: 'requests', value: { tenant: 'acme', id } })
const readOne = async (storage: Storage, id: string) =>
  (await storage.get([{ collection: 'requests', key: ['acme', id] }]))[0]

describe('[G10, I8, L3, L5] sqliteStorage on a file keeps every promise of the port', () => {
  for (const { name, run } of storageConformance(() => sqliteStorage(freshPath()))) it(name, run)
})

describe('two of sqliteStorage on one file keep every promise of the port between them', () => {
  const both = () => {
    const path = freshPath()
    return [sqliteStorage(path), sqliteStorage(path)]
  }
  for (const { name, run } of storageConformance(both)) it(name, run)
})

describe('sqliteStorage on an open connection keeps every promise of the port', () => {
  const values: SqliteValue[] = []

  for (const { name, run } of storageConformance(() => sqliteStorage(recording(new Database(':memory:'), values)))) {
    it(name, run)
  }

  it('[I10] binds nothing but text, numbers and null, whatever it is asked', () => {
    expect(new Set(values.map((value) => (value === null ? 'null' : typeof value)))).toEqual(
      new Set(['string', 'number', 'null']),
    )
  })
})

describe('sqliteStorage', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('[P2] writes to a log that is on the disk before a commit returns', () => {
    const path = freshPath()
    const opened: string[] = []
    const storage = sqliteStorage(path)
    void storage.commit([], async (native) => {
      for (const pragma of ['journal_mode', 'synchronous'])
        opened.push(String((native as Database.Database).pragma(pragma, { simple: true })))
    })
    return storage.close().then(() => expect(opened).toEqual(['wal', '2']))
  })

  it('finds everything again after the process has ended', async () => {
    const path = freshPath()
    const first = sqliteStorage(path)
    await first.commit([insert('a')])
    await first.close()
    const second = sqliteStorage(path)
    expect(await readOne(second, 'a')).toEqual({ version: 1, value: { tenant: 'acme', id: 'a' } })
    await second.close()
  })

  it('closes the file that it opened, and says so when it is used afterwards', async () => {
    const storage = sqliteStorage(freshPath())
    await storage.close()
    await expect(readOne(storage, 'a')).rejects.toMatchObject({ code: 'storage_failed', details: { operation: 'get' } })
    await expect(storage.commit([insert('a')])).rejects.toMatchObject({ code: 'storage_failed' })
  })

  it('leaves a connection open that was handed in, and set up as it was', async () => {
    const connection = new Database(freshPath(), { timeout: 77 })
    await sqliteStorage(connection).close()
    expect(connection.open).toBe(true)
    expect(connection.pragma('busy_timeout', { simple: true })).toBe(77)
    expect(connection.pragma('journal_mode', { simple: true })).toBe('delete')
    connection.close()
  })

  it('[G16] makes the host’s write and its own in one transaction, or neither', async () => {
    const connection = new Database(':memory:')
    connection.exec('create table flags (id text primary key) strict')
    const storage = sqliteStorage(connection)
    const write = async (native: unknown) => void (native as Database.Database).exec("insert into flags values ('a')")
    const thrown = { not: 'now' }
    const refused = storage.commit([insert('a')], async (native) => {
      await write(native)
      throw thrown
    })
    await expect(refused).rejects.toBe(thrown)
    expect(connection.prepare('select count(*) from flags').pluck().get()).toBe(0)
    expect(await readOne(storage, 'a')).toBeUndefined()
    await storage.commit([insert('a')], write)
    expect(connection.prepare('select count(*) from flags').pluck().get()).toBe(1)
    expect((await readOne(storage, 'a'))?.version).toBe(1)
  })

  it('leaves a transaction alone that it did not begin', async () => {
    const connection = new Database(':memory:')
    const storage = sqliteStorage(connection)
    const other = sqliteStorage(connection)
    await storage.commit([insert('a')], async () => {
      for (const effect of [undefined, async () => {}]) {
        await expect(other.commit([insert('b')], effect)).rejects.toMatchObject({ code: 'storage_failed' })
      }
    })
    expect((await readOne(storage, 'a'))?.version).toBe(1)
    expect(await readOne(storage, 'b')).toBeUndefined()
  })

  it('goes on after an effect that left a query running, because of which nothing can be kept nor undone', async () => {
    const connection = new Database(':memory:')
    connection.exec("create table flags (id text primary key) strict; insert into flags values ('a'), ('b')")
    const storage = sqliteStorage(connection)
    let finish = () => {}
    const committing = storage.commit([insert('a')], async () => {
      const running = connection.prepare('select id from flags').iterate()
      finish = () => void running.return?.()
    })
    await expect(committing).rejects.toMatchObject({ code: 'storage_failed', details: { operation: 'commit' } })
    finish()
    await storage.commit([insert('b')])
    expect(await readOne(storage, 'a')).toBeUndefined()
    expect((await readOne(storage, 'b'))?.version).toBe(1)
  })

  it('reads nothing of a transaction that waits for its effect, also where it has to try again', async () => {
    const path = freshPath()
    const connection = new Database(path, { timeout: 0 })
    const storage = sqliteStorage(connection)
    const other = new Database(path)
    other.exec('begin exclusive')
    const effect = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      throw new RangeError('no')
    }
    const committing = expect(storage.commit([insert('a')], effect)).rejects.toThrow('no')
    const reading = readOne(storage, 'a')
    other.exec('commit')
    expect(await reading).toBeUndefined()
    await committing
    other.close()
    connection.close()
  })

  it.each([
    ['better-sqlite3', (path: string) => new Database(path, { timeout: 0 })],
    ['libsql', (path: string) => new Libsql(path)],
  ])('keeps nobody from a commit while it waits to make one itself, on %s', async (_, open) => {
    const path = freshPath()
    const connections = [open(path), open(path)] as const
    for (const connection of connections) connection.exec('pragma busy_timeout = 0')
    const [storage, other] = [sqliteStorage(connections[0]), sqliteStorage(connections[1])]
    let waiting: Promise<void> | undefined
    await storage.commit([insert('a')], async () => {
      waiting = other.commit([insert('b')])
      await new Promise((resolve) => setTimeout(resolve, 5))
      expect(await readOne(other, 'a')).toBeUndefined()
    })
    await waiting
    expect((await readOne(other, 'a'))?.version).toBe(1)
    expect((await readOne(storage, 'b'))?.version).toBe(1)
    for (const connection of connections) connection.close()
  })

  it('[G17] refuses calls out of an effect, which would wait for themselves, and goes on', async () => {
    const storage = sqliteStorage(':memory:')
    const refusals: unknown[] = []
    await storage.commit([insert('a')], async () => {
      const query = { collection: 'requests', index: 'key', where: [], order: 'ascending', limit: 1 } as const
      for (const call of [
        () => readOne(storage, 'a'),
        () => storage.list(query),
        () => storage.commit([insert('b')]),
      ]) {
        await call().catch((error) => refusals.push(error.code))
      }
    })
    expect(refusals).toEqual(['storage_failed', 'storage_failed', 'storage_failed'])
    await storage.commit([insert('b')])
    expect(
      (await storage.get(['a', 'b'].map((id) => ({ collection: 'requests', key: ['acme', id] })))).every(Boolean),
    ).toBe(true)
  })

  it('[G9] waits for another connection to finish, and lets the process go on meanwhile', async () => {
    const path = freshPath()
    const storage = sqliteStorage(path)
    const other = new Database(path)
    other.exec('begin immediate')
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    const committing = storage.commit([insert('a')])
    await vi.waitUntil(() => turns >= 20)
    other.exec('commit')
    await committing
    clearInterval(ticking)
    expect((await readOne(storage, 'a'))?.version).toBe(1)
    other.close()
    await storage.close()
  })

  it('[G9] calls it a conflict when another connection does not finish, so that the caller decides anew', async () => {
    const path = freshPath()
    const storage = sqliteStorage(path)
    const other = new Database(path)
    other.exec('begin immediate')
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
    const committing = expect(storage.commit([insert('a')])).rejects.toMatchObject({
      code: 'version_conflict',
      cause: { code: 'SQLITE_BUSY' },
    })
    await vi.advanceTimersByTimeAsync(6000)
    await committing
    vi.useRealTimers()
    other.exec('commit')
    await storage.commit([insert('a')])
    other.close()
    await storage.close()
  })

  it('[P3] says that the storage failed when the disk is full, and keeps nothing of the commit', async () => {
    const connection = new Database(freshPath())
    const storage = sqliteStorage(connection)
    const pages = Number(connection.pragma('page_count', { simple: true }))
    connection.pragma(`max_page_count = ${pages + 4}`)
    const large: Write = {
      type: 'insert',
      collection: 'resources',
      value: { tenant: 'acme', type: 'flag', id: 'a', text: 'x'.repeat(100_000) },
    }
    await expect(storage.commit([insert('a'), large])).rejects.toMatchObject({
      code: 'storage_failed',
      cause: { code: 'SQLITE_FULL' },
    })
    expect(await readOne(storage, 'a')).toBeUndefined()
    await storage.commit([insert('a')])
    connection.close()
  })

  it('[P3] says that the storage failed when the file is read-only, no database, or in no folder', async () => {
    const path = freshPath()
    await sqliteStorage(path).close()
    const connection = new Database(path)
    const storage = sqliteStorage(connection)
    connection.pragma('query_only = on')
    await expect(storage.commit([insert('a')])).rejects.toMatchObject({
      code: 'storage_failed',
      details: { operation: 'commit' },
    })
    const noise = freshPath()
    writeFileSync(noise, 'not a database at all, but long enough to be looked at. '.repeat(100))
    for (const wrong of [noise, join(folder, 'none', 'a.db')]) {
      expect(() => sqliteStorage(wrong)).toThrow(
        expect.objectContaining({ code: 'storage_failed', details: expect.objectContaining({ operation: 'open' }) }),
      )
    }
  })

  it('[P9] has its keys and unique indexes in the database, whoever writes', () => {
    const connection = new Database(':memory:')
    sqliteStorage(connection)
    const event = connection.prepare(
      `insert into countersign_events (tenant, stream, seq, prev, version, value) values ('acme', 's', ?, ?, 1, '{}')`,
    )
    event.run(1, '')
    expect(() => event.run(1, 'h1')).toThrow('UNIQUE')
    expect(() => event.run(2, '')).toThrow('UNIQUE')
    expect(() =>
      connection.exec(
        `insert into countersign_streams (tenant, stream, version, value) values ('acme', null, 1, '{}')`,
      ),
    ).toThrow('NOT NULL')
    expect(() =>
      connection.exec(
        `insert into countersign_requests (tenant, id, created_at, version, value) values ('acme', 'a', 'soon', 1, '{}')`,
      ),
    ).toThrow('cannot store TEXT value in INTEGER column')
  })
})

function recording(connection: SqliteConnection, values: SqliteValue[]): SqliteConnection {
  const noting =
    <T>(work: (...given: SqliteValue[]) => T) =>
    (...given: SqliteValue[]): T => {
      values.push(...given)
      return work(...given)
    }
  return {
    exec: (sql) => connection.exec(sql),
    close: () => connection.close(),
    prepare(sql): SqliteStatement {
      const statement = connection.prepare(sql)
      return {
        run: noting((...given) => statement.run(...given)),
        get: noting((...given) => statement.get(...given)),
        all: noting((...given) => statement.all(...given)),
      }
    },
  }
}
