import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createApprovals, defineResource, staticDirectory } from 'countersign'
import { type SqliteConnection, type SqliteValue, sqliteStorage } from 'countersign/storage/sqlite'
import { boolean, number, object } from 'zod'
import { type Comparison, timed } from './harness.ts'

/** A statement that a review ran, with what it was given. */
interface Step {
  readonly text: string
  readonly verb: 'run' | 'get' | 'all' | 'exec'
  readonly values: readonly SqliteValue[]
}

/** Compares one approval, which is not the last one that is needed, with its own statements run by hand. */
export async function comparisons(): Promise<readonly Comparison[]> {
  const folder = mkdtempSync(join(import.meta.dirname, 'review-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  const open = (name: string) => openDatabase(join(folder, name))

  const database = open('subject.db')
  const subject = await office(database)
  const peerDatabase = open('peer.db')
  const peer = await office(peerDatabase)
  const steps: Step[] = []
  const rehearsal = await office(recording(open('rehearsal.db'), steps))
  const prepared = new Map<string, Database.Statement>()
  const run = ({ text, verb, values }: Step) => {
    if (verb === 'exec') return peerDatabase.exec(text)
    const statement = prepared.get(text) ?? peerDatabase.prepare(text)
    prepared.set(text, statement)
    return statement[verb](...values)
  }

  return [
    timed({
      case: 'one approval of two, synchronous = FULL',
      subject: {
        name: 'approve',
        prepare: subject.submit,
        run: ({ id, digest }: Pending) => subject.approve(id, digest),
      },
      peer: {
        name: 'its statements by hand',
        async prepare() {
          await peer.submit()
          const { id, digest } = await rehearsal.submit()
          steps.length = 0
          await rehearsal.approve(id, digest)
          return [...steps]
        },
        run: (script: readonly Step[]) => script.map(run),
      },
      same: () => {
        const kept = contentOf(database, 'request-1')
        return kept.includes('approve') && kept === contentOf(peerDatabase, 'request-1')
      },
      goal: null,
    }),
  ]
}

interface Pending {
  readonly id: string
  readonly digest: string
}

/** People who gate every change of a flag behind two leads; the same requests, in the same order, in every database. */
async function office(connection: SqliteConnection) {
  const flags = defineResource({ type: 'feature_flag', schema: object({ enabled: boolean(), rollout: number() }) })
  let requests = 0
  const approvals = createApprovals({
    admins: 'anyone',
    storage: sqliteStorage(connection),
    resources: [flags],
    directory: staticDirectory({ ann: [], ben: ['lead'], cara: ['lead'] }),
    now: () => Date.UTC(2026, 0, 5),
    newId: () => `request-${++requests}`,
  })
  const [ann, ben] = ['ann', 'ben'].map((user) => approvals.as({ tenant: 'acme', user }))
  if (!ann || !ben) throw new TypeError('Nobody is here.')
  await ben.policies.save({ id: 'all', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } })
  let flag = 0
  return {
    async submit(): Promise<Pending> {
      const outcome = await ann.submit(flags.ref(`flag-${++flag}`), { value: { enabled: true, rollout: 10 } })
      if (outcome.status !== 'pending') throw new TypeError('The change was not gated.')
      return outcome.request
    },
    approve: (id: string, digest: string) => ben.requests.approve(id, { digest }),
  }
}

function openDatabase(path: string): Database.Database {
  const database = new Database(path)
  database.exec('pragma journal_mode = wal; pragma synchronous = full')
  return database
}

/** Opens the connection to view: every statement that is run is noted. */
function recording(connection: SqliteConnection, steps: Step[]): SqliteConnection {
  return {
    exec(text) {
      steps.push({ text, verb: 'exec', values: [] })
      return connection.exec(text)
    },
    close: () => connection.close(),
    prepare(text) {
      const statement = connection.prepare(text)
      const noted = <V extends Exclude<Step['verb'], 'exec'>>(verb: V) =>
        ((...values: SqliteValue[]) => {
          steps.push({ text, verb, values })
          return statement[verb](...values)
        }) as (typeof statement)[V]
      return { run: noted('run'), get: noted('get'), all: noted('all') }
    },
  }
}

/** Everything that is kept about a request, as text. */
function contentOf(database: Database.Database, request: string): string {
  const record = database.prepare('select * from countersign_requests where id = ?').all(request)
  const events = database.prepare('select * from countersign_events where stream = ?').all(`request/${request}`)
  return JSON.stringify([record, events])
}
