import { type Result, refuse, success } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import { askingFreezesIn } from '../../policy/model/requirement.ts'
import { standing } from '../../review/standing.ts'
import type { ApplyCommand, BypassCommand, ComeDueCommand, Facts, NextContent } from '../model/command.ts'
import { isEmpty } from '../model/content.ts'
import { unresolved, whenMissed } from '../model/deadline.ts'
import { type Decision, needs } from '../model/decision.ts'
import { happened, type LaterEvent } from '../model/event.ts'
import { evolve } from '../model/evolve.ts'
import { isMissed } from '../model/hold.ts'
import type { Applied, Applying, Approved, Failed } from '../model/outcome.ts'
import { isPlannedRevert, type Reverting } from '../model/planned-revert.ts'
import type { Request } from '../model/request.ts'
import { earliestOf } from '../model/schedule.ts'
import { isBlank } from './check-reason.ts'
import { writeContent } from './decide-content.ts'
import { applicationOf, clearedTarget, inForce, refuseStale, staleness, stillPending } from './request-outcome.ts'

/** Decides whether an approved change may become real now. Everything is judged again, whoever asks. */
export function decideApplication(
  command: ApplyCommand | ComeDueCommand,
  request: Request,
  facts: Facts,
): Decision<LaterEvent> {
  const { met: isMet, policies } = standing({ ...request, ...inForce(request, facts), at: command.at }, facts.users)
  const isPlanned = isPlannedRevert(request)
  const met = isMet || isPlanned
  const due = isDue(command, request, facts)
  if (!due.ok) return due
  if (isUngated(request)) return decideUngated(command, request, facts)
  const comments = unresolved(request, facts.rules)
  if (command.type === 'come_due' && !isPlanned) {
    const isLate = request.applyAt !== undefined && (!met || comments > 0)
    const wasHeld = isMissed(request, facts.holds)
    if (isLate && !wasHeld) return missed(command, request, { met, facts })
    if (!met || wasHeld || facts.withheld) {
      const outcome = met ? waiting(facts.withheld) : stillPending(request, facts, command.at)
      return success({ type: 'schedule_dropped', ...happened(command), outcome })
    }
  }
  if (!met) {
    const unmet = policies.filter((policy) => !policy.met).map(({ policy }) => policy)
    return refuse('approval_missing', { request: request.id, policies: unmet })
  }
  if (comments > 0) return refuse('comments_unresolved', { request: request.id, comments })
  return application(command, request, facts)
}

/**
 * Decides what becomes of a request whose time has come, and which cannot be applied, since approvals are missing by
 * now or comments are not settled: what its policies say of that.
 */
function missed(
  command: ComeDueCommand,
  request: Request,
  { met, facts }: { readonly met: boolean; readonly facts: Facts },
): Decision<LaterEvent> {
  const { rules, withheld } = facts
  const late = whenMissed(request, rules)
  if (late === 'expire') {
    return success({ type: 'expired', ...happened(command), missed: true, outcome: { status: 'expired' } })
  }
  const outcome = met ? waiting(withheld) : stillPending(request, facts, command.at)
  const dropped = { type: 'schedule_dropped', ...happened(command), outcome } as const
  if (late === 'hold') return success(dropped)
  if (!met) return success({ ...dropped, late: true })
  return refuse('comments_unresolved', { request: request.id, comments: unresolved(request, rules) })
}

/** The state of what is approved and applied by hand from now on, and why if it is for its requester. */
function waiting(withheld: Facts['withheld']): Approved {
  return { status: 'approved', ...defined({ withheld }) }
}

function application(command: ApplyCommand | ComeDueCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  // What is blocked is not made up for by itself: it is applied by hand when the freeze is over.
  const { frozen, blockedThen } = facts.target ?? {}
  if (command.type === 'come_due' && (frozen?.mode === 'block' || blockedThen)) {
    return success({ type: 'schedule_dropped', ...happened(command), outcome: { status: 'approved' } })
  }
  const found = landed(request, facts, command.at)
  if (!found.ok) return found
  const outcome = found.value
  if (command.type === 'retry' && facts.target?.unlandable) return { ok: false, refusal: facts.target.unlandable }
  const current = command.type === 'come_due' || outcome.status !== 'failed' ? success(true) : refuseStale(facts)
  if (!current.ok) return current
  const type = outcome.status === 'applying' ? 'claimed' : outcome.status
  return success({ type, ...happened(command), outcome })
}

/**
 * Tells whether a request waits for its time alone, since nobody had to approve it. A planned revert was approved with
 * what it takes back, if that was.
 */
export function isUngated(request: Reverting & Pick<Request, 'requirements' | 'unasked'>): boolean {
  const { status, requirements, unasked } = request
  return status === 'approved' && requirements.length === 0 && (unasked === true || !isPlannedRevert(request))
}

/**
 * Decides what becomes of a change that nobody had to approve, now that its time has come. The policies are asked anew:
 * if somebody has to approve it by now, it is put to them, to be applied as soon as they have.
 */
