import type { Digest } from '../../src/core/json/digest.ts'
import { isApprovalError, type Storage } from '../../src/index.ts'
import { type Desk, desk, everything, lasting, type Office } from './desk.ts'
import { everySchedule, type Matters } from './schedules.ts'
import { type Beginning, situation } from './situation.ts'

/** Two commands that meet, in a situation in which each alone is accepted, in a file of tests with `sameSalts`. */
export interface Meeting {
  prepare(desk: Desk, office: Office): Promise<Asked>
  readonly acts: readonly [Doing, Doing]
}

/** What one of them does. */
export type Doing = (desk: Desk, asked: Asked) => Promise<unknown>

/** The request that they are about, and another one with what its reviewer has seen. */
export interface Asked {
  readonly id: string
  readonly digest: string
  readonly other?: string
  readonly seen?: string
  /** Digests of the conflicts that wait for an answer. */
  readonly conflicts?: readonly Digest[]
}

/**
 * What came of it: what each was told, and everything that commands leave behind. Other requests are named as they are
 * found beside everything else, and no commit relies on them: one that comes in the same moment can be missing.
 */
async function outcome(storage: Storage, told: readonly unknown[]): Promise<string> {
  const kept = await everything(storage, lasting)
  return JSON.stringify([told, kept], (name, value) => (name === 'others' ? undefined : value))
}

const told = (answer: Promise<unknown>): Promise<unknown> =>
  answer.catch((error: unknown) => {
    if (isApprovalError(error)) return { refused: error.code, details: error.details }
    throw error
  })

const situations = new WeakMap<Meeting['prepare'], ReturnType<typeof situation<Asked>>>()

/** Begins where the meeting does; what is the same for several meetings is prepared once. */
async function begin({ prepare }: Meeting, fresh?: () => Storage): Promise<Beginning<Asked>> {
  const known = situations.get(prepare) ?? situation(prepare)
  situations.set(prepare, known)
  return await (await known)(fresh)
}

/** What comes of it when one waits for the other, either way. */
export async function inTurn(meeting: Meeting, order: readonly [0 | 1, 0 | 1]): Promise<Turns> {
  const { storage, shared, asked } = await begin(meeting)
  const answers: unknown[] = []
  for (const at of order) answers[at] = await told(meeting.acts[at](desk(storage, shared, `desk-${at}`), asked))
  return { answers, outcome: await outcome(storage, answers) }
}

/** What each was told, and what came of it. */
export interface Turns {
  readonly answers: readonly unknown[]
  readonly outcome: string
}

/** What comes of it in the one order, and in the other one. */
export async function bothWays(meeting: Meeting): Promise<readonly [Turns, Turns]> {
  return [await inTurn(meeting, [0, 1]), await inTurn(meeting, [1, 0])]
}

/** Counts the orders of calls, and those whose outcome no order of the two commands has. */
export async function meet(
  meeting: Meeting,
  fresh: () => Storage,
  { ways, matters }: { readonly ways?: readonly [Turns, Turns]; readonly matters?: Matters } = {},
): Promise<{ schedules: number; illegal: number; outcomes: ReadonlySet<string> }> {
  const legal = new Set((ways ?? (await bothWays(meeting))).map((way) => way.outcome))
  const outcomes = new Set<string>()
  let illegal = 0
  const schedules = await everySchedule(async () => {
    const { storage, shared, asked } = await begin(meeting, fresh)
    const answers: unknown[] = []
    return {
      storage,
      acts: meeting.acts.map((act, at) => async (own: Storage) => {
        answers[at] = await told(act(desk(own, shared, `desk-${at}`), asked))
      }),
      async look() {
        const found = await outcome(storage, answers)
        outcomes.add(found)
        if (!legal.has(found)) illegal++
      },
    }
  }, matters)
  return { schedules, illegal, outcomes }
}
