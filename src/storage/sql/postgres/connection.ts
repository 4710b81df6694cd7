import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { refuseFailed } from '../../toolkit/stored-row.ts'
import type { Dialect } from '../shared/dialect.ts'
import { codesOf } from '../shared/driver-error.ts'
import { type FirstLook, lookedAt, refuseSession } from '../shared/first-look.ts'
import type { MigrationLock } from '../shared/migrations.ts'
import { plainName } from '../shared/names.ts'
import { type Lender, lent } from '../shared/pooled-connection.ts'
import type { Preparing } from '../shared/preparing.ts'
import { type Brackets, overOne, type SqlDatabase, type SqlSession, type SqlValues } from '../shared/session.ts'
import { getOrMake } from '../shared/statements.ts'
import type {
  PostgresClient,
  PostgresLite,
  PostgresLiteOptions,
  PostgresPool,
  PostgresPoolClient,
  PostgresQuery,
  PostgresTypes,
} from './driver-types.ts'
import { refuseOtherPartitions } from './partitions.ts'

/**
 * A transaction of its own. `select 1` fails if a statement before it has failed: without it, `commit` would roll
 * back without a word.
 */
export const inTransaction: Brackets = {
  begin: ['begin isolation level read committed'],
  keep: ['select 1', 'commit'],
  undo: ['rollback'],
}

/** Keeps others who make the same tables out until the transaction that makes them has ended. */
export function migrationLock(dialect: Dialect): MigrationLock {
  const { tables } = dialect
  const schema = tables.schema === undefined ? 'current_schema()' : `'${tables.schema}'`
  return {
    take: `select pg_advisory_xact_lock(hashtext(concat(${schema}, '.${plainName('migrations', tables)}')))`,
    inspect: (session) => refuseOtherPartitions(session, dialect),
  }
}

/** Reads every column as the text that the server sends. */
const asText = (text: string) => text
const asSent: PostgresTypes = { getTypeParser: () => asText }
const liteOptions: PostgresLiteOptions = { parsers: { 20: asText, 23: asText, 25: asText } }

