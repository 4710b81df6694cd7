import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import type { KeyPart } from '../../ports/storage.ts'
import { remembered } from './statements.ts'
import { refuseFailed } from './stored-row.ts'

/** A statement as `pg` takes it: with a name, it is parsed once a connection. */
export interface PostgresQuery {
  readonly name?: string
  readonly text: string
  readonly values: (KeyPart | null)[]
}

/** What a statement gives back. */
export interface PostgresResult {
  readonly rows: unknown[]
}

/** A client of `pg`, checked out of its pool. */
export interface PostgresClient {
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
  /** Takes a connection. */
  connect(): Promise<PostgresClient>
  /** Closes all connections. */
  end(): Promise<void>
}

/** PGlite: PostgreSQL inside this process. */
export interface PostgresLite {
  /** Runs a statement. */
  query(text: string, values?: (KeyPart | null)[]): Promise<PostgresResult>
  /** Runs in a transaction. */
  transaction<T>(work: (transaction: PostgresLiteTransaction) => Promise<T>): Promise<T>
}

/** A transaction of PGlite. */
export interface PostgresLiteTransaction {
  /** Runs a statement. */
  query(text: string, values?: (KeyPart | null)[]): Promise<PostgresResult>
  /** Rolls the transaction back. */
  rollback(): Promise<void>
}

/** Runs statements, each by itself or all in one transaction. */
export interface PostgresSession {
  run(text: string, values: (KeyPart | null)[]): Promise<readonly unknown[]>
  /** What an effect is given. */
  readonly native: unknown
}

/** A database that sessions are opened on. */
export interface PostgresDatabase extends PostgresSession {
  /** Does work in a transaction, which is rolled back where the work gives false or throws. */
  transaction(work: (session: PostgresSession) => Promise<boolean>): Promise<boolean>
}

/** Speaks to a pool of `pg`. */
export function overPool(pool: PostgresPool): PostgresDatabase {
  const names = new Map<string, string>()
  /** Names a statement after its text. One of very many values is rare, and not worth being kept by the server. */
  const named = (text: string, values: (KeyPart | null)[]): PostgresQuery => {
    if (values.length > 100) return { text, values }
    const hash = () => `countersign_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    return { name: remembered(names, text, hash), text, values }
  }
  const over = (connection: Pick<PostgresPool, 'query'>): PostgresSession => ({
    native: connection,
    run: async (text, values) => (await connection.query(named(text, values))).rows,
  })
  return {
    ...over(pool),
    async transaction(work) {
      const client = await pool.connect()
      client.on('error', ignore)
      try {
        await client.query('begin isolation level read committed')
        const keep = await work(over(client))
        const { command } = await client.query(keep ? 'commit' : 'rollback')
        if (keep && command === 'ROLLBACK') refuseFailed('commit', 'a statement of the effect had failed')
        client.release()
        return keep
      } catch (thrown) {
        await client.query('rollback').then(
          () => client.release(),
          () => client.release(true),
        )
        throw thrown
      } finally {
        client.off('error', ignore)
      }
    },
  }
}

/**
 * Without a listener, a connection that the server ends would end this process. Whoever uses the connection is told by the
 * statement that fails.
 */
function ignore(): void {}

/** Speaks to PGlite. */
export function overLite(lite: PostgresLite): PostgresDatabase {
  const over = (connection: Pick<PostgresLite, 'query'>): PostgresSession => ({
    native: connection,
    run: async (text, values) => (await connection.query(text, values)).rows,
  })
  return {
    ...over(lite),
    transaction: (work) =>
      lite.transaction(async (transaction) => {
        const keep = await work(over(transaction))
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
export function openPool(connectionString: string): PostgresPool {
  const pool = new (loadDriver().Pool)({ connectionString })
  pool.on('error', ignore)
  return pool
}

/** Tells whether PostgreSQL gave up because another transaction was in the way: serialization, deadlock, lock time-out. */
export function isInTheWay(thrown: unknown): boolean {
  return ['40001', '40P01', '55P03'].includes(codeOf(thrown))
}

/** Tells whether PostgreSQL refused a row because its key or its place in a unique index is taken. */
export function isTaken(thrown: unknown): boolean {
  return ['23505', '22012'].includes(codeOf(thrown))
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
}

interface Driver {
  readonly Pool: new (options: {
    readonly connectionString: string
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
