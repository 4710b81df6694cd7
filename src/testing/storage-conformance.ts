import { AssertionError } from 'node:assert/strict'
import type { Storage } from '../ports/storage.ts'
import { countChecks } from './storage-checks/counts.ts'
import { effectChecks } from './storage-checks/effects.ts'
import { keyChecks } from './storage-checks/keys.ts'
import { listChecks } from './storage-checks/lists.ts'
import { raceChecks } from './storage-checks/races.ts'
import { broken, type StorageCheck, settledOf } from './storage-checks/storage-check.ts'
import { uniqueChecks } from './storage-checks/unique.ts'
import { valueChecks } from './storage-checks/values.ts'
import { writeChecks } from './storage-checks/writes.ts'

/** One promise of a port, as something that can be run: it rejects, with what it found, if the promise is broken. */
export interface ConformanceCheck {
  readonly name: string
  /** Runs the check. Rejects with what it found. */
  readonly run: () => Promise<void>
}

/** A storage for one check, or several on one database, as several processes have them. */
export type FreshStorage = Storage | readonly Storage[]

/**
 * Lists the checks that a `Storage` has to pass. Each one asks for a storage of its own, which must be empty, and
 * closes it.
 *
 * If it is given several, its calls go to them in turn: what one storage promises has to hold among them.
 *
 * Hand them to any test runner: `for (const { name, run } of storageConformance(freshStorage)) it(name, run)`.
 *
 * @example
 * ```ts
 * for (const { name, run } of storageConformance(() => memoryStorage())) it(name, run)
 * ```
 */
export function storageConformance(
  freshStorage: () => FreshStorage | Promise<FreshStorage>,
): readonly ConformanceCheck[] {
  const checks: Readonly<Record<string, StorageCheck>> = {
    ...keyChecks,
    ...writeChecks,
    ...uniqueChecks,
    ...listChecks,
    ...countChecks,
    ...valueChecks,
    ...effectChecks,
    ...raceChecks,
  }
  return Object.entries(checks).map(([name, check]) => ({
    name,
    run: async () => {
      const fresh = await freshStorage()
      const [alone, ...others] = 'get' in fresh ? [fresh] : fresh
      if (!alone) throw new TypeError('storageConformance needs a storage for each check')
      try {
        await check(inRotation([alone, ...others]), alone)
      } catch (thrown) {
        if (thrown instanceof AssertionError) throw thrown
        throw broken(`A call that should be done ${settledOf(thrown)}`, thrown)
      } finally {
        for (const storage of [alone, ...others]) await storage.close()
      }
    },
  }))
}

/** Makes one storage of several: each call goes to the next. */
function inRotation(storages: readonly [Storage, ...Storage[]]): Storage {
  let calls = 0
  const next = () => storages[calls++ % storages.length] ?? storages[0]
  return {
    get: (keys) => next().get(keys),
    list: (query) => next().list(query),
    count: (query) => next().count(query),
    commit: (writes, effect) => next().commit(writes, effect),
    close: async () => {},
  }
}
