import { type Result, refuse, success } from '../../../errors/result.ts'
import { standing } from '../../review/standing.ts'
import type { ApplyCommand, BypassCommand, ComeDueCommand, Facts } from '../model/command.ts'
import { type Decision, needs } from '../model/decision.ts'
import { type Applied, type Applying, type Failed, happened, type LaterEvent } from '../model/event.ts'
import { isMissed } from '../model/hold.ts'
import type { Request } from '../model/request.ts'
import { isBlank } from './check-reason.ts'
import { applicationOf, inForce } from './request-outcome.ts'

/** Decides whether an approved change may become real now. Everything is judged again, whoever asks. */
export function decideApplication(
  command: ApplyCommand | ComeDueCommand,
  request: Request,
  facts: Facts,
): Decision<LaterEvent> {
  const { met, policies } = standing({ ...request, ...inForce(request, facts) }, facts.users)
  const due = isDue(command, request, facts)
  if (!due.ok) return due
  if (command.type === 'come_due' && (!met || isMissed(request, facts.holds))) {
    const outcome = { status: met ? 'approved' : 'pending' } as const
    return success({ type: 'schedule_dropped', ...happened(command), outcome })
  }
  if (!met) {
    const unmet = policies.filter((policy) => !policy.met).map(({ policy }) => policy)
    return refuse('approval_missing', { request: request.id, policies: unmet })
  }
  const application = landed(request, facts, command.at)
  if (!application.ok) return application
  const outcome = application.value
  const type = outcome.status === 'applying' ? 'claimed' : outcome.status
  return success({ type, ...happened(command), outcome })
}

/**
 * Decides that a change is applied without the approvals that are missing: by somebody whom every matching policy
 * lets do so, to exactly what they saw, with a reason, and on record as what it is.
 */
export function bypass(command: BypassCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { id, digest } = request
  const { by, seen } = command
  const { roles = [] } = facts.users.get(by.user) ?? {}
  if (!facts.rules.bypass.some((role) => roles.includes(role))) {
    return refuse('bypass_forbidden', { request: id, actor: by.user, roles: facts.rules.bypass })
  }
  if (seen !== digest) return refuse('digest_mismatch', { request: id, seen })
  if (command.reason === undefined || isBlank(command.reason)) return refuse('reason_required', { verb: 'bypass' })
  const application = landed(request, facts, command.at)
  if (!application.ok) return application
  const outcome = application.value
  if (outcome.status === 'failed') return { ok: false, refusal: outcome.failure }
  return success({ type: 'bypassed', ...happened(command), outcome })
}

/** Says what becomes of the resources. */
export function landed(request: Request, { target }: Facts, at: number): Decision<Applying | Applied | Failed> {
  return target ? applicationOf(request, target, at) : needs('target')
}

function isDue({ type, at }: ApplyCommand | ComeDueCommand, request: Request, { rules }: Facts): Result<true> {
  const { id, applyAt, scheduleDropped } = request
  if (applyAt === undefined || at >= applyAt) {
    const waiting = applyAt === undefined ? rules.apply === 'by_hand' : scheduleDropped === true
    const answered = type !== 'come_due' || !waiting
    return answered ? success(true) : refuse('not_due', { request: id, verb: type, dueAt: applyAt ?? 0 })
  }
  return refuse('not_due', { request: id, verb: type, dueAt: applyAt })
}
