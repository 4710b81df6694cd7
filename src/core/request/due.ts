import { milliseconds } from '../policy/duration.ts'
import { openDebt } from './debt.ts'
import type { Request } from './request.ts'
import type { TimedVerb } from './status.ts'

/** Something that time does to a request. */
export interface Due {
  readonly verb: TimedVerb
  readonly at: number
}

/** Lists what time will do to a request if nobody does anything; what comes first where several are due is at the front. */
export function duesOf(request: Request): readonly Due[] {
  const { status, expiresAt, applyAt, scheduleDropped, rules, updatedAt, application } = request
  const expires: Due = { verb: 'expire', at: expiresAt }
  switch (status) {
    case 'pending':
      return [expires, ...escalations(request), ...reminders(request)]
    case 'changes_requested':
      return [expires]
    case 'approved':
      if (applyAt === undefined)
        return rules.apply === 'by_hand' ? [expires] : [expires, { verb: 'come_due', at: updatedAt }]
      return scheduleDropped ? [expires] : [expires, { verb: 'come_due', at: applyAt }]
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

/** When something happens to a request by itself; undefined where nothing does. */
export function nextDue(request: Request): number | undefined {
  const dues = duesOf(request)
  return dues.length === 0 ? undefined : Math.min(...dues.map(({ at }) => at))
}

/** What is to be done with a request by now. */
export function dueVerb(request: Request, now: number): TimedVerb | undefined {
  return duesOf(request).find(({ at }) => at <= now)?.verb
}

/** The policies whose escalation is due: nobody answered enough for so long. */
export function escalating({ requirements, askedAt, escalated = [] }: Request, now: number) {
  return requirements.filter(({ policy, version, escalate }) => {
    const done = escalated.some((other) => other.policy === policy && other.version === version)
    return escalate !== undefined && !done && askedAt + milliseconds(escalate.after) <= now
  })
}

function escalations(request: Request): readonly Due[] {
  return escalating(request, Number.POSITIVE_INFINITY).flatMap(({ escalate }) =>
    escalate ? [{ verb: 'escalate', at: request.askedAt + milliseconds(escalate.after) }] : [],
  )
}

function reminders({ rules, askedAt, remindedAt = askedAt }: Request): readonly Due[] {
  const { remindEvery } = rules
  return remindEvery === 'never' ? [] : [{ verb: 'remind', at: remindedAt + milliseconds(remindEvery) }]
}

function reviewsOwed(request: Request): readonly Due[] {
  const { debt, rules } = request
  if (!debt || !openDebt(request)) return []
  const { remindedAt, dueAt } = debt
  return [{ verb: 'remind', at: remindedAt === undefined ? dueAt : remindedAt + milliseconds(rules.settleWithin) }]
}
