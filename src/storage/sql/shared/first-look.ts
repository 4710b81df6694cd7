import { fail } from '../../../errors/approval-error.ts'
import type { SqlDatabase, SqlSession } from './session.ts'

/** What a connection turned out to be like. */
export interface Habits {
  /** Whether a statement by itself opens a transaction that stays open, because the connection has autocommit off. */
  readonly keepsTransactions: boolean
  /** Whether a pooler stands in between, so that the next transaction may be on another connection to the server. */
  readonly changesServers?: boolean
}

/**
 * Looks at a connection when it is first used, and remembers what it saw. The identity is the same for as long as the
 * connection is.
 */
export type FirstLook = (identity: object, session: SqlSession) => Promise<Habits>

/** Remembers what `look` saw of each connection. A connection that was refused is looked at again the next time. */
export function firstLook(look: (session: SqlSession) => Promise<Habits>): FirstLook {
  const known = new WeakMap<object, Promise<Habits>>()
  return (identity, session) => {
    const seen = known.get(identity) ?? look(session)
    known.set(identity, seen)
    seen.catch(() => known.delete(identity))
    return seen
  }
}

/** Makes a session that nothing is sent over before its connection was looked at. */
export function lookedAt(session: SqlSession, look: () => Promise<Habits>): SqlSession {
  return {
    ...session,
    async rows(text, values) {
      await look()
      return await session.rows(text, values)
    },
    async changes(text, values) {
      await look()
      return await session.changes(text, values)
    },
    async control(text) {
      await look()
      return await session.control(text)
    },
  }
}

/** The same for a database, in whose transactions nothing is sent before either. */
export function lookedAtDatabase(database: SqlDatabase, look: () => Promise<Habits>): SqlDatabase {
  return {
    ...lookedAt(database, look),
    async transaction(work) {
      await look()
      return await database.transaction(work)
    },
  }
}

/**
 * A text in which the mistakes of a driver show: it looks like JSON, and has quotes, a backslash, and digits that are
 * no number.
 */
export const probe = String.raw`{"countersign": "\\ 007.0"}`

/** The largest version that a record can have. */
export const largest = Number.MAX_SAFE_INTEGER

/**
 * Looks at the answer to a probe: one row that says `came`, the probe as it came back, and `version`, which is {@link
 * largest}.
 *
 * @throws ApprovalError `storage_failed` if the driver gives something else than was written.
 */
export function checkProbe([row]: readonly unknown[]): void {
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    refuseSession('the driver gives rows that are no objects: let it give objects')
  const { came, version } = row as { readonly came?: unknown; readonly version?: unknown }
  if (came !== probe) {
    refuseSession(
      'a text does not come back as it was written: take out what parses or casts the columns that the driver reads (types, typeCast), or escapes values for another sql_mode',
    )
  }
  if (Number(version) !== largest)
    refuseSession('integers do not come back as they were written: take out what parses them')
}

/** Refuses to use a connection as it is set up. */
export function refuseSession(problem: string): never {
  return fail('storage_failed', { operation: 'use the connection as it is set up', problem })
}
