import { fail } from '../../../errors/approval-error.ts'
import { has, noTransaction } from './handed-in.ts'
import type { SqlSession } from './session.ts'

/** Refuses what a host gave for its transaction, and says what to write instead of it. */
export function refuseTransaction(problem: string, given?: unknown): never {
  const instead = given === undefined ? '' : `; ${noTransaction(given)}`
  return fail('invalid_input', { argument: 'transaction', problem: `${problem}${instead}` })
}

/**
 * Tells whether a transaction is open on a connection of a driver; `undefined` if the driver does not say. That of
 * `pg` says what it knew when the last statement was answered.
 */
export function isInTransaction(connection: object): boolean | undefined {
  if (has(connection, 'getTransactionStatus')) {
    const status = (connection as { getTransactionStatus(): string | null | undefined }).getTransactionStatus()
    return typeof status === 'string' ? status !== 'I' : undefined
  }
  const open: unknown = Reflect.get(connection, 'inTransaction') ?? Reflect.get(connection, 'isTransaction')
  return typeof open === 'boolean' ? open : undefined
}

/**
 * Lets nothing be written while no transaction is open. Whoever keeps a connection for several transactions may give
 * it before the first, and read in between.
 */
export function whileOpen(session: SqlSession, isOpen: () => boolean | undefined, begin: string): SqlSession {
  const check = () => {
    if (isOpen() === false) refuseTransaction(`no transaction is open on it: ${begin}`)
  }
  const checked =
    <A extends unknown[], T>(run: (...given: A) => Promise<T>) =>
    async (...given: A) => {
      check()
      return await run(...given)
    }
  return {
    ...session,
    changes: checked(session.changes),
    control: checked(session.control),
  }
}
