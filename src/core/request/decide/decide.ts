import { type Result, refuse, success } from '../../../errors/result.ts'
import type { Facts, RequestCommand } from '../model/command.ts'
import type { Decision } from '../model/decision.ts'
import { happened, type LaterEvent } from '../model/event.ts'
import { ownTime } from '../model/hold.ts'
import type { Request } from '../model/request.ts'
import { asEnded } from '../model/request.ts'
import { allows, isOpen, type PeopleVerb, type RequestStatus, rowOf } from '../model/status-table.ts'
import { feedbackProblem, isBlank } from './check-reason.ts'
import { bypass, decideApplication } from './decide-application.ts'
import { breakGlass, decideFollowUp } from './decide-break-glass.ts'
import { decideContent } from './decide-content.ts'
import { abandon, confirm, reclaim } from './decide-delivery.ts'
import { decideReview, escalate, resume } from './decide-review.ts'
import { duesOf } from './due-verbs.ts'
import { withdraw } from './withdraw.ts'

/**
 * Decides what a command does to a request: one event, or a refusal. Pure: same input, same answer, no throw. If that
 * takes a fact that it was not given, it says which.
 *
 * @example
 * ```ts
 * const decision = decide(command, state, facts)
 * const next = decision.ok ? evolve(state, decision.value) : state
 * ```
 *
 * @returns The event, the refusal, or the name of the fact that is still needed. Refuses with every code of a verb on a
 * request.
 */
export function decide(command: RequestCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const now = ownTime(request, facts.holds, command.at)
  const status = command.type === 'expire' ? request.status : statusAt(request, now)
  if (!allows(status, command.type)) {
    return status === request.status
      ? refuse('not_open', { request: request.id, status, verb: command.type })
      : refuse('expired', { request: request.id, expiredAt: request.expiresAt })
  }
  if (command.type === 'expire') return expire(command, request, now)
  if (command.type === 'return') return sendBack(command, request, facts)
  if (isOpen(status) && isReturned(request, facts))
    return refuse('switched_off', { request: request.id, verb: command.type })
  if (facts.held && movesOn(status, command.type))
    return refuse('workflow_off', { request: request.id, project: request.project, verb: command.type })
  if (status === 'failed' && !rowOf(command.type).outlasts && hasExpired(request, now)) {
    return refuse('expired', { request: request.id, expiredAt: request.expiresAt })
  }
  if (command.type === 'remind') return remind(command, request, facts)
  if (command.type === 'confirm') return confirm(command, request, facts)
  if (command.type === 'reclaim') return reclaim(command, request, facts)
  if (command.type === 'come_due') return decideApplication(command, request, facts)
  if (command.type === 'escalate') return escalate(command, request, facts)
  if (command.type === 'resume') return resume(command, request, facts)

  return decideAsked(command, request, facts)
}

/** A verb that people use. */
type AskedCommand = Extract<RequestCommand, { readonly type: PeopleVerb }>

/** Decides what somebody asks for. */
function decideAsked(command: AskedCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { by } = command
  if (!facts.users.has(by.user)) return refuse('unknown_actor', { actor: by.user })
  if (rowOf(command.type).by === 'requester' && by.user !== request.requester) {
    return refuse('not_the_requester', {
      request: request.id,
      actor: by.user,
      requester: request.requester,
      verb: command.type,
    })
  }
  const problem = feedbackProblem(command.reason, facts.rules.feedbackLimit)
  if (problem) return refuse('invalid_input', { argument: command.type === 'comment' ? 'text' : 'reason', problem })

  switch (command.type) {
    case 'edit':
    case 'submit':
    case 'resubmit':
    case 'reopen':
    case 'rebase':
    case 'resolve':
    case 'schedule':
    case 'unschedule':
      return decideContent(command, request, facts)
    case 'approve':
    case 'reject':
    case 'request_changes':
      return decideReview(command, request, facts)
    case 'withdraw':
      return withdraw(command, request, facts)
    case 'apply':
    case 'retry':
      return decideApplication(command, request, facts)
    case 'abandon':
      return abandon(command, request, facts)
    case 'bypass':
      return bypass(command, request, facts)
    case 'break_glass':
      return breakGlass(command, request, facts)
    case 'follow_up':
      return decideFollowUp(command, request, facts)
    case 'comment':
      return comment(command, request)
    case 'recall':
      return success({ type: 'recalled', ...happened(command), outcome: { status: 'draft' } })
    case 'cancel':
    case 'discard':
      return end({ ...command, type: command.type }, request, facts)
  }
}

