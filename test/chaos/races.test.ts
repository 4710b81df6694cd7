import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isApprovalError, type Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { deep } from '../runs.ts'
import { leftOut, mysqlDatabase, postgresDatabase } from '../storage/servers.ts'
import { flawedStorage } from '../testing/flawed-storage.ts'
import { legalOrder, type Operation } from './history.ts'
import { type Program, program } from './processes.ts'
import { type Done, judge, type Race, racecourse, races } from './race.ts'
import { inspect, nothing, raced, type Tally } from './racing.ts'

const [postgres, mysql] = await Promise.all([postgresDatabase(), mysqlDatabase()])
const folder = mkdtempSync(join(tmpdir(), 'countersign-races-'))
let racer: Program
beforeAll(async () => {
  racer = await program('racer')
})
afterAll(async () => {
  racer.remove()
  rmSync(folder, { recursive: true })
  await Promise.all([postgres?.drop(), mysql?.drop()])
})
if (!postgres) it.skip(`races on PostgreSQL (${leftOut('PostgreSQL')})`)
if (!mysql) it.skip(`races on MySQL (${leftOut('MySQL')})`)

/** Where the races are, and how many of them: usually, and in a deep run. */
const courses: readonly (readonly [string, string, number, number])[] = [
  ['SQLite', join(folder, 'races.db'), 30, 10_000],
  ...(postgres ? [['PostgreSQL', postgres.address, 30, 20_000] as const] : []),
  ...(mysql ? [['MySQL', mysql.address, 30, 10_000] as const] : []),
]

/**
 * Holds races in one process, in which the people sit at desks that know nothing of each other. What is left of a race can be such that nobody reads it any
 * more: that is broken, too.
 */
async function inMemory(fresh: () => Storage, times: number, seed: number): Promise<Tally> {
  const tally = nothing()
  for (const [at, race] of fc.sample(races, { numRuns: times, seed }).entries()) {
    const storage = fresh()
    const tenant = `tenant-${at}`
    const course = racecourse(storage)
    await course.prepare(tenant, race)
    const done = await Promise.all(race.lines.map((line) => racecourse(storage).run(tenant, race, line)))
    try {
      await inspect(tally, course, { tenant, race, done: done.flat() })
    } catch (error) {
      if (!isApprovalError(error)) throw error
      tally.broken++
      tally.example ??= JSON.stringify({ tenant, race, error: error.message })
    }
  }
  return tally
}

describe.each(courses)('reviewers, editors and appliers of several processes on %s', (_, address, usual, often) => {
  it('[A4, G1, G2, G3] are told what happened, as if one had come after the other', {
    timeout: 7_200_000,
  }, async () => {
    const seed = Date.now()
    const tally = await raced(racer, address, fc.sample(races, { numRuns: deep ? often : usual, seed }))
    expect(tally, `seed ${seed}, ${tally.example}`).toMatchObject({ illegal: 0, appliedTwice: 0, broken: 0 })
    expect(tally.applied).toBeGreaterThan(usual / 10)
  })
})

describe('the checker of histories', () => {
  const [race] = fc.sample(races, { numRuns: 1, seed: 1 }) as [Race]
  const rules = { ...race.rules, lock: 'none', apply: 'by_hand', onReject: 'close', onEdit: 'reset' } as const
  const two: Race = { rules: { ...rules, selfApproval: false, excludeContributors: 'none' }, quorum: 2, lines: [] }
  const deed = (asked: number, answered: number, verb: string, by: string, answer: string, seen = 50) => ({
    asked,
    answered,
    what: { verb, by, value: 60, seen, answer },
  })
  const legal = (...operations: readonly Operation<Done>[]) => legalOrder(operations, judge(two)) !== undefined

  it('takes what can have happened in some order', () => {
    const [ben, cat] = [deed(1, 9, 'approve', 'ben', 'approved'), deed(2, 3, 'approve', 'cat', 'pending')]
    expect(legal(ben, cat, deed(10, 11, 'read', 'dan', 'approved,50,cat approve,ben approve'))).toBe(true)
    expect(legal(ben, cat, deed(4, 5, 'read', 'dan', 'pending,50,cat approve'))).toBe(true)
  })

  it('finds a lost vote', () => {
    const votes = [deed(1, 9, 'approve', 'ben', 'pending'), deed(2, 3, 'approve', 'cat', 'pending')]
    expect(legal(...votes)).toBe(false)
    expect(legal(...votes.slice(1), deed(4, 5, 'read', 'dan', 'pending,50'))).toBe(false)
  })

  it('finds what was applied twice, what nobody approved, and an edit of what is applied', () => {
    const votes = [deed(1, 2, 'approve', 'ben', 'pending'), deed(3, 4, 'approve', 'cat', 'approved')]
    const apply = deed(5, 6, 'apply', 'ann', 'applied')
    expect(legal(...votes, apply)).toBe(true)
    expect(legal(...votes, apply, deed(5, 6, 'apply', 'dan', 'applied'))).toBe(false)
    expect(legal(...votes.slice(1), apply)).toBe(false)
    expect(legal(...votes, apply, deed(5, 6, 'edit', 'dan', 'pending'))).toBe(false)
    expect(legal(...votes, deed(5, 6, 'edit', 'dan', 'pending'), deed(7, 8, 'apply', 'ann', 'applied'))).toBe(false)
  })

  it('finds an answer that is older than what somebody was told before', () => {
    const vote = deed(1, 2, 'approve', 'ben', 'pending')
    expect(legal(vote, deed(3, 4, 'read', 'dan', 'pending,50'))).toBe(false)
    expect(legal(vote, deed(1, 4, 'read', 'dan', 'pending,50'))).toBe(true)
  })

  it('finds nothing where the storage keeps its promises, and something where it does not', {
    timeout: 60_000,
  }, async () => {
    const seed = Date.now()
    expect(await inMemory(memoryStorage, 40, seed), `seed ${seed}`).toMatchObject({
      illegal: 0,
      appliedTwice: 0,
      broken: 0,
    })
    const careless = () => flawedStorage('replaces at any version', 'overwrites on insert', 'has no unique indexes')
    const found = await inMemory(careless, 40, seed)
    expect(found.illegal, `seed ${seed}`).toBeGreaterThan(0)
    expect(found.broken, `seed ${seed}`).toBeGreaterThan(0)
  })
})
