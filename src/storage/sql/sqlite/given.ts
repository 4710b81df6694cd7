import { canHaveMethods, has, notTaken, refuseText } from '../shared/handed-in.ts'
import { hostSession } from '../shared/host-session.ts'
import { isKysely, type KyselyLike } from '../shared/kysely-session.ts'
import { isInTransaction, refuseTransaction, whileOpen } from '../shared/open-transaction.ts'
import { ormTransaction, overOrm, withoutManager } from '../shared/orm-transaction.ts'
import { type Brackets, joined, overOne, type SqlDatabase, type SqlSession } from '../shared/session.ts'
import { overSqlite, type SqliteConnection } from './connection.ts'

const takes =
  'takes a path, an open connection of better-sqlite3, node:sqlite, bun:sqlite or libsql, or an instance of Kysely, and'
const begin = "connection.exec('begin immediate') before approvals.within(connection)"

/**
 * Looks at what a host handed in for its database.
 *
 * @throws TypeError if it is none, or cannot be used as it is.
 */
export function checkGivenSqlite(method: string, given: string | SqliteConnection | KyselyLike): void {
  const refuse = (problem: string) => new TypeError(`${method} ${takes} ${problem}`)
  if (typeof given === 'string') {
    if (given.trim() === '' || /^([a-z][a-z0-9+.-]*:\/\/|file:)/i.test(given)) {
      throw refuse(refuseText(given, 'sqlite'))
    }
    return
  }
  if (!canHaveMethods(given) || typeof given === 'function' || has(given, 'then'))
    throw refuse(notTaken(given, 'sqlite'))
  if (isKysely(given)) return
  if (!isConnection(given)) throw refuse(notTaken(given, 'sqlite'))
  if (Reflect.get(given, 'open') === false || Reflect.get(given, 'isOpen') === false) {
    throw refuse('was given a connection that is closed')
  }
  if (Reflect.get(given, 'readonly') === true) {
    throw refuse(
      "was given a connection that is open for reading only: write sqliteStorage(new Database('path of the file'))",
    )
  }
  if (isInTransaction(given)) {
    throw refuse(
      'was given a connection on which a transaction is open: write approvals.within(connection), and make the storage before or after it',
    )
  }
  if (!answersAtOnce(given)) {
    throw refuse(`${notTaken(given, 'sqlite')}, whose rows are objects that are there at once`)
  }
}

/** Speaks over the transaction that a host has opened, or refuses what is none. */
export function overGivenTransaction(given: unknown): SqlDatabase {
  if (!canHaveMethods(given)) refuseTransaction('must be a transaction', given)
  const transaction = withoutManager(given)
  const orm = ormTransaction(transaction)
  if (orm) return overOne({ ...overOrm(orm, overDriver), native: given }, joinedOrRefused)
  const session = hostSession(transaction, 'sqlite', {}) ?? overDriver(transaction)
  return overOne({ ...session, native: given }, has(transaction, '$queryRawUnsafe') ? joined : joinedOrRefused)
}

/**
 * A savepoint outside of a transaction would be one itself, and be committed at its end. To begin another one is an
 * error only inside.
 */
const joinedOrRefused: Brackets = {
  ...joined,
  async before(session) {
    const isOutside = await session.control('begin').then(
      () => true,
      () => false,
    )
    if (!isOutside) return
    await session.control('rollback')
    refuseTransaction(`no transaction is open on it: ${begin}`)
  },
}

function overDriver(given: unknown): SqlSession {
  if (canHaveMethods(given) && isConnection(given)) {
    return whileOpen(overSqlite(given), () => isInTransaction(given) ?? refusesToBegin(given), begin)
  }
  return refuseTransaction(
    'must be a transaction of Kysely, Drizzle, Prisma, TypeORM, MikroORM or Knex, or the connection of better-sqlite3, node:sqlite, bun:sqlite or libsql on which one is open',
    given,
  )
}

/** For connections that do not say whether a transaction is open: inside of one, no other one begins. */
function refusesToBegin(connection: SqliteConnection): boolean {
  try {
    connection.exec('begin')
  } catch {
    return true
  }
  connection.exec('rollback')
  return false
}

function isConnection(given: object): given is SqliteConnection {
  return has(given, 'prepare', 'exec', 'close') && !has(given, 'parallelize') && !has(given, 'getRowsModified')
}

function answersAtOnce(connection: SqliteConnection): boolean {
  try {
    const rows = connection.prepare('select 1 as one').all()
    return Array.isArray(rows) && Number(Object(rows[0]).one) === 1
  } catch {
    return false
  }
}