/** Names statements after their texts, if a server shall keep them. */
function naming(isPrepared: Preparing): (text: string, values: SqlValues) => PostgresQuery {
  const names = new Map<string, string>()
  return (text, values) => {
    if (!isPrepared(text)) return { text, values, types: asSent }
    const hash = () => `countersign_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    return { name: getOrMake(names, text, hash), text, values, types: asSent }
  }
}

/** Names no statement: nothing stays on the server, which may be another one the next time. */
const unnamed: Pick<PostgresCare, 'named'> = { named: (text, values) => ({ text, values, types: asSent }) }

/** How a storage gets to know its connections, and how it sends statements. */
export interface PostgresCare {
  readonly look: FirstLook
  readonly named: (text: string, values: SqlValues) => PostgresQuery
}

/** Makes the care that the connections of one storage share. */
export function careful(look: FirstLook, isPrepared: Preparing): PostgresCare {
  return { look, named: naming(isPrepared) }
}

/** Speaks over a client of `pg`. */
export function overClient(
  connection: Pick<PostgresPool, 'query'>,
  { named }: Pick<PostgresCare, 'named'>,
): SqlSession {
  const run = (query: PostgresQuery) => connection.query(query)
  return {
    native: connection,
    rows: async (text, values) => (await run(named(text, values))).rows,
    changes: async (text, values) => (await run(named(text, values))).rowCount ?? 0,
    control: (text) => run({ text, values: [] }),
  }
}

/** Speaks over a client that was looked at before. */
export function overKnown(connection: PostgresClient, care: PostgresCare): SqlSession {
  const [bare, prepared] = [overClient(connection, unnamed), overClient(connection, care)]
  const fitting = async () => {
    const { changesServers } = await care.look(identityOf(connection) ?? connection, bare)
    return changesServers ? bare : prepared
  }
  return {
    native: connection,
    rows: async (text, values) => (await fitting()).rows(text, values),
    changes: async (text, values) => (await fitting()).changes(text, values),
    control: async (text) => (await fitting()).control(text),
  }
}

/**
 * Speaks over the one client that there is. What would join a transaction that the host has left open on it is
 * refused.
 */
export function overSingle(client: PostgresClient, care: PostgresCare): SqlDatabase {
  return overOne(overKnown(client, care), inTransaction, {
    enter() {
      if (!isOpen(client)) return
      refuseSession(
        'a transaction of the application is open on it: work inside that with approvals.within(client), or end it before',
      )
    },
  })
}

/**
 * Speaks to a pool of `pg`, none of whose connections is kept longer than the time that it is given.
 *
 * A connection that somebody gave back with a transaction open gets that rolled back: what we would write into it,
 * nobody might ever commit.
 */
export function overPool(pool: PostgresPool, timeout: number, { look, named }: PostgresCare): SqlDatabase {
  const lender: Lender<PostgresPoolClient> = {
    take: () =>
      new Promise((resolve, reject) => {
        const taken: Parameters<PostgresPool['connect']>[0] = (error, client) => {
          client?.on('error', ignore)
          if (client) resolve(client)
          else reject(error)
        }
        // Called back, not awaited: the word that the server has ended a connection may come together with the word
        // that it is ready.
        const answer = pool.connect(taken) as Promise<PostgresPoolClient> | undefined
        answer?.then?.((client) => taken(undefined, client), reject)
      }),
    giveBack(client, broken) {
      client.release(broken)
      // One that is being closed may have more to say.
      if (!broken) client.off('error', ignore)
    },
  }
  const taken = <T>(work: (session: SqlSession, client: PostgresPoolClient, distrust: () => void) => Promise<T>) =>
    lent(lender, timeout, async (client, distrust) => {
      if (isOpen(client)) await client.query('rollback')
      const bare = overClient(client, unnamed)
      const { changesServers } = await look(identityOf(client) ?? pool, bare)
      return await work(changesServers ? bare : overClient(client, { named }), client, distrust)
    })
  return {
    native: pool,
    rows: (text, values) => taken((session) => session.rows(text, values)),
    changes: (text, values) => taken((session) => session.changes(text, values)),
    control: (text) => taken((session) => session.control(text)),
    transaction: (work) =>
      taken(async (session, client, distrust) => {
        try {
          await client.query('begin isolation level read committed')
          const keep = await work(session)
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

/** Tells whether a transaction is open on a client, as far as the client tells. */
function isOpen(client: Pick<PostgresClient, 'getTransactionStatus'>): boolean {
  const status = client.getTransactionStatus?.()
  return status === 'T' || status === 'E'
}

/** What stays the same for as long as a connection is open; `undefined` for a client that somebody has wrapped. */
function identityOf(client: object): object | undefined {
  if ('connection' in client && typeof client.connection === 'object' && client.connection !== null) {
    return client.connection
  }
  return 'processID' in client ? client : undefined
}

/**
 * Without a listener, a connection that the server ends would end this process. Whoever uses the connection is told
 * by the statement that fails.
 */
function ignore(): void {}

/** Speaks over PGlite, or over one of its transactions. */
export function overLiteSession(connection: Pick<PostgresLite, 'query'>, { look }: PostgresCare): SqlSession {
  const run = (text: string, values: SqlValues) => connection.query(text, values, liteOptions)
  const session: SqlSession = {
    native: connection,
    rows: async (text, values) => (await run(text, values)).rows,
    changes: async (text, values) => (await run(text, values)).rowCount ?? 0,
    control: (text) => run(text, []),
  }
  return lookedAt(session, () => look(connection, session))
}

/** Speaks to PGlite. */
export function overLite(lite: PostgresLite, care: PostgresCare): SqlDatabase {
  const session = overLiteSession(lite, care)
  return {
    ...session,
    async transaction(work) {
      await care.look(lite, session)
      return await lite.transaction(async (transaction) => {
        const keep = await work(
          overLiteSession(transaction, { ...care, look: async () => ({ keepsTransactions: false }) }),
        )
        // A transaction in which a statement has failed says so now; at its end it would be rolled back without a word.
        if (keep) await transaction.query('select 1')
        else await transaction.rollback()
        return keep
      })
    },
  }
}

/**
 * Opens a pool with `pg`.
 *
 * @throws TypeError if the package is not installed.
 */
export function openPool(connectionString: string, timeout: number): PostgresPool {
  const pool = new (loadDriver().Pool)({ connectionString, connectionTimeoutMillis: timeout })
  pool.on('error', ignore)
  return pool
}

/**
 * Tells whether PostgreSQL gave up because another transaction was in the way: serialization, deadlock, lock
 * time-out.
 */
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
