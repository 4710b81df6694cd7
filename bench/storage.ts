import { randomUUID } from 'node:crypto'
import { budgeted, type Comparison, pressed, timed } from './harness.ts'
import { byHand, following, type Step } from './storage-by-hand.ts'
import { crowd } from './storage-crowd.ts'
import { type BenchDatabase, connections, mariadb, pglite, postgres, sqlite } from './storage-databases.ts'
import { type Office, office, type Pending, rehearsal, type Trace } from './storage-office.ts'

/** How well a database has to do; null where it is only stated. */
interface Goals {
  readonly review: number | null
  readonly flow: number | null
  /** Of callers who all want the same request. */
  readonly hot: number | null
  /** For the 99th percentiles of reviews. */
  readonly tail: number | null
}

const stated: Goals = { review: null, flow: null, hot: null, tail: null }

/** Compares commands on real databases with the same rows written by hand, and with themselves where more is stored. */
export async function comparisons(): Promise<readonly Comparison[]> {
  const [server, mysql] = [await postgres(), await mariadb()]
  return [
    ...(await beside(sqlite(), { review: 0.7, flow: 0.75, hot: null, tail: 0.5 })),
    ...(server ? await beside(server, { review: 1, flow: 0.9, hot: 1, tail: 0.5 }) : []),
    ...(await beside(await pglite(), stated)),
    ...(mysql ? await beside(mysql, stated) : []),
    ...(await scaled(sqlite)),
    ...(server ? await scaled(postgres) : []),
    ...(await longCommits(sqlite)),
    ...(server ? await longCommits(postgres) : []),
    ...(mysql ? await longCommits(mariadb) : []),
  ]
}

/** Compares with what a developer would write by hand on the same database. */
async function beside(database: BenchDatabase, goals: Goals): Promise<readonly Comparison[]> {
  const { name } = database
  const subject = await office(database.open())
  const other = await office(database.open())
  const hand = await handOn(database)
  const { floor } = database
  return closing(database, [
    ...reviews(`one review, ${name}`, { subject, hand, workers: 1, goals }),
    ...reviews(`${connections} callers, each on a request, ${name}`, { subject, hand, workers: connections, goals }),
    ...onOneRequest(`${connections} callers on one request, ${name}`, { offices: [subject], hand, goals }),
    ...(goals.hot === null
      ? []
      : onOneRequest(`the same, half of them elsewhere, ${name}`, { offices: [subject, other], hand, goals: stated })),
    ...pressed({
      case: `submit, two approvals, applied, ${name}`,
      workers: 1,
      subject: { name: 'countersign', run: subject.seeThrough, valid: (status) => status === 'applied' },
      peer: hand.seenThrough,
      goal: goals.flow,
      tail: null,
    }),
    ...(floor
      ? pressed({
          case: `one review, ${name}, the floor`,
          workers: 1,
          subject: approving(subject),
          peer: {
            name: name === 'SQLite' ? 'append and fdatasync' : 'one read, one write',
            prepare: hand.bytesOfReview,
            run: floor,
          },
          goal: null,
          tail: null,
        })
      : []),
  ])
}

function reviews(
  name: string,
  {
    subject,
    hand,
    workers,
    goals,
  }: { readonly subject: Office; readonly hand: Hand; readonly workers: number; readonly goals: Goals },
): readonly Comparison[] {
  return pressed({
    case: name,
    workers,
    subject: approving(subject),
    peer: hand.review,
    goal: goals.review,
    tail: goals.tail,
  })
}

function approving({ submit, approve }: Office) {
  return { name: 'approve', prepare: submit, run: approve, valid: (status: string) => status === 'pending' }
}

/** Many callers comment on one request. */
function onOneRequest(
  name: string,
  { offices, hand, goals }: { readonly offices: readonly Office[]; readonly hand: Hand; readonly goals: Goals },
): readonly Comparison[] {
  let request: Promise<Pending> | undefined
  let calls = 0
  return pressed({
    case: name,
    workers: connections,
    subject: {
      name: 'comment',
      prepare: () => {
        request ??= offices[0]?.submit()
        return request as Promise<Pending>
      },
      run: (pending: Pending) => offices[calls++ % offices.length]?.comment(pending),
      valid: (status) => status === 'pending',
    },
    peer: hand.comment,
    goal: goals.hot,
    tail: goals.hot,
  })
}

type Hand = Awaited<ReturnType<typeof handOn>>

