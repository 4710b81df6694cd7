import { dueVerb } from '../core/request/due.ts'
import type { TimedVerb } from '../core/request/status.ts'
import { hasCode } from '../errors.ts'
import { inTime } from '../ports/in-time.ts'
import type { Notifier } from '../ports/notifier.ts'
import type { Position } from '../ports/storage.ts'
import { delayOf, onTheWayCommand } from './carry-out.ts'
import { clockMoveCommand } from './clock-move.ts'
import type { Context } from './context.ts'
import { execute } from './execute.ts'
import { keyOf, type OutboxRecord, page, put, type RequestRecord, read, type Stored } from './records.ts'
import { stateCounts } from './refusals.ts'
import { requestCommand } from './request-command.ts'
import { returnWaiting } from './return-waiting.ts'
import { sealDue } from './seal.ts'
import { switchFacts } from './workflow.ts'

/** What a `tick` did. */
export interface TickReport {
  /** How many requests were recorded as expired. */
  readonly expired: number
  /** How many requests whose time had come were applied, or could not be and say why. */
  readonly applied: number
  /** How many requests were made drafts again, since the workflow was switched off. */
  readonly returned: number
  /** How many changes on their way to resources outside of the database were sent anew, since nobody had said in time what became of them. */
  readonly reclaimed: number
  /** How many resources the clock moved on in their life cycle. */
  readonly moved: number
  /** How many requests were escalated, since nobody answered enough. */
  readonly escalated: number
  /** How many requests people were reminded of. */
  readonly reminded: number
  /** How many notices were delivered by all notifiers. */
  readonly delivered: number
  /** How many checkpoints were made of what happened. */
  readonly sealed: number
  /** What could not be done this time. It is tried again later, and stands in nobody else's way. */
  readonly failed: readonly TickFailure[]
}

/** Something due that could not be done. */
export interface TickFailure {
  readonly tenant: string
  /** The request, the resource, the notice, or `checkpoint`. */
  readonly id: string
  readonly error: unknown
}

const atOnce = 100
const mostPages = 10
/** So many systems outside of the database are asked at the same time: one that does not answer holds up nobody else. */
const mostOnTheWay = 8
const deliveryTimeout = 60_000
const longestPause = 60 * 60_000

/**
 * Does what is due across all tenants: records expiries, applies what was scheduled, escalates, reminds, ends states whose time has come, delivers
 * notices, seals the log. At most 100 of each a call, and what cannot be done does not count.
 */
export async function tick(context: Context): Promise<TickReport> {
  const failed: TickFailure[] = []
  const done = await moveDue(context, failed)
  const returned = await returnDue(context, failed)
  const moved = await endStates(context, failed)
  await forgetAnswers(context)
  const delivered = await deliverDue(context, failed)
  await stateCounts(context, failed)
  const sealed = await sealDue(context, failed)
  return { ...done, returned, moved, delivered, sealed, failed }
}

/** What a verb of the clock counts as in a report. */
const counts = {
  expire: 'expired',
  come_due: 'applied',
  escalate: 'escalated',
  remind: 'reminded',
  reclaim: 'reclaimed',
  resume: 'applied',
} as const satisfies Readonly<Record<TimedVerb, keyof TickReport>>

/** Refusals that only say that somebody else was there first. */
const harmless = ['not_open', 'not_due', 'locked', 'workflow_off', 'switched_off'] as const

/** Does what is due, page after page, until enough is done: what cannot be done stands in nobody's way. */
async function moveDue(context: Context, failed: TickFailure[]) {
  const done = { expired: 0, applied: 0, escalated: 0, reminded: 0, reclaimed: 0 }
  const onTheWay = new Set<Promise<void>>()
  const move = async ({ tenant, id }: RequestRecord, type: TimedVerb) => {
    try {
      const actor = clockOf(tenant)
      const command =
        type === 'reclaim'
          ? onTheWayCommand(context, actor, id, { type })
          : requestCommand(context, actor, id, { type })
      const delay = delayOf(await execute(context, command))
      done[counts[type]]++
      if (delay) failed.push({ tenant, id, error: delay })
    } catch (error) {
      if (!harmless.some((code) => hasCode(error, code))) failed.push({ tenant, id, error })
    }
  }
  for await (const { value } of dueRecords(context, 'requests')) {
    const type = await dueNow(context, value)
    if (!type) continue
    const moving = move(value, type).finally(() => onTheWay.delete(moving))
    if (type === 'reclaim') onTheWay.add(moving)
    else await moving
    if (onTheWay.size >= mostOnTheWay) await Promise.race(onTheWay)
    const most = Object.values(done).reduce((sum, count) => sum + count, onTheWay.size)
    if (most >= atOnce) break
  }
  await Promise.all(onTheWay)
  return done
}

