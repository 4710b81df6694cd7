import { defined } from '../../defined.ts'
import { boundReason } from '../../log/erasable-texts.ts'
import { ownerOf } from '../../review/giver.ts'
import type { Review, Verdict } from '../../review/under-review.ts'
import type {
  BeganEvent,
  ContentEvent,
  FollowUpEvent,
  GlassEvent,
  LaterEvent,
  ReviewEvent,
  TimeSetEvent,
} from './event.ts'
import type { FollowUp } from './follow-up.ts'
import { stateOf } from './outcome-state.ts'
import { leftOf, putAside, rememberedObjections, remembering } from './remembered.ts'
import { type Addition, askersAfter, type Request } from './request.ts'

/**
 * Begins a request with the event that made it.
 *
 * @example
 * ```ts
 * let state = begin(beganEvent)
 * ```
 */
export function begin(event: BeganEvent): Request {
  const { id, tenant, project, projects, revertOf, unasked, by, via, at, pinned, outcome } = event
  return {
    tenant,
    id,
    ...defined({ project, projects, revertOf, unasked }),
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
    case 'taken_over':
    case 'asked_anew':
      return withContent(request, event)
    case 'approved':
    case 'rejected':
    case 'changes_requested':
      return withReview(request, event, verdictOf[event.type])
    case 'withdrawn': {
      const left = request.reviews.filter((one) => ownerOf(one) !== ownerOf(event))
      return { ...withAnswers(request, event, left), ...(event.unsettled ? { unsettled: true } : {}) }
    }
    case 'recalled':
    case 'returned':
      return takenBack(request, event)
    case 'bypassed':
      return moved(request, event, { bypassedBy: event.by })
    case 'glass_broken':
      return moved(request, event, { followUp: followUpOf(event) })
    case 'follow_up_reviewed':
      return moved(request, event, request.followUp ? { followUp: reviewed(request, request.followUp, event) } : {})
    case 'escalated':
      return moved(request, event, { escalated: [...(request.escalated ?? []), ...event.policies] })
    case 'reminded':
      return moved(request, event, remindedOf(request, event.at))
    case 'schedule_dropped':
      return moved(request, event, !event.late && isByHand(request, event) ? { scheduleDropped: true } : {})
    case 'commented':
      return discussed({ ...moved(request, event), commentCount: event.comment }, 1)
    case 'comment_resolved':
    case 'comment_reopened':
      return discussed(moved(request, event), event.type === 'comment_resolved' ? -1 : 1)
    case 'described':
      return moved(request, event, { additions: added(request, event) })
    case 'time_set':
      return timed(request, event)
    case 'approvals_lapsed':
    case 'warned':
      return moved(request, event, event.type === 'warned' ? { warnedOf: event.deadline } : { lapsedAt: event.at })
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

const verdictOf = {
  approved: 'approve',
  rejected: 'reject',
  changes_requested: 'request_changes',
} as const satisfies Readonly<Record<string, Verdict>>

/** The request with an answer to it and, of an approval that names details, with the content that has them. */
function withReview(request: Request, event: ReviewEvent, verdict: Verdict): Request {
  const { pinned, details: _, ...happened } = event
  const named = pinned ? withContent(request, { ...happened, type: 'edited', pinned }) : request
  return withAnswers(named, event, answered(named, event, verdict))
}

/**
 * What was recalled stays so until it is put to its reviewers again, and what was added until the reason is stated
 * anew.
 */
function withContent(request: Request, event: ContentEvent): Request {
  const { recalledReviews, additions, ...rest } = withoutRound(moved(request, event))
  const said = boundReason(request) === boundReason(event.pinned) ? defined({ additions }) : {}
  const recalled = event.outcome.status === 'draft' ? defined({ recalledReviews }) : {}
  const { project, projects, ...lasting } = rest
  const { pinned } = event
  const moves = pinned.project !== undefined || pinned.projects !== undefined
  const where = moves ? {} : defined({ project, projects })
  const beside = { ...inherited(request, event), ...recalled, ...said }
  const next = { ...lasting, ...where, ...beside, ...pinned, askedAt: event.at }
  return remembering(next, rememberedObjections(request, event))
}

/** Who asks for it from now on, and who did before, if somebody takes it over. */
function inherited(
  request: Request,
  { type, by, via }: ContentEvent,
): Partial<Pick<Request, 'requester' | 'formerRequesters' | 'via'>> {
  return type === 'taken_over' ? { ...askersAfter(request, by), via } : {}
}

/** A draft again: its round is over, and how many answers it had is remembered if the requester took it back. */
function takenBack(request: Request, event: LaterEvent): Request {
  const left = event.type === 'recalled' ? leftBehind(request) : {}
  return remembering(moved(request, event, { reviews: [], ...left }), putAside(request))
}

function leftBehind({ reviews: { length } }: Request): Pick<Request, 'recalledReviews'> {
  return length > 0 ? { recalledReviews: length } : {}
}

function withAnswers(request: Request, event: LaterEvent, reviews: readonly Review[]): Request {
  return remembering(moved(request, event, { reviews }), leftOf(request, reviews))
}

/** The request without what belongs to the content and the round that are over. */
function withoutRound(request: Request) {
  const {
    applyAt,
    openTime,
    applyBy,
    revertAt,
    leftOut,
    scheduleDropped,
    reason,
    salt,
    erased,
    remindedAt,
    escalated,
    shadow,
    ...rest
  } = request
  return rest
}

/** The request with the time that was set within the one that was left open. One that it missed before is forgotten. */
function timed(request: Request, event: TimeSetEvent): Request {
  const { applyAt: _applyAt, scheduleDropped: _dropped, ...rest } = moved(request, event)
  return { ...rest, ...defined({ applyAt: event.applyAt }) }
}

function added({ additions = [] }: Request, { by, at, reason: text = '' }: LaterEvent): readonly Addition[] {
  return [...additions, { by, at, text }]
}

/** What it was that people were reminded of: the review that it owes, or the request itself. */
function remindedOf({ followUp }: Request, remindedAt: number): Partial<Request> {
  return followUp ? { followUp: { ...followUp, remindedAt } } : { remindedAt }
}

function followUpOf({ by, at, person, incident, policies, dueAt }: GlassEvent): FollowUp {
  return { by, at, person, incident, policies, dueAt, reviews: [] }
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
  const { failure: _failure, application: _application, withheld: _withheld, unsettled, ...lasting } = request
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

/** Tells whether a request is applied by hand from now on: it had a time, or a freeze kept it off as it was. */
function isByHand({ applyAt }: Request, { outcome }: LaterEvent): boolean {
  return applyAt !== undefined || (outcome.status === 'approved' && outcome.withheld === undefined)
}

/** The request with so many more comments that are not resolved. */
function discussed({ openComments = 0, ...request }: Request, more: number): Request {
  const open = openComments + more
  return open > 0 ? { ...request, openComments: open } : request
}

/** What happens beside the answers, and settles nothing. */
const beside: readonly LaterEvent['type'][] = [
  'commented',
  'comment_resolved',
  'comment_reopened',
  'described',
  'reminded',
  'time_set',
  'approvals_lapsed',
  'warned',
]

/**
 * The answers with a new one, at the end: it takes the place of the one that its owner had, whoever gave that, and of
 * those that it says. Whoever approves the whole of what they have approved a part of stays where they were, so that
 * what came after that part came after it still.
 */
function answered({ reviews }: Request, event: ReviewEvent, verdict: Verdict): readonly Review[] {
  const { by, person, onBehalfOf, ownerPerson, digest, round, at, roles, reason, additions, replaces = [] } = event
  const review: Review = {
    by,
    person,
    ...defined({ onBehalfOf, ownerPerson }),
    verdict,
    digest,
    round,
    at,
    roles,
    ...defined({ reason, additions }),
  }
  const gone = [ownerOf(review), ...replaces]
  const isPart = (one: Review) => verdict === 'approve' && one.limits !== undefined && ownerOf(one) === ownerOf(review)
  const stays = reviews.filter((one) => !gone.includes(ownerOf(one)) || isPart(one))
  return stays.some(isPart) ? stays.map((one) => (isPart(one) ? review : one)) : [...stays, review]
}
