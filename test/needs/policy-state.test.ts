import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createApprovals, defineResource, staticDirectory } from '../../src/index.ts'
import type { TransactionalStorage } from '../../src/ports/storage.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { type PostgresPool, postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { runs } from '../runs.ts'
import { clearing, leftOut, mysqlDatabase, postgresDatabase } from '../storage/servers.ts'
import { pending, start } from '../world.ts'

const schema = z.object({ cents: z.number() })
const prices = defineResource({ type: 'price', schema })
const fees = defineResource({ type: 'fee', schema })
const notes = defineResource({ type: 'note', schema })
const policy = (id: string, resource: string, quorum = 1) => ({
  id,
  match: { resource },
  require: { quorum, from: { roles: ['lead'] } },
})
const value = { cents: 1 }

function instanceOn(storage: TransactionalStorage) {
  return createApprovals({
    storage,
    resources: [prices, fees, notes],
    directory: staticDirectory({ ann: [], ben: ['lead'], cat: ['lead'] }),
    admins: 'anyone',
    now: () => start,
  })
}

type Instance = Pick<ReturnType<typeof instanceOn>, 'as'>

const as = (instance: Instance, user: string) => instance.as({ tenant: 'acme', user })
const gates = async (instance: Instance) => {
  const asked = [prices, fees].map(async (type) => (await as(instance, 'ann').preview(type.ref('x'), { value })).status)
  return (await Promise.all(asked)).join()
}

/** A database on which hosts open transactions of their own. */
interface Host {
  readonly storage: TransactionalStorage
  /** A connection that is kept for several transactions. */
  readonly connection: object
  run(statement: string): Promise<unknown>
  clear(): Promise<unknown>
}

const [postgres, mysql] = await Promise.all([postgresDatabase('-c synchronous_commit=off'), mysqlDatabase()])
const client = await postgres?.pool.connect()
const session = await mysql?.pool.getConnection()
afterAll(async () => {
  client?.release()
  session?.release()
  await Promise.all([postgres?.drop(), mysql?.drop()])
})

const hosts: Readonly<Record<string, (() => Host) | undefined>> = {
  SQLite: () => {
    const database = new Database(':memory:')
    const storage = sqliteStorage(database)
    const run = async (statement: string) => database.exec(statement)
    return { storage, connection: database, run, clear: () => run(clearing) }
  },
  PostgreSQL:
    postgres && client
      ? () => ({
          storage: postgresStorage(postgres.pool as unknown as PostgresPool),
          connection: client,
          run: (statement) => client.query(statement),
          clear: () => postgres.clear(),
        })
      : undefined,
  MySQL:
    mysql && session
      ? () => ({
          storage: mysqlStorage(mysql.pool),
          connection: session,
          run: (statement) => session.query(statement),
          clear: () => mysql.clear(),
        })
      : undefined,
}

describe.each(Object.entries(hosts))('policies that were rolled back, on %s', (name, open) => {
  if (!open) return it.skip(leftOut(name as 'PostgreSQL' | 'MySQL'))

  it.each([1, 2])(
    '[FA-03] are not in force in the next transaction of a handle that is kept, after %i changes',
    async (changes) => {
      const { storage, connection, run, clear } = open()
      const main = instanceOn(storage)
      await gates(main)
      await clear()
      await as(main, 'ben').policies.save(policy('other', 'note'))
      const inside = main.within(connection)
      await run('begin')
      await as(inside, 'ben').policies.save(policy('p', 'fee'))
      expect(await gates(inside)).toBe('applied,pending')
      await run('rollback')
      await as(main, 'ben').policies.save(policy('p', 'price'))
      if (changes > 1) await as(main, 'ben').policies.save(policy('other', 'fee'))
      await run('begin')
      const outcome = await as(inside, 'ann').submit(prices.ref('a'), { value })
      await run('commit')
      expect(outcome.status).toBe('pending')
      expect((await as(main, 'ann').audit.verify()).problems).toEqual([])
    },
  )

  it('[FA-03] are not in force in an instance that knew them before all rows were deleted', async () => {
    const { storage, clear } = open()
    const [one, other] = [instanceOn(storage), instanceOn(storage)]
    await gates(one)
    await clear()
    await as(one, 'ben').policies.save(policy('p', 'fee'))
    expect(await gates(one)).toBe('applied,pending')
    await clear()
    expect(await gates(one)).toBe('applied,applied')
    await as(other, 'ben').policies.save(policy('p', 'price'))
    expect((await as(one, 'ann').submit(prices.ref('a'), { value })).status).toBe('pending')
    expect(await gates(one)).toBe('pending,applied')
  })
})

