import { type Result, refuse, success } from '../../../errors/result.ts'
import { begin } from '../model/evolve.ts'
import { isBlank } from './check-reason.ts'
import { decide } from './decide.ts'
import {
  type Submission,
  type SubmitCommand,
  type SubmitFacts,
  submit,
  targetOfSubmission,
} from './decide-submission.ts'

/**
 * Decides whether somebody makes changes without asking anybody: plainly if nothing gates them, and otherwise as a
 * request that is bypassed as soon as it is there, by the decision that bypasses one that waits.
 *
 * @returns That the changes happen at once, or the events that make the request and bypass it, or a refusal:
 * `bypass_forbidden`, `reason_required`, and those of `submit`.
 */
export function bypassAtOnce(command: SubmitCommand, facts: SubmitFacts): Result<Submission> {
  const { id, by, at, reason } = command
  const { users } = facts
  if (!users.has(by.user)) return refuse('unknown_actor', { actor: by.user })
  if (reason === undefined || isBlank(reason)) return refuse('reason_required', { verb: 'bypass' })
  const submission = submit(command, facts)
  if (!submission.ok || submission.value.type === 'direct') return submission
  const { event } = submission.value
  const request = begin(event)
  if (request.status !== 'pending') return submission
  const { digest: seen, requirements, rules } = request
  const target = targetOfSubmission(facts)
  const decision = decide({ type: 'bypass', by, at, reason, seen }, request, { users, requirements, rules, target })
  if (decision.ok) return success({ type: 'request', event, bypassed: decision.value })
  const { refusal } = decision
  if (!refusal) throw new TypeError(`A bypass of ${id} needs ${decision.needs}, which it was given.`)
  if (refusal.code !== 'bypass_forbidden') return { ok: false, refusal }
  // The request that the refusal names is not there, and never will be.
  const { request: _request, ...details } = refusal.details
  return refuse('bypass_forbidden', details)
}
