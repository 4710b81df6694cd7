import { isDeepStrictEqual } from 'node:util'
import { postgresStorage } from 'countersign/storage/postgres'
import { sqliteStorage } from 'countersign/storage/sqlite'
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import { applicationTables, documentOf, type FlowSide, flagNames } from './flow-application.ts'
import { countersignSide } from './flow-countersign.ts'
import { dbosSide } from './flow-dbos.ts'
import { drizzlePostgresSide } from './flow-drizzle-postgres.ts'
import { drizzleSqliteSide } from './flow-drizzle-sqlite.ts'
import { type KyselyTables, kyselySide, onPostgres, onSqlite } from './flow-kysely.ts'
import { type FlowFile, type FlowPlace, flowFile, flowPlace, serverUrl } from './flow-places.ts'
import { prismaSide } from './flow-prisma.ts'
import { type Comparison, pressed } from './harness.ts'

/** A peer on a database: how both sides are opened, and what is wanted of the subject. */
interface FlowPair {
  readonly place: string
  readonly peer: string
  readonly openSubject: () => Promise<FlowSide>
  readonly openPeer: () => Promise<FlowSide>
  /** With one caller and with sixteen. */
  readonly goals: readonly [number, number]
  /** What the processor time has to reach, where it is looked at. */
  readonly processor?: number
}

const processor = 1 / 1.6

/** Compares a change from its submission to its application with what people would write instead. */
export async function comparisons(): Promise<readonly Comparison[]> {
  const pairs = [...onFile(), ...((await isServerThere()) ? [...onServer(), ...onSlowWire()] : [])]
  return pairs.flatMap(comparisonsOf)
}

function onFile(): readonly FlowPair[] {
  const place = 'SQLite FULL'
  const onTables = (open: (file: FlowFile) => FlowSide) => () =>
    sideOn(flowFile(), (file) => {
      for (const statement of applicationTables('SQLite')) file.database.exec(statement)
      return open(file)
    })
  const openSubject = () => sideOn(flowFile(), ({ database, close }) => countersignSide(sqliteStorage(database), close))
  const kysely = onTables(({ database, close }) => {
    const dialect = new SqliteDialect({ database })
    return kyselySide(onSqlite(new Kysely<KyselyTables>({ dialect })), close)
  })
  const drizzle = onTables(({ database, close }) => drizzleSqliteSide(database, close))
  return [
    { place, openSubject, peer: 'Kysely', openPeer: kysely, goals: [0.7, 1], processor },
    { place, openSubject, peer: 'Drizzle', openPeer: drizzle, goals: [0.8, 1.1] },
  ]
}

/** Opens a side on a place, which is closed where that fails. */
async function sideOn<Place extends Pick<FlowSide, 'close'>>(
  place: Place,
  open: (place: Place) => FlowSide | Promise<FlowSide>,
): Promise<FlowSide> {
  try {
    return await open(place)
  } catch (error) {
    await place.close()
    throw error
  }
}

/** How sides are opened on the server, which is reached directly or over a slow wire. */
function sidesOn(reach: 'directly' | 'slowly') {
  const onTables = (open: (place: FlowPlace) => FlowSide | Promise<FlowSide>) => async () =>
    await sideOn(await flowPlace(reach), async (place) => {
      await place.pool.query(applicationTables('PostgreSQL').join(';'))
      return await open(place)
    })
  return {
    openSubject: async () =>
      await sideOn(await flowPlace(reach), ({ pool, close }) => countersignSide(postgresStorage(pool), close)),
    kysely: onTables(({ pool, close }) => {
      const dialect = new PostgresDialect({ pool })
      return kyselySide(onPostgres(new Kysely<KyselyTables>({ dialect })), close)
    }),
    drizzle: onTables(({ pool, close }) => drizzlePostgresSide(pool, close)),
    prisma: onTables((place) => prismaSide(place, place.close)),
    dbos: onTables(dbosSide),
  }
}

