import { ApprovalError } from '../../src/errors/approval-error.ts'
import { refuse } from '../../src/errors/result.ts'
import type { Storage } from '../../src/index.ts'

/** How a call of a storage fails. */
export const failures = {
  /** It says that it failed, and has done nothing. */
  'refuses the call': { does: false, dies: false },
  /** It has done what was asked, and says that it failed: the answer was lost. */
  'loses the answer': { does: true, dies: false },
  /** The process is gone before the call; nothing that it asks for happens any more. */
  'dies before the call': { does: false, dies: true },
  /** The process is gone after the call. */
  'dies after the call': { does: true, dies: true },
} as const

export type Failure = keyof typeof failures

/** A storage whose call number `at`, counted from 1, fails. `calls` tells how many there were. */
export function failingStorage(storage: Storage, failure: Failure, at: number): Storage & { readonly calls: number } {
  const { does, dies } = failures[failure]
  let calls = 0
  const failing = async <T>(call: () => Promise<T>): Promise<T> => {
    calls++
    if (calls < at || (calls > at && !dies)) return await call()
    if (calls === at && does) await call()
    throw new ApprovalError(refuse('storage_failed', { operation: 'any', problem: `call ${calls} ${failure}` }).refusal)
  }
  return {
    get calls() {
      return calls
    },
    get: (keys) => failing(() => storage.get(keys)),
    list: (query) => failing(() => storage.list(query)),
    count: (query) => failing(() => storage.count(query)),
    commit: (writes, effect) => failing(() => storage.commit(writes, effect)),
    close: () => storage.close(),
  }
}

/** A storage that says of its first commit that it failed, and makes it only when so many further calls have been answered. */
export function lateStorage(storage: Storage, calls: number): Storage & { readonly late: boolean } {
  let held: (() => Promise<void>) | undefined
  let failed = false
  let left = calls
  const answering = async <T>(call: () => Promise<T>): Promise<T> => {
    const commit = held
    if (commit && left-- === 0) {
      held = undefined
      await commit().catch(() => {})
    }
    return await call()
  }
  return {
    get late() {
      return failed && held === undefined
    },
    get: (keys) => answering(() => storage.get(keys)),
    list: (query) => answering(() => storage.list(query)),
    count: (query) => answering(() => storage.count(query)),
    async commit(writes, effect) {
      if (failed) return await answering(() => storage.commit(writes, effect))
      failed = true
      held = () => storage.commit(writes, effect)
      throw new ApprovalError(refuse('storage_failed', { operation: 'commit', problem: 'no answer' }).refusal)
    },
    close: () => storage.close(),
  }
}

/** A storage that tells of each commit that was made. */
export function watchedStorage(storage: Storage, committed: () => Promise<void>): Storage {
  return {
    ...storage,
    async commit(writes, effect) {
      await storage.commit(writes, effect)
      await committed()
    },
  }
}
