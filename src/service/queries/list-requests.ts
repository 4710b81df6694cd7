import { defined } from '../../core/defined.ts'
import { isOpen, type RequestStatus, statuses } from '../../core/request/model/status-table.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Position } from '../../ports/storage.ts'
import { checkId, checkKeys, checkResource } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import { checkLimit, cursorAt, type Listed, positionOf } from '../records/page-cursor.ts'
import type { RequestRecord } from '../records/record-types.ts'
import { page, read, recordKey } from '../records/typed-storage.ts'
import { type RequestSummary, summaryOf } from '../requests/request-summary.ts'

/** Which requests to list. */
export interface RequestFilter {
  /**
   * Those about this resource. Not together with `project`.
   *
   * @defaultValue none: those of all resources
   */
  readonly resource?: { readonly type: string; readonly id: string } | undefined
  /**
   * Those of this project.
   *
   * @defaultValue none: those of all projects
   */
  readonly project?: string | undefined
  /**
   * Those in this state, or in one of these.
   *
   * @defaultValue none: those in any state
   */
  readonly status?: RequestStatus | readonly RequestStatus[] | undefined
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
  readonly requests: readonly RequestSummary[]
  /** Where the next page begins; absent on the last one. */
  readonly next?: string
}

/** Lists requests, the newest first. */
export async function listRequests(context: Context, tenant: string, filter: RequestFilter): Promise<RequestPage> {
  checkKeys('filter', filter, ['resource', 'project', 'status', 'limit', 'after'])
  const { after } = filter
  const limit = checkLimit(filter.limit)
  const scope = scopeOf(tenant, filter)
  const wanted = wantedStatuses(filter.status)
  const cursor = { tenant, scope: [...scope.where], wanted: [...wanted] }
  const from = after === undefined ? undefined : positionOf(after, cursor)

  const pages = await Promise.all(
    stored(wanted).map((status) => firstOf(context, scope, { status, limit: limit + 1, from })),
  )
  const newest = pages.flat().toSorted(newestFirst)
  const shown = newest.slice(0, limit)
  const last = shown.at(-1)
  const now = context.now()
  const [found, { set }] = await Promise.all([
    requestsOf(context, shown),
    read(context.storage, { set: recordKey('policySets', tenant) }),
  ])
  const requests = found
    .map((request) => summaryOf(request, now, switchFacts(context, set?.value, request).holds))
    .filter(({ status }) => wanted.includes(status))
  return { requests, ...(newest.length > limit && last ? { next: cursorAt(last, cursor) } : {}) }
}

/** The states to look for in the store: what has expired unnoticed is still stored as open. */
function stored(wanted: readonly RequestStatus[]): readonly RequestStatus[] {
  return wanted.includes('expired') ? [...new Set([...wanted, ...statuses.filter(isOpen)])] : wanted
}

function wantedStatuses(status: RequestFilter['status']): readonly RequestStatus[] {
  const wanted = status === undefined ? statuses : typeof status === 'string' ? [status] : status
  if (!Array.isArray(wanted) || wanted.length === 0 || !wanted.every((one) => statuses.includes(one))) {
    fail('invalid_input', { argument: 'filter.status', problem: `must be one or several of ${statuses.join(', ')}` })
  }
  return [...new Set(wanted)]
}

interface Scope {
  readonly collection: 'requests' | 'targets'
  readonly index: string
  readonly where: readonly string[]
}

function scopeOf(tenant: string, { resource, project }: RequestFilter): Scope {
  if (resource !== undefined && project !== undefined) {
    fail('invalid_input', { argument: 'filter', problem: 'takes a resource or a project, not both' })
  }
  if (resource !== undefined) {
    const { type, id } = checkResource('filter.resource', resource)
    return {
      collection: 'targets',
      index: 'byStatus',
      where: [tenant, type, id],
    }
  }
  if (project !== undefined)
    return { collection: 'requests', index: 'byProject', where: [tenant, checkId('filter.project', project)] }
  return { collection: 'requests', index: 'byStatus', where: [tenant] }
}

async function firstOf(
  { storage }: Context,
  { collection, index, where }: Scope,
  {
    status,
    limit,
    from,
  }: { readonly status: RequestStatus; readonly limit: number; readonly from: Position | undefined },
): Promise<readonly Listed[]> {
  const query = {
    index,
    where: [...where, status],
    order: 'descending',
    limit,
    ...defined({ after: from }),
  } as const
  if (collection === 'requests') {
    return (await page(storage, { collection, ...query })).records.map(({ value }) => value)
  }
  const { records } = await page(storage, { collection, ...query })
  return records.map(({ value: { tenant, request: id, createdAt } }) => ({ tenant, id, createdAt }))
}

/** Reads listed requests in one round trip, in their order. */
export async function requestsOf({ storage }: Context, listed: readonly Listed[]): Promise<readonly RequestRecord[]> {
  const { found } = await read(storage, { found: listed.map(({ tenant, id }) => recordKey('requests', tenant, id)) })
  return found.flatMap((request) => request?.value ?? [])
}

function newestFirst(a: Listed, b: Listed): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt
  return a.id < b.id ? 1 : -1
}
