import { type Result, refuse, success } from '../../errors/result.ts'
import { defined } from '../defined.ts'
import type { Lifecycle } from './define-lifecycle.ts'
import { carriedOut, judgeMove } from './judge.ts'
import type { Details, Ending, LifecycleState, ResolvedMove } from './move.ts'
import { impossible } from './possible-actions.ts'
import { type Step, stepFrom } from './transition-table.ts'

/** An action, and what it is to be done with. */
export interface WantedMove<T = unknown> {
  readonly action: string
  /** The document as it is live or, if the action carries changes, as it would be. */
  readonly document: T
  /**
   * What was said with the action.
   *
   * @defaultValue none
   */
  readonly details?: Details
  /**
   * What refers to the resource.
   *
   * @defaultValue none: nothing refers to it
   */
  readonly references?: readonly string[]
  /**
   * When the clock is to end the state that the action enters, in milliseconds since 1970. Required if the clock ends
   * that state, and refused otherwise.
   *
   * @defaultValue none
   */
  readonly at?: number
  /**
   * When the clock ends the state that the resource is in.
   *
   * @defaultValue none: the clock does not end it
   */
  readonly dueAt?: number
}

/** A resource after a move. */
export interface PerformedMove<T = unknown> {
  readonly move: ResolvedMove<T>
  readonly state: LifecycleState
  readonly document: T
  /** When the clock ends its state, if it does. */
  readonly dueAt?: number
}

/** An action that may be asked for. */
export interface ProposedMove<T = unknown> {
  readonly move: ResolvedMove<T>
  /** Where the resource is while the action waits for approval. */
  readonly whileWaiting: LifecycleState
  /** What the approval will make of the resource, as far as one can know it now. */
  readonly performed: PerformedMove<T>
}

/**
 * Decides whether an action may be asked for, and says what would become of the resource. `now` is the time of
 * asking.
 *
 * @example
 * ```ts
 * const wanted = { action: 'activate', document: flag }
 * const proposed = proposeMove(lifecycle, { live: 'inactive' }, wanted, Date.now())
 * if (proposed.ok) console.log(proposed.value.whileWaiting)
 * ```
 *
 * @returns What would become of the resource, or a refusal: `invalid_transition`, `waiting_for_approval`,
 * `invalid_input`, `still_referenced`, `transition_rejected`.
 */
export function proposeMove<T>(
  lifecycle: Lifecycle<T>,
  state: LifecycleState,
  wanted: WantedMove<T>,
  now: number,
): Result<ProposedMove<T>> {
  const step = stepFrom(lifecycle.table, state, wanted.action)
  if (!step?.move || !lifecycle.actions.includes(wanted.action)) return impossible(lifecycle, state, wanted.action)
  const { move } = step
  if (move.timed && wanted.at !== undefined && wanted.at <= now) {
    return refuse('invalid_input', { argument: 'at', problem: 'must be in the future' })
  }
  const whileWaiting = move.pending === undefined || state.waiting !== undefined ? state : step.to
  const performed = performMove(lifecycle, whileWaiting, wanted)
  return performed.ok ? success({ move, whileWaiting, performed: performed.value }) : performed
}

/**
 * Carries an action out: the one that was approved, or one that nobody has to approve.
 *
 * @example
 * ```ts
 * const performed = performMove(lifecycle, { live: 'inactive' }, { action: 'activate', document: flag })
 * if (performed.ok) console.log(performed.value.state, performed.value.document)
 * ```
 *
 * @returns The resource after the move, or a refusal: `invalid_transition`, `waiting_for_approval`, `invalid_input`,
 * `still_referenced`, `transition_rejected`.
 */
export function performMove<T>(
  lifecycle: Lifecycle<T>,
  state: LifecycleState,
  wanted: WantedMove<T>,
): Result<PerformedMove<T>> {
  const { table } = lifecycle
  const asked = stepFrom(table, state, wanted.action)
  const approved = approvedFrom(state, wanted.action, asked)
  const step = approved ? stepFrom(table, approved, 'approved') : asked
  if (!step?.move || !lifecycle.actions.includes(wanted.action)) return impossible(lifecycle, state, wanted.action)
  return moved(lifecycle, { move: step.move, to: step.to }, wanted)
}

/** Where an action waits, if it waits: what happens while another one waits for approval is carried out at once. */
function approvedFrom<T>(
  state: LifecycleState,
  action: string,
  asked: Step<T> | undefined,
): LifecycleState | undefined {
  if (state.waiting !== undefined) return state.waiting === action ? state : undefined
  return asked?.move?.pending === undefined ? undefined : asked.to
}

/**
 * Does what the clock does once a state's time has come. Refused before, and when the clock has nothing to do.
 *
 * @example
 * ```ts
 * const due = performDueMove(lifecycle, { live: 'scheduled' }, { document: flag, dueAt: 1_000 }, Date.now())
 * ```
 *
 * @returns The resource after the move, or a refusal: `invalid_transition`, `waiting_for_approval`, `invalid_input`
 * before its time, `still_referenced`, `transition_rejected`.
 */
export function performDueMove<T>(
  lifecycle: Lifecycle<T>,
  state: LifecycleState,
  situation: Pick<WantedMove<T>, 'document' | 'dueAt' | 'references'>,
  now: number,
): Result<PerformedMove<T>> {
  const step = stepFrom(lifecycle.table, state, 'due')
  if (!step?.move) return impossible(lifecycle, state, 'due')
  const { dueAt } = situation
  if (dueAt === undefined || now < dueAt) {
    return refuse('invalid_input', { argument: 'now', problem: `must be ${dueAt ?? 'a time that was given'} or later` })
  }
  return moved(lifecycle, { move: step.move, to: step.to }, { ...situation, action: step.move.action })
}

/**
 * Gives where the resource is once nothing comes of the action that waits: where it was all the time.
 *
 * @example
 * ```ts
 * const state = stateAfter(lifecycle, { live: 'inactive', waiting: 'activate' }, 'rejected')
 * ```
 */
export function stateAfter<T>(lifecycle: Lifecycle<T>, state: LifecycleState, ending: Ending): LifecycleState {
  return stepFrom(lifecycle.table, state, ending)?.to ?? { live: state.live }
}

function moved<T>(
  lifecycle: Lifecycle<T>,
  { move, to }: { readonly move: ResolvedMove<T>; readonly to: LifecycleState },
  { document, details = {}, references = [], at, dueAt }: WantedMove<T>,
): Result<PerformedMove<T>> {
  const unknown = Object.keys(details).find((name) => !move.takes?.includes(name))
  if (unknown !== undefined) {
    const known = move.takes?.join(', ') ?? 'none'
    return refuse('invalid_input', {
      argument: `details.${unknown}`,
      problem: `is not known to ${move.action}; known: ${known}`,
    })
  }
  if (move.timed ? !Number.isSafeInteger(at) : at !== undefined) {
    const problem = move.timed ? 'must be a time, in milliseconds since 1970' : `${move.action} takes none`
    return refuse('invalid_input', { argument: 'at', problem })
  }
  const place = { lifecycle: lifecycle.name, state: move.from }
  const situation = { document, details, references }
  const refusal = judgeMove(move, situation, place)
  if (refusal) return { ok: false, refusal }
  const next = carriedOut(move, situation, place)
  if (!next.ok) return next
  const due = move.timed ? at : move.to === move.from ? dueAt : undefined
  return success({ move, state: to, document: next.value, ...defined({ dueAt: due }) })
}
