import { describe, expect, it } from 'vitest'
import { storageConformance } from '../../src/testing/storage-conformance.ts'
import { flawedStorage } from './flawed-storage.ts'
import { type Flaw, flaws } from './flaws.ts'

describe('storageConformance finds what is wrong with a storage', () => {
  const useful = new Set<string>()

  it('finds nothing in the flawed storage without its flaws', async () => {
    expect(await brokenPromises()).toEqual([])
  })

  for (const [flaw, name] of Object.entries(flaws) as [Flaw, string][]) {
    it(`that ${flaw}`, async () => {
      const found = await brokenPromises(flaw)
      expect(found).toContain(name)
      if (found.length <= 20) for (const each of found) useful.add(each)
    })
  }

  it('has no check that finds nothing but flaws so gross that many others find them', () => {
    const names = storageConformance(() => flawedStorage()).map(({ name }) => name)
    expect(names.filter((name) => !useful.has(name))).toEqual([])
  })
})

async function brokenPromises(...chosen: readonly Flaw[]): Promise<readonly string[]> {
  const found = storageConformance(() => flawedStorage(...chosen)).map(({ name, run }) =>
    run().then(
      () => [],
      () => [name],
    ),
  )
  return (await Promise.all(found)).flat()
}
