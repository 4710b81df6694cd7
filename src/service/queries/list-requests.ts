import { defined } from '../../core/defined.ts'
import { asJson, type JsonValue } from '../../core/json/json.ts'
import { statusAt } from '../../core/request/model/deadline.ts'
import { isOpen, type RequestStatus, statuses } from '../../core/request/model/status-table.ts'
import { readAgain } from '../commands/read-again.ts'
import type { Context } from '../context/context.ts'
import { asSwitched, isReturning } from '../context/workflow-switch.ts'
import { mayReadWhereItIs } from '../facts/may-read.ts'
import type { Reader, ReadingRights } from '../people/reading-rights.ts'
import { checkLimit, type Listed } from '../records/page-cursor.ts'
import type { RequestRecord } from '../records/record-types.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { cursorAfter, cursorBeyond, listStart } from './list-cursor.ts'
import { type ListedRequest, listedRequests, type Settings, type Showable } from './listed-requests.ts'
import { readerWithSettings } from './reader-with-settings.ts'
import { type CheckedCriteria, checkCriteria, checkFilterKeys, type RequestCriteria } from './request-filter.ts'
import { type ListedRow, type ListPlace, newestOf, type RequestScope, readableScopes } from './request-scopes.ts'

/** Which requests to list. */
export interface RequestFilter extends RequestCriteria {
  /**
   * At most so many, 1 to 200.
   *
   * @defaultValue 50
   */
  readonly limit?: number | undefined
  /**
   * The `next` of the page before, of the same tenant and filter.
   *
   * @defaultValue none: the first page
   */
  readonly after?: string | undefined
}

/** A page of requests, the newest first. */
export interface RequestPage {
  readonly requests: readonly ListedRequest[]
  /** Where the next page begins; absent on the last one. */
  readonly next?: string
}

/** How many requests are looked at for one page, of which not all may be shown. */
export const mostLooked = 5_000
/** How many are looked at in one go at most, once nothing was found in fewer. */
const largestBatch = 1_000

/**
 * Lists the requests that somebody may read, the newest first. What they are asked about elsewhere is in their inbox.
 */
export async function listRequests(context: Context, reader: Reader, filter: RequestFilter): Promise<RequestPage> {
  checkFilterKeys(filter, ['limit', 'after'])
  const limit = checkLimit(filter.limit)
  const criteria = checkCriteria(context, filter)
  const made = asJson({ tenant: reader.tenant, ...criteria })
  const start = listStart(filter.after, made)
  return await readAgain(async () => await pageOf(context, { reader, criteria, limit, start }, made))
}

async function pageOf(given: Context, look: Omit<Look, 'scopes' | 'set'>, made: JsonValue): Promise<RequestPage> {
  const { reader, criteria, limit, start } = look
  const { context, rights, set } = await readerWithSettings(given, reader)
  const scopes = await readableScopes(rights, reader.tenant, criteria)
  const found: FoundBatch['shown'][number][] = []
  for await (const { shown, end, isLast } of batches(context, rights, { ...look, scopes, set })) {
    found.push(...shown)
    const last = found[limit - 1]
    const isFull = found.length > limit && last !== undefined
    if (!isFull && !isLast) continue
    const beyond = end && cursorBeyond(end, found.at(-1)?.place ?? start, made)
    const next = isFull ? cursorAfter(last.place, made) : beyond
    return { requests: await listedRequests(context, found.slice(0, limit), set), ...defined({ next }) }
  }
  return { requests: [] }
}

/** What is looked for, and where. */
export interface Look {
  readonly reader: Reader
  readonly scopes: readonly RequestScope[]
  readonly criteria: CheckedCriteria
  readonly set: Settings
  readonly limit: number
  readonly start: ListPlace | undefined
  /** The states to look for in the store. Left out: all in which something can be that is wanted. */
  readonly stored?: readonly RequestStatus[]
}

/** What was found in a batch. */
export interface FoundBatch {
  /** Whether the look ends with it. */
  readonly isLast: boolean
  /** Where a look that ends could go on; absent at the end of the list. */
  readonly end?: ListPlace
  readonly shown: readonly (Showable & { readonly place: ListPlace })[]
}

