import { AssertionError } from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { ApprovalError } from '../../src/errors/approval-error.ts'
import { refuse } from '../../src/errors/result.ts'
import type { Storage } from '../../src/ports/storage.ts'
import { createTurns } from '../../src/storage/toolkit/serial-queue.ts'
import { type FreshStorage, storageConformance } from '../../src/testing/storage-conformance.ts'
import { deep, some } from '../runs.ts'
import { flawedStorage } from './flawed-storage.ts'
import { type Flaw, flaws } from './flaws.ts'

describe('storageConformance finds what is wrong with a storage', () => {
  const useful = new Set<string>()
  /** The flaws that all checks of the kit look for. The others are looked for by that which has to find them. */
  const whole = some(Object.keys(flaws), 5)

  it('finds nothing in the flawed storage without its flaws', async () => {
    expect(await brokenPromises()).toEqual([])
  })

  for (const [flaw, name] of Object.entries(flaws) as [Flaw, string][]) {
    it(`that ${flaw}`, async () => {
      if (!whole.includes(flaw)) return expect(await isBroken(name, flaw)).toBe(true)
      const found = await brokenPromises(flaw)
      expect(found).toContain(name)
      if (found.length <= 20) for (const each of found) useful.add(each)
    })
  }

  it('that two of them on one database do not exclude each other, although each excludes others from itself', async () => {
    const race = 'lets exactly one of many commits replace the same version'
    expect(await brokenBy(() => twoProcesses()[0] as Storage)).not.toContain(race)
    expect(await brokenBy(twoProcesses)).toContain(race)
  })

  it('and says so in words of its own, whatever the storage threw', async () => {
    const messages = async (commit: () => Promise<void>) => {
      const found: unknown[] = []
      for (const { run } of storageConformance(() => ({ ...flawedStorage(), commit })))
        await run().catch((error) => found.push(error))
      expect(found.filter((error) => !(error instanceof AssertionError))).toEqual([])
      return found.map((error) => (error as AssertionError).message)
    }
    expect(await messages(() => Promise.reject(new RangeError('the disk is full')))).toContainEqual(
      expect.stringMatching(/^A call that should be done threw RangeError: the disk is full/),
    )
    const taken = new ApprovalError(refuse('duplicate_key', { collection: 'requests', index: 'key' }).refusal)
    expect(await messages(() => Promise.reject(taken))).toEqual(
      expect.arrayContaining([
        'A call that should be done was refused with duplicate_key: A record of requests with this key exists already.',
        'It should be refused with version_conflict; it was refused with duplicate_key: A record of requests with this key exists already.',
      ]),
    )
  })

  if (deep)
    it('has no check that finds nothing but flaws so gross that many others find them', () => {
      const names = storageConformance(() => flawedStorage()).map(({ name }) => name)
      expect(names.filter((name) => !useful.has(name))).toEqual([])
    })
})

/** Tells whether one check of the kit finds something wrong with a storage. */
async function isBroken(name: string, ...chosen: readonly Flaw[]): Promise<boolean> {
  const check = storageConformance(() => flawedStorage(...chosen)).find((one) => one.name === name)
  if (!check) throw new TypeError(`The kit has no check ${name}.`)
  return await check.run().then(
    () => false,
    () => true,
  )
}

/** Two storages on one database, as two processes have them: each looks and writes in turns, which the other knows nothing of. */
function twoProcesses(): readonly Storage[] {
  const database = flawedStorage('looks before it writes, and waits in between')
  return [createTurns(), createTurns()].map((inTurn) => ({
    ...database,
    commit: (writes, effect) => inTurn(() => database.commit(writes, effect)),
  }))
}

async function brokenPromises(...chosen: readonly Flaw[]): Promise<readonly string[]> {
  return brokenBy(() => flawedStorage(...chosen))
}

async function brokenBy(fresh: () => FreshStorage): Promise<readonly string[]> {
  const found = storageConformance(fresh).map(({ name, run }) =>
    run().then(
      () => [],
      () => [name],
    ),
  )
  return (await Promise.all(found)).flat()
}
