import { describe, expect, it } from 'vitest'
import { inTime } from '../../src/ports/in-time.ts'
import { lent } from '../../src/storage/sql/shared/pooled-connection.ts'

/** A pool that takes no connection back: it throws, as one does that has been closed meanwhile, or that was given the connection before. */
function stubborn(take: () => Promise<string>) {
  const back: boolean[] = []
  return {
    back,
    take,
    giveBack(_: string, broken: boolean) {
      back.push(broken)
      throw new TypeError('it was given back before')
    },
  }
}

const never = () => new Promise<never>(() => {})
const soon = (value: string) => new Promise<string>((resolve) => setTimeout(() => resolve(value), 30))

// What is thrown in a timer, or by a promise that nobody waits for, ends the process of the host: the runner calls a test file failed in which that happens.
describe('a pool that does not take a connection back', () => {
  it('[HO-01] changes nothing of what the work gave, or why it failed', async () => {
    const pool = stubborn(async () => 'connection')
    await expect(lent(pool, 100, async (connection) => `done with a ${connection}`)).resolves.toBe(
      'done with a connection',
    )
    const refused = new RangeError('the statement')
    await expect(lent(pool, 100, () => Promise.reject(refused))).rejects.toBe(refused)
    expect(pool.back).toEqual([false, false])
  })

  it('[HO-01] is told of one that was kept too long, and the call is refused in time', async () => {
    const pool = stubborn(async () => 'connection')
    await expect(lent(pool, 10, never)).rejects.toThrow('the database: it did not answer within 10 ms')
    expect(pool.back).toEqual([true])
  })

  it('[HO-01] is given back what comes too late', async () => {
    const pool = stubborn(() => soon('late'))
    await expect(lent(pool, 10, never)).rejects.toThrow('the database: it did not answer within 10 ms')
    await soon('')
    expect(pool.back).toEqual([false])
  })
})

describe('waiting for an answer', () => {
  it('[HO-01] ends in time with what saying so throws', async () => {
    const thrown = new TypeError('no words')
    const speechless = () => {
      throw thrown
    }
    await expect(inTime(never(), 10, speechless)).rejects.toBe(thrown)
  })
})
