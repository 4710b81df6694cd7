import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import {
  broken,
  fill,
  inserts,
  listAll,
  outcomes,
  query,
  readOne,
  refusal,
  request,
  type StorageCheck,
} from './storage-check.ts'

const replaceA = { type: 'replace', collection: 'requests', value: request('a', { own: 2 }), expected: 1 } as const

/** Lets everything run that can run now. */
const aMoment = () => new Promise<void>((resolve) => setTimeout(resolve, 20))

/** Something that one side waits for and the other gives. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

/** Checks of the host's own write inside a commit. */
export const effectChecks: Readonly<Record<string, StorageCheck>> = {
  'runs the effect once and commits when it is done': async (storage) => {
    let runs = 0
    let finished = false
    await storage.commit(inserts('requests', request('a')), async () => {
      runs++
      await aMoment()
      finished = true
    })
    deepStrictEqual({ runs, finished }, { runs: 1, finished: true })
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.version, 1)
  },

  'runs the effect of a commit without writes': async (storage) => {
    let runs = 0
    await storage.commit([], async () => {
      runs++
    })
    strictEqual(runs, 1)
  },

  'does not run the effect where a write cannot be made': async (storage) => {
    await fill(storage, 'requests', request('a'))
    const effect = async () => {
      throw broken('The effect ran.')
    }
    await refusal('duplicate_key', storage.commit(inserts('requests', request('a')), effect))
    await refusal('version_conflict', storage.commit([{ ...replaceA, expected: 2 }], effect))
    await refusal(
      'version_conflict',
      storage.commit([{ type: 'check', collection: 'policySets', key: ['acme'], expected: 1 }], effect),
    )
  },

  'writes nothing where the effect throws, and throws on what it threw': async (storage) => {
    await fill(storage, 'requests', request('a'))
    const events = inserts('events', { tenant: 'acme', stream: 's', seq: 1, prev: '' })
    const failures = [
      async () => Promise.reject(thrown),
      () => {
        throw thrown
      },
      async () => {
        await aMoment()
        throw thrown
      },
    ]
    const thrown = { not: 'even an error' }
    for (const effect of failures) {
      const caught = await storage.commit([replaceA, ...events], effect).then(
        () => 'nothing',
        (error: unknown) => error,
      )
      strictEqual(caught, thrown)
    }
    deepStrictEqual(await readOne(storage, 'requests', 'acme', 'a'), { version: 1, value: request('a') })
    deepStrictEqual(await storage.list(query({ collection: 'events' })), { records: [] })
    await storage.commit([replaceA, ...events])
  },

  'shows nobody what a commit would write while its effect runs': async (storage) => {
    await fill(storage, 'requests', request('a'))
    const thrown = { no: true }
    const [begin, end] = [signal(), signal()]
    const committing = storage.commit([replaceA, ...inserts('requests', request('b'))], async () => {
      begin.give()
      await end.given
      throw thrown
    })
    const caught = committing.then(
      () => 'nothing',
      (error: unknown) => error,
    )
    await Promise.race([begin.given, caught])
    const reading = Promise.all([
      readOne(storage, 'requests', 'acme', 'a'),
      listAll(storage, query({ index: 'byStatus' })),
    ])
    await aMoment()
    end.give()
    strictEqual(await caught, thrown)
    deepStrictEqual(await reading, [{ version: 1, value: request('a') }, ['a']])
  },

  'lets one of two commits through, although the effect of the first takes its time': async (storage) => {
    await fill(storage, 'requests', request('a'))
    const slow = storage.commit([replaceA], aMoment)
    const quick = storage.commit([{ ...replaceA, value: request('a', { own: 3 }) }])
    deepStrictEqual((await outcomes([slow, quick])).toSorted(), ['done', 'version_conflict'])
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.version, 2)
  },

  'keeps what was checked as it was until the effect is done': async (storage) => {
    await fill(storage, 'requests', request('there'))
    const [there, absent] = [request('there', { own: 2 }), request('absent')]
    const cases = [
      { id: 'there', expected: 1, move: [{ type: 'replace', collection: 'requests', value: there, expected: 1 }] },
      { id: 'absent', expected: 'absent', move: inserts('requests', absent) },
    ] as const
    for (const { id, expected, move } of cases) {
      const begin = signal()
      let moved = false
      let movedMeanwhile = false
      const checking = storage.commit(
        [
          { type: 'check', collection: 'requests', key: ['acme', id], expected },
          ...inserts('requests', request(`${id} too`)),
        ],
        async () => {
          begin.give()
          await aMoment()
          movedMeanwhile = moved
        },
      )
      await Promise.race([begin.given, checking])
      const moving = storage.commit(move).then(() => {
        moved = true
      })
      const [checked] = await outcomes([checking, moving])
      if (checked === 'done' && movedMeanwhile)
        throw broken('A record moved between its check and the end of the commit.')
    }
  },
}
