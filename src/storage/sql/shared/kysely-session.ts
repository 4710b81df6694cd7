import { rawQuery } from './dialect.ts'
import { type Engine, has, notTaken } from './handed-in.ts'
import { refuseTransaction } from './open-transaction.ts'
import { type Brackets, inBrackets, type SqlDatabase, type SqlSession, type SqlValues } from './session.ts'

/** What gives one connection of Kysely. */
export interface KyselyConnection {
  /** Works on the connection, and gives it back. */
  execute<T>(work: (connection: KyselyLike) => Promise<T>): Promise<T>
}

/** An instance of Kysely, or one of its transactions. */
export interface KyselyLike {
  /** Runs a compiled query. */
  executeQuery(query: never): Promise<{ readonly rows: unknown[]; readonly numAffectedRows?: bigint }>
  /** Gives the same without its plugins, which may change what rows say. */
  withoutPlugins(): Pick<KyselyLike, 'executeQuery'>
  /** Begins to take one connection. */
  connection(): KyselyConnection
  /** Whether it is a transaction. */
  readonly isTransaction: boolean
}

/** What an instance of Kysely makes of a query. */
interface CompiledProbe {
  readonly sql: string
  readonly query: { readonly from?: { readonly froms: readonly { readonly table?: ProbedTable }[] } }
}

interface ProbedTable {
  readonly schema?: { readonly name: string }
}

interface KyselyProbe {
  selectFrom(table: string): {
    select(column: string): {
      where(column: string, operator: '=', value: number): { compile(): CompiledProbe }
    }
  }
}

/** The quotation mark and the placeholder by which the SQL of each database is known. */
const marks: Readonly<Record<Engine, string>> = { postgres: '"$1', mysql: '`?', sqlite: '"?' }

/** Tells whether something is an instance of Kysely. */
export function isKysely(given: object): given is KyselyLike {
  return has(given, 'executeQuery', 'connection')
}

/**
 * Speaks to a database through an instance of Kysely.
 *
 * @throws TypeError if it is a transaction, writes SQL for another database, or puts a schema before the names of
 * tables.
 */
export function overKysely(kysely: KyselyLike, brackets: Brackets, engine: Engine, method: string): SqlDatabase {
  if (kysely.isTransaction) {
    throw new TypeError(`${method} ${notTaken(kysely, engine)}; a transaction is for approvals.within(trx)`)
  }
  const problem = unusable(kysely, engine)
  if (problem) throw new TypeError(`${method}: this instance of Kysely ${problem}`)
  return {
    ...kyselySession(kysely),
    transaction: (work) =>
      kysely.connection().execute((connection) => inBrackets(kyselySession(connection), brackets, work)),
  }
}

/** Speaks over a transaction of Kysely. */
export function overKyselyTransaction(transaction: KyselyLike, engine: Engine): SqlSession {
  if (!transaction.isTransaction) refuseTransaction('no transaction is open in it', transaction)
  const problem = unusable(transaction, engine)
  if (problem) refuseTransaction(`this transaction of Kysely ${problem}`)
  return kyselySession(transaction)
}

function kyselySession(kysely: KyselyLike): SqlSession {
  const bare = kysely.withoutPlugins()
  const execute = (text: string, values: SqlValues) => bare.executeQuery(rawQuery(text, values) as never)
  return {
    native: kysely,
    rows: async (text, values) => (await execute(text, values)).rows,
    changes: async (text, values) => Number((await execute(text, values)).numAffectedRows ?? 0),
    control: (text) => execute(text, []),
  }
}

/** Says why the tables would not be found through it; a query that it compiles tells. */
function unusable(kysely: KyselyLike, engine: Engine): string | undefined {
  if (!has(kysely, 'selectFrom')) return undefined
  const probe = kysely as unknown as KyselyProbe
  const { sql, query } = probe.selectFrom('countersign').select('at').where('at', '=', 1).compile()
  const mark = `${sql['select '.length]}${/\S+$/.exec(sql)?.[0]}`
  if (mark !== marks[engine]) return 'writes the SQL of another database'
  const schema = query.from?.froms[0]?.table?.schema?.name
  if (schema === undefined) return undefined
  const where = {
    postgres: `and let its pool say it, new pg.Pool({ options: '-c search_path=${schema}' })`,
    mysql: `and let its pool say it, createPool({ database: '${schema}' })`,
    sqlite: 'and open that file',
  }
  return `has withSchema('${schema}'), which Countersign does not follow: its tables are where the connection looks for them. Give the one without, as withoutPlugins() does, ${where[engine]}`
}