function onServer(): readonly FlowPair[] {
  const place = 'PostgreSQL'
  const { openSubject, kysely, drizzle, prisma, dbos } = sidesOn('directly')
  return [
    { place, openSubject, peer: 'Kysely', openPeer: kysely, goals: [0.9, 1.2], processor },
    { place, openSubject, peer: 'Drizzle', openPeer: drizzle, goals: [1.1, 1.4] },
    { place, openSubject, peer: 'Prisma', openPeer: prisma, goals: [2, 2] },
    { place, openSubject, peer: 'DBOS', openPeer: dbos, goals: [4, 4] },
  ]
}

function onSlowWire(): readonly FlowPair[] {
  const place = 'PostgreSQL, 1 ms each way'
  const { openSubject, kysely, drizzle } = sidesOn('slowly')
  return [
    { place, openSubject, peer: 'Kysely', openPeer: kysely, goals: [2.5, 2], processor },
    { place, openSubject, peer: 'Drizzle', openPeer: drizzle, goals: [2.5, 2] },
  ]
}

async function isServerThere(): Promise<boolean> {
  try {
    const { close } = await flowPlace('directly')
    await close()
    return true
  } catch (error) {
    console.warn(`PostgreSQL is left out: nobody answers at ${serverUrl()} (${String(error)}).`)
    return false
  }
}

/** The rows of a pair. Its sides are opened and tried by the first one, and closed after the last one or a failure. */
function comparisonsOf({ place, peer, openSubject, openPeer, goals, processor }: FlowPair): readonly Comparison[] {
  const sides: FlowSide[] = []
  let changes = 0
  const rollout = () => ++changes
  const open = async () => {
    for (const one of [openSubject, openPeer]) {
      const side = await one()
      sides.push(side)
      await tryOut(side)
    }
  }
  const close = async () => {
    const closed = await Promise.allSettled(sides.splice(0).map(async (side) => await side.close()))
    const failures = closed.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    if (failures.length > 0) throw new AggregateError(failures, 'A side was not closed.')
  }
  const rows = goals.flatMap((goal, at) => {
    const workers = at === 0 ? 1 : 16
    return pressed({
      ...{ case: `${place}, ${workers === 1 ? '1 caller' : `${workers} callers`}`, workers, goal, tail: null },
      ...(processor === undefined ? {} : { processor }),
      subject: { name: 'countersign', run: flowsOn(() => sides[0], rollout), valid: (status) => status === 'applied' },
      peer: { name: peer, run: flowsOn(() => sides[1], rollout) },
    })
  })
  return rows.map((row, at) => ({
    ...row,
    async measure() {
      try {
        if (at === 0) await open()
        const measured = await row.measure()
        if (at === rows.length - 1) await close()
        return measured
      } catch (error) {
        await close().catch((failure: unknown) => console.error(failure))
        throw error
      }
    },
  }))
}

/** Changes flags one after the other, and no flag twice at once. */
function flowsOn(opened: () => FlowSide | undefined, rollout: () => number): () => Promise<string> {
  const free = [...flagNames]
  return async () => {
    const [side, flag] = [opened(), free.shift()]
    if (!side || !flag) throw new TypeError('There is no side, or no flag that is free.')
    const request = await side.submit(flag, documentOf(rollout()))
    await side.approve('ben', request)
    const last = await side.approve('cara', request)
    const status = side.outcome ? await side.outcome(request) : last
    if (status !== 'applied') throw new TypeError(`A request is ${status}.`)
    free.push(flag)
    return status
  }
}

/** Fails unless a side refuses approvals that must not count, and applies what was approved twice. */
async function tryOut(side: FlowSide): Promise<void> {
  const [flag = ''] = flagNames
  const document = documentOf(-1)
  const request = await side.submit(flag, document)
  const { id } = request
  const approve = async (by: string, digest = request.digest) =>
    await side.approve(by, { id, digest }).catch((error: unknown) => String(error))
  const before = [await approve('ann'), await approve('ben', 'sha256:other'), await approve('nobody')]
  const first = [await approve('ben'), await approve('ben')]
  const last = await approve('cara')
  const outcome = side.outcome ? await side.outcome(request) : last
  const found = { ...(await side.stored(flag, id)), outcome }
  const wanted = { document, status: 'applied', reviewers: ['ben', 'cara'], outcome: 'applied' }
  if (!isDeepStrictEqual(found, wanted) || [...before, ...first].includes('applied')) {
    throw new Error(`A side does something else: ${JSON.stringify({ before, first, last, found })}`)
  }
}
