import { type Result, refuse, success } from '../../../errors/result.ts'
import { isOwn, ownerOf } from '../../review/giver.ts'
import { standing } from '../../review/standing.ts'
import type { Review } from '../../review/under-review.ts'
import type { Facts, WithdrawCommand } from '../model/command.ts'
import type { Decision } from '../model/decision.ts'
import { happened, type LaterEvent, type ReviewEvent } from '../model/event.ts'
import { evolve } from '../model/evolve.ts'
import type { Request } from '../model/request.ts'
import { giver, withoutAuthority } from './authority.ts'
import { inForce, reviewOutcome, stillPending } from './request-outcome.ts'

/**
 * Decides that somebody takes an answer back. That takes what giving it took: to answer for somebody, their
 * delegation as it is now; to lift what stands in the way, being somebody who may put it there. Only one's own
 * approval can be taken back by whoever gave it, since that brings nothing nearer.
 */
export function withdraw(command: WithdrawCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { by, at } = command
  const meant = meantBy(command, request)
  if (!meant.ok) return meant
  const { verdict } = meant.value
  const whose = ownerOf(meant.value)
  const who = giver({ by: by.user, whose, at }, request, facts)
  if (!who.ok) return who
  const { user, principal } = who.value
  const isOwnApproval = user === principal && verdict === 'approve'
  const against = isOwnApproval ? undefined : withoutAuthority(who.value, verdict, { request, facts })
  if (against) return { ok: false, refusal: against }
  const event: ReviewEvent = {
    type: 'withdrawn',
    ...happened(command),
    round: request.round,
    digest: request.digest,
    person: user.person,
    ...(user === principal ? {} : { onBehalfOf: whose, ownerPerson: principal.person }),
    roles: principal.roles,
    outcome: { status: 'pending' },
  }
  if (facts.held) return heldBack(event, request, facts)
  const outcome = reviewOutcome(evolve(request, event), facts, {
    at,
    wasApproved: request.status === 'approved',
  })
  return outcome.ok ? success({ ...event, outcome: outcome.value }) : outcome
}

/**
 * An answer that is taken back while the workflow is off leads no nearer to being applied: that waits until it is on
 * again.
 */
function heldBack(event: ReviewEvent, request: Request, facts: Facts): Result<LaterEvent> {
  const without = evolve(request, event)
  const { met, blocking } = standing({ ...without, ...inForce(without, facts), at: event.at }, facts.users)
  const { status } = request
  if (status === 'approved')
    return success({ ...event, outcome: met ? { status } : stillPending(without, facts, event.at) })
  const stays = status === 'changes_requested' ? status : 'pending'
  const waits = stays === 'pending' ? met : !blocking.some(({ verdict }) => verdict === 'request_changes')
  return success({ ...event, ...(waits ? { unsettled: true } : {}), outcome: { status: stays } })
}

/** Lists the answers that somebody could mean who takes one back without saying whose. */
export function answersBy(user: string, { reviews }: Pick<Request, 'reviews'>): readonly Review[] {
  return reviews.filter((review) => isOwn(review, user))
}

/** Finds the answer that is meant. What somebody answered themselves is nobody else's to take back. */
function meantBy({ by: { user }, onBehalfOf }: WithdrawCommand, request: Request): Result<Review> {
  const none = refuse('no_review', { request: request.id, actor: user })
  if (onBehalfOf !== undefined) {
    const review = request.reviews.find((one) => ownerOf(one) === onBehalfOf)
    return review && (onBehalfOf === user || review.onBehalfOf !== undefined) ? success(review) : none
  }
  const own = answersBy(user, request)
  const [review] = own
  if (!review) return none
  if (own.length === 1) return success(review)
  const names = own.map((one) => JSON.stringify(ownerOf(one))).join(' or ')
  return refuse('invalid_input', { argument: 'options.onBehalfOf', problem: `must say whose answer: ${names}` })
}
