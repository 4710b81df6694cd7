import type { Storage } from '../../src/index.ts'
import type { CollectionName } from '../../src/ports/collections.ts'
import type { IndexQuery } from '../../src/ports/storage.ts'
import { upkeep } from './desk.ts'

/** Waits for its turn before a call of a storage. */
type Turn = (call: 'read' | 'write') => Promise<void>

/** A storage whose calls wait for their turn, except those that are about the upkeep of `tick` alone and go on at once. */
function gated(storage: Storage, turn: Turn): Storage {
  const isUpkeep = (about: readonly { readonly collection: CollectionName }[]) =>
    about.every(({ collection }) => upkeep.includes(collection))
  const inTurn = async (about: readonly { readonly collection: CollectionName }[], call: 'read' | 'write') => {
    if (!isUpkeep(about)) await turn(call)
  }
  return {
    get: (keys) => inTurn(keys, 'read').then(() => storage.get(keys)),
    list: (query) => inTurn(isOfNoRequest(query) ? [] : [query], 'read').then(() => storage.list(query)),
    count: (query) => inTurn([query], 'read').then(() => storage.count(query)),
    commit: (writes, effect) => inTurn(writes, 'write').then(() => storage.commit(writes, effect)),
    close: () => storage.close(),
  }
}

/**
 * Tells whether `tick` looks for answers to forget, or for refusals to count: no request depends on whether that is done yet. Nor does one on
 * which others are open beside it: that is only told, once these were read.
 */
function isOfNoRequest({ collection, index }: IndexQuery): boolean {
  if (collection === 'targets' && index === 'byOpen') return true
  return index === 'byDue' && (collection === 'idempotencyKeys' || collection === 'streams')
}

/** What happens at the same time, each in a process of its own: given the storage as that process sees it. */
export type Act = (storage: Storage) => Promise<unknown>

interface Waiting {
  readonly act: number
  readonly call: 'read' | 'write'
  readonly go: () => void
}

/** Which act went on at each point, and which could have. */
interface Step {
  readonly options: readonly number[]
  readonly taken: number
}

/** Runs the acts, one call at a time, in the order that the choices say, and where those end, the first that waits. */
async function play(storage: Storage, acts: readonly Act[], choices: readonly number[]): Promise<readonly Step[]> {
  const waiting: Waiting[] = []
  const steps: Step[] = []
  const ended = new Set<number>()
  let moved = () => {}
  const turnOf =
    (act: number): Turn =>
    (call) =>
      new Promise((go) => {
        waiting.push({ act, call, go })
        moved()
      })
  const ends = acts.map((act, at) =>
    act(gated(storage, turnOf(at))).finally(() => {
      ended.add(at)
      moved()
    }),
  )
  const isStill = () => acts.every((_, at) => ended.has(at) || waiting.some(({ act }) => act === at))
  let before: Waiting | undefined
  for (;;) {
    // An act can make several calls at once: what follows from one of them is waited for while others of it wait.
    if (waiting.some(({ act }) => act === before?.act)) await new Promise((resolve) => setImmediate(resolve))
    while (!isStill()) await new Promise<void>((resolve) => (moved = resolve))
    if (waiting.length === 0) break
    const options = waiting.filter((one) => !isSwapped(before, one)).map(({ act }) => act)
    const taken = choices[steps.length] ?? Math.min(...options)
    const at = waiting.findIndex(({ act }) => act === taken)
    steps.push({ options: options.toSorted(), taken })
    ;[before] = waiting.splice(at, 1)
    before?.go()
  }
  await Promise.all(ends)
  return steps
}

/** Two reads that follow each other could change places: one order of them is enough. */
function isSwapped(before: Waiting | undefined, next: Waiting): boolean {
  return before !== undefined && before.call === 'read' && next.call === 'read' && next.act < before.act
}

/**
 * Runs acts in every order of their calls to the storage, each time from a fresh start, and looks at what came of it. Orders that differ only in
 * neighbouring reads count as one. Gives the number of orders.
 */
export async function everySchedule(
  start: () => Promise<{ readonly storage: Storage; readonly acts: readonly Act[]; look(): Promise<void> }>,
): Promise<number> {
  let choices: readonly number[] | undefined = []
  for (let schedules = 1; ; schedules++) {
    const { storage, acts, look } = await start()
    const steps: readonly Step[] = await play(storage, acts, choices)
    await look()
    choices = following(steps)
    if (!choices) return schedules
  }
}

/** The choices that lead to the next order: the last point where another act could have gone on. */
function following(steps: readonly Step[]): readonly number[] | undefined {
  for (const [at, { options, taken }] of [...steps.entries()].reverse()) {
    const other = options.find((option) => option > taken)
    if (other !== undefined) return [...steps.slice(0, at).map((step) => step.taken), other]
  }
  return undefined
}