/** What a developer would write by hand for the same commands, of the same rows. */
async function handOn({ dialect, transaction }: BenchDatabase) {
  const acting = await rehearsal()
  const name = 'by hand'
  const seed = async ({ writes }: Trace) => await transaction(byHand({ reads: [], writes }, dialect))
  const only = (traces: readonly Trace[]): Trace => {
    const [trace] = traces
    if (!trace || traces.length > 1) throw new TypeError('One command makes one commit.')
    return trace
  }
  const submitted = async (): Promise<Pending> => {
    const { answer, traces } = await acting.traced(acting.submit)
    await seed(only(traces))
    return answer
  }
  const rehearsed = async (act: (pending: Pending) => Promise<unknown>): Promise<Trace> => {
    const pending = await submitted()
    return only((await acting.traced(() => act(pending))).traces)
  }
  let onOne: Promise<readonly Step[]> | undefined
  /** A comment that follows on whatever was said before: its number and the hash before it are not known earlier. */
  const commentOnOne = async (): Promise<readonly Step[]> => {
    const trace = await rehearsed(acting.comment)
    const event = trace.writes.flatMap((write) => (write.type === 'insert' ? [write.value] : []))[0]
    const { seq, prev } = event as unknown as { readonly seq: number; readonly prev: string }
    const numbered = following(byHand(trace, dialect), seq, (version) => version + 1)
    return following(numbered, prev, () => `sha256:${randomUUID().replaceAll('-', '').repeat(2)}`)
  }
  return {
    review: {
      name,
      prepare: async () => byHand(await rehearsed(acting.approve), dialect),
      run: transaction,
    },
    comment: {
      name,
      prepare: () => {
        onOne ??= commentOnOne()
        return onOne
      },
      run: transaction,
    },
    seenThrough: {
      name,
      prepare: async () =>
        (await acting.traced(acting.seeThrough)).traces.map((trace: Trace) => byHand(trace, dialect)),
      async run(commands: readonly (readonly Step[])[]) {
        for (const steps of commands) await transaction(steps)
      },
    },
    /** Everything that a review writes, as text. */
    bytesOfReview: async () =>
      JSON.stringify((await rehearsed(acting.approve)).writes.map((write) => ('value' in write ? write.value : null))),
  }
}

/** Compares commands with themselves where more is stored, or more has happened. */
async function scaled(make: () => BenchDatabase | Promise<BenchDatabase | undefined>): Promise<readonly Comparison[]> {
  const databases: BenchDatabase[] = []
  const stored = async (count: number): Promise<Office> => {
    const database = await make()
    if (!database) throw new TypeError('The database has gone.')
    databases.push(database)
    const acting = await office(database.open())
    await crowd(database, await acting.submit(), count)
    return acting
  }
  const [few, some, many] = [await stored(10), await stored(1_000), await stored(100_000)]
  const name = databases[0]?.name
  const flat = 1 / 1.3
  const crowded = (count: string, subject: Office) =>
    pressed({
      case: `one review, ${count} stored, ${name}`,
      workers: 1,
      subject: approving(subject),
      peer: { ...approving(few), name: 'with 10 stored' },
      goal: flat,
      tail: null,
    }).slice(0, 1)
  const told = async (events: number): Promise<Pending> => {
    const request = await few.submit()
    for (let event = 1; event < events; event++) await few.comment(request)
    return request
  }
  const backAndForth = async (request: Pending) => {
    await few.approve(request)
    return await few.withdraw(request)
  }
  const old = await told(1_000)
  const history = pressed({
    case: `approve and withdraw, 1,000 events, ${name}`,
    workers: 1,
    subject: { name: 'countersign', prepare: () => old, run: backAndForth, valid: (status) => status === 'pending' },
    peer: { name: 'with 10 events', prepare: () => told(10), run: backAndForth },
    goal: flat,
    tail: null,
  }).slice(0, 1)
  await many.submitPrices(10)
  const waiting = budgeted({
    case: `what waits for one person, 10 of 100,000 stored, ${name}`,
    subject: { name: 'requests.waiting', run: many.waiting },
    milliseconds: 5,
    valid: (count) => count === 10,
  })
  return closing(databases, [...crowded('1,000', some), ...crowded('100,000', many), ...history, waiting])
}

/** Compares one long commit with two of half its length. */
async function longCommits(
  make: () => BenchDatabase | Promise<BenchDatabase | undefined>,
): Promise<readonly Comparison[]> {
  const database = await make()
  if (!database) throw new TypeError('The database has gone.')
  const storage = database.open()
  let commits = 0
  const commit = async (count: number) => {
    const tenant = `long-${commits++}`
    const value = (at: number) => ({ tenant, request: `request-${at}`, edition: 1, changes: [] })
    const writes = Array.from({ length: count }, (_, at) => ({
      type: 'insert' as const,
      collection: 'contents' as const,
      value: value(at),
    }))
    await storage.commit(writes)
    return count
  }
  const long = timed({
    case: `one commit of 8,000 writes, ${database.name}`,
    subject: { name: 'one of 8,000', run: () => commit(8_000) },
    peer: { name: 'two of 4,000', run: async () => (await commit(4_000)) + (await commit(4_000)) },
    same: (one, two) => one === two,
    goal: 1 / 1.25,
  })
  return closing(database, [long])
}

/** Closes databases when the last comparison on them has been made. */
function closing(
  databases: BenchDatabase | readonly BenchDatabase[],
  all: readonly Comparison[],
): readonly Comparison[] {
  const last = all.at(-1)
  if (!last) return all
  const measure = async () => {
    const measured = await last.measure()
    for (const database of [databases].flat()) await database.close()
    return measured
  }
  return [...all.slice(0, -1), { ...last, measure }]
}
