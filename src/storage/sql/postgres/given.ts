import { lookedAt, lookedAtDatabase } from '../shared/first-look.ts'
import { canHaveMethods, has, isNoneBut, notTaken, refuseText } from '../shared/handed-in.ts'
import { driverOfDrizzle, hostSession } from '../shared/host-session.ts'
import { isKysely, type KyselyLike, overKysely } from '../shared/kysely-session.ts'
import type { TableOptions } from '../shared/names.ts'
import { isInTransaction, refuseTransaction, whileOpen } from '../shared/open-transaction.ts'
import { ormTransaction, overOrm, withoutManager } from '../shared/orm-transaction.ts'
import {
  type Brackets,
  joined as joinedBrackets,
  overOne,
  type SqlDatabase,
  type SqlSession,
} from '../shared/session.ts'
import {
  inTransaction,
  isOutside,
  overKnown,
  overLite,
  overLiteSession,
  overPool,
  overSingle,
  type PostgresCare,
} from './connection.ts'
import type { PostgresClient, PostgresLite, PostgresLiteTransaction, PostgresPool } from './driver-types.ts'
import { isPostgresJs, overPostgresJs } from './postgres-js.ts'

/** What a host hands in for its PostgreSQL. */
export type PostgresGiven = PostgresPool | PostgresClient | PostgresLite | KyselyLike

const takes = 'takes a connection string, a pool or a connected client of pg, PGlite, or an instance of Kysely, and'
const begin = "await client.query('begin') before approvals.within(client)"

/** Refuses a text that is no connection string. */
export function checkConnectionString(method: string, given: string): void {
  if (/^(postgres(ql)?:\/\/|socket:|\/)/i.test(given)) return
  throw new TypeError(`${method} ${takes} ${refuseText(given, 'postgres')}`)
}

/** How long a call may keep a connection, and how the storage gets to know it. */
interface Use {
  readonly timeout: number
  readonly care: PostgresCare
}

/**
 * Speaks to what a host handed in for its database.
 *
 * @throws TypeError if it is none, or cannot be used as it is.
 */
export function overGivenPostgres(method: string, given: PostgresGiven, { timeout, care }: Use): SqlDatabase {
  const refuse = (problem: string) => new TypeError(`${method} ${takes} ${problem}`)
  if (!canHaveMethods(given) || typeof given === 'function' || has(given, 'then'))
    throw refuse(notTaken(given, 'postgres'))
  if (isKysely(given)) {
    const kysely = overKysely(given, inTransaction, 'postgres', method)
    return lookedAtDatabase(kysely, () => care.look(given, kysely))
  }
  if (isLite(given)) {
    if (Reflect.get(given, 'closed') === true) throw refuse('was given a PGlite that is closed')
    return overLite(given, care)
  }
  if (isClient(given)) {
    if (Reflect.get(given, '_ending') === true)
      throw refuse('was given a client that has ended: write postgresStorage(pool)')
    if (isInTransaction(given)) {
      throw refuse(
        'was given a client on which a transaction is open: write approvals.within(client), and postgresStorage(pool)',
      )
    }
    return overSingle(given, care)
  }
  if (!isPool(given)) throw refuse(notTaken(given, 'postgres'))
  if (Reflect.get(given, 'ending') === true) throw refuse('was given a pool that has ended')
  return overPool(given, timeout, care)
}

/** Speaks over the transaction that a host has opened, or refuses what is none. */
export function overGivenTransaction(given: unknown, tables: TableOptions, care: PostgresCare): SqlDatabase {
  if (!canHaveMethods(given)) refuseTransaction('must be a transaction', given)
  const transaction = withoutManager(given)
  const driver = driverOfDrizzle(transaction)
  const isDrizzle = driver !== undefined && has(transaction, 'rollback') && isPostgresJs(driver)
  const js = isPostgresJs(transaction) ? transaction : isDrizzle ? driver : undefined
  if (js) {
    const joined = overPostgresJs(js, joinedOrRefused, js === transaction ? undefined : transaction)
    return lookedAtDatabase(joined, () => care.look(transaction, joined))
  }
  const orm = ormTransaction(transaction)
  if (orm)
    return overOne({ ...overOrm(orm, (connection) => overDriver(connection, care)), native: given }, joinedOrRefused)
  const joined = hostSession(transaction, 'postgres', tables)
  const session = joined ? lookedAt(joined, () => care.look(transaction, joined)) : overDriver(transaction, care)
  return overOne({ ...session, native: given }, joinedOrRefused)
}

/** A savepoint outside of a transaction is an error here. */
const joinedOrRefused: Brackets = {
  ...joinedBrackets,
  refuse(thrown) {
    if (isOutside(thrown)) refuseTransaction(`no transaction is open on it: ${begin}`)
  },
}

function overDriver(given: unknown, care: PostgresCare): SqlSession {
  if (canHaveMethods(given)) {
    if (has(given, 'query', 'exec', 'rollback')) return overLiteSession(given as PostgresLiteTransaction, care)
    if (isClient(given)) return whileOpen(overKnown(given, care), () => isInTransaction(given), begin)
  }
  return refuseTransaction(
    'must be a transaction of Kysely, Drizzle, Prisma, TypeORM, MikroORM, Knex, Sequelize, postgres.js or PGlite, or the pg client on which one is open',
    given,
  )
}

function isLite(given: object): given is PostgresLite {
  return has(given, 'query', 'transaction') && isNoneBut(given, 'PGlite itself')
}

function isClient(given: object): given is PostgresClient {
  return has(given, 'query', 'escapeIdentifier')
}

function isPool(given: object): given is PostgresPool {
  return has(given, 'query', 'connect', 'end') && isNoneBut(given, 'a pool of pg')
}
