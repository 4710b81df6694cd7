import { describe, expect, it } from 'vitest'
import type { Write } from '../../src/ports/storage.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'

const insert = (id: string): Write => ({ type: 'insert', collection: 'requests', value: { tenant: 'acme', id } })

describe('[G10, I8, L3, L5] memoryStorage keeps every promise of the port', () => {
  for (const { name, run } of storageConformance(memoryStorage)) it(name, run)
})

describe('memoryStorage', () => {
  it('[F6] hands out what nobody can change', async () => {
    const storage = memoryStorage()
    await storage.commit([
      { type: 'insert', collection: 'requests', value: { tenant: 'acme', id: 'a', in: { list: [1] } } },
    ])
    const [record] = await storage.get([{ collection: 'requests', key: ['acme', 'a'] }])
    for (const part of [record, record?.value, record?.value['in']]) expect(Object.isFrozen(part)).toBe(true)
  })

  it('gives an effect nothing, as it has no connection', async () => {
    const given: unknown[] = []
    await memoryStorage().commit([], async (...all) => void given.push(...all))
    expect(given).toEqual([undefined])
  })

  it('[G17] refuses calls out of an effect, which would wait for themselves, and goes on', async () => {
    const storage = memoryStorage()
    const commit = storage.commit([insert('a')], () => storage.commit([insert('b')]))
    await expect(commit).rejects.toMatchObject({ code: 'storage_failed' })
    await storage.commit([insert('a')], () => memoryStorage().commit([insert('b')]))
  })
})
