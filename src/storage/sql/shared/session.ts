import type { KeyPart } from '../../../ports/storage.ts'
import { createTurns } from '../../toolkit/serial-queue.ts'

/** Values of placeholders. */
export type SqlValues = (KeyPart | null)[]

/** Runs statements: each by itself, or all in one transaction. */
export interface SqlSession {
  /** Reads rows. */
  rows(text: string, values: SqlValues): Promise<readonly unknown[]>
  /** Runs a statement that answers no rows, and says how many it changed. */
  changes(text: string, values: SqlValues): Promise<number>
  /** Runs a statement that begins or ends something, or makes a table. */
  control(text: string): Promise<unknown>
  /** What an effect is given. */
  readonly native: unknown
  /** Set if numbers arrive as floating point, which MySQL does not take for a number of rows. */
  readonly sendsNumbersAsFloats?: true
}

/** A database that sessions are opened on. */
export interface SqlDatabase extends SqlSession {
  /** Does work in a transaction, which is rolled back if the work gives false or throws. */
  transaction(work: (session: SqlSession) => Promise<boolean>): Promise<boolean>
}

/** The statements around a transaction. */
export interface Brackets {
  readonly begin: readonly string[]
  readonly keep: readonly string[]
  readonly undo: readonly string[]
  /** Looks at the session before anything begins, and refuses one that will not do. */
  readonly before?: (session: SqlSession) => Promise<void>
  /**
   * Refuses in the words of the host what the database said when it was told to begin; does nothing if it cannot.
   */
  readonly refuse?: (thrown: unknown) => void
}

/** A part of a transaction that somebody else has opened. */
const savepoint = 'savepoint countersign'
const undoSavepoint = ['rollback to savepoint countersign', 'release savepoint countersign']

/**
 * Makes what a storage does a part of the host's transaction: undone alone if it fails, and otherwise kept or lost
 * with the whole.
 */
export const joined: Brackets = {
  begin: [savepoint],
  keep: ['release savepoint countersign'],
  undo: undoSavepoint,
}

/** The same if a savepoint outside of a transaction is no error: it is looked for before anything is written. */
export const joinedForSure: Brackets = { ...joined, begin: [savepoint, 'release savepoint countersign', savepoint] }

/** Does work between two brackets. */
export async function inBrackets(
  session: SqlSession,
  { begin, keep, undo, before, refuse }: Brackets,
  work: (session: SqlSession) => Promise<boolean>,
): Promise<boolean> {
  await before?.(session)
  try {
    try {
      for (const statement of begin) await session.control(statement)
    } catch (thrown) {
      refuse?.(thrown)
      throw thrown
    }
    const kept = await work(session)
    for (const statement of kept ? keep : undo) await session.control(statement)
    return kept
  } catch (thrown) {
    for (const statement of undo) await session.control(statement).catch(() => {})
    throw thrown
  }
}

/** What is different outside of the transactions that a session opens itself. */
export interface Outside {
  /** What statements by themselves are sent over. */
  readonly session?: SqlSession
  /** Called before each statement by itself, and before each transaction. Throws to refuse it. */
  readonly enter?: () => void
}

/** Speaks over one connection, on which everything has to take turns. */
export function overOne(
  session: SqlSession,
  brackets: Brackets,
  { session: alone = session, enter = () => {} }: Outside = {},
): SqlDatabase {
  const turns = createTurns()
  const inTurn = <T>(work: () => Promise<T>) =>
    turns(async () => {
      enter()
      return await work()
    })
  return {
    ...session,
    rows: (text, values) => inTurn(() => alone.rows(text, values)),
    changes: (text, values) => inTurn(() => alone.changes(text, values)),
    control: (text) => inTurn(() => alone.control(text)),
    transaction: (work) => inTurn(() => inBrackets(session, brackets, work)),
  }
}
