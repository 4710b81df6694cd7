import { defined } from '../../core/defined.ts'
import { statusAt } from '../../core/request/model/deadline.ts'
import type { Request } from '../../core/request/model/request.ts'
import { isOpen, type RequestStatus, statuses } from '../../core/request/model/status-table.ts'
import { type Collection, collections } from '../../ports/collections.ts'
import type { Context } from '../context/context.ts'
import { asSwitched, isReturning } from '../context/workflow-switch.ts'
import type { Reader } from '../people/reading-rights.ts'
import { page } from '../records/typed-storage.ts'
import { latestTime } from '../values/latest-time.ts'
import { batches, mostLooked } from './list-requests.ts'
import type { Settings } from './listed-requests.ts'
import { readerWithSettings } from './reader-with-settings.ts'
import {
  type CheckedCriteria,
  checkCriteria,
  checkFilterKeys,
  type RequestCount,
  type RequestCriteria,
} from './request-filter.ts'
import { type RequestScope, readableScopes } from './request-scopes.ts'

/** How many requests of one state an index counts. */
const mostCounted = 100_000

/** How many are read at once. */
const portion = 1_000

/** Counts the requests that a list of these criteria would hold for the reader. */
export async function countRequests(given: Context, reader: Reader, filter: RequestCriteria): Promise<RequestCount> {
  checkFilterKeys(filter, [])
  const criteria = checkCriteria(given, filter)
  const { context, rights, set } = await readerWithSettings(given, reader)
  const scopes = await readableScopes(rights, reader.tenant, criteria)
  const [byIndex, oneByOne] = [scopes.filter(isCountable), scopes.filter((scope) => !isCountable(scope))]
  const isByIndex = criteria.action === undefined
  const unsure = isByIndex ? await statesInDoubt(context, reader, { criteria, set }) : []
  const wanted = criteria.wanted.filter((status) => !unsure.includes(status))
  const known = { scopes: byIndex, criteria, wanted, set }
  const counted: RequestCount = isByIndex ? await countByIndex(context, reader, known) : { count: 0 }
  let { count } = counted
  const looks = [
    { scopes: isByIndex ? oneByOne : scopes },
    ...(unsure.length > 0 ? [{ scopes: byIndex, stored: unsure }] : []),
  ]
  for (const look of looks) {
    const more = { reader, criteria, set, limit: portion - 1, start: undefined }
    for await (const { shown, end } of batches(context, rights, { ...more, ...look })) {
      count += shown.length
      if (end) return { count, more: true }
    }
  }
  return { ...counted, count }
}

/**
 * The states that say too little of what is stored in them, since the workflow was switched off and not everything is
 * recorded as a draft yet: if it matters whether something is open or a draft, these are looked through.
 */
async function statesInDoubt(
  context: Context,
  { tenant }: Reader,
  { criteria: { wanted }, set }: Pick<Counted, 'criteria' | 'set'>,
): Promise<readonly RequestStatus[]> {
  const open = statuses.filter(isOpen)
  if (open.every((status) => wanted.includes(status) === wanted.includes('draft'))) return []
  return (await isReturning(context, tenant, set?.value)) ? ['draft', ...open] : []
}

function isCountable({ judged }: RequestScope): boolean {
  return judged !== 'all'
}

const none: RequestCount = { count: 0 }

interface Counted {
  readonly scopes: readonly RequestScope[]
  readonly criteria: CheckedCriteria
  /** The states among those that are wanted which an index counts rightly. */
  readonly wanted: readonly RequestStatus[]
  readonly set: Settings
}

/** Counts by indexes alone, and then takes what has expired and is not recorded for what it is. */
async function countByIndex(context: Context, reader: Reader, known: Counted): Promise<RequestCount> {
  const { scopes, wanted } = known
  const counts = scopes.flatMap(({ collection, index, where, only, range }) => {
    const limit = only ? mostLooked : mostCounted
    return wanted.map(async (status) => {
      const query = { collection, index, where: [...where, status], ...defined({ only, range }), limit }
      const { count, looked } = await context.storage.count(query)
      return { count, isMore: looked === limit }
    })
  })
  const [found, expired] = await Promise.all([
    Promise.all(counts),
    isSure(known) ? expiredUnnoticed(context, reader, known) : none,
  ])
  const count = found.reduce((sum, one) => sum + one.count, expired.count)
  return { count, ...(expired.more || found.some(({ isMore }) => isMore) ? { more: true } : {}) }
}

/** Tells whether no state is in doubt. What is looked through is taken for what it is by now, expired or not. */
function isSure({ criteria, wanted }: Counted): boolean {
  return wanted.length === criteria.wanted.length
}

/**
 * How many more requests there are than indexes say, since time has ended them and nobody has recorded it yet: more of
 * those that have expired, and fewer of those that are open.
 */
async function expiredUnnoticed(
  context: Context,
  { tenant }: Reader,
  { scopes, criteria, wanted, set }: Counted,
): Promise<RequestCount> {
  const changing = statuses.filter((status) => isOpen(status) && wanted.includes(status) !== wanted.includes('expired'))
  if (changing.length === 0 || scopes.length === 0) return { count: 0 }
  const now = context.now()
  const due = { collection: 'requests', index: 'byTenantDue', where: [tenant], order: 'ascending' } as const
  let [count, after] = [0, undefined as readonly (string | number)[] | undefined]
  for (let looked = 0; looked < mostLooked; looked += portion) {
    const { records, next } = await page(context.storage, {
      ...due,
      range: { to: now },
      limit: portion,
      ...defined({ after }),
    })
    for (const { value } of records) {
      if (!changing.includes(value.status) || !scopes.some((scope) => isIn(scope, value, criteria))) continue
      const { request, holds } = asSwitched(context, set?.value, { request: value, at: now })
      if (statusAt(request, { at: now, holds }) === 'expired') count += wanted.includes('expired') ? 1 : -1
    }
    if (!next) return { count }
    after = next
  }
  return { count, more: true }
}

/** Tells whether a request is in a part of an index, whatever its state. */
function isIn(
  { collection, index, where, only = {} }: RequestScope,
  request: Request,
  { by, from = 0, to = latestTime }: CheckedCriteria,
): boolean {
  const { project = '', requester, resources, createdAt, updatedAt } = request
  const [, first, second] = where
  const time = by === 'updated' ? updatedAt : createdAt
  if (time < from || time > to) return false
  const isKept = index.startsWith('byProject') || 'project' in only
  if (request.projects && isKept) return false
  const columns: Readonly<Record<string, string>> = { project, requester }
  if (Object.entries(only).some(([name, value]) => columns[name] !== value)) return false
  if (collection === 'targets') {
    return resources.some(({ type, id }) => type === first && (second === undefined || id === second))
  }
  const name = (collections.requests as Collection).indexes[index]?.columns[1]?.name ?? ''
  return columns[name] === undefined || columns[name] === first
}
