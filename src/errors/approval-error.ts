import type { ErrorCode, ErrorDetails } from './error-details.ts'
import { type Refusal, refuse } from './result.ts'

const MARK = Symbol.for('countersign.ApprovalError')

/**
 * The one error that this library throws when it refuses. Narrow on `code`; `details` follows it.
 *
 * Programmer mistakes (an option of the wrong type) are `TypeError` instead.
 */
export class ApprovalError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'ApprovalError'
  /** What happened; stable across versions. */
  readonly code: C
  /** The facts of the refusal; their shape depends on the code. */
  readonly details: ErrorDetails[C]

  constructor(refusal: Refusal<C>, options?: ErrorOptions) {
    super(refusal.message, options)
    this.code = refusal.code
    this.details = refusal.details
    Object.defineProperty(this, MARK, { value: true })
  }
}

/** Throws the `ApprovalError` of a code and its details. */
export function fail<C extends ErrorCode>(code: C, details: ErrorDetails[C], options?: ErrorOptions): never {
  throw new ApprovalError(refuse(code, details).refusal as Refusal<C>, options)
}

/** An {@link ApprovalError} whose `details` narrow with its `code`. */
export type AnyApprovalError = { [C in ErrorCode]: ApprovalError<C> }[ErrorCode]

/**
 * Tells whether something thrown is an `ApprovalError`, also one of another installed copy of this library.
 *
 * @example
 * ```ts
 * try {
 *   await ann.requests.cancel(request.id)
 * } catch (error) {
 *   if (isApprovalError(error)) console.log(error.code, error.details)
 * }
 * ```
 */
export function isApprovalError(thrown: unknown): thrown is AnyApprovalError {
  try {
    return typeof thrown === 'object' && thrown !== null && MARK in thrown
  } catch {
    return false
  }
}

/**
 * Tells whether something thrown is an `ApprovalError` of this code. Narrows its `details`.
 *
 * @example
 * ```ts
 * const error: unknown = await ann.requests.cancel(request.id).catch((thrown: unknown) => thrown)
 * if (hasCode(error, 'not_open')) console.log(error.details.status)
 * ```
 */
export function hasCode<C extends ErrorCode>(thrown: unknown, code: C): thrown is ApprovalError<C> {
  return isApprovalError(thrown) && thrown.code === code
}
