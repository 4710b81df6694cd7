import { messageOf } from '../../errors/message-of.ts'
import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import { dismiss } from './dismiss.ts'
import { saying } from './follow-state.ts'
import type { ResolvedMove, Situation } from './move.ts'

/** What a refusal says of where it happened. */
export interface Place {
  readonly lifecycle: string
  /** The state that is shown. */
  readonly state: string
}

/** Says why a move is impossible in this situation; `undefined` if it is possible. */
export function judgeMove<T>(move: ResolvedMove<T>, situation: Situation<T>, place: Place): Refusal | undefined {
  const { action, unreferenced, guard } = move
  const { references } = situation
  if (unreferenced && references.length > 0) {
    return refuse('still_referenced', { ...place, action, references }).refusal
  }
  const problem = guard && problemIn(guard, situation)
  return problem === undefined ? undefined : refuse('transition_rejected', { ...place, action, problem }).refusal
}

/** Gives the document that a move leads to. The document that it is given stays as it is. */
export function carriedOut<T>(move: ResolvedMove<T>, situation: Situation<T>, place: Place): Result<T> {
  const { action, effect, says } = move
  if (!effect) return success(saying(situation.document, says))
  try {
    const after = effect(structuredClone(situation))
    dismiss(after)
    return success(saying(after, says))
  } catch (error) {
    return refuse('transition_rejected', { ...place, action, problem: `its effect failed: ${messageOf(error)}` })
  }
}

function problemIn<T>(guard: NonNullable<ResolvedMove<T>['guard']>, situation: Situation<T>): string | undefined {
  try {
    const problem: unknown = guard(structuredClone(situation))
    dismiss(problem)
    return problem === undefined || typeof problem === 'string' ? problem : `its guard answered with ${typeof problem}`
  } catch (error) {
    return `its guard failed: ${messageOf(error)}`
  }
}
