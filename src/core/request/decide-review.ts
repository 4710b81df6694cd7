import { type Refusal, type Result, refuse, success } from '../../errors.ts'
import { eligibility } from '../review/eligibility.ts'
import type { KnownUser } from '../review/voter.ts'
import type { Facts, RequestCommand, ReviewCommand } from './command.ts'
import { happened, type LaterEvent, type Outcome, type ReviewEvent } from './event.ts'
import { evolve } from './evolve.ts'
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
  const reviewer = facts.users.get(command.by.user)
  if (!reviewer) return refuse('unknown_actor', { actor: command.by.user })
  const refusal = refusedReview(command, request, { facts, reviewer })
  if (refusal) return { ok: false, refusal }
  const event: ReviewEvent = {
    type: eventTypes[command.type],
    ...happened(command),
    round: request.round,
    digest: request.digest,
    roles: reviewer.roles,
    outcome: { status: 'pending' },
  }
  if (command.type === 'reject' && facts.rules.onReject === 'close') {
    return success({ ...event, outcome: { status: 'rejected' } })
  }
  return settled(event, request, { facts, at: command.at })
}

/** Decides that somebody takes their answer back. */
export function withdraw(command: RequestCommand, request: Request, facts: Facts): Result<LaterEvent> {
  const { user } = command.by
  const review = request.reviews.find(({ by }) => by === user)
  if (!review) return refuse('no_review', { request: request.id, actor: user })
  const event: ReviewEvent = {
    type: 'withdrawn',
    ...happened(command),
    round: request.round,
    digest: request.digest,
    roles: facts.users.get(user)?.roles ?? [],
    outcome: { status: 'pending' },
  }
  return settled(event, request, { facts, at: command.at })
}

function settled(
  event: ReviewEvent,
  request: Request,
  { facts, at }: { readonly facts: Facts; readonly at: number },
): Result<LaterEvent> {
  const outcome: Result<Outcome> = settle(evolve(request, event), facts, at)
  return outcome.ok ? success({ ...event, outcome: outcome.value }) : outcome
}

function refusedReview(
  { type: verdict, seen, reason }: ReviewCommand,
  request: Request,
  { facts, reviewer }: { readonly facts: Facts; readonly reviewer: KnownUser },
): Refusal | undefined {
  const { id, digest } = request
  const actor = reviewer.id
  switch (eligibility({ ...request, ...inForce(facts) }, { user: reviewer, users: facts.users, verdict })) {
    case 'requester':
      return refuse('self_approval', { request: id, actor }).refusal
    case 'contributor':
      return refuse('contributor', { request: id, actor }).refusal
    case 'not_an_approver':
      return refuse('not_an_approver', { request: id, actor, roles: reviewer.roles }).refusal
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
  const own = request.reviews.find(({ by }) => by === actor || facts.users.get(by)?.person === reviewer.person)
  return own?.verdict === verdict ? refuse('already_reviewed', { request: id, actor, verdict }).refusal : undefined
}