/** Tells whether the deadline of a request has come. The deadline itself is already too late. */
export function hasExpired({ expiresAt }: Pick<Request, 'expiresAt'>, at: number): boolean {
  return at >= expiresAt
}

/**
 * The state of a request at a moment: what is open is expired as soon as its deadline has come, whether or not that
 * is recorded yet.
 */
export function statusAt({ status, expiresAt }: Pick<Request, 'status' | 'expiresAt'>, at: number): RequestStatus {
  return isOpen(status) && hasExpired({ expiresAt }, at) ? 'expired' : status
}

/**
 * Tells whether the workflow was switched off while a request waited, so that it is a draft as soon as that is
 * recorded.
 */
export function isReturned(
  { status, policySet }: Pick<Request, 'status' | 'policySet'>,
  { switchedOff }: Pick<Facts, 'switchedOff'>,
): boolean {
  return isOpen(status) && switchedOff !== undefined && policySet.seq < switchedOff
}

/**
 * Makes a draft of what waited when the workflow was switched off: its round is over, and whatever was answered in
 * it.
 */
function sendBack(command: RequestCommand, request: Request, facts: Facts): Result<LaterEvent> {
  if (!isReturned(request, facts)) return refuse('not_switched_off', { request: request.id })
  return success({ type: 'returned', ...happened(command), outcome: { status: 'draft' } })
}

/**
 * Tells whether a verb could bring a request nearer to being applied: an open one, or one that failed and is tried
 * again.
 */
function movesOn(status: RequestStatus, verb: RequestCommand['type']): boolean {
  const { idle, resumes } = rowOf(verb)
  return isOpen(status) ? !idle : status === 'failed' && resumes === true
}

function expire(command: RequestCommand, request: Request, now: number): Result<LaterEvent> {
  if (!hasExpired(request, now)) {
    const dueAt = request.expiresAt + (command.at - now)
    return refuse('not_due', { request: request.id, verb: 'expire', dueAt })
  }
  return success({ type: 'expired', ...happened(command), outcome: { status: 'expired' } })
}

function remind(command: RequestCommand, request: Request, { holds }: Facts): Result<LaterEvent> {
  const { id } = request
  const due = duesOf(request, { holds, now: command.at }).find(({ verb }) => verb === 'remind')
  if (!due || command.at < due.at) return refuse('not_due', { request: id, verb: 'remind', dueAt: due?.at ?? 0 })
  return success({ type: 'reminded', ...happened(command), outcome: asEnded(request) ?? { status: 'pending' } })
}

function comment(command: RequestCommand, { id, status }: Request): Result<LaterEvent> {
  if (command.reason === undefined || isBlank(command.reason)) return refuse('reason_required', { verb: 'comment' })
  switch (status) {
    case 'draft':
    case 'pending':
    case 'changes_requested':
    case 'approved':
      return success({ type: 'commented', ...happened(command), outcome: { status } })
    case 'applying':
    case 'applied':
    case 'rejected':
    case 'cancelled':
    case 'expired':
    case 'failed':
      return refuse('not_open', { request: id, status, verb: 'comment' })
  }
}

/**
 * Ends a request or a draft, unless it was reviewed and policies let the requester do that only before. Recalling it
 * makes reviews no less given.
 */
function end(
  command: RequestCommand & { readonly type: 'cancel' | 'discard' },
  { id, reviews, recalledReviews = 0 }: Request,
  { rules }: Facts,
): Result<LaterEvent> {
  const given = Math.max(reviews.length, recalledReviews)
  if (rules.cancel !== 'any_time' && given > 0) {
    return refuse('already_reviewed_by_others', { request: id, reviews: given, verb: command.type })
  }
  const type = command.type === 'cancel' ? 'cancelled' : 'discarded'
  return success({ type, ...happened(command), outcome: { status: 'cancelled' } })
}
