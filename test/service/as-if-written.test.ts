import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { IndexQuery, Position, Storage, Write } from '../../src/ports/storage.ts'
import { asIfWritten } from '../../src/service/records/as-if-written.ts'
import { memoryStorage } from '../../src/storage/memory.ts'

const approver = fc.constantFrom('role:lead', 'user:ann')
const request = fc.integer({ min: 1, max: 9 }).map((number) => `request-${number}`)
const row = fc.record({
  approver,
  request,
  project: fc.constantFrom('', 'web'),
  createdAt: fc.integer({ min: 1, max: 4 }),
})
const rows = fc.uniqueArray(row, { selector: (one) => `${one.approver} ${one.request}`, maxLength: 14 })
const index = fc.constantFrom(
  { index: 'key', where: ['acme', 'role:lead'] },
  { index: 'byAge', where: ['acme', 'role:lead'] },
  { index: 'byAge', where: ['acme', 'role:lead'], range: { from: 2, to: 3 } },
  { index: 'byProject', where: ['acme', 'role:lead', 'web'] },
  { index: 'key', where: ['acme', 'role:lead'], only: { project: 'web' } },
)

async function allPages(storage: Pick<Storage, 'list'>, query: Omit<IndexQuery, 'after'>) {
  const pages: string[] = []
  let after: Position | undefined
  do {
    const { records, next } = await storage.list({ ...query, ...(after ? { after } : {}) })
    expect(records.length).toBeLessThanOrEqual(query.limit)
    pages.push(...records.map(({ value, version }) => `${version} ${JSON.stringify(value)}`))
    after = next
  } while (after)
  return pages
}

it('[ST-13] what is read as if it were written is what is read once it is', async () => {
  const order = fc.constantFrom('ascending' as const, 'descending' as const)
  await fc.assert(
    fc.asyncProperty(rows, rows, index, order, fc.integer({ min: 1, max: 5 }), async (there, next, part, by, limit) => {
      const storage = memoryStorage()
      const recordOf = (one: (typeof there)[number]) => ({ tenant: 'acme', ...one })
      await storage.commit(there.map((one) => ({ type: 'insert', collection: 'inbox', value: recordOf(one) })))
      const writes = next.map((one): Write => {
        const key = ['acme', one.approver, one.request]
        const isThere = there.some((other) => other.approver === one.approver && other.request === one.request)
        if (!isThere) return { type: 'insert', collection: 'inbox', value: recordOf(one) }
        if (one.createdAt === 1) return { type: 'remove', collection: 'inbox', key, expected: 1 }
        return { type: 'replace', collection: 'inbox', value: recordOf(one), expected: 1 }
      })
      const query = { collection: 'inbox', ...part, order: by, limit } as const
      const keys = [...there, ...next].map((one) => {
        return { collection: 'inbox' as const, key: ['acme', one.approver, one.request] }
      })
      const would = asIfWritten(storage, writes)
      const [foreseen, got] = [await allPages(would, query), await would.get(keys)]
      const before = await allPages(storage, query)
      await storage.commit(writes)
      expect(foreseen).toEqual(await allPages(storage, query))
      expect(got).toEqual(await storage.get(keys))
      if (writes.length === 0) expect(foreseen).toEqual(before)
    }),
  )
})
