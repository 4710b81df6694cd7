import { type Refusal, refuse, success } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import { canonical } from '../../json/canonical.ts'
import { asJson } from '../../json/json.ts'
import { type Giver, ownerOf } from '../../review/giver.ts'
import { isLapsed } from '../../review/lapsed.ts'
import { standing, wholeAnswers } from '../../review/standing.ts'
import type { Facts, NextContent, RequestCommand, ReviewCommand } from '../model/command.ts'
import { whenMissed } from '../model/deadline.ts'
import { type Decision, needs } from '../model/decision.ts'
import { type EscalatedEvent, happened, type LaterEvent, type OtherEvent, type ReviewEvent } from '../model/event.ts'
import { evolve } from '../model/evolve.ts'
import { isMissed, ownTime } from '../model/hold.ts'
import type { Outcome } from '../model/outcome.ts'
import { type Request, unmoved } from '../model/request.ts'
import { giver, withoutAuthority } from './authority.ts'
import { isBlank } from './check-reason.ts'
import { writeContent } from './decide-content.ts'
import { escalating, nextDue, nextLapse } from './due-verbs.ts'
import { inForce, refuseStale, reviewOutcome, stillPending } from './request-outcome.ts'

const eventTypes = {
  approve: 'approved',
  reject: 'rejected',
  request_changes: 'changes_requested',
} as const

/**
 * Decides an answer: by somebody who may answer, to exactly what they saw, and with a reason if it is not an
 * approval.
 */
export function decideReview(command: ReviewCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { onBehalfOf: whose = command.by.user, at } = command
  const found = giver({ by: command.by.user, whose, at }, request, facts)
  if (!found.ok) return found
  if (command.type === 'approve' && isApproved(request, facts, at)) {
    return refuse('not_open', { request: request.id, status: request.status, verb: 'approve' })
  }
  const missed = command.type === 'approve' ? missedBefore(request, facts, at) : undefined
  if (missed !== undefined) return refuse('expired', { request: request.id, expiredAt: missed })
  const { next } = facts
  const names = command.type === 'approve' && command.details !== undefined && !(next && isSameContent(next))
  const refusal = refusedReview(command, request, { facts, giver: found.value, names })
  if (refusal) return { ok: false, refusal }
  if (names && !next) return needs('next')
  const current = command.type === 'approve' ? refuseStale(facts) : success(true)
  if (!current.ok) return current
  if (names && next) return approveNaming(command, request, { facts, next, giver: found.value })
  return settled(reviewEvent(command, request, { facts, giver: found.value }), request, { facts, at })
}

/**
 * Decides that an approval names details which the action leaves to approvers. They become content with a digest of
 * its own: the approval is for that, and those before it are for nothing any more. Whoever names them is no
 * contributor.
 */
function approveNaming(
  command: ReviewCommand,
  request: Request,
  { facts, next, giver: who }: { readonly facts: Facts; readonly next: NextContent; readonly giver: Giver },
): Decision<LaterEvent> {
  const written = writeContent({ ...command, type: 'approve' }, request, { ...facts, next })
  if (!written.ok) return written
  const { pinned } = written.value
  const named = evolve(request, { ...written.value, type: 'edited' })
  const asked = { ...facts, requirements: pinned.requirements, rules: pinned.rules }
  const against = withoutAuthority(who, 'approve', { request: named, facts: asked })
  if (against) return { ok: false, refusal: against }
  const event = reviewEvent(command, named, { facts: asked, giver: who })
  return settled({ ...event, ...defined({ details: command.details }), pinned }, request, {
    facts: asked,
    at: command.at,
  })
}

/** Tells whether the details that an approval names are those that the content has. */
function isSameContent({ before, changes }: NextContent): boolean {
  return canonical(asJson(before)) === canonical(asJson(changes))
}

/** What is recorded of an answer, before it is known what follows from it. */
function reviewEvent(
  command: ReviewCommand,
  request: Request,
  { facts, giver: who }: { readonly facts: Facts; readonly giver: Giver },
): ReviewEvent {
  const { user, principal } = who
  const { onBehalfOf: whose = command.by.user } = command
  const replaces = replacedBy(who, request, { facts, at: command.at })
  const isClosing = command.type === 'reject' && facts.rules.onReject === 'close'
  return {
    type: eventTypes[command.type],
    ...happened(command),
    round: request.round,
    digest: request.digest,
    person: user.person,
    ...(user === principal ? {} : { onBehalfOf: whose, ownerPerson: principal.person }),
    roles: principal.roles,
    ...(request.additions ? { additions: request.additions.length } : {}),
    ...(replaces.length === 0 ? {} : { replaces }),
    outcome: { status: isClosing ? 'rejected' : 'pending' },
  }
}

/** Tells whether a request is approved and still is by today: then nobody's approval is missing. */
function isApproved(request: Request, facts: Facts, at: number): boolean {
  return request.status === 'approved' && standing({ ...request, ...inForce(request, facts), at }, facts.users).met
}

/**
 * The time that a request has missed which was approved before, and is not by today: whoever approves it from then on
 * is as late as if it had never been. Undefined if it was not, or its policies do not end it for that.
 */