const tables = (database: Database.Database) =>
  database
    .prepare("select name from sqlite_master where type = 'table' and name like 'countersign_%'")
    .all()
    .map((row) => (row as { name: string }).name)
    .filter((name) => !name.endsWith('_migrations'))

/** Copies everything that is in the database; the copy can be put back. */
function backup(database: Database.Database) {
  const copies = tables(database).map((name) => ({ name, rows: database.prepare(`select * from ${name}`).raw().all() }))
  return () => {
    for (const { name, rows } of copies) {
      database.exec(`delete from ${name}`)
      for (const row of rows as unknown[][]) {
        database.prepare(`insert into ${name} values (${row.map(() => '?').join()})`).run(...row)
      }
    }
  }
}

type Step =
  | { readonly type: 'save'; readonly by: number; readonly id: string; readonly gates: string }
  | { readonly type: 'remove'; readonly by: number; readonly id: string }
  | { readonly type: 'ask' | 'look'; readonly by: number }
  | { readonly type: 'begin' | 'commit' | 'rollback' | 'copy' | 'restore' }
  /** Somebody looks while a transaction saves a policy and is rolled back. */
  | { readonly type: 'race'; readonly by: number; readonly gates: string; readonly after: number }

const one = <const T extends readonly unknown[]>(...values: T) => fc.constantFrom(...values) as fc.Arbitrary<T[number]>
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: one('save'),
      by: one(0, 1, 2),
      id: one('p', 'q'),
      gates: one('price', 'fee', 'note'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: one('remove'), by: one(0, 1, 2), id: one('p', 'q') }) },
  { weight: 2, arbitrary: fc.record({ type: one('ask', 'look'), by: one(0, 1, 2) }) },
  { weight: 4, arbitrary: fc.record({ type: one('begin', 'commit', 'rollback', 'rollback', 'copy', 'restore') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: one('race'),
      by: one(0, 1),
      gates: one('price', 'fee'),
      after: fc.integer({ min: 0, max: 12 }),
    }),
  },
)

