import type { RequestEvent } from '../core/request/event.ts'
import type { Request } from '../core/request/request.ts'
import type { RequestStatus } from '../core/request/status.ts'
import type { Notice } from '../ports/notifier.ts'
import type { Write } from '../ports/storage.ts'
import type { Context } from './context.ts'
import { put } from './records.ts'
import { requestStream } from './streams.ts'

/** Whom a request tells when it comes into a state. */
const audiences: { readonly [S in RequestStatus]: 'approvers' | 'requester' | 'nobody' } = {
  draft: 'nobody',
  pending: 'approvers',
  changes_requested: 'requester',
  approved: 'requester',
  applied: 'requester',
  rejected: 'requester',
  cancelled: 'nobody',
  expired: 'requester',
  failed: 'requester',
}

/** A request after an event, and what goes with telling people. */
export interface Told {
  readonly request: Request
  /** The request before; undefined for a new one. */
  readonly before: Request | undefined
  readonly seq: number
  /** Ids of those whom the request asks. */
  readonly approvers: readonly string[]
}

/** Writes the notice that an event gives rise to: that the request is in another state, or that people's answers do not count any more. */
export function noticesOf(context: Context, event: RequestEvent, told: Told): readonly Write[] {
  const { request, seq } = told
  const { type, to } = messageOf(event, told)
  const id = `${requestStream(request.id)}/${seq}`
  const { tenant } = request
  const { at, by, reason } = event
  const resources = request.resources.map((resource) => ({ type: resource.type, id: resource.id }))
  const said = reason === undefined ? {} : { reason }
  return noticeWrites(context, { id, tenant, type, to, request: request.id, resources, at, by, ...said })
}

/** Puts a notice into the outbox, where there is somebody to tell and somebody who tells them. */
export function noticeWrites({ notifiers }: Context, notice: Notice): readonly Write[] {
  const { tenant, id, to, at } = notice
  const pending = notifiers.map(({ name }) => name)
  if (to.length === 0 || pending.length === 0) return []
  return [put('outbox', { tenant, id, dueAt: at, attempts: 0, pending, notice }, undefined)]
}

/** What is told to whom. */
function messageOf(event: RequestEvent, { request, before, approvers }: Told) {
  const { status, requester, reviews } = request
  switch (event.type) {
    case 'bypassed':
    case 'glass_broken':
    case 'schedule_dropped':
      return { type: event.type, to: distinct([requester, ...request.contributors, ...approvers]) }
    case 'debt_reviewed':
      return { type: 'debt_settled', to: event.settles ? distinct([requester, request.debt?.by ?? requester]) : [] }
    case 'reminded':
      if (request.debt) return { type: 'review_owed', to: distinct([request.debt.by, ...approvers]) }
      return approvers.length > 0 ? { type: 'reminded', to: approvers } : { type: 'unsatisfiable', to: [requester] }
    case 'escalated':
      if (status === 'pending') return { type: 'escalated', to: distinct([requester, ...approvers]) }
  }
  if (status !== before?.status) {
    const to = { approvers, requester: [requester], nobody: [] }[audiences[status]]
    return { type: status === 'pending' ? 'submitted' : status, to: distinct(to) }
  }
  const fallen = 'pinned' in event ? before.reviews.filter(({ by }) => !reviews.some((review) => review.by === by)) : []
  const concerned = fallen.length === 0 ? [] : [requester, ...fallen.map(({ by }) => by)]
  return { type: 'reviews_fell', to: distinct(concerned).filter((user) => user !== event.by) }
}

function distinct(users: readonly string[]): readonly string[] {
  return [...new Set(users)]
}