/** Looks for the requests that a reader may read, batch by batch, until so many were looked at. */
export async function* batches(
  context: Context,
  rights: ReadingRights,
  { reader, scopes, criteria, set, limit, start, stored }: Look,
): AsyncGenerator<FoundBatch> {
  if (scopes.length === 0) return
  const statuses = stored ?? (await storedAs(context, reader.tenant, { wanted: criteria.wanted, set }))
  let [from, size] = [start, limit + 1]
  for (let looked = 0; ; ) {
    const asked = { by: criteria.by, statuses, limit: size, from }
    const batch = await newestOf(context.storage, scopes, asked)
    const shown = await shownOf(context, rights, { reader, scopes, criteria, rows: batch.rows, set })
    looked += batch.looked
    // What is passed over altogether is passed over in fewer steps.
    if (shown.length === 0) size = Math.max(size, Math.min(size * 2, largestBatch))
    const { end } = batch
    const isLast = end === undefined || looked >= mostLooked
    yield { shown, isLast, ...(isLast ? defined({ end }) : {}) }
    if (isLast) return
    from = end
  }
}

/** Reads those among some rows that the reader may read, and that are what is looked for. */
async function shownOf(
  context: Context,
  rights: ReadingRights,
  {
    reader: { tenant },
    scopes,
    criteria,
    rows,
    set,
  }: Omit<Look, 'limit' | 'start'> & { readonly rows: readonly ListedRow[] },
): Promise<FoundBatch['shown']> {
  const missing = rows.filter(({ record }) => record === undefined)
  const { found } = await read(context.storage, {
    found: missing.map(({ id }) => recordKey('requests', tenant, id)),
  })
  const stored = new Map(found.flatMap((one) => (one ? [[one.value.id, one.value] as const] : [])))
  const requests = rows.flatMap(({ id, place, record = stored.get(id) }) =>
    record && isAmong(record, criteria) ? [{ place, request: record }] : [],
  )
  const isJudged = scopes.some(({ judged }) => judged !== 'nothing')
  const readable = await Promise.all(
    requests.map(({ request }) => !isJudged || mayReadWhereItIs(context, rights, request)),
  )
  const now = context.now()
  const shown = requests
    .filter((_, at) => readable[at])
    .map(({ place, request }) => {
      const known = asSwitched(context, set?.value, { request, at: now })
      const moment = { at: now, holds: known.holds }
      return { place, request: known.request, moment, status: statusAt(known.request, moment) }
    })
    .filter(({ status }) => criteria.wanted.includes(status))
  return criteria.action === undefined ? shown : await doing(context, criteria.action, shown)
}

/** Tells whether a request meets those criteria that the list of requests over several projects does not keep to. */
function isAmong(request: RequestRecord, { resource, type, project }: CheckedCriteria): boolean {
  if (!request.projects) return true
  const isAbout = request.resources.some((one) => {
    return (
      (type === undefined || one.type === type) && (!resource || (one.type === resource.type && one.id === resource.id))
    )
  })
  return isAbout && (project === undefined || request.projects.includes(project))
}

/** Keeps the requests that would do something. */
async function doing<S extends Showable>(
  { storage }: Context,
  action: string,
  shown: readonly S[],
): Promise<readonly S[]> {
  const { contents } = await read(storage, {
    contents: shown.map(({ request: { tenant, id, edition } }) => recordKey('contents', tenant, id, edition)),
  })
  return shown.filter((_, at) => contents[at]?.value.changes.some(({ actions }) => actions.includes(action)))
}

/**
 * The states to look for in the store: what has expired unnoticed is still stored as open, and so is what is a draft
 * since the workflow was switched off, as long as that is not recorded of everything.
 */
async function storedAs(
  context: Context,
  tenant: string,
  { wanted, set }: { readonly wanted: readonly RequestStatus[]; readonly set: Settings },
): Promise<readonly RequestStatus[]> {
  const open = statuses.filter(isOpen)
  const isElsewhere = open.some((status) => !wanted.includes(status))
  if (!isElsewhere) return wanted
  const isSent = async () => await isReturning(context, tenant, set?.value)
  const looksFor = wanted.includes('expired') || (wanted.includes('draft') && (await isSent()))
  return looksFor ? [...new Set([...wanted, ...open])] : wanted
}

/** Reads listed requests in one round trip, in their order. */
export async function requestsOf({ storage }: Context, listed: readonly Listed[]): Promise<readonly RequestRecord[]> {
  const { found } = await read(storage, { found: listed.map(({ tenant, id }) => recordKey('requests', tenant, id)) })
  return found.flatMap((request) => request?.value ?? [])
}
