import { nearestName } from '../../core/nearest.ts'
import { isOwnType, policyType, workflowType } from '../../core/policy/model/policy-type.ts'
import { type RequestStatus, statuses } from '../../core/request/model/status-table.ts'
import { fail } from '../../errors/approval-error.ts'
import { checkId, checkKeys, checkProject, checkResource } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import { latestTime } from '../values/latest-time.ts'

/** Which requests to list or to count. Whatever is given has to hold. */
export interface RequestCriteria {
  /**
   * Those about this resource.
   *
   * @defaultValue none: those of all resources
   */
  readonly resource?: { readonly type: string; readonly id: string } | undefined
  /**
   * Those about resources of this type.
   *
   * @defaultValue none: those of all types
   */
  readonly type?: string | undefined
  /**
   * Those of this project; of none, if it is empty.
   *
   * @defaultValue none: those of all projects
   */
  readonly project?: string | undefined
  /**
   * Those that this user made.
   *
   * @defaultValue none: those of everybody
   */
  readonly requester?: string | undefined
  /**
   * Those that would do this: `update`, say, or an action of their resource types.
   *
   * @defaultValue none: whatever they would do
   */
  readonly action?: string | undefined
  /**
   * Those in this state, or in one of these.
   *
   * @defaultValue none: those in any state
   */
  readonly status?: RequestStatus | readonly RequestStatus[] | undefined
  /**
   * By which time they are listed, the newest first, and which time `from` and `to` are about: that of their creation,
   * or of their last update.
   *
   * @defaultValue 'created'
   */
  readonly by?: 'created' | 'updated' | undefined
  /**
   * Those from this time on, in milliseconds since 1970.
   *
   * @defaultValue none: since ever
   */
  readonly from?: number | undefined
  /**
   * Those until this time, itself included, in milliseconds since 1970.
   *
   * @defaultValue none: until now
   */
  readonly to?: number | undefined
}

/** The names of the criteria. */
const criteriaKeys = ['resource', 'type', 'project', 'requester', 'action', 'status', 'by', 'from', 'to']

/** How many requests there are. */
export interface RequestCount {
  readonly count: number
  /** Whether there may be more: not all could be looked at. */
  readonly more?: true
}

/** Criteria that were checked. */
export interface CheckedCriteria extends Omit<RequestCriteria, 'status' | 'by'> {
  readonly wanted: readonly RequestStatus[]
  readonly by: 'created' | 'updated'
}

/** Checks criteria, and copies them. What no request can meet is refused. */
export function checkCriteria(context: Context, filter: RequestCriteria): CheckedCriteria {
  const { resource, type, project, requester, action, status, by = 'created' } = filter
  if (by !== 'created' && by !== 'updated') refuseFilter('by', 'must be "created" or "updated"')
  const range = checkTimes(filter, 'request')
  const about = resource === undefined ? undefined : checkResource('filter.resource', resource)
  if (type !== undefined) checkType(context, type)
  if (about && type !== undefined && type !== about.type) {
    refuseFilter('type', `must be that of the resource, ${JSON.stringify(about.type)}, or left out`)
  }
  return {
    wanted: wantedStatuses(status),
    by,
    ...range,
    ...(about ? { resource: { type: about.type, id: about.id } } : {}),
    ...(type === undefined ? {} : { type }),
    ...(project === undefined ? {} : { project: checkProject('filter.project', project) }),
    ...(requester === undefined ? {} : { requester: checkId('filter.requester', requester) }),
    ...(action === undefined ? {} : { action: checkId('filter.action', action) }),
  }
}

/** Refuses a property of a filter. */
function refuseFilter(property: string, problem: string): never {
  return fail('invalid_input', { argument: `filter.${property}`, problem })
}

/** Checks the bounds of a time, by which things of a `kind` are listed. */
export function checkTimes(
  { from, to }: Pick<RequestCriteria, 'from' | 'to'>,
  kind: 'request' | 'resource',
): Pick<RequestCriteria, 'from' | 'to'> {
  for (const [name, time] of Object.entries({ from, to })) {
    if (time === undefined) continue
    const isTime = Number.isSafeInteger(time) && time >= 0 && time <= latestTime
    if (!isTime) refuseFilter(name, 'must be a time in whole milliseconds since 1970')
  }
  if (from !== undefined && to !== undefined && from > to) {
    refuseFilter('to', `must not be before filter.from: no ${kind} is in between`)
  }
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

function checkType({ resources }: Context, type: unknown): void {
  const name = checkId('filter.type', type)
  if (isOwnType(name) || resources.has(name)) return
  const known = [...new Set([...resources.keys(), policyType, workflowType])]
  const nearest = nearestName(name, known)
  const fix = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${JSON.stringify(nearest)}?`
  refuseFilter('type', `is no type of a resource: ${fix}`)
}

function wantedStatuses(status: RequestCriteria['status']): readonly RequestStatus[] {
  const wanted: unknown = status === undefined ? statuses : typeof status === 'string' ? [status] : status
  const all = `must be one or several of ${statuses.join(', ')}`
  if (!Array.isArray(wanted) || wanted.length === 0) return refuseFilter('status', all)
  const stranger = wanted.find((one) => !statuses.includes(one))
  if (stranger === undefined) return [...new Set(wanted as readonly RequestStatus[])]
  const nearest = typeof stranger === 'string' ? nearestName(stranger, statuses) : undefined
  return refuseFilter('status', nearest === undefined ? all : `${all}; did you mean ${JSON.stringify(nearest)}?`)
}

/** Refuses what is no criterion, but what a page is asked with. */
export function checkFilterKeys(filter: unknown, more: readonly string[]): void {
  checkKeys('filter', filter, [...criteriaKeys, ...more])
}
