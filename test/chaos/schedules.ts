import type { Storage } from '../../src/index.ts'
import { type CollectionName, collections } from '../../src/ports/collections.ts'
import type { IndexQuery, RecordKey, Write } from '../../src/ports/storage.ts'
import { upkeep } from './desk.ts'

/** A call of a storage: whether it commits, and the records that it looks at or writes. */
interface Call {
  readonly commits: boolean
  readonly touches: readonly Touch[]
}

/** A record that a call is about, or, without a key, all records of a collection. */
interface Touch {
  readonly collection: CollectionName
  readonly key?: string
  readonly writes: boolean
}

/** Tells whether it can make a difference which of two calls comes first. */
export type Matters = (one: Call, other: Call) => boolean

/** Waits for its turn before a call of a storage. */
type Turn = (call: Call) => Promise<void>

/** A storage whose calls wait for their turn, except those that are about the upkeep of `tick` alone and go on at once. */
function gated(storage: Storage, turn: Turn): Storage {
  const inTurn = async (touches: readonly Touch[], commits = false) => {
    if (!touches.every(({ collection }) => upkeep.includes(collection))) await turn({ commits, touches })
  }
  const whole = ({ collection }: { readonly collection: CollectionName }): Touch => ({ collection, writes: false })
  return {
    get: (keys) => inTurn(keys.map(looked)).then(() => storage.get(keys)),
    list: (query) => inTurn(isOfNoRequest(query) ? [] : [whole(query)]).then(() => storage.list(query)),
    count: (query) => inTurn([whole(query)]).then(() => storage.count(query)),
    commit: (writes, effect) => inTurn(writes.map(written), true).then(() => storage.commit(writes, effect)),
    close: () => storage.close(),
  }
}

function looked({ collection, key }: RecordKey): Touch {
  return { collection, key: JSON.stringify(key), writes: false }
}

function written(write: Write): Touch {
  const { collection } = write
  const key = 'value' in write ? collections[collection].key.map(({ name }) => write.value[name]) : write.key
  return { collection, key: JSON.stringify(key), writes: write.type !== 'check' }
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
  readonly call: Call
  readonly go: () => void
}

interface Played {
  readonly steps: readonly Step[]
  /** Whether another order shows the same. */
  readonly isSpare: boolean
}

/** Which act went on at each point, and which could have. */
interface Step {
  readonly options: readonly number[]
  readonly taken: number
}

/**
 * Runs the acts, one call at a time, in the order that the choices say, and where those end, the first that waits. An
 * order that another one stands for is run to its end, and branches nowhere any more.
 */
async function play(
  storage: Storage,
  acts: readonly Act[],
  { choices, matters }: { readonly choices: readonly number[]; readonly matters: Matters },
): Promise<Played> {
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
  let isSpare = false
  for (;;) {
    // An act can make several calls at once: what follows from one of them is waited for while others of it wait.
    if (waiting.some(({ act }) => act === before?.act)) await new Promise((resolve) => setImmediate(resolve))
    while (!isStill()) await new Promise<void>((resolve) => (moved = resolve))
    if (waiting.length === 0) break
    const options: readonly number[] = isSpare
      ? []
      : waiting.filter((one) => !isSwapped(before, one, matters)).map(({ act }) => act)
    isSpare ||= options.length === 0
    const taken = choices[steps.length] ?? Math.min(...(isSpare ? waiting.map(({ act }) => act) : options))
    const at = waiting.findIndex(({ act }) => act === taken)
    steps.push({ options: options.toSorted(), taken })
    ;[before] = waiting.splice(at, 1)
    before?.go()
  }
  await Promise.all(ends)
  return { steps, isSpare }
}

/**
 * Tells whether two calls that follow each other could change places, and nobody would see a difference: one order of
 * them is enough. Of two such neighbours the act that comes first in the list goes first.
 */
function isSwapped(before: Waiting | undefined, next: Waiting, matters: Matters): boolean {
  return before !== undefined && next.act < before.act && !matters(before.call, next.call)
}

/**
 * Tells whether it can make a difference which of two calls comes first: one of them writes what the other one looks
 * at or writes. Two commits in one collection always can: a place in a unique index is no record of its own.
 */
function isSeen(one: Call, other: Call): boolean {
  return one.touches.some((a) =>
    other.touches.some((b) => {
      if (a.collection !== b.collection || !(a.writes || b.writes)) return false
      return (one.commits && other.commits) || a.key === undefined || b.key === undefined || a.key === b.key
    }),
  )
}

/**
 * Runs acts in every order of their calls to the storage, each time from a fresh start, and looks at what came of it.
 * Orders that differ only in neighbours of which neither sees the other count as one. Gives the number of orders.
 */
export async function everySchedule(
  start: () => Promise<{ readonly storage: Storage; readonly acts: readonly Act[]; look(): Promise<void> }>,
  matters: Matters = isSeen,
): Promise<number> {
  let choices: readonly number[] | undefined = []
  let schedules = 0
  for (;;) {
    const { storage, acts, look } = await start()
    const { steps, isSpare }: Played = await play(storage, acts, { choices, matters })
    await look()
    if (!isSpare) schedules++
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
