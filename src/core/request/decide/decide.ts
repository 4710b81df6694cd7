import { type Result, refuse, success } from '../../../errors/result.ts'
import { isKnown } from '../../review/voter.ts'
import type { ContentCommand, Facts, RequestCommand } from '../model/command.ts'
import { deadlineOf, hasExpired, type Moment, missesTime, statusAt } from '../model/deadline.ts'
import type { Decision } from '../model/decision.ts'
import { happened, type LaterEvent } from '../model/event.ts'
import { isPlannedRevert, type Reverting } from '../model/planned-revert.ts'
import { objectionsOf } from '../model/remembered.ts'
import type { Request } from '../model/request.ts'
import { unmoved } from '../model/request.ts'
import { allows, isOpen, type PeopleVerb, type RequestStatus, rowOf } from '../model/status-table.ts'
import { projectsOf } from '../model/whereabouts.ts'
import { feedbackProblem } from './check-reason.ts'
import { bypass, decideApplication } from './decide-application.ts'
import { breakGlass, decideFollowUp } from './decide-break-glass.ts'
import { addToReason, decideComment, settleComment } from './decide-comment.ts'
import { decideContent } from './decide-content.ts'
import { abandon, confirm, reclaim } from './decide-delivery.ts'
import { decideReview, escalate, lapse, resume } from './decide-review.ts'
import { duesOf, warningsOf } from './due-verbs.ts'
import { setTime } from './set-time.ts'
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
  const moment = { at: command.at, holds: facts.holds }
  const status = command.type === 'expire' ? request.status : statusAt(request, moment)
  if (!allows(status, command.type)) {
    return status === request.status
      ? refuse('not_open', { request: request.id, status, verb: command.type })
      : refuse('expired', { request: request.id, expiredAt: deadlineOf(request) })
  }
  const planned = isPlannedRevert(request)
  if (planned && !leavesRevert(command, facts)) return refuseReverting(command, request)
  if (command.type === 'expire') return expire(command, request, moment)
  if (command.type === 'return') return sendBack(command, request, facts)
  if (isOpen(status) && isReturned(request, facts))
    return refuse('switched_off', { request: request.id, verb: command.type })
  if (facts.held && !planned && movesOn(status, command.type))
    return refuse('workflow_off', { request: request.id, project: projectsOf(request)[0] ?? '', verb: command.type })
  if (facts.outdated && !planned && couldApply(status, command.type)) return refuse('policies_outdated', facts.outdated)
  if (status === 'failed' && !rowOf(command.type).outlasts && hasExpired(request, moment)) {
    return refuse('expired', { request: request.id, expiredAt: deadlineOf(request) })
  }
  if (command.type === 'remind') return remind(command, request, facts)
  if (command.type === 'warn') return warn(command, request, facts)
  if (command.type === 'confirm') return confirm(command, request, facts)
  if (command.type === 'reclaim') return reclaim(command, request, facts)
  if (command.type === 'come_due') return decideApplication(command, request, facts)
  if (command.type === 'escalate') return escalate(command, request, facts)
  if (command.type === 'lapse') return lapse(command, request, facts)
  if (command.type === 'resume') return resume(command, request, facts)

  return decideAsked(command, request, facts)
}

/**
 * Tells whether a command leaves a planned revert as it was approved: nothing but its time applies it, and nobody moves
 * it, calls it off or makes another one of it. What an external system never answers for is given up by those who may
 * change the settings.
 */
function leavesRevert({ type }: RequestCommand, { custodian }: Facts): boolean {
  return leaving.includes(type) || (type === 'abandon' && custodian === true)
}

const talking: readonly RequestCommand['type'][] = ['comment', 'resolve_comment', 'reopen_comment']
const leaving: readonly RequestCommand['type'][] = [...talking, 'come_due', 'apply', 'confirm', 'reclaim']

function refuseReverting({ type: verb }: RequestCommand, { id, revertOf = '', applyAt = 0 }: Request) {
  return refuse('revert_planned', { request: id, revertOf, at: applyAt, verb })
}

/** What somebody can do who is known in some of the projects of a request, and not in all. */
const objecting: readonly RequestCommand['type'][] = [...talking, 'reject', 'request_changes', 'withdraw']

/** A verb that people use. */
type AskedCommand = Extract<RequestCommand, { readonly type: PeopleVerb }>

/** Tells whether whoever asked for a request is gone: nobody whom the directory knows. */
function isLeft({ requester }: Request, { users }: Facts): boolean {
  return !isKnown(users, requester)
}

/** Tells whether a command ends a request or a draft. */
function ends({ type }: AskedCommand): boolean {
  return type === 'cancel' || type === 'discard'
}

/** The verbs whose reason is a text of its own. */
const textTypes: readonly RequestCommand['type'][] = ['comment', 'describe']

/** Refuses a reason or a text that is too long, or holds what nobody can read. */
function unfitText({ type, reason }: AskedCommand, { rules }: Facts) {
  const problem = feedbackProblem(reason, rules.feedbackLimit)
  const argument = textTypes.includes(type) ? 'text' : 'reason'
  return problem === undefined ? undefined : refuse('invalid_input', { argument, problem })
}

