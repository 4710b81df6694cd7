import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { codesOf } from './driver-error.ts'
import { type Lender, lent } from './lent.ts'
import type { Brackets, SqlDatabase, SqlSession, SqlValues } from './session.ts'
import { remembered } from './statements.ts'
import { refuseFailed } from './stored-row.ts'

/** A statement as `pg` takes it: with a name, it is parsed once a connection. */
export interface PostgresQuery {
  readonly name?: string
  readonly text: string
  readonly values: SqlValues
}

/** What a statement gives back. */
export interface PostgresResult {
  readonly rows: unknown[]
  readonly rowCount?: number | null
}

/** A connected client of `pg`. */
export interface PostgresClient {
  /** Runs a statement. */
  query(query: PostgresQuery | string): Promise<PostgresResult & { readonly command?: string }>
  /** Quotes a name. */
  escapeIdentifier(name: string): string
}

/** A client of `pg`, checked out of its pool. */
export interface PostgresPoolClient {
  /** Runs a statement. */
  query(query: PostgresQuery | string): Promise<PostgresResult & { readonly command?: string }>
  /** Gives the connection back to its pool. */
  release(broken?: boolean): void
  /** Listens to an event. */
  on(event: 'error', listener: () => void): unknown
  /** Stops listening. */
  off(event: 'error', listener: () => void): unknown
}

/** A `Pool` of `pg`. */
export interface PostgresPool {
  /** Runs a statement. */
  query(query: PostgresQuery): Promise<PostgresResult>
  /** Takes a connection, and calls back with it. One that is wrapped may answer with a promise instead. */
  connect(taken: (error: Error | undefined, client: PostgresPoolClient | undefined) => void): unknown
  /** Closes all connections. */
  end(): Promise<void>
}

/** PGlite: PostgreSQL inside this process. */
export interface PostgresLite {
  /** Runs a statement. */
  query(text: string, values?: SqlValues): Promise<PostgresResult>
  /** Runs in a transaction. */
  transaction<T>(work: (transaction: PostgresLiteTransaction) => Promise<T>): Promise<T>
}

/** A transaction of PGlite. */
export interface PostgresLiteTransaction {
  /** Runs a statement. */
  query(text: string, values?: SqlValues): Promise<PostgresResult>
  /** Rolls the transaction back. */
  rollback(): Promise<void>
}

/** A transaction of its own. One in which a statement has failed says so before its end, where it would be rolled back without a word. */
export const inTransaction: Brackets = {
  begin: ['begin isolation level read committed'],
  keep: ['select 1', 'commit'],
  undo: ['rollback'],
}

/** Keeps others out until the transaction that makes the tables has ended. */
export const migrationLock = { take: "select pg_advisory_xact_lock(hashtext('countersign_migrations'))" }

/** Names statements after their texts. One of very many values is rare, and not worth being kept by the server. */
function naming(): (text: string, values: SqlValues) => PostgresQuery {
  const names = new Map<string, string>()
  return (text, values) => {
    if (values.length > 100) return { text, values }
    const hash = () => `countersign_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    return { name: remembered(names, text, hash), text, values }
  }
}

/** Speaks over a client of `pg`, or over any of a pool. */
export function overClient(connection: Pick<PostgresPool, 'query'>, named = naming()): SqlSession {
  const run = (query: PostgresQuery) => connection.query(query)
  return {
    native: connection,
    rows: async (text, values) => (await run(named(text, values))).rows,
    changes: async (text, values) => (await run(named(text, values))).rowCount ?? 0,
    control: (text) => run({ text, values: [] }),
  }
}

/** Speaks to a pool of `pg`, none of whose connections is kept longer than the time that it is given. */
export function overPool(pool: PostgresPool, timeout: number): SqlDatabase {
  const named = naming()
  const lender: Lender<PostgresPoolClient> = {
    take: () =>
      new Promise((resolve, reject) => {
        const taken: Parameters<PostgresPool['connect']>[0] = (error, client) => {
          client?.on('error', ignore)
          if (client) resolve(client)
          else reject(error)
        }
        // Called back, not awaited: the word that the server has ended a connection may come together with the word that it is ready.
        const answer = pool.connect(taken) as Promise<PostgresPoolClient> | undefined
        answer?.then?.((client) => taken(undefined, client), reject)
      }),
    giveBack(client, broken) {
      client.release(broken)
      // One that is being closed may have more to say.
      if (!broken) client.off('error', ignore)
    },
  }
  return {
    ...overClient({ query: (query) => lent(lender, timeout, (client) => client.query(query)) }, named),
    transaction: (work) =>
      lent(lender, timeout, async (client, distrust) => {
        try {
          await client.query('begin isolation level read committed')
          const keep = await work(overClient(client, named))
          const { command } = await client.query(keep ? 'commit' : 'rollback')
          if (keep && command === 'ROLLBACK') refuseFailed('commit', 'a statement of the effect had failed')
          return keep
        } catch (thrown) {
          await client.query('rollback').catch(distrust)
          throw thrown
        }
      }),
  }
}

/**
 * Without a listener, a connection that the server ends would end this process. Whoever uses the connection is told by the
 * statement that fails.
 */
function ignore(): void {}

/** Speaks over PGlite, or over one of its transactions. */
export function overLiteSession(connection: Pick<PostgresLite, 'query'>): SqlSession {
  return { ...overClient({ query: ({ text, values }) => connection.query(text, values) }), native: connection }
}

/** Speaks to PGlite. */
export function overLite(lite: PostgresLite): SqlDatabase {
  return {
    ...overLiteSession(lite),
    transaction: (work) =>
      lite.transaction(async (transaction) => {
        const keep = await work(overLiteSession(transaction))
        // A transaction in which a statement has failed says so now; at its end it would be rolled back without a word.
        if (keep) await transaction.query('select 1')
        else await transaction.rollback()
        return keep
      }),
  }
}

/**
 * Opens a pool with `pg`.
 *
 * @throws TypeError where the package is not installed.
 */
export function openPool(connectionString: string, timeout: number): PostgresPool {
  const pool = new (loadDriver().Pool)({ connectionString, connectionTimeoutMillis: timeout })
  pool.on('error', ignore)
  return pool
}

/** Tells whether PostgreSQL gave up because another transaction was in the way: serialization, deadlock, lock time-out. */
export function isInTheWay(thrown: unknown): boolean {
  return isOneOf(thrown, '40001', '40P01', '55P03')
}

/** Tells whether PostgreSQL refused a row because its key or its place in a unique index is taken. */
export function isTaken(thrown: unknown): boolean {
  return isOneOf(thrown, '23505', '22012')
}

/** Tells whether PostgreSQL refused a savepoint because no transaction is open. */
export function isOutside(thrown: unknown): boolean {
  return isOneOf(thrown, '25P01')
}

function isOneOf(thrown: unknown, ...states: readonly string[]): boolean {
  return codesOf(thrown).some((code) => states.includes(code))
}

interface Driver {
  readonly Pool: new (options: {
    readonly connectionString: string
    readonly connectionTimeoutMillis: number
  }) => PostgresPool & {
    on(event: 'error', listener: () => void): unknown
  }
}

function loadDriver(): Driver {
  try {
    return createRequire(import.meta.url)('pg')
  } catch (cause) {
    throw new TypeError('postgresStorage(connectionString) needs the package pg: npm install pg', { cause })
  }
}