/** What is to be done with a request by its own clock, which stands still while the workflow is off. */
async function dueNow(context: Context, request: RequestRecord): Promise<TimedVerb | undefined> {
  const now = context.now()
  if (dueVerb(request, now) === undefined) return undefined
  const { settings } = await read(context.storage, { settings: keyOf('policySets', request.tenant) })
  return dueVerb(request, now, switchFacts(context, settings?.value, request).holds)
}

/** Makes drafts of what waited when the workflow was switched off, where whoever did that did not come to the end of it. */
async function returnDue(context: Context, failed: TickFailure[]): Promise<number> {
  let returned = 0
  for await (const { value } of dueRecords(context, 'returns')) {
    returned += await returnWaiting(context, value, { most: atOnce - returned, failed })
    if (returned >= atOnce) break
  }
  return returned
}

/** Ends states whose time has come. One that another request keeps everybody off waits until that ends. */
async function endStates(context: Context, failed: TickFailure[]): Promise<number> {
  let moved = 0
  for await (const { value } of dueRecords(context, 'resources')) {
    const { tenant, id } = value
    try {
      await execute(context, clockMoveCommand(context, clockOf(tenant), value))
      moved++
    } catch (error) {
      if (!hasCode(error, 'unknown_resource') && !hasCode(error, 'locked')) failed.push({ tenant, id, error })
    }
    if (moved >= atOnce) break
  }
  return moved
}

/** Time, as somebody who acts. */
const clockOf = (tenant: string) => ({ tenant, user: 'countersign', via: 'tick' })

/** Forgets the answers to commands that nobody will repeat any more. */
async function forgetAnswers(context: Context): Promise<void> {
  const { records } = await page(context.storage, due(context, 'answers'))
  for (const { version, value } of records) {
    const key = [value.tenant, value.actor, value.key]
    try {
      await context.storage.commit([{ type: 'remove', collection: 'answers', key, expected: version }])
    } catch (error) {
      if (!hasCode(error, 'version_conflict')) throw error
    }
  }
}

async function deliverDue(context: Context, failed: TickFailure[]): Promise<number> {
  let delivered = 0
  for await (const record of dueRecords(context, 'outbox')) {
    const { tenant, id } = record.value
    try {
      if (await deliver(context, record, failed)) delivered++
    } catch (error) {
      if (!hasCode(error, 'version_conflict')) failed.push({ tenant, id, error })
    }
    if (delivered >= atOnce) break
  }
  return delivered
}

/** Claims a notice so that another process leaves it alone meanwhile, hands it to whoever has not had it, and removes it once all have. */
async function deliver(context: Context, record: Stored<OutboxRecord>, failed: TickFailure[]): Promise<boolean> {
  const { storage, notifiers, now } = context
  const { value } = record
  const claimed = { ...value, attempts: value.attempts + 1, dueAt: now() + deliveryTimeout }
  await storage.commit([put('outbox', claimed, record)])

  const pending: string[] = []
  for (const name of value.pending) {
    const notifier = notifiers.find((candidate) => candidate.name === name)
    const error = await deliveryError(notifier, name, value)
    if (error === undefined) continue
    pending.push(name)
    failed.push({ tenant: value.tenant, id: value.id, error })
  }
  const expected = record.version + 1
  if (pending.length === 0) {
    await storage.commit([{ type: 'remove', collection: 'outbox', key: [value.tenant, value.id], expected }])
    return true
  }
  const pause = Math.min(1_000 * 2 ** claimed.attempts, longestPause)
  await storage.commit([put('outbox', { ...claimed, pending, dueAt: now() + pause }, { version: expected })])
  return false
}

async function deliveryError(notifier: Notifier | undefined, name: string, { notice }: OutboxRecord): Promise<unknown> {
  if (!notifier) return new TypeError(`No notifier is called "${name}": pass it to createApprovals({ notifiers }).`)
  try {
    await inTime(notifier.deliver(notice), deliveryTimeout)
    return undefined
  } catch (error) {
    return error ?? new TypeError(`The notifier "${name}" threw nothing.`)
  }
}

/** Reads what is due by now, the oldest first, at most 1,000 records. */
async function* dueRecords<const C extends 'requests' | 'resources' | 'returns' | 'outbox'>(
  context: Context,
  collection: C,
) {
  let after: Position | undefined
  const query = due(context, collection)
  for (let pages = 0; pages < mostPages; pages++) {
    const { records, next } = await page(context.storage, { ...query, ...(after ? { after } : {}) })
    yield* records
    if (!next) return
    after = next
  }
}

function due<const C extends 'requests' | 'resources' | 'returns' | 'outbox' | 'answers'>(
  { now }: Context,
  collection: C,
) {
  return { collection, index: 'byDue', where: [], range: { to: now() }, order: 'ascending', limit: atOnce } as const
}