/** Decides what somebody asks for. */
function decideAsked(command: AskedCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { by } = command
  const isThere = objecting.includes(command.type) ? facts.users.has(by.user) : isKnown(facts.users, by.user)
  if (!isThere) return refuse('unknown_actor', { actor: by.user })
  const { id, requester } = request
  const inherits = isLeft(request, facts) && facts.custodian === true
  if (rowOf(command.type).by === 'requester' && by.user !== requester && !(ends(command) && inherits))
    return refuse('not_the_requester', { request: id, actor: by.user, requester, verb: command.type })
  const unfit = unfitText(command, facts)
  if (unfit) return unfit

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
    case 'set_time':
      return setTime(command, request, facts)
    case 'take_over':
      return takeOver({ ...command, type: command.type }, request, facts)
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
      return decideComment(command, request, facts)
    case 'resolve_comment':
    case 'reopen_comment':
      return settleComment(command, request, facts)
    case 'describe':
      return addToReason(command, request)
    case 'recall':
      return success({ type: 'recalled', ...happened(command), outcome: { status: 'draft' } })
    case 'cancel':
    case 'discard':
      return end({ ...command, type: command.type }, request, facts)
  }
}

/** Decides that somebody asks from now on for what somebody who is gone has asked for. */
function takeOver(
  command: ContentCommand & { readonly type: 'take_over' },
  request: Request,
  facts: Facts,
): Decision<LaterEvent> {
  const { id, requester } = request
  if (!isLeft(request, facts)) return refuse('requester_present', { request: id, requester })
  if (facts.custodian === undefined) {
    return refuse('not_the_requester', { request: id, actor: command.by.user, requester, verb: command.type })
  }
  if (facts.custodian !== true) return { ok: false, refusal: facts.custodian }
  // Nobody takes back their own no as a requester: it would stand in the way for good.
  const { user } = command.by
  const person = facts.users.get(user)?.person ?? user
  const objects = objectionsOf(request).some(({ review: { by, onBehalfOf = by, ...given } }) => {
    return [by, onBehalfOf].includes(user) || [given.person, given.ownerPerson].includes(person)
  })
  if (objects) return refuse('own_objection', { request: id, actor: user })
  return decideContent(command, request, facts)
}

/**
 * Tells whether the workflow was switched off while a request waited, so that it is a draft as soon as that is
 * recorded.
 */
export function isReturned(
  request: Reverting & Pick<Request, 'policySet'>,
  { switchedOff }: Pick<Facts, 'switchedOff'>,
): boolean {
  const { status, policySet } = request
  return isOpen(status) && switchedOff !== undefined && policySet.seq < switchedOff && !isPlannedRevert(request)
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

/**
 * Tells whether a verb could have a request applied, or approved, by what the policies ask: all that leads there, or
 * has the policies asked anew, but for what goes on with a change that is on its way, and what leaves a draft a draft.
 */
function couldApply(status: RequestStatus, verb: RequestCommand['type']): boolean {
  const { from, to, brings } = rowOf(verb)
  const leads = (['approved', 'applying'] as const).some((one) => to.includes(one) && !from.includes(one))
  return (leads || brings === 'content') && !(status === 'draft' && to.includes('draft'))
}

function expire(command: RequestCommand, request: Request, moment: Moment): Result<LaterEvent> {
  if (!hasExpired(request, moment)) {
    return refuse('not_due', { request: request.id, verb: 'expire', dueAt: deadlineOf(request, moment) })
  }
  const missed = missesTime(request) ? { missed: true as const } : {}
  return success({ type: 'expired', ...happened(command), ...missed, outcome: { status: 'expired' } })
}

function remind(command: RequestCommand, request: Request, { holds }: Facts): Result<LaterEvent> {
  const { id } = request
  const due = duesOf(request, { holds, now: command.at }).find(({ verb }) => verb === 'remind')
  if (!due || command.at < due.at) return refuse('not_due', { request: id, verb: 'remind', dueAt: due?.at ?? 0 })
  return success({ type: 'reminded', ...happened(command), outcome: unmoved(request) ?? { status: 'pending' } })
}

function warn(command: RequestCommand, request: Request, { holds }: Facts): Result<LaterEvent> {
  const { id } = request
  const warnings = warningsOf(request, { holds, now: command.at })
  const due = warnings.find(({ at }) => at <= command.at)
  if (!due) return refuse('not_due', { request: id, verb: 'warn', dueAt: warnings[0]?.at ?? 0 })
  const { deadline } = due
  return success({ type: 'warned', ...happened(command), deadline, outcome: unmoved(request) ?? { status: 'pending' } })
}

/**
 * Ends a request or a draft, unless it was reviewed and policies let the requester do that only before. Recalling it
 * makes reviews no less given.
 */
function end(
  command: RequestCommand & { readonly type: 'cancel' | 'discard' },
  { id, requester, reviews, recalledReviews = 0 }: Request,
  { rules }: Facts,
): Result<LaterEvent> {
  const given = Math.max(reviews.length, recalledReviews)
  if (rules.cancel !== 'any_time' && given > 0 && command.by.user === requester) {
    return refuse('already_reviewed_by_others', { request: id, reviews: given, verb: command.type })
  }
  const type = command.type === 'cancel' ? 'cancelled' : 'discarded'
  return success({ type, ...happened(command), outcome: { status: 'cancelled' } })
}
