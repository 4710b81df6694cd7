import { defined } from '../../defined.ts'
import { ownerOf } from '../../review/giver.ts'
import type { Review, Verdict } from '../../review/under-review.ts'
import type { BeganEvent, ContentEvent, FollowUpEvent, LaterEvent, Outcome, ReviewEvent } from './event.ts'
import type { FollowUp } from './follow-up.ts'
import { leftOf, putAside, rememberedObjections, remembering } from './remembered.ts'
import type { Request } from './request.ts'

/**
 * Begins a request with the event that made it.
 *
 * @example
 * ```ts
 * let state = begin(beganEvent)
 * ```
 */
export function begin({ id, tenant, project, by, via, at, pinned, outcome }: BeganEvent): Request {
  return {
    tenant,
    id,
    project,
    requester: by,
    via,
    createdAt: at,
    updatedAt: at,
    askedAt: at,
    ...pinned,
    ...stateOf(outcome),
  }
}

/**
 * Gives the request as it is after an event. The only way in which a request changes.
 *
 * @example
 * ```ts
 * const now = laterEvents.reduce(evolve, begin(beganEvent))
 * ```
 */
export function evolve(request: Request, event: LaterEvent): Request {
  switch (event.type) {
    case 'drafted':
    case 'edited':
    case 'submitted':
    case 'resubmitted':
    case 'reopened':
    case 'rebased':
    case 'resolved':
    case 'scheduled':
    case 'unscheduled':
      return withContent(request, event)
    case 'approved':
      return withAnswers(request, event, answered(request, event, 'approve'))
    case 'rejected':
      return withAnswers(request, event, answered(request, event, 'reject'))
    case 'changes_requested':
      return withAnswers(request, event, answered(request, event, 'request_changes'))
    case 'withdrawn': {
      const left = request.reviews.filter((one) => ownerOf(one) !== ownerOf(event))
      return { ...withAnswers(request, event, left), ...(event.unsettled ? { unsettled: true } : {}) }
    }
    case 'recalled':
      return remembering(moved(request, event, { reviews: [], ...leftBehind(request) }), putAside(request))
    case 'returned':
      return remembering(moved(request, event, { reviews: [] }), putAside(request))
    case 'bypassed':
      return moved(request, event, { bypassedBy: event.by })
    case 'glass_broken': {
      const { by, at, person, incident, policies, dueAt } = event
      return moved(request, event, { followUp: { by, at, person, incident, policies, dueAt, reviews: [] } })
    }
    case 'follow_up_reviewed':
      return moved(request, event, request.followUp ? { followUp: reviewed(request, request.followUp, event) } : {})
    case 'escalated':
      return moved(request, event, { escalated: [...(request.escalated ?? []), ...event.policies] })
    case 'reminded':
      return moved(
        request,
        event,
        request.followUp ? { followUp: { ...request.followUp, remindedAt: event.at } } : { remindedAt: event.at },
      )
    case 'schedule_dropped':
      return moved(request, event, { scheduleDropped: true })
    case 'commented':
      return moved(request, event, { comments: (request.comments ?? 0) + 1 })
    case 'cancelled':
    case 'discarded':
    case 'claimed':
    case 'put_off':
    case 'applied':
    case 'failed':
    case 'expired':
    case 'resumed':
      return moved(request, event)
  }
}

/** What was recalled stays so until it is put to its reviewers again. */
function withContent(request: Request, event: ContentEvent): Request {
  const { recalledReviews, ...rest } = withoutRound(moved(request, event))
  const recalled = event.outcome.status === 'draft' ? defined({ recalledReviews }) : {}
  const next = { ...rest, ...recalled, ...event.pinned, askedAt: event.at }
  return remembering(next, rememberedObjections(request, event))
}

function leftBehind({ reviews: { length } }: Request): Pick<Request, 'recalledReviews'> {
  return length > 0 ? { recalledReviews: length } : {}
}

function withAnswers(request: Request, event: LaterEvent, reviews: readonly Review[]): Request {
  return remembering(moved(request, event, { reviews }), leftOf(request, reviews))
}

/** The request without what belongs to the content and the round that are over. */
function withoutRound(request: Request) {
  const { applyAt, scheduleDropped, reason, salt, erased, remindedAt, escalated, ...rest } = request
  return rest
}

function reviewed(
  { digest, round }: Request,
  followUp: FollowUp,
  { by, at, person, roles, reason, done }: FollowUpEvent,
): FollowUp {
  const said = reason === undefined ? {} : { reason }
  const review: Review = { by, person, verdict: 'approve', digest, round, at, roles, ...said }
  return { ...followUp, reviews: [...followUp.reviews, review], ...(done ? { doneAt: at } : {}) }
}

/**
 * The request in the state that an event leads to, with what the event changes, and without what belongs to the state
 * before.
 */
function moved(request: Request, event: LaterEvent, changes?: Partial<Request>): Request {
  const { outcome, at } = event
  const { failure: _failure, application: _application, unsettled, ...lasting } = request
  const still = unsettled && beside.includes(event.type) ? { unsettled } : {}
  const next = { ...lasting, ...still, ...stateOf(outcome), updatedAt: at, ...changes }
  if (outcome.status === 'applied') {
    const { mayLand: _mayLand, ...landed } = next
    return landed
  }
  // Only if the host has refused it, whoever passed the approvals by has changed nothing. Of everything else nobody
  // can be sure.
  if (outcome.status !== 'failed' || outcome.failure.code !== 'host_failed' || outcome.mayLand) return next
  const { bypassedBy: _bypassedBy, followUp: _followUp, ...rest } = next
  return rest
}

/** What happens beside the answers, and settles nothing. */
const beside: readonly LaterEvent['type'][] = ['commented', 'reminded']

function stateOf(outcome: Outcome): Pick<Request, 'status' | 'application' | 'failure' | 'mayLand' | 'revisions'> {
  switch (outcome.status) {
    case 'applying':
      return { status: outcome.status, application: outcome.application }
    case 'applied':
      return { status: outcome.status, revisions: outcome.revisions }
    case 'failed':
      return { status: outcome.status, failure: outcome.failure, ...(outcome.mayLand ? { mayLand: true } : {}) }
    case 'draft':
    case 'pending':
    case 'changes_requested':
    case 'approved':
    case 'rejected':
    case 'cancelled':
    case 'expired':
      return { status: outcome.status }
  }
}

/**
 * The answers with a new one, at the end: it takes the place of the one that its owner had, whoever gave that, and of
 * those that it says.
 */
function answered({ reviews }: Request, event: ReviewEvent, verdict: Verdict): readonly Review[] {
  const { by, person, onBehalfOf, ownerPerson, digest, round, at, roles, reason, replaces = [] } = event
  const review: Review = {
    by,
    person,
    ...defined({ onBehalfOf, ownerPerson }),
    verdict,
    digest,
    round,
    at,
    roles,
    ...defined({ reason }),
  }
  const gone = [ownerOf(review), ...replaces]
  return [...reviews.filter((one) => !gone.includes(ownerOf(one))), review]
}
