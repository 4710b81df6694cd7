import { type Result, refuse, success } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import type { Facts, SetTimeCommand } from '../model/command.ts'
import { deadlineOf } from '../model/deadline.ts'
import { type Decision, needs } from '../model/decision.ts'
import { happened, type LaterEvent } from '../model/event.ts'
import { type Request, unmoved } from '../model/request.ts'

/**
 * Decides that somebody who may apply a request says when, within the time that reviewers have left open. What they
 * agreed to stays the same.
 */
export function setTime(command: SetTimeCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { applyAt } = command
  const { openTime } = request
  if (!openTime) return refuse('time_not_open', { request: request.id })
  if (!facts.target) return needs('target')
  if (facts.target.unlandable) return { ok: false, refusal: facts.target.unlandable }
  const checked = applyAt === undefined ? success(true) : checkTime(applyAt, command, request)
  if (!checked.ok) return checked
  const outcome = unmoved(request) ?? { status: 'pending' }
  return success({ type: 'time_set', ...happened(command), ...defined({ applyAt }), outcome })
}

function checkTime(applyAt: number, { at }: SetTimeCommand, request: Request): Result<true> {
  const { from = at } = request.openTime ?? {}
  const end = deadlineOf({ ...request, status: 'approved' })
  const problem = !Number.isSafeInteger(applyAt)
    ? 'must be a time in milliseconds since 1970'
    : applyAt <= at
      ? 'must be in the future'
      : `must lie within the time that was left open: from ${from} on, and before ${end}`
  const fits = Number.isSafeInteger(applyAt) && applyAt > at && applyAt >= from && applyAt < end
  return fits ? success(true) : refuse('invalid_input', { argument: 'applyAt', problem })
}
