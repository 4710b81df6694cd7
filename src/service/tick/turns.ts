import type { AtWork } from '../context/at-work.ts'
import type { Chore } from '../context/chore.ts'
import type { HostNeed, Needs } from '../values/needs.ts'

/** How many chores of one lane may take long before nothing of it is begun any more. */
const mostSlowOfLane = 2
/** How many chores of a lane are looked at for one that can be begun. */
const inView = 20

/** Chores that are to be done, in lanes that take turns. */
export interface Turns {
  /** Takes out the next chore that can be begun, with those of its needs that are open. */
  next(): { readonly chore: Chore; readonly open: readonly HostNeed[] } | undefined
  /** Adds what is left of a chore, at the end of its lane. */
  add(rest: Chore): void
  /** The chores that were taken out since they cannot be done in this call any more, and why. */
  readonly broken: readonly { readonly chore: Chore; readonly error: unknown }[]
}

/** Puts chores into their lanes. */
export function createTenantTurns(
  { lanes: busy }: Pick<AtWork, 'lanes'>,
  needs: Needs,
  chores: readonly Chore[],
): Turns {
  const turns = lanesOf(chores)
  const broken: { readonly chore: Chore; readonly error: unknown }[] = []
  /** Takes chores that cannot be done off the front of a lane. */
  const dropBroken = ({ queue }: Lane) => {
    for (let [chore] = queue; chore; [chore] = queue) {
      const found = brokenOf(needs, chore)
      if (!found) return
      broken.push({ chore, error: found.error })
      queue.shift()
    }
  }
  return {
    broken,
    next() {
      for (const [at, lane] of turns.entries()) {
        const { underWay, slow } = busy.get(lane.name) ?? { underWay: 0, slow: 0 }
        const [first] = lane.queue
        if (!first || slow >= mostSlowOfLane || underWay - slow >= first.abreast) continue
        dropBroken(lane)
        const found = lane.queue.slice(0, inView).find((chore) => openOf(needs, chore))
        const open = found && openOf(needs, found)
        if (!found || !open) continue
        lane.queue.splice(lane.queue.indexOf(found), 1)
        turns.splice(at, 1)
        turns.push(lane)
        return { chore: found, open }
      }
      return undefined
    },
    add(rest) {
      const lane = turns.find(({ name }) => name === rest.lane)
      if (lane) lane.queue.push(rest)
      else turns.push({ name: rest.lane, queue: [rest] })
    },
  }
}

interface Lane {
  readonly name: string
  readonly queue: Chore[]
}

function lanesOf(chores: readonly Chore[]): Lane[] {
  const lanes = new Map<string, Lane>()
  for (const chore of chores) {
    const lane = lanes.get(chore.lane)
    if (lane) lane.queue.push(chore)
    else lanes.set(chore.lane, { name: chore.lane, queue: [chore] })
  }
  return [...lanes.values()]
}

/** The open needs of a chore that can be begun. */
function openOf(needs: Needs, chore: Chore): readonly HostNeed[] | undefined {
  const open = chore.needs.filter((need) => needs.isOpen(need))
  if (chore.needs.length === 0) return open
  return open.length === chore.needs.length || (chore.partly && open.length > 0) ? open : undefined
}

/** Why a chore cannot be done in this call any more. */
function brokenOf(needs: Needs, chore: Chore): { readonly error: unknown } | undefined {
  const broken = chore.needs.flatMap((need) => needs.brokenBy(need) ?? [])
  const all = chore.partly ? chore.needs.length : 1
  return chore.needs.length > 0 && broken.length >= all ? broken[0] : undefined
}
