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
}

/**
 * How many holds a switch remembers one by one. The oldest ones become one, from the first beginning to the last end,
 * with the gaps between them.
 */
const mostHolds = 20

/** The holds after the workflow was switched at some time. */
export function holdsAfter(holds: readonly Hold[], on: boolean, at: number): readonly Hold[] {
  const last = holds.at(-1)
  const lasts = last !== undefined && last.to === undefined
  if (!on) return lasts ? holds : bounded([...holds, { from: Math.max(at, last?.to ?? at) }])
  return lasts ? [...holds.slice(0, -1), { from: last.from, to: Math.max(at, last.from) }] : holds
}

function bounded(holds: readonly Hold[]): readonly Hold[] {
  const [first, second, ...rest] = holds
  if (!first || second?.to === undefined || holds.length <= mostHolds) return holds
  const between = second.from - (first.to ?? second.from)
  return [{ from: first.from, to: second.to, gaps: (first.gaps ?? 0) + between + (second.gaps ?? 0) }, ...rest]
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
