import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/storage/memory.ts'
import { runs } from '../runs.ts'
import { storages } from '../storages.ts'
import { everything, lasting } from './desk.ts'
import { type Race, racecourse, races } from './race.ts'

/** Does all that a race says, one line after the other; gives what was answered, codes of errors included, and everything that is stored. */
async function log(course: ReturnType<typeof racecourse>, tenant: string, race: Race): Promise<readonly unknown[]> {
  await course.prepare(tenant, race)
  const answers: unknown[] = []
  for (const line of race.lines) {
    for (const { what } of await course.run(tenant, race, line)) {
      const { digest } = await course.as(tenant, 'dan').requests.get('request')
      answers.push({ ...what, digest })
    }
  }
  expect((await course.as(tenant, 'dan').audit.verify()).problems).toEqual([])
  return answers
}

describe.each(storages.filter(({ name }) => name !== 'memory'))('the library on $name', ({ name, open }) => {
  it('[P8] answers every log of commands as it does in memory, and keeps the same, byte by byte', {
    timeout: 3_600_000,
  }, async () => {
    const storage = open()
    const seed = Date.now()
    for (const [at, race] of fc.sample(races, { numRuns: runs(name === 'SQLite' ? 100 : 30), seed }).entries()) {
      const tenant = `tenant-${at}`
      const told = `seed ${seed}, ${JSON.stringify(race)}`
      const memory = memoryStorage()
      expect(await log(racecourse(storage), tenant, race), told).toEqual(await log(racecourse(memory), tenant, race))
      expect(await everything(storage, lasting, [tenant]), told).toEqual(await everything(memory, lasting, [tenant]))
    }
  })
})
