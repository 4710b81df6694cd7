import { milliseconds } from '../../policy/model/duration.ts'
import { lapseOf } from '../../review/lapsed.ts'
import { deadlineOf, timeAtRisk, unresolved, whenMissed } from '../model/deadline.ts'
import { type Hold, timeHeld } from '../model/hold.ts'
import { isPlannedRevert } from '../model/planned-revert.ts'
import type { Request } from '../model/request.ts'
import { pendingFollowUp } from '../model/request.ts'
import type { TimedVerb } from '../model/status-table.ts'

/** Something that time does to a request. */
export interface Due {
  readonly verb: TimedVerb
  readonly at: number
}

/** By when a request is judged, and when the workflow was off until then. */
interface Clock {
  readonly now: number
  readonly holds: readonly Hold[] | undefined
}

/**
 * Lists what time will do to a request if nobody does anything; what comes first if several are due is at the
 * front. With a clock, the time that the workflow was off is not counted; without one, these are the earliest
 * moments.
 */
export function duesOf(request: Request, clock?: Clock): readonly Due[] {
  const { status, updatedAt, application, unsettled } = request
  const expires: Due = { verb: 'expire', at: deadlineBy(request, clock) }
  const resumes: readonly Due[] = unsettled ? [{ verb: 'resume', at: updatedAt }] : []
  switch (status) {
    case 'pending':
      // Last, since it is tried again and again while a freeze lasts: nothing else waits for that.
      return [
        expires,
        ...lapses(request),
        ...escalations(request, clock),
        ...reminders(request, clock),
        ...warningsOf(request, clock),
        ...resumes,
      ]
    case 'changes_requested':
      return [expires, ...warningsOf(request, clock), ...resumes]
    case 'approved':
      return [
        expires,
        ...lapses(request),
        ...applications(request),
        ...reminders(request, clock),
        ...warningsOf(request, clock),
      ]
    case 'applying':
      return application ? [{ verb: 'reclaim', at: application.until }] : []
    case 'applied':
    case 'failed':
      return reviewsOwed(request)
    case 'draft':
    case 'rejected':
    case 'cancelled':
    case 'expired':
      return []
  }
}

/** When an approved request is applied by itself: at its time or, if it only waited for another one, at once. */
function applications(request: Request): readonly Due[] {
  const { applyAt, openTime, scheduleDropped, withheld, rules, updatedAt } = request
  if (withheld || scheduleDropped) return []
  const isTalkedAbout = unresolved(request, rules) > 0
  if (applyAt !== undefined) {
    // What may be applied late waits for its comments, and its time comes as soon as they are settled.
    return isTalkedAbout && whenMissed(request, rules) === 'apply' ? [] : [{ verb: 'come_due', at: applyAt }]
  }
  return rules.apply === 'by_hand' || openTime || isTalkedAbout ? [] : [{ verb: 'come_due', at: updatedAt }]
}

/** That people are warned of a deadline. */
export interface Warning extends Due {
  readonly deadline: number
}

/**
 * When people are warned that an open request is about to end, or to miss the time that it is scheduled for: once of
 * each, and of none that comes before one which they were warned of, as that is near already. What is applied by itself
 * before it ends needs nobody, unless something keeps it off when its time has come.
 */
export function warningsOf(request: Request, clock?: Clock): readonly Warning[] {
  const { status, rules, updatedAt, warnedOf } = request
  if (isPlannedRevert(request)) return []
  const end = deadlineBy(request, clock)
  const time = whenMissed(request, rules) === 'expire' ? undefined : timeAtRisk(request)
  const times = time !== undefined && time > (clock?.now ?? updatedAt) && time < end ? [time] : []
  const byItself = status === 'approved' && unresolved(request, rules) === 0 ? applications(request) : []
  const ahead = [...times, ...byItself.map(({ at }) => at)]
  const all = [...times.map((deadline) => warningOf(request, deadline)), warningOf(request, end, ahead)]
  return all.filter(({ at, deadline }) => (warnedOf ?? 0) < deadline && at < deadline)
}

function warningOf({ askedAt }: Request, deadline: number, ahead: readonly number[] = []): Warning {
  const lead = Math.min(longestLead, Math.floor((deadline - askedAt) / 4))
  return { verb: 'warn', at: Math.max(deadline - lead, ...ahead), deadline }
}

/** How long before a deadline people are warned at most, in milliseconds. */
const longestLead = milliseconds('1d')

function deadlineBy(request: Request, clock: Clock | undefined): number {
  return deadlineOf(request, clock && { at: clock.now, holds: clock.holds })
}

function lapses(request: Request): readonly Due[] {
  const at = nextLapse(request)
  return at === undefined ? [] : [{ verb: 'lapse', at }]
}

/** When the next approval stops counting, of those of which that is not recorded yet; `undefined` if none does. */
export function nextLapse({ reviews, rules, digest, round, lapsedAt = 0 }: Request): number | undefined {
  const ends = reviews
    .filter((review) => review.digest === digest && review.round === round)
    .flatMap((review) => lapseOf(review, rules) ?? [])
    .filter((at) => at > lapsedAt)
  return ends.length === 0 ? undefined : Math.min(...ends)
}

/** When something happens to a request by itself; `undefined` if nothing does. */
export function nextDue(request: Request): number | undefined {
  const dues = duesOf(request)
  return dues.length === 0 ? undefined : Math.min(...dues.map(({ at }) => at))
}

/** What is to be done with a request by now. */
export function dueVerb(request: Request, now: number, holds?: readonly Hold[]): TimedVerb | undefined {
  return duesOf(request, { now, holds }).find(({ at }) => at <= now)?.verb
}

/** The policies whose escalation is due: nobody answered enough for so long. */
export function escalating({ requirements, askedAt, escalated = [] }: Request, now: number) {
  return requirements.filter(({ policy, version, escalate }) => {
    const done = escalated.some((other) => other.policy === policy && other.version === version)
    return escalate !== undefined && !done && askedAt + milliseconds(escalate.after) <= now
  })
}

function escalations(request: Request, clock: Clock | undefined): readonly Due[] {
  const began = request.askedAt + heldSince(request.askedAt, clock)
  return escalating(request, Number.POSITIVE_INFINITY).flatMap(({ escalate }) =>
    escalate ? [{ verb: 'escalate', at: began + milliseconds(escalate.after) }] : [],
  )
}

function reminders(request: Request, clock: Clock | undefined): readonly Due[] {
  const { rules, requirements, askedAt, remindedAt = askedAt } = request
  const { remindEvery } = rules
  if (remindEvery === 'never' || requirements.length === 0) return []
  return [{ verb: 'remind', at: remindedAt + heldSince(remindedAt, clock) + milliseconds(remindEvery) }]
}

function heldSince(from: number, clock: Clock | undefined): number {
  return clock?.holds ? timeHeld(clock.holds, from, clock.now) : 0
}

function reviewsOwed(request: Request): readonly Due[] {
  const { followUp, rules } = request
  if (!followUp || !pendingFollowUp(request)) return []
  const { remindedAt, dueAt } = followUp
  return [{ verb: 'remind', at: remindedAt === undefined ? dueAt : remindedAt + milliseconds(rules.settleWithin) }]
}
