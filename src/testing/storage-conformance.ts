import type { Storage } from '../ports/storage.ts'
import { effectChecks } from './storage-checks/effects.ts'
import { keyChecks } from './storage-checks/keys.ts'
import { listChecks } from './storage-checks/lists.ts'
import { raceChecks } from './storage-checks/races.ts'
import type { StorageCheck } from './storage-checks/storage-check.ts'
import { uniqueChecks } from './storage-checks/unique.ts'
import { valueChecks } from './storage-checks/values.ts'
import { writeChecks } from './storage-checks/writes.ts'

/** One promise of a port, as something that can be run: it rejects, with what it found, where the promise is broken. */
export interface ConformanceCheck {
  readonly name: string
  /** Runs the check. Rejects with what it found. */
  readonly run: () => Promise<void>
}

/**
 * Lists the checks that a `Storage` has to pass. Each one asks for a storage of its own, which must be empty, and closes it.
 *
 * Hand them to any test runner: `for (const { name, run } of storageConformance(freshStorage)) it(name, run)`.
 */
export function storageConformance(freshStorage: () => Storage | Promise<Storage>): readonly ConformanceCheck[] {
  const checks: Readonly<Record<string, StorageCheck>> = {
    ...keyChecks,
    ...writeChecks,
    ...uniqueChecks,
    ...listChecks,
    ...valueChecks,
    ...effectChecks,
    ...raceChecks,
  }
  return Object.entries(checks).map(([name, check]) => ({
    name,
    run: async () => {
      const storage = await freshStorage()
      try {
        await check(storage)
      } finally {
        await storage.close()
      }
    },
  }))
}
