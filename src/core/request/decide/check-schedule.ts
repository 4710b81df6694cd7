import type { RulesOfConduct } from '../../policy/model/rules-of-conduct.ts'
import type { ComeDueCommand, ContentCommand, DraftCommand, ReviewCommand } from '../model/command.ts'
import { earliestOf, type Schedule } from '../model/schedule.ts'

/** A command that brings content. */
type Writing = ContentCommand | DraftCommand | ComeDueCommand | ReviewCommand

/** A schedule, and what it has to fit into. */
export interface CheckedSchedule extends Schedule {
  readonly expiresAt: number
  readonly drafting: boolean
  readonly rules: RulesOfConduct
}

/** What is wrong with a schedule, and with which of its parts. */
export interface ScheduleProblem {
  readonly argument: 'applyAt' | 'applyBy' | 'revertAt'
  readonly problem: string
}

/** Says why content cannot be put forward with its schedule; `undefined` if it can. */
export function scheduleProblem(command: Writing, schedule: CheckedSchedule): ScheduleProblem | undefined {
  const when = timeProblem(command, schedule)
  if (when !== undefined) return { argument: 'applyAt', problem: when }
  for (const argument of ['applyBy', 'revertAt'] as const) {
    const problem = laterProblem(command, schedule, argument)
    if (problem !== undefined) return { argument, problem }
  }
  return undefined
}

/** Tells whether a command says when; the others keep what was said. */
function setsTime(command: Writing): boolean {
  const { type } = command
  return type === 'submit' || type === 'draft' || type === 'schedule' || ('timed' in command && command.timed === true)
}

/** Tells whether a draft stays one, with the time that it had: that is named anew when it is submitted. */
function keepsTime(command: Writing, drafting: boolean): boolean {
  return drafting && !setsTime(command) && command.type !== 'unschedule'
}

function timeProblem(command: Writing, schedule: CheckedSchedule): string | undefined {
  const { applyAt, openTime, expiresAt, drafting, rules } = schedule
  const { at, type } = command
  if (openTime) return openProblem(command, schedule)
  if (applyAt === undefined) return type === 'schedule' ? 'must be given' : undefined
  if (!Number.isSafeInteger(applyAt)) return 'must be a time in milliseconds since 1970'
  if (applyAt <= at && setsTime(command)) return 'must be in the future'
  if (drafting) return undefined
  if (applyAt <= at && rules.whenMissed === 'expire' && type !== 'come_due') return takesTime(command) ? passed : over
  if (applyAt >= expiresAt) return 'must be before the request expires'
  return undefined
}

const passed =
  'has passed, and policies let nothing be applied late: name another time, or null to apply it once it is approved'
const over =
  'has passed, and policies let nothing be applied late: schedule the request for another time first, or submit it with one if it has failed'

/** Tells whether a command can say when. */
function takesTime({ type }: Writing): boolean {
  return !['edit', 'rebase', 'resolve', 'approve'].includes(type)
}

function openProblem(command: Writing, { openTime, expiresAt, drafting, rules }: CheckedSchedule): string | undefined {
  const { at } = command
  const { from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = openTime ?? {}
  if (from >= until) return 'must begin before its end'
  if (until <= at && !keepsTime(command, drafting)) return 'must end in the future'
  if (drafting) return undefined
  if (rules.applyTime !== 'open') return closed
  return from >= expiresAt ? 'must begin before the request expires' : undefined
}

const closed = `must be a time: no policy lets a request be submitted with an open one (rules: { applyTime: 'open' })`

/** For how long something is applied for a time at most, in milliseconds. */
const longestTime = 366 * 24 * 60 * 60_000

/** What is wrong with a time that has to be later than the one at which a change is applied. */
function laterProblem(
  command: Writing,
  { drafting, ...schedule }: CheckedSchedule,
  name: 'applyBy' | 'revertAt',
): string | undefined {
  const time = schedule[name]
  if (time === undefined) return undefined
  if (!Number.isSafeInteger(time)) return 'must be a time in milliseconds since 1970'
  if (time <= command.at && !keepsTime(command, drafting)) return 'must be in the future'
  if (name === 'revertAt' && time > command.at + longestTime) return 'must be within a year'
  const from = earliestOf(schedule)
  return from !== undefined && time <= from ? 'must be later than the time at which it is to be applied' : undefined
}
