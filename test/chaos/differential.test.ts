import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { runs } from '../runs.ts'
import { storages } from '../storages.ts'
import { everything, lasting } from './desk.ts'
import type { Operation } from './history.ts'
import { type Done, type Race, racecourse, races } from './race.ts'
import { sameSalts } from './same-salts.ts'

sameSalts()

/**
 * Does all that a race says, one deed after the other. Gives what was answered, codes of errors included, and after each deed the request and its
 * resource as they are stored: with their digests, and with the heads of their chains, which say all events.
 */
async function log(storage: Storage, tenant: string, race: Race): Promise<readonly unknown[]> {
  const course = racecourse(storage)
  await course.prepare(tenant, race)
  const answers: unknown[] = []
  const note = async ({ what }: Operation<Done>) => {
    answers.push(
      what,
      await storage.get([
        { collection: 'requests', key: [tenant, 'request'] },
        { collection: 'resources', key: [tenant, 'feature_flag', 'checkout'] },
      ]),
    )
  }
  for (const line of race.lines) await course.run(tenant, race, line, note)
  expect((await course.as(tenant, 'dan').audit.verify()).problems).toEqual([])
  return answers
}

describe.each(storages.filter(({ name }) => name !== 'memory'))('the library on $name', ({ open }) => {
  it('[P8] answers every log of commands as it does in memory, and keeps the same, byte by byte', {
    timeout: 3_600_000,
  }, async () => {
    const storage = open()
    const seed = Date.now()
    for (const [at, race] of fc.sample(races, { numRuns: runs(100), seed }).entries()) {
      const tenant = `tenant-${at}`
      const told = `seed ${seed}, ${JSON.stringify(race)}`
      const memory = memoryStorage()
      expect(await log(storage, tenant, race), told).toEqual(await log(memory, tenant, race))
      expect(await everything(storage, lasting, [tenant]), told).toEqual(await everything(memory, lasting, [tenant]))
    }
  })
})