function decideUngated(command: ApplyCommand | ComeDueCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { next } = facts
  if (!next) return needs('next')
  const { evaluation, gated } = next
  const [first] = next.changes
  const isPlanned = isPlannedRevert(request)
  // What collides is judged by whoever answers for it; where nothing is left to take back, nobody has to approve that.
  const isSettled = next.changes.every(isEmpty) || (facts.target && staleness(facts.target))
  if ((isPlanned && isSettled) || facts.target?.unlandable) return application(command, request, facts)
  const withheld = evaluation.requirements.length === 0 && !isPlanned ? facts.withheld : undefined
  if (command.type === 'come_due' && (gated || withheld || (!isPlanned && isMissed(request, facts.holds)))) {
    return success({ type: 'schedule_dropped', ...happened(command), outcome: waiting(withheld) })
  }
  if (gated && first) return refuse('no_policy', { ...first.resource, actions: first.actions })
  if (evaluation.requirements.length === 0) return application(command, request, facts)
  if (command.type === 'come_due') return askedAnew(command, request, { ...facts, next })
  const policies = [...new Set(evaluation.requirements.map(({ policy }) => policy))]
  return refuse('approval_missing', { request: request.id, policies })
}

/** Decides that what nobody had to approve is put to those who have to by now. */
function askedAnew(
  command: ComeDueCommand,
  request: Request,
  facts: Facts & { readonly next: NextContent },
): Decision<LaterEvent> {
  const written = writeContent(command, request, facts)
  if (!written.ok) return written
  const asked = { users: facts.users, ...facts.next.evaluation }
  return success({ ...written.value, outcome: stillPending(evolve(request, written.value), asked, command.at) })
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
    const asking = facts.rules.bypass.length > 0 ? [] : askingFreezesIn(facts.requirements)
    const freezes = asking.length === 0 ? {} : { freezes: asking.map(({ freeze }) => freeze) }
    return refuse('bypass_forbidden', { request: id, actor: by.user, roles: facts.rules.bypass, ...freezes })
  }
  if (seen !== digest) return refuse('digest_mismatch', { request: id, seen })
  if (command.reason === undefined || isBlank(command.reason)) return refuse('reason_required', { verb: 'bypass' })
  const application = landedPastFreezes(request, facts, command.at)
  if (!application.ok) return application
  const { outcome, freezes } = application.value
  if (outcome.status === 'failed') return { ok: false, refusal: outcome.failure }
  return success({ type: 'bypassed', ...happened(command), ...freezes, outcome })
}

/** Says what becomes of the resources. */
function landed(request: Request, facts: Facts, at: number): Decision<Applying | Applied | Failed> {
  return facts.target ? applicationOf(request, clearedTarget(facts.target, facts), at) : needs('target')
}

/** What becomes of the resources if every freeze is passed, and which ones were. */
export interface LandedPastFreezes {
  readonly outcome: Applying | Applied | Failed
  readonly freezes: { readonly freezes?: readonly string[] }
}

/** The same for whoever may bypass the policies: the freezes that they pass go on record with it. */
export function landedPastFreezes(
  request: Request,
  { target, ...asked }: Pick<Facts, 'target' | 'users' | 'requirements' | 'rules'>,
  at: number,
): Decision<LandedPastFreezes> {
  if (!target) return needs('target')
  const { frozen, ...open } = target
  const found = applicationOf(request, open, at)
  if (!found.ok) return found
  const outcome = found.value
  const passing =
    outcome.status === 'applying'
      ? { ...outcome, application: { ...outcome.application, passes: true as const } }
      : outcome
  const passed = [...(frozen?.freezes ?? []), ...freezesUnmet(request, asked, at)]
  return success({ outcome: passing, freezes: passed.length > 0 ? { freezes: passed } : {} })
}

function isDue({ type, at }: ApplyCommand | ComeDueCommand, request: Request, { rules }: Facts): Result<true> {
  const { id, applyAt, openTime, scheduleDropped, withheld } = request
  const from = earliestOf(request)
  if (from !== undefined && at < from) return refuse('not_due', { request: id, verb: type, dueAt: from })
  const byHand = applyAt === undefined && (rules.apply === 'by_hand' || openTime !== undefined)
  const waiting = byHand || scheduleDropped === true || withheld !== undefined
  const answered = type !== 'come_due' || !waiting
  return answered ? success(true) : refuse('not_due', { request: id, verb: type, dueAt: applyAt ?? 0 })
}

/** The freezes that ask for approvals which are missing. */
function freezesUnmet(
  request: Request,
  { users, ...asked }: Pick<Facts, 'users' | 'requirements' | 'rules'>,
  at: number,
): readonly string[] {
  const asking = askingFreezesIn(asked.requirements)
  const unmet = standing({ ...request, ...inForce(request, asked), at }, users).policies.filter(({ met }) => !met)
  return asking.flatMap(({ freeze }) => (unmet.some(({ policy }) => policy === freeze) ? freeze : []))
}
