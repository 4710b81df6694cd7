import type { StoredRecord } from '../../../ports/storage.ts'
import { type KeyedWrite, refuseConflict, refuseDuplicate } from '../../toolkit/ordered-writes.ts'
import { type Arguments, bound } from '../shared/arguments.ts'
import type { SqlSession } from '../shared/session.ts'
import type { CollectionStatements, Statement } from '../shared/statements.ts'
import type { HoldStatements } from './hold-statements.ts'

/** One write of a commit, with what its statements need. */
export interface PreparedWrite {
  readonly keyed: KeyedWrite
  readonly values: Arguments
  readonly statements: CollectionStatements & HoldStatements
  /** Tells whether a row was refused because its key or its place in a unique index is taken. */
  readonly isTaken: (thrown: unknown) => boolean
}

/** Makes one write inside the transaction of its commit, or refuses. */
export async function makeWrite(session: SqlSession, prepared: PreparedWrite): Promise<void> {
  const { keyed, values, statements, isTaken } = prepared
  const { write } = keyed
  if (write.type === 'check') return await check(session, prepared, write.expected)
  try {
    if ((await changes(session, statements[write.type], values)) === 0) refuseConflict(keyed)
  } catch (thrown) {
    if (!isTaken(thrown)) throw thrown
    if (write.type === 'insert' && (await insertOverMark(session, prepared))) return
    refuseDuplicate(keyed, (await takenIndex(session, prepared)) ?? 'key', thrown)
  }
}

/** Reads the rows of a statement. */
export async function rows(
  session: SqlSession,
  { text, parameters }: Statement,
  members: readonly Arguments[],
): Promise<readonly unknown[]> {
  return await session.rows(text, bound(parameters, members))
}

async function check(
  session: SqlSession,
  { keyed, values, statements, isTaken }: PreparedWrite,
  expected: number | 'absent',
): Promise<void> {
  const version = versionOf(await rows(session, statements.hold, [values]))
  if ((version || 'absent') !== expected) refuseConflict(keyed)
  if (version !== undefined || !statements.mark) return
  try {
    await changes(session, statements.mark, values)
  } catch (thrown) {
    if (isTaken(thrown)) refuseConflict(keyed, thrown)
    throw thrown
  }
}

async function insertOverMark(session: SqlSession, { values, statements, isTaken }: PreparedWrite): Promise<boolean> {
  if (!statements.insertOverMark) return false
  try {
    return (await changes(session, statements.insertOverMark, values)) > 0
  } catch (thrown) {
    if (isTaken(thrown)) return false
    throw thrown
  }
}

async function takenIndex(
  session: SqlSession,
  { keyed, values, statements }: PreparedWrite,
): Promise<string | undefined> {
  if (keyed.write.type === 'insert' && versionOf(await rows(session, statements.version, [values]))) return 'key'
  for (const [index, statement] of Object.entries(statements.taken)) {
    if ((await rows(session, statement, [values])).length > 0) return index
  }
  return undefined
}

async function changes(session: SqlSession, { text, parameters }: Statement, values: Arguments): Promise<number> {
  return await session.changes(text, bound(parameters, [values]))
}

function versionOf([row]: readonly unknown[]): number | undefined {
  return row === undefined ? undefined : Number((row as StoredRecord).version)
}
