import { defined } from '../../core/defined.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import { landedState } from '../../core/request/model/revision.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import { hasCode } from '../../errors/approval-error.ts'
import type { Notice } from '../../ports/notifier.ts'
import type { Write } from '../../ports/storage.ts'
import { noticeWrites } from '../commands/outbox.ts'
import { pauseAfter } from '../commands/put-off.ts'
import type { Chore, ChoreOutcome } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import { movedOnto, rebasesByItself } from '../facts/apply-target.ts'
import { askedNow } from '../facts/effective-requirements.ts'
import { overBy } from '../facts/lock-holders.ts'
import { type ContentRead, readContent } from '../facts/read-content.ts'
import { knowingSettings } from '../people/departures.ts'
import type { MovedOn, OutboxRecord } from '../records/outbox-records.ts'
import type { PolicySetRecord, RequestRecord, ResourceRecord } from '../records/record-types.ts'
import { page, put, read, recordKey, type Stored, settingsState } from '../records/typed-storage.ts'
import { audienceOf } from '../requests/recipients.ts'

/** How many requests are looked at in one go. */
const pageSize = 20

type Moved = MovedOn['resources'][number]

/** The record that says what has moved on. */
export type MovedRecord = Stored<OutboxRecord & { readonly moved: MovedOn }>

/** Tells whether a record of the outbox says what has moved on, and is no notice itself. */
export function isMovedOn(record: Stored<OutboxRecord>): record is MovedRecord {
  return record.value.moved !== undefined
}

/**
 * Makes the chore that finds the requests which a move has made stale, and puts the notices of that into the outbox: a
 * page of them in one commit with how far it has come, so that each is there once.
 */
export function staleChore(context: Context, record: MovedRecord): Chore {
  const { tenant, id, attempts } = record.value
  return {
    name: `outbox\n${tenant}\n${id}`,
    tenant,
    id,
    lane: `stale\n${tenant}`,
    abreast: 1,
    needs: [{ name: `directory\n${tenant}` }],
    run: () => tellPage(context, record),
    later: () => {
      const dueAt = context.now() + pauseAfter(attempts + 1, 'failed')
      return [put('outbox', { ...record.value, attempts: attempts + 1, dueAt }, record)]
    },
  }
}

async function tellPage(given: Context, record: MovedRecord): Promise<ChoreOutcome> {
  const { storage } = given
  const { tenant, id, moved } = record.value
  const { resources, done = 0, after } = moved
  const here = resources[done]
  if (!here) {
    await storage.commit([{ type: 'remove', collection: 'outbox', key: [tenant, id], expected: record.version }])
    return {}
  }
  const { records, next } = await page(storage, {
    collection: 'targets',
    index: 'byOpen',
    where: [tenant, here.type, here.id],
    order: 'ascending',
    limit: pageSize,
    ...defined({ after }),
  })
  const { requests, set } = await read(storage, {
    requests: records.map(({ value }) => recordKey('requests', tenant, value.request)),
    set: recordKey('policySets', tenant),
  })
  const context = knowingSettings(given, set?.value)
  const notices: Write[] = []
  let stale = 0
  for (const request of requests) {
    if (!request) continue
    const told = await noticeOf(context, request.value, { record, set })
    notices.push(...told)
    if (told.length > 0) stale += 1
  }
  const value = { ...record.value, moved: { resources, ...(next ? { done, after: next } : { done: done + 1 }) } }
  await storage.commit([put('outbox', value, record), ...notices])
  return { done: { stale }, rest: staleChore(given, { version: record.version + 1, value }) }
}

interface Found {
  readonly record: MovedRecord
  readonly set: Stored<PolicySetRecord> | undefined
}

/** Writes the notice of a request that a move has made stale; nothing if it has not, or nobody is to be told. */
async function noticeOf(context: Context, request: RequestRecord, { record, set }: Found): Promise<readonly Write[]> {
  const settings = set?.value
  const { notice, moved } = record.value
  if (!isOpen(request.status) || overBy(context, request, settings) || isPlannedRevert(request)) return []
  const about = moved.resources.filter((one) => request.resources.some((its) => isSame(its, one)))
  const [first] = about
  // Of several resources that moved together, the first one tells of all.
  if (!first || first !== moved.resources[moved.done ?? 0]) return []
  if (!(await wentStale(context, request, { about, set }))) return []
  const told = await audienceOf(context, 'stale', { request, settings, at: context.now() })
  const to = told.filter((user) => user !== notice.by)
  const resources = about.map(({ type, id }) => ({ type, id }))
  const own: Notice = { ...notice, id: `${notice.id}/${request.id}`, to, request: request.id, resources }
  return noticeWrites(context, own)
}

