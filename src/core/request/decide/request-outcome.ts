import { type Refusal, type Result, refuse, success } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import { widened } from '../../policy/model/escalation.ts'
import { askedAfterFreezes, askingFreezesIn } from '../../policy/model/requirement.ts'
import { standing } from '../../review/standing.ts'
import type { Facts, TargetFacts } from '../model/command.ts'
import { documentDigest, isEmpty, openConflicts, type ProposedChange, requestDigest } from '../model/content.ts'
import { deadlineOf, unresolved, whenMissed } from '../model/deadline.ts'
import { type Decision, needs } from '../model/decision.ts'
import { hasEqualEffect } from '../model/effect.ts'
import { refuseFrozen } from '../model/frozen.ts'
import { isMissed } from '../model/hold.ts'
import type { Applied, Applying, Failed, Outcome, Pending } from '../model/outcome.ts'
import type { Request } from '../model/request.ts'
import { scheduleOf } from '../model/schedule.ts'

/** When an outcome is judged, and whether the request was approved before: then it has not missed its time. */
export interface Judged {
  readonly at: number
  readonly wasApproved?: boolean
}

/**
 * Judges where an open request stands after its answers or its content moved: waiting, approved, or applied at once.
 */
export function reviewOutcome(request: Request, facts: Facts, { at, wasApproved }: Judged): Decision<Outcome> {
  const { met, blocking } = standing({ ...request, ...inForce(request, facts), at }, facts.users)
  if (blocking.some(({ verdict }) => verdict === 'request_changes')) return success({ status: 'changes_requested' })
  if (!met) return success(stillPending(request, facts, at))
  if (!wasApproved && isTooLate(request, facts, at)) return success({ status: 'approved', byHand: true })
  if (facts.rules.apply === 'by_hand' || waits(request, facts, at) || unresolved(request, facts.rules) > 0)
    return success({ status: 'approved' })
  if (!facts.target) return needs('target')
  if (facts.target.frozen?.mode === 'block' || facts.target.blockedThen)
    return success({ status: 'approved', byHand: true })
  if (facts.target.frozen || keptOff(facts.target) !== undefined) return success({ status: 'approved' })
  if (facts.withheld && openConflicts(facts.target) === 0)
    return success({ status: 'approved', withheld: facts.withheld })
  return applicationOf(request, clearedTarget(facts.target, facts), at)
}

/** The target of what has everybody's approval whom freezes ask. */
export function clearedTarget(target: TargetFacts, { requirements }: Pick<Facts, 'requirements'>): TargetFacts {
  const cleared = askingFreezesIn(requirements)
  return cleared.length === 0 ? target : { ...target, cleared }
}

/** The state of what lacks approvals: time settles it if only those are missing that a freeze asks. */
export function stillPending(
  request: Request,
  { users, ...asked }: Pick<Facts, 'users' | 'requirements' | 'rules'>,
  at: number,
): Pending {
  if (askingFreezesIn(asked.requirements).length === 0) return { status: 'pending' }
  const requirements = askedAfterFreezes(asked.requirements)
  const { met } = standing({ ...request, ...inForce(request, { ...asked, requirements }), at }, users)
  return { status: 'pending', ...(met ? { unsettled: true } : {}) }
}

/**
 * Tells whether the time that a request was scheduled for has passed, and its policies do not let it be applied late.
 * Whatever has expired by that never comes so far.
 */
export function isTooLate(request: Request, { rules }: Pick<Facts, 'rules'>, at: number): boolean {
  const { applyAt, scheduleDropped } = request
  const isPast = applyAt !== undefined && applyAt <= at
  return isPast && !scheduleDropped && whenMissed(request, rules) !== 'apply'
}

/** What holds for the request now, in the place of what was pinned: with those whom it has escalated to. */
export function inForce(
  { escalated }: Request,
  { requirements, rules }: Pick<Facts, 'requirements' | 'rules'>,
): Pick<Facts, 'requirements' | 'rules'> {
  return { requirements: widened(requirements, escalated), rules }
}

/**
 * Tells whether the request waits for a time that it was scheduled for, or for somebody: to say when, if its time is
 * open, or to apply it by hand, since its time was missed or a freeze has blocked it.
 */
export function waits(request: Request, { holds }: Pick<Facts, 'holds'>, at: number): boolean {
  const { applyAt, openTime, scheduleDropped } = request
  if (openTime && applyAt === undefined) return true
  return scheduleDropped === true || (applyAt !== undefined && (at < applyAt || isMissed(request, holds)))
}

/**
 * Tells whether a change that nobody has to approve waits for the end of a freeze. Not if it would expire before that:
 * then it is refused at once.
 */
