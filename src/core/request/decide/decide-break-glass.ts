import { type Result, refuse, success } from '../../../errors/result.ts'
import { milliseconds } from '../../policy/model/duration.ts'
import { eligibility } from '../../review/eligibility.ts'
import { standing } from '../../review/standing.ts'
import type { Review, UnderReview } from '../../review/under-review.ts'
import type { KnownUser } from '../../review/voter.ts'
import type { Facts, FollowUpCommand, GlassCommand } from '../model/command.ts'
import { type Decision, needs } from '../model/decision.ts'
import { happened, type LaterEvent } from '../model/event.ts'
import type { PendingFollowUp } from '../model/follow-up.ts'
import type { Request } from '../model/request.ts'
import { asEnded } from '../model/request.ts'
import { isBlank } from './check-reason.ts'
import { landedPastFreezes } from './decide-application.ts'
import { inForce } from './request-outcome.ts'

/**
 * Decides that a change is applied in an emergency, without the approvals that it lacks. Only somebody whom every
 * matching policy lets break glass can do that, for an incident and with a reason. A follow-up review is required.
 * Until it is done, neither this person nor anyone under the same policy can break glass again.
 */
export function breakGlass(command: GlassCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { id, digest } = request
  const { at, seen, incident } = command
  const user = facts.users.get(command.by.user)
  if (!user || !facts.rules.breakGlass.some((role) => user.roles.includes(role))) {
    return refuse('break_glass_forbidden', { request: id, actor: command.by.user, roles: facts.rules.breakGlass })
  }
  if (seen !== digest) return refuse('digest_mismatch', { request: id, seen })
  if (command.reason === undefined || isBlank(command.reason)) return refuse('reason_required', { verb: command.type })
  if (!facts.followUps) return needs('followUps')
  const policies = [...new Set(facts.requirements.map(({ policy }) => policy))]
  const owed = facts.followUps.find((followUp) => stands(followUp, user, { policies, facts }))
  if (owed) return refuse('follow_up_pending', { request: owed.request, by: owed.by, policies: owed.policies })

  const application = landedPastFreezes(request, facts, at)
  if (!application.ok) return application
  const { outcome, freezes } = application.value
  if (outcome.status === 'failed') return { ok: false, refusal: outcome.failure }
  const dueAt = at + milliseconds(facts.rules.settleWithin)
  return success({
    type: 'glass_broken',
    ...happened(command),
    incident,
    person: user.person,
    policies,
    dueAt,
    ...freezes,
    outcome,
  })
}

/**
 * Tells whether a follow-up review keeps somebody from breaking the glass: their own, whatever account it was, or one
 * against the same policy.
 */
function stands(
  followUp: PendingFollowUp,
  user: KnownUser,
  { policies, facts }: { readonly policies: readonly string[]; readonly facts: Facts },
): boolean {
  const persons = [followUp.person, facts.users.get(followUp.by)?.person]
  return persons.includes(user.person) || followUp.policies.some((policy) => policies.includes(policy))
}

/**
 * Decides that somebody reviews afterwards what was applied by breaking the glass: who could have approved it, and
 * did not break the glass. It is settled once they are as many as the policies had asked for.
 */
export function decideFollowUp(command: FollowUpCommand, request: Request, facts: Facts): Result<LaterEvent> {
  const { id, digest, round, followUp } = request
  const user = facts.users.get(command.by.user)
  if (!user) return refuse('unknown_actor', { actor: command.by.user })
  if (!followUp || followUp.doneAt !== undefined) return refuse('no_follow_up', { request: id })
  const owed: UnderReview = {
    ...request,
    ...inForce(request, facts),
    reviews: followUp.reviews,
    excluded: [followUp.by],
    persons: [...request.persons, { user: followUp.by, person: followUp.person }],
  }
  const actor = user.id
  switch (eligibility(owed, facts.users, 'approve')({ user, principal: user })) {
    case 'excluded':
      return refuse('own_follow_up', { request: id, actor })
    case 'requester':
      return refuse('self_approval', { request: id, actor })
    case 'contributor':
      return refuse('contributor', { request: id, actor })
    case 'not_an_approver':
      return refuse('not_an_approver', { request: id, actor, roles: user.roles })
    case 'eligible':
      break
  }
  const { seen, at, reason } = command
  if (seen !== digest) return refuse('digest_mismatch', { request: id, seen })
  if (reason === undefined || isBlank(reason)) return refuse('reason_required', { verb: command.type })
  if (followUp.reviews.some(({ by }) => facts.users.get(by)?.person === user.person)) {
    return refuse('already_reviewed', { request: id, actor, verdict: 'approve' })
  }
  const review: Review = {
    by: actor,
    person: user.person,
    verdict: 'approve',
    digest,
    round,
    at,
    roles: user.roles,
    reason,
  }
  const outcome = asEnded(request)
  if (!outcome) return refuse('no_follow_up', { request: id })
  const { met } = standing(
    { ...owed, reviews: [...followUp.reviews, review], at: Number.NEGATIVE_INFINITY },
    facts.users,
  )
  return success({
    type: 'follow_up_reviewed',
    ...happened(command),
    person: user.person,
    roles: user.roles,
    done: met,
    outcome,
  })
}
