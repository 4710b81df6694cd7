import { fail, isApprovalError } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import { inTime, type Wait } from '../../ports/in-time.ts'
import type { Storage, TransactionalStorage } from '../../ports/storage.ts'

/**
 * A storage that says that it failed when it does not answer: over a connection that is half open a call would wait
 * for ever, and keep everybody off what it is about. Whether a commit that did not answer was made is not known;
 * whoever tries again under an idempotency key finds out. A mistake of an adapter, a TypeError, is hidden from
 * nobody.
 */
export function timelyStorage(storage: Storage, milliseconds: number, wait: Wait = inTime): Storage {
  const timely = async <T>(operation: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await wait(call(), milliseconds)
    } catch (cause) {
      if (isApprovalError(cause) || cause instanceof TypeError) throw cause
      return fail('storage_failed', { operation, problem: messageOf(cause) }, { cause })
    }
  }
  const bounded: Storage = {
    get: (keys) => timely('get', () => storage.get(keys)),
    list: (query) => timely('list', () => storage.list(query)),
    count: (query) => timely('count', () => storage.count(query)),
    commit: (writes, effect) => timely('commit', () => storage.commit(writes, effect)),
    close: () => storage.close(),
  }
  if (!isTransactional(storage)) return bounded
  const transactional: TransactionalStorage = {
    ...bounded,
    migrate: () => storage.migrate(),
    within: (transaction) => timelyStorage(storage.within(transaction), milliseconds, wait),
  }
  return transactional
}

/** Tells whether a storage can work inside a transaction of the host. */
export function isTransactional(storage: Storage): storage is TransactionalStorage {
  return 'within' in storage
}