async function play(steps: readonly Step[]): Promise<void> {
  const database = new Database(':memory:')
  const fresh = () => instanceOn(sqliteStorage(database))
  const main = fresh()
  const instances: readonly Instance[] = [main, fresh(), main.within(database)]
  await as(main, 'ben').policies.save(policy('q', 'note'))
  let restore = backup(database)
  let request: string | undefined
  let asked = 0
  /** While a transaction is open on the connection, only the handle that is inside of it writes. */
  const writer = (by: number) => (database.inTransaction ? 2 : by === 2 ? 0 : by)
  const act = async (done: Step) => {
    const instance = 'by' in done ? (instances[writer(done.by)] ?? main) : main
    switch (done.type) {
      case 'save':
        return await as(instance, 'ben').policies.save(policy(done.id, done.gates))
      case 'remove':
        return await as(instance, 'ben')
          .policies.remove(done.id)
          .catch(() => {})
      case 'ask': {
        const outcome = await as(instance, 'ann').submit(prices.ref('a'), { value: { cents: ++asked } })
        if (outcome.status === 'pending') request = outcome.request.id
        return
      }
      case 'look':
        return await gates(instances[done.by] ?? main)
      case 'race': {
        if (database.inTransaction) return
        const looking = gates(instance)
        for (let turn = 0; turn < done.after; turn++) await undefined
        database.exec('begin immediate')
        await as(instances[2] ?? main, 'ben').policies.save(policy('q', done.gates))
        database.exec('rollback')
        return await looking
      }
      case 'begin':
        if (!database.inTransaction) database.exec('begin immediate')
        return
      case 'commit':
      case 'rollback':
        if (database.inTransaction) database.exec(done.type)
        return
      case 'copy':
        if (!database.inTransaction) restore = backup(database)
        return
      case 'restore':
        if (!database.inTransaction) restore()
    }
  }
  const shown = async (instance: Instance) => {
    if (request === undefined) return undefined
    const found = await as(instance, 'ben')
      .requests.get(request)
      .catch(() => undefined)
    return found && { approval: found.approval, status: found.status, can: found.can.approve }
  }
  for (const done of steps) {
    await act(done)
    const oracle = database.inTransaction ? main.within(database) : fresh()
    const expected = { gates: await gates(oracle), shown: await shown(oracle) }
    for (const instance of instances) {
      expect({ gates: await gates(instance), shown: await shown(instance) }).toEqual(expected)
    }
  }
  if (database.inTransaction) database.exec('commit')
  expect((await as(main, 'ann').audit.verify()).problems).toEqual([])
}

describe('policies under rollback and restore', () => {
  it('[FA-03] are the ones that an instance would find that has never seen any, whoever saves, rolls back and restores', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => await play(steps)),
      { numRuns: runs(10) },
    )
  })

  it('[FA-03] are not kept where somebody saved them while they were read, and rolled that back', async () => {
    const database = new Database(':memory:')
    const storage = sqliteStorage(database)
    const main = instanceOn(storage)
    await as(main, 'ben').policies.save(policy('p', 'price'))
    let interferes = true
    const cold = instanceOn({
      ...storage,
      async list(query) {
        if (query.collection !== 'policies' || !interferes) return await storage.list(query)
        interferes = false
        database.exec('begin immediate')
        await as(main.within(database), 'ben').policies.save(policy('p', 'fee'))
        const found = await storage.list(query)
        database.exec('rollback')
        return found
      },
    })
    expect((await as(cold, 'ann').submit(prices.ref('a'), { value })).status).toBe('pending')
    expect(interferes).toBe(false)
    expect(await gates(cold)).toBe('pending,applied')
  })

  it('[FA-03] are asked anew of a request that was put to its reviewers in another state of the same number', async () => {
    const database = new Database(':memory:')
    const main = instanceOn(sqliteStorage(database))
    await as(main, 'ben').policies.save(policy('p', 'price'))
    const settings = (tables: readonly string[]) => tables.map((name) => `countersign_${name}`)
    const copies = settings(['policies', 'policy_sets']).map((name) => ({
      name,
      rows: database.prepare(`select * from ${name}`).raw().all() as unknown[][],
    }))
    await as(main, 'ben').policies.save(policy('q', 'fee'))
    const { id, digest } = pending(await as(main, 'ann').submit(prices.ref('a'), { value }))
    for (const { name, rows } of copies) {
      database.exec(`delete from ${name}`)
      for (const row of rows) database.prepare(`insert into ${name} values (${row.map(() => '?').join()})`).run(...row)
    }
    for (const name of settings(['events', 'unsealed'])) {
      database.exec(`delete from ${name} where stream = 'settings' and seq > 1`)
    }
    await as(main, 'ben').policies.save(policy('p', 'price', 2))
    expect((await as(main, 'ben').requests.approve(id, { digest })).request.status).toBe('pending')
    expect((await as(main, 'cat').requests.approve(id, { digest })).request.status).toBe('applied')
  })
})
