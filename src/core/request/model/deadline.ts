import type { RulesOfConduct } from '../../policy/model/rules-of-conduct.ts'
import { type Hold, timeHeld } from './hold.ts'
import type { Request } from './request.ts'
import { latestOf, type Schedule } from './schedule.ts'
import { isOpen, type RequestStatus } from './status-table.ts'

/** A moment at which a request is judged, and when the workflow was off in its project until then. */
export interface Moment {
  /** In milliseconds since 1970. */
  readonly at: number
  /** Left out: it never was. */
  readonly holds?: readonly Hold[] | undefined
}

/** What says when a request ends by itself. */
export type Timed = Pick<
  Request,
  'status' | 'expiresAt' | 'scheduleDropped' | 'askedAt' | 'updatedAt' | 'rules' | 'openComments' | keyof Schedule
>

/**
 * When a request ends by itself if nobody does anything, in milliseconds since 1970. The one place that says so: it
 * counts from that instant on, whether or not it is recorded. The time that the workflow was off is not counted, but
 * for the moment until which reviewers let it be applied: that is the one that they agreed to.
 */
export function deadlineOf(request: Timed, moment?: Moment): number {
  const { expiresAt, askedAt } = request
  const held = moment?.holds ? timeHeld(moment.holds, askedAt, moment.at) : 0
  const own = Math.min(expiresAt, timeMissed(request) ?? expiresAt) + held
  return Math.min(own, latestOf(request) ?? own)
}

/** Tells whether a request that ends at its deadline ends since a time has passed that it was scheduled for. */
export function missesTime(request: Timed): boolean {
  return timeMissed(request) !== undefined || (latestOf(request) ?? request.expiresAt) < request.expiresAt
}

/**
 * The time that a request would miss: it waits for approval, or for comments to be resolved, was scheduled, and its
 * policies let nothing be applied late. Undefined if it cannot miss its time, or not any more: what is approved and has
 * gone on since its time had no comment open then, for a request that has expired is recorded before it goes on.
 */
export function timeMissed(request: Timed): number | undefined {
  return whenMissed(request, request.rules) === 'expire' ? timeAtRisk(request) : undefined
}

/** The time that a request is scheduled for and cannot keep as it stands, whatever its policies make of that. */
export function timeAtRisk(request: Timed): number | undefined {
  const { status, scheduleDropped, rules, applyAt = 0, updatedAt } = request
  const isTalkedAbout = status === 'approved' && updatedAt < applyAt && unresolved(request, rules) > 0
  const waits = status === 'pending' || status === 'changes_requested' || isTalkedAbout
  return waits && !scheduleDropped ? request.applyAt : undefined
}

/** How many comments keep a request from being applied, since a policy asks for all of them to be resolved. */
export function unresolved(
  { openComments = 0 }: Pick<Request, 'openComments'>,
  { comments }: Pick<RulesOfConduct, 'comments'>,
): number {
  return comments === 'resolved' ? openComments : 0
}

/**
 * What becomes of a request that misses its time. One that was set within an open time is nobody's agreement: another
 * one can be set.
 */
export function whenMissed(
  { openTime }: Pick<Schedule, 'openTime'>,
  rules: Pick<RulesOfConduct, 'whenMissed'>,
): RulesOfConduct['whenMissed'] {
  return openTime ? 'hold' : rules.whenMissed
}

/** Tells whether the deadline of a request has come. The deadline itself is already too late. */
export function hasExpired(request: Timed, moment: Moment): boolean {
  return moment.at >= deadlineOf(request, moment)
}

/**
 * The state of a request at a moment: what is open is expired as soon as its deadline has come, whether or not that
 * is recorded yet.
 */
export function statusAt(request: Timed, moment: Moment): RequestStatus {
  return isOpen(request.status) && hasExpired(request, moment) ? 'expired' : request.status
}
