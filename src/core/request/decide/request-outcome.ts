import { type Refusal, type Result, refuse, success } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import { widened } from '../../policy/model/escalation.ts'
import { standing } from '../../review/standing.ts'
import type { Facts, TargetFacts } from '../model/command.ts'
import { documentDigest, openConflicts, type ProposedChange, requestDigest } from '../model/content.ts'
import { type Decision, needs } from '../model/decision.ts'
import { hasEqualEffect } from '../model/effect.ts'
import type { Applied, Applying, Failed, Outcome } from '../model/event.ts'
import { isMissed } from '../model/hold.ts'
import type { Request } from '../model/request.ts'

/**
 * Judges where an open request stands after its answers or its content moved: waiting, approved, or applied at once.
 */
export function reviewOutcome(request: Request, facts: Facts, at: number): Decision<Outcome> {
  const { met, blocking } = standing({ ...request, ...inForce(request, facts) }, facts.users)
  if (blocking.some(({ verdict }) => verdict === 'request_changes')) return success({ status: 'changes_requested' })
  if (!met) return success({ status: 'pending' })
  if (facts.rules.apply === 'by_hand' || waits(request, facts, at)) return success({ status: 'approved' })
  if (!facts.target) return needs('target')
  if (keptOff(facts.target) !== undefined) return success({ status: 'approved' })
  return applicationOf(request, facts.target, at)
}

/** What holds for the request now, in the place of what was pinned: with those whom it has escalated to. */
export function inForce(
  { escalated }: Request,
  { requirements, rules }: Pick<Facts, 'requirements' | 'rules'>,
): Pick<Facts, 'requirements' | 'rules'> {
  return { requirements: widened(requirements, escalated), rules }
}

/**
 * Tells whether the request waits for a time that it was scheduled for, or for somebody, since that time was missed.
 */
export function waits(request: Request, { holds }: Pick<Facts, 'holds'>, at: number): boolean {
  const { applyAt, scheduleDropped } = request
  return applyAt !== undefined && (at < applyAt || scheduleDropped === true || isMissed(request, holds))
}

/**
 * Says what applying makes of the resources: new revisions, or the reason why it cannot be. If one of them is kept
 * outside of the database, they are claimed first.
 *
 * The one place where a change becomes real, whoever asks. It believes nothing but the stored content, whose digest
 * it computes again.
 */
export function applicationOf(request: Request, target: TargetFacts, at: number): Result<Applying | Applied | Failed> {
  const found = requestDigest({ ...request, request: request.id, ...contentOf(target) })
  if (found !== request.digest)
    return refuse('content_tampered', { request: request.id, digest: request.digest, found })
  const conflicts = openConflicts(target)
  if (conflicts > 0) return refuse('conflicts_open', { request: request.id, conflicts })

  const [first] = request.resources
  const other = keptOff(target)
  if (first && other !== undefined) return refuse('locked', { type: first.type, id: first.id, request: other })
  const changes = landing(target)
  for (const [index, { resource, base }] of changes.entries()) {
    const live = target.live[index] ?? 0
    if (live !== base) return failed(refuse('stale', { ...resource, base, live }))
  }
  if (target.invalid) return failed({ refusal: target.invalid })
  const revisions = changes.map(({ resource, base, after }) => ({
    type: resource.type,
    id: resource.id,
    number: base + 1,
    digest: documentDigest(after),
  }))
  if (!target.outside) return success({ status: 'applied', revisions })
  const { resource, fence, lease } = target.outside
  const late = request.mayLand ? { mayLand: request.mayLand } : {}
  const application = { resource, fence: fence + 1, until: at + lease, attempts: 1, revisions, ...late }
  return success({ status: 'applying', application })
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
 * same there.
 */
export function landing({ changes, rebased }: TargetFacts): readonly ProposedChange[] {
  const equal =
    rebased?.length === changes.length && changes.every((change, index) => hasEqualEffect(change, rebased[index]))
  return equal ? rebased : changes
}

function contentOf({ changes, applyAt }: TargetFacts) {
  return { changes, ...defined({ applyAt }) }
}

function failed({ refusal }: { readonly refusal: Refusal }): Result<Failed> {
  return success({ status: 'failed', failure: refusal })
}
