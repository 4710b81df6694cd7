import { createTurns } from '../../toolkit/serial-queue.ts'
import { has } from '../shared/handed-in.ts'
import { refuseTransaction } from '../shared/open-transaction.ts'
import { type Brackets, inBrackets, type SqlDatabase, type SqlSession, type SqlValues } from '../shared/session.ts'

/** What postgres.js gives inside `sql.begin`, or for a reserved connection, which has no `savepoint`. */
interface PostgresJs {
  unsafe(text: string, values: SqlValues): { raw(): PromiseLike<PostgresJsResult> }
  savepoint?<T>(name: string, work: (sql: PostgresJs) => Promise<T>): Promise<T>
}

/** The rows as bytes, whatever types and transformations were set. */
interface PostgresJsResult extends Iterable<readonly (Uint8Array | null)[]> {
  readonly columns: readonly { readonly name: string }[] | null | undefined
  readonly count: number
}

const text = new TextDecoder()

/** Tells whether something is a transaction or a reserved connection of postgres.js. */
export function isPostgresJs(given: object): given is PostgresJs {
  if (typeof given !== 'function' || !has(given, 'unsafe')) return false
  if (has(given, 'savepoint') || (has(given, 'release') && !has(given, 'begin'))) return true
  return refuseTransaction('no transaction is open in it', given)
}

/**
 * Speaks over a transaction of postgres.js; effects are given it too, unless the host has something else for them. It
 * takes one whose statement has failed for lost, whatever is rolled back, unless the statement ran in a savepoint of
 * its own.
 */
export function overPostgresJs(sql: PostgresJs, brackets: Brackets, native?: unknown): SqlDatabase {
  const inTurn = createTurns()
  const session = sessionOf(sql, native)
  return {
    ...session,
    rows: (text, values) => inTurn(() => session.rows(text, values)),
    changes: (text, values) => inTurn(() => session.changes(text, values)),
    control: (text) => inTurn(() => session.control(text)),
    transaction: (work) =>
      inTurn(() =>
        sql.savepoint
          ? inSavepoint(sql, brackets, (inner) => work(sessionOf(inner, native)))
          : inBrackets(session, brackets, work),
      ),
  }
}

async function inSavepoint(
  sql: PostgresJs,
  { refuse }: Brackets,
  work: (inner: PostgresJs) => Promise<boolean>,
): Promise<boolean> {
  const undone = {}
  try {
    await sql.savepoint?.('countersign', async (inner) => {
      if (!(await work(inner))) throw undone
    })
    return true
  } catch (thrown) {
    if (thrown === undone) return false
    refuse?.(thrown)
    throw thrown
  }
}

function sessionOf(sql: PostgresJs, native: unknown = sql): SqlSession {
  const run = (statement: string, values: SqlValues) => sql.unsafe(statement, values).raw()
  return {
    native,
    rows: async (statement, values) => rowsOf(await run(statement, values)),
    changes: async (statement, values) => (await run(statement, values)).count,
    control: async (statement) => await run(statement, []),
  }
}

/** Our columns have names of one small word each, so that of all transformations only one to capitals touches them. */
function rowsOf(result: PostgresJsResult): readonly unknown[] {
  const names = result.columns?.map(({ name }) => name.toLowerCase()) ?? []
  return [...result].map((row) =>
    Object.fromEntries(names.map((name, at) => [name, row[at] ? text.decode(row[at]) : null])),
  )
}
