import { ApprovalError, refuse } from '../../src/errors.ts'
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
    commit: (writes, effect) => failing(() => storage.commit(writes, effect)),
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
