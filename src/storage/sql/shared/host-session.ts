import { canHaveMethods, type Engine, has } from './handed-in.ts'
import { isKysely, overKyselyTransaction } from './kysely-session.ts'
import type { TableOptions } from './names.ts'
import { isInTransaction, refuseTransaction, whileOpen } from './open-transaction.ts'
import type { SqlSession, SqlValues } from './session.ts'

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

/**
 * Speaks over the transaction of a query builder, whatever the database; `undefined` if the host gave something
 * else.
 */
export function hostSession(given: object, engine: Engine, tables: TableOptions): SqlSession | undefined {
  if (isKysely(given)) return overKyselyTransaction(given, engine, tables)
  if (has(given, '$queryRawUnsafe', '$executeRawUnsafe')) return prismaTransaction(given as PrismaLike)
  if (has(given, 'select', 'execute') || has(given, 'select', 'all', 'run')) {
    return drizzleTransaction(given as DrizzleLike)
  }
  return undefined
}

function prismaTransaction(prisma: PrismaLike): SqlSession {
  if (has(prisma, '$connect')) refuseTransaction('no transaction is open in it', prisma)
  return {
    native: prisma,
    rows: async (text, values) => rowsOf(await prisma.$queryRawUnsafe(text, ...values)),
    changes: (text, values) => prisma.$executeRawUnsafe(text, ...values),
    control: (text) => prisma.$executeRawUnsafe(text),
  }
}

/** Gives what a Drizzle speaks to its database with; `undefined` if it is none, or hides it. */
export function driverOfDrizzle(given: object): object | undefined {
  if (!has(given, 'select', 'transaction')) return undefined
  const session: unknown = Reflect.get(given, 'session')
  const driver: unknown = Reflect.get(given, '$client') ?? (canHaveMethods(session) && Reflect.get(session, 'client'))
  return canHaveMethods(driver) ? driver : undefined
}

/** Of a Drizzle that is no transaction, only one on a single connection can have one open on it. */
function drizzleTransaction(drizzle: DrizzleLike): SqlSession {
  const driver = driverOfDrizzle(drizzle)
  const isSingle = driver && (isInTransaction(driver) !== undefined || has(driver, 'beginTransaction'))
  if (!has(drizzle, 'rollback') && (!isSingle || has(driver, 'getConnection'))) {
    refuseTransaction('no transaction is open in it', drizzle)
  }
  const own = drizzleSession(drizzle)
  return driver ? whileOpen(own, () => isInTransaction(driver), 'begin one first') : own
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
