import type { ChangeInput } from '../../core/change/change-input.ts'
import { defined } from '../../core/defined.ts'
import type { Details } from '../../core/lifecycle/move.ts'

/** An action of the life cycle that somebody asks for: `{ action: 'finish', details: { winner: 'b' } }`. */
export interface ActionInput<T> {
  readonly action: string
  /**
   * What is said with it, as far as its row in the life cycle takes that.
   *
   * @defaultValue none
   */
  readonly details?: Details | undefined
  /**
   * When the clock is to end the state that it enters, in milliseconds since 1970. Required if the clock ends that
   * state, and refused otherwise.
   *
   * @defaultValue none
   */
  readonly at?: number | undefined
  /**
   * The change that it carries, if its row carries some.
   *
   * @defaultValue none
   */
  readonly change?: ChangeInput<T> | undefined
}

/**
 * A new resource that begins in another live state than the first one of its life cycle:
 * `{ value: flag, state: 'active' }`. It takes what the actions take that lead there: their permissions, and the
 * approvals of their policies.
 */
export interface BeginInput<T> {
  readonly value: T
  /** The live state. The shortest way to it counts. */
  readonly state: string
  /**
   * When the clock is to end that state, in milliseconds since 1970. Required if the clock ends it, and refused
   * otherwise.
   *
   * @defaultValue none
   */
  readonly at?: number | undefined
  /**
   * Whether it was in that state before it came here, so that no action leads there. Only who may change the approval
   * settings says so, the history keeps it, and the policies about `create` are asked alone.
   *
   * @defaultValue none: the actions that lead there count
   */
  readonly imported?: true | undefined
}

/** The document of an earlier revision, to be live again: `{ revertTo: 3 }`. */
export interface RevertInput {
  /** The number of the revision. */
  readonly revertTo: number
}

/**
 * Another project for a resource, whose document and state stay: `{ toProject: 'shop' }`. Both projects are asked: the
 * one about any change, since it could be changed elsewhere and come back, the other one about a creation in this
 * state.
 */
export interface ProjectInput {
  /** The project that it goes to; empty for none. */
  readonly toProject: string
}

/**
 * What somebody wants of a resource: a change of its document, an action of its life cycle, an earlier revision, or
 * another project. A change without an action is carried by the action that its state has for changes.
 */
export type WantedChange<T> = ChangeInput<T> | ActionInput<T> | BeginInput<T> | RevertInput | ProjectInput

/** What is wanted once it is known what the earlier revision was. */
export type ResolvedChange<T> = Exclude<WantedChange<T>, RevertInput>

/** A change of the document or the state. */
export type ChangeOnPlace<T> = Exclude<ResolvedChange<T>, ProjectInput>

/** What is wanted, in parts that are there or are not. */
export interface WantedParts<T> {
  readonly action?: string
  readonly details?: Details
  readonly at?: number
  readonly change?: ChangeInput<T>
  /** The live state in which a new resource begins. */
  readonly state?: string
  readonly imported?: true
}

/** Gives what is wanted in its parts. */
export function wantedParts<T>(wanted: ChangeOnPlace<T>): WantedParts<T> {
  if (isBegin(wanted)) {
    const { value, state, at, imported } = wanted
    return { change: { value }, state, ...defined({ at, imported }) }
  }
  if (!isAction(wanted)) return { change: wanted }
  const { action, details, at, change } = wanted
  return {
    action,
    ...defined({ details, at, change }),
  }
}

/** Tells whether an action is asked for by name. */
export function isAction<T>(wanted: WantedChange<T>): wanted is ActionInput<T> {
  return typeof wanted === 'object' && wanted !== null && Object.hasOwn(wanted, 'action')
}

/** Tells whether it is said in which state a new resource begins. */
export function isBegin<T>(wanted: WantedChange<T>): wanted is BeginInput<T> {
  return typeof wanted === 'object' && wanted !== null && Object.hasOwn(wanted, 'state')
}

/** Tells whether an earlier revision is asked for. */
export function isRevert<T>(wanted: WantedChange<T>): wanted is RevertInput {
  return typeof wanted === 'object' && wanted !== null && Object.hasOwn(wanted, 'revertTo')
}

/** Tells whether another project is asked for. */
export function isProjectChange<T>(wanted: WantedChange<T>): wanted is ProjectInput {
  return typeof wanted === 'object' && wanted !== null && Object.hasOwn(wanted, 'toProject')
}
