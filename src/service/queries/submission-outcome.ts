import type { Actor } from '../../core/request/model/event.ts'
import { readAgain } from '../commands/read-again.ts'
import type { Context } from '../context/context.ts'
import { current } from '../requests/deliver-outside.ts'
import { outcomeOf, type SubmitOutcome } from '../requests/submit-outcome.ts'
import { readRequest } from './read-request.ts'

/** Gives what became of a submission by now, if its change was on its way. */
export async function outcomeNow(context: Context, actor: Actor, outcome: SubmitOutcome): Promise<SubmitOutcome> {
  if (outcome.status !== 'applying') return outcome
  const { status } = await current(context, outcome.request)
  if (status === 'applying') return outcome
  const request = await readAgain(() => readRequest(context, actor, outcome.request.id))
  return outcomeOf(request)
}
