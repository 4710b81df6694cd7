import { checkId } from '../arguments/check-arguments.ts'
import { readAgain } from '../commands/read-again.ts'
import type { Context } from '../context/context.ts'
import type { Reader } from '../people/reading-rights.ts'
import { countRequests } from '../queries/count-requests.ts'
import { listRequests } from '../queries/list-requests.ts'
import { readAsApplication } from '../queries/read-request.ts'
import { readTimeline } from '../queries/read-timeline.ts'
import { readableFollowUps } from '../queries/readable-follow-ups.ts'
import type { RequestCount, RequestCriteria } from '../queries/request-filter.ts'
import type { RequestView } from '../requests/request-summary.ts'
import { type ActingAudit, logReading } from './acting-audit.ts'
import { type ActingFreezes, freezeReading } from './acting-freezes.ts'
import { type ActingPolicies, policyReading } from './acting-policies.ts'
import type { ActingRequests } from './acting-requests.ts'
import { type ActingResources, actingResources } from './acting-resources.ts'
import { type ActingWorkflow, switchReading } from './acting-workflow.ts'

/**
 * What the application itself can read of a tenant: everything. It is nobody, and can do nothing: `requests.get` has no
 * `can`.
 */
export interface ApplicationReader {
  readonly resources: ActingResources
  readonly requests: Pick<ActingRequests, 'list' | 'timeline' | 'followUps'> & {
    /**
     * Counts the requests that `list` would hold.
     *
     * @example
     * ```ts
     * const { count } = await approvals.reader('acme').requests.count({ status: 'pending' })
     * ```
     */
    count(filter?: RequestCriteria): Promise<RequestCount>
    /**
     * Reads a request with its content, and what it still lacks.
     *
     * @example
     * ```ts
     * const { status, changes } = await approvals.reader('acme').requests.get(request.id)
     * ```
     *
     * @throws `unknown_request`.
     */
    get(id: string): Promise<RequestView>
  }
  readonly policies: Pick<ActingPolicies, 'list' | 'get'>
  readonly workflow: Pick<ActingWorkflow, 'isEnabled'>
  readonly freezes: Pick<ActingFreezes, 'list' | 'between' | 'at'>
  readonly audit: Omit<ActingAudit, 'erase'>
}

/** Binds what can be read to the application itself. */
export function applicationReader(context: Context, tenant: string): ApplicationReader {
  const reader: Reader = { tenant }
  return {
    resources: actingResources(context, reader),
    requests: {
      async get(id) {
        const request = checkId('request', id)
        return await readAgain(() => readAsApplication(context, tenant, request))
      },
      count: (filter = {}) => countRequests(context, reader, filter),
      list: (filter = {}) => listRequests(context, reader, filter),
      async timeline(id, filter = {}) {
        const asked = { id: checkId('request', id), filter: { ...filter } }
        return await readAgain(() => readTimeline(context, reader, asked))
      },
      followUps: () => readableFollowUps(context, reader),
    },
    policies: policyReading(context, reader),
    workflow: switchReading(context, reader),
    freezes: freezeReading(context, reader),
    audit: logReading(context, reader),
  }
}
