import type { Digest } from '../../src/core/change/digest.ts'
import { isApprovalError, type Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { type Desk, desk, everything, lasting, type Office, office } from './desk.ts'
import { sameSalts } from './same-salts.ts'
import { everySchedule } from './schedules.ts'

sameSalts()

/** Two commands that meet, in a situation in which each alone is accepted. */
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

/** What comes of it when one waits for the other, either way. */
export async function inTurn({ prepare, acts }: Meeting, order: readonly [0 | 1, 0 | 1]): Promise<string> {
  const [storage, shared] = [memoryStorage(), office()]
  const request = await prepare(desk(storage, shared), shared)
  const answers: unknown[] = []
  for (const at of order) answers[at] = await told(acts[at](desk(storage, shared, `desk-${at}`), request))
  return await outcome(storage, answers)
}

/** Counts the orders of calls, and those whose outcome no order of the two commands has. */
export async function meet(meeting: Meeting, fresh: () => Storage): Promise<{ schedules: number; illegal: number }> {
  const legal = [await inTurn(meeting, [0, 1]), await inTurn(meeting, [1, 0])]
  let illegal = 0
  const schedules = await everySchedule(async () => {
    const [storage, shared] = [fresh(), office()]
    const request = await meeting.prepare(desk(storage, shared), shared)
    const answers: unknown[] = []
    return {
      storage,
      acts: meeting.acts.map((act, at) => async (own: Storage) => {
        answers[at] = await told(act(desk(own, shared, `desk-${at}`), request))
      }),
      async look() {
        if (!legal.includes(await outcome(storage, answers))) illegal++
      },
    }
  })
  return { schedules, illegal }
}
