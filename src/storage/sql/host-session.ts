import { fail } from '../../errors.ts'
import { rawQuery } from './dialect.ts'
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

/** A transaction of Drizzle: those of PostgreSQL and MySQL execute, those of SQLite tell reading from running. */
interface DrizzleLike {
  execute?(query: DrizzleQuery): PromiseLike<unknown>
  all?(query: DrizzleQuery): unknown
  run?(query: DrizzleQuery): unknown
  select(): unknown
}

/** What Drizzle takes for a query: something that gives SQL, which gives its text and values. */
interface DrizzleQuery {
  getSQL(): { toQuery(): { readonly sql: string; readonly params: SqlValues } }
}

/** The client of an interactive transaction of Prisma. */
interface PrismaLike {
  $queryRawUnsafe(text: string, ...values: SqlValues): Promise<unknown>
  $executeRawUnsafe(text: string, ...values: SqlValues): Promise<number>
}

/** Speaks over the transaction of a query builder, whatever the database; undefined where the host gave something else. */
export function hostSession(given: object): SqlSession | undefined {
  if (has(given, 'executeQuery')) return kyselySession(given as KyselyLike)
  if (has(given, '$queryRawUnsafe', '$executeRawUnsafe')) return prismaSession(given as PrismaLike)
  if (has(given, 'select', 'execute') || has(given, 'select', 'all', 'run')) return drizzleSession(given as DrizzleLike)
  return undefined
}

/** Tells whether something has all of these methods. */
export function has(given: object, ...methods: readonly string[]): boolean {
  return methods.every((method) => typeof (given as Readonly<Record<string, unknown>>)[method] === 'function')
}

/** Refuses what a host gave for its transaction. */
export function refuseTransaction(problem: string): never {
  return fail('invalid_input', { argument: 'transaction', problem })
}

/** Tells whether something is an instance of Kysely. */
export function isKysely(given: object): given is KyselyLike {
  return has(given, 'executeQuery', 'connection')
}

/** Speaks to a database through an instance of Kysely, of whatever dialect. */
export function overKysely(kysely: KyselyLike, brackets: Brackets): SqlDatabase {
  return {
    ...kyselySession(kysely),
    transaction: (work) =>
      kysely.connection().execute((connection) => inBrackets(kyselySession(connection), brackets, work)),
  }
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

function prismaSession(prisma: PrismaLike): SqlSession {
  return {
    native: prisma,
    rows: async (text, values) => rowsOf(await prisma.$queryRawUnsafe(text, ...values)),
    changes: (text, values) => prisma.$executeRawUnsafe(text, ...values),
    control: (text) => prisma.$executeRawUnsafe(text),
  }
}

function drizzleSession(drizzle: DrizzleLike): SqlSession {
  const query = (sql: string, params: SqlValues): DrizzleQuery => ({
    getSQL: () => ({ toQuery: () => ({ sql, params }) }),
  })
  const read = (each: DrizzleQuery) => drizzle.execute?.(each) ?? drizzle.all?.(each)
  const run = (each: DrizzleQuery) => drizzle.execute?.(each) ?? drizzle.run?.(each)
  return {
    native: drizzle,
    rows: async (text, values) => rowsOf(await read(query(text, values))),
    changes: async (text, values) => changesOf(await run(query(text, values))),
    control: async (text) => await run(query(text, [])),
  }
}

/** The rows among what a driver answers: alone, beside the fields, or in a property. */
function rowsOf(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) return (answer as { readonly rows: unknown[] }).rows
  return Array.isArray(answer[0]) ? answer[0] : answer
}

function changesOf(answer: unknown): number {
  const result = Array.isArray(answer) ? answer[0] : answer
  const { affectedRows, changes, rowsAffected } = result as Readonly<Record<string, number | bigint | undefined>>
  return Number(affectedRows ?? changes ?? rowsAffected ?? 0)
}
