import type { Actor } from '../../core/request/model/event.ts'
import type { PendingFollowUp } from '../../core/request/model/follow-up.ts'
import { fail } from '../../errors/approval-error.ts'
import { checkId, checkKeys } from '../arguments/check-arguments.ts'
import { readAgain } from '../commands/read-again.ts'
import type { Context } from '../context/context.ts'
import { countRequests } from '../queries/count-requests.ts'
import { countInbox, type InboxFilter, type InboxPage, listInbox } from '../queries/inbox.ts'
import { listRequests, type RequestFilter, type RequestPage } from '../queries/list-requests.ts'
import { readRequest } from '../queries/read-request.ts'
import { readTimeline, type TimelineFilter, type TimelinePage } from '../queries/read-timeline.ts'
import { readableFollowUps } from '../queries/readable-follow-ups.ts'
import type { RequestCount, RequestCriteria } from '../queries/request-filter.ts'
import type { ChangeRequest } from '../requests/request-summary.ts'
import type { ActorCommands } from './actor-commands.ts'
import { type RequestEndings, requestEndings } from './request-endings.ts'
import { type RequestProposals, requestProposals } from './request-proposals.ts'
import { type RequestReviews, requestReviews } from './request-reviews.ts'

/**
 * What one actor can do with requests.
 *
 * Besides the codes that every call can throw ({@link ActingApprovals}), every verb on a request can throw
 * `unknown_request`, `not_open` (the verb does not exist in the state of the request), `expired`, `switched_off` and
 * `workflow_off` (approvals are switched off), `content_tampered` (the stored content is not what was reviewed) and
 * `unknown_resource_type` (the application does not declare the type of one of its resources any more).
 *
 * A change that turns out to be impossible when it is applied throws nothing: the request has failed then, and its
 * `failure` says why.
 */
export interface ActingRequests extends RequestProposals, RequestReviews, RequestEndings {
  /**
   * Reads a request as a reviewer needs it: its content, what it still lacks, and what the reader can do.
   *
   * @example
   * ```ts
   * const { status, changes, can } = await ben.requests.get(request.id)
   * ```
   *
   * @throws `unknown_request`.
   */
  get(id: string): Promise<ChangeRequest>
  /**
   * Lists the requests that the actor may read, the newest first. A page is full, or the last; only where very many
   * requests were looked at for it, it is neither. What the actor is asked about in projects that they may not read is
   * in their inbox alone.
   *
   * @example
   * ```ts
   * const { requests, next } = await ann.requests.list({ status: 'pending', limit: 20 })
   * ```
   */
  list(filter?: RequestFilter): Promise<RequestPage>
  /**
   * Lists the requests that wait for the actor's approval, the oldest first: the actor `can` approve, has not answered
   * yet, and an approval would count now. Requests that they may answer for somebody else are listed too, and say for
   * whom.
   *
   * @example
   * ```ts
   * const { requests } = await ben.requests.inbox()
   * ```
   */
  inbox(filter?: InboxFilter): Promise<InboxPage>
  /**
   * Counts the requests that `list` would hold, or those that wait for the actor's approval. Where not all could be
   * looked at, `more` says that there may be more.
   *
   * @example
   * ```ts
   * const { count } = await ann.requests.count({ status: 'pending', requester: 'ann' })
   * const waiting = await ann.requests.count({ inbox: true })
   * ```
   */
  count(filter?: RequestCriteria | { readonly inbox: true }): Promise<RequestCount>
  /**
   * Tells what happened to a request, the oldest first: submissions, edits with what they changed, reviews and why one
   * does not count (any more), comments, schedule, escalation, application, follow-up. Whoever may read the request
   * may read it. Texts that were erased read `[erased]`.
   *
   * @example
   * ```ts
   * const { entries, next } = await ben.requests.timeline(request.id, { limit: 100 })
   * ```
   *
   * @throws `unknown_request`.
   */
  timeline(id: string, filter?: TimelineFilter): Promise<TimelinePage>
  /**
   * Lists the follow-up reviews that are still to be done after somebody broke glass, the oldest first.
   *
   * @example
   * ```ts
   * const [oldest] = await ben.requests.followUps()
   * ```
   */
  followUps(): Promise<readonly PendingFollowUp[]>
}

/** Binds what is about requests to one actor. */
export function actingRequests(context: Context, actor: Actor, { ask }: ActorCommands): ActingRequests {
  return {
    async get(id) {
      const request = checkId('request', id)
      return await readAgain(() => readRequest(context, actor, request))
    },
    list: (filter = {}) => listRequests(context, actor, filter),
    async count(filter = {}) {
      if (typeof filter !== 'object' || filter === null || !('inbox' in filter)) {
        return await countRequests(context, actor, filter as RequestCriteria)
      }
      checkKeys('filter', filter, ['inbox'])
      if (filter.inbox !== true)
        fail('invalid_input', { argument: 'filter.inbox', problem: 'must be true, or left out' })
      return await readAgain(() => countInbox(context, actor))
    },
    inbox: (filter = {}) => readAgain(() => listInbox(context, actor, filter)),
    async timeline(id, filter = {}) {
      const asked = { id: checkId('request', id), filter: { ...filter } }
      return await readAgain(() => readTimeline(context, actor, asked))
    },
    followUps: () => readableFollowUps(context, actor),
    ...requestProposals(context, ask),
    ...requestReviews(ask),
    ...requestEndings(ask),
  }
}
