import { type Result, refuse, success } from '../../errors.ts'
import { standing } from '../review/standing.ts'
import type { ApplyCommand, Facts } from './command.ts'
import { happened, type LaterEvent } from './event.ts'
import { isBlank } from './reason.ts'
import type { Request } from './request.ts'
import { applicationOf, inForce, waits } from './settle.ts'

/** Decides whether an approved change may become real now. Everything is judged again, whoever asks. */
export function decideApplication(command: ApplyCommand, request: Request, facts: Facts): Result<LaterEvent> {
  if (command.type === 'bypass') return bypass(command, request, facts)
  const { met, policies } = standing({ ...request, ...inForce(request, facts) }, facts.users)
  const due = isDue(command, request, facts)
  if (!due.ok) return due
  if (!met) {
    const unmet = policies.filter((policy) => !policy.met).map(({ policy }) => policy)
    if (command.type !== 'come_due') return refuse('approval_missing', { request: request.id, policies: unmet })
    return success({ type: 'schedule_dropped', ...happened(command), outcome: { status: 'pending' } })
  }
  const application = landed(request, facts)
  if (!application.ok) return application
  const outcome = application.value
  return success({ type: outcome.status, ...happened(command), outcome })
}

/** Applies without the approvals that are missing: by somebody whom every matching policy lets do so, with a reason, on record as what it is. */
function bypass(command: ApplyCommand, request: Request, facts: Facts): Result<LaterEvent> {
  const { user } = command.by
  const { roles = [] } = facts.users.get(user) ?? {}
  if (!facts.rules.bypass.some((role) => roles.includes(role))) {
    return refuse('bypass_forbidden', { request: request.id, actor: user, roles: facts.rules.bypass })
  }
  if (command.reason === undefined || isBlank(command.reason)) return refuse('reason_required', { verb: 'bypass' })
  const application = landed(request, facts)
  if (!application.ok) return application
  const outcome = application.value
  if (outcome.status === 'failed') return { ok: false, refusal: outcome.failure }
  return success({ type: 'bypassed', ...happened(command), outcome })
}

/** Says what becomes of the resources, as far as they were read. */
export function landed(request: Request, { target }: Facts) {
  if (target) return applicationOf(request, target)
  return refuse('content_tampered', { request: request.id, digest: request.digest, found: 'nothing' })
}

function isDue({ type, at }: ApplyCommand, request: Request, { rules }: Facts): Result<true> {
  const { id, applyAt } = request
  if (applyAt === undefined || at >= applyAt) {
    const waiting = applyAt === undefined ? rules.apply === 'by_hand' : waits(request, at)
    const answered = type !== 'come_due' || !waiting
    return answered ? success(true) : refuse('not_due', { request: id, verb: type, dueAt: applyAt ?? 0 })
  }
  return refuse('not_due', { request: id, verb: type, dueAt: applyAt })
}
