import { rawQuery } from './dialect.ts'
import { canHaveMethods, type Engine, has, notTaken } from './handed-in.ts'
import type { TableOptions } from './names.ts'
import { refuseTransaction } from './open-transaction.ts'
import { type Brackets, inBrackets, type SqlDatabase, type SqlSession, type SqlValues } from './session.ts'
import { tablesOf } from './table-options.ts'

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
 * @throws TypeError if it is a transaction, or writes SQL for another database.
 */
export function overKysely(kysely: KyselyLike, brackets: Brackets, engine: Engine, method: string): SqlDatabase {
  if (kysely.isTransaction) {
    throw new TypeError(`${method} ${notTaken(kysely, engine)}; a transaction is for approvals.within(trx)`)
  }
  const problem = foreign(kysely, engine)
  if (problem) throw new TypeError(`${method}: this instance of Kysely ${problem}`)
  return {
    ...kyselySession(kysely),
    transaction: (work) =>
      kysely.connection().execute((connection) => inBrackets(kyselySession(connection), brackets, work)),
  }
}

/**
 * Speaks over a transaction of Kysely. Our statements say themselves where the tables are; one that names another
 * schema is refused, since its host may believe that they are there.
 */
export function overKyselyTransaction(transaction: KyselyLike, engine: Engine, tables: TableOptions): SqlSession {
  if (!transaction.isTransaction) refuseTransaction('no transaction is open in it', transaction)
  const schema = probed(transaction)?.schema
  const isElsewhere = schema !== undefined && schema !== tables.schema
  const problem = foreign(transaction, engine) ?? (isElsewhere ? elsewhere(schema, engine, tables) : undefined)
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

/**
 * Says where the tables are: where the options say, or else where `withSchema` of an instance of Kysely says.
 *
 * @throws TypeError if they say different things, or if the database has no schemas.
 */
export function tablesThrough(method: string, given: unknown, engine: Engine, tables: TableOptions): TableOptions {
  const schema = canHaveMethods(given) && isKysely(given) ? probed(given)?.schema : undefined
  if (schema === undefined || schema === tables.schema) return tables
  if (engine !== 'sqlite' && tables.schema === undefined) return { ...tablesOf(method, { schema }), ...tables }
  throw new TypeError(`${method}: this instance of Kysely ${elsewhere(schema, engine, tables)}`)
}

function elsewhere(schema: string, engine: Engine, tables: TableOptions): string {
  const named = tables.schema === undefined ? 'where the connection looks for them' : `in '${tables.schema}'`
  const instead = engine === 'sqlite' ? '' : `, or let the storage say it, { schema: '${schema}' }`
  return `has withSchema('${schema}'), and the tables of Countersign are ${named}: give the one without, as withoutPlugins() does${instead}`
}

/** What a query that an instance of Kysely compiles tells of it; `undefined` if it compiles none. */
function probed(kysely: KyselyLike): { readonly mark: string; readonly schema: string | undefined } | undefined {
  if (!has(kysely, 'selectFrom')) return undefined
  const probe = kysely as unknown as KyselyProbe
  const { sql, query } = probe.selectFrom('countersign').select('at').where('at', '=', 1).compile()
  const mark = `${sql['select '.length]}${/\S+$/.exec(sql)?.[0]}`
  return { mark, schema: query.from?.froms[0]?.table?.schema?.name }
}

/** Says what is wrong if the SQL that an instance of Kysely writes is that of another database. */
function foreign(kysely: KyselyLike, engine: Engine): string | undefined {
  const probe = probed(kysely)
  return probe && probe.mark !== marks[engine] ? 'writes the SQL of another database' : undefined
}
