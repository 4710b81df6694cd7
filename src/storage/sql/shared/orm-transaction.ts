import { canHaveMethods, has } from './handed-in.ts'
import { refuseTransaction } from './open-transaction.ts'
import type { SqlSession } from './session.ts'

/** A transaction that an ORM has opened on a connection of a driver. */
export interface OrmTransaction {
  /** Gives the connection of the driver: every time the same one. */
  connection(): unknown
  /** Tells whether the transaction goes on. */
  isOpen(): boolean
}

/** What TypeORM opens transactions with. */
interface QueryRunner {
  readonly isTransactionActive: boolean
  readonly isReleased: boolean
  connect(): Promise<unknown>
}

/** A transaction of Knex. */
interface KnexTransaction {
  readonly client: { acquireConnection(): Promise<unknown> }
  isCompleted(): boolean
}

/** A transaction of Sequelize. While it goes on, its connection bears its id. */
interface SequelizeTransaction {
  readonly id: string
  readonly finished?: string
  readonly connection?: { readonly uuid?: string }
}

/**
 * Gives what MikroORM keeps in an entity manager for its transaction, a transaction of Knex or, from version 7 on, of
 * Kysely. Gives anything else as it is.
 */
export function withoutManager(given: object): object {
  if (!has(given, 'transactional', 'getTransactionContext')) return given
  const context = (given as { getTransactionContext(): unknown }).getTransactionContext()
  return canHaveMethods(context) ? context : refuseTransaction('no transaction is open in it', given)
}

/** Finds the transaction of TypeORM, Knex or Sequelize in what a host gave; `undefined` if it is of none of them. */
export function ormTransaction(given: object): OrmTransaction | undefined {
  return typeormTransaction(given) ?? knexTransaction(given) ?? sequelizeTransaction(given)
}

/** Speaks over the connection of a transaction, which is asked for when it is first needed. */
export function overOrm(
  { connection, isOpen }: OrmTransaction,
  over: (connection: unknown) => SqlSession,
): Omit<SqlSession, 'native'> {
  if (!isOpen()) refuseTransaction('it has ended, or has not begun')
  let opening: Promise<SqlSession> | undefined
  const session = async () => {
    if (!isOpen()) refuseTransaction('it has ended')
    opening ??= Promise.resolve(connection()).then(over)
    return await opening
  }
  return {
    rows: async (text, values) => (await session()).rows(text, values),
    changes: async (text, values) => (await session()).changes(text, values),
    control: async (text) => (await session()).control(text),
  }
}

function typeormTransaction(given: object): OrmTransaction | undefined {
  const isManager = has(given, 'getRepository', 'transaction', 'withRepository')
  const runner: unknown = isManager ? Reflect.get(given, 'queryRunner') : given
  if (isManager && !canHaveMethods(runner)) refuseTransaction('no transaction is open in it', given)
  if (!canHaveMethods(runner) || !has(runner, 'startTransaction', 'connect') || !('isTransactionActive' in runner)) {
    return undefined
  }
  const active = runner as QueryRunner
  if (!active.isTransactionActive) refuseTransaction('no transaction is open in it', given)
  return { connection: () => active.connect(), isOpen: () => active.isTransactionActive && !active.isReleased }
}

function knexTransaction(given: object): OrmTransaction | undefined {
  if (!has(given, 'raw', 'isCompleted') || Reflect.get(given, 'isTransaction') !== true) return undefined
  const { client, isCompleted } = given as KnexTransaction
  return { connection: () => client.acquireConnection(), isOpen: () => !isCompleted() }
}

function sequelizeTransaction(given: object): OrmTransaction | undefined {
  if (!('sequelize' in given) || !has(given, 'commit', 'rollback', 'afterCommit')) return undefined
  const transaction = given as unknown as SequelizeTransaction
  return {
    connection: () => transaction.connection,
    isOpen: () => transaction.finished === undefined && transaction.connection?.uuid === transaction.id,
  }
}
