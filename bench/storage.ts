import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import {
  createApprovals,
  defineResource,
  type JsonObject,
  type Storage,
  staticDirectory,
  type Write,
} from 'countersign'
import { postgresStorage } from 'countersign/storage/postgres'
import { sqliteStorage } from 'countersign/storage/sqlite'
import pg from 'pg'
import { boolean, number, object } from 'zod'
import { type Comparison, timed } from './harness.ts'

/** One review by hand, as a developer would write it: begin, select for update, update, insert, commit. */
type ByHand = (id: string, rows: Rows) => Promise<void> | void

/** The bytes that Countersign writes for one review. */
interface Rows {
  readonly request: string
  readonly event: string
}

const workers = 16

/** Compares reviews on real databases with hand-written transactions of the same rows and bytes. */
export async function comparisons(): Promise<readonly Comparison[]> {
  return [...(await onSqlite()), ...(await onPostgres())]
}

async function onSqlite(): Promise<readonly Comparison[]> {
  const folder = mkdtempSync(join(import.meta.dirname, 'storage-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  const open = (name: string) => {
    const database = new Database(join(folder, name))
    database.exec('pragma journal_mode = wal; pragma synchronous = full')
    return database
  }
  const subject = await office(sqliteStorage(open('subject.db')))
  const crowded = await office(sqliteStorage(open('crowded.db')))
  await crowded.crowd(100_000)
  const database = open('peer.db')
  database.exec(tables)
  const [select, update, insert] = byHandStatements.map((text) => database.prepare(text.replaceAll(/\$\d/g, '?')))
  const review: ByHand = (id, { request, event }) => {
    database.exec('begin immediate')
    const version = (select?.get(id) as { readonly version: number } | undefined)?.version ?? 0
    update?.run(version + 1, request, id)
    insert?.run(id, version + 1, event)
    database.exec('commit')
  }
  const seed = (id: string, text: string) =>
    void database.prepare('insert into hand_requests values (?, 1, ?)').run(id, text)
  return [
    compared('one review, SQLite, synchronous = FULL', { subject, review, seed, at: 1, goal: 0.7 }),
    timed({
      case: 'one review, 100,000 requests stored',
      subject: { name: 'approve', prepare: crowded.submit, run: crowded.approve },
      peer: { name: 'approve, few stored', prepare: subject.submit, run: subject.approve },
      same: () => true,
      goal: 1 / 1.3,
    }),
  ]
}

async function onPostgres(): Promise<readonly Comparison[]> {
  const schema = `countersign_bench_${randomUUID().replaceAll('-', '')}`
  const connectionString = process.env['POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'
  const pool = new pg.Pool({ connectionString, max: workers, options: `-c search_path=${schema}` })
  try {
    await pool.query(`create schema ${schema}`)
  } catch (error) {
    console.log(`PostgreSQL is left out: nobody answers at ${connectionString} (${String(error)}).`)
    await pool.end()
    return []
  }
  await pool.query(tables)
  const subject = await office(postgresStorage(pool))
  const [select = '', update = '', insert = ''] = byHandStatements
  const review: ByHand = async (id, { request, event }) => {
    const client = await pool.connect()
    await client.query('begin')
    const { rows } = await client.query({ name: 'select', text: `${select} for update`, values: [id] })
    const version = Number(rows[0].version)
    await client.query({ name: 'update', text: update, values: [version + 1, request, id] })
    await client.query({ name: 'insert', text: insert, values: [id, version + 1, event] })
    await client.query('commit')
    client.release()
  }
  const seed = async (id: string, text: string) =>
    void (await pool.query('insert into hand_requests values ($1, 1, $2)', [id, text]))
  const last: Comparison = compared(`${workers} reviews at once, PostgreSQL`, {
    subject,
    review,
    seed,
    at: workers,
    goal: 1,
  })
  return [
    compared('one review, PostgreSQL', { subject, review, seed, at: 1, goal: 1 }),
    {
      ...last,
      async measure() {
        const measured = await last.measure()
        await pool.query(`drop schema ${schema} cascade`)
        await pool.end()
        return measured
      },
    },
  ]
}

const tables = `create table hand_requests (id varchar(80) primary key, version bigint not null, value text not null);
  create table hand_events (stream varchar(80), seq bigint, value text not null, primary key (stream, seq))`
const byHandStatements = [
  'select version, value from hand_requests where id = $1',
  'update hand_requests set version = $1, value = $2 where id = $3',
  'insert into hand_events values ($1, $2, $3)',
]

type Office = Awaited<ReturnType<typeof office>>

/** Compares so many reviews at once with as many by hand. */
function compared(
  name: string,
  {
    subject,
    review,
    seed,
    at,
    goal,
  }: {
    readonly subject: Office
    readonly review: ByHand
    readonly seed: (id: string, text: string) => Promise<void> | void
    readonly at: number
    readonly goal: number
  },
): Comparison {
  const many = <T>(make: () => Promise<T>) => Promise.all(Array.from({ length: at }, make))
  let requests = 0
  return timed({
    case: name,
    subject: {
      name: 'approve',
      prepare: () => many(subject.submit),
      run: (all: readonly Pending[]) => Promise.all(all.map(subject.approve)),
    },
    peer: {
      name: 'by hand',
      async prepare() {
        const rows = await subject.rowsOfReview()
        return await many(async () => {
          const id = `${name} ${++requests}`
          await seed(id, rows.request)
          return { id, rows }
        })
      },
      run: (all: readonly { readonly id: string; readonly rows: Rows }[]) =>
        Promise.all(all.map(({ id, rows }) => review(id, rows))),
    },
    same: (ours) => ours.every(({ request }) => request.status === 'pending'),
    goal,
  })
}

interface Pending {
  readonly id: string
  readonly digest: string
}

/** People who gate every change of a flag behind two leads. */
async function office(storage: Storage) {
  const flags = defineResource({ type: 'feature_flag', schema: object({ enabled: boolean(), rollout: number() }) })
  const approvals = createApprovals({
    admins: 'anyone',
    storage,
    resources: [flags],
    directory: staticDirectory({ ann: [], ben: ['lead'], cara: ['lead'] }),
  })
  const ann = approvals.as({ tenant: 'acme', user: 'ann' })
  const ben = approvals.as({ tenant: 'acme', user: 'ben' })
  await ben.policies.save({ id: 'all', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } })
  let flag = 0
  const submit = async (): Promise<Pending> => {
    const outcome = await ann.submit(flags.ref(`flag-${++flag}`), { value: { enabled: true, rollout: 10 } })
    if (outcome.status !== 'pending') throw new TypeError('The change was not gated.')
    return outcome.request
  }
  const approve = ({ id, digest }: Pending) => ben.approve(id, { seen: digest })
  const storedRequest = async (id: string) => {
    const [record] = await storage.get([{ collection: 'requests', key: ['acme', id] }])
    return record?.value ?? {}
  }
  let rows: Promise<Rows> | undefined
  return {
    submit,
    approve,
    /** What one review leaves, as it is stored. */
    rowsOfReview(): Promise<Rows> {
      rows ??= (async () => {
        const request = await submit()
        await approve(request)
        const where = ['acme', `request/${request.id}`]
        const query = { collection: 'events', index: 'key', where, order: 'descending', limit: 1 } as const
        const [event] = (await storage.list(query)).records
        return { request: JSON.stringify(await storedRequest(request.id)), event: JSON.stringify(event?.value) }
      })()
      return rows
    },
    /** Stores so many requests beside those that are used. */
    async crowd(count: number): Promise<void> {
      const { id } = await submit()
      const value: JsonObject = await storedRequest(id)
      for (let from = 0; from < count; from += 1000) {
        const writes = Array.from(
          { length: 1000 },
          (_, index): Write => ({
            type: 'insert',
            collection: 'requests',
            value: { ...value, id: `crowd-${from + index}` },
          }),
        )
        await storage.commit(writes)
      }
    },
  }
}
