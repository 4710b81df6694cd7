import { storageAt } from './address.ts'
import type { Operation } from './history.ts'
import { type Deed, type Done, type Race, racecourse } from './race.ts'

/** Some of the people of a race, who sit in this process. */
export interface Start {
  readonly tenant: string
  readonly race: Race
  readonly lines: readonly (readonly Deed[])[]
}

/** What they did, or why they could not. */
export interface Arrival {
  readonly tenant: string
  readonly done: readonly Operation<Done>[]
  readonly error?: string
}

const storage = storageAt(process.argv[2] ?? '')
const course = racecourse(storage)

async function run({ tenant, race, lines }: Start): Promise<Arrival> {
  try {
    const done = await Promise.all(lines.map((line) => course.run(tenant, race, line)))
    return { tenant, done: done.flat() }
  } catch (error) {
    return { tenant, done: [], error: error instanceof Error ? `${error.stack} ${error.cause}` : String(error) }
  }
}

process.on('message', (start: Start | 'end') => {
  if (start === 'end') void storage.close().then(() => process.disconnect())
  else void run(start).then((arrival) => process.send?.(arrival))
})
