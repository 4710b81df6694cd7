import { deepStrictEqual } from 'node:assert/strict'
import { hasCode } from '../../errors/approval-error.ts'
import type { Storage, Write } from '../../ports/storage.ts'
import { broken, fill, inserts, outcomes, readOne, requestRecord, type StorageCheck } from './storage-check.ts'

const rounds = 20
const check = (id: string, expected: number | 'absent'): Write => ({
  type: 'check',
  collection: 'requests',
  key: ['acme', id],
  expected,
})
const replace = (id: string, expected: number, more = {}): Write => ({
  type: 'replace',
  collection: 'requests',
  value: requestRecord(id, more),
  expected,
})

/**
 * Starts commits together, several times over, each time on ids of their own, and expects so many of them to be done.
 */
async function race(
  storage: Storage,
  done: (count: number) => boolean,
  commits: (round: string) => { readonly before?: readonly Write[]; readonly racing: readonly (readonly Write[])[] },
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const { before = [], racing } = commits(String(round))
    await storage.commit(before)
    const found = await outcomes(racing.map((writes) => storage.commit(writes)))
    const count = found.filter((outcome) => outcome === 'done').length
    if (!done(count)) throw broken(`${count} of ${racing.length} racing commits were done (${found.join(', ')}).`)
  }
}

/** Lets everything else have its turn. */
const anything = () => new Promise<void>((resolve) => setImmediate(resolve))

const one = (count: number) => count === 1
const atMostOne = (count: number) => count <= 1

/** Checks of commits that meet. */
export const raceChecks: Readonly<Record<string, StorageCheck>> = {
  'lets exactly one of many commits replace the same version': (storage) =>
    race(storage, one, (id) => ({
      before: inserts('requests', requestRecord(id)),
      racing: Array.from({ length: 8 }, (_, by) => [replace(id, 1, { by })]),
    })),

  'lets exactly one of many commits insert the same key': (storage) =>
    race(storage, one, (id) => ({
      racing: Array.from({ length: 8 }, (_, by) => inserts('requests', requestRecord(id, { by }))),
    })),

  'lets exactly one of many commits take the same place of a unique index': (storage) =>
    race(storage, one, (stream) => ({
      racing: Array.from({ length: 8 }, (_, seq) => inserts('events', { tenant: 'acme', stream, seq, prev: '' })),
    })),

  'lets exactly one of a replacement and a removal through': (storage) =>
    race(storage, one, (id) => ({
      before: inserts('requests', requestRecord(id)),
      racing: [[replace(id, 1)], [{ type: 'remove', collection: 'requests', key: ['acme', id], expected: 1 }]],
    })),

  'lets at most one of two commits through that check what the other replaces': (storage) =>
    race(storage, atMostOne, (id) => ({
      before: inserts('requests', requestRecord(`${id}x`), requestRecord(`${id}y`)),
      racing: [
        [check(`${id}x`, 1), replace(`${id}y`, 1)],
        [check(`${id}y`, 1), replace(`${id}x`, 1)],
      ],
    })),

  'lets at most one of two commits through that check as absent what the other inserts': (storage) =>
    race(storage, atMostOne, (id) => ({
      racing: [
        [check(`${id}x`, 'absent'), ...inserts('requests', requestRecord(`${id}y`))],
        [check(`${id}y`, 'absent'), ...inserts('requests', requestRecord(`${id}x`))],
      ],
    })),

  'lets at most one through of a commit that relies on a version and one that moves it': (storage) =>
    race(storage, atMostOne, (id) => ({
      before: inserts('requests', requestRecord(`${id}x`)),
      racing: [
        [check(`${id}x`, 1), ...inserts('requests', requestRecord(`${id}y`))],
        [replace(`${id}x`, 1), check(`${id}y`, 'absent')],
      ],
    })),

  'lets several commits through that rely on the same version': async (storage) => {
    await fill(storage, 'requests', requestRecord('x'))
    for (let round = 0; round < rounds; round++) {
      const commits = Array.from({ length: 4 }, (_, by) =>
        storage.commit([check('x', 1), ...inserts('requests', requestRecord(`${round}-${by}`))]),
      )
      deepStrictEqual(await outcomes(commits), ['done', 'done', 'done', 'done'])
    }
  },

  'comes to an end when commits write the same records in opposite orders': async (storage) => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    await fill(storage, 'requests', ...ids.map((id) => requestRecord(id)))
    for (let version = 1; version <= rounds; version++) {
      const writes = ids.map((id) => replace(id, version))
      const racing = [writes, writes.toReversed(), writes.toSorted(), writes.toSpliced(0, 1)].map((each) =>
        storage.commit(each),
      )
      const done = (await outcomes(racing)).filter((outcome) => outcome === 'done').length
      if (done !== 1) throw broken(`${done} commits were done; exactly one of them can be.`)
      if ((await readOne(storage, 'requests', 'acme', 'a'))?.version === version)
        await storage.commit([replace('a', version)])
    }
  },

  'loses no update when everybody tries again until it works': async (storage) => {
    await fill(storage, 'requests', requestRecord('counter', { count: 0 }))
    const addOne = async (attempt = 1): Promise<void> => {
      const found = await readOne(storage, 'requests', 'acme', 'counter')
      const count = Number(found?.value['count']) + 1
      try {
        await storage.commit([replace('counter', found?.version ?? 0, { count })])
      } catch (thrown) {
        if (!hasCode(thrown, 'version_conflict')) throw thrown
        if (attempt === 1000) throw broken('A commit on the version that was just read was refused a thousand times.')
        await addOne(attempt + 1)
      }
    }
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let at = 0; at < 8; at++) await addOne()
      }),
    )
    deepStrictEqual(await readOne(storage, 'requests', 'acme', 'counter'), {
      version: 49,
      value: requestRecord('counter', { count: 48 }),
    })
  },

  'reads several records as they were at one moment': async (storage) => {
    await fill(storage, 'requests', requestRecord('x'), requestRecord('y'))
    const read = async () => {
      const found = await storage.get(['x', 'y', 'x'].map((id) => ({ collection: 'requests', key: ['acme', id] })))
      if (new Set(found.map((record) => record?.version)).size !== 1) {
        throw broken('Two records that one commit moved were read apart: half of the commit, or at two moments.')
      }
    }
    for (let version = 1; version <= 40; version++) {
      let isWritten = false
      const written = storage.commit([replace('x', version), replace('y', version)]).finally(() => {
        isWritten = true
      })
      const readOn = async () => {
        while (!isWritten) await read().then(anything)
      }
      await Promise.all([written, read(), read().then(read).then(read), readOn()])
    }
  },

  'shows a commit to everybody once it has returned': async (storage) => {
    for (let round = 0; round < rounds; round++) {
      await fill(storage, 'requests', requestRecord(`r${round}`))
      const found = await Promise.all(
        Array.from({ length: 4 }, () => readOne(storage, 'requests', 'acme', `r${round}`)),
      )
      deepStrictEqual(
        found.map((record) => record?.version),
        [1, 1, 1, 1],
      )
    }
  },
}
