import { fail } from '../../../errors/approval-error.ts'
import { lookedAt, lookedAtDatabase } from '../shared/first-look.ts'
import { canHaveMethods, has, notTaken, refuseText } from '../shared/handed-in.ts'
import { hostSession } from '../shared/host-session.ts'
import { isKysely, type KyselyLike, overKysely } from '../shared/kysely-session.ts'
import type { TableOptions } from '../shared/names.ts'
import { refuseTransaction } from '../shared/open-transaction.ts'
import { ormTransaction, overOrm, withoutManager } from '../shared/orm-transaction.ts'
import { type Brackets, joinedForSure, overOne, type SqlDatabase, type SqlSession } from '../shared/session.ts'
import {
  inTransaction,
  isOutside,
  type MysqlCallbacks,
  type MysqlCare,
  type MysqlConnection,
  type MysqlPool,
  overKnown,
  overPool,
  overSingle,
} from './connection.ts'

/** What a host hands in for its MySQL. */
export type MysqlGiven =
  | MysqlPool
  | MysqlConnection
  | MysqlCallbacks<MysqlPool>
  | MysqlCallbacks<MysqlConnection>
  | KyselyLike

const takes = 'takes a URI, a pool or a connection of mysql2, or an instance of Kysely, and'

/** Refuses a text that is no URI of a MySQL. */
export function checkUri(method: string, given: string): void {
  if (/^(mysql2?|mariadb):\/\//i.test(given)) return
  throw new TypeError(`${method} ${takes} ${refuseText(given, 'mysql')}`)
}

/** How long a call may keep a connection, and how the storage gets to know it. */
interface Use {
  readonly timeout: number
  readonly care: MysqlCare
}

/**
 * Speaks to what a host handed in for its database.
 *
 * @throws TypeError if it is none, or cannot be used as it is.
 */
export function overGivenMysql(method: string, given: MysqlGiven, { timeout, care }: Use): SqlDatabase {
  const refuse = (problem: string) => new TypeError(`${method} ${takes} ${problem}`)
  if (!canHaveMethods(given) || typeof given === 'function' || has(given, 'then'))
    throw refuse(notTaken(given, 'mysql'))
  if (isKysely(given)) return lookedAtKysely(given, care, method)
  const promising = withPromises(given)
  if (isPool(promising)) {
    if (isClosed(promising)) throw refuse('was given a pool that has ended')
    return overPool(promising, timeout, care)
  }
  if (!isConnection(promising)) throw refuse(notTaken(given, 'mysql'))
  if (isClosed(promising)) throw refuse('was given a connection that has ended: write mysqlStorage(pool)')
  return overSingle(promising, care)
}

function lookedAtKysely(given: KyselyLike, care: MysqlCare, method: string): SqlDatabase {
  const kysely = overKysely(given, inTransaction, 'mysql', method)
  const look = () => care.look(given, kysely)
  return {
    ...lookedAtDatabase(kysely, look),
    async rows(text, values) {
      const habits = await look()
      if (!habits.keepsTransactions) return await kysely.rows(text, values)
      let rows: readonly unknown[] = []
      await kysely.transaction(async (session) => {
        rows = await session.rows(text, values)
        return true
      })
      return rows
    },
  }
}

/**
 * Looks whether a transaction is open on a single connection before the first statement, which would commit it. No
 * property of the connection says so; an answer of the server does.
 *
 * @throws ApprovalError `storage_failed` if one is.
 */
export async function checkGivenConnection(given: MysqlGiven): Promise<void> {
  const connection = canHaveMethods(given) ? withPromises(given) : undefined
  if (!connection || !isConnection(connection)) return
  const [answer] = await connection.query('do 0')
  const { serverStatus } = answer as { readonly serverStatus?: number }
  if (((serverStatus ?? 0) & inTransactionFlag) === 0) return
  const problem = 'a transaction is open on the connection: write approvals.within(connection), and mysqlStorage(pool)'
  fail('storage_failed', { operation: 'open', problem })
}

/** SERVER_STATUS_IN_TRANS of the protocol. */
const inTransactionFlag = 1

/** Speaks over the transaction that a host has opened, or refuses what is none. */
export function overGivenTransaction(given: unknown, tables: TableOptions, care: MysqlCare): SqlDatabase {
  if (!canHaveMethods(given)) refuseTransaction('must be a transaction', given)
  const transaction = withoutManager(given)
  const orm = ormTransaction(transaction)
  if (orm)
    return overOne(
      { ...overOrm(orm, (connection) => overDriver(connection, care)), native: given, sendsNumbersAsFloats: true },
      joinedOrRefused,
    )
  const joined = hostSession(transaction, 'mysql', tables)
  const session = joined ? lookedAt(joined, () => care.look(transaction, joined)) : overDriver(transaction, care)
  return overOne({ ...session, native: given }, joinedOrRefused)
}

const joinedOrRefused: Brackets = {
  ...joinedForSure,
  refuse(thrown) {
    if (!isOutside(thrown)) return
    refuseTransaction(
      "no transaction is open on it: await connection.query('start transaction') before approvals.within(connection)",
    )
  },
}

function overDriver(given: unknown, care: MysqlCare): SqlSession {
  const promising = canHaveMethods(given) ? withPromises(given) : undefined
  if (promising && isConnection(promising)) return overKnown(promising, care)
  return refuseTransaction(
    'must be a transaction of Kysely, Drizzle, Prisma, TypeORM, MikroORM, Knex or Sequelize, or the mysql2 connection on which one is open',
    given,
  )
}

/** Takes a pool or a connection of `mysql2` that calls back by the side that promises. */
function withPromises(given: object): object {
  return has(given, 'promise', 'execute') ? (given as { promise(): object }).promise() : given
}

function isPool(given: object): given is MysqlPool {
  return has(given, 'getConnection', 'execute', 'end') && !isOther(given)
}

function isConnection(given: object): given is MysqlConnection {
  return has(given, 'execute', 'query') && !has(given, 'getConnection') && !isOther(given)
}

/** Tells a cluster of pools and the package mariadb, whose answers are others. */
function isOther(given: object): boolean {
  return has(given, 'of') || has(given, 'batch') || has(given, 'select')
}

function isClosed(given: object): boolean {
  const inner = Object(Reflect.get(given, 'pool') ?? Reflect.get(given, 'connection'))
  return Reflect.get(inner, '_closed') === true || Reflect.get(inner, '_closing') === true
}
