import { type Refusal, type Result, refuse, success } from '../../errors.ts'
import { covers } from '../review/delegation.ts'
import { eligibility } from '../review/eligibility.ts'
import type { Giver } from '../review/giver.ts'
import { standing } from '../review/standing.ts'
import type { Facts, RequestCommand, ReviewCommand } from './command.ts'
import { escalating, nextDue } from './due.ts'
import {
  type EscalatedEvent,
  happened,
  type LaterEvent,
  type OtherEvent,
  type Outcome,
  type ReviewEvent,
} from './event.ts'
import { evolve, isOwn } from './evolve.ts'
import { ownTime } from './hold.ts'
import { isBlank } from './reason.ts'
import type { Request } from './request.ts'
import { inForce, settle } from './settle.ts'

const eventTypes = {
  approve: 'approved',
  reject: 'rejected',
  request_changes: 'changes_requested',
} as const

/** Decides an answer: by somebody who may answer, to exactly what they saw, and with a reason where it is not an approval. */
export function decideReview(command: ReviewCommand, request: Request, facts: Facts): Result<LaterEvent> {
  const found = giver(command, request, facts)
  if (!found.ok) return found
  const { user, principal } = found.value
  const refusal = refusedReview(command, request, { facts, giver: found.value })
  if (refusal) return { ok: false, refusal }
  const event: ReviewEvent = {
    type: eventTypes[command.type],
    ...happened(command),
    round: request.round,
    digest: request.digest,
    person: user.person,
    ...(command.onBehalfOf === undefined ? {} : { onBehalfOf: command.onBehalfOf }),
    roles: principal.roles,
    outcome: { status: 'pending' },
  }
  if (command.type === 'reject' && facts.rules.onReject === 'close') {
    return success({ ...event, outcome: { status: 'rejected' } })
  }
  return settled(event, request, { facts, at: command.at })
}

/** Who answers: for themselves, or for somebody who has delegated that to them for now. An agent stands in for nobody, and nobody for it. */
function giver({ by, onBehalfOf, at }: ReviewCommand, request: Request, facts: Facts): Result<Giver> {
  const user = facts.users.get(by.user)
  if (!user) return refuse('unknown_actor', { actor: by.user })
  if (onBehalfOf === undefined) return success({ user, principal: user })
  const principal = facts.users.get(onBehalfOf)
  const { delegation } = facts
  const delegated = delegation?.from === onBehalfOf && delegation.to === by.user
  if (!principal || !delegated || user.agent || principal.agent || !covers(delegation, { ...request, at })) {
    return refuse('not_delegated', { request: request.id, actor: by.user, onBehalfOf })
  }
  return success({ user, principal })
}

/** Decides that somebody takes their answer back, or one that was given for them. */
export function withdraw(command: RequestCommand, request: Request, facts: Facts): Result<LaterEvent> {
  const { user } = command.by
  const review = request.reviews.find((one) => isOwn(one, user))
  if (!review) return refuse('no_review', { request: request.id, actor: user })
  const event: ReviewEvent = {
    type: 'withdrawn',
    ...happened(command),
    round: request.round,
    digest: request.digest,
    person: facts.users.get(user)?.person ?? user,
    roles: facts.users.get(user)?.roles ?? [],
    outcome: { status: 'pending' },
  }
  return facts.held ? heldBack(event, request, facts) : settled(event, request, { facts, at: command.at })
}

/** An answer that is taken back while the workflow is off leads no nearer to being applied: that waits until it is on again. */
function heldBack(event: ReviewEvent, request: Request, facts: Facts): Result<LaterEvent> {
  const without = evolve(request, event)
  const { met, blocking } = standing({ ...without, ...inForce(without, facts) }, facts.users)
  const { status } = request
  if (status === 'approved') return success({ ...event, outcome: { status: met ? 'approved' : 'pending' } })
  const stays = status === 'changes_requested' ? status : 'pending'
  const waits = stays === 'pending' ? met : !blocking.some(({ verdict }) => verdict === 'request_changes')
  return success({ ...event, ...(waits ? { unsettled: true } : {}), outcome: { status: stays } })
}

/** Decides what follows from an answer that was taken back while the workflow was off. */
export function resume(command: RequestCommand, request: Request, facts: Facts): Result<LaterEvent> {
  if (!request.unsettled) return refuse('not_due', { request: request.id, verb: 'resume', dueAt: 0 })
  return settled({ type: 'resumed', ...happened(command), outcome: { status: 'pending' } }, request, {
    facts,
    at: command.at,
  })
}

/** Decides that others may answer too, since nobody answered enough for so long. Somebody who has answered may be one of them. */
export function escalate(command: RequestCommand, request: Request, facts: Facts): Result<LaterEvent> {
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
): Result<LaterEvent> {
  const outcome: Result<Outcome> = settle(evolve(request, event), facts, at)
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
  switch (eligibility({ ...request, ...inForce(request, facts) }, facts.users, verdict)(giver)) {
    case 'requester':
      return refuse('self_approval', { request: id, actor }).refusal
    case 'contributor':
      return refuse('contributor', { request: id, actor }).refusal
    case 'excluded':
    case 'not_an_approver':
      return refuse('not_an_approver', { request: id, actor, roles: principal.roles }).refusal
    case 'eligible':
      break
  }
  if (seen !== digest) return refuse('digest_mismatch', { request: id, seen: seen ?? null, digest }).refusal
  if (verdict !== 'approve' && (reason === undefined || isBlank(reason))) {
    return refuse('reason_required', { verb: verdict }).refusal
  }
  if (verdict === 'approve' && request.conflicts > 0) {
    return refuse('conflicts_open', { request: id, conflicts: request.conflicts }).refusal
  }
  const given = request.reviews.find(({ by, onBehalfOf = by }) => {
    return facts.users.get(onBehalfOf)?.person === principal.person
  })
  if (given === undefined) return undefined
  const isDelegates = given.onBehalfOf !== undefined
  const stands =
    user === principal ? given.verdict === verdict && !isDelegates : given.verdict === verdict || !isDelegates
  return stands ? refuse('already_reviewed', { request: id, actor, verdict: given.verdict }).refusal : undefined
}
