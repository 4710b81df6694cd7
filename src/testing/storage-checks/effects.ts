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
  requestRecord,
  type StorageCheck,
  settledOf,
} from './storage-check.ts'

const replaceA = {
  type: 'replace',
  collection: 'requests',
  value: requestRecord('a', { own: 2 }),
  expected: 1,
} as const

/** Lets everything run that can run now. */
const aMoment = () => new Promise<void>((resolve) => setTimeout(resolve, 20))

/** Expects a commit to throw what its effect threw, and nothing made of it. */
async function expectThrownOn(committing: Promise<void>, thrown: object): Promise<void> {
  const found = await committing.then(
    () => 'was done',
    (caught: unknown) => (caught === thrown ? undefined : settledOf(caught)),
  )
  if (found) throw broken(`A commit should throw the very thing that its effect threw; it ${found}`)
}

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
    await storage.commit(inserts('requests', requestRecord('a')), async () => {
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
    await fill(storage, 'requests', requestRecord('a'))
    const effect = async () => {
      throw broken('The effect ran.')
    }
    await refusal('duplicate_key', storage.commit(inserts('requests', requestRecord('a')), effect))
    await refusal('version_conflict', storage.commit([{ ...replaceA, expected: 2 }], effect))
    await refusal(
      'version_conflict',
      storage.commit([{ type: 'check', collection: 'policySets', key: ['acme'], expected: 1 }], effect),
    )
  },

  'writes nothing where the effect throws, and throws on what it threw': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'))
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
      await expectThrownOn(storage.commit([replaceA, ...events], effect), thrown)
    }
    deepStrictEqual(await readOne(storage, 'requests', 'acme', 'a'), { version: 1, value: requestRecord('a') })
    deepStrictEqual(await storage.list(query({ collection: 'events' })), { records: [] })
    await storage.commit([replaceA, ...events])
  },

  'refuses what an effect asks of the storage that waits for it': async (_, storage) => {
    const calls = {
      get: () => readOne(storage, 'requests', 'acme', 'a'),
      list: () => storage.list(query({})),
      commit: () => storage.commit(inserts('requests', requestRecord('b'))),
    }
    for (const [name, call] of Object.entries(calls)) {
      await storage.commit([], async () => {
        const answer = refusal('storage_failed', call())
        const waited = aMoment().then(() => 'waited')
        if ((await Promise.race([answer, waited])) !== 'waited') return
        answer.catch(() => {})
        throw broken(`An effect that calls ${name} waits for the commit, which waits for the effect.`)
      })
    }
    await fill(storage, 'requests', requestRecord('a'))
    strictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.version, 1)
  },

  'shows nobody what a commit would write while its effect runs': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'))
    const thrown = { no: true }
    const [begin, end] = [signal(), signal()]
    const committing = storage.commit([replaceA, ...inserts('requests', requestRecord('b'))], async () => {
      begin.give()
      await end.given
      throw thrown
    })
    const thrownOn = expectThrownOn(committing, thrown)
    thrownOn.catch(() => {})
    await Promise.race([begin.given, thrownOn])
    const reading = Promise.all([
      readOne(storage, 'requests', 'acme', 'a'),
      listAll(storage, query({ index: 'byStatus' })),
    ])
    await aMoment()
    end.give()
    await thrownOn
    deepStrictEqual(await reading, [{ version: 1, value: requestRecord('a') }, ['a']])
  },

  'lets one of two commits through, although the effect of the first takes its time': async (storage) => {
    await fill(storage, 'requests', requestRecord('a'))
    const slow = storage.commit([replaceA], aMoment)
    const quick = storage.commit([{ ...replaceA, value: requestRecord('a', { own: 3 }) }])
    deepStrictEqual((await outcomes([slow, quick])).toSorted(), ['done', 'version_conflict'])
    deepStrictEqual((await readOne(storage, 'requests', 'acme', 'a'))?.version, 2)
  },

  'keeps what was checked as it was until the effect is done': async (storage) => {
    await fill(storage, 'requests', requestRecord('there'))
    const [there, absent] = [requestRecord('there', { own: 2 }), requestRecord('absent')]
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
          ...inserts('requests', requestRecord(`${id} too`)),
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
