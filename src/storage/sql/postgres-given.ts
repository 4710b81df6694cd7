import { has, isNoneBut, isObject, notTaken, refuseText } from './handed-in.ts'
import { driverOfDrizzle, hostSession } from './host-session.ts'
import { isKysely, type KyselyLike, overKysely } from './kysely-session.ts'
import { isInTransaction, refuseTransaction, whileOpen } from './open-transaction.ts'
import { ormTransaction, overOrm, withoutManager } from './orm-transaction.ts'
import {
  inTransaction,
  isOutside,
  overClient,
  overLite,
  overLiteSession,
  overPool,
  type PostgresClient,
  type PostgresLite,
  type PostgresLiteTransaction,
  type PostgresPool,
} from './postgres-connection.ts'
import { isPostgresJs, overPostgresJs } from './postgres-js.ts'
import { type Brackets, joined, overOne, type SqlDatabase, type SqlSession } from './session.ts'

/** What a host hands in for its PostgreSQL. */
export type PostgresGiven = PostgresPool | PostgresClient | PostgresLite | KyselyLike

const takes = 'takes a connection string, a pool or a connected client of pg, PGlite, or an instance of Kysely, and'
const begin = "await client.query('begin') before approvals.within(client)"

/** Refuses a text that is no connection string. */
export function checkConnectionString(method: string, given: string): void {
  if (/^(postgres(ql)?:\/\/|socket:|\/)/i.test(given)) return
  throw new TypeError(`${method} ${takes} ${refuseText(given, 'postgres')}`)
}

/**
 * Speaks to what a host handed in for its database.
 *
 * @throws TypeError where it is none, or cannot be used as it is.
 */
export function overGivenPostgres(method: string, given: PostgresGiven, timeout: number): SqlDatabase {
  const refuse = (problem: string) => new TypeError(`${method} ${takes} ${problem}`)
  if (!isObject(given) || typeof given === 'function' || has(given, 'then')) throw refuse(notTaken(given, 'postgres'))
  if (isKysely(given)) return overKysely(given, inTransaction, 'postgres', method)
  if (isLite(given)) {
    if (Reflect.get(given, 'closed') === true) throw refuse('was given a PGlite that is closed')
    return overLite(given)
  }
  if (isClient(given)) {
    if (Reflect.get(given, '_ending') === true)
      throw refuse('was given a client that has ended: write postgresStorage(pool)')
    if (isInTransaction(given)) {
      throw refuse(
        'was given a client on which a transaction is open: write approvals.within(client), and postgresStorage(pool)',
      )
    }
    return overOne(overClient(given), inTransaction)
  }
  if (!isPool(given)) throw refuse(notTaken(given, 'postgres'))
  if (Reflect.get(given, 'ending') === true) throw refuse('was given a pool that has ended')
  return overPool(given, timeout)
}

/** Speaks over the transaction that a host has opened, or refuses what is none. */
export function overGivenTransaction(given: unknown): SqlDatabase {
  if (!isObject(given)) refuseTransaction('must be a transaction', given)
  const transaction = withoutManager(given)
  if (isPostgresJs(transaction)) return overPostgresJs(transaction, joinedOrRefused)
  const driver = driverOfDrizzle(transaction)
  if (driver && has(transaction, 'rollback') && isPostgresJs(driver)) {
    return overPostgresJs(driver, joinedOrRefused, transaction)
  }
  const orm = ormTransaction(transaction)
  if (orm) return overOne({ ...overOrm(orm, overDriver), native: given }, joinedOrRefused)
  const session = hostSession(transaction, 'postgres') ?? overDriver(transaction)
  return overOne({ ...session, native: given }, joinedOrRefused)
}

/** A savepoint outside of a transaction is an error here. */
const joinedOrRefused: Brackets = {
  ...joined,
  refuse(thrown) {
    if (isOutside(thrown)) refuseTransaction(`no transaction is open on it: ${begin}`)
  },
}

function overDriver(given: unknown): SqlSession {
  if (isObject(given)) {
    if (has(given, 'query', 'exec', 'rollback')) return overLiteSession(given as PostgresLiteTransaction)
    if (isClient(given)) return whileOpen(overClient(given), () => isInTransaction(given), begin)
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
