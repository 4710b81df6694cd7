import { byTurns, type Contender, median, percentile, type Rush, rush, warmUp } from './stopwatch.ts'

/** A claim of the form "we are at least `goal` times as good as the peer". Made by `timed`, `budgeted` or `counted`. */
export interface Comparison {
  readonly case: string
  readonly subject: string
  readonly peer: string
  /** What the ratio must reach; null where it is only stated. */
  readonly goal: number | null
  /** Answers what both sides needed. Throws where they computed different things. */
  readonly measure: () => Promise<Measured>
}

/** What both sides needed: milliseconds of one call, or a count of `unit`. Less is better. */
export interface Measured {
  readonly subject: number
  readonly peer: number
  readonly unit: string
}

/** One line of the answer. `ratio` says how many times better the subject is than the peer. */
export interface Row {
  readonly bench: string
  readonly case: string
  readonly subject: string
  readonly peer: string
  readonly ratio: number
  readonly goal: number | null
  readonly met: boolean | null
}

/** Something that can be counted without a clock: the operations of a patch, the bytes of a bundle. */
export interface Counter {
  readonly name: string
  readonly count: () => number | Promise<number>
}

/** Compares the time of one call, both sides by turns in this process. `same` says whether both computed the same. */
export function timed<SubjectInput, SubjectOutput, PeerInput, PeerOutput>(options: {
  readonly case: string
  readonly subject: Contender<SubjectInput, SubjectOutput>
  readonly peer: Contender<PeerInput, PeerOutput>
  readonly same: (subject: SubjectOutput, peer: PeerOutput) => boolean
  readonly goal: number | null
}): Comparison {
  const { subject, peer, same, goal } = options
  return {
    case: options.case,
    subject: subject.name,
    peer: peer.name,
    goal,
    async measure() {
      const ours = await warmUp(subject)
      const theirs = await warmUp(peer)
      if (!same(ours.output, theirs.output)) {
        throw new Error(`${options.case}: ${subject.name} and ${peer.name} computed different results.`)
      }
      const [subjectTime, peerTime] = await byTurns(ours, theirs)
      return { subject: subjectTime, peer: peerTime, unit: 'ms' }
    },
  }
}

/** Compares the time of one call with a budget in milliseconds. `valid` says whether the right thing was computed. */
export function budgeted<Input, Output>(options: {
  readonly case: string
  readonly subject: Contender<Input, Output>
  readonly milliseconds: number
  readonly valid: (output: Output) => boolean
}): Comparison {
  const { subject, milliseconds, valid } = options
  return {
    case: options.case,
    subject: subject.name,
    peer: `budget of ${milliseconds} ms`,
    goal: 1,
    async measure() {
      const ours = await warmUp(subject)
      if (!valid(ours.output)) throw new Error(`${options.case}: ${subject.name} computed a wrong result.`)
      const [time] = await byTurns(ours, ours)
      return { subject: time, peer: milliseconds, unit: 'ms' }
    },
  }
}

const WARM_UP_RUSHES = 3
const RUSHES = 7
const RUSH_MS = 300
const LARGEST_RUSH = 400

/**
 * Compares two contenders, each with so many workers at once: the time of a call when all work, beside it the 99th
 * percentile of the time that one call takes, and, if it is wanted, the time for which this process keeps processors
 * busy for a call. `valid` says whether a call did the right thing.
 */
export function pressed<SubjectInput, SubjectOutput, PeerInput, PeerOutput>(options: {
  readonly case: string
  readonly workers: number
  readonly subject: Contender<SubjectInput, SubjectOutput> & { readonly valid: (output: SubjectOutput) => boolean }
  readonly peer: Contender<PeerInput, PeerOutput>
  readonly goal: number | null
  /** What the ratio of the 99th percentiles must reach; null where it is only stated. */
  readonly tail: number | null
  /** What the ratio of the processor times must reach; left out if no row of them is wanted. */
  readonly processor?: number
}): readonly Comparison[] {
  const { workers, subject, peer, processor } = options
  const tails: [number[], number[]] = [[], []]
  const processorTimes: [number[], number[]] = [[], []]
  const names = { subject: subject.name, peer: peer.name }
  return [
    {
      case: options.case,
      ...names,
      goal: options.goal,
      async measure() {
        const output = await subject.run((await subject.prepare?.()) as SubjectInput)
        if (!subject.valid(output)) throw new Error(`${options.case}: ${subject.name} did something else.`)
        const times: readonly [number[], number[]] = [[], []]
        const calls = [await pace(subject, workers), await pace(peer, workers)] as const
        const turns = [
          async () => add(0, await rush(subject, { workers, calls: calls[0] })),
          async () => add(1, await rush(peer, { workers, calls: calls[1] })),
        ]
        const add = (side: 0 | 1, { perCall, processorPerCall, latencies }: Rush) => {
          times[side].push(perCall)
          processorTimes[side].push(processorPerCall)
          tails[side].push(...latencies)
        }
        for (let round = 0; round < RUSHES; round++) {
          for (const turn of turns) await turn()
          turns.reverse()
        }
        return { subject: median(times[0]), peer: median(times[1]), unit: 'ms' }
      },
    },
    {
      case: `${options.case}, p99`,
      ...names,
      goal: options.tail,
      async measure() {
        return { subject: percentile(tails[0], 0.99), peer: percentile(tails[1], 0.99), unit: 'ms' }
      },
    },
    ...(processor === undefined
      ? []
      : [
          {
            case: `${options.case}, processor time`,
            ...names,
            goal: processor,
            async measure() {
              return { subject: median(processorTimes[0]), peer: median(processorTimes[1]), unit: 'ms' }
            },
          },
        ]),
  ]
}

/** Warms a contender up, and says how many calls fill a rush. */
async function pace<Input>(contender: Contender<Input, unknown>, workers: number): Promise<number> {
  let calls = workers * 8
  for (let round = 0; round < WARM_UP_RUSHES; round++) {
    const { perCall } = await rush(contender, { workers, calls })
    calls = Math.max(workers * 4, Math.min(LARGEST_RUSH, Math.ceil(RUSH_MS / perCall)))
  }
  return calls
}

/** Compares two counts of the same thing. Fewer is better. */
export function counted(options: {
  readonly case: string
  readonly unit: string
  readonly subject: Counter
  readonly peer: Counter
  readonly goal: number | null
}): Comparison {
  const { subject, peer, unit, goal } = options
  return {
    case: options.case,
    subject: subject.name,
    peer: peer.name,
    goal,
    measure: async () => ({ subject: await subject.count(), peer: await peer.count(), unit }),
  }
}

/** Judges what was measured. */
export function judge(bench: string, comparison: Comparison, measured: Measured): Row {
  const { subject, peer, goal } = comparison
  const ratio = Number((measured.peer / measured.subject).toPrecision(4))
  if (!Number.isFinite(ratio)) throw new Error(`${comparison.case}: nothing was measured.`)
  return { bench, case: comparison.case, subject, peer, ratio, goal, met: goal === null ? null : ratio >= goal }
}
