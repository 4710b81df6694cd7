import { defined } from '../../defined.ts'
import type { Request } from './request.ts'

/**
 * A time in which the workflow of a project was off. What waited there stayed where it was, and its clock stood
 * still.
 */
export interface Hold {
  /** In milliseconds since 1970, as all times. */
  readonly from: number
  /** Absent while it lasts. */
  readonly to?: number
  /** For how long it was on in between, in milliseconds, if this stands for several such times. Left out: never. */
  readonly gaps?: number
  /** The state of the settings in which what waited was sent back in it; absent if it was held all the time. */
  readonly returned?: number
}

/**
 * How many holds a switch remembers one by one. The oldest ones become one, from the first beginning to the last end,
 * with the gaps between them.
 */
const mostHolds = 20

/** The holds after the workflow was switched at some time, and the state that sends back what waits, if it does. */
export function holdsAfter(
  holds: readonly Hold[],
  { on, at, returned }: { readonly on: boolean; readonly at: number; readonly returned?: number | undefined },
): readonly Hold[] {
  const last = holds.at(-1)
  const lasts = last !== undefined && last.to === undefined
  const back = defined({ returned })
  if (lasts) return [...holds.slice(0, -1), on ? { ...last, to: Math.max(at, last.from) } : { ...last, ...back }]
  return on ? holds : bounded([...holds, { from: Math.max(at, last?.to ?? at), ...back }])
}

function bounded(holds: readonly Hold[]): readonly Hold[] {
  const [first, second, ...rest] = holds
  if (!first || second?.to === undefined || holds.length <= mostHolds) return holds
  const between = second.from - (first.to ?? second.from)
  return [{ from: first.from, to: second.to, gaps: (first.gaps ?? 0) + between + (second.gaps ?? 0) }, ...rest]
}

/**
 * The times in which the workflow was off in two projects at once. What waited was sent back in one if both sent it
 * back; two times that only touch have no time in common.
 */
export function heldInBoth(here: readonly Hold[], there: readonly Hold[]): readonly Hold[] {
  return here.flatMap((one) =>
    there.flatMap((other): readonly Hold[] => {
      const from = Math.max(one.from, other.from)
      const to = Math.min(one.to ?? Number.POSITIVE_INFINITY, other.to ?? Number.POSITIVE_INFINITY)
      const gaps = (one.gaps ?? 0) + (other.gaps ?? 0)
      if (from > to) return []
      const isBoth = from < to && one.returned !== undefined && other.returned !== undefined
      const back = isBoth ? { returned: Math.max(one.returned ?? 0, other.returned ?? 0) } : {}
      return [{ from, ...(Number.isFinite(to) ? { to } : {}), ...(gaps > 0 ? { gaps } : {}), ...back }]
    }),
  )
}

/**
 * How long the workflow was off between two times, in milliseconds. If it is not known any more which part of a
 * time was a gap, as little as can be: whoever waited is not given time that passed.
 */
export function timeHeld(holds: readonly Hold[], from: number, at: number): number {
  return holds.reduce((sum, { from: begins, to: ends = at, gaps = 0 }) => {
    return sum + Math.max(0, Math.min(ends, at) - Math.max(begins, from) - gaps)
  }, 0)
}

/** The time by the clock of a request, by which its deadlines are judged: it stands still while the workflow is off. */
export function ownTime({ askedAt }: Pick<Request, 'askedAt'>, holds: readonly Hold[] | undefined, at: number): number {
  return holds ? at - timeHeld(holds, askedAt, at) : at
}

/**
 * Tells whether the time that a request was scheduled for passed while the workflow was off. Reviewers agreed to that
 * moment and to no other one: it is not made up for, and the change is applied by hand.
 */
export function isMissed({ applyAt }: Pick<Request, 'applyAt'>, holds: readonly Hold[] | undefined): boolean {
  if (applyAt === undefined || !holds) return false
  return holds.some(({ from, to }) => from <= applyAt && (to === undefined || applyAt < to))
}
