import { defined } from '../../core/defined.ts'
import { type OpenTime, type Schedule, scheduleOf } from '../../core/request/model/schedule.ts'

/** A schedule that somebody wants: what it leaves out stays as it was, and null takes it off. */
export interface WantedSchedule {
  readonly applyAt?: number | OpenTime | null
  readonly applyBy?: number | null
  readonly revertAt?: number | null
}

/** The schedule that is wanted, of one that there was. */
export function scheduleAfter(before: Schedule, wanted: WantedSchedule): Schedule {
  const { applyBy = before.applyBy, revertAt = before.revertAt } = wanted
  const ends = { applyBy: applyBy ?? undefined, revertAt: revertAt ?? undefined }
  return { ...scheduleOf(defined({ ...whenAfter(before, wanted), ...ends })) }
}

function whenAfter(before: Schedule, { applyAt }: WantedSchedule): Pick<Schedule, 'applyAt' | 'openTime'> {
  if (applyAt === undefined) return defined({ applyAt: before.applyAt, openTime: before.openTime })
  if (applyAt === null) return {}
  return typeof applyAt === 'number' ? { applyAt } : { openTime: applyAt }
}
