import { decidedAs, verbOf } from '../../core/request/decide/permitted-methods.ts'
import type { Decision } from '../../core/request/model/decision.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { evolve } from '../../core/request/model/evolve.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Schedule, scheduleOf } from '../../core/request/model/schedule.ts'
import { isOpen, type RequestMethod } from '../../core/request/model/status-table.ts'
import type { Context } from '../context/context.ts'
import type { Permissions } from '../requests/request-summary.ts'
import { approvalOf } from './approval-of.ts'
import { factsNow, type Shown } from './permitted-verbs.ts'

/** How a method leads on: by itself, or with another time than the one that has passed. */
export type LeadsOn = 'as_it_is' | TimeOption

/** A time that a verb takes as an option. */
export type TimeOption = 'applyAt' | 'applyBy' | 'revertAt'

/**
 * Says whether a method that somebody can use would help: whether it ends the request, has it applied, or leaves it to
 * people who can approve it; `undefined` if it would not.
 */
export async function leadsOn(
  context: Context,
  actor: Actor,
  { shown, method }: { readonly shown: Shown; readonly method: keyof Permissions },
): Promise<LeadsOn | undefined> {
  const { request, stored, at, facts } = shown
  if (method === 'abandon' || method === 'takeOut' || !stored || stored.lost) return 'as_it_is'
  const tried: RequestMethod = method === 'recall' ? 'submit' : method === 'add' ? 'edit' : method
  const type = verbOf(tried, request, { at, holds: facts.holds })
  const known = (await factsNow(context, actor, { ...shown, stored }))(type)
  const use = { type, by: actor, at }
  const { next } = known
  const timed = (schedule: Schedule) => (next ? { ...known, next: { ...next, ...schedule } } : known)
  const needs = timeNeeded(decidedAs(use, request, timed(scheduleOf(stored.content))))
  const decision = decidedAs(use, request, needs === 'applyAt' ? timed({ applyAt: at + 1 }) : known)
  if (!decision.ok || !(await movesOn(context, evolve(request, decision.value), { method, at }))) return undefined
  return needs ?? 'as_it_is'
}

/** The time that a verb was refused for, if it was. */
function timeNeeded(decision: Decision<unknown>): TimeOption | undefined {
  if (decision.ok || decision.refusal?.code !== 'invalid_input') return undefined
  const { argument } = decision.refusal.details
  return times.find((time) => time === argument)
}

const times: readonly TimeOption[] = ['applyAt', 'applyBy', 'revertAt']

/**
 * Tells whether a request is on its way with what became of it: it has ended otherwise than by failing, or whoever is
 * asked could approve it. What an edit or a rebase leaves is not known yet: it is judged by whom it would be put to.
 */
async function movesOn(
  context: Context,
  next: Request,
  { method, at }: { readonly method: keyof Permissions; readonly at: number },
): Promise<boolean> {
  const isNew = method === 'edit' || method === 'rebase' || method === 'resolve'
  if (!isNew && !isOpen(next.status)) return next.status !== 'failed'
  if (next.requirements.length === 0) return true
  const { objections: _, ...anew } = next
  const approval = await approvalOf(context, method === 'edit' ? { ...anew, reviews: [] } : next, at)
  return approval.met || approval.satisfiable
}