function missedBefore(request: Request, { holds, rules }: Facts, at: number): number | undefined {
  const { status, applyAt, scheduleDropped } = request
  if (status !== 'approved' || applyAt === undefined || at < applyAt || scheduleDropped) return undefined
  return whenMissed(request, rules) === 'expire' && !isMissed(request, holds) ? applyAt : undefined
}

/**
 * Whose approvals fall, since the same people give another answer: the two count once. An approval of somebody else's
 * falls only if the actor could take it back: what they gave for somebody who does not let them any more stays.
 */
function replacedBy(
  { user, principal }: Giver,
  request: Request,
  { facts, at }: { readonly facts: Facts; readonly at: number },
): readonly string[] {
  const owners = request.reviews
    .filter(({ by, verdict }) => verdict === 'approve' && by === user.id)
    .map(ownerOf)
    .filter((owner) => owner !== principal.id)
  return owners.filter((owner) => giver({ by: user.id, whose: owner, at }, request, facts).ok)
}

/**
 * Decides what follows from an answer that was taken back while the workflow was off, or from the end of a freeze that
 * asked. It is not due while a freeze still asks for approvals that are missing.
 */
export function resume(command: RequestCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { asksUntil: dueAt = 0 } = facts
  const notDue = refuse('not_due', { request: request.id, verb: 'resume', dueAt })
  if (!request.unsettled) return notDue
  const event = { type: 'resumed', ...happened(command), outcome: { status: 'pending' } } as const
  const decision = settled(event, request, { facts, at: command.at })
  return decision.ok && 'unsettled' in decision.value.outcome ? notDue : decision
}

/**
 * Decides that others may answer too, since nobody answered enough for so long. Somebody who has answered may be one
 * of them.
 */
export function escalate(command: RequestCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const now = ownTime(request, facts.holds, command.at)
  const due = escalating(request, now)
  if (due.length === 0) {
    const dueAt = (nextDue(request) ?? 0) + (command.at - now)
    return refuse('not_due', { request: request.id, verb: command.type, dueAt })
  }
  const policies = due.map(({ policy, version }) => ({ policy, version }))
  const event: EscalatedEvent = { type: 'escalated', ...happened(command), policies, outcome: { status: 'pending' } }
  return settled(event, request, { facts, at: command.at })
}

/**
 * Decides that approvals do not count any more, since they were given too long ago. What was approved by them waits
 * for others.
 */
export function lapse(command: RequestCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { id, status } = request
  const dueAt = nextLapse(request)
  if (dueAt === undefined || command.at < dueAt) {
    return refuse('not_due', { request: id, verb: command.type, dueAt: dueAt ?? 0 })
  }
  const { met } = standing({ ...request, ...inForce(request, facts), at: command.at }, facts.users)
  const stays = status !== 'approved' || met ? unmoved(request) : undefined
  const outcome = stays ?? stillPending(request, facts, command.at)
  return success({ type: 'approvals_lapsed', ...happened(command), outcome })
}

function settled(
  event: ReviewEvent | EscalatedEvent | OtherEvent,
  request: Request,
  { facts, at }: { readonly facts: Facts; readonly at: number },
): Decision<LaterEvent> {
  if (event.outcome.status === 'rejected') return success(event)
  const outcome: Decision<Outcome> = reviewOutcome(evolve(request, event), facts, { at })
  return outcome.ok ? success({ ...event, outcome: outcome.value }) : outcome
}

function refusedReview(
  { type: verdict, seen, reason, at }: ReviewCommand,
  request: Request,
  { facts, giver, names }: { readonly facts: Facts; readonly giver: Giver; readonly names: boolean },
): Refusal | undefined {
  const { id, digest } = request
  const { user, principal } = giver
  const actor = user.id
  const against = withoutAuthority(giver, verdict, { request, facts })
  if (against) return against
  if (seen !== digest) return refuse('digest_mismatch', { request: id, seen }).refusal
  const takesReason = verdict === 'request_changes' || (verdict === 'reject' && facts.rules.rejectReasonRequired)
  if (takesReason && (reason === undefined || isBlank(reason))) {
    return refuse('reason_required', { verb: verdict }).refusal
  }
  if (verdict === 'approve' && request.conflicts > 0) {
    return refuse('conflicts_open', { request: id, conflicts: request.conflicts }).refusal
  }
  const counting = request.reviews.filter((review) => !isLapsed(review, { at, rules: facts.rules }))
  const judged = { reviews: counting, ...inForce(request, facts) }
  const barring = verdict === 'approve' ? wholeAnswers(judged, facts.users) : counting
  const given = barring.filter((review) => facts.users.get(ownerOf(review))?.person === principal.person)
  const stands = given.find(({ onBehalfOf, verdict: before }) => {
    const isTheirOwn = onBehalfOf === undefined
    return user === principal ? before === verdict && isTheirOwn : before === verdict || isTheirOwn
  })
  // Details that nobody has named yet are new content: whoever approved the content without them approves that.
  if (names && stands?.verdict === 'approve') return undefined
  return stands && refuse('already_reviewed', { request: id, actor, verdict: stands.verdict }).refusal
}
