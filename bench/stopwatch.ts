/** One of the two sides of a comparison. `prepare` makes a fresh input for each call of `run`, outside the measured time. */
export interface Contender<Input, Output> {
  readonly name: string
  readonly prepare?: () => Input | Promise<Input>
  readonly run: (input: Input) => Output | Promise<Output>
}

/** Runs a contender so many times and answers the milliseconds of one call. */
export type Stopwatch = (calls: number) => Promise<number>

/** A contender whose code is compiled, with what it computed and the number of calls that fill a round. */
export interface Warm<Output> {
  readonly stopwatch: Stopwatch
  readonly calls: number
  readonly output: Output
}

const WARM_UP_MS = 300
const ROUND_MS = 40
const SLOW_TURN_MS = 500
const LARGEST_BATCH = 256
const ROUNDS = 11
const ROUNDS_OF_SLOW_ONES = 7

/** Keeps the last result alive, so that no compiler can leave out the work. */
export const sink: { output: unknown } = { output: undefined }

/** Runs a contender until it is warm. */
export async function warmUp<Input, Output>(contender: Contender<Input, Output>): Promise<Warm<Output>> {
  const first = contender.run(await inputOf(contender))
  const stopwatch = first instanceof Promise ? asynchronous(contender) : synchronous(contender)
  let calls = 1
  let perCall = 0
  for (let spent = 0; spent < WARM_UP_MS; spent += perCall * calls) {
    if (spent > 0 && perCall * calls < WARM_UP_MS / 8) calls *= 2
    perCall = await stopwatch(calls)
  }
  return { stopwatch, calls: Math.max(1, Math.ceil(ROUND_MS / perCall)), output: await first }
}

/** Measures two warm contenders by turns, and answers the median milliseconds of one call of each. */
export async function byTurns(a: Warm<unknown>, b: Warm<unknown>): Promise<readonly [number, number]> {
  const times: readonly [number[], number[]] = [[], []]
  const turns = [
    async () => times[0].push(await a.stopwatch(a.calls)),
    async () => times[1].push(await b.stopwatch(b.calls)),
  ]
  let rounds = ROUNDS
  for (let round = 0; round < rounds; round++) {
    for (const turn of turns) {
      globalThis.gc?.()
      const started = performance.now()
      await turn()
      if (performance.now() - started > SLOW_TURN_MS) rounds = ROUNDS_OF_SLOW_ONES
    }
    turns.reverse()
  }
  return [median(times[0]), median(times[1])]
}

/** How long the calls of several workers took. */
export interface Rush {
  /** Milliseconds of all calls together, for each call. */
  readonly perCall: number
  /** Milliseconds for which this process kept processors busy, with all of its threads, for each call. */
  readonly processorPerCall: number
  /** Milliseconds of each call by itself. */
  readonly latencies: readonly number[]
}

/** Has so many workers make calls at once, each of them one after the other, until all inputs are used. */
export async function rush<Input>(
  { prepare, run }: Contender<Input, unknown>,
  { workers, calls }: { readonly workers: number; readonly calls: number },
): Promise<Rush> {
  const inputs = await inputsOf({ name: '', run, ...(prepare ? { prepare } : {}) }, calls)
  const latencies: number[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < calls) {
      const input = inputs[next++] as Input
      const begun = performance.now()
      sink.output = await run(input)
      latencies.push(performance.now() - begun)
    }
  }
  globalThis.gc?.()
  const busy = process.cpuUsage()
  const begun = performance.now()
  await Promise.all(Array.from({ length: workers }, work))
  const perCall = (performance.now() - begun) / calls
  const { user, system } = process.cpuUsage(busy)
  return { perCall, processorPerCall: (user + system) / 1_000 / calls, latencies }
}

/** The time that this share of the calls stays below. */
export function percentile(latencies: readonly number[], share: number): number {
  const sorted = latencies.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function synchronous<Input>(contender: Contender<Input, unknown>): Stopwatch {
  return inBatches(contender, async (inputs, calls) => {
    const started = performance.now()
    for (let call = 0; call < calls; call++) sink.output = contender.run(inputs[call] as Input)
    return performance.now() - started
  })
}

function asynchronous<Input>(contender: Contender<Input, unknown>): Stopwatch {
  return inBatches(contender, async (inputs, calls) => {
    const started = performance.now()
    for (let call = 0; call < calls; call++) sink.output = await contender.run(inputs[call] as Input)
    return performance.now() - started
  })
}

function inBatches<Input>(
  contender: Contender<Input, unknown>,
  time: (inputs: readonly Input[], calls: number) => Promise<number>,
): Stopwatch {
  const limit = contender.prepare === undefined ? Number.POSITIVE_INFINITY : LARGEST_BATCH
  return async (calls) => {
    let spent = 0
    for (let left = calls; left > 0; left -= limit) {
      const batch = Math.min(left, limit)
      spent += await time(await inputsOf(contender, batch), batch)
    }
    return spent / calls
  }
}

async function inputsOf<Input>(contender: Contender<Input, unknown>, calls: number): Promise<readonly Input[]> {
  const inputs: Input[] = []
  if (contender.prepare === undefined) return inputs
  for (let call = 0; call < calls; call++) inputs.push(await contender.prepare())
  return inputs
}

async function inputOf<Input>(contender: Contender<Input, unknown>): Promise<Input> {
  const [input] = await inputsOf(contender, 1)
  return input as Input
}

/** The middle of several times. */
export function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const around = sorted.slice(Math.ceil(middle - 1), Math.floor(middle) + 1)
  return around.reduce((sum, time) => sum + time, 0) / around.length
}
