import { type Refusal, refuse, success } from '../../../errors/result.ts'
import { type Giver, ownerOf } from '../../review/giver.ts'
import type { Facts, RequestCommand, ReviewCommand } from '../model/command.ts'
import type { Decision } from '../model/decision.ts'
import {
  type EscalatedEvent,
  happened,
  type LaterEvent,
  type OtherEvent,
  type Outcome,
  type ReviewEvent,
} from '../model/event.ts'
import { evolve } from '../model/evolve.ts'
import { ownTime } from '../model/hold.ts'
import type { Request } from '../model/request.ts'
import { giver, withoutAuthority } from './authority.ts'
import { isBlank } from './check-reason.ts'
import { escalating, nextDue } from './due-verbs.ts'
import { reviewOutcome } from './request-outcome.ts'

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
  const { user, principal } = found.value
  const refusal = refusedReview(command, request, { facts, giver: found.value })
  if (refusal) return { ok: false, refusal }
  const replaces = replacedBy(found.value, request, { facts, at: command.at })
  const event: ReviewEvent = {
    type: eventTypes[command.type],
    ...happened(command),
    round: request.round,
    digest: request.digest,
    person: user.person,
    ...(user === principal ? {} : { onBehalfOf: whose, ownerPerson: principal.person }),
    roles: principal.roles,
    ...(replaces.length === 0 ? {} : { replaces }),
    outcome: { status: 'pending' },
  }
  if (command.type === 'reject' && facts.rules.onReject === 'close') {
    return success({ ...event, outcome: { status: 'rejected' } })
  }
  return settled(event, request, { facts, at: command.at })
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

/** Decides what follows from an answer that was taken back while the workflow was off. */
export function resume(command: RequestCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  if (!request.unsettled) return refuse('not_due', { request: request.id, verb: 'resume', dueAt: 0 })
  return settled({ type: 'resumed', ...happened(command), outcome: { status: 'pending' } }, request, {
    facts,
    at: command.at,
  })
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

function settled(
  event: ReviewEvent | EscalatedEvent | OtherEvent,
  request: Request,
  { facts, at }: { readonly facts: Facts; readonly at: number },
): Decision<LaterEvent> {
  const outcome: Decision<Outcome> = reviewOutcome(evolve(request, event), facts, at)
  return outcome.ok ? success({ ...event, outcome: outcome.value }) : outcome
}

function refusedReview(
  { type: verdict, seen, reason }: ReviewCommand,
  request: Request,
  { facts, giver }: { readonly facts: Facts; readonly giver: Giver },
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
  const given = request.reviews.filter((review) => facts.users.get(ownerOf(review))?.person === principal.person)
  const stands = given.find(({ onBehalfOf, verdict: before }) => {
    const isTheirOwn = onBehalfOf === undefined
    return user === principal ? before === verdict && isTheirOwn : before === verdict || isTheirOwn
  })
  return stands && refuse('already_reviewed', { request: id, actor, verdict: stands.verdict }).refusal
}
