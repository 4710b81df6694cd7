import type { ChildProcess } from 'node:child_process'
import { expect } from 'vitest'
import { flags } from '../world.ts'
import { storageAt } from './address.ts'
import { legalOrder, type Operation } from './history.ts'
import { ended, type Program } from './processes.ts'
import { type Done, inTheWay, judge, type Race, racecourse } from './race.ts'
import type { Arrival, Start } from './racer.ts'

const processes = 4
/** How many races are on at the same time: enough to keep the database busy while somebody waits. */
const atOnce = 8

/** What is counted over all races. */
export interface Tally {
  illegal: number
  appliedTwice: number
  broken: number
  operations: number
  inTheWay: number
  applied: number
  /** The first race in which something was wrong: its people, and what they were told. */
  example?: string
}

export const nothing = (): Tally => ({ illegal: 0, appliedTwice: 0, broken: 0, operations: 0, inTheWay: 0, applied: 0 })

/** Looks at a race that is over: what everybody was told, and what is there now. */
export async function inspect(tally: Tally, course: ReturnType<typeof racecourse>, over: Over): Promise<void> {
  const { tenant, race } = over
  const history = [...over.done, await course.end(tenant)]
  if (!legalOrder(history, judge(race))) tally.illegal++
  const revisions = await course.as(tenant, 'dan').resources.history(flags.ref('checkout'))
  const applied = revisions.filter(({ request }) => request === 'request').length
  if (applied > 1) tally.appliedTwice++
  const { ok, problems } = await course.as(tenant, 'dan').audit.verify()
  if (!ok) tally.broken++
  if (tally.illegal + tally.appliedTwice + tally.broken > 0)
    tally.example ??= JSON.stringify({ tenant, race, history, problems })
  tally.applied += applied
  tally.operations += history.length
  tally.inTheWay += history.filter(({ what }) => what.answer === inTheWay).length
}

interface Over {
  readonly tenant: string
  readonly race: Race
  readonly done: readonly Operation<Done>[]
}

/** Sends the people of a race to several processes, and gathers what they did. */
function racing(children: readonly ChildProcess[]) {
  const waiting = new Map<string, (arrival: Arrival) => void>()
  for (const [at, child] of children.entries())
    child.on('message', (arrival: Arrival) => waiting.get(`${at} ${arrival.tenant}`)?.(arrival))
  const inProcess = (at: number, start: Start) =>
    new Promise<Arrival>((arrive) => {
      waiting.set(`${at} ${start.tenant}`, arrive)
      children[at]?.send(start)
    })
  return async (tenant: string, race: Race): Promise<Over> => {
    const arrivals = await Promise.all(
      children.map((_, at) => {
        const lines = race.lines.filter((_, line) => line % children.length === at)
        return inProcess(at, { tenant, race, lines })
      }),
    )
    for (const { error } of arrivals) if (error !== undefined) throw new TypeError(error)
    return { tenant, race, done: arrivals.flatMap(({ done }) => done) }
  }
}

/** Holds races on the storage at an address, whose people sit in several processes, and tells what came of them. */
export async function raced(racer: Program, address: string, all: readonly Race[]): Promise<Tally> {
  const children = Array.from({ length: processes }, () => racer.start(address))
  const storage = storageAt(address)
  const course = racecourse(storage)
  const race = racing(children)
  const tally = nothing()
  const left = all.entries()
  const lane = async () => {
    for (const [at, each] of left) {
      const tenant = `tenant-${at}`
      await course.prepare(tenant, each)
      await inspect(tally, course, await race(tenant, each))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane)).catch((thrown) => {
    for (const child of children) child.kill()
    throw thrown
  })
  for (const child of children) child.send('end')
  expect(await Promise.all(children.map(ended))).toEqual(children.map(() => 0))
  await storage.close()
  return tally
}