function isSame(one: Pick<Moved, 'type' | 'id'>, other: Pick<Moved, 'type' | 'id'>): boolean {
  return one.type === other.type && one.id === other.id
}

/**
 * Tells whether a request cannot be applied as it is, and could before a move: it was made against what the move
 * replaced or, if what is stale is merged by itself, was merged with that and collides since.
 */
async function wentStale(
  context: Context,
  request: RequestRecord,
  { about, set }: { readonly about: readonly Moved[]; readonly set: Stored<PolicySetRecord> | undefined },
): Promise<boolean> {
  const { tenant } = request
  const { live } = await read(context.storage, {
    live: request.resources.map(({ type, id }) => recordKey('resources', tenant, type, id)),
  })
  const baseOf = (one: Moved) => request.resources.find((its) => isSame(its, one))?.base
  const isBehind = about.some((one) => {
    const index = request.resources.findIndex((its) => isSame(its, one))
    return (live[index]?.value.revision ?? 0) !== baseOf(one)
  })
  if (!isBehind) return false
  const isFirst = about.some((one) => baseOf(one) === one.revision - 1)
  if (!rebasesByItself(context, request, await askedNow(context, request, set?.value))) return isFirst
  const stored = await readContent(context, request)
  if (!stored || stored.lost) return isFirst
  const merging = async (resources: Live) => await merges(context, request, { stored, resources, set })
  try {
    if (await merging(live)) return false
    const [after, before] = await asMoved(context, request, { live, about })
    return !(after && (await merging(after))) && (!before || (await merging(before)))
  } catch (error) {
    // What the host's own code cannot say of one request keeps nobody else from being told of theirs.
    if (hasCode(error, 'storage_failed') || hasCode(error, 'directory_failed')) throw error
    return isFirst
  }
}

/** The resources as a move left them, and as they were before it; `undefined` for what is not kept. */
async function asMoved(
  context: Context,
  request: RequestRecord,
  moving: { readonly live: Live; readonly about: readonly Moved[] },
): Promise<readonly [Live | undefined, Live | undefined]> {
  return await Promise.all([
    asOf(context, request, { ...moving, back: 0 }),
    asOf(context, request, { ...moving, back: 1 }),
  ])
}

/** The resources with those that moved as they were so many revisions before the move was made. */
async function asOf(
  { storage }: Context,
  { tenant, resources }: RequestRecord,
  { live, about, back }: { readonly live: Live; readonly about: readonly Moved[]; readonly back: number },
): Promise<Live | undefined> {
  const { revisions } = await read(storage, {
    revisions: about.map(({ type, id, revision }) => recordKey('revisions', tenant, type, id, revision - back)),
  })
  if (revisions.some((one) => one?.value.notKept !== undefined)) return undefined
  return resources.map((resource, index) => {
    const at = about.findIndex((one) => isSame(one, resource))
    if (at < 0) return live[index]
    const revision = revisions[at]?.value
    const now = live[index]
    if (!revision || !now) return undefined
    const { project, number, incarnation, document, move } = revision
    const { state: _state, stateDueAt: _due, ...rest } = now.value
    const value = { ...rest, project, revision: number, incarnation, document, ...landedState(move) }
    return { ...now, value }
  })
}

type Live = readonly (Stored<ResourceRecord> | undefined)[]

/** Tells whether a request could be applied to resources as it is, or is moved onto them by itself. */
async function merges(
  context: Context,
  request: RequestRecord,
  {
    stored,
    resources,
    set,
  }: { readonly stored: ContentRead; readonly resources: Live; readonly set: Stored<PolicySetRecord> | undefined },
): Promise<boolean> {
  const isCurrent = request.resources.every(({ base }, index) => (resources[index]?.value.revision ?? 0) === base)
  if (isCurrent) return true
  const found = { resources, projects: [], holders: [], over: [], preconditions: [] }
  const landing = { request, read: found, rebases: true, settings: set?.value, setVersion: settingsState(set) }
  return (await movedOnto(context, stored, { ...landing, at: context.now() })) !== undefined
}
