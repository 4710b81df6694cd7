import type { StoredRecord } from '../../ports/storage.ts'
import { type KeyedWrite, refuseConflict, refuseDuplicate } from '../ordered-writes.ts'
import { type Arguments, bound } from './arguments.ts'
import { isTaken, type MysqlConnection, type MysqlPool } from './mysql-connection.ts'
import type { MysqlStatements } from './mysql-statements.ts'
import type { CollectionStatements, Statement } from './statements.ts'

/** One write of a commit, with what its statements need. */
export interface PreparedWrite {
  readonly keyed: KeyedWrite
  readonly values: Arguments
  readonly statements: CollectionStatements & MysqlStatements
}

/** Makes one write inside the transaction of its commit, or refuses. */
export async function makeWrite(connection: MysqlConnection, prepared: PreparedWrite): Promise<void> {
  const { keyed, values, statements } = prepared
  const { write } = keyed
  if (write.type === 'check') return await check(connection, prepared, write.expected)
  try {
    if ((await changes(connection, statements[write.type], values)) === 0) refuseConflict(keyed)
  } catch (thrown) {
    if (!isTaken(thrown)) throw thrown
    if (write.type === 'insert' && (await insertOverMark(connection, prepared))) return
    refuseDuplicate(keyed, (await takenIndex(connection, prepared)) ?? 'key', thrown)
  }
}

/** Reads the rows of a statement. */
export async function rows(
  connection: Pick<MysqlPool, 'execute'>,
  { text, parameters }: Statement,
  values: Arguments,
): Promise<readonly unknown[]> {
  const [found] = await connection.execute(text, bound(parameters, values))
  return found as readonly unknown[]
}

async function check(
  connection: MysqlConnection,
  { keyed, values, statements }: PreparedWrite,
  expected: number | 'absent',
): Promise<void> {
  const version = versionOf(await rows(connection, statements.hold, values))
  if ((version || 'absent') !== expected) refuseConflict(keyed)
  if (version !== undefined) return
  try {
    await changes(connection, statements.mark, values)
  } catch (thrown) {
    if (isTaken(thrown)) refuseConflict(keyed, thrown)
    throw thrown
  }
}

async function insertOverMark(connection: MysqlConnection, { values, statements }: PreparedWrite): Promise<boolean> {
  try {
    return (await changes(connection, statements.insertOverMark, values)) > 0
  } catch (thrown) {
    if (isTaken(thrown)) return false
    throw thrown
  }
}

async function takenIndex(
  connection: MysqlConnection,
  { keyed, values, statements }: PreparedWrite,
): Promise<string | undefined> {
  if (keyed.write.type === 'insert' && versionOf(await rows(connection, statements.version, values))) return 'key'
  for (const [index, statement] of Object.entries(statements.taken)) {
    if ((await rows(connection, statement, values)).length > 0) return index
  }
  return undefined
}

async function changes(
  connection: MysqlConnection,
  { text, parameters }: Statement,
  values: Arguments,
): Promise<number> {
  const [result] = await connection.execute(text, bound(parameters, values))
  return (result as { readonly affectedRows: number }).affectedRows
}

function versionOf([row]: readonly unknown[]): number | undefined {
  return row === undefined ? undefined : Number((row as StoredRecord).version)
}