export function waitsForFreeze(request: Request, { frozen }: Pick<TargetFacts, 'frozen'>): boolean {
  return frozen?.mode === 'queue' && frozen.until !== undefined && frozen.until < deadlineOf(request)
}

/**
 * Says what applying makes of the resources: new revisions, or the reason why it cannot be. If one of them is kept
 * outside of the database, they are claimed first.
 *
 * The one place where a change becomes real, whoever asks. It believes nothing but the stored content, whose digest
 * it computes again. Nothing passes a freeze here: whoever bypasses one leaves it out of the target, on record.
 */
export function applicationOf(request: Request, target: TargetFacts, at: number): Result<Applying | Applied | Failed> {
  const found = requestDigest({ ...withoutSchedule(request), request: request.id, ...contentOf(target) })
  if (found !== request.digest)
    return refuse('content_tampered', { request: request.id, digest: request.digest, found })
  const conflicts = openConflicts(target)
  if (conflicts > 0) return refuse('conflicts_open', { request: request.id, conflicts })

  const [first] = request.resources
  const other = keptOff(target)
  if (first && other !== undefined) {
    const { type, id } = (target.lockedBy === undefined ? target.heldOn : target.lockedOn) ?? first
    return refuse('locked', { type, id, request: other })
  }
  if (target.frozen) return refuseFrozen(target.frozen)
  const stale = staleness(target)
  if (stale) return failed({ refusal: stale })
  if (target.invalid) return failed({ refusal: target.invalid })
  const revisions = landingOn(target).map(({ change: { resource, base, after } }) => ({
    type: resource.type,
    id: resource.id,
    number: base + 1,
    digest: documentDigest(after),
  }))
  const isMade = (one: { readonly type: string; readonly id: string }) =>
    revisions.some(({ type, id }) => type === one.type && id === one.id)
  if (!target.outside || !isMade(target.outside.resource)) return success({ status: 'applied', revisions })
  const { resource, fence, lease } = target.outside
  const late = defined({ mayLand: request.mayLand, cleared: target.cleared })
  const application = { resource, fence: fence + 1, until: at + lease, attempts: 1, revisions, ...late }
  return success({ status: 'applying', application })
}

/** Says that a change cannot land as it is, since a resource has moved on or away; `undefined` if it can. */
export function staleness(target: TargetFacts): Refusal<'stale'> | Refusal<'cannot_land'> | undefined {
  if (target.unlandable) return target.unlandable
  for (const [index, { resource, base }] of landing(target).entries()) {
    const live = target.live[index] ?? 0
    if (live !== base) return refuse('stale', { ...resource, base, live }).refusal
  }
  return undefined
}

/**
 * Refuses what could only end in failure since a resource has moved on, so that it costs nobody an approval; unless the
 * policies let people approve what fails when it is applied.
 */
export function refuseStale({ moved, target, rules }: Facts): Decision<true> {
  if (rules.onStale === 'fail_when_applied') return success(true)
  if (!target) return moved ? needs('target') : success(true)
  const stale = staleness(target)
  return stale ? { ok: false, refusal: stale } : success(true)
}

/**
 * The other request that keeps this one from landing: also one that lets others pass meanwhile, if that takes
 * longer than a moment.
 */
function keptOff({ lockedBy, heldBy, outside }: TargetFacts): string | undefined {
  return lockedBy ?? (outside ? heldBy : undefined)
}

/**
 * The changes as they would land: as they were reviewed, or moved onto the live revisions if their effect is the
 * same there. A planned revert takes back what is still there to be taken back.
 */
export function landing({ changes, rebased, reverts }: TargetFacts): readonly ProposedChange[] {
  if (reverts) return rebased ?? changes
  const equal =
    rebased?.length === changes.length && changes.every((change, index) => hasEqualEffect(change, rebased[index]))
  return equal ? rebased : changes
}

/** The changes that make revisions, and their places among all of them: what a revert finds taken back makes none. */
export function landingOn(target: TargetFacts): readonly { readonly change: ProposedChange; readonly index: number }[] {
  const all = landing(target).map((change, index) => ({ change, index }))
  return target.reverts ? all.filter(({ change }) => !isEmpty(change)) : all
}

/** What is stored says when, and nothing else: what it does not say is not taken from the request. */
function withoutSchedule({ applyAt, openTime, applyBy, revertAt, ...request }: Request) {
  return request
}

function contentOf(target: TargetFacts) {
  return { changes: target.changes, ...scheduleOf(target) }
}

function failed({ refusal }: { readonly refusal: Refusal }): Result<Failed> {
  return success({ status: 'failed', failure: refusal })
}
