import type { Storage } from '../../src/index.ts'
import type { Write } from '../../src/ports/storage.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { type Desk, desk, type Office, office } from './desk.ts'

/** What people do before that which a test is about. */
export type Prepare<Asked> = (desk: Desk, office: Office) => Promise<Asked>

/** A beginning: a storage of its own in which everything was prepared, the office, and what was asked for. */
export interface Beginning<Asked> {
  readonly storage: Storage
  readonly shared: Office
  readonly asked: Asked
}

/**
 * Prepares a situation once, and gives as many beginnings of it as are wanted: the commits that were made are made
 * again, in a storage of their own, which is quicker than the commands.
 */
export async function situation<Asked>(
  prepare: Prepare<Asked>,
): Promise<(fresh?: () => Storage) => Promise<Beginning<Asked>>> {
  const commits: (readonly Write[])[] = []
  const storage = memoryStorage()
  const noted: Storage = {
    ...storage,
    async commit(writes, effect) {
      await storage.commit(writes, effect)
      commits.push(writes)
    },
  }
  const shared = office()
  const asked = await prepare(desk(noted, shared), shared)
  return async (fresh = memoryStorage) => {
    const storage = fresh()
    for (const writes of commits) await storage.commit(writes)
    return {
      storage,
      shared: { now: shared.now, delivered: [...shared.delivered], gone: new Set(shared.gone) },
      asked,
    }
  }
}
